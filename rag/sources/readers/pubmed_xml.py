"""Read PubMed's XML, as its `efetch` answers and its yearly files hold it."""

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

_ROOTS = frozenset({"pubmedarticleset", "pubmedbookarticleset", "pubmedarticle"})
_RECORDS = frozenset({"PubmedArticle", "PubmedBookArticle"})


def _sniff(head: Head) -> Confidence:
    return Confidence.SIGNATURE if head.xml_root.lower() in _ROOTS else Confidence.NO


def _read(document: Document) -> Iterator[Item]:
    for number, element in enumerate(elements(document, _RECORDS), start=1):
        yield to_item(_record(element), document, f"record {number}")


def _record(element: Element) -> Record:
    citation = element.find("MedlineCitation")
    book = element.find("BookDocument")
    source = citation if citation is not None else book if book is not None else element
    article = source.find("Article")
    article = source if article is None else article
    pmid = plain(source.find("PMID"))
    title = markup(article.find("ArticleTitle")) or markup(source.find("Book/BookTitle"))
    return Record(
        title=title or markup(article.find("VernacularTitle")),
        abstract=[_paragraph(part) for part in article.iterfind("Abstract/AbstractText")],
        authors=[
            name
            for author in article.iterfind("AuthorList/Author")
            if author.get("ValidYN") != "N" and (name := _name(author))
        ],
        date=_date(article.find("ArticleDate")) or _date(_issue(article)),
        year=_date(_issue(article)),
        venue=plain(article.find("Journal/Title")) or plain(source.find("Book/BookTitle")),
        ids={"pmid": pmid, **_identifiers(element, article)},
        own_id=f"pmid:{pmid}",
        type=[plain(kind) for kind in article.iterfind("PublicationTypeList/PublicationType")],
    )


def _paragraph(part: Element) -> dict[str, str]:
    return {"label": part.get("Label", ""), "text": markup(part)}


def _name(author: Element) -> dict[str, str]:
    collective = plain(author.find("CollectiveName"))
    if collective:
        return {"literal": collective}
    parts = {
        "family": plain(author.find("LastName")),
        "given": plain(author.find("ForeName")) or plain(author.find("Initials")),
        "suffix": plain(author.find("Suffix")),
    }
    return {name: value for name, value in parts.items() if value}


def _issue(article: Element) -> Element | None:
    """Return the date of the issue that an article is in, or of its book."""
    date = article.find("Journal/JournalIssue/PubDate")
    return article.find("Book/PubDate") if date is None else date


def _date(element: Element | None) -> str:
    """Return a date as text; empty when there is none."""
    if element is None:
        return ""
    parts = [plain(element.find(name)) for name in ("Year", "Month", "Day")]
    stated = [part for part in parts if part]
    if len(stated) > 1 and stated[1].isdecimal():
        return "-".join(stated)
    return " ".join(reversed(stated)) or plain(element.find("MedlineDate"))


def _identifiers(element: Element, article: Element) -> dict[str, str]:
    """Return the DOI and the like; those of works that it refers to stand elsewhere."""
    found: dict[str, str] = {}
    for path in ("PubmedData/ArticleIdList/ArticleId", "PubmedBookData/ArticleIdList/ArticleId"):
        for identifier in element.iterfind(path):
            found.setdefault(identifier.get("IdType", ""), plain(identifier))
    for location in article.iterfind("ELocationID"):
        if location.get("ValidYN") != "N":
            found.setdefault(location.get("EIdType", ""), plain(location))
    return {kind: value for kind, value in found.items() if kind in {"doi", "pmc"}}


READER = Reader(name="pubmed-xml", label="PubMed XML", suffixes=(".xml",), sniff=_sniff, read=_read)
