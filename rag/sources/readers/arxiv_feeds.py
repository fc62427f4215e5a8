"""Read arXiv's feeds: the answers of its API in Atom, and the papers of a day in RSS."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rag.sources.base import Confidence, Item, Reader
from rag.sources.record import BadRecordError, Record, says_withdrawn
from rag.sources.xml_records import children, local_name, read_xml, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from xml.etree.ElementTree import Element

    from rag.sources.document import Document, Head

__all__ = ["READER"]

_ROOTS = frozenset({"feed", "rss"})
_ERROR = "/api/errors"  # in the id of an entry that is no paper
# What stands in front of the abstract in an item of RSS.
_ANNOUNCED = re.compile(r"\s*arXiv:\S+\s+Announce Type:\s*\S+\s*(?:Abstract:\s*)?")


def _sniff(head: Head) -> Confidence:
    known = head.xml_root.lower() in _ROOTS and "arxiv.org" in head.text.lower()
    return Confidence.SIGNATURE if known else Confidence.NO


def _read(document: Document) -> Iterator[Item]:
    return read_xml(document, {"entry", "item"}, _convert)


def _convert(entry: Element) -> Record:
    return _from_atom(entry) if local_name(entry) == "entry" else _from_rss(entry)


def _from_atom(entry: Element) -> Record:
    own_id = text_of(entry, "id")
    if _ERROR in own_id:
        summary = text_of(entry, "summary")
        raise BadRecordError(f'the service returned an error, not papers: "{summary}"')
    return Record(
        title=text_of(entry, "title"),
        abstract=text_of(entry, "summary"),
        authors=[text_of(author, "name") for author in children(entry, "author")],
        date=text_of(entry, "published"),  # of the first version; `updated` is of the last
        venue=text_of(entry, "journal_ref"),
        ids={"arxiv": own_id, "doi": text_of(entry, "doi").split()},
        retracted=says_withdrawn(text_of(entry, "comment")),
    )


def _from_rss(item: Element) -> Record:
    return Record(
        title=text_of(item, "title"),
        abstract=_ANNOUNCED.sub("", text_of(item, "description"), count=1),
        authors=text_of(item, "creator"),
        venue=text_of(item, "journal_reference"),
        ids={"arxiv": text_of(item, "link"), "doi": text_of(item, "DOI").split()},
    )


READER = Reader(
    name="arxiv",
    label="arXiv's Atom and RSS feeds",
    suffixes=(".xml", ".atom", ".rss"),
    sniff=_sniff,
    read=_read,
)
