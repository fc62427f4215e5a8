"""Daily Papers pages saved as Markdown, with links, as HTML: what markup tells is used."""

from __future__ import annotations

import html
import io
import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag import Paper
from rag.sources import Document, Rejection, read_document
from rag.sources.html import html_to_markdown
from rag.sources.marked_text import marked_lines
from rag.sources.readers import daily_papers, daily_papers_html

ABSTRACT = "We sort 40 kinds of buttons by touch, in 93% of the trials, after an hour of practice."


def read(text: str) -> list[Paper | Rejection]:
    return list(read_document(Document(io.BytesIO(text.encode()), source="a", name="a")))


def papers(text: str) -> list[Paper]:
    items = read(text)
    assert all(isinstance(item, Paper) for item in items), items
    return [item for item in items if isinstance(item, Paper)]


# --- links and headings -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "text", "links", "is_heading", "is_link"),
    [
        ("plain [1] text", "plain [1] text", (), False, False),
        ("[words](a)", "words", ("a",), False, True),
        ('see [words](<a> "title") here', "see words here", ("a",), False, False),
        ("## [A [b] c](/d_(e)) ##", "A [b] c", ("/d_(e)",), True, True),
        ("![alt](x.png)[words](a)", "words", ("a",), False, True),
        ("[![alt](x.png)](a)", "", ("a",), False, True),
        ("### A [12](/login)", "A", (), True, False),
        ("words <https://a.b/c>", "words", ("https://a.b/c",), False, True),
        ("by <https://a.b/c>and more", "by and more", ("https://a.b/c",), False, False),
        ("[a\\_b\\*](c)", "a_b*", ("c",), False, True),
        ("[**bold** words](c)", "bold words", ("c",), False, True),
        ("a_b\\_c **d**", "a_b\\_c **d**", (), False, False),
        ("#1 of all", "#1 of all", (), False, False),
        ("p < q and <b>", "p < q and <b>", (), False, False),
    ],
)
def test_a_line_without_its_markup(
    line: str, text: str, links: tuple[str, ...], is_heading: bool, is_link: bool
) -> None:
    (found,) = marked_lines(line)
    assert (found.text, found.links) == (text, links)
    assert (found.is_heading, found.is_link) == (is_heading, is_link)


def test_lines_keep_their_numbers_and_their_part_of_a_link() -> None:
    text = "---\nurl: x\n---\n[one \\\\\ntwo](a)\n\nthree\n  <https://b.c>\nfour"
    found = {line.number: line for line in marked_lines(text) if line.text}
    assert {number: line.text for number, line in found.items()} == {
        4: "one", 5: "two", 7: "three", 9: "four",
    }  # fmt: skip
    assert [found[number].links for number in (4, 5, 7, 9)] == [
        ("a",), ("a",), ("https://b.c",), (),
    ]  # fmt: skip


def test_headings_tell_titles_from_abstracts_however_short() -> None:
    text = f"# Daily Papers\n\n### Buttons.\n{ABSTRACT}\n\n### Boats\n\nThey sink.\n- 4 authors\n"
    first, second = papers(text)
    assert (first.title, first.abstract) == ("Buttons.", ABSTRACT)
    assert (second.title, second.abstract, second.author_count) == ("Boats", "They sink.", 4)


def test_a_heading_without_an_abstract_is_reported_and_costs_no_other() -> None:
    first, second = read(f"# Daily Papers\n\n### Nothing here\n\n### Buttons\n\n{ABSTRACT}\n")
    assert str(first) == 'a, line 3: a title without an abstract: "Nothing here"'
    assert isinstance(second, Paper)


def test_links_tell_which_paragraphs_belong_together() -> None:
    def linked(words: str, number: int) -> str:
        return f"{words} <https://huggingface.co/papers/2409.0000{number}>"

    text = "\n\n".join(
        ["Daily Papers", linked("Sinking.", 1), linked("They sink.", 1), linked("Alone", 2),
         linked("Buttons", 3), linked(ABSTRACT, 3)]
    )  # fmt: skip
    first, alone, last = read(text)
    assert isinstance(first, Paper)
    assert (first.id, first.title, first.abstract) == ("arxiv:2409.00001", "Sinking.", "They sink.")
    assert isinstance(alone, Rejection)
    assert isinstance(last, Paper)
    assert (last.id, last.abstract) == ("arxiv:2409.00003", ABSTRACT)


def test_menus_and_links_elsewhere_are_left_out() -> None:
    text = (
        "# Daily Papers\n\n- Daily\n- Weekly\n-\n\n[Docs](https://huggingface.co/docs)\n\n"
        f"### [Buttons](/papers/2409.00001)\n\n{ABSTRACT}\n\n[GitHub 11k](https://github.com/a/b)\n"
        "[A Lab](https://huggingface.co/lab)\n\n·\n\nMay 29, 2024\n"
    )
    (paper,) = papers(text)
    assert (paper.abstract, paper.date, paper.authors) == (ABSTRACT, "2024-05-29", ())


# --- HTML -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("page", "text"),
    [
        ("<p>One<p>Two &amp; <b>three</b>", "One\n\nTwo & three\n"),
        ("<ul><li>a<li>b</ul>c", "- a\n\n- b\n\nc\n"),
        ("<h3><a href='/x?a=1&amp;b=(2)'>A\n<i>b</i></a></h3>", "### [A b](/x?a=1&b=%202%20)\n"),
        ("<a href=x><div>A</div><div>B</div></a>", "[A](x)\n\n[B](x)\n"),
        ("<script>if (a<b) '<p>no</p>'</script>x<style>p{}</style>", "x\n"),
        ("<head><title>no</title></head><svg><text>no</text></svg>x<!-- <p>no -->", "x\n"),
        ("[a] *b* #c d_e", "\\[a\\] \\*b\\* \\#c d\\_e\n"),
        ("a < b <> c &nosuch; <3", "a < b <> c &nosuch; <3\n"),
        ('<p title="a > b">c</p>', "c\n"),
        ("x<script>never closed", "x\n"),
        ("x<a href='never closed", "x\n"),
        ("", ""),
    ],
)
def test_html_as_markdown(page: str, text: str) -> None:
    assert html_to_markdown(page) == text


def test_a_page_with_its_papers_as_json() -> None:
    listed = [
        {
            "paper": {
                "id": "2409.91074", "title": "Buttons", "summary": "We sort\nbuttons.",
                "authors": [{"name": "Ana Costa", "user": {"fullname": "A"}}, {"name": "Bo Ek"}],
                "publishedAt": "2024-09-17T00:00:00.000Z", "upvotes": 3,
            },
            "title": "Buttons",
        },
        {"paper": {"id": "2409.91075", "upvotes": 1}},
    ]  # fmt: skip
    props = html.escape(json.dumps({"dailyPapers": listed}))
    page = (
        "<!doctype html><html><title>Daily Papers</title><body>"
        f'<div class="SVELTE_HYDRATER contents" data-target="DailyPapers" data-props="{props}">'
        "<h3><a href='/papers/2409.91074'>Buttons</a></h3></div></body></html>"
    )
    paper, rejected = read(page)
    assert isinstance(paper, Paper)
    assert (paper.id, paper.abstract) == ("arxiv:2409.91074", "We sort buttons.")
    assert (paper.authors, paper.date) == (("Ana Costa", "Bo Ek"), "2024-09-17")
    assert isinstance(rejected, Rejection)
    assert rejected.place == "paper 2"


def test_a_page_of_daily_papers_without_any() -> None:
    (rejected,) = read("<!doctype html><html><h1>Daily Papers</h1><p>Monthly</p></html>")
    assert isinstance(rejected, Rejection)
    assert rejected.reason.startswith("HTML without papers: open it in a browser, select all")


def test_other_html_is_named() -> None:
    (rejected,) = read("<!doctype html><html><h1>Cake</h1></html>")
    assert isinstance(rejected, Rejection)
    assert rejected.reason.startswith("this is HTML: open it in a browser, select all, copy")


def test_a_web_archive_in_base64() -> None:
    text = (
        "MIME-Version: 1.0\nSubject: Daily Papers\nContent-Type: multipart/related; boundary=X\n\n"
        "--X\nContent-Type: text/html; charset=utf-8\nContent-Transfer-Encoding: base64\n\n"
        "PGgzPkJlZXM8L2gzPjxwPlRoZXkgZGFuY2Ug4oCUIGFsbC48L3A+\n--X--\n"
    )
    (paper,) = papers(text)
    assert (paper.title, paper.abstract) == ("Bees", "They dance — all.")


@pytest.mark.parametrize(
    "piece",
    ["<", "<!--", "<a ", "<a href='", "<![CDATA[", "<script>", "&#", "[a](", "[", "\\[", "<h1>"],
)
def test_no_page_takes_long(piece: str) -> None:
    page = piece * 50_000
    start = time.process_time()
    html_to_markdown(page)
    marked_lines(page[:60_000])
    assert time.process_time() - start < 5


@given(st.text("<>/=\"'!-abhp &;[]()#*_\\\n", max_size=80) | st.text(max_size=40))
def test_any_page_gives_papers_or_rejections(text: str) -> None:
    for reader, data in (
        (daily_papers.READER, f"# Daily Papers\n\n{text}"),
        (daily_papers_html.READER, f"<html>Daily Papers{text}"),
        (daily_papers_html.READER, f"Content-Type: multipart/related; boundary=a\n\n--a\n{text}"),
    ):
        document = Document(io.BytesIO(data.encode("utf-8", "replace")), source="a", name="a")
        assert all(isinstance(item, Paper | Rejection) for item in read_document(document, reader))
