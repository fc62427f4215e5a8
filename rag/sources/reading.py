"""Have a document read by the reader that knows its format best, archives looked through."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from rag.papers import Paper
from rag.sources.archives import is_packed, unpack
from rag.sources.base import Confidence, Item, Reader, Rejection, Unread, all_readers
from rag.sources.document import TooLargeError, UnreadableError
from rag.sources.kinds import name_kind
from rag.text.decoding import NotTextError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rag.sources.document import Document, Head

__all__ = ["NO_PAPERS", "read_document"]

NO_PAPERS = "it holds no papers"
# A file of that much that is no paper has none: it is in another format, or made to keep a machine
# busy.
_MOST_IN_A_ROW = 100_000


def read_document(document: Document, reader: Reader | None = None) -> Iterator[Item]:
    """Yield the papers of a document, and what could not be read.

    Args:
        document: Where it comes from makes no difference: file, upload or response.
        reader: Where a person knows the format; None has the surest reader read.
    """
    count, empty, in_a_row = 0, True, 0
    try:
        for item in _read(document, reader):
            empty = False
            if isinstance(item, Paper):
                count, in_a_row = count + 1, 0
            else:
                in_a_row += 1
            yield item
            if in_a_row == _MOST_IN_A_ROW:
                raise TooLargeError(
                    f"{in_a_row:,} records in a row gave no paper: what follows is not read"
                )
        if empty:
            yield Rejection(document.source, "", NO_PAPERS)
    except (NotTextError, UnreadableError) as error:
        place = getattr(error, "place", "") or _behind(count)
        yield Unread(document.source, place, str(error))


def _behind(count: int) -> str:
    return "" if not count else "after 1 paper" if count == 1 else f"after {count:,} papers"


def _read(document: Document, reader: Reader | None) -> Iterator[Item]:
    head = document.head
    if head.is_blank:
        yield Rejection(document.source, "", "the file is empty")
    elif is_packed(head):
        for part in unpack(document):
            if isinstance(part, Rejection):
                yield part
            else:
                yield from (_placed(item, part.path) for item in read_document(part, reader))
    elif chosen := reader or _surest(head):
        yield from chosen.read(document)
    else:
        yield Rejection(document.source, "", _why_unread(head))


def _placed(item: Item, path: str) -> Item:
    """Say of what was rejected within an archive in which of its files."""
    if not path or not isinstance(item, Rejection):
        return item
    return replace(item, place=f"{path}, {item.place}" if item.place else path)


def _surest(head: Head) -> Reader | None:
    confidence, reader = max(
        ((reader.sniff(head), reader) for reader in all_readers()), key=lambda pair: pair[0]
    )
    if confidence is Confidence.NAME:
        # The content says more, also where it only tells why it can't be read.
        return None if head.is_binary or name_kind(head) else reader
    return reader if confidence else None


def _why_unread(head: Head) -> str:
    if kind := name_kind(head):
        return f"this is {kind}"
    if head.is_binary:
        return "the file is binary, not text"
    names = ", ".join(reader.name for reader in all_readers())
    return f"in none of the formats that can be read: {names}"
