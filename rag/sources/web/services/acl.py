"""The ACL Anthology: the BibTeX of a paper or of a volume, which holds the abstracts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rag.sources.web.service import Pages, Query, Request, Service

if TYPE_CHECKING:
    from urllib.parse import SplitResult

__all__ = ["SERVICE"]

_VOLUME = r"[A-Z]\d\d-\d{1,2}|\d{4}\.[a-z0-9]+-[a-z0-9]+"
_PAPER = r"[A-Z]\d\d-\d{4,5}|\d{4}\.[a-z0-9]+-[a-z0-9]+\.\d{1,4}"
_ID = re.compile(rf"(?:{_PAPER}|{_VOLUME})", re.IGNORECASE)
_PLACE = re.compile(
    rf"/(?:(?:volumes|papers)/)?({_PAPER}|{_VOLUME})(?:\.pdf|\.bib|\.xml|/)?", re.IGNORECASE
)
_IS_PAPER = re.compile(_PAPER, re.IGNORECASE)


def _read_id(text: str) -> str | None:
    text = text.lower().removeprefix("acl:")
    if not _ID.fullmatch(text):
        return None
    return text.upper() if text[0].isalpha() else text


def _read_address(parts: SplitResult) -> Query | None:
    match = _PLACE.fullmatch(parts.path)
    found = _read_id(match[1]) if match else None
    return Query("acl", "ids", (found,)) if found else None


def _pages(query: Query, limit: int) -> Pages:  # noqa: ARG001 - what is named is wanted
    for one in query.values:
        folder = "" if _IS_PAPER.fullmatch(one) else "/volumes"
        yield Request(path=f"{folder}/{one}.bib", about=one)
    return None


SERVICE = Service(
    name="acl",
    label="the ACL Anthology",
    forms=("acl:2020.acl-main.463", "acl:2020.acl-main"),
    addresses={"acl": "https://aclanthology.org"},
    hosts=("aclanthology.org",),
    interval=1.0,
    about_rate="says nothing; one request a second",
    read_id=_read_id,
    read_address=_read_address,
    pages=_pages,
    kinds=("ids",),
    accepts=("application/x-bibtex", "text/x-bibtex", "text/plain", "application/octet-stream"),
)
