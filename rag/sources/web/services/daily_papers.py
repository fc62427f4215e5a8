"""Hugging Face's Daily Papers: those of a day or of several, those of a search, and one by one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, quote

from rag.papers import find_identifier
from rag.sources.web.service import Pages, Query, Request, Service, parse_days
from rag.text.decoding import one_line

if TYPE_CHECKING:
    from urllib.parse import SplitResult

__all__ = ["SERVICE"]

_DAY = re.compile(r"/papers/date/(\d{4}-\d{2}-\d{2})/?")
_PAPER = re.compile(r"/papers/([^/]+)/?")


def _read_id(text: str) -> str | None:
    scheme, _, bare = (find_identifier(text) or "").partition(":")
    return bare if scheme == "arxiv" else None


def _read_address(parts: SplitResult) -> Query | None:
    asked = parse_qs(parts.query)
    day = _DAY.fullmatch(parts.path)
    stated = day[1] if day else asked.get("date", [""])[0]
    if stated and (day or parts.path.rstrip("/") == "/papers"):
        return Query("daily-papers", "days", parse_days(stated, stated))
    paper = _PAPER.fullmatch(parts.path)
    if paper and (found := _read_id(paper[1])):
        return Query("daily-papers", "ids", (found,))
    if parts.path.rstrip("/") != "/papers":
        return None
    terms = one_line(" ".join(asked.get("q", [])))
    return Query("daily-papers", *(("terms", (terms,)) if terms else ("days", ("today", "today"))))


def _pages(query: Query, limit: int) -> Pages:
    if query.kind == "ids":
        for one in query.values:
            yield Request(path=f"/api/papers/{quote(one, safe='/')}", about=one)
    elif query.kind == "terms":
        size = min(limit, 120)
        params = {"q": query.values[0], "limit": str(size)}
        yield Request(path="/api/papers/search", params=params)
    else:
        for day in query.days():
            params = {"date": day.isoformat(), "limit": "100"}
            yield Request(path="/api/daily_papers", params=params, about=day.isoformat())
    return None


SERVICE = Service(
    name="daily-papers",
    label="Hugging Face",
    forms=(
        "daily-papers:2026-06-12", "daily-papers:2026-06-08..2026-06-12",
        "daily-papers:2026-06-08..", "daily-papers:today", 'daily-papers:"graph transformers"',
    ),
    order="the best match first, at most 120 papers",
    addresses={"huggingface": "https://huggingface.co"},
    hosts=("huggingface.co", "hf.co"),
    interval=0.7,
    about_rate="500 requests in 5 minutes",
    read_id=_read_id,
    read_address=_read_address,
    pages=_pages,
    kinds=("days", "ids", "terms"),
    most=100_000,
)  # fmt: skip
