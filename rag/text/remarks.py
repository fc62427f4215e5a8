"""What a format of references has no field for, as remarks in its notes: written and read.

`3 of 8 authors listed` is for people; the others begin with a word and a colon, as the lines that
people and programs keep in such notes do, and come back as they were.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rag.text.names import divide_names, join_names

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["Remarks", "read_remarks", "write_remarks"]

_LISTED = re.compile(r"\b\d+ of (\d+) authors listed\b")
_IDENTIFIERS = re.compile(r"\bIdentifiers: (\S+:\S+(?: \S+:\S+)*)")
_DATED = re.compile(r"\bDated: (-?[\d-]{4,10})(?!\S)")
_NAMES = "Names: "
_AS_IT_STANDS = "Texts: as they stand"


@dataclass(frozen=True, slots=True, kw_only=True)
class Remarks:
    """What remarks tell of a record.

    Attributes:
        listed: How many authors the record lists.
        author_count: How many the work has, where that is more.
        identifiers: All that identifies the work, what it is called by first.
        date: Where it is of another year than the record's.
        authors: Where the format's own way of writing them would change them.
        as_they_stand: Whether cleaning the record's texts would change them.
    """

    listed: int = 0
    author_count: int | None = None
    identifiers: Sequence[str] = ()
    date: str = ""
    authors: Sequence[str] = ()
    as_they_stand: bool = False


def write_remarks(remarks: Remarks) -> list[str]:
    """Return a line for each thing that is to be said."""
    lines: list[str] = []
    if (remarks.author_count or 0) > remarks.listed:
        lines.append(f"{remarks.listed} of {remarks.author_count} authors listed")
    if remarks.identifiers:
        lines.append(f"Identifiers: {' '.join(remarks.identifiers)}")
    if remarks.date:
        lines.append(f"Dated: {remarks.date}")
    if remarks.as_they_stand:
        lines.append(_AS_IT_STANDS)
    if remarks.authors:
        lines.append(f"{_NAMES}{join_names(remarks.authors)}")
    return lines


def read_remarks(notes: Iterable[str]) -> Remarks:
    r"""Find the remarks among the notes of a record.

    >>> read_remarks(["Read on the train.\n3 of 8 authors listed"]).author_count
    8
    """
    text, _, names = "\n".join(notes).partition(_NAMES)  # which may hold whatever names do
    listed = _LISTED.search(text)
    identifiers, dated = _IDENTIFIERS.search(text), _DATED.search(text)
    return Remarks(
        author_count=int(listed[1][:9]) if listed else None,
        identifiers=tuple(identifiers[1].split()) if identifiers else (),
        date=dated[1] if dated else "",
        authors=tuple(divide_names(names.partition("\n")[0])),
        as_they_stand=_AS_IT_STANDS in text,
    )
