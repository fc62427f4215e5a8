"""PubMed, through NCBI's E-utilities: https://www.ncbi.nlm.nih.gov/books/NBK25497/."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from rag.papers import find_identifier
from rag.sources.web.service import JSON, XML, Pages, Query, Request, Service
from rag.text.decoding import one_line

if TYPE_CHECKING:
    from urllib.parse import SplitResult

__all__ = ["SERVICE"]

_PAGE = 100
_UTILITIES = "/entrez/eutils"


def _read_id(text: str) -> str | None:
    if text.isascii() and text.isdecimal() and len(text) <= 9:
        return text.lstrip("0") or None
    scheme, _, bare = (find_identifier(text) or "").partition(":")
    return bare if scheme == "pmid" else None


def _read_address(parts: SplitResult) -> Query | None:
    if found := _read_id(parts.path.strip("/")):
        return Query("pubmed", "ids", (found,))
    terms = one_line(" ".join(parse_qs(parts.query).get("term", [])))
    return Query("pubmed", "terms", (terms,)) if terms and parts.path in {"", "/"} else None


def _pages(query: Query, limit: int) -> Pages:
    if query.kind == "ids":
        yield from _papers(query.values)
        return None
    total, start = None, 0
    while total is None or start < min(total, limit):
        size = min(_PAGE, limit - start)
        page = yield Request(
            path=f"{_UTILITIES}/esearch.fcgi",
            params={
                "db": "pubmed", "term": query.values[0], "retmode": "json",
                "retstart": str(start), "retmax": str(size), "sort": "pub_date",
                "tool": "abstract-rag",
            },
            read=False,
            flaw=_error,
        )  # fmt: skip
        total, ids = _found(page.body)
        yield from _papers(ids)
        start += size
    return total


def _papers(ids: tuple[str, ...]) -> Pages:
    for start in range(0, len(ids), _PAGE):
        some = ids[start : start + _PAGE]
        yield Request(
            path=f"{_UTILITIES}/efetch.fcgi",
            params={
                "db": "pubmed", "id": ",".join(some), "retmode": "xml", "tool": "abstract-rag",
            },
            asked=tuple(f"pmid:{one}" for one in some),
        )  # fmt: skip
    return None


def _found(body: bytes) -> tuple[int, tuple[str, ...]]:
    """Return how many papers a search found, and the ids that it lists."""
    try:
        result = json.loads(body)["esearchresult"]
        ids = tuple(one for one in map(str, result["idlist"]) if one.isdecimal())
        return int(result["count"]), ids
    except (ValueError, KeyError, TypeError, RecursionError):
        return 0, ()


def _error(body: bytes) -> str:
    """Return what a search says went wrong at its side, which passes."""
    try:
        result = json.loads(body)
        said = result.get("error") or result["esearchresult"].get("ERROR")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return "its answer is no JSON"
    return f'it said "{one_line(str(said))[:160]}"' if said else ""


SERVICE = Service(
    name="pubmed",
    label="PubMed",
    aliases=("pmid",),
    forms=("pubmed:31452104", 'pubmed:"sleep apnea"'),
    order="the newest first, in PubMed's own language",
    addresses={"pubmed": "https://eutils.ncbi.nlm.nih.gov"},
    hosts=("pubmed.ncbi.nlm.nih.gov",),
    interval=0.34,
    about_rate="3 requests a second, 10 with a key",
    read_id=_read_id,
    read_address=_read_address,
    pages=_pages,
    accepts=(*XML, *JSON, "text/plain"),
    mail="email",
    key_variable="NCBI_API_KEY",
    key_param="api_key",
    key_interval=0.1,
    ceiling=9_999,
)
