"""Read RIS, as Ovid, Embase, PubMed, Scopus, Zotero, EndNote and others write it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rag.papers import find_identifier
from rag.sources.base import Confidence, Item, Reader
from rag.sources.record import Record, notes_retraction, to_item
from rag.sources.tagged import Syntax, TaggedRecord, tagged_records
from rag.text.dates import parse_date, year_of
from rag.text.remarks import read_remarks

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rag.sources.document import Document, Head

__all__ = ["READER"]

_START = re.compile(r"^[ \t]*TY( {1,2})-[ \t]*\w", re.MULTILINE)
# A line of an abstract may begin as "AU - 17" does: a tag has two blanks before its hyphen, unless
# the whole file has one.
_STRICT = re.compile(r"[ \t]*([A-Z][A-Z0-9]) {2}-(?:[ \t]*(.*))?")
_LOOSE = re.compile(r"[ \t]*([A-Z][A-Z0-9]) {1,2}-(?:[ \t]+(.*))?")
_PUBMED = re.compile(r"pubmed|medline", re.IGNORECASE)
_NO_YEAR = re.compile(r"/(\d\d)/(\d\d)/?")


def _sniff(head: Head) -> Confidence:
    start = _START.search(head.text)
    if not start:
        return Confidence.NO
    is_first = not head.text[: start.start()].strip()
    return Confidence.SIGNATURE if is_first else Confidence.MARKS


def _read(document: Document) -> Iterator[Item]:
    start = _START.search(document.head.text)
    is_loose = start is not None and start[1] == " "
    syntax = Syntax(tag=_LOOSE if is_loose else _STRICT, begin="TY", end="ER")
    for found in tagged_records(document, syntax):
        yield to_item(_record(found), document, f"line {found.line}")


def _record(found: TaggedRecord) -> Record:
    accession = found.first("AN")
    scheme, _, identifier = (find_identifier(accession) or "").partition(":")
    if accession.isdecimal() and _PUBMED.search(found.first("DB", "DP")):
        scheme, identifier = "pmid", accession
    urls = found.all("UR", "LK")
    date, year = _when(found)
    return Record(
        title=found.first("TI", "T1", "CT", "BT"),
        abstract="\n".join(found.all("AB", "N2")),
        authors=found.all("AU", "A1"),
        date=date,
        year=year,
        venue=found.first("JF", "T2", "BT", "C3", "JO", "JA", "J2", "J1"),
        url=urls[0] if urls else None,
        ids={"doi": [*found.all("DO"), *found.all("M3"), *urls], scheme: identifier},
        type=found.all("TY"),
        key=found.first("ID"),
        remarks=read_remarks(found.all("N1")),
        retracted=notes_retraction(*found.all("N1")),
    )


def _when(found: TaggedRecord) -> tuple[str, str]:
    """Return date and year; a date of another year is that of something else."""
    year, date = found.first("PY", "Y1"), found.first("DA")
    if day := _NO_YEAR.fullmatch(date):
        return f"--{day[1]}-{day[2]}", year
    known, dated = year_of(parse_date(year)), year_of(parse_date(date))
    return ("", year) if known and dated and known != dated else (date, year)


READER = Reader(name="ris", label="RIS", suffixes=(".ris",), sniff=_sniff, read=_read)
