"""Every paper that is shown has a way out: its address, an identifier's, or a title look-up."""

from __future__ import annotations

import io
import re
from html import unescape

import pytest
from rich.console import Console

from rag import Answer, Paper
from rag.cli.answer_view import answer_view
from rag.cli.render import paper_lines, paper_view, sources_view
from rag.export import export_answer, export_papers
from rag.papers import has_page, way_out
from rag.ui.source_view import card_html

PAPERS = [
    Paper(id="doi:10.5555/a", title="Ebb", abstract="It falls.", doi="10.5555/a"),
    Paper(id="title:tides-1a2b3c", title='A "Tide"><b>[x](y) \x1b]8;;http://evil.example\x07',
          abstract="It rises."),
    Paper(id="x:1", title="Neap", abstract="It waits.", url="javascript:go()"),
]  # fmt: skip


def shown(view: object, *, terminal: bool = False) -> str:
    file = io.StringIO()
    console = Console(file=file, force_terminal=terminal, width=200, markup=False,
                      color_system="truecolor" if terminal else None,
                      _environ={"TERM": "xterm"})  # fmt: skip
    console.print(view)
    return file.getvalue()


@pytest.mark.parametrize("paper", PAPERS, ids=lambda paper: paper.id)
def test_on_the_page(paper: Paper) -> None:
    page = card_html(paper)
    links = [unescape(one) for one in re.findall(r'href="(http[^"]*)"', page)]
    assert set(links) == {way_out(paper)}
    assert "evil.example" not in " ".join(links)
    assert ("Look up the title" in page) == ("scholar.google" in links[0])


@pytest.mark.parametrize("paper", PAPERS, ids=lambda paper: paper.id)
def test_in_a_terminal(paper: Paper) -> None:
    for view in (paper_view(paper), sources_view({1: paper})[1]):
        assert way_out(paper) in shown(view)
    in_list = shown(paper_lines(paper, link=False))
    assert (way_out(paper) in in_list) == (not has_page(paper))
    linked = shown(paper_lines(paper, link=False), terminal=True)
    assert f";{way_out(paper)}\x1b\\" in linked
    assert "http://evil" not in linked
    closest = Answer(question="Q?", standalone_question="Q?", text="No.", abstained=True,
                     closest=(paper,))  # fmt: skip
    assert f";{way_out(paper)}\x1b\\" in shown(answer_view(closest), terminal=True)


@pytest.mark.parametrize("paper", PAPERS, ids=lambda paper: paper.id)
def test_in_markdown(paper: Paper) -> None:
    closest = Answer(question="Q?", standalone_question="Q?", text="No.", abstained=True,
                     closest=(paper,), shortfalls=("too wet",))  # fmt: skip
    for text in (export_papers([paper], "markdown"), export_answer(closest, "markdown")):
        assert f"]({way_out(paper)})" in text
