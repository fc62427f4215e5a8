"""Papers and answers as documents for people: Markdown, Word, and tables for spreadsheets."""

from __future__ import annotations

import csv
import io
import zipfile
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import docx
import pytest
from markdown_it import MarkdownIt

from rag import Answer, Citation, Paper, Sentence
from rag.export import export_answer, export_conversation, export_papers
from rag.sources import Document, Rejection, read_document

if TYPE_CHECKING:
    from collections.abc import Callable

NASTY = Paper(
    id="title:nasty-1a2b3c",
    title="# <img src=x onerror=go()> [l](javascript:go()) ![i](http://h/p.png) `c` **b** $x_1$",
    abstract="1. <script>go()</script> http://evil.example www.evil.example\n- a | b & c_d",
    authors=("=HYPERLINK(1)", "+Bo", "Ek; Fu"),
    venue="-Nature",
)
QUOTED = Paper(
    id="pmid:7", title="Tides", abstract="Water rises. It falls.", authors=("Ann Li",), year=2021
)
ANSWER = Answer(
    question="Does water rise?",
    standalone_question="Does sea water rise?",
    text="Water rises [1]. It sings [1, 9?].",
    sentences=(
        Sentence("Water rises.", "supported", (1,), quotes=(0,), start=0, end=16),
        Sentence("It sings.", "unsupported", (1,), (9,), ("it cites [9]",), (), None, 17, 34),
    ),
    citations=(Citation(1, QUOTED, "Water rises.", 0, 12, 0.9),),
    mode="llm",
    model="test",
    notes=("From the answer cache.",),
)


def read(content: bytes) -> list[Any]:
    return list(read_document(Document(io.BytesIO(content), source="a", name="a")))


def paragraphs(content: bytes | str) -> list[tuple[str, str]]:
    assert isinstance(content, bytes)
    found = docx.Document(io.BytesIO(content)).paragraphs
    return [(one.style.name, one.text) for one in found]


def links(content: bytes | str) -> list[str]:
    assert isinstance(content, bytes)
    parts = docx.Document(io.BytesIO(content)).part.rels.values()
    return [one.target_ref for one in parts if one.reltype.endswith("/hyperlink")]


def test_markdown_shows_papers_as_they_are_and_runs_nothing() -> None:
    text = export_papers([NASTY], "markdown")
    page = MarkdownIt("commonmark", {"html": True, "linkify": True}).render(text)
    for tag in ("<img", "<script", "<code", "<strong", "<ol", '<a href="java', '<a href="http://'):
        assert tag not in page
    assert "[l](javascript:go())" in page
    assert page.count("<a ") == 1
    assert '<a href="https://scholar.google.com/scholar?q=img+src' in page
    assert page.count("<h2>") == 1


def test_a_table_runs_nothing_in_a_spreadsheet() -> None:
    text = export_papers([NASTY], "csv")
    assert text.startswith("\ufeff")
    (row,) = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")))
    assert row["authors"] == "'=HYPERLINK(1); +Bo; Ek\\; Fu"
    assert row["venue"] == "'-Nature"
    assert not [cell for cell in row.values() if cell.startswith(("=", "+", "-", "@"))]
    (found,) = read(text.encode())
    assert (found.authors, found.venue) == (NASTY.authors, NASTY.venue)


def test_an_apostrophe_of_others_stays() -> None:
    (found,) = read(b"Title,Abstract\nA,'-omics is a word\n")
    assert found.abstract == "'-omics is a word"


def test_a_word_document_of_papers() -> None:
    content = export_papers([QUOTED, NASTY], "docx")
    found = paragraphs(content)
    assert ("Paper Title", "Tides") in found
    assert ("Paper Fact", "Authors: Ann Li") in found
    assert ("Paper Abstract", "Water rises. It falls.") in found
    ways = links(content)
    assert ways[0] == "https://pubmed.ncbi.nlm.nih.gov/7"
    assert ways[1].startswith("https://scholar.google.com/scholar?q=")


def test_a_word_document_of_an_answer_has_verdicts_and_quotes() -> None:
    found = paragraphs(export_answer(ANSWER, "docx"))
    assert ("Answer Question", "Does water rise?") in found
    assert ("Answer Sentence", "Water rises. [1] (supported)") in found
    assert ("Answer Sentence", "It sings. [1, 9?] (unsupported) it cites [9]") in found
    assert ("Answer Quote", "“Water rises.”") in found
    texts = [text for _, text in found]
    assert "Understood as: Does sea water rise?" in texts
    assert "Checked: 1 of 2 sentences supported, 1 unsupported." in texts
    assert "Note: From the answer cache." in texts
    assert any(text.startswith("[1] Ann Li. Tides. 2021. pmid:7.") for text in texts)
    both = paragraphs(export_conversation([ANSWER, replace(ANSWER, question="And?")], "docx"))
    asked = [text for style, text in both if style == "Answer Question"]
    assert asked == ["Does water rise?", "And?"]


def test_a_word_document_of_an_abstention_names_the_closest_papers() -> None:
    answer = Answer(
        question="Q?",
        standalone_question="Q?",
        text="No.",
        abstained=True,
        closest=(QUOTED, NASTY),
        shortfalls=("too wet",),
    )
    content = export_answer(answer, "docx")
    texts = [text for _, text in paragraphs(content)]
    assert "No." in texts
    assert any(text.startswith("Tides (pmid:7): too wet.") for text in texts)
    assert len(links(content)) == 2


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: export_answer(ANSWER, "docx"), "this is a Word document of an answer"),
        (lambda: word("A letter."), "this is a Word document, but none of papers"),
        (
            lambda: zipped("word/document.xml", b"<w:p"),
            "this is a Word document that can't be read (not well",
        ),
        (lambda: zipped("word/other.xml", b""), "this is a Word document that can't be read"),
    ],
)
def test_other_word_documents_are_named(make: Callable[[], bytes], said: str) -> None:
    (item,) = read(make())
    assert isinstance(item, Rejection)
    assert item.reason.startswith(said)


def word(text: str) -> bytes:
    file = io.BytesIO()
    document = docx.Document()
    document.add_paragraph(text)
    document.save(file)
    return file.getvalue()


def zipped(name: str, content: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(name, content)
    return file.getvalue()


def test_an_edited_list_is_read_and_a_cut_one_too() -> None:
    text = export_papers([QUOTED, NASTY], "markdown").replace(
        "Water rises. It falls.", "Water rises.\nIt falls.\n\nIt waits."
    )
    first, second = read(text.encode())
    assert first.abstract == "Water rises. It falls. It waits."
    assert second.authors == NASTY.authors
    (only,) = read(text[: text.index("##", 80)].encode())
    assert only.id == "pmid:7"


def test_keys_that_people_chose_are_kept_wherever_papers_go() -> None:
    bib = b"@article{Li21, title={Tides}, author={Li, Ann}, year=2021, abstract={It rises.}}"
    (paper,) = read(bib)
    assert paper.key == "Li21"
    twin = replace(paper, id="pmid:8", key="Li21")
    made = replace(paper, id="pmid:9", key=None)
    assert "@misc{Li21," in export_papers([made, paper], "bibtex")
    text = export_papers([made, paper, twin], "bibtex")
    assert [line[6:-1] for line in text.splitlines() if line.startswith("@")] == [
        "li2021tides",
        "Li21",
        "Li21a",
    ]
    (again,) = read(export_papers([made], "bibtex").encode())
    assert again.key is None  # it is made again, as the paper is then
