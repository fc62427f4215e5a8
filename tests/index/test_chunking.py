"""Abstracts are cut into chunks that fit the embedder, with exact offsets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from llama_index.core.schema import MetadataMode

from rag import Paper
from rag.index.chunking import chunk_spans, paper_nodes
from rag.text.decoding import one_line
from rag.text.sentences import sentence_spans

if TYPE_CHECKING:
    from rag.models.encoder import SentenceEncoder


def by_words(text: str) -> int:
    return len(text.split())


def check_spans(text: str, spans: list[tuple[int, int]]) -> None:
    at = 0
    for start, end in spans:
        assert start >= at
        assert not text[at:start].strip()
        at = end
    assert not text[at:].strip()


def test_a_text_that_fits_is_one_chunk() -> None:
    text = "One sentence. And another."
    assert chunk_spans(text, 4, by_words) == [(0, len(text))]


def test_an_empty_text_is_one_empty_chunk() -> None:
    assert chunk_spans("", 10, by_words) == [(0, 0)]


def test_chunks_end_where_sentences_end() -> None:
    text = " ".join(f"This is sentence number {n} of the text." for n in range(30))
    spans = chunk_spans(text, 50, by_words)
    ends = {span.end for span in sentence_spans(text)}
    assert len(spans) == 5
    assert {end for _, end in spans} <= ends
    check_spans(text, spans)


def test_chunks_are_of_about_one_size() -> None:
    text = " ".join(f"This is sentence number {n} of the text." for n in range(13))
    sizes = [by_words(text[start:end]) for start, end in chunk_spans(text, 100, by_words)]
    assert len(sizes) == 2
    assert min(sizes) > 0.7 * max(sizes)


def test_a_sentence_that_does_not_fit_is_cut_between_words() -> None:
    text = "word " * 99 + "end."
    spans = chunk_spans(text, 30, by_words)
    assert [by_words(text[start:end]) for start, end in spans] == [30, 30, 30, 10]
    assert all(not text[start:end].startswith(" ") for start, end in spans)


def test_a_word_that_does_not_fit_is_cut_in_itself() -> None:
    text = "abc " + "x7" * 2000 + " abc"
    spans = chunk_spans(text, 200, len)  # every letter is a token
    assert max(end - start for start, end in spans) <= 200
    assert "".join(text[start:end] for start, end in spans).replace("abc", "") == "x7" * 2000


WORDS = st.sampled_from(
    "the river carries silt. We show that e.g. 0.5 of it stays, however. $x_i$ 研究の要旨です。"
    " Pneumonoultramicroscopicsilicovolcanoconiosis https://example.org/a_b?c=1 é ñandú &amp;"
    " (see Fig. 3) -- unbelievableunbelievable 1,234,567.89 ☃ a".split()
)
LONG = st.integers(1, 900).map(lambda n: "a1é"[n % 3] * n)
ABSTRACTS = st.lists(st.one_of(WORDS, st.text(max_size=9), LONG), max_size=160).map(
    lambda words: one_line(" ".join(words))
)


@settings(max_examples=60)
@given(title=st.lists(WORDS, min_size=1, max_size=200).map(" ".join), abstract=ABSTRACTS)
def test_every_chunk_fits_and_nothing_is_lost(
    encoder: SentenceEncoder, title: str, abstract: str
) -> None:
    paper = Paper(id="x:1", title=title, abstract=abstract)
    nodes = paper_nodes(
        paper, max_tokens=encoder.max_tokens, count_tokens=encoder.count_tokens, metadata={}
    )
    for node in nodes:
        embedded = node.get_content(metadata_mode=MetadataMode.EMBED)
        assert encoder.count_tokens(embedded) + 2 <= encoder.max_tokens
        assert node.text == abstract[node.start_char_idx : node.end_char_idx]
    spans = [(node.start_char_idx or 0, node.end_char_idx or 0) for node in nodes]
    check_spans(abstract, spans)


@pytest.fixture
def long_record(records: list[dict[str, Any]]) -> Paper:
    return Paper.from_dict(records[-1])


def test_nodes_carry_what_finds_and_shows_them(
    encoder: SentenceEncoder, long_record: Paper
) -> None:
    nodes = paper_nodes(
        long_record,
        max_tokens=256,
        count_tokens=encoder.count_tokens,
        metadata={"paper_id": long_record.id, "year": 2023},
    )
    assert len(nodes) == 2
    assert [node.node_id for node in nodes] == [f"{long_record.id}#0", f"{long_record.id}#1"]
    assert [node.metadata["chunk"] for node in nodes] == [0, 1]
    assert {node.metadata["chunks"] for node in nodes} == {2}
    assert all(node.ref_doc_id == long_record.id for node in nodes)
    embedded = nodes[1].get_content(metadata_mode=MetadataMode.EMBED)
    assert embedded == f"{long_record.title}\n{nodes[1].text}"


def test_a_paper_without_an_abstract_is_found_by_its_title(encoder: SentenceEncoder) -> None:
    paper = Paper(id="x:1", title="Frost on Panels", abstract="")
    (node,) = paper_nodes(
        paper, max_tokens=256, count_tokens=encoder.count_tokens, metadata={"paper_id": "x:1"}
    )
    assert "Frost on Panels" in node.get_content(metadata_mode=MetadataMode.EMBED)
    assert (node.text, node.start_char_idx, node.end_char_idx) == ("", 0, 0)
