"""A library that is open goes on answering, whatever other processes do to it meanwhile."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from faults.conftest import many

from rag import Library
from rag.search.query import Filters

if TYPE_CHECKING:
    from collections.abc import Callable

    from rag import Settings

ADD = "from rag import Library; Library().add({!r})"
QUESTION = "Which paper compares kites with glaciers?"


@pytest.mark.slow
def test_a_rebuild_and_what_comes_after_it_are_noticed(
    tiny_settings: Settings, write: Callable[..., Path], rag: Callable[..., str], data: Path
) -> None:
    with Library(settings=tiny_settings) as library:
        library.add(write("many.jsonl", many(20)))
        assert len(library.search(QUESTION, 20)) == 20
        rag("rebuild")
        assert len(library.search(QUESTION, 20)) == 20
        rag("add", data / "page.txt")
        assert len(library.search(QUESTION, 30)) == 26
        rag("remove", "-y", "x:3")
        assert len(library.search(QUESTION, 30)) == 25


@pytest.mark.slow
def test_no_question_fails_while_another_process_changes_the_library(
    tiny_settings: Settings, write: Callable[..., Path], rag: Callable[..., str]
) -> None:
    more = write("more.jsonl", many(150, first=20))
    with Library(settings=tiny_settings) as library:
        library.add(write("many.jsonl", many(20)))

        def change() -> None:
            rag("add", more)
            rag("rebuild")
            rag("remove", "-y", *(f"x:{number}" for number in range(20, 60)))
            rag("rebuild")

        writer = threading.Thread(target=change)
        writer.start()
        asked = 0
        while writer.is_alive() or not asked:
            assert len(library.search(QUESTION, 10)) == 10
            assert library.search(QUESTION, 5, filters=Filters(source="more")) is not None
            asked += 1
        writer.join()
        assert len(library.search(QUESTION, 200)) == 130


@pytest.mark.slow
def test_a_reader_sees_what_was_repaired_after_a_kill(
    tiny_settings: Settings,
    write: Callable[..., Path],
    die: Callable[..., int],
    rag: Callable[..., str],
) -> None:
    with Library(settings=tiny_settings) as library:
        library.add(write("many.jsonl", many(20)))
        assert len(library.search(QUESTION, 20)) == 20
        more = write("more.jsonl", many(150, first=20))
        die(ADD.format(str(more)), ("rag.index.chroma_store", "ChromaChunkStore", "add"), 3)
        assert len(library.search(QUESTION, 20)) == 20
        papers = json.loads(rag("status", "--json"))["papers"]  # which repairs it
        assert 20 < papers < 170
        assert len(library.search(QUESTION, 170)) == len(library) == papers


@pytest.mark.slow
@pytest.mark.skipif(
    os.geteuid() == 0 and shutil.which("setpriv") is None, reason="root writes wherever it wants"
)
def test_storage_that_can_not_be_written_is_asked_all_the_same(
    tiny_settings: Settings, environment: dict[str, str], data: Path
) -> None:
    with Library(settings=tiny_settings) as library:
        library.add(data / "papers.jsonl")
    folder = tiny_settings.storage
    paths = [folder, *folder.rglob("*")]
    before = {path: path.read_bytes() for path in paths if path.is_file()}
    for path in paths:
        path.chmod(0o555 if path.is_dir() else 0o444)
    # Root may write whatever the permissions say, until it gives that up.
    drop = "setpriv --bounding-set=-dac_override --inh-caps=-dac_override".split()
    drop = drop if os.geteuid() == 0 else []

    def run(*args: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*drop, Path(sys.executable).with_name("rag"), *args],
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    try:
        status = run("status", "--json")
        assert json.loads(status.stdout)["papers"] == 12, status.stderr
        search = run("search", "--json", "rubidium oscillators")
        assert "Rubidium" in search.stdout, search.stderr
        ask = run("ask", "--json", "How do bees find their way?")
        assert json.loads(ask.stdout)["question"], ask.stderr
        for change in (["add", str(data / "page.txt")], ["remove", "-y", "pmid:9990004"]):
            refused = run(*change)
            assert refused.returncode != 0
            assert "can't be" in refused.stderr
            assert "Traceback" not in refused.stderr
    finally:
        for path in paths:
            path.chmod(0o755 if path.is_dir() else 0o644)
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before
