"""DOIs and searches at Crossref (https://api.crossref.org); other agencies' DOIs at doi.org."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

from rag.papers import find_identifier
from rag.sources.web.service import Pages, Query, Request, Service

if TYPE_CHECKING:
    from urllib.parse import SplitResult

__all__ = ["SERVICE"]

_PAGE = 100
_CSL = "application/vnd.citationstyles.csl+json"


def _read_id(text: str) -> str | None:
    scheme, _, bare = (find_identifier(text) or "").partition(":")
    # arXiv's own DOIs are read as arXiv ids.
    return bare if scheme == "doi" else f"10.48550/arxiv.{bare}" if scheme == "arxiv" else None


def _read_address(parts: SplitResult) -> Query | None:
    found = _read_id(unquote(parts.path).strip("/"))
    if found and found.startswith("10.48550/arxiv."):
        return Query("arxiv", "ids", (found.removeprefix("10.48550/arxiv."),))
    return Query("doi", "ids", (found,)) if found else None


def _pages(query: Query, limit: int) -> Pages:
    if query.kind == "terms":
        return (yield from _search(query.values[0], limit))
    for doi in query.values:
        escaped = quote(doi, safe="/")
        page = yield Request(path=f"/works/{escaped}", optional=True, about=doi)
        if page.status == 404:
            # DataCite and other agencies; doi.org knows which, and asks it for the record.
            yield Request(path=f"/{escaped}", at="doi", headers={"Accept": _CSL}, about=doi)
    return None


def _search(terms: str, limit: int) -> Pages:
    total, read, cursor = None, 0, "*"
    while cursor and (total is None or read < min(total, limit)):
        size = min(_PAGE, limit - read)
        params = {"query.bibliographic": terms, "rows": str(size), "cursor": cursor}
        page = yield Request(path="/works", params=params)
        message = _message(page.body)
        found = message.get("total-results")
        total = found if isinstance(found, int) else 0
        cursor = str(message.get("next-cursor") or "")
        read += size
    return total


def _message(body: bytes) -> dict[str, Any]:
    try:
        message = json.loads(body)["message"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return {}
    return message if isinstance(message, dict) else {}


SERVICE = Service(
    name="doi",
    label="Crossref",
    aliases=("crossref",),
    forms=("doi:10.1145/3292500.3330701", 'crossref:"graph transformers"'),
    order="the best match first, any of the words",
    addresses={"crossref": "https://api.crossref.org", "doi": "https://doi.org"},
    hosts=("doi.org", "dx.doi.org"),
    interval=1.0,
    about_rate="one request a second; `web_contact` brings it into the polite pool",
    read_id=_read_id,
    read_address=_read_address,
    pages=_pages,
    mail="mailto",
)
