"""Answers taken apart into sentences and what each cites."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.answers.cited_sentences import split_claims
from rag.text.citations import CitationPiece, parse_citations


def claims(text):
    return [(sentence.text, sentence.numbers) for sentence in split_claims(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("   \n\n", []),
        ("No source here.", [("No source here.", ())]),
        ("It is fast [1]. It is small [2].", [("It is fast.", (1,)), ("It is small.", (2,))]),
        ("It is fast. [1] It is small. [2]", [("It is fast.", (1,)), ("It is small.", (2,))]),
        ("It is fast.[1] It is small.[2]", [("It is fast.", (1,)), ("It is small.", (2,))]),
        ("It is fast.[1]It is small.", [("It is fast.", (1,)), ("It is small.", ())]),
        ("It is fast.¹ It is small.²", [("It is fast.", (1,)), ("It is small.", (2,))]),
        ("It is fast [1], small [2], and cheap.", [("It is fast, small, and cheap.", (1, 2))]),
        ("It is fast [1], [2] and [4].", [("It is fast.", (1, 2, 4))]),
        ("It is fast [2][1] [2].", [("It is fast.", (2, 1))]),
        ("It is fast (see [1]) and small ([2]).", [("It is fast and small.", (1, 2))]),
        ("Ng et al. [1] use v0.1 [2], e.g. here.", [("Ng et al. use v0.1, e.g. here.", (1, 2))]),
        ("Is it fast [1]? Yes! [2]", [("Is it fast?", (1,)), ("Yes!", (2,))]),
        ("[1] It is fast. Small too.", [("It is fast.", (1,)), ("Small too.", (1,))]),
        (
            "[1] It is fast. Small too. [2] It is cheap.",
            [("It is fast.", (1,)), ("Small too.", (1,)), ("It is cheap.", (2,))],
        ),
        ("It is fast [1]. [1]. [2].", [("It is fast.", (1, 2))]),
        ("It is fast [1]. [2]. Small too.", [("It is fast.", (1, 2)), ("Small too.", ())]),
        (
            "[1] It is fast. [1]. [2] It is small. So is this. [2]. [3] It is new.",
            [
                ("It is fast.", (1,)),
                ("It is small.", (2,)),
                ("So is this.", (2,)),
                ("It is new.", (3,)),
            ],
        ),
        ("It is fast [1]. [2] It is small [3].", [("It is fast.", (1,)), ("It is small.", (2, 3))]),
        ("It is fast. It is small. [1] [2]", [("It is fast.", (1, 2)), ("It is small.", (1, 2))]),
        ("It is fast. It is small [1].", [("It is fast.", ()), ("It is small.", (1,))]),
        ("It is fast [1]. [2][3] agree.", [("It is fast.", (1,)), ("agree.", (2, 3))]),
        ("It is fast [1]\nand small [2].", [("It is fast and small.", (1, 2))]),
        ("It is fast.\n[1]", [("It is fast.", (1,))]),
        ("It is fast.\n\n[1][2]\n\nNext.", [("It is fast.", (1, 2)), ("Next.", ())]),
        ("[1]", []),
        ("[1]\n\nIt is fast [2].", [("It is fast.", (2, 1))]),
        ("```a[1]``` is code [2].", [("a[1] is code.", (2,))]),
    ],
)
def test_sentences_and_their_sources(text, expected):
    assert claims(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "It is fast. [2] shows that it is small. [3] and [4] agree.",
            [("It is fast.", ()), ("shows that it is small.", (2,)), ("agree.", (3, 4))],
        ),
        (
            "It is fast.[1] [2] shows more [3].",
            [("It is fast.", (1,)), ("shows more.", (2, 3))],
        ),
    ],
)
def test_a_source_as_subject_belongs_to_the_sentence_it_begins(text, expected):
    assert claims(text) == expected


def test_a_marker_at_the_end_of_an_item_covers_its_last_sentence():
    text = "Reasons:\n\n- It is fast. It is small [1]\n* Cheap [2]\n  and easy.\n2) Open. [3]\n"

    assert claims(text) == [
        ("Reasons:", ()),
        ("It is fast.", ()),
        ("It is small", (1,)),
        ("Cheap and easy.", (2,)),
        ("Open.", (3,)),
    ]
    assert [s.kind for s in split_claims(text)] == ["prose", "item", "item", "item", "item"]


def test_headings_and_table_rows_are_told_from_sentences():
    text = (
        "# What *helps*\nDepth helps [1].\n**Limits**\n\n**Width does not help [2].**\n\n---\n"
        "| Model | Score |\n|---|:-:|\n| Small [3] | 80.1 |\nA last line."
    )

    assert [(s.kind, s.text, s.numbers) for s in split_claims(text)] == [
        ("heading", "What helps", ()),
        ("prose", "Depth helps.", (1,)),
        ("heading", "Limits", ()),
        ("prose", "Width does not help.", (2,)),
        ("heading", "Model Score", ()),
        ("row", "Small 80.1", (3,)),
        ("prose", "A last line.", ()),
    ]


def test_a_code_block_is_one_piece_that_cites_nothing():
    text = "Before [1].\n```python\nrow[2] = 3. Not a sentence.\n```\nAfter [2]."
    found = [(one.text, one.numbers, one.kind) for one in split_claims(text)]
    assert found == [
        ("Before.", (1,), "prose"),
        ("row[2] = 3. Not a sentence.", (), "code"),
        ("After.", (2,), "prose"),
    ]


def test_markdown_is_left_out_and_names_are_kept():
    text = (
        "The **deep *and* wide** net, A* search, x_1 * y, `top_k` and "
        "[the page](https://example.org/a) ~~win~~ [1]."
    )

    assert claims(text) == [
        ("The deep and wide net, A* search, x_1 * y, top_k and the page win.", (1,))
    ]


def test_quoted_paragraphs_lose_their_marks():
    assert claims("> It is fast,\n> it is small [1].\n") == [("It is fast, it is small.", (1,))]


def test_offsets_cover_markers_and_emphasis():
    text = "So. **It is *fast*.** [1] It is small [2].\n\n- Cheap [3]"

    assert [text[s.start : s.end] for s in split_claims(text)] == [
        "So.",
        "**It is *fast*.** [1]",
        "It is small [2].",
        "Cheap [3]",
    ]


def test_unknown_references_are_kept_apart():
    (sentence,) = split_claims("It is fast [1, 9?].")

    assert (sentence.text, sentence.numbers, sentence.unknown) == ("It is fast.", (1,), (9,))


def test_a_paper_index_inside_code_is_no_citation():
    assert claims("Call `row[1]` first. Then stop [2].") == [
        ("Call row[1] first.", ()),
        ("Then stop.", (2,)),
    ]


WORDS = ["It is fast", "small", "shows", " and ", ", ", " (see [4])", "et al.", " ", "A"]
MARKS = [" [1]", "[2]", "[3, 9?]", "¹", "(Source 5)", ". ", ".", "! "]
MARKDOWN = ["\n", "\n\n", "- ", "1. ", "# ", "> ", "| ", "|", "|-|\n", "**", "*", "_", "`", "$"]
PARTS = st.sampled_from([*WORDS, *MARKS, *MARKDOWN])


@settings(deadline=None, derandomize=True, max_examples=500)
@given(st.lists(PARTS, max_size=30).map("".join))
def test_spans_follow_each_other_and_no_citation_is_lost(text):
    sentences = split_claims(text)

    last = 0
    for sentence in sentences:
        assert last <= sentence.start < sentence.end <= len(text)
        last = sentence.end
    cited = [p for p in parse_citations(text) if isinstance(p, CitationPiece)]
    found = {number for s in sentences for number in (*s.numbers, *s.unknown)}
    if sentences:
        assert found == {number for piece in cited for number in (*piece.numbers, *piece.unknown)}
