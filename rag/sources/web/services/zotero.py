"""Zotero, through its web API or that of the program itself: https://www.zotero.org/support/dev.

A collection is asked for by its key or its name. Whose library it is in, a person's API key says;
the program's own API (`web_addresses` of `zotero=http://localhost:23119/api`) takes none and has
one library, that of user 0.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from rag.sources.web.service import Pages, Query, Request, Service

if TYPE_CHECKING:
    from collections.abc import Generator
    from urllib.parse import SplitResult

    from rag.sources.web.service import Page

__all__ = ["API_VERSION", "PAGE", "SERVICE", "own_library", "read_target"]

API_VERSION = {"Zotero-API-Version": "3"}
PAGE = 100  # items: no page has more
_KEY = r"[A-Z0-9]{8}"
_TARGET = re.compile(rf"(?:(groups|users)/(\d{{1,12}})/)?(?:collections/)?({_KEY})")
_ADDRESS = re.compile(rf"/(groups/\d+|[^/]+)(?:/[^/]+)?/collections/({_KEY})(?:/.*)?")
_MOST = 100_000


def read_target(text: str) -> tuple[str, str] | None:
    """Read a collection's key, perhaps behind the library that it is in.

    Returns:
        The library's path, empty for a person's own, and the key; None where a text is no key.

    >>> read_target("groups/12/ABCD2345"), read_target("ABCD2345"), read_target("My thesis")
    (('/groups/12', 'ABCD2345'), ('', 'ABCD2345'), None)
    """
    match = _TARGET.fullmatch(text.strip())
    if not match:
        return None
    return f"/{match[1]}/{match[2]}" if match[1] else "", match[3]


def own_library(status: int, body: bytes) -> str:
    """Return the path of a person's library from what is answered about their key.

    The program's own API knows no keys, and calls its library that of user 0.
    """
    if status != 200:
        return "/users/0"
    try:
        return f"/users/{int(json.loads(body)['userID'])}"
    except (ValueError, KeyError, TypeError, RecursionError):
        return "/users/0"


def _read_id(text: str) -> str | None:
    target = read_target(text)
    if target is None:
        return None
    library, key = target
    return f"{library.strip('/')}/{key}" if library else key


def _read_address(parts: SplitResult) -> Query | None:
    match = _ADDRESS.fullmatch(parts.path)
    if not match:
        return None
    library = f"{match[1]}/" if match[1].startswith("groups/") else ""
    return Query("zotero", "ids", (f"{library}{match[2]}",))


def _pages(query: Query, limit: int) -> Pages:
    mine = ""
    for value in query.values:
        target = read_target(value) if query.kind == "ids" else None
        library, key = target or ("", "")
        if not library:
            mine = mine or (yield from _find_library())
            library = mine
        keys = [key] if key else (yield from _find_collections(library, value))
        for one in keys:
            yield from _items(f"{library}/collections/{one}/items/top", value, limit)
    return None


def _find_library() -> Generator[Request, Page, str]:
    # The answer repeats the key that it is about.
    page = yield Request(
        path="/keys/current", headers=API_VERSION, read=False, optional=True, kept=False
    )
    return own_library(page.status, page.body)


def _find_collections(library: str, name: str) -> Generator[Request, Page, list[str]]:
    """Return the keys of the collections of a name."""
    found: list[str] = []
    start = 0
    while True:
        page = yield Request(
            path=f"{library}/collections",
            params={"format": "json", "limit": str(PAGE), "start": str(start)},
            headers=API_VERSION,
            read=False,
        )
        listed = _list(page.body)
        for one in listed:
            data = one.get("data") if isinstance(one, dict) else None
            if isinstance(data, dict) and str(data.get("name")).casefold() == name.casefold():
                found.append(str(data.get("key")))
        if len(listed) < PAGE:
            return [key for key in found if re.fullmatch(_KEY, key)]
        start += PAGE


def _items(path: str, name: str, limit: int) -> Generator[Request, Page, None]:
    """Ask for the items of a collection that belong to no other item, page by page."""
    for start in range(0, limit, PAGE):
        page = yield Request(
            path=path,
            params={
                "format": "json",
                "limit": str(PAGE),
                "start": str(start),
                "sort": "dateAdded",
                "direction": "asc",
            },
            headers=API_VERSION,
            about=name,
        )
        if len(_list(page.body)) < PAGE:
            return


def _list(body: bytes) -> list[Any]:
    try:
        listed = json.loads(body)
    except (ValueError, RecursionError):
        return []
    return listed if isinstance(listed, list) else []


SERVICE = Service(
    name="zotero",
    label="Zotero",
    forms=("zotero:ABCD2345", "zotero:groups/12345/ABCD2345", 'zotero:"My thesis"'),
    order="as they were added",
    addresses={"zotero": "https://api.zotero.org"},
    hosts=("zotero.org", "api.zotero.org"),
    interval=0.2,
    about_rate="as fast as `Backoff` and `Retry-After` allow, one request at a time",
    read_id=_read_id,
    read_address=_read_address,
    pages=_pages,
    key_variable="ZOTERO_API_KEY",
    key_header="Zotero-API-Key",
    most=_MOST,
    ceiling=_MOST,
)
