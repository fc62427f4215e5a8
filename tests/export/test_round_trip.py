"""What is exported can be added again, and gives the same papers."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag import Library, Paper
from rag.export import export_papers
from rag.sources import Document, read_document, read_sources
from rag.sources.record import Record

if TYPE_CHECKING:
    from pathlib import Path

FORMATS = ["bibtex", "ris", "csl", "jsonl"]
FULL = Paper(
    id="arxiv:2409.91001",
    title="On $O(n^2)$ & 50% of {BERT}: a_b #1",
    abstract="BACKGROUND: p < 0.05 for $x_{i}$ at $5. RESULTS: 12 of 20.",
    authors=("Ana Costa", "Ludwig van der Berg", "Martin King Jr.", "ATLAS Collaboration"),
    author_count=9,
    date="2024-09-03",
    year=2024,
    venue="Journal of A & B",
    url="https://arxiv.org/abs/2409.91001",
    doi="10.5555/a_(b)",
    arxiv_id="2409.91001",
    sources=("a",),
)


def back(papers: list[Paper], name: str) -> list[Paper]:
    data = export_papers(papers, name).encode()
    items = list(read_document(Document(io.BytesIO(data), source="a", name="a")))
    assert all(isinstance(item, Paper) for item in items), items
    return [item for item in items if isinstance(item, Paper)]


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize(
    "paper",
    [
        FULL,
        replace(FULL, title=""),
        replace(FULL, retracted=True),
        replace(FULL, retracted=True, author_count=4),
        replace(FULL, date="2024-09", author_count=4),
        replace(FULL, date=None),
        replace(FULL, date="--01-23", year=None),
        replace(FULL, id="doi:10.5555/a_(b)", arxiv_id=None, url=None, date=None, venue=None),
        replace(FULL, id="pmid:99", doi=None, arxiv_id=None, url="https://a.org/b_c?d=%20#{e}"),
        replace(FULL, authors=("山田 太郎", "Иван Петров", "Madonna"), author_count=3),
    ],
)
def test_a_paper_comes_back_as_it_was(paper: Paper, name: str) -> None:
    (found,) = back([paper], name)
    assert found == paper


@pytest.mark.parametrize("name", FORMATS)
def test_papers_of_odd_words_come_back(data: Path, name: str) -> None:
    papers = [
        item for item in read_sources([data / "cases" / "70-export"]) if isinstance(item, Paper)
    ]
    assert len(papers) == 14
    found = back(papers, name)
    assert [replace(paper, sources=()) for paper in found] == [
        replace(paper, sources=()) for paper in papers
    ]


@pytest.mark.parametrize("name", FORMATS)
def test_adding_an_export_changes_nothing(
    data: Path, name: str, tmp_path: Path, tiny_library: Library
) -> None:
    tiny_library.add(data / "cases" / "60-mixed-folder")
    before = {paper.id: replace(paper, sources=()) for paper in tiny_library.papers()}
    file = tmp_path / "export"
    file.write_text(tiny_library.export(list(before), name), "utf-8")
    report = tiny_library.add(file)
    assert (report.read, report.added, report.rejected) == (len(before), 0, [])
    assert {paper.id: replace(paper, sources=()) for paper in tiny_library.papers()} == before


TEXTS = st.text(st.characters(exclude_categories=["Cc", "Cs", "Co", "Cn"]), max_size=30)


@pytest.mark.parametrize("name", FORMATS)
@given(title=TEXTS.map("A {}".format), abstract=TEXTS.map("B {}".format), venue=TEXTS)
def test_texts_come_back(name: str, title: str, abstract: str, venue: str) -> None:
    paper = Record(title=title, abstract=abstract, venue=venue).to_paper("a")
    again = Record(title=paper.title, abstract=paper.abstract, venue=paper.venue).to_paper("a")
    if again != paper:  # what is cleaned has to stay clean for this to hold
        return
    (found,) = back([paper], name)
    assert found == paper
