"""A new format is one file, the surest reader reads, and what nobody reads is named."""

from __future__ import annotations

import io
import sqlite3
import zipfile
from typing import TYPE_CHECKING

import pytest
from new_formats import NEW_READER

from rag import Paper
from rag.sources import Document, Rejection, all_readers, file_suffixes, read_document, read_sources
from rag.sources.base import Confidence

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

LIST = "LIST OF PAPERS\nBees|They dance.\nno bar here\nWhales|They sing.\n"


@pytest.fixture
def bars(new_module: Callable[..., None]) -> None:
    """The format of lists with bars, in a file of its own."""
    new_module("rag.sources.readers", "bars", NEW_READER)


@pytest.mark.usefixtures("bars")
def test_a_new_format_is_one_file(tmp_path: Path) -> None:
    names = [reader.name for reader in all_readers()]
    assert names == sorted(names)
    assert {"bars", "daily-papers", "jsonl"} <= {*names}
    file = tmp_path / "list.txt"
    file.write_text(LIST)
    bees, rejected, whales = read_sources([file])
    assert isinstance(bees, Paper)
    assert isinstance(whales, Paper)
    assert (bees.title, whales.abstract) == ("Bees", "They sing.")
    assert rejected == Rejection(str(file), "line 3", "no bar")


@pytest.mark.usefixtures("bars")
def test_messages_and_file_pickers_know_a_new_format(tmp_path: Path) -> None:
    file = tmp_path / "letter.txt"
    file.write_text("Dear friend,\n\nall is well here.\n")
    (rejected,) = read_sources([file])
    assert isinstance(rejected, Rejection)
    assert rejected.reason.startswith("in none of the formats that can be read: ")
    for reader in all_readers():
        assert reader.name in rejected.reason
    assert ".bars" in file_suffixes()


def test_a_name_can_not_be_given_twice(new_module: Callable[..., None]) -> None:
    new_module("rag.sources.readers", "other", NEW_READER.replace('"bars"', '"jsonl"'))
    with pytest.raises(ValueError, match="'jsonl' is taken"):
        all_readers()


def test_where_bytes_come_from_makes_no_difference() -> None:
    body = b'{"title": "Bees", "abstract": "They dance."}\n'
    document = Document(io.BytesIO(body), source="https://example.org/bees", name="example.org")
    (paper,) = read_document(document)
    assert isinstance(paper, Paper)
    assert paper.sources == ("example.org",)


def test_a_document_can_be_read_in_every_way_and_again() -> None:
    body = "\ufeffcaf\u00e9\r\nnoir".encode("utf-16-le")
    document = Document(io.BytesIO(body), source="a", name="b", suffix=".TXT")
    assert document.head.suffix == ".txt"
    for _ in range(2):
        assert list(document.lines()) == ["caf\u00e9\n".encode(), b"noir"]
        assert document.text() == "caf\u00e9\nnoir"
        assert document.data() == body


@pytest.mark.parametrize(
    ("first", "second", "chosen"),
    [
        (Confidence.SHAPE, Confidence.SIGNATURE, "b"),
        (Confidence.SIGNATURE, Confidence.MARKS, "a"),
        (Confidence.MARKS, Confidence.MARKS, "a"),
        (Confidence.NO, Confidence.NAME, "b"),
    ],
)
def test_the_surest_reader_reads(
    new_module: Callable[..., None], first: Confidence, second: Confidence, chosen: str
) -> None:
    def code(name: str, confidence: Confidence) -> str:
        return (
            "from rag.sources.base import Confidence, Reader, Rejection\n"
            f"READER = Reader(name={name!r}, label={name!r}, suffixes=(),"
            f" sniff=lambda head: Confidence({confidence:d}),"
            f" read=lambda document: iter([Rejection('', '', {name!r})]))\n"
        )

    for name, confidence in (("b", second), ("a", first)):
        new_module("rag.sources.readers", name, code(name, confidence))
    document = Document(io.BytesIO(b"Some text."), source="x", name="x")
    assert list(read_document(document)) == [Rejection("", "", chosen)]


# --- what is in none of them ----------------------------------------------------------------


def zipped(*names: str) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name in names:
            archive.writestr(name, "content")
    return data.getvalue()


def database() -> bytes:
    with sqlite3.connect(":memory:") as connection:
        connection.execute("create table items (title text)")
        data = connection.serialize()
    connection.close()
    return data


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"%PDF-1.5\n%\xe2\xe3\xcf\xd3\n1 0 obj<</Type/Catalog>>endobj", "a PDF"),
        (database(), "an SQLite database"),
        (zipped("[Content_Types].xml", "word/document.xml"), "a Word document"),
        (b"\x89PNG\r\n\x1a\n" + bytes(20), "an image"),
        (b"MIME-Version: 1.0\nContent-Type: multipart/related;\n b=1\n\n", "a web page with"),
        (b'<?xml version="1.0"?>\n<feed xmlns="http://www.w3.org/2005/Atom"/>', "an Atom feed"),
        (b"<!DOCTYPE x [<!ENTITY a '>'>]><m:mods/>", "XML with the root <mods>"),
        (b"{\\rtf1\\ansi A letter}", "an RTF document"),
        (b'["A", "B"]', "a JSON array, but not of objects"),
        (b"\\documentclass{article}", "LaTeX"),
        (b"## Does it?\n\nIt does[^1].\n\n[^1]: Ann Li. *Tides*.\n", "a text with footnotes"),
    ],
)
def test_what_nobody_reads_is_named(data: bytes, kind: str) -> None:
    (item,) = read_document(Document(io.BytesIO(data), source="x", name="x"))
    assert isinstance(item, Rejection)
    assert item.reason.startswith(f"this is {kind}")


@pytest.mark.parametrize(
    "data", [bytes(range(256)), b"\0" * 300, b"<", b"<!--", b"<!-- a -->" * 6000 + b"x"]
)
def test_what_nobody_knows_is_not_named(data: bytes) -> None:
    (item,) = read_document(Document(io.BytesIO(data), source="x", name="x"))
    assert isinstance(item, Rejection)
    assert not item.reason.startswith("this is")


@pytest.mark.parametrize(
    "data",
    [
        b"<xml><records></records></xml>",
        b"PT\tAU\tTI\n",
        b"@string{a = {b}}\n@comment{x, title={A}}\n",
        b"Title,Abstract\n,\n",
        b"<PubmedArticleSet></PubmedArticleSet>",
    ],
)
def test_a_file_that_holds_nothing_says_so(data: bytes) -> None:
    assert list(read_document(Document(io.BytesIO(data), source="x", name="x"))) == [
        Rejection("x", "", "it holds no papers")
    ]
