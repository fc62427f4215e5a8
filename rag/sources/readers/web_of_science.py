"""Read exports of Web of Science: tagged (`.ciw`, plain text) or as a table between tabs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rag.sources.base import Confidence, Item, Reader
from rag.sources.record import Record, to_item
from rag.sources.tagged import Syntax, TaggedRecord, tagged_records

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rag.sources.document import Document, Head

__all__ = ["READER"]

_SYNTAX = Syntax(
    tag=re.compile(r"([A-Z][A-Z0-9])(?: (.*))?"),
    begin="PT",
    end="ER",
    ignored=frozenset({"FN", "VR", "EF"}),
)
_TAGGED = re.compile(r"\s*(?:FN .*\n\s*VR .*\n\s*)?PT [A-Z]\n")
_TABLE = re.compile(r"PT\t(?:[A-Z][A-Z0-9]\t)*[A-Z][A-Z0-9]\t?\n")


def _sniff(head: Head) -> Confidence:
    text = head.text.removeprefix("\ufeff")
    found = _TAGGED.match(text) or _TABLE.match(text)
    return Confidence.SIGNATURE if found else Confidence.NO


def _read(document: Document) -> Iterator[Item]:
    is_table = bool(_TABLE.match(document.head.text.removeprefix("\ufeff")))
    for found in _rows(document) if is_table else tagged_records(document, _SYNTAX):
        yield to_item(_record(found), document, f"line {found.line}")


def _rows(document: Document) -> Iterator[TaggedRecord]:
    """Yield the rows of a table as records: the names of its columns are the tags."""
    tags: list[str] = []
    for number, line in enumerate(document.text_lines(), start=1):
        cells = line.rstrip("\r\n").split("\t")  # never in quotes
        if not tags:
            tags = cells
        elif any(map(str.strip, cells)):
            values = zip(tags, cells, strict=False)
            yield TaggedRecord(number, {tag: [value] for tag, value in values})


def _record(found: TaggedRecord) -> Record:
    day, year = found.first("PD"), found.first("PY")
    return Record(
        title=found.first("TI"),
        abstract=found.first("AB"),
        # One name a line, or all between semicolons.
        authors=re.split(r"[;\n]", found.first("AF", "AU", "CA")),
        date=f"{day}, {year}" if day else None,
        year=year,
        venue=found.first("SO"),
        ids={"doi": found.first("DI"), "pmid": found.first("PM"), "wos": found.first("UT")},
        type=found.first("DT"),
    )


READER = Reader(
    name="wos",
    label="exports of Web of Science",
    suffixes=(".ciw",),
    sniff=_sniff,
    read=_read,
)
