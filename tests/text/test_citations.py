"""The citation parser: what is a marker, what isn't, and that streaming changes neither."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.text.citations import (
    CitationParser,
    CitationPiece,
    Numbering,
    TextPiece,
    find_markers,
    marker,
    parse_citations,
    renumber,
)

CITED = [
    ("[1]", (1,)),
    ("[12]", (12,)),
    ("[1, 2]", (1, 2)),
    ("[1,2,5]", (1, 2, 5)),
    ("[ 1 , 2 ]", (1, 2)),
    ("[1; 3]", (1, 3)),
    ("[1 & 3]", (1, 3)),
    ("[1 and 3]", (1, 3)),
    ("[1, 2, and 3]", (1, 2, 3)),
    ("[1-3]", (1, 2, 3)),
    ("[1–3]", (1, 2, 3)),
    ("[1—3, 7]", (1, 2, 3, 7)),
    ("[2, 2, 1]", (2, 1)),
    ("[Source 1]", (1,)),
    ("[source 1, source 4]", (1, 4)),
    ("[Sources: 1, 4]", (1, 4)),
    ("[Paper 3]", (3,)),
    ("(Source 1)", (1,)),
    ("(source: 2)", (2,)),
    ("(see Source 2)", (2,)),
    ("(Sources 1 and 2)", (1, 2)),
    ("(Sources 1, 2 and 4)", (1, 2, 4)),
    ("(Sources 1-3)", (1, 2, 3)),
    ("(Source 1, Source 2)", (1, 2)),
    ("(Sources 2 to 4)", (2, 3, 4)),
    ("【1】", (1,)),
    ("【1, 2】", (1, 2)),
    ("【1†source】", (1,)),
    ("【Source 2】", (2,)),
    ("¹", (1,)),
    ("²³", (23,)),
    ("[^1]", (1,)),
    ("[^1, ^2]", (1, 2)),
    ("\\[1\\]", (1,)),
    ("\\[1, 3-4\\]", (1, 3, 4)),
    ("［1］", (1,)),
    ("［１，９］", (1, 9)),
    ("[１、９]", (1, 9)),
    ("〔1〕", (1,)),
    ("〖2〗", (2,)),
    ("（Source 1）", (1,)),
    ("[citation:1]", (1,)),
    ("[citation: 1, 2]", (1, 2)),
    ("[Citation 4]", (4,)),
    ("[cite:2]", (2,)),
    ("[ID:1]", (1,)),
    ("[ID: 1, ID: 3]", (1, 3)),
    ("[ref. 2]", (2,)),
    ("[Doc 2]", (2,)),
    ("[Document: 2]", (2,)),
    ("[Abstract 2]", (2,)),
    ("[#2]", (2,)),
    ("(citation 3)", (3,)),
    ("(see Reference 3)", (3,)),
    ("¹⁻³", (1, 2, 3)),
    ("[^1^]", (1,)),
    ("[doc_1]", (1,)),
    ("[source-2]", (2,)),
    ("[Passage 2]", (2,)),
    ("[excerpt 1]", (1,)),
    ("[chunk_4]", (4,)),
    ("[@1]", (1,)),
    ("[1~3]", (1, 2, 3)),
    ("[see 1]", (1,)),
    ("[see also Source 2]", (2,)),
    ("[cf. 1]", (1,)),
    ("[e.g., 1, 4]", (1, 4)),
    ("[1, p. 3]", (1,)),
    ("[1, 2, Section 4]", (1, 2)),
    ("[2, abstract]", (2,)),
    ("[3: Counting Whales with 2 Labels]", (3,)),
    ("\\cite{1}", (1,)),
    ("\\cite{1, 3}", (1, 3)),
    ("<sup>1</sup>", (1,)),
    ("<sup>[1, 2]</sup>", (1, 2)),
    ("<cite>2</cite>", (2,)),
    ("[S1]", (1,)),
    ("[S1, S2]", (1, 2)),
    ("[P3]", (3,)),
    ('[paper n="1"]', (1,)),
    ("[document id: 2]", (2,)),
    ("[^paper1]", (1,)),
    ("[来源 2]", (2,)),
    ("[Quelle 2]", (2,)),
    ("[1 und 3]", (1, 3)),
    ("[1...3]", (1, 2, 3)),
    ("[1†L3-L5]", (1,)),
    ("[2, Smith et al., 2020]", (2,)),
    ("[2, 2020]", (2,)),
    ("[2: p. 3]", (2,)),
    ("⟦1⟧", (1,)),
    ("\\citep{1, 2}", (1, 2)),
    ("\\cite{paper2}", (2,)),
    ("<sup>(1)</sup>", (1,)),
    ("<ref>2</ref>", (2,)),
    ('<cite id="1"></cite>', (1,)),
    ('<ref name="2"/>', (2,)),
    ("$^{1}$", (1,)),
    ("$^{1, 3}$", (1, 3)),
    ("$^{[1]}$", (1,)),
    ("$^{[1],[3]}$", (1, 3)),
    ("$^1$", (1,)),
    ("^{[1]}", (1,)),
    ("^{2}", (2,)),
    ("^[1]", (1,)),
    ("^1^", (1,)),
    ("\\textsuperscript{1}", (1,)),
]

NOT_CITED = [
    "It stores `x[1]` and `rows[2, 3]` there.",
    "Take x[1] and then max_len[2] and m[0][1].",
    "```python\nvalue = table[1]\nother = (Source 2)\n```\n",
    "- ```\n  table [1]\n  ```\n",
    "They wrote tehm [sic] there.",
    "In [2019] and (2019) and [1987, 1999], as [1024] shows.",
    "The interval [0, 1] or [0] or [-1, 1] or [0.5, 1] or (1) or (1, 2).",
    "A range [1-9999] or [5-95] or [7-3] is none; nor is [01].",
    "Let $x \\in [1, 2]$ and \\(y = [3]\\) and $$z [4]$$ hold.",
    "\\[\n a + [1]\n\\]",
    "An escaped \\[1] bracket, an empty [] one, an open [1, 2",
    "Take \\sqrt[3]{x} of y ∈ [1, 2] or k = [1, 2].",
    "It covers 10² m², 5 cm³, R², x², chi² and 3 feet² of ¹⁴C and Ca²⁺ or 10⁻³ and xⁿ¹ or ⁰.",
    "[see above], [Figure 1], [Table 2], (Figure 3), [1a], [1.5], [x1], [n], [1, n], [1 2]",
    "(Source code 1), (Source 2019), (Source), (Source 0), 【source】, 【3:0†source】",
    "12¹²³⁴ and word¹²³⁴",
    "[1,\n2]",
    "[" + "1, " * 40 + "2]",
    "Take x^{2}, $x^{2}$, m$^{2}$, m<sup>2</sup>, 10^{3}, \\alpha^{2} and \\textsuperscript{a}.",
    "It costs $5 and $6, or $x$ of $^{a}$, for 3 cm\\textsuperscript{2} of <ref>it</ref>.",
    "Take a\\[3\\] and a\\[3] and [^a] and ［0］ and [ids: 1x] and [citation: none].",
    "Take arr[1], args[0], list[2]. A[3] and x. B[2] is next; so is matrix C[1]; let D[1] be so.",
    "It is in the interval [1, 2], on a scale of [1, 5], of shape [2, 3], normalized to [1, 9].",
    "Scores in [1, 10] and the vector [1, 2, 3] and values within [1; 4] and indices [1, 2].",
    "About m<sup>2</sup>, 10<sup>3</sup> and x<sup>n</sup> and a <b> and 3 < 5 and \\cite{abc}.",
    "[no 1a], [1: n], [1, n], [studies show 1], [see], [context length 2]",
    "It helps (1). Paper 3 says so.",  # mentions, for those who know the sources
]

MIXED = [
    ("Glued[1] and[2][3].", [(1,), (2,), (3,)]),
    ("GPT-4[1], Figure C[2], (so)[3], “so”[4]!", [(1,), (2,), (3,), (4,)]),
    ("It costs $5 million [1] and $10 [2], or $C per call [3].", [(1,), (2,), (3,)]),
    ("The rate $10^{-3}$, as set in [1], and $n$ [2].", [(1,), (2,)]),
    ("A ``quoted'' word [1], `code` [2], a lone ` mark [3]\nand more [4].", [(1,), (2,), (4,)]),
    ("``` inline [7] ``` then [1]", [(1,)]),
    ("~ [1]\n```\n[2]\n```\n[3]", [(1,), (3,)]),
    ("````\n```\n[2]\n````\n[3]", [(3,)]),
    ("Broken \\[1] here\n\nand [2].", [(2,)]),
    ("Broken \\( here and there [2].", [(2,)]),
    ("[sic][1] and [0][2] and ![3]", [(1,), (3,)]),
    ("Word¹, next.² Last ³; BERT⁴ wins.¹²", [(1,), (2,), (3,), (4,), (12,)]),
    ("[[1]] and [1](https://example.org)", [(1,), (1,)]),
    ("[9?] and [1, 4?]", [(), (1,)]),
    ("snake_case _word_[1] and **bold**[2] and **bold**³", [(1,), (2,), (3,)]),
    ("a [ [1] b (( (Source 2) c", [(1,), (2,)]),
    ("[1, 2, [3]", [(3,)]),
    ("[1]² and (Source 3)⁴", [(1,), (2,), (3,), (4,)]),
    ("Paid in $, or [1].", [(1,)]),
    ("Over a wide range [1, 2], in two scales [1, 3] and hepatitis C[2].", [(1, 2), (1, 3), (2,)]),
    ("Word<sup>1</sup>, GPT-4<sup>[2]</sup>.", [(1,), (2,)]),
]

# Where the sources are known to be 1 to 5.
MENTIONED = [
    ("Depth helps (1). Width hurts (2, 3).", [(1,), (2, 3)]),
    ("Depth helps (1), and width hurts (2).", [(1,), (2,)]),
    ("Depth helps (1)(2). So does width (3)\nand GPT-4 (4)", [(1,), (2,), (3,), (4,)]),
    ("Depth helps (1), width hurts (2), as is known.", []),
    ("Depth helps by 40% (1). Width, too (2), and rest (3).", [(1,), (2,), (3,)]),
    ("As in (1) and in equation (2). Of three groups (3). At p < 0.05 (4).", []),
    ("Two ways (1) exist [2]. Depth helps (3).", [(2,)]),
    ("Depth helps (9).", []),
    ("Paper 3 shows it [3].", [(3,), (3,)]),
    ("It is so in paper 3, as papers 1 and 2 say; see Papers 4-5.", [(3,), (1, 2), (4, 5)]),
    ("- Source 2: it works. **Paper 1** agrees, unlike document 4.", [(2,), (1,), (4,)]),
    ("We read the paper 3 times, an open-source 2 billion model, paper 4.5, source 3 km.", []),
    ("In paper 9, as `paper 1` has it.", []),
    ("Sources 1, 2023 and later", [(1,)]),
    ("It was repeated three times (3). At the coordinates (1, 2).", []),
]

SAMPLES = [*(f"So it is {raw}." for raw, _ in CITED), *NOT_CITED, *(text for text, _ in MIXED)]


def numbers(pieces):
    return [piece.numbers for piece in pieces if isinstance(piece, CitationPiece)]


def merged(pieces):
    result = []
    for piece in pieces:
        if isinstance(piece, TextPiece) and result and isinstance(result[-1], TextPiece):
            result[-1] = TextPiece(result[-1].text + piece.text)
        else:
            result.append(piece)
    return result


def feed_all(parts, sources=None):
    parser = CitationParser(sources=sources)
    pieces = [piece for part in parts for piece in parser.feed(part)]
    return merged([*pieces, *parser.finish()])


def joined(pieces):
    return "".join(p.text if isinstance(p, TextPiece) else p.raw for p in pieces)


@pytest.mark.parametrize(("raw", "expected"), CITED)
@pytest.mark.parametrize("around", ["So it is {}.", "So it is. {} Next", "{}", "a word{}\n"])
def test_every_form_of_marker_is_read(raw, expected, around):
    pieces = parse_citations(around.format(raw))

    assert numbers(pieces) == [expected]
    assert joined(pieces) == around.format(raw)


@pytest.mark.parametrize("text", NOT_CITED)
def test_what_only_looks_like_a_marker_is_text(text):
    assert parse_citations(text) == [TextPiece(text)]


@pytest.mark.parametrize(("text", "expected"), MIXED)
def test_markers_among_what_is_none(text, expected):
    assert numbers(parse_citations(text)) == expected


@pytest.mark.parametrize(("text", "expected"), MENTIONED)
def test_who_knows_the_sources_gets_their_mentions(text, expected):
    sources = range(1, 6)
    whole = parse_citations(text, sources=sources)
    assert numbers(whole) == expected
    assert joined(whole) == text
    for cut in range(len(text)):
        assert feed_all([text[:cut], text[cut:]], sources) == whole, (text[:cut], text[cut:])
    assert feed_all(text, sources) == whole


def test_a_mention_is_renumbered_like_a_marker():
    text = "Paper 3 shows it [3], as papers 1 and 3 do (see paper 2). In paper 9 [3]."
    sources = {1: "p", 2: "q", 3: "r"}
    pieces = renumber(
        parse_citations(text, sources=sources), sources=sources, numbering=Numbering()
    )
    assert joined(pieces) == ("Paper [1] shows it [1], as papers [2, 1] do [3]. In paper 9 [1].")


def test_markers_have_their_places():
    text = "In [0, 1], as a[3] shows [2], and paper 1."
    assert [text[m.start : m.end] for m in find_markers(text)] == ["[2]"]
    assert [text[m.start : m.end] for m in find_markers(text, sources={1, 2})] == ["[2]", "paper 1"]


def test_adjacent_markers_stay_apart():
    assert parse_citations("[1][2]") == [CitationPiece((1,), "[1]"), CitationPiece((2,), "[2]")]


@pytest.mark.parametrize("text", SAMPLES)
def test_every_split_gives_the_same_pieces(text):
    whole = parse_citations(text)

    assert feed_all(text) == whole  # one character at a time
    for cut in range(1, len(text)):
        assert feed_all([text[:cut], text[cut:]]) == whole, (text[:cut], text[cut:])


@pytest.mark.parametrize("text", [text for text in SAMPLES if len(text) < 34])
def test_every_pair_of_splits_gives_the_same_pieces(text):
    whole = parse_citations(text)
    for first in range(len(text) + 1):
        for second in range(first, len(text) + 1):
            assert feed_all([text[:first], text[first:second], text[second:]]) == whole


SIGNS = list("<>^~@[]()【】†`$\\*_ \n.,;?-–x1230¹²³⁴⁻⁺'")
CHUNKS = [
    "[1]",
    "[1, 2",
    "Source ",
    "(Source 1)",
    "[12",
    "999",
    "【2†s】",
    " to ",
    "and",
    "word",
    "sup",
    "</sup>",
    "\\cite{",
    "}",
    ": Title",
    ", p",
]
OPENERS = ["```\n", "\\(", "\\]", "$$", "''", "``", "\n\n"]
FRAGMENTS = st.sampled_from([*SIGNS, *CHUNKS, *OPENERS])
TEXTS = st.lists(FRAGMENTS, max_size=40).map("".join)


@settings(deadline=None, derandomize=True, max_examples=400)
@given(text=TEXTS, data=st.data())
def test_any_cutting_gives_the_same_pieces(text, data):
    cuts = data.draw(st.lists(st.integers(0, len(text)), max_size=12).map(sorted))
    bounds = [0, *cuts, len(text)]
    parts = [text[a:b] for a, b in pairwise(bounds)]
    whole = parse_citations(text)

    assert feed_all(parts) == whole
    assert feed_all(text) == whole
    assert joined(whole) == text
    assert not any(isinstance(piece, TextPiece) and not piece.text for piece in whole)


def held_after(text):
    parser = CitationParser()
    return text.removeprefix(joined(parser.feed(text)))


@pytest.mark.parametrize(
    ("text", "held"),
    [
        ("A plain sentence.", ""),
        ("so [", "["),
        ("so [1", "[1"),
        ("so [1, ", "[1, "),
        ("so [1 an", "[1 an"),
        ("so [Sour", "[Sour"),
        ("so (see Sources 1 ", "(see Sources 1 "),
        ("so 【1†sou", "【1†sou"),
        ("word¹", "¹"),
        ("word¹⁻", "¹⁻"),
        ("so [si", ""),
        ("so [0", ""),
        ("so [2019", ""),
        ("so [Sourdough", ""),
        ("so (Smi", ""),
        ("so (1", ""),
        ("m²", ""),
        ("word¹ ", ""),
        ("`x[1", ""),
        ("so `", ""),
        ("so $", "$"),
        ("so $^{1", "$^{1"),
        ("so $x", ""),
        ("so \\", "\\"),
        ("so \\[1", "\\[1"),
        ("so \\(", ""),
        ("so [^", "[^"),
        ("so [citat", "[citat"),
        ("so ［1，", "［1，"),
        ("[" + "1, " * 30, ""),
        ("【1†" + "a" * 80, ""),
    ],
)
def test_only_what_can_still_become_a_marker_is_held_back(text, held):
    assert held_after(text) == held


def test_every_start_of_a_marker_is_held_back():
    for raw, _ in CITED:
        for end in range(1, len(raw)):
            assert held_after("word " + raw[:end]) == raw[:end], raw[:end]


def test_an_endless_marker_is_let_go_at_a_bounded_length():
    parser = CitationParser()
    sent = returned = longest = 0
    for part in ["["] + ["1, "] * 5000:
        sent += len(part)
        returned += len(joined(parser.feed(part)))
        longest = max(longest, sent - returned)

    assert longest <= 64
    assert returned == sent


def test_finish_gives_back_what_was_held():
    parser = CitationParser()
    parser.feed("It ends in [1, 2")

    assert parser.finish() == [TextPiece("[1, 2")]
    assert parser.finish() == []


def test_numbers_are_given_per_paper_in_order_of_first_use_and_kept_across_turns():
    numbering = Numbering()
    first = renumber(
        parse_citations("A [3]. B [1, 3]."), sources={1: "p", 2: "q", 3: "r"}, numbering=numbering
    )
    second = renumber(
        parse_citations("C [1]. D [2][3]."), sources={1: "q", 2: "r", 3: "s"}, numbering=numbering
    )

    assert joined(first) == "A [1]. B [2, 1]."
    assert joined(second) == "C [3]. D [1][4]."
    assert numbering.shown == {"r": 1, "p": 2, "q": 3, "s": 4}


def test_two_sources_of_one_paper_are_one_number():
    pieces = renumber(parse_citations("A [1, 2]."), sources={1: "p", 2: "p"}, numbering=Numbering())

    assert numbers(pieces) == [(1,)]


def test_a_reference_to_no_source_is_kept_and_marked():
    pieces = renumber(
        parse_citations("A [1, 9] (Source 7)."), sources={1: "p"}, numbering=Numbering()
    )

    assert joined(pieces) == "A [1, 9?] [7?]."
    assert [piece.unknown for piece in pieces if isinstance(piece, CitationPiece)] == [(9,), (7,)]


def test_renumbered_text_reads_back_as_it_was_written():
    pieces = renumber(
        parse_citations("A [2, 8]. B¹ (Source 5)."), sources={1: "p", 2: "q"}, numbering=Numbering()
    )

    assert parse_citations(joined(pieces)) == pieces


def test_renumbering_while_streaming_equals_renumbering_the_whole():
    text, sources = "A [2]. B [1, 5], C【2†source】 and D² [1-2].", {1: "p", 2: "q"}
    parser, numbering, streamed = CitationParser(), Numbering(), []
    for part in [*text, None]:
        pieces = parser.finish() if part is None else parser.feed(part)
        streamed += renumber(pieces, sources=sources, numbering=numbering)

    whole = renumber(parse_citations(text), sources=sources, numbering=Numbering())
    assert merged(streamed) == merged(whole)


def test_a_numbering_goes_on_from_a_saved_one():
    numbering = Numbering({"p": 1, "q": 5})

    assert [numbering.number(paper) for paper in ("q", "r", "p")] == [5, 6, 1]


def test_a_written_marker_is_read_again():
    assert parse_citations(marker([2, 4], unknown=[9])) == [
        CitationPiece((2, 4), "[2, 4, 9?]", (9,))
    ]
