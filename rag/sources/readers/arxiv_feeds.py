"""Read arXiv's feeds: the answers of its API in Atom, and the papers of a day in RSS."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rag.sources.base import Confidence, Item, Reader, Rejection
from rag.sources.record import EMPTY_RESULT, Record, says_withdrawn, to_item
from rag.sources.xml import elements, plain

if TYPE_CHECKING:
    from collections.abc import Iterator
    from xml.etree.ElementTree import Element

    from rag.sources.document import Document, Head

__all__ = ["READER"]

_ROOTS = frozenset({"feed", "rss"})
_ERROR = "/api/errors"  # in the id of an entry that is no paper
# What stands in front of the abstract in an item of RSS.
_ANNOUNCED = re.compile(r"arXiv:\S+\s+Announce Type:\s*\S+\s*(?:Abstract:\s*)?")


def _sniff(head: Head) -> Confidence:
    known = head.xml_root.lower() in _ROOTS and "arxiv.org" in head.text.lower()
    return Confidence.SIGNATURE if known else Confidence.NO


def _read(document: Document) -> Iterator[Item]:
    number = 0
    for number, entry in enumerate(elements(document, {"entry", "item"}), start=1):
        place = f"entry {number}"
        if _ERROR in plain(entry.find("id")):
            reason = f'the service returned an error, not papers: "{plain(entry.find("summary"))}"'
            yield Rejection(document.source, place, reason)
        else:
            record = _from_atom(entry) if entry.tag == "entry" else _from_rss(entry)
            yield to_item(record, document, place)
    if not number:
        yield Rejection(document.source, "", EMPTY_RESULT)


def _from_atom(entry: Element) -> Record:
    return Record(
        title=plain(entry.find("title")),
        abstract=plain(entry.find("summary")),
        authors=[plain(author.find("name")) for author in entry.iterfind("author")],
        date=plain(entry.find("published")),  # of the first version; `updated` is of the last
        venue=plain(entry.find("journal_ref")),
        ids={"arxiv": plain(entry.find("id")), "doi": plain(entry.find("doi")).split()},
        retracted=says_withdrawn(plain(entry.find("comment"))),
    )


def _from_rss(item: Element) -> Record:
    return Record(
        title=plain(item.find("title")),
        abstract=_ANNOUNCED.sub("", plain(item.find("description")), count=1),
        authors=plain(item.find("creator")),
        venue=plain(item.find("journal_reference")),
        ids={"arxiv": plain(item.find("link")), "doi": plain(item.find("DOI")).split()},
    )


READER = Reader(
    name="arxiv",
    label="arXiv's Atom and RSS feeds",
    suffixes=(".xml", ".atom", ".rss"),
    sniff=_sniff,
    read=_read,
)
