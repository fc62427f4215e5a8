"""Tables: what columns hold is told from their names, or by the person who knows better."""

from __future__ import annotations

import csv
import datetime as dt
import io
import sys
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook

from rag import Paper
from rag.errors import LibraryError
from rag.sources import TABLE_FIELDS, Document, Rejection, read_document, read_sources
from rag.sources.readers.csv import READER

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def read(data: str | bytes, *, suffix: str = "", **columns: str) -> list[Paper | Rejection]:
    stream = io.BytesIO(data.encode() if isinstance(data, str) else data)
    document = Document(stream, source="a", name="a", suffix=suffix, columns=columns)
    return list(read_document(document))


def papers(data: str | bytes, **options: str) -> list[Paper]:
    items = read(data, **options)
    assert all(isinstance(item, Paper) for item in items), items
    return [item for item in items if isinstance(item, Paper)]


def reason(data: str | bytes, **options: str) -> str:
    (item,) = read(data, **options)
    assert isinstance(item, Rejection)
    return item.reason


def line(*cells: str) -> str:
    text = io.StringIO()
    csv.writer(text).writerow(cells)
    return text.getvalue()


# --- separated values ---------------------------------------------------------------------------


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_delimiters_and_line_ends(delimiter: str, end: str) -> None:
    text = end.join(["Title,Abstract,Year", '"A,b",One,2020', "C,,", ",,", ""])
    first, second = papers(text.replace(",", delimiter))
    assert first.title == f"A{delimiter}b".replace("\t", " ")
    assert (first.abstract, first.year) == ("One", 2020)
    assert (second.title, second.abstract, second.year) == ("C", "", None)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "cp1252", "mac-roman"])
def test_encodings(encoding: str) -> None:
    (paper,) = papers("Title;Abstract\nCrème brûlée;Naïve – “so”\n".encode(encoding))
    assert (paper.title, paper.abstract) == ("Crème brûlée", "Naïve – “so”")


def test_remarks_above_the_header() -> None:
    text = 'sep=,\n"About the data: saved 3 May, 2024"\n\nPublication ID,Title,PubYear\n1,A,2020\n'
    (paper,) = papers(text)
    assert (paper.title, paper.year) == ("A", 2020)


@pytest.mark.parametrize(
    ("header", "cells", "expected"),
    [
        (  # PubMed
            ["PMID", "Title", "Authors", "Citation", "Journal/Book", "Publication Year", "DOI"],
            ["99", "A", "Ahmadi IA, Petit J.", "Small. 2019", "Small Marrow", "2019", "10.5555/a"],
            {"id": "doi:10.5555/a", "other_ids": ("pmid:99",), "authors": ("IA Ahmadi", "J Petit"),
             "venue": "Small Marrow", "year": 2019},
        ),
        (  # Rayyan
            ["key", "title", "year", "month", "day", "journal", "authors", "url", "abstract"],
            ["rayyan-1", "A", "2019", "5", "3", "J", "Ek, B. and Fu, C.", "https://a.org", "B"],
            {"date": "2019-05-03", "authors": ("B. Ek", "C. Fu"), "url": "https://a.org"},
        ),
        (  # Web of Science, as Excel
            ["Publication Type", "Authors", "Author Full Names", "Article Title", "Source Title",
             "Abstract", "DOI", "Publication Year", "UT (Unique WOS ID)"],
            ["J", "Ruiz, P", "Ruiz, Pia; Sand, G", "A", "FIRE", "B", "", "2020", "WOS:00099900000"],
            {"authors": ("Pia Ruiz", "G Sand"), "venue": "FIRE", "other_ids": ("wos:00099900000",)},
        ),
        (  # IEEE
            ["Document Title", "Authors", "Publication Title", "Publication Year", "PDF Link"],
            ["A", "A. Ek; B. Fu", "Proc.", "2021", "https://example.org/a.pdf"],
            {"authors": ("A. Ek", "B. Fu"), "venue": "Proc.", "url": "https://example.org/a.pdf"},
        ),
        (  # Covidence
            ["Title", "Authors", "Abstract", "Published Year", "Published Month", "Journal", "DOI"],
            ["A", "Ek, Bo; Fu, Cy", "B", "2019", "May", "J", "doi: 10.5555/b"],
            {"authors": ("Bo Ek", "Cy Fu"), "date": "2019-05", "doi": "10.5555/b"},
        ),
        (["Titre", "Résumé", "Auteurs", "Année"], ["A", "B", "Ek, Bo", "2020"],
         {"abstract": "B", "authors": ("Bo Ek",), "year": 2020}),
        (["arXiv ID", "title", "is_retracted"], ["2409.91001", "A", "True"],
         {"id": "arxiv:2409.91001", "retracted": True}),
    ],
)  # fmt: skip
def test_columns_of_programs(header: list[str], cells: list[str], expected: dict[str, Any]) -> None:
    (paper,) = papers(line(*header) + line(*cells))
    assert {name: getattr(paper, name) for name in expected} == expected


def test_a_row_with_more_cells_than_columns_is_rejected() -> None:
    first, second = read("Title,Abstract\nA,one, two, three\nB,four\n")
    assert str(first) == "a, line 2: 4 cells under 2 columns: a quote or a comma is amiss"
    assert isinstance(second, Paper)


def test_a_quote_that_is_never_closed_is_rejected_once() -> None:
    text = 'Title,Abstract\nA,one\nB,"two\n' + "C,three\n" * 30_000
    first, second, *_ = read(text)
    assert isinstance(first, Paper)
    assert isinstance(second, Rejection)
    assert second.place == "line 3"
    assert "a quote is not closed" in second.reason


def test_a_table_without_titles_says_how_to_name_them() -> None:
    text = "Bezeichnung,Inhalt\nA,B\n"
    assert reason(text, suffix=".csv") == (
        "a table in which no column is known to hold titles: name it as in --map title=COLUMN;"
        " its columns are: Bezeichnung, Inhalt"
    )
    (paper,) = papers(text, suffix=".csv", title="Bezeichnung", abstract="inhalt")
    assert (paper.title, paper.abstract) == ("A", "B")


def test_a_column_that_there_is_not() -> None:
    assert reason("Title,Abstract\nA,B\n", abstract="Summary") == (
        "there is no column 'Summary'; its columns are: Title, Abstract"
    )


def test_fields_are_those_of_a_table(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("Name,Title\nA,B\n")
    (paper,) = read_sources([file], columns={"title": "Name"})
    assert isinstance(paper, Paper)
    assert paper.title == "A"
    with pytest.raises(LibraryError, match="no field 'titel'") as caught:
        read_sources([file], columns={"titel": "Name"})
    assert caught.value.hint == f"Fields are: {', '.join(TABLE_FIELDS)}."


def test_json_and_prose_are_no_tables() -> None:
    assert papers('{"id": "a", "title": "", "abstract": "B"}\n')[0].abstract == "B"
    assert "none of the formats" in reason("Title of it, abstract of it,\nand so on.\n")


@given(
    st.lists(st.lists(st.text(max_size=5), max_size=4), max_size=4),
    st.text("Title,Abstract;\"'\t|\n\r\0x", max_size=60),
)
def test_any_table_gives_papers_or_rejections(rows: list[list[str]], text: str) -> None:
    table = "".join(line(*row) for row in [["Title", "Abstract", "Year", "DOI"], *rows])
    for data in (table, table[: len(table) // 2], f"Title,Abstract\n{text}", text):
        stream = io.BytesIO(data.encode("utf-8", "replace"))
        document = Document(stream, source="a", name="a")
        assert all(isinstance(item, Paper | Rejection) for item in READER.read(document))


# --- workbooks ------------------------------------------------------------------------------------


def workbook(**sheets: Sequence[Sequence[Any]]) -> bytes:
    book = Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(list(row))
    data = io.BytesIO()
    book.save(data)
    return data.getvalue()


def test_a_workbook_of_several_sheets() -> None:
    data = workbook(
        Notes=[["Read me"], ["Exported by hand"]],
        Papers=[
            ["Exported by hand"],
            ["Title", "Abstract", "Year", "Date", "Authors"],
            ["Bees", "They dance.", 2020, dt.date(2020, 5, 3), "Costa, Ana; Ek, Bo"],
            [None, None, None, None, None],
            [None, None, 2021, None, "Ek, Bo"],
        ],
        More=[["Titel", "Jahr"], ["Whales", 2021.0]],
    )
    bees, rejected, whales = read(data)
    assert isinstance(bees, Paper)
    assert (bees.title, bees.year, bees.date) == ("Bees", 2020, "2020-05-03")
    assert bees.authors == ("Ana Costa", "Bo Ek")
    assert str(rejected) == "a, sheet 'Papers', row 5: neither title nor abstract"
    assert isinstance(whales, Paper)
    assert whales.year == 2021


def test_a_workbook_without_titles() -> None:
    assert reason(workbook(A=[["Notes"], ["x"]], B=[])).endswith("its columns are: Notes")
    assert reason(workbook(A=[])) == "the workbook is empty"


def test_a_workbook_that_unpacks_to_too_much(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rag.sources.readers.xlsx._MAX_UNPACKED", 1000)
    assert reason(workbook(A=[["Title"], ["A"]])).startswith("a workbook that unpacks to more than")


def test_a_workbook_that_is_cut_off() -> None:
    data = workbook(A=[["Title"], ["A"]])
    assert reason(data[:-100]).startswith("an Excel workbook that can't be read")


# --- Parquet --------------------------------------------------------------------------------------


def parquet(columns: dict[str, list[Any]]) -> bytes:
    data = io.BytesIO()
    pq.write_table(pa.table(columns), data)
    return data.getvalue()


def test_parquet_with_nested_columns() -> None:
    data = parquet(
        {
            "title": ["Bees", "Whales", None],
            "abstract": ["They dance.", None, None],
            "authors": [[{"name": "Ana Costa"}, {"name": "Bo Ek"}], [], None],
            "published": [dt.date(2020, 5, 3), None, None],
            "year": [2020, None, 1999],
        }
    )
    bees, whales, rejected = read(data)
    assert isinstance(bees, Paper)
    assert (bees.authors, bees.date, bees.year) == (("Ana Costa", "Bo Ek"), "2020-05-03", 2020)
    assert isinstance(whales, Paper)
    assert whales.year is None
    assert str(rejected) == "a, row 3: neither title nor abstract"


@pytest.mark.parametrize(
    "data", [b"PAR1", b"PAR1" + bytes(100) + b"PAR1", parquet({"title": ["A"]})[:-20]]
)
def test_parquet_that_is_damaged(data: bytes) -> None:
    assert reason(data).startswith("a Parquet table that can't be read")


def test_parquet_without_pyarrow_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    assert reason(parquet({"title": ["A"]})) == (
        "a Parquet table, which takes pyarrow to read: pip install pyarrow"
    )
