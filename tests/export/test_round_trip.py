"""What is exported can be added again, and gives the same papers."""

from __future__ import annotations

import io
import os
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag import Library, Paper
from rag.export import export_papers, paper_formats
from rag.sources import Document, read_document, read_sources
from rag.sources.record import Record

if TYPE_CHECKING:
    from pathlib import Path

FORMATS = [one.name for one in paper_formats()]
MANY = int(os.environ.get("ROUND_TRIPS", "25"))  # examples of each format
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
    content = export_papers(papers, name)
    data = content if isinstance(content, bytes) else content.encode()
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
    content = tiny_library.export(list(before), name)
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    report = tiny_library.add(file)
    assert (report.read, report.added, report.rejected) == (len(before), 0, [])
    assert {paper.id: replace(paper, sources=()) for paper in tiny_library.papers()} == before


# What breaks formats, one by one and beside each other.
PIECES = st.sampled_from([
    "{", "}", "{}", "\\", "%", "50%", "&", "&amp;", "&lt;p&gt;", "<b>", "</b>", "a<b", "c>d", "$",
    "$x_{i}$", "$5", "\\(y\\)", "\\textbf{z}", "\\'e", "#", "_", "^", "~", "|", "*", "**", "`",
    "```", "![i](http://h/i.png)", "[l](u)", "http://example.org/?a=b&c=(d)", "www.example.org",
    "é", "ø", "変分", "Ñ", "\u0301", "\n", "\r\n", "\n\n", "\t", "\u2028", "\u00a0", "TY  - JOUR",
    "\nER  - ", "@article{a,", "- Date: 2020", "## ", "1. ", "> ", "=", "=1+1", "+", "-", "@", "'",
    "'=", '"', '""', ",", ";", ", ", "; ", " | ", ": ", " and ", "others", "Abstract: ",
    "RETRACTED", "nan", "n/a", "Identifiers: doi:10.5555/no", "3 of 8 authors listed",
    "Dated: 2001-01-01", "Names: A B", "A", "b", "word", "BERT", " ", "  ", "…", "“q”", "ﬁ",
    "\u200b", "\u202e", "\x1b[1m", "😀",
])  # fmt: skip
TEXTS = st.lists(
    PIECES | st.text(st.characters(exclude_categories=["Co", "Cs"]), max_size=4), max_size=9
)
WORDS = TEXTS.map("".join)
NAMES = st.sampled_from([
    "Ana Costa", "King, Martin Luther, Jr.", "Martin Luther King Jr.", "Ludwig van der Berg",
    "山田 太郎", "Иван Петров", "김 철수", "Madonna", "The X Collaboration", "King, Inc.",
    "Smith Jr.",
    "Ana Costa & Sons Ltd", "Bed and Breakfast Research Group", "J. R. R. Tolkien", "A. N. Other",
    "Ebenezer, LLC", "José Ñ. Öztürk-Łoś", "de la Cruz", "Team 7", "et al.", "Others", "X",
    "Costa A", "O'Brien", "D’Arcy, Jean", "Jean-Luc Picard III", "AT&T", "{The Team}", "Jones 50%",
    "bell hooks",
])  # fmt: skip
IDENTIFIERS = st.lists(
    st.sampled_from([
        "arxiv:2409.91001", "arxiv:hep-th/9901001", "doi:10.5555/a_(b)",
        "doi:10.1007/978-3-540-12345-6",
        "doi:10.5555/x<y>;{z}", "pmid:99", "acl:2020.x-1.1", "pmcid:PMC123", "openalex:W12",
        "s2:" + "0f" * 20, "corpusid:77", "wos:000123456789012", "openreview:aB-c_D",
    ]),
    unique_by=lambda one: one.partition(":")[0],
)  # fmt: skip
DATES = st.sampled_from([
    (None, None), (None, 2017), ("2016-12-30", 2016), ("2016-12", 2016), ("2016", 2016),
    ("2016-12-30", 2017), ("--02-29", None), ("--01-05", 2021),
])  # fmt: skip


@st.composite
def papers(draw: st.DrawFn) -> Paper:
    """Make a paper as a reader of some format would, of what sources hold at their worst."""
    date, year = draw(DATES)
    identifiers = draw(IDENTIFIERS)
    names = draw(st.lists(NAMES | WORDS, max_size=4))
    record = Record(
        title=f"A {draw(WORDS)}" if draw(st.booleans()) else draw(WORDS),
        abstract=f"B {draw(WORDS)}",
        authors=names,
        author_count=draw(st.none() | st.integers(len(names), 3000)),
        date=date,
        year=year,
        venue=draw(WORDS | st.sampled_from(["Nature", "NeurIPS 2023", "arXiv"])),
        url=draw(st.sampled_from([None, None, "https://a.org/b_c?d=%20#{e}", "ftp://x/y z"])),
        ids={one.partition(":")[0]: one for one in identifiers},
        own_id=draw(st.sampled_from([None, "cranfield:12", *identifiers[-1:]])),
        retracted=draw(st.booleans()),
        key=draw(st.sampled_from([None, "Costa2020", "DBLP:conf/nips/X17", "a_b+c", "doe99a"])),
    )
    return record.to_paper("a")


# Of two papers with one citation key, the second gets a letter.
UNIQUE = (lambda paper: paper.id, lambda paper: paper.key or paper.id)


@pytest.mark.parametrize("name", FORMATS)
@settings(max_examples=MANY)
@given(given_papers=st.lists(papers(), min_size=1, max_size=3, unique_by=UNIQUE))
def test_papers_of_any_words_come_back(name: str, given_papers: list[Paper]) -> None:
    assert back(given_papers, name) == given_papers
