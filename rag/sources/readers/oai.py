"""Read records that repositories hand out by OAI-PMH: arXiv's own formats, and Dublin Core."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rag.sources.base import Confidence, Item, Reader
from rag.sources.record import EMPTY_RESULT, BadRecordError, Record, says_withdrawn
from rag.sources.xml_records import children, local_name, read_xml, text_of
from rag.text.dates import parse_date

if TYPE_CHECKING:
    from collections.abc import Iterator
    from xml.etree.ElementTree import Element

    from rag.sources.document import Document, Head

__all__ = ["READER"]

_EMPTY = "noRecordsMatch"


def _sniff(head: Head) -> Confidence:
    return Confidence.SIGNATURE if head.xml_root == "OAI-PMH" else Confidence.NO


def _read(document: Document) -> Iterator[Item]:
    return read_xml(document, {"record", "error"}, _convert)


def _convert(element: Element) -> Record:
    if local_name(element) == "error":
        if element.get("code") == _EMPTY:
            raise BadRecordError(EMPTY_RESULT)
        text = (element.text or element.get("code") or "").strip()
        raise BadRecordError(f'the service returned an error, not papers: "{text}"')
    headers = children(element, "header")
    if any(header.get("status") == "deleted" for header in headers):
        raise BadRecordError("its repository has deleted it")
    described = next((one for part in children(element, "metadata") for one in part), None)
    if described is None:
        raise BadRecordError("no metadata")
    own_id = next((text_of(header, "identifier") for header in headers), "")
    if local_name(described) == "dc":
        return _from_dublin_core(described, own_id)
    return _from_arxiv(described)


def _from_arxiv(described: Element) -> Record:
    versions = children(described, "version")
    authors = [
        {local_name(part): part.text for part in author}
        for group in children(described, "authors")
        for author in children(group, "author")
    ]
    return Record(
        title=text_of(described, "title"),
        abstract=text_of(described, "abstract"),
        authors=authors or text_of(described, "authors"),
        date=text_of(versions[0], "date") if versions else text_of(described, "created"),
        venue=text_of(described, "journal-ref"),
        ids={"arxiv": text_of(described, "id"), "doi": text_of(described, "doi").split()},
        retracted=says_withdrawn(text_of(described, "comments")),
    )


def _from_dublin_core(described: Element, own_id: str) -> Record:
    def texts(name: str) -> list[str]:
        return [(child.text or "").strip() for child in children(described, name)]

    dates = sorted(date for text in texts("date") if (date := parse_date(text)))
    return Record(
        title=texts("title"),
        abstract=(texts("description") or [""])[0],  # others are comments
        authors=texts("creator"),
        date=dates[0] if dates else None,  # others are of later versions
        venue=texts("source"),
        ids={"otherids": [own_id, *texts("identifier")]},
        type=texts("type"),
    )


READER = Reader(
    name="oai",
    label="OAI-PMH records: arXiv's formats and Dublin Core",
    suffixes=(".xml",),
    sniff=_sniff,
    read=_read,
)
