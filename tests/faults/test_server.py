"""Several clients of one Chroma server: nothing is lost, and each sees what the others do."""

from __future__ import annotations

import shutil
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from faults.conftest import many

from rag import Library, Settings
from rag.index import server_lock
from rag.index.connection import Connection
from rag.index.server_lock import ServerLock
from rag.library.doctor import diagnose

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


pytestmark = pytest.mark.slow


@pytest.fixture
def clients(tiny_settings: Settings, chroma_url: str, tmp_path: Path) -> list[Settings]:
    """The settings of two clients, each with caches of its own."""
    shared = {"chroma_url": chroma_url, "collection": f"papers-{uuid.uuid4().hex[:8]}"}
    return [
        tiny_settings.model_copy(update={**shared, "storage": tmp_path / name}) for name in "ab"
    ]


def check_whole(settings: Settings) -> None:
    (check,) = (one for one in diagnose(settings) if one.name == "library")
    assert check.ok, check


def test_two_clients_that_add_at_once_both_end_with_everything(
    clients: list[Settings], write: Callable[..., Path]
) -> None:
    files = [write("a.jsonl", many(80)), write("b.jsonl", many(80, first=80))]

    def add(number: int) -> int:
        with Library(settings=clients[number]) as library:
            return library.add(files[number]).added

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(add, range(2))) == [80, 80]
    for settings in clients:
        with Library(settings=settings) as library:
            assert len(library) == 160
            assert len(library.search("kites and tides", 160)) == 160
        check_whole(settings)


def test_opening_with_old_caches_while_another_removes_loses_nothing(
    clients: list[Settings], write: Callable[..., Path]
) -> None:
    first, second = clients
    with Library(settings=first) as library:
        library.add(write("a.jsonl", many(120)))
    stop = threading.Event()
    opened = []

    def open_again_and_again() -> None:
        while not stop.is_set():
            shutil.rmtree(second.storage, ignore_errors=True)
            second.storage.mkdir()
            with Library(settings=second) as library:
                opened.append(len(library))

    reader = threading.Thread(target=open_again_and_again)
    reader.start()
    try:
        with Library(settings=first) as library:
            for number in range(30):
                library.remove(f"x:{number}")
    finally:
        stop.set()
        reader.join()
    assert opened
    for settings in (first, second):
        with Library(settings=settings) as library:
            ids = {paper.id for paper in library.papers()}
            assert ids == {f"x:{number}" for number in range(30, 120)}
        check_whole(settings)


def test_a_change_a_removal_and_a_rebuild_are_seen_by_the_other_client(
    clients: list[Settings], write: Callable[..., Path]
) -> None:
    with Library(settings=clients[0]) as one, Library(settings=clients[1]) as other:
        one.add(write("a.jsonl", many(20)))
        assert len(other.search("kites", 40)) == 20
        other.add(write("b.jsonl", many(20, first=20)))
        assert len(one.search("kites", 40)) == 40
        changed = [{**many(1)[0], "venue": "Elsewhere"}]
        one.add(write("c.jsonl", changed))
        assert other.paper("x:0").venue == "Elsewhere"
        other.remove("x:5", "x:6")
        assert len(one.search("kites", 40)) == 38
        one.rebuild()
        assert len(other.search("kites", 40)) == 38
        other.add(write("d.jsonl", many(2, first=40)))
        assert len(one.search("kites", 50)) == 40


def test_what_a_client_adds_during_a_rebuild_is_not_lost(
    clients: list[Settings], write: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    from rag.index.paper_index import PaperIndex

    with Library(settings=clients[0]) as one, Library(settings=clients[1]) as other:
        one.add(write("a.jsonl", many(20)))
        begin = PaperIndex.begin_rebuild

        def begin_while_the_other_changes(index: PaperIndex, manifest: object) -> object:
            fresh = begin(index, manifest)
            other.add(write("b.jsonl", many(5, first=20)))
            other.remove("x:0")
            return fresh

        monkeypatch.setattr(PaperIndex, "begin_rebuild", begin_while_the_other_changes)
        assert one.rebuild() == 24
        expected = {f"x:{number}" for number in range(1, 25)}
        for library in (one, other):
            assert {paper.id for paper in library.papers()} == expected
            assert len(library.search("kites", 40)) == 24


def test_the_lock_of_a_client_that_died_is_taken_away(
    chroma_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_lock, "_DEAD_SECONDS", 0.3)
    connection, other = (Connection(tmp_path, Settings(chroma_url=chroma_url)) for _ in range(2))
    name = f"papers-{uuid.uuid4().hex[:8]}"
    ServerLock(connection, name)._acquire()  # and never lets go
    with ServerLock(other, name).hold():
        monkeypatch.setattr(server_lock, "_DEAD_SECONDS", 60)
        monkeypatch.setattr(server_lock, "_PATIENCE_SECONDS", 0.5)
        with pytest.raises(Exception, match="Other clients"):
            ServerLock(connection, name)._acquire()
    with ServerLock(connection, name).hold():
        pass
    with connection.use() as client:
        assert [one.name for one in client.list_collections() if name in one.name] == []
    connection.close()
    other.close()
