"""How the page is started, and what programs may call."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from rag.cli.app import app

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[2]


def called(address: str, name: str, *values: Any) -> list[tuple[str, Any]]:
    """Call an endpoint and return the events of its answer."""
    body = json.dumps({"data": list(values)}).encode()
    request = urllib.request.Request(
        f"{address}gradio_api/call/{name}", body, {"content-type": "application/json"}
    )
    event = json.loads(urllib.request.urlopen(request, timeout=30).read())["event_id"]
    with urllib.request.urlopen(f"{address}gradio_api/call/{name}/{event}", timeout=60) as stream:
        lines = stream.read().decode().splitlines()
    kinds = [line.removeprefix("event: ") for line in lines if line.startswith("event: ")]
    values = [json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data:")]
    return list(zip(kinds, values, strict=True))


@pytest.mark.slow
def test_programs_can_ask_search_and_add(serve: Callable[..., str], data: Path) -> None:
    address = serve()
    ((kind, (answer,)),) = called(address, "ask", "How are river deltas predicted?", 0, 0)
    assert kind == "complete"
    assert answer["citations"][0]["quote"] in answer["citations"][0]["paper"]["abstract"]
    assert answer["summary"].endswith("supported")
    ((kind, (hits,)),) = called(address, "search", "whales", 3, 0, 0)
    assert [hit["rank"] for hit in hits] == [1, 2, 3]
    assert "Whales" in hits[0]["paper"]["title"]
    ((kind, (none,)),) = called(address, "search", "whales", 3, 9990, 0)
    assert none == []
    record = {"id": "tea", "title": "Cellar Tea", "abstract": "Cold tea brews for 11 hours."}
    ((kind, (report,)),) = called(address, "add", json.dumps(record) + "\n{broken")
    assert (report["added"], len(report["rejected"])) == (1, 1)
    assert report["rejected"][0]["source"] == "pasted text"
    ((kind, (report,)),) = called(address, "add", str(data / "papers.jsonl"))
    assert report["added"] == 0
    assert called(address, "search", "  ", 3, 0, 0)[0][0] == "error"
    for name, rest in (("ask", (0, 0)), ("search", (3, 0, 0))):
        assert called(address, name, "whales " * 600, *rest)[0][0] == "error"
    info = json.loads(urllib.request.urlopen(f"{address}gradio_api/info", timeout=30).read())
    assert set(info["named_endpoints"]) == {"/ask", "/search", "/add"}
    assert info["named_endpoints"]["/ask"]["description"]


@pytest.mark.slow
def test_the_page_keeps_to_itself(serve: Callable[..., str], storage: Path) -> None:
    address = serve()
    with urllib.request.urlopen(address, timeout=30) as page:
        policy = page.headers["content-security-policy"]
        text = page.read().decode()
    assert "default-src 'self'" in policy
    assert "connect-src 'self' data: blob:;" in policy
    assert "frame-ancestors 'none'" in policy
    assert "fonts.googleapis" not in text
    assert str(storage) not in text
    for path in (storage / "cache" / "catalog.sqlite", ROOT / "pyproject.toml", "/etc/passwd"):
        request = f"{address}gradio_api/file={path}"
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(request, timeout=30)
        assert refused.value.code in {403, 404}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--host", "0.0.0.0"], "there is no login"),
        (["--share"], "there is no login"),
        (["--auth", "ada"], "RAG_UI_PASSWORD is empty"),
        (["--auth", "ada", "--password-file", "none"], "can't be read"),
        (["--password-file", "none"], "needs a name"),
    ],
)
def test_an_unsafe_start_is_one_line_and_a_hint(arguments: list[str], words: str) -> None:
    result = CliRunner().invoke(app, ["ui", *arguments])
    assert result.exit_code == 1
    assert words in result.stderr
    assert "Hint:" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.slow
def test_a_busy_port_is_one_line_and_a_hint(storage: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAG_STORAGE", str(storage))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = CliRunner().invoke(app, ["ui", "--port", str(port)])
    assert result.exit_code == 1
    line, hint = result.stderr.strip().splitlines()
    assert line == f"Error: No server could be started at 127.0.0.1: port {port} is taken."
    assert "--port" in hint


@pytest.mark.slow
def test_app_py_serves_until_it_is_interrupted(storage: Path, model_cache: Path) -> None:
    environment = {**os.environ, "RAG_STORAGE": str(storage), "RAG_CACHE": str(model_cache)}
    # Where the tests run in the background the signal is ignored, and a child would inherit that.
    code = (
        "import runpy, signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
        "runpy.run_path('app.py', run_name='__main__')"
    )
    command = [sys.executable, "-c", code, "--read-only"]
    with subprocess.Popen(
        command, env=environment, cwd=ROOT, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        try:
            line = next(line for line in process.stderr if line.startswith("Open "))
            address = line.split()[1]
            assert address.startswith("http://127.0.0.1:")
            with urllib.request.urlopen(address, timeout=30) as page:
                assert page.status == 200
        finally:
            process.send_signal(signal.SIGINT)
            try:
                _, rest = process.communicate(timeout=60)
            finally:
                process.kill()
    assert "Traceback" not in rest


@pytest.mark.slow
def test_an_empty_library_is_served_and_says_what_to_do(
    tmp_path: Path, serve_library: Callable[..., Any]
) -> None:
    from rag import Library

    with Library(tmp_path / "empty") as library:
        address, end = serve_library(library)
        try:
            ((kind, _),) = called(address, "search", "whales", 3, 0, 0)
            with urllib.request.urlopen(address, timeout=30) as page:
                text = page.read().decode()
        finally:
            end()
    assert kind == "error"
    assert "The library is empty" in text
