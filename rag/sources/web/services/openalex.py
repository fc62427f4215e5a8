"""OpenAlex, through its API: https://docs.openalex.org."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING
from urllib.parse import quote

from rag.papers import find_identifier
from rag.sources.web.service import Pages, Query, Request, Service

if TYPE_CHECKING:
    from urllib.parse import SplitResult

__all__ = ["SERVICE"]

_PAGE = 100
_ALTERNATIVES = 50  # in one filter
_OWN_SIGNS = re.compile(r"[,|:!]")  # which separate filters and their alternatives
_PLACES = re.compile(r"/(?:works/)?(w\d+)/?", re.IGNORECASE)


def _read_id(text: str) -> str | None:
    if re.fullmatch(r"w\d{1,12}", text, re.IGNORECASE):
        return text.upper()
    scheme, _, bare = (find_identifier(text) or "").partition(":")
    if scheme == "arxiv":
        return f"doi:10.48550/arxiv.{bare}"
    if scheme == "openalex":
        return bare
    return f"{scheme}:{bare}" if scheme in {"doi", "pmid"} else None


def _read_address(parts: SplitResult) -> Query | None:
    match = _PLACES.fullmatch(parts.path)
    return Query("openalex", "ids", (match[1].upper(),)) if match else None


def _pages(query: Query, limit: int) -> Pages:
    if query.kind == "retractions":
        yield from _retractions(query.values)
        return None
    if query.kind == "ids":
        for one in query.values:
            yield Request(path=f"/works/{quote(one, safe=':/')}", about=one)
        return None
    terms = " ".join(_OWN_SIGNS.sub(" ", query.values[0]).split())
    total, read, cursor = None, 0, "*"
    while cursor and (total is None or read < min(total, limit)):
        size = min(_PAGE, limit - read)
        page = yield Request(
            path="/works",
            params={
                "filter": f"title_and_abstract.search:{terms}",
                "sort": "publication_date:desc",
                "per-page": str(size),
                "cursor": cursor,
            },
        )
        total, cursor = _meta(page.body)
        read += size
    return total


def _retractions(dois: tuple[str, ...]) -> Pages:
    """Ask which of some works were retracted, of many at once."""
    plain = [doi for doi in dois if not _OWN_SIGNS.search(doi)]
    for start in range(0, len(plain), _ALTERNATIVES):
        some = "|".join(plain[start : start + _ALTERNATIVES])
        yield Request(
            path="/works",
            params={
                "filter": f"doi:{some},is_retracted:true",
                "select": "id,doi,title,is_retracted",
                "per-page": str(_PAGE),
            },
        )
    for doi in dois:
        if _OWN_SIGNS.search(doi):
            yield Request(path=f"/works/doi:{quote(doi, safe='/')}", optional=True, about=doi)
    return None


def _meta(body: bytes) -> tuple[int, str]:
    """Return how many works there are, and what asks for the next ones; empty at the end."""
    try:
        meta = json.loads(body)["meta"]
        return int(meta["count"]), str(meta.get("next_cursor") or "")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return 0, ""


SERVICE = Service(
    name="openalex",
    label="OpenAlex",
    forms=("openalex:W2741809807", "openalex:10.7717/peerj.4375", 'openalex:"open access"'),
    order="the newest first, all words in title or abstract",
    addresses={"openalex": "https://api.openalex.org"},
    hosts=("openalex.org", "api.openalex.org", "explore.openalex.org"),
    interval=0.2,
    about_rate="5 requests a second; `web_contact` brings it into the polite pool",
    read_id=_read_id,
    read_address=_read_address,
    pages=_pages,
    mail="mailto",
    key_variable="OPENALEX_API_KEY",
    key_param="api_key",
)
