"""Read the ACL Anthology's XML: one file a collection of volumes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rag.sources.base import Confidence, Item, Reader
from rag.sources.record import Record, to_item
from rag.sources.xml import elements, markup, plain

if TYPE_CHECKING:
    from collections.abc import Iterator
    from xml.etree.ElementTree import Element

    from rag.sources.document import Document, Head

__all__ = ["READER"]


def _sniff(head: Head) -> Confidence:
    is_anthology = head.xml_root == "collection" and "<volume" in head.text
    return Confidence.SIGNATURE if is_anthology else Confidence.NO


def _read(document: Document) -> Iterator[Item]:
    about: Element | None = None  # of the volume
    number = 0
    for element in elements(document, {"meta", "paper"}):
        if element.tag == "meta":
            about = element
            continue
        number += 1
        yield to_item(_record(element, about), document, f"paper {number}")


def _record(paper: Element, about: Element | None) -> Record:
    def of_volume(name: str) -> str:
        return "" if about is None else markup(about.find(name))

    for formula in paper.iter("tex-math"):
        formula.text = f"${formula.text or ''}$"
    month, year = of_volume("month"), of_volume("year")
    # A paper's address is its id in the Anthology, unless it lies elsewhere.
    address = plain(paper.find("url"))
    is_elsewhere = "://" in address
    return Record(
        title=markup(paper.find("title")),
        abstract=markup(paper.find("abstract")),
        authors=[_name(author) for author in paper.iterfind("author")],
        date=f"{month}, {year}" if month else None,
        year=year,
        venue=of_volume("booktitle"),
        url=address if is_elsewhere else f"https://aclanthology.org/{address}" if address else None,
        ids={"doi": plain(paper.find("doi")), "acl": "" if is_elsewhere else address},
        own_id=f"acl:{address}" if address and not is_elsewhere else None,
        type="inproceedings",
        retracted=paper.find("retracted") is not None,
    )


def _name(author: Element) -> dict[str, str]:
    return {"first": plain(author.find("first")), "last": plain(author.find("last"))}


READER = Reader(
    name="acl-xml", label="ACL Anthology XML", suffixes=(".xml",), sniff=_sniff, read=_read
)
