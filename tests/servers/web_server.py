"""A loopback server that answers as services of the web do, well and badly.

    with WebServer() as server:
        server.on("/api/query", b"<feed/>", kind="application/atom+xml")
        settings = Settings(**server.settings("arxiv"))

A path has one answer, which is given again and again, or several, given in turn; the last one
stays. Everything received is recorded.
"""

from __future__ import annotations

import gzip
import threading
from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from servers.loopback import LoopbackServer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["Got", "Sent", "WebServer"]

_PATIENCE = 30.0  # seconds until a request that nobody gives up on is ended
_DROP = 0.05  # seconds between two bytes of an answer that drips


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """One answer.

    Attributes:
        body: Its content.
        status: Its status.
        kind: Its media type; empty for none.
        headers: Others.
        cut_after: How many bytes are sent, of all that are promised, before the connection ends.
        hang_after: How many bytes are sent before nothing more is, until the server is closed.
        drip: Whether it comes byte by byte, without an end.
        zipped: Whether it is compressed on the way.
    """

    body: bytes = b""
    status: int = 200
    kind: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    cut_after: int | None = None
    hang_after: int | None = None
    drip: bool = False
    zipped: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Got:
    """One request: path, parameters, and headers with their names in lower case."""

    path: str
    params: Mapping[str, str]
    headers: Mapping[str, str]


class WebServer(LoopbackServer):
    """The server, as a context manager; it listens on a free loopback port."""

    def __init__(self) -> None:
        self.requests: list[Got] = []
        self._answers: dict[str, list[Sent | Callable[[Got], Sent]]] = defaultdict(list)
        self._closed = threading.Event()
        super().__init__(self._handler())

    def __exit__(self, *exc: object) -> None:
        self._closed.set()
        super().__exit__(*exc)

    def settings(self, *names: str) -> dict[str, Any]:
        """Return the settings under which services of these names are this server."""
        return {
            "web_addresses": dict.fromkeys(names, self.url),
            "web_private_hosts": ("127.0.0.1",),
            "web_timeout": 5.0,
        }

    def on(self, path: str, *bodies: bytes | Sent | Callable[[Got], Sent], **values: Any) -> None:
        """Say how a path is answered; `values` are those of `Sent` where only bodies are given."""
        self._answers[path] = [
            Sent(body=body, **values) if isinstance(body, bytes) else body for body in bodies
        ]

    def asked(self, path: str) -> list[Got]:
        """Return the requests of a path."""
        return [one for one in self.requests if one.path == path]

    def _answer(self, got: Got) -> Sent:
        self.requests.append(got)
        answers = self._answers.get(got.path)
        if not answers:
            return Sent(status=404, body=b'{"error": "not found"}')
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        return answer(got) if callable(answer) else answer

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                headers = {name.lower(): value for name, value in self.headers.items()}
                params = dict(parse_qsl(parts.query, keep_blank_values=True))
                sent = server._answer(Got(path=parts.path, params=params, headers=headers))
                with suppress(OSError):
                    self._send(sent)

            def _send(self, sent: Sent) -> None:
                body = gzip.compress(sent.body) if sent.zipped else sent.body
                self.send_response(sent.status)
                if sent.kind:
                    self.send_header("Content-Type", sent.kind)
                if sent.zipped:
                    self.send_header("Content-Encoding", "gzip")
                for name, value in sent.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(10**9 if sent.drip else len(body)))
                self.send_header("Connection", "close")
                self.end_headers()
                self.close_connection = True
                if sent.drip:
                    while not server._closed.wait(_DROP):
                        self.wfile.write(b" ")
                        self.wfile.flush()
                    return
                cut = sent.cut_after if sent.cut_after is not None else sent.hang_after
                self.wfile.write(body[:cut])
                self.wfile.flush()
                if sent.hang_after is not None:
                    server._closed.wait(_PATIENCE)

            def log_message(self, *args: object) -> None:
                pass

        return Handler
