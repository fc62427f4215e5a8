"""Read EndNote's XML, which Covidence and other programs export as well."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rag.sources.base import Confidence, Item, Reader
from rag.sources.record import Record, to_item
from rag.sources.xml import elements, plain

if TYPE_CHECKING:
    from collections.abc import Iterator
    from xml.etree.ElementTree import Element

    from rag.sources.document import Document, Head

__all__ = ["READER"]


def _sniff(head: Head) -> Confidence:
    is_library = head.xml_root.lower() in {"xml", "records"} and "<records>" in head.text
    return Confidence.SIGNATURE if is_library else Confidence.NO


def _read(document: Document) -> Iterator[Item]:
    for number, element in enumerate(elements(document, {"record"}), start=1):
        yield to_item(_record(element), document, f"record {number}")


def _record(element: Element) -> Record:
    def text(*paths: str) -> str:
        return next((found for path in paths if (found := plain(element.find(path)))), "")

    year, day = text("dates/year"), text("dates/pub-dates/date")
    kind = element.find("ref-type")
    return Record(
        title=text("titles/title"),
        abstract=text("abstract"),
        authors=[plain(author) for author in element.iterfind("contributors/authors/author")],
        date=f"{day}, {year}" if day and year not in day else day,
        year=year,
        venue=text("periodical/full-title", "titles/secondary-title", "titles/alt-title"),
        url=text("urls/related-urls/url", "urls/web-urls/url"),
        ids={
            "doi": text("electronic-resource-num"),
            "pmid": text("accession-num") if _is_pubmed(element) else "",
        },
        type="" if kind is None else kind.get("name", ""),
    )


def _is_pubmed(element: Element) -> bool:
    """Tell whether the number under which a record is known is PubMed's."""
    names = (plain(element.find(f"remote-database-{part}")) for part in ("name", "provider"))
    return any(name.lower() in {"pubmed", "medline", "nlm"} for name in names)


READER = Reader(
    name="endnote-xml", label="EndNote XML", suffixes=(".xml",), sniff=_sniff, read=_read
)
