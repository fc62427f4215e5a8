"""Where Chroma has lost what it held, everything says so, and a rebuild brings it back."""

from __future__ import annotations

import shutil
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from rag import Library
from rag.errors import StorageError
from rag.library.doctor import diagnose

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from rag import Settings


def lose_folder(settings: Settings) -> None:
    shutil.rmtree(settings.storage / "chroma")


def with_chroma(settings: Settings, change: Callable[[object], object]) -> None:
    import chromadb
    from chromadb.config import Settings as ChromaSettings

    client = chromadb.PersistentClient(
        str((settings.storage / "chroma").resolve()),
        settings=ChromaSettings(anonymized_telemetry=False),
    )
    try:
        change(client)
    finally:
        client.close()


def lose_collection(settings: Settings) -> None:
    with_chroma(settings, lambda client: client.delete_collection("papers"))


def lose_rows(settings: Settings) -> None:
    def empty(client: object) -> None:
        collection = client.get_collection("papers", embedding_function=None)
        collection.delete(ids=collection.get(include=[])["ids"])

    with_chroma(settings, empty)


def lose_one_paper(settings: Settings) -> None:
    def remove(client: object) -> None:
        collection = client.get_collection("papers", embedding_function=None)
        collection.delete(where={"paper_id": "pmid:9990004"})

    with_chroma(settings, remove)


def start_anew(settings: Settings) -> None:
    """An older copy, or another library, in the place of the one that the caches know."""

    def replace(client: object) -> None:
        client.delete_collection("papers")
        client.create_collection("papers", embedding_function=None)

    with_chroma(settings, replace)


LOSSES = [lose_folder, lose_collection, lose_rows, lose_one_paper, start_anew]


@pytest.mark.parametrize("lose", LOSSES)
def test_a_loss_is_told_and_mended_by_a_rebuild(
    tiny_settings: Settings, data: Path, lose: Callable[[Settings], None]
) -> None:
    with Library(settings=tiny_settings) as library:
        library.add(data / "papers.jsonl")
        before = list(library.papers())
        found = [(hit.paper.id, hit.score) for hit in library.search("rubidium oscillators", 12)]
    lose(tiny_settings)
    with Library(settings=tiny_settings) as library:
        assert len(library) == 12
        status = library.status()
        assert status["papers"] == 12
        assert "rag rebuild" in status["damage"]
        for attempt in (
            lambda: library.ask("How do bees find their way?"),
            lambda: library.search("bees"),
            lambda: library.add(data / "page.txt"),
            lambda: library.remove(before[0].id),
        ):
            with pytest.raises(StorageError) as caught:
                attempt()
            assert "rag rebuild" in caught.value.hint
        checks = {check.name: check for check in diagnose(tiny_settings)}
        assert not checks["library"].ok
        assert "rag rebuild" in checks["library"].hint
    with Library(settings=tiny_settings) as library:
        assert list(library.papers()) == before
        assert library.rebuild() == 12
        assert list(library.papers()) == before
        assert "damage" not in library.status()
        again = [(hit.paper.id, hit.score) for hit in library.search("rubidium oscillators", 12)]
        assert again == found
        assert library.add(data / "papers.jsonl").unchanged == 12
    assert all(check.ok for check in diagnose(tiny_settings) if check.name == "library")


def test_an_older_copy_of_chroma_takes_nothing_from_the_catalogue(
    tiny_settings: Settings, data: Path, tmp_path: Path
) -> None:
    with Library(settings=tiny_settings) as library:
        library.add(data / "papers.jsonl")
        library.remove("pmid:9990004")
    shutil.copytree(tiny_settings.storage / "chroma", tmp_path / "older")
    with Library(settings=tiny_settings) as library:
        changed = [replace(paper, venue="A New Venue") for paper in library.papers()]
        library.add_papers(changed)
        expected = list(library.papers())
        assert {paper.venue for paper in expected} == {"A New Venue"}
    lose_folder(tiny_settings)
    shutil.copytree(tmp_path / "older", tiny_settings.storage / "chroma")
    with Library(settings=tiny_settings) as library:
        assert "older state" in library.status()["damage"]
        assert list(library.papers()) == expected
        library.rebuild()
        assert list(library.papers()) == expected
        assert "damage" not in library.status()
    with Library(settings=tiny_settings) as library:
        assert len(library.search("bees", 12)) == 11


def test_a_reader_between_two_steps_of_a_rebuild_makes_no_collection(
    tiny_settings: Settings, data: Path
) -> None:
    with Library(settings=tiny_settings) as library:
        library.add(data / "papers.jsonl")

    def begin_to_replace(client: object) -> None:
        client.get_collection("papers", embedding_function=None).modify(name="papers-rebuild")

    def look(client: object) -> None:
        names.extend(collection.name for collection in client.list_collections())

    names: list[str] = []
    with_chroma(tiny_settings, begin_to_replace)
    with Library(settings=tiny_settings) as library:
        assert len(library.search("bees", 12)) == 12
        with_chroma(tiny_settings, look)
        assert names == ["papers-rebuild"]
        assert library.add(data / "papers.jsonl").unchanged == 12
        assert library.rebuild() == 12
        assert len(library.search("bees", 12)) == 12
