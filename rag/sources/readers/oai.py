"""Read records that repositories hand out by OAI-PMH: arXiv's own formats, and Dublin Core."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rag.sources.base import Confidence, Item, Reader, Rejection
from rag.sources.record import EMPTY_RESULT, Record, says_withdrawn, to_item
from rag.sources.xml import elements, plain
from rag.text.dates import parse_date

if TYPE_CHECKING:
    from collections.abc import Iterator
    from xml.etree.ElementTree import Element

    from rag.sources.document import Document, Head

__all__ = ["READER"]


def _sniff(head: Head) -> Confidence:
    return Confidence.SIGNATURE if head.xml_root == "OAI-PMH" else Confidence.NO


def _read(document: Document) -> Iterator[Item]:
    number = 0
    for number, element in enumerate(elements(document, {"record", "error"}), start=1):
        place = f"record {number}"
        described = element.find("metadata/*")
        if described is None:
            yield Rejection(document.source, place, _why_none(element))
        else:
            own_id = plain(element.find("header/identifier"))
            is_core = described.tag == "dc"
            record = _from_dublin_core(described, own_id) if is_core else _from_arxiv(described)
            yield to_item(record, document, place)
    if not number:
        yield Rejection(document.source, "", EMPTY_RESULT)


def _why_none(element: Element) -> str:
    if element.tag == "record":
        header = element.find("header")
        deleted = header is not None and header.get("status") == "deleted"
        return "its repository has deleted it" if deleted else "no metadata"
    if element.get("code") == "noRecordsMatch":
        return EMPTY_RESULT
    return f'the service returned an error, not papers: "{plain(element) or element.get("code")}"'


def _from_arxiv(described: Element) -> Record:
    first = described.find("version/date")
    people = [{part.tag: part.text for part in one} for one in described.iterfind("authors/author")]
    return Record(
        title=plain(described.find("title")),
        abstract=plain(described.find("abstract")),
        authors=people or plain(described.find("authors")),
        date=plain(described.find("created") if first is None else first),
        venue=plain(described.find("journal-ref")),
        ids={"arxiv": plain(described.find("id")), "doi": plain(described.find("doi")).split()},
        retracted=says_withdrawn(plain(described.find("comments"))),
    )


def _from_dublin_core(described: Element, own_id: str) -> Record:
    def texts(name: str) -> list[str]:
        return [plain(child) for child in described.iterfind(name)]

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
