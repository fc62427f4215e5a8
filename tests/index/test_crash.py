"""Killed at any moment, a library loses nothing stored, and adding again makes it whole."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from rag import Library, Settings
from rag.errors import StorageError
from rag.index.paper_index import PaperIndex
from rag.library.doctor import diagnose
from rag.models.encoder import SentenceEncoder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conftest import Texts

RAG = Path(sys.executable).with_name("rag")
# Adds a file in batches of four and kills itself when a method is called the n-th time.
DYING = """
import importlib, os, signal, sys
module, owner, name, when, count, storage, file = sys.argv[1:]
import rag.index.sync
rag.index.sync._BATCH = 4
target = getattr(importlib.import_module(module), owner)
method, calls = getattr(target, name), [0]

def dying(*args, **options):
    calls[0] += 1
    last = calls[0] == int(count)
    if last and when == "before":
        os.kill(os.getpid(), signal.SIGKILL)
    result = method(*args, **options)
    if last:
        os.kill(os.getpid(), signal.SIGKILL)
    return result

setattr(target, name, dying)
from rag import Library
Library(storage).add(file)
"""
STORE = ("rag.index.chroma_store", "ChromaChunkStore")


@pytest.fixture
def environment(tiny_settings: Settings) -> dict[str, str]:
    """The environment of a process that uses the library of `tiny_settings`."""
    return {
        **os.environ,
        "RAG_STORAGE": str(tiny_settings.storage),
        "RAG_CACHE": str(tiny_settings.cache),
        "RAG_EMBEDDER": tiny_settings.embedder,
    }


def die(environment: dict[str, str], storage: Path, file: Path, *where: str) -> None:
    run = subprocess.run(
        [sys.executable, "-c", DYING, *where, str(storage), str(file)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert run.returncode == -signal.SIGKILL, run.stderr


def check_whole(library: Library) -> None:
    checks = {check.name: check for check in diagnose(library.settings)}
    assert checks["library"].ok, checks["library"]


def write(file: Path, *records: dict[str, Any]) -> Path:
    file.write_text("".join(json.dumps(record) + "\n" for record in records))
    return file


@pytest.mark.slow
@pytest.mark.parametrize(
    ("first", "where", "safe"),
    [
        ([], (*STORE, "add", "before", "2"), 4),
        (["page.txt"], (*STORE, "add", "after", "1"), 10),
        ([], ("rag.index.keyword", "KeywordIndex", "commit", "before", "1"), 12),
    ],
)
def test_killed_while_adding(
    tiny_settings: Settings,
    environment: dict[str, str],
    data: Path,
    records: list[dict[str, Any]],
    embedded: Texts,
    first: list[str],
    where: tuple[str, ...],
    safe: int,
) -> None:
    with Library(settings=tiny_settings) as library:
        library.add(*(data / name for name in first))
    embedded.forget()
    die(environment, tiny_settings.storage, data / "papers.jsonl", *where)
    with Library(settings=tiny_settings) as library:
        assert len(library) == safe
        assert embedded.seen == []  # what was stored is found without embedding it again
        report = library.add(data / "papers.jsonl")
        assert (report.added, report.unchanged + report.updated) == (12 - safe, safe)
        assert report.rejected == []
        titles = {paper.title for paper in library.papers()}
        assert titles == {record["title"] for record in records}
        check_whole(library)
        found = library.search("Crust Colour as a Sensor", 3)
        assert found[0].paper.id == "doi:10.5555/oven.2020.7"


@pytest.mark.slow
def test_killed_while_an_abstract_is_replaced_by_a_shorter_one(
    tiny_settings: Settings, environment: dict[str, str], tmp_path: Path
) -> None:
    long = {"id": "x:1", "title": "Zebras", "abstract": "Zebras are striped all over. " * 40}
    short = {**long, "abstract": "Zebras are striped."}
    file = write(tmp_path / "a.jsonl", long)
    with Library(settings=tiny_settings) as library:
        library.add(file)
        assert library.status()["chunks"] > 2
    write(file, short)
    die(environment, tiny_settings.storage, file, *STORE, "add", "after", "1")
    with Library(settings=tiny_settings) as library:
        library.add(file)
        assert library.paper("x:1").abstract == short["abstract"]
        for hit in library.search("striped zebras", 5):
            assert hit.passage.text == hit.paper.abstract[hit.passage.start : hit.passage.end]
        check_whole(library)


@pytest.mark.slow
def test_a_running_library_sees_what_another_process_adds_and_removes(
    tiny_settings: Settings, environment: dict[str, str], data: Path
) -> None:
    with Library(settings=tiny_settings) as library:
        library.add(data / "page.txt")
        assert not any("Rubidium" in hit.paper.title for hit in library.search("rubidium", 20))
        subprocess.run([RAG, "add", data / "papers.jsonl"], env=environment, check=True)
        assert len(library) == 12
        found = library.search("rubidium oscillators", 12)
        assert len(found) == 12
        assert any("Rubidium" in hit.paper.title for hit in found)
        subprocess.run([RAG, "remove", "-y", "pmid:9990004"], env=environment, check=True)
        assert len(library.search("rubidium oscillators", 12)) == 11
        assert len(library) == 11


@pytest.mark.slow
def test_two_processes_that_add_at_once(
    tiny_settings: Settings, environment: dict[str, str], data: Path, tmp_path: Path
) -> None:
    records = [
        {"id": f"x:{number}", "title": f"Number {number} of Many", "abstract": "A text. " * 9}
        for number in range(60)
    ]
    files = [data / "papers.jsonl", write(tmp_path / "more.jsonl", *records)]
    runs = [subprocess.Popen([RAG, "add", "--json", file], env=environment) for file in files]
    assert [run.wait(timeout=120) for run in runs] == [0, 0]
    with Library(settings=tiny_settings) as library:
        assert len(library) == 72
        check_whole(library)


def test_two_that_make_a_library_at_once(tiny_settings: Settings, tmp_path: Path) -> None:
    folders, barrier = [tmp_path / str(number) for number in range(80)], threading.Barrier(2)

    def make_all() -> list[int]:
        sizes = []
        for folder in folders:
            settings = tiny_settings.model_copy(update={"storage": folder})
            barrier.wait(timeout=10)
            with closing(PaperIndex(settings, create=True)) as index:
                sizes.append(len(index.keyword) + len(index.catalog))
        return sizes

    with ThreadPoolExecutor(2) as pool:
        runs = [pool.submit(make_all), pool.submit(make_all)]
        assert [run.result() for run in runs] == [[0] * len(folders)] * 2


def stop_at(monkeypatch: pytest.MonkeyPatch, call: int, error: type[BaseException]) -> None:
    encode, calls = SentenceEncoder.encode_tokens, [0]

    def failing(self: SentenceEncoder, texts: Sequence[str]) -> Any:
        calls[0] += 1
        if calls[0] == call:
            raise error
        return encode(self, texts)

    monkeypatch.setattr("rag.index.sync._BATCH", 4)
    monkeypatch.setattr(SentenceEncoder, "encode_tokens", failing)


@pytest.mark.parametrize("error", [KeyboardInterrupt, MemoryError, OSError])
def test_stopped_while_adding(
    tiny_library: Library, data: Path, monkeypatch: pytest.MonkeyPatch, error: type[BaseException]
) -> None:
    stop_at(monkeypatch, 2, error)
    with pytest.raises(error):
        tiny_library.add(data / "papers.jsonl")
    assert len(tiny_library) == 4
    report = tiny_library.add(data / "papers.jsonl")
    assert (report.added, report.unchanged) == (8, 4)
    check_whole(tiny_library)


def test_stopped_while_adding_and_opened_again(
    tiny_settings: Settings, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop_at(monkeypatch, 3, KeyboardInterrupt)
    with Library(settings=tiny_settings) as library, pytest.raises(KeyboardInterrupt):
        library.add(data / "papers.jsonl")
    with Library(settings=tiny_settings) as library:
        assert len(library) == 8
        assert library.add(data / "papers.jsonl").unchanged == 8
        check_whole(library)


@pytest.mark.parametrize("lost", ["cache", "cache/catalog.sqlite", "cache/keyword"])
def test_caches_are_rebuilt_from_chroma_without_embedding(
    tiny_settings: Settings, data: Path, embedded: Texts, lost: str
) -> None:
    with Library(settings=tiny_settings) as library:
        library.add(data / "papers.jsonl", data / "page.txt")
        before = list(library.papers())
        facts = library.status()
        found = [(hit.paper, hit.passage) for hit in library.search("bees", 12)]
    embedded.forget()
    for path in tiny_settings.storage.glob(f"{lost}*"):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    with Library(settings=tiny_settings) as library:
        assert list(library.papers()) == before
        assert library.status() == facts
        assert embedded.seen == []
        check_whole(library)
        assert [(hit.paper, hit.passage) for hit in library.search("bees", 12)] == found
        assert library.add(data / "papers.jsonl").unchanged == 12


def test_a_library_that_is_being_written_is_not_written_twice(
    tiny_settings: Settings, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rag.index.paper_index._LOCK_SECONDS", 0.1)
    with Library(settings=tiny_settings) as first, Library(settings=tiny_settings) as second:
        first.add(data / "page.txt")
        with first._parts.index().writing():
            with pytest.raises(StorageError, match="Another process"):
                second.add(data / "papers.jsonl")
            assert len(second.search("whales", 3)) == 3  # reading goes on
        assert second.add(data / "papers.jsonl").added == 6


def test_reading_goes_on_while_another_thread_adds(
    tiny_settings: Settings, data: Path, tmp_path: Path
) -> None:
    records = [
        {"id": f"x:{number}", "title": f"Number {number} of Many", "abstract": "A text. " * 9}
        for number in range(600)
    ]
    file = write(tmp_path / "many.jsonl", *records)
    with Library(settings=tiny_settings) as library:
        library.add(data / "papers.jsonl")
        writer = threading.Thread(target=library.add, args=(file,))
        writer.start()
        searches = 0
        while writer.is_alive() or not searches:
            assert len(library.search("the number of bees", 5)) == 5
            searches += 1
        writer.join()
        assert len(library) == 612
        check_whole(library)
