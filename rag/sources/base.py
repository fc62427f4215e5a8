"""What a reader is, which there are, and what they hand on: papers, and what gave none.

A format is one module in `rag.sources.readers` that holds one `Reader`. Everything that names
formats (the command line's help, messages, the page's labels and file picker, the documentation)
asks `all_readers` for them.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, TypeAlias

from rag.papers import Paper
from rag.registry import discover

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rag.sources.document import Document, Head

__all__ = ["Confidence", "Failure", "Item", "Reader", "Rejection", "Unread", "all_readers"]


@dataclass(frozen=True, slots=True)
class Rejection:
    """A piece of input that gave no paper.

    Attributes:
        source: The file or name that was asked for.
        place: Where in it, such as `line 12`; empty when it is the whole of it.
        reason: Why, in words for the person who has to mend it.
    """

    source: str
    place: str
    reason: str

    def __str__(self) -> str:
        where = f"{self.source}, {self.place}" if self.place else self.source or '""'
        return f"{where}: {self.reason}"


@dataclass(frozen=True, slots=True)
class Unread(Rejection):
    """A document, or what is left of it, that was not read; it may hold papers."""


@dataclass(frozen=True, slots=True)
class Failure(Rejection):
    """A source that could not be asked, or not to its end; asked again, it may be."""


Item: TypeAlias = Paper | Rejection


class Confidence(IntEnum):
    """How sure a reader is that a document is in its format.

    This is the order in which readers are preferred: the one with the most specific evidence
    reads. Where two have the same, the first in order of name does.
    """

    NO = 0
    NAME = 1  # only the name of the file says so
    SHAPE = 2  # it has the form, which other formats share: a JSON object on each line
    MARKS = 3  # it has what is usual for the format alone: keys, column headers, phrases
    SIGNATURE = 4  # it begins as nothing else may: magic bytes, the root element


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """A format in which papers come.

    Attributes:
        name: What people type, as in `rag add --format jsonl`.
        label: What it reads, in the plural, as it stands within a sentence.
        suffixes: The endings that its files have, in lower case, the usual one first.
        sniff: Says how surely a document is in the format, from its head alone. It is asked about
            everything, so it answers quickly and takes whatever comes.
        read: Yields the papers of a document, and a rejection for everything in it that gave
            none: line by line, or from the whole text or bytes, as the format demands. What a
            `Document` raises may pass through.
    """

    name: str
    label: str
    suffixes: tuple[str, ...]
    sniff: Callable[[Head], Confidence]
    read: Callable[[Document], Iterator[Item]]


def all_readers() -> tuple[Reader, ...]:
    """Return all readers, in order of name."""
    return discover("rag.sources.readers", Reader)
