"""Untrusted text in a terminal, as Markdown, and beside our citations."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from rag.text.citations import CitationPiece, parse_citations
from rag.text.safety import for_markdown, for_terminal, neutralise_markers

ESC, BEL, ST = "\x1b", "\x07", "\x1b\\"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain text\n\twith a tab", "plain text\n\twith a tab"),
        (f"a {ESC}[1;31mred{ESC}[0m word", "a red word"),
        (f"{ESC}[2J{ESC}[Hgone", "gone"),
        ("\x9b31mred\x9b0m", "red"),
        (f"{ESC}]0;a title{BEL}text", "text"),
        (f"{ESC}]8;;http://example.org{ST}link{ESC}]8;;{ST}", "link"),
        ("\x9d8;;http://example.org\x9clink\x9d8;;\x9c", "link"),
        (f"{ESC}P1$r0m{ST}{ESC}_apc{ST}{ESC}^pm{ST}{ESC}Xsos{ST}kept", "kept"),
        (f"{ESC}c{ESC}(0{ESC}7reset", "reset"),
        (f"cut {ESC}", "cut "),
        ("over\rwritten\r\nnext\rline", "over\nwritten\nnext\nline"),
        ("bell\x07 back\x08 nul\x00 del\x7f nel\x85end", "bell back nul del nel\nend"),
        ("pdf\u202efdp.exe \u2066x\u2069 \u200e\u061c", "pdffdp.exe x "),
        ("zero\u200bwidth\ufeff \U000e0041tag", "zerowidth tag"),
        ("family \U0001f469\u200d\U0001f467 stays", "family \U0001f469\u200d\U0001f467 stays"),
        ("lone \ud800 surrogate", "lone \ufffd surrogate"),
        ("Zoë, naïve, 変換, $\\alpha$ [red]", "Zoë, naïve, 変換, $\\alpha$ [red]"),
    ],
)
def test_a_terminal_shows_the_words_only(text, shown):
    assert for_terminal(text) == shown


def test_an_unfinished_control_string_hides_nothing_after_it():
    assert "the rest" in for_terminal(f"{ESC}]8;;http://example.org the rest")


CONTROL_PARTS = [ESC, "\x9b", "\x9d", "[", "]", "8;;x", "31m", BEL, "\\", "a", "\n", "\r", "\u202e"]


@settings(deadline=None, derandomize=True, max_examples=300)
@given(st.lists(st.sampled_from(CONTROL_PARTS) | st.characters(), max_size=20).map("".join))
def test_no_control_character_ever_reaches_a_terminal(text):
    shown = for_terminal(text)

    categories = {unicodedata.category(char) for char in shown if char not in "\n\t"}
    assert not categories & {"Cc", "Cs", "Zl", "Zp"}
    assert not re.search("[\u202a-\u202e\u2066-\u2069\u200e\u200f\u061c]", shown)
    shown.encode()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("# A heading\n\n- *item* [1]\n", "# A heading\n\n- *item* [1]\n"),
        ("$a < b$ and $x^{2}_i$, \\(E[X]\\), p<0.05", "$a < b$ and $x^{2}_i$, \\(E[X]\\), p<0.05"),
        ("$E[X](t)$ is kept", "$E[X] (t)$ is kept"),
        ("a <b>bold</b> word", "a &lt;b>bold&lt;/b> word"),
        ("<script>alert(1)</script>", "&lt;script>alert(1)&lt;/script>"),
        ("<!-- hidden --><?x?>", "&lt;!-- hidden -->&lt;?x?>"),
        ("an <img src=x onerror=alert(1)> here", "an  here"),
        ('an <IMG alt="a plot" src="http://example.org/p"> here', "an a plot here"),
        ("![a plot](http://example.org/p.png)", "a plot"),
        ("![a plot](<http://example.org/p.png> 'title')", "a plot"),
        ("![a\nplot](data:image/png;base64,AAAA)", "a\nplot"),
        (
            "![a plot][ref]\n\n[ref]: http://example.org/p.png",
            "a plot\n\n[ref] : http://example.org/p.png",
        ),
        (
            "[![a plot](http://example.org/p.png)](http://example.org)",
            "[a plot](http://example.org)",
        ),
        ("[a page](https://example.org/a?b=c&d#e)", "[a page](https://example.org/a?b=c&d#e)"),
        ("[a page](http://example.org/a_(b) 'title')", "[a page](http://example.org/a_%28b%29)"),
        ("[a page](javascript:alert(1))", "a page"),
        ("[a page](JaVaScRiPt:alert`1`)", "a page"),
        ("[a page](&#106;avascript:alert(1))", "a page"),
        ("[a page](java\nscript:alert(1))", "[a page] (java\nscript:alert(1))"),
        ("[a page](data:text/html;base64,AAAA)", "a page"),
        ("[a page](vbscript:x) [b](file:///etc/passwd) [c](//example.org)", "a page b c"),
        ("[a page](/local) [b](#part) [c](../up) [d](mailto:a@example.org)", "a page b c d"),
        (
            "<https://example.org/a> and <javascript:alert(1)>",
            "https://example.org/a and &lt;javascript:alert(1)>",
        ),
        ("so [1](#source-1) and [2, 3](/b)", "so [1] and [2, 3]"),
        ("Great![1] Really![2][3]", "Great! [1] Really! [2][3]"),
        ("as [1]: shown\n[2]: http://example.org", "as [1]: shown\n[2] : http://example.org"),
        ("```mermaid\nflowchart\n```", "```text\nflowchart\n```"),
        ('``` Mermaid $x$ "\n```', "```text x \n```"),
        (
            'http://example.org/$" x="$ [a](http://example.org/$b)',
            'http://example.org/%24" x="$ [a](http://example.org/%24b)',
        ),
        (f"{ESC}[31mred \u202etxt", "red txt"),
        ("a tag in two: <scr\x00ipt>", "a tag in two: &lt;script>"),
    ],
)
def test_markdown_keeps_words_and_loses_power(text, shown):
    assert for_markdown(text) == shown


PAYLOADS = [
    "![a [b] c](http://example.org/p.png)",
    "![a](http://example.org/p.png",
    "!\\[a](http://example.org/p.png)",
    "\\![a](http://example.org/p.png)",
    "![a]\n(http://example.org/p.png)",
    "![a][]\n\n[a]: http://example.org/p.png",
    "![a]\n\n[a]:\nhttp://example.org/p.png",
    "> - ![ref]\n>\n> - [ref]: http://example.org/p.png 'title'",
    "1) [x]\n\n   [x]: javascript:alert(1)",
    "[x [y] z](javascript:alert(1))",
    "[x](<javascript:alert(1)>)",
    "[x](\tjavascript:alert(1))",
    "[x]( javascript:alert(1) )",
    "[x](java&Tab;script:alert(1))",
    "[a\\]b](javascript:alert(1))",
    "[x]\\(javascript:alert(1))",
    "`code` [x](javascript:`y`)",
    "<a href='javascript:alert(1)'>x</a>",
    "<svg/onload=alert(1)>",
    "<iframe src=//example.org>",
    "<style>@import 'http://example.org'</style>",
    "<img src='x'\nonerror=alert(1)",
    "<im<img>g src=x onerror=alert(1)>",
    "$<img src=x onerror=alert(1)>$",
    "```\n<script>\n```\n<script>",
    "`` <script> ` <script>",
    "<!DOCTYPE html>",
    "<details open ontoggle=alert(1)>",
]
SAFE_TAGS = {
    *("a", "blockquote", "br", "code", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "li", "ol"),
    *("p", "pre", "strong", "ul", "s", "table", "thead", "tbody", "tr", "th", "td"),
}


RENDERER = MarkdownIt("commonmark", {"html": True}).enable("table")
RENDERER.validateLink = lambda _: True  # the renderer's own defence is no part of ours
ATTRIBUTES = r'(?:\s+(?:href="https?://[^"]*"|(?:class|start)="[^"]*"))*\s*/?'


def assert_harmless(text, *, show=for_markdown):
    rendered = RENDERER.render(show(text))
    for name, attributes in re.findall(r"<\s*/?\s*([\w!?-]*)([^>]*)>?", rendered):
        assert name in SAFE_TAGS, rendered
        assert re.fullmatch(ATTRIBUTES, attributes), rendered


@pytest.mark.parametrize("text", PAYLOADS)
def test_payloads_are_harmless_once_rendered(text):
    assert_harmless(text)
    assert_harmless(f"Before {text} after.\n\n{text}")


@pytest.mark.parametrize("text", [PAYLOADS[0], PAYLOADS[5], PAYLOADS[8], PAYLOADS[17]])
def test_payloads_would_do_harm_as_they_stand(text):
    with pytest.raises(AssertionError):
        assert_harmless(text, show=str)


MARKDOWN_PARTS = st.sampled_from(
    [
        *(
            "![",
            "[",
            "]",
            "](",
            "(",
            ")",
            "]:",
            "<",
            ">",
            "`",
            "```",
            "\\",
            "\n",
            "\n\n",
            " ",
            "    ",
        ),
        *(
            "a",
            "ref",
            "[a]",
            "[ref]",
            "javascript:x",
            "http://example.org",
            "'",
            '"',
            "&#106;",
            "&",
        ),
        *("<img src=x>", "<b", "</", "<!--", "- ", "> ", "1. ", "$", "*", "!", "![a][ref]", "[]"),
        *("\n[ref]: javascript:x\n", "\n\n[a]: /p\n", "[x](", "(/p)", "\t"),
    ]
)


@settings(deadline=None, derandomize=True, max_examples=500)
@given(st.lists(MARKDOWN_PARTS, max_size=24).map("".join))
def test_no_markdown_renders_to_anything_but_plain_text_and_web_links(text):
    assert_harmless(text)


@pytest.mark.parametrize(
    ("text", "rewritten"),
    [
        ("Shown before [12], [3-5] and [7, 9].", "Shown before (12), (3-5) and (7, 9)."),
        ("As x[1] or 【3†source】 or [[4]].", "As x(1) or (3†source) or [(4)]."),
        ("Found (Source 7), [Sources 1 and 2].", "Found (Source no. 7), (Sources no. 1 and 2)."),
        ("Source 7: it works. Paper 2 : so", "Source no. 7: it works. Paper no. 2 : so"),
        ("Known fact.¹² Lee² and ³", "Known fact.^12 Lee^2 and ^3"),
        ("12 m², 10⁻³, R², x², chi²", "12 m², 10⁻³, R², x², chi²"),
        ("In [0, 1] since [2019], [sic].", "In [0, 1] since [2019], [sic]."),
        ("An open-source 7 billion model, source 3", "An open-source 7 billion model, source 3"),
        ("$x \\in [1, 2]$", "$x \\in (1, 2)$"),
    ],
)
def test_an_abstracts_own_references_are_rewritten(text, rewritten):
    assert neutralise_markers(text) == rewritten


MARKER_PARTS = st.sampled_from(
    [
        *"[]()【】†`$ \n,;-?x¹²⁻123^{}",
        "[S1]",
        '[paper n="1"]',
        "^{1}",
        "$^{1}$",
        "^1^",
        '<cite id="1"/>',
        "[1]",
        "[1, 2]",
        "(Source 1)",
        "Source 2",
        "word",
        ".",
        "and",
        "see ",
    ]
)


@settings(deadline=None, derandomize=True, max_examples=400)
@given(st.lists(MARKER_PARTS, max_size=25).map("".join))
def test_nothing_in_the_result_is_read_as_a_citation(text):
    for given_text in (text, text.replace("`", "").replace("$", "")):
        pieces = parse_citations(neutralise_markers(given_text))
        assert not any(isinstance(piece, CitationPiece) for piece in pieces)


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        (r"$\rule{3000em}{3000em}$", r"$rule{3000em}{3000em}$"),
        (r"$\raisebox{-9999pt}{x}$", r"$raisebox{-9999pt}{x}$"),
        (r"$a\hspace{ 5000pt}b\kern-9999em c$", r"$ahspace{ 5000pt}bkern-9999em c$"),
        (r"$a\hspace{1em}b\kern2pt c$", r"$a\hspace{1em}b\kern2pt c$"),
    ],
)
def test_no_formula_is_as_large_as_it_likes(typed: str, shown: str) -> None:
    assert for_markdown(typed) == shown
