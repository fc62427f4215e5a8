"""Formats to export in: a new one is one file, and an unknown one is one error everywhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from new_formats import NEW_EXPORTER

from rag.errors import LibraryError
from rag.export import answer_formats, conversation_formats, paper_formats

if TYPE_CHECKING:
    from collections.abc import Callable

    from rag import Library

WHALES, BEES = "arxiv:9905.00005", "arxiv:9902.00002"
QUESTION = "How are blue whales counted with few labels?"


def test_a_new_format_is_one_file(new_module: Callable[..., None], library: Library) -> None:
    new_module("rag.export.formats", "titles", NEW_EXPORTER)
    titles = [library.paper(one).title for one in (WHALES, BEES)]
    assert library.export([WHALES, BEES, WHALES], "titles").splitlines() == titles
    chat = library.chat()
    answer = chat.ask(QUESTION)
    assert answer.export("question") == chat.export("questions") == f"{QUESTION}\n"
    cited = [paper.title for paper in answer.papers.values()]
    assert answer.export("titles").splitlines() == cited
    assert chat.export("titles").splitlines() == cited


def test_one_id_is_one_paper(library: Library) -> None:
    assert library.export(WHALES, "jsonl") == library.export([WHALES], "jsonl")


def test_an_unknown_format_is_one_error_everywhere(library: Library) -> None:
    chat = library.chat()
    answer = chat.ask(QUESTION)
    papers = "bibtex, csl, csv, {}jsonl, {}ris"
    own = papers.format("docx, ", "markdown, ")
    others = papers.format("", "")
    for export, formats in (
        (lambda name: library.export([BEES], name), own),
        (answer.export, f"docx, html, markdown, provenance, {others}"),
        (chat.export, f"docx, html, json, markdown, {others}"),
    ):
        with pytest.raises(LibraryError) as caught:
            export("pages")
        assert caught.value.message == "There is no format 'pages'."
        assert caught.value.hint == f"Formats are: {formats}."


def test_files_get_names_that_say_what_they_hold() -> None:
    assert [one.file_name for one in paper_formats()] == [
        "papers.bib",
        "papers.csl.json",
        "papers.csv",
        "papers.docx",
        "papers.jsonl",
        "papers.md",
        "papers.ris",
    ]
    assert [one.file_name for one in answer_formats()[:4]] == [
        "answer.docx",
        "answer.html",
        "answer.md",
        "provenance.json",
    ]
    assert [one.file_name for one in conversation_formats()[:4]] == [
        "conversation.docx",
        "conversation.html",
        "conversation.json",
        "conversation.md",
    ]
