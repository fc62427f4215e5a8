"""What the tests of faults share: processes that die, and a real Chroma server."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rag import Settings

# Runs code over a library and kills itself at the n-th call of a method, having written down how
# many texts had been encoded.
DYING = """
import importlib, os, signal, sys
module, owner, name, count, told, code = sys.argv[1:]
from rag.models.encoder import SentenceEncoder
target = getattr(importlib.import_module(module), owner)
method, calls, texts = getattr(target, name), [0], [0]
encode = SentenceEncoder.encode_tokens

def counting(self, given):
    texts[0] += len(given)
    return encode(self, given)

def dying(*args, **options):
    calls[0] += 1
    if calls[0] == int(count):
        with open(told, "w") as file:
            file.write(str(texts[0]))
        os.kill(os.getpid(), signal.SIGKILL)
    return method(*args, **options)

SentenceEncoder.encode_tokens = counting
setattr(target, name, dying)
exec(code)
"""


def many(count: int, *, first: int = 0) -> list[dict[str, Any]]:
    """Papers of two or three chunks each, on subjects that differ."""
    subjects = "kites bridges orchids glaciers violins ferries beetles murals tides clocks".split()
    return [
        {
            "id": f"x:{number}",
            "title": f"Number {number} about {subjects[number % 10]}",
            "abstract": " ".join(
                f"Sentence {one} of paper {number} compares {subjects[(number + one) % 10]} "
                f"with {subjects[(number * one) % 10]} over {number + one} years."
                for one in range(1, 5 + number % 4)
            ),
        }
        for number in range(first, first + count)
    ]


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, list[dict[str, Any]]], Path]:
    """Return a function that writes records as JSON lines."""

    def make(name: str, records: list[dict[str, Any]]) -> Path:
        file = tmp_path / name
        file.write_text("".join(json.dumps(record) + "\n" for record in records))
        return file

    return make


@pytest.fixture
def environment(tiny_settings: Settings) -> dict[str, str]:
    """The environment of a process that uses the library of `tiny_settings`."""
    return {
        **os.environ,
        "RAG_STORAGE": str(tiny_settings.storage),
        "RAG_CACHE": str(tiny_settings.cache),
        "RAG_EMBEDDER": tiny_settings.embedder,
    }


@pytest.fixture
def die(environment: dict[str, str], tmp_path: Path) -> Callable[..., int]:
    """Return a function that runs code until it kills itself, and says how many texts it encoded.

    It does so at the `count`-th call of the method `where`: module, class, name. Where it needn't
    come to that (`must`), it may end by itself.
    """

    def run(code: str, where: tuple[str, str, str], count: int, *, must: bool = True) -> int:
        told = tmp_path / "told"
        told.write_text("0")
        ended = subprocess.run(
            [sys.executable, "-c", DYING, *where, str(count), str(told), code],
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        allowed = [-signal.SIGKILL] if must else [-signal.SIGKILL, 0]
        assert ended.returncode in allowed, ended.stderr
        return int(told.read_text())

    return run


@pytest.fixture
def rag(environment: dict[str, str]) -> Callable[..., str]:
    """Return a function that runs a command in a process of its own."""

    def run(*args: str | Path) -> str:
        ended = subprocess.run(
            [Path(sys.executable).with_name("rag"), *args],
            env=environment,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert ended.returncode == 0, ended.stderr
        return ended.stdout

    return run


@pytest.fixture(scope="session")
def chroma_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a Chroma server of its own process."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    folder = tmp_path_factory.mktemp("server")
    with (folder / "log").open("w") as log:
        server = subprocess.Popen(
            [
                Path(sys.executable).with_name("chroma"),
                *("run", "--path", str(folder / "data")),
                *("--host", "127.0.0.1", "--port", str(port)),
            ],
            stdout=log,
            stderr=log,
        )
    try:
        _wait_for(server, port)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.kill()
        server.wait()


def _wait_for(server: subprocess.Popen[bytes], port: int) -> None:
    import time

    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and server.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError("the Chroma server did not start")
