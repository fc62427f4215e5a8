"""A Chroma server behind a path and a login, one that never answers, and what is told of either."""

from __future__ import annotations

import json
import socket
import time
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, ClassVar

import pytest
from servers.loopback import LoopbackServer

from rag import Library
from rag.errors import StorageError
from rag.index.chroma_server import shown_address
from rag.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.slow

PAPER = {"id": "a:1", "title": "Cellar Tea", "abstract": "Cold tea brews for eleven hours."}
SECRET = "s3cret/of:ada"
BASIC = "Basic YWRhOnMzY3JldC9vZjphZGE="


class Gate(BaseHTTPRequestHandler):
    """Hands on what comes under a path with the right header."""

    target: ClassVar[str] = ""
    wanted: ClassVar[tuple[str, str]] = ("", "")
    seen: ClassVar[list[str]] = []

    def _hand_on(self) -> None:
        type(self).seen.append(self.path)
        name, value = self.wanted
        size = int(self.headers.get("content-length") or 0)
        body = self.rfile.read(size) if size else None
        if not self.path.startswith("/chroma/api/"):
            self._reply(404, b"{}")
        elif self.headers.get(name) != value:
            self._reply(401, b'{"error": "AuthError", "message": "Unauthorized"}')
        else:
            request = urllib.request.Request(
                self.target + self.path.removeprefix("/chroma"), body, method=self.command
            )
            request.add_header("content-type", "application/json")
            try:
                with urllib.request.urlopen(request, timeout=60) as reply:
                    self._reply(reply.status, reply.read())
            except urllib.error.HTTPError as error:
                self._reply(error.code, error.read())

    def _reply(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self) -> None:
        self._hand_on()

    def do_POST(self) -> None:
        self._hand_on()

    def do_PUT(self) -> None:
        self._hand_on()

    def do_DELETE(self) -> None:
        self._hand_on()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@pytest.fixture
def gate(chroma_url: str) -> Iterator[Callable[[str, str], str]]:
    class Own(Gate):
        target = chroma_url
        seen: ClassVar[list[str]] = []

    with LoopbackServer(Own) as server:

        def guarded(name: str, value: str) -> str:
            Own.wanted = (name, value)
            return server.url

        yield guarded


@pytest.fixture
def paper(tmp_path: Path) -> Path:
    path = tmp_path / "paper.jsonl"
    path.write_text(json.dumps(PAPER) + "\n")
    return path


def settings(tmp_path: Path, model_cache: Path, url: str, **values: object) -> Settings:
    return Settings(
        storage=tmp_path / "storage",
        cache=model_cache,
        chroma_url=url,
        collection=f"of-{tmp_path.name[-40:]}".replace("_", "-").rstrip("-"),
        **values,
    )


@pytest.mark.parametrize("way", ["password", "token", "header"])
def test_a_server_behind_a_path_and_a_login(
    tmp_path: Path,
    model_cache: Path,
    paper: Path,
    gate: Callable[[str, str], str],
    monkeypatch: pytest.MonkeyPatch,
    way: str,
) -> None:
    url, values = "", {}
    if way == "password":
        url = gate("authorization", BASIC).replace("//", "//ada:s3cret%2Fof%3Aada@")
    elif way == "token":
        monkeypatch.setenv("RAG_CHROMA_TOKEN", SECRET)
        url = gate("x-chroma-token", SECRET)
    else:
        url = gate("x-lab", "7")
        values = {"chroma_headers": "x-lab=7"}
    chosen = settings(tmp_path, model_cache, f"{url}/chroma", **values)
    with Library(settings=chosen) as library:
        assert library.add(paper).added == 1
        assert library.ask("How long does cold tea brew?").citations[0].paper.id == "a:1"
        told = str(library.status())
    assert "/chroma" in told
    assert "s3cret" not in told


def test_who_is_not_let_in_is_told_what_to_set(
    tmp_path: Path, model_cache: Path, paper: Path, gate: Callable[[str, str], str]
) -> None:
    url = gate("authorization", BASIC).replace("//", "//ada:wrong-s3cret@")
    chosen = settings(tmp_path, model_cache, f"{url}/chroma")
    with Library(settings=chosen) as library, pytest.raises(StorageError) as refused:
        library.add(paper)
    assert "RAG_CHROMA_TOKEN" in refused.value.hint
    assert "s3cret" not in f"{refused.value} {refused.value.message}"


def test_a_server_that_never_answers_is_not_waited_for_long(
    tmp_path: Path, model_cache: Path, paper: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        chosen = settings(tmp_path, model_cache, url, chroma_timeout=1)
        started = time.monotonic()
        with Library(settings=chosen) as library, pytest.raises(StorageError) as late:
            library.add(paper)
    assert time.monotonic() - started < 20
    assert "RAG_CHROMA_URL" in late.value.hint


def test_an_address_is_shown_without_its_secrets() -> None:
    assert shown_address("http://a:b@h:1/p?x=1") == "http://h:1/p?x=1"
    assert shown_address("http://h/p") == "http://h/p"
