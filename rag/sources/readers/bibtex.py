"""Read BibTeX and BibLaTeX: entries of any type, their LaTeX as plain text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rag.sources.base import Confidence, Item, Reader, Rejection
from rag.sources.bibtex import BibEntry, BrokenEntry, bib_entries, split_names
from rag.sources.record import Record, notes_retraction, to_item
from rag.text.latex import field_to_text
from rag.text.remarks import read_remarks

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rag.sources.document import Document, Head

__all__ = ["READER"]

_ENTRY = re.compile(r"^[ \t]*@[A-Za-z]+[ \t]*[{(][^\n{}]*[,=]", re.MULTILINE)
_VENUES = ("journal", "journaltitle", "booktitle", "howpublished", "school", "institution")
_ARXIV = re.compile(r"(?:arXiv:\s*|\babs/)(\d{4}\.\d{4,5})", re.IGNORECASE)
_URL = re.compile(r"\\url\s*\{(.*)\}")
_ESCAPED = re.compile(r"\\([%&#_~{}])(?:\{\})?")


def _sniff(head: Head) -> Confidence:
    return Confidence.MARKS if _ENTRY.search(head.text) else Confidence.NO


def _read(document: Document) -> Iterator[Item]:
    for entry in bib_entries(document):
        place = f"line {entry.line}"
        if isinstance(entry, BrokenEntry):
            yield Rejection(document.source, place, entry.reason)
        else:
            yield to_item(_record(entry), document, place)


def _record(entry: BibEntry) -> Record:
    fields = entry.fields

    def text(*names: str) -> str:
        return next((value for name in names if (value := field_to_text(fields.get(name, "")))), "")

    where = " ".join(fields.get(name, "") for name in ("journal", "volume", "note"))
    arxiv = _ARXIV.search(where)
    return Record(
        title=": ".join(part for part in (text("title"), text("subtitle")) if part),
        abstract=text("abstract"),
        authors=_names(fields.get("author", "")),
        date=text("date").partition("/")[0] or _date(text("year"), text("month"), text("day")),
        year=text("year"),
        venue=text(*_VENUES),
        url=_verbatim(fields.get("url", "")),
        ids={
            "doi": _verbatim(fields.get("doi", "")),
            "arxiv": arxiv[1] if arxiv else None,
            "pmid": text("pmid"),
            **_eprint(fields),
            "pmcid": text("pmcid", "pmc"),
            "wos": text("unique-id").removeprefix("ISI:"),
        },
        type=entry.kind,
        key=entry.key,
        remarks=read_remarks([text("annote")]),
        retracted=notes_retraction(text("note")),
    )


def _eprint(fields: Mapping[str, str]) -> dict[str, str]:
    """Return the identifier of a preprint by the archive that it lies in."""
    archive = (fields.get("eprinttype") or fields.get("archiveprefix") or "arxiv").strip("{} ")
    scheme = {"arxiv": "arxiv", "pubmed": "pmid"}.get(archive.lower())
    identifier = _verbatim(fields.get("eprint", ""))
    return {scheme: identifier} if scheme and identifier else {}


def _names(field: str) -> list[str]:
    """Return the names in a field; one that is in braces as a whole stays in them."""
    names = []
    for name in split_names(field):
        whole = name.startswith("{") and name.endswith("}") and not re.search("[{}]", name[1:-1])
        plain = field_to_text(name)
        names.append(f"{{{plain}}}" if whole and not re.search("[{}]", plain) else plain)
    return [name for name in names if name.casefold() != "others"]


def _date(year: str, month: str, day: str) -> str:
    if month.isdecimal():
        return "-".join(part for part in (year, month, day) if part)
    day = f"{month} {day}".strip() if month else ""
    return f"{day}, {year}" if day and year else day


def _verbatim(field: str) -> str:
    """Return an address or identifier as it is typed: exports escape what LaTeX would read."""
    field = field.strip()
    if field.startswith("{") and field.endswith("}"):
        field = field[1:-1].strip()
    url = _URL.fullmatch(field)
    return _ESCAPED.sub(r"\1", url[1] if url else field)


READER = Reader(name="bibtex", label="BibTeX", suffixes=(".bib",), sniff=_sniff, read=_read)
