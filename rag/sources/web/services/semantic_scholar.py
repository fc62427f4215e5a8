"""Semantic Scholar, through its Academic Graph API: https://api.semanticscholar.org/api-docs."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING
from urllib.parse import quote, urlunsplit

from rag.papers import find_identifier
from rag.sources.web.service import Pages, Query, Request, Service

if TYPE_CHECKING:
    from urllib.parse import SplitResult

__all__ = ["SERVICE"]

_FIELDS = (
    "paperId,corpusId,externalIds,url,title,abstract,venue,journal,year,publicationDate,"
    "publicationTypes,authors"
)
_CALLED = {
    "s2": "", "corpusid": "CorpusId:", "arxiv": "ARXIV:", "doi": "DOI:", "pmid": "PMID:",
    "acl": "ACL:", "pmcid": "PMCID:",
}  # fmt: skip
_CORPUS = re.compile(r"/corpusid:(\d{1,12})/?", re.IGNORECASE)


def _read_id(text: str) -> str | None:
    if re.fullmatch(r"[0-9a-f]{40}", text, re.IGNORECASE):
        return text.lower()
    scheme, _, bare = (find_identifier(text) or "").partition(":")
    return f"{_CALLED[scheme]}{bare}" if scheme in _CALLED else None


def _read_address(parts: SplitResult) -> Query | None:
    corpus = _CORPUS.fullmatch(parts.path)
    address = urlunsplit((parts.scheme, parts.netloc, parts.path.rstrip("/"), "", ""))
    found = f"CorpusId:{corpus[1]}" if corpus else _read_id(address)
    return Query("s2", "ids", (found,)) if found else None


def _pages(query: Query, limit: int) -> Pages:
    if query.kind == "ids":
        for one in query.values:
            path = f"/graph/v1/paper/{quote(one, safe=':/')}"
            yield Request(path=path, params={"fields": _FIELDS}, about=one)
        return None
    # The one search that has an order of time; a page of it has a thousand papers.
    total, read, token = None, 0, ""
    while total is None or (token and read < limit):
        page = yield Request(
            path="/graph/v1/paper/search/bulk",
            params={
                "query": query.values[0],
                "fields": _FIELDS,
                "sort": "publicationDate:desc",
                **({"token": token} if token else {}),
            },
        )
        total, count, token = _listing(page.body)
        read += count
    return total


def _listing(body: bytes) -> tuple[int, int, str]:
    """Return how many papers there are, how many a page has, and what asks for the next."""
    try:
        listing = json.loads(body)
        return int(listing["total"]), len(listing["data"]), str(listing.get("token") or "")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return 0, 0, ""


SERVICE = Service(
    name="s2",
    label="Semantic Scholar",
    aliases=("semantic-scholar",),
    forms=("s2:CorpusId:13756489", "s2:arXiv:1706.03762", 's2:"graph transformers"'),
    order="the newest first, all words",
    addresses={"s2": "https://api.semanticscholar.org"},
    hosts=("semanticscholar.org", "api.semanticscholar.org"),
    interval=1.0,
    about_rate="one request a second",
    read_id=_read_id,
    read_address=_read_address,
    pages=_pages,
    key_variable="S2_API_KEY",
    key_header="x-api-key",
)
