"""A paper as an item of Zotero's: what its API takes, and our reader of Zotero's items reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rag.export.facts import month_and_day
from rag.export.fields import (
    address,
    date_parts,
    kind_of,
    pmid,
    remarks,
    retraction_note,
    split_name,
)
from rag.text.decoding import one_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rag.papers import Paper

__all__ = ["zotero_item"]

_TYPES = {"conference": "conferencePaper", "journal": "journalArticle", "preprint": "preprint"}
_VENUES = {
    "conferencePaper": "proceedingsTitle",
    "journalArticle": "publicationTitle",
    "preprint": "repository",
}


def zotero_item(paper: Paper, collections: Sequence[str] = ()) -> dict[str, Any]:
    """Return a new item; what Zotero has no field for stands in its `extra`.

    Args:
        paper: The paper.
        collections: The keys of the collections that it goes into.
    """
    kind = _TYPES.get(kind_of(paper), "journalArticle")
    extra = [
        retraction_note(paper),
        f"arXiv: {paper.arxiv_id}" if paper.arxiv_id else "",
        f"PMID: {pmid(paper)}" if pmid(paper) else "",
        f"Citation Key: {paper.key}" if paper.key else "",
        *remarks(paper),
    ]
    parts = date_parts(paper)
    date = "-".join(f"{part:02d}" for part in parts) if parts else month_and_day(paper)
    item = {
        "itemType": kind,
        "title": one_line(paper.title),
        "creators": [_creator(author) for author in paper.authors],
        "abstractNote": one_line(paper.abstract),
        _VENUES[kind]: one_line(paper.venue or ""),
        "date": date,
        "DOI": one_line(paper.doi or ""),
        "url": one_line(address(paper)),
        "extra": "\n".join(line for line in extra if line),
        "collections": list(collections),
    }
    return {name: value for name, value in item.items() if value or name == "title"}


def _creator(author: str) -> dict[str, str]:
    name = split_name(author)
    if name.is_literal:
        return {"creatorType": "author", "name": name.family}
    family = f"{name.full_family} {name.suffix}".strip()
    return {"creatorType": "author", "firstName": name.given, "lastName": family}
