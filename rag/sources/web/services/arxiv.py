"""arXiv, through its API: https://info.arxiv.org/help/api/user-manual.html."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urlunsplit

from rag.papers import find_identifier
from rag.sources.web.service import XML, Pages, Query, Request, Service, plain_words

if TYPE_CHECKING:
    from urllib.parse import SplitResult

__all__ = ["SERVICE"]

_PAGE = 100
_TOTAL = re.compile(rb"<(?:\w+:)?totalResults[^>]*>\s*(\d+)")
_CLASS = re.compile(r"\.[A-Za-z]{2}/")
_ENTRY = re.compile(rb"<entry[\s>]")
# Whoever writes arXiv's own fields and operators knows its language.
_OWN_LANGUAGE = re.compile(
    r"\b(?:ti|au|abs|co|jr|cat|rn|id|all|submittedDate):|\b(?:AND|OR|ANDNOT)\b"
)


def _read_id(text: str) -> str | None:
    scheme, _, bare = (find_identifier(text) or "").partition(":")
    # The subject class of an older id is no part of it: math.GT/0309136.
    return _CLASS.sub("/", bare) if scheme == "arxiv" else None


def _read_address(parts: SplitResult) -> Query | None:
    # What stands behind `?` or `#` is no part of what is identified.
    found = _read_id(urlunsplit((parts.scheme, parts.netloc, parts.path.rstrip("/"), "", "")))
    return Query("arxiv", "ids", (found,)) if found else None


def _pages(query: Query, limit: int) -> Pages:
    if query.kind == "ids":
        for start in range(0, len(query.values), _PAGE):
            some = query.values[start : start + _PAGE]
            yield Request(
                path="/api/query",
                params={"id_list": ",".join(some), "max_results": str(len(some))},
                asked=tuple(f"arxiv:{one}" for one in some),
            )
        return None
    return (yield from _search(_in_its_language(query.values[0]), limit))


def _search(terms: str, limit: int) -> Pages:
    total, start = None, 0
    while total is None or start < min(total, limit):
        size = min(_PAGE, limit - start)
        page = yield Request(
            path="/api/query",
            params={
                "search_query": terms,
                "sortBy": "submittedDate",
                "sortOrder": "descending",
                "start": str(start),
                "max_results": str(size),
            },
            flaw=partial(_why_empty, start),
        )
        match = _TOTAL.search(page.body)
        total = int(match[1]) if match else 0
        start += size
    return total


def _why_empty(start: int, body: bytes) -> str:
    """Say that a page is empty although there is more: arXiv sends such pages when it is busy."""
    match = _TOTAL.search(body)
    empty = match is not None and int(match[1]) > start and not _ENTRY.search(body)
    return "it sent an empty page" if empty else ""


def _in_its_language(terms: str) -> str:
    if _OWN_LANGUAGE.search(terms):
        return terms
    words = (f'all:"{word}"' if " " in word else f"all:{word}" for word in plain_words(terms))
    return " AND ".join(words)


SERVICE = Service(
    name="arxiv",
    label="arXiv",
    forms=("arxiv:1706.03762", 'arxiv:"graph transformers"'),
    order="the newest first, all words; also in arXiv's own language (`ti:`, `au:`, `AND`, ...)",
    addresses={"arxiv": "https://export.arxiv.org"},
    hosts=("arxiv.org", "export.arxiv.org"),
    interval=3.0,
    about_rate="one request every 3 seconds",
    read_id=_read_id,
    read_address=_read_address,
    pages=_pages,
    accepts=XML,
)
