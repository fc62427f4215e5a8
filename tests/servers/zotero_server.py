"""A loopback server that behaves as Zotero's API is documented to: one user, some collections.

It lists page by page with `Link`, `Total-Results` and `Last-Modified-Version`, refuses requests
without its key, takes up to 50 new items at once if the library is still of the version that is
named, and asks to slow down where a test says so.
"""

from __future__ import annotations

import json
import re
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from servers.loopback import LoopbackServer

__all__ = ["KEY", "ZoteroServer"]

KEY = "loopback-zotero-key-0123"
USER = 4711
_LETTERS = "ABCDEFGHIJKLMNPQRSTUVWXYZ"
_TAKEN = {
    "journalArticle": {"publicationTitle"},
    "conferencePaper": {"proceedingsTitle"},
    "preprint": {"repository", "archiveID"},
}
_FIELDS = {
    "itemType", "title", "creators", "abstractNote", "date", "DOI", "url", "extra", "collections",
    "tags",
}  # fmt: skip


class ZoteroServer(LoopbackServer):
    """The server, as a context manager; it listens on a free loopback port.

    Attributes:
        collections: The names of collections by their keys.
        items: All items, as they were sent, with their keys.
        headers: What each of the next answers says besides, in order.
        statuses: What each of the next answers to a change says in place of the change.
        version: That of the library.
        is_program: Whether it is the program's own API: it knows no keys and only reads.
        refuses: What begins the titles of items that it doesn't take.
        page: How many items a page has at the most.
    """

    def __init__(self) -> None:
        self.collections = {"ABCD2345": "Thesis", "EFGH2345": "Other"}
        self.items: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.statuses: list[int] = []
        self.version = 10
        self.is_program = False
        self.refuses = ""
        self.page = 100
        self.requests: list[tuple[str, str, dict[str, str]]] = []
        super().__init__(self._handler())

    def add(self, collection: str, **fields: Any) -> str:
        """Put an item into a collection, and return its key."""
        key = "".join(_LETTERS[(len(self.items) // 24**n) % 24] for n in range(8))
        self.items.append({"key": key, "collections": [collection], **fields})
        self.version += 1
        return key

    def in_collection(self, key: str) -> list[dict[str, Any]]:
        """Return the items of a collection."""
        return [one for one in self.items if key in one["collections"]]

    # --- answers ----------------------------------------------------------------------------

    def _list(self, path: str) -> list[dict[str, Any]] | None:
        user = 0 if self.is_program else USER
        if path == f"/users/{user}/collections":
            return [
                {"key": key, "version": 1, "data": {"key": key, "name": name}}
                for key, name in self.collections.items()
            ]
        match = re.fullmatch(rf"/users/{user}/collections/(\w+)/items/top", path)
        if not match or match[1] not in self.collections:
            return None
        return [
            {"key": one["key"], "version": self.version, "data": one}
            for one in self.in_collection(match[1])
        ]

    def _take(self, sent: list[dict[str, Any]]) -> dict[str, Any]:
        done: dict[str, Any] = {"successful": {}, "success": {}, "unchanged": {}, "failed": {}}
        for place, item in enumerate(sent):
            strange = item.keys() - _FIELDS - _TAKEN.get(item.get("itemType", ""), set())
            if strange or item.get("itemType") not in _TAKEN:
                message = f"'{min(strange or {'itemType'})}' is not a valid field"
                done["failed"][str(place)] = {"code": 400, "message": message}
            elif self.refuses and item["title"].startswith(self.refuses):
                done["failed"][str(place)] = {"code": 413, "message": "abstractNote too long"}
            else:
                collection, *_ = item.pop("collections")
                done["success"][str(place)] = self.add(collection, **item)
        return done

    def _handler(self) -> type[BaseHTTPRequestHandler]:  # noqa: C901 - one class, method by method
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                params = dict(parse_qsl(parts.query))
                server.requests.append(("GET", self.path, dict(self.headers)))
                if not self._may():
                    return
                if parts.path == "/keys/current" and not server.is_program:
                    self._send(200, {"key": KEY, "userID": USER, "access": {"user": {}}})
                    return
                listed = server._list(parts.path)
                if listed is None:
                    self._send(404, "Not found")
                    return
                start = int(params.get("start", 0))
                size = min(int(params.get("limit", 25)), server.page)
                headers = {"Total-Results": str(len(listed))}
                if start + size < len(listed):
                    query = urlencode({**params, "start": start + size})
                    headers["Link"] = f'<{server.url}{parts.path}?{query}>; rel="next"'
                self._send(200, listed[start : start + size], headers)

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                server.requests.append(("POST", self.path, dict(self.headers)))
                if not self._may():
                    return
                if server.is_program:
                    self._send(400, "Endpoint does not support method")
                elif server.statuses:
                    self._send(server.statuses.pop(0), "Try later")
                elif int(self.headers["If-Unmodified-Since-Version"]) < server.version:
                    self._send(412, "Library has been modified since specified version")
                elif len(sent := json.loads(body)) > 50:
                    self._send(413, "Too many items")
                else:
                    self._send(200, server._take(sent))

            def _may(self) -> bool:
                if server.is_program or self.headers.get("Zotero-API-Key") == KEY:
                    return True
                self._send(403, "Forbidden")
                return False

            def _send(
                self, status: int, said: object, headers: dict[str, str] | None = None
            ) -> None:
                body = said.encode() if isinstance(said, str) else json.dumps(said).encode()
                kind = "text/plain" if isinstance(said, str) else "application/json"
                more = server.headers.pop(0) if server.headers else {}
                self.send_response(status)
                named = {
                    "Content-Type": kind,
                    "Content-Length": str(len(body)),
                    "Zotero-API-Version": "3",
                    "Last-Modified-Version": str(server.version),
                    **(headers or {}),
                    **more,
                }
                for name, value in named.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args: object) -> None:
                pass

        return Handler
