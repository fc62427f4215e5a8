"""Read EndNote's tagged text, which Google Scholar and publishers call ENW, and its older kin."""

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

_TAG = re.compile(r"%([0-9A-Z@!#$&*()\[\]~^<>+=?])(?:[ \t]+(.*))?")
_TYPED = re.compile(r"^%0 [A-Za-z]", re.MULTILINE)
_START = re.compile(r"\s*%[0AT] \S")
_YEAR = re.compile(r"\d{4}")


def _sniff(head: Head) -> Confidence:
    if not _START.match(head.text):
        return Confidence.NO
    return Confidence.SIGNATURE if _TYPED.search(head.text) else Confidence.SHAPE


def _read(document: Document) -> Iterator[Item]:
    # Where records say their type, a blank line may stand within one; else it divides them.
    is_typed = bool(_TYPED.search(document.head.text))
    syntax = Syntax(tag=_TAG, begin="0", begin_is_needed=is_typed, blank_ends=not is_typed)
    for found in tagged_records(document, syntax):
        yield to_item(_record(found), document, f"line {found.line}")


def _record(found: TaggedRecord) -> Record:
    year, day = found.first("D"), found.first("8")
    return Record(
        title=found.first("T"),
        abstract="\n".join(found.all("X")),
        authors=found.all("A"),
        date=day if not day or _YEAR.search(day) else f"{day}, {year}",
        year=year,
        venue=found.first("J", "B"),
        url=found.first("U"),
        ids={"doi": found.all("R"), "arxiv": found.first("M")},
        type=found.all("0"),
    )


READER = Reader(
    name="enw", label="EndNote's tagged text", suffixes=(".enw",), sniff=_sniff, read=_read
)
