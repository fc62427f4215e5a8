"""OpenReview, through both versions of its API, each of which has its own submissions."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from rag.sources.web.service import Pages, Query, Request, Service

if TYPE_CHECKING:
    from urllib.parse import SplitResult

__all__ = ["SERVICE"]

_ID = re.compile(r"[\w-]{5,40}")


def _read_id(text: str) -> str | None:
    return text if _ID.fullmatch(text) else None


def _read_address(parts: SplitResult) -> Query | None:
    found = _read_id((parse_qs(parts.query).get("id") or [""])[0])
    shows = parts.path.strip("/") in {"forum", "pdf"}
    return Query("openreview", "ids", (found,)) if found and shows else None


def _pages(query: Query, limit: int) -> Pages:  # noqa: ARG001 - what is named is wanted
    for one in query.values:
        params = {"id": one}
        page = yield Request(path="/notes", params=params, optional=True, about=one)
        if page.status == 404 or not _has_notes(page.body):
            yield Request(path="/notes", params=params, at="openreview-1", about=one)
    return None


def _has_notes(body: bytes) -> bool:
    try:
        return bool(json.loads(body)["notes"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return False


SERVICE = Service(
    name="openreview",
    label="OpenReview",
    forms=("openreview:rygGQyrFvH",),
    addresses={
        "openreview": "https://api2.openreview.net",
        "openreview-1": "https://api.openreview.net",
    },
    hosts=("openreview.net",),
    interval=1.0,
    about_rate="says nothing; one request a second",
    read_id=_read_id,
    read_address=_read_address,
    pages=_pages,
    kinds=("ids",),
)
