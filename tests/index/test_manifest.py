"""An index is used only as it was built; embedding again is one command and never half done."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from rag import Library, Settings
from rag.errors import ManifestMismatchError
from rag.index.manifest import Manifest
from rag.models.encoder import SentenceEncoder

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Texts


def manifest(**values: object) -> Manifest:
    return Manifest(**{"embedder": "one", "dimension": 3, **values})  # type: ignore[arg-type]


def test_a_manifest_is_read_back() -> None:
    assert Manifest.from_json(manifest().to_json()) == manifest()


@pytest.mark.parametrize(
    ("values", "what"),
    [
        ({"embedder": "two"}, "embedder"),
        ({"dimension": 4}, "dimension"),
        ({"chunker": "words-9"}, "chunker"),
    ],
)
def test_another_way_of_building_is_an_error_that_says_how_to_rebuild(
    values: dict[str, object], what: str
) -> None:
    with pytest.raises(ManifestMismatchError, match=what) as caught:
        manifest().check(manifest(**values))
    assert "rag rebuild" in caught.value.hint


def test_another_format_says_which_version_reads_it() -> None:
    with pytest.raises(ManifestMismatchError, match="format") as caught:
        manifest(format=99, version="7.7").check(manifest())
    assert "7.7" in caught.value.hint


def test_the_version_of_the_program_and_the_encoder_of_tokens_are_not_compared() -> None:
    manifest(version="0.0.1", encoder="one").check(manifest(version="9.9.9", encoder="two"))


def test_a_manifest_from_before_the_encoder_was_recorded_is_read() -> None:
    old = '{"embedder": "one", "dimension": 3, "chunker": "c", "format": 1, "version": "0.1"}'
    assert Manifest.from_json(old) == manifest(chunker="c", version="0.1")


@pytest.mark.parametrize("text", ["", "{", "[]", '{"embedder": "one"}', '{"unknown": 1}'])
def test_a_manifest_that_can_not_be_read(text: str) -> None:
    with pytest.raises(ManifestMismatchError):
        Manifest.from_json(text)


@pytest.fixture
def filled(tiny_settings: Settings, data: Path) -> Settings:
    with Library(settings=tiny_settings) as library:
        library.add(data / "papers.jsonl")
    return tiny_settings


@pytest.fixture
def other(filled: Settings, make_encoder: Callable[..., Path], tmp_path: Path) -> Settings:
    folder = make_encoder(tmp_path / "other", hidden=16, positions=128)
    return filled.model_copy(update={"embedder": str(folder)})


def test_another_embedder_is_refused_everywhere_and_changes_nothing(
    filled: Settings, other: Settings, data: Path
) -> None:
    with Library(settings=other) as library:
        for use in (
            lambda: library.search("bees"),
            lambda: library.ask("What do bees do?"),
            lambda: library.add(data / "page.txt"),
            library.as_retriever,
            library.as_query_engine,
        ):
            with pytest.raises(ManifestMismatchError) as caught:
                use()
            assert "tiny-" in caught.value.message
            assert "other-" in caught.value.message
            assert "rag rebuild" in caught.value.hint
        assert len(library) == 12
    with Library(settings=filled) as library:
        assert library.add(data / "papers.jsonl").unchanged == 12


def test_rebuilding_embeds_everything_again(other: Settings, data: Path, embedded: Texts) -> None:
    with Library(settings=other) as library:
        before = list(library.papers())
        seen: list[int] = []
        assert library.rebuild(progress=seen.append) == 12
        assert seen[-1] == 12
        assert len(embedded.seen) == library.status()["chunks"] > 12
        assert list(library.papers()) == before
        assert library.status()["dimension"] == 16
        assert library.search("honeybee routing in data centres", 1)
        embedded.forget()
        assert library.add(data / "papers.jsonl").unchanged == 12
        assert embedded.seen == []
    with Library(settings=other) as reopened:
        assert list(reopened.papers()) == before
        assert len(reopened.search("whales", 12)) == 12


def test_a_rebuild_leaves_the_old_embedder_behind(filled: Settings, other: Settings) -> None:
    with Library(settings=other) as library:
        library.rebuild()
    with Library(settings=filled) as library, pytest.raises(ManifestMismatchError):
        library.search("bees")


def test_a_rebuild_that_is_cut_off_changes_nothing(
    filled: Settings, other: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rag.index.encoding._STEP", 4)
    encode = SentenceEncoder.encode_tokens
    calls: list[int] = []

    def fail(self: SentenceEncoder, texts: list[str]) -> object:
        calls.append(len(texts))
        if len(calls) == 2:
            raise KeyboardInterrupt
        return encode(self, texts)

    with Library(settings=filled) as library:
        before = [(hit.paper.id, round(hit.score, 5)) for hit in library.search("bees", 12)]
    monkeypatch.setattr(SentenceEncoder, "encode_tokens", fail)
    with Library(settings=other) as library, pytest.raises(KeyboardInterrupt):
        library.rebuild()
    monkeypatch.setattr(SentenceEncoder, "encode_tokens", encode)
    with Library(settings=filled) as library:
        after = [(hit.paper.id, round(hit.score, 5)) for hit in library.search("bees", 12)]
        assert after == before
        assert len(library) == 12
    with Library(settings=other) as library:
        assert library.rebuild() == 12


def test_an_open_library_sees_a_rebuild_by_another(filled: Settings, other: Settings) -> None:
    with Library(settings=filled) as reader:
        assert reader.search("bees", 1)
        with Library(settings=other) as writer:
            writer.rebuild()
        with pytest.raises(ManifestMismatchError):
            reader.search("bees", 1)


def test_the_precision_of_a_local_model_does_not_make_another_index(
    filled: Settings, data: Path
) -> None:
    exact = filled.model_copy(update={"quantize": False})
    with Library(settings=exact) as library:
        assert library.add(data / "papers.jsonl").unchanged == 12


def test_a_library_of_a_newer_format_is_changed_by_nothing(filled: Settings, data: Path) -> None:
    with Library(settings=filled) as library:
        index = library._parts.index()
        known = index.manifest
        assert known is not None
        newer = replace(known, format=99, version="7.7").to_json()
        index.catalog.set_facts(manifest=newer)
        index.store.set_facts({**index.store.facts, "manifest": newer})
    before = contents(filled.storage)
    with Library(settings=filled) as library:
        known_id = next(iter(library.papers())).id
        for change in (library.rebuild, lambda: library.remove(known_id)):
            with pytest.raises(ManifestMismatchError, match="format 99") as caught:
                change()
            assert "7.7" in caught.value.hint
        with pytest.raises(ManifestMismatchError, match="format 99"):
            library.add(data / "page.txt")
    assert contents(filled.storage) == before


def contents(storage: Path) -> dict[str, Any]:
    """Read what a library holds, in Chroma and in the catalogue."""
    with closing(sqlite3.connect(storage / "cache" / "catalog.sqlite")) as catalogue:
        facts = catalogue.execute("SELECT * FROM facts ORDER BY 1").fetchall()
    with closing(sqlite3.connect(storage / "chroma" / "chroma.sqlite3")) as chroma:
        collections = chroma.execute("SELECT * FROM collections ORDER BY 1").fetchall()
        metadata = chroma.execute("SELECT * FROM collection_metadata ORDER BY 1, 2").fetchall()
    return {"facts": facts, "collections": collections, "metadata": metadata}
