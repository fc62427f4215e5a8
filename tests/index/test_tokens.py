"""The token vectors of papers: made with the chunks, kept, and made anew where they are missing."""

from __future__ import annotations

import copy
import dataclasses
from contextlib import closing
from typing import TYPE_CHECKING

import numpy as np
import pytest

from rag import Library, Paper, Settings
from rag.errors import StorageError
from rag.index.encoding import PaperTokens, encode_papers
from rag.index.paper_index import PaperIndex
from rag.index.token_store import TokenStore
from rag.models.embedder import Embedder, open_embedder
from rag.models.encoder import SentenceEncoder
from rag.models.token_vectors import TITLE, TokenVectors

if TYPE_CHECKING:
    from pathlib import Path

PAPER = Paper(
    id="x:1",
    title="Lamps for beetles",
    abstract=" ".join(
        f"Beetle number {n} came to the lamp at night, and stayed." for n in range(90)
    ),
)
ODD = Paper(id="x:2", title="...", abstract="")


@pytest.fixture
def embedder(tiny_settings: Settings) -> Embedder:
    return open_embedder(tiny_settings)


def test_tokens_stand_where_the_abstract_has_their_words(embedder: Embedder) -> None:
    (encoded,) = encode_papers([PAPER], embedder)
    assert len(encoded.nodes) > 2
    starts = encoded.tokens.starts
    assert (np.diff(starts) >= 0).all()
    title, abstract = starts[starts == TITLE], starts[starts != TITLE]
    # The title counts once, however many chunks it stands before.
    assert len(title) == embedder.count_tokens(PAPER.title)
    assert {PAPER.abstract[start] for start in abstract}.isdisjoint(" .,")
    assert {start for start, letter in enumerate(PAPER.abstract) if letter == "B"} <= set(
        abstract.tolist()
    )
    assert len(set(abstract.tolist())) == len(abstract)


def test_the_signs_keep_the_directions(embedder: Embedder) -> None:
    ((_, encoded),) = embedder.encode_tokens(["Beetles came to the lamp."])
    rows = TokenVectors.of(encoded.starts, encoded.rows).rows(embedder.dimension)
    assert np.linalg.norm(rows, axis=1) == pytest.approx(1)
    assert ((rows * encoded.rows).sum(axis=1) > 0.6).all()
    assert ((rows > 0) == (encoded.rows > 0)).all()


def test_tokens_are_of_what_the_encoder_sees(embedder: Embedder) -> None:
    texts = ["Beetles came.", "", "To the lamp " * 300, "…"]
    for _, one in embedder.encode_tokens(texts):
        assert len(one.starts) == len(one.rows) < embedder.max_tokens


def test_what_was_kept_comes_back_the_same(embedder: Embedder, tmp_path: Path) -> None:
    with closing(TokenStore(tmp_path / "tokens.sqlite")) as store:
        made = PaperTokens(embedder.encoder, store)([PAPER, ODD])
        assert len(store) == 2
    with closing(TokenStore(tmp_path / "tokens.sqlite")) as store:
        again = PaperTokens(embedder.encoder, store)([ODD, PAPER])
    for one, other in zip(made, reversed(again), strict=True):
        assert one.starts.tolist() == other.starts.tolist()
        assert one.rows(embedder.dimension).tolist() == other.rows(embedder.dimension).tolist()
    assert made[1].rows(embedder.dimension).shape == (0, embedder.dimension)


def test_a_changed_abstract_or_encoder_makes_them_anew(embedder: Embedder, tmp_path: Path) -> None:
    changed = dataclasses.replace(PAPER, abstract="Beetles slept.")
    encoder, other = embedder.encoder, copy.copy(embedder.encoder)
    other.name = "another"
    with closing(TokenStore(tmp_path / "tokens.sqlite")) as store:
        (long,) = PaperTokens(encoder, store)([PAPER])
        (short,) = PaperTokens(encoder, store)([changed])
        assert len(short.starts) < len(long.starts)
        assert len(store) == 1
        source = {PAPER.id: f"another/{PAPER.content_hash()}"}
        assert store.get(source) == {}
        PaperTokens(other, store)([changed])
        assert len(store) == 1


def test_a_library_makes_them_when_papers_are_added_and_forgets_them_with_the_papers(
    tiny_library: Library, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny_library.add(data / "papers.jsonl")
    assert kept(tiny_library) == len(tiny_library) == 12
    encoded: list[str] = []
    encode = SentenceEncoder.encode_tokens

    def counting(self: SentenceEncoder, texts: list[str]) -> object:
        encoded.extend(texts)
        return encode(self, texts)

    monkeypatch.setattr(SentenceEncoder, "encode_tokens", counting)
    with Library(settings=tiny_library.settings) as library:
        library.ask("What do rubidium oscillators do?")
        assert encoded == ["What do rubidium oscillators do?"]
        library.remove("pmid:9990004")
        assert kept(library) == 11


def test_without_what_was_kept_the_answer_is_the_same(tiny_settings: Settings, data: Path) -> None:
    with Library(settings=tiny_settings) as library:
        library.add(data / "papers.jsonl")
        before = library.ask("What do rubidium oscillators do?")
    (tiny_settings.storage / "cache" / "tokens.sqlite").unlink()
    with Library(settings=tiny_settings) as library:
        after = library.ask("What do rubidium oscillators do?")
        assert kept(library) > 0
    assert (after.text, after.citations) == (before.text, before.citations)


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    (tmp_path / "tokens.sqlite").write_bytes(b"beetles" * 400)
    with pytest.raises(StorageError, match=r"tokens\.sqlite"):
        TokenStore(tmp_path / "tokens.sqlite")


def kept(library: Library) -> int:
    with closing(PaperIndex(library.settings)) as index:
        return len(index.tokens)
