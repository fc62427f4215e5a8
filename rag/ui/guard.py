"""Who is let in: hosts and origins by list, guesses at the login slowed down, programs by token.

A page on this machine can be reached by any site that the browser has open: by a request of its
own, and, once that site's name is pointed at this machine, as if it were its own page (DNS
rebinding). So a request must name a host that is served here, and one that a browser sends for
another site is refused. Gradio's routes that fetch what they are told, or that change the program,
don't exist.
"""

from __future__ import annotations

import hmac
import ipaddress
import logging
import socket
from contextlib import asynccontextmanager
from http.cookies import SimpleCookie
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import urlsplit

from rag.text.safety import for_terminal
from rag.ui.options import digest, is_loopback
from rag.ui.throttle import Throttle
from rag.ui.uploads import MAX_FOLDER, MAX_REQUEST, stored_bytes

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    import gradio as gr

    from rag.ui.options import ServeOptions

    App = Callable[[Any, Any, Any], Awaitable[None]]

__all__ = ["standing_before"]

_Refusal: TypeAlias = tuple[int, str]  # a status and a reason

_LOG = logging.getLogger(__name__)
# Gradio's page runs scripts that are part of it and functions that it is sent as text; nothing
# is ever fetched from, sent to, or framed by another host.
_POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "connect-src 'self' data: blob:",
        "worker-src 'self' blob:",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
_HEADERS = {
    "content-security-policy": _POLICY,
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
}
_DROPPED = {b"set-cookie", *(name.encode() for name in _HEADERS)}
_API = "/gradio_api/"
_MCP = f"{_API}mcp"
# What fetches an address that it is given, shows the server's insides, or edits the program.
_CLOSED = ("proxy=", "dev/", "vibe-", "undo-vibe", "process_recording", "profiling", "run-history")
_CLOSED_PAGES = ("/monitoring", "/runs", f"{_API}runs", f"{_API}deep_link")
_SHARED = ".gradio.live"
_MAX_LOGIN = 16_384  # bytes
_PROGRAM = "program"  # the name of whoever shows a token


def standing_before(page: gr.Blocks, options: ServeOptions) -> Any:  # noqa: ANN401
    """Return the lifespan of an app that sets a guard before all of it.

    What an app is given as middleware stands behind Gradio's own, which answers other sites.
    """

    @asynccontextmanager
    async def lifespan(app: Any) -> AsyncIterator[None]:  # noqa: ANN401
        app.middleware_stack = _Guard(app.middleware_stack, page=page, options=options)
        yield

    return lifespan


class _Guard:
    """Stands before all that the page serves.

    Args:
        app: What it guards.
        page: Gradio's page, which knows who is logged in.
        options: Who may come in.
    """

    def __init__(self, app: App, *, page: gr.Blocks, options: ServeOptions) -> None:
        self._app = app
        self._page = page
        self._options = options
        self._throttle = Throttle()
        self._tokens = [digest(token) for token in options.tokens]

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401 - ASGI
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        headers = {
            key.decode("latin-1").lower(): v.decode("latin-1") for key, v in scope["headers"]
        }
        refused = self._refusal(scope, headers)
        if refused is not None:
            await _refuse(scope, send, *refused)
            return
        origin = headers.get("origin", "")
        allowed = origin if self._is_listed(origin) else ""
        if allowed and scope.get("method") == "OPTIONS":
            await _answer_preflight(send, allowed, headers)
            return
        await self._app(scope, receive, self._closing(scope, send, allowed))

    def _refusal(self, scope: Any, headers: dict[str, str]) -> _Refusal | None:  # noqa: ANN401
        """Return a status and a reason where a request is refused."""
        refused = self._from_elsewhere(headers)
        if refused is None and _is_closed(scope["path"]):
            refused = 404, "There is nothing here."
        if refused is None and "authorization" in headers:
            refused = self._token(scope, headers["authorization"])
        if refused is not None or scope["type"] != "http":
            return refused
        path = scope["path"].rstrip("/")
        if scope["method"] == "POST" and path.endswith("/login"):
            return self._login(scope, headers)
        if scope["method"] == "POST" and path.endswith("/upload"):
            return self._upload(headers)
        if self._options.login and path.startswith(_MCP) and not self._knows(scope):
            return 401, "Not authenticated."
        return None

    # --- who may come in --------------------------------------------------------------------

    def _from_elsewhere(self, headers: dict[str, str]) -> _Refusal | None:
        host, origin = headers.get("host", ""), headers.get("origin", "")
        if not self._is_served(host):
            name = for_terminal(host[:200])
            _LOG.warning("Refused a request for the host %r.", name)
            return 421, (
                f"This page is not served under the name {name!r}."
                " Whoever runs it can allow the name with --allow-host."
            )
        if origin and not self._is_listed(origin) and not _is_same(origin, host):
            _LOG.warning("Refused a request from a page of %r.", for_terminal(origin[:200]))
            return 403, (
                "Pages of other sites may not use this one."
                " Whoever runs it can allow one with --allow-origin."
            )
        return None

    def _is_served(self, host: str) -> bool:
        name = _name_of(host)
        if not name:
            return False
        options = self._options
        if name in {"localhost", *options.hosts, options.host.strip("[]").lower()}:
            return True
        try:
            address = ipaddress.ip_address(name)
        except ValueError:
            return (options.share and name.endswith(_SHARED)) or (
                not is_loopback(options.host) and name in _own_names()
            )
        # No site can be made to stand for an address as such, only for a name.
        return address.is_loopback or not is_loopback(options.host)

    def _is_listed(self, origin: str) -> bool:
        return bool(origin) and origin.rstrip("/").lower() in self._options.origins

    def _token(self, scope: Any, authorization: str) -> _Refusal | None:  # noqa: ANN401
        """Let a program in that shows a token: from there on it counts as logged in."""
        kind, _, token = authorization.partition(" ")
        if kind.lower() != "bearer" or not self._tokens:
            return None
        client = _client(scope)
        if seconds := self._throttle.wait(client):
            return _slow(seconds)
        given = digest(token.strip())
        # All are compared, so that the time doesn't tell which one came near.
        if sum(hmac.compare_digest(given, known) for known in self._tokens) == 0:
            self._throttle.failed(client)
            _LOG.warning("Refused a token from %s.", client)
            return 401, "This token is not known."
        app = self._page.app
        secret = given.hex()
        app.tokens[secret] = _PROGRAM
        cookie = f"access-token-{app.cookie_id}={secret}".encode()
        kept = [(key, value) for key, value in scope["headers"] if key != b"cookie"]
        scope["headers"] = [*kept, (b"cookie", cookie)]
        return None

    def _login(self, scope: Any, headers: dict[str, str]) -> _Refusal | None:  # noqa: ANN401
        if _size(headers) > _MAX_LOGIN:
            return 413, "This is too long for a name and a password."
        client = _client(scope)
        if seconds := self._throttle.wait(client):
            _LOG.warning("Let %s wait %d s before the next guess.", client, seconds)
            return _slow(seconds)
        # Counted before it is known, so that guesses at the same moment count as well.
        self._throttle.failed(client)
        scope["rag.login"] = client
        return None

    def _upload(self, headers: dict[str, str]) -> _Refusal | None:
        if "content-length" not in headers:
            return 411, "An upload has to say how long it is."
        size = _size(headers)
        if size > MAX_REQUEST:
            return 413, f"{MAX_REQUEST >> 20} MB at once is the most."
        if stored_bytes(self._page.app.uploaded_file_dir) + size > MAX_FOLDER:
            return 507, "There is no room for more files; try again in an hour."
        return None

    def _knows(self, scope: Any) -> bool:  # noqa: ANN401
        from starlette.requests import Request

        app = self._page.app
        cookies = Request(scope).cookies
        names = (f"access-token-{app.cookie_id}", f"access-token-unsecure-{app.cookie_id}")
        return any(cookies.get(name) in app.tokens for name in names if cookies.get(name))

    # --- what goes out ----------------------------------------------------------------------

    def _closing(self, scope: Any, send: Any, allowed: str) -> Any:  # noqa: ANN401
        """Return a `send` that keeps the page to itself."""
        secure = scope.get("scheme") in {"https", "wss"}

        async def send_guarded(message: Any) -> None:  # noqa: ANN401
            if message["type"] == "http.response.start":
                self._note_login(scope, message["status"])
                kept = [
                    (key, value)
                    for key, value in message["headers"]
                    if key.lower() not in _DROPPED
                    and not key.lower().startswith(b"access-control-")
                ]
                kept += [
                    (b"set-cookie", cookie.encode("latin-1"))
                    for key, value in message["headers"]
                    if key.lower() == b"set-cookie"
                    and (cookie := _kept_close(value.decode("latin-1"), secure=secure))
                ]
                ours = _HEADERS | (_cors(allowed) if allowed else {})
                message["headers"] = [
                    *kept,
                    *((key.encode(), value.encode()) for key, value in ours.items()),
                ]
            await send(message)

        return send_guarded

    def _note_login(self, scope: Any, status: int) -> None:  # noqa: ANN401
        client = scope.get("rag.login")
        if client is None:
            return
        if status < 300:
            self._throttle.succeeded(client)
        else:
            _LOG.warning("Refused a login from %s.", client)


def _size(headers: dict[str, str]) -> int:
    told = headers.get("content-length", "")
    return int(told) if told.isdecimal() else 0


def _is_closed(path: str) -> bool:
    lowered = path.lower()
    if lowered.rstrip("/").startswith(_CLOSED_PAGES):
        return True
    if not lowered.startswith(_API):
        return False
    rest = lowered[len(_API) :].lstrip("/")
    fetched = rest.removeprefix("file=").removeprefix("file/").lstrip("/ ")
    return rest.startswith(_CLOSED) or fetched.startswith(("http:", "https:", "ftp:"))


def _name_of(host: str) -> str:
    """Return the name in a Host header, without the port, in lower case."""
    try:
        return (urlsplit(f"//{host}").hostname or "").rstrip(".")
    except ValueError:
        return ""


def _is_same(origin: str, host: str) -> bool:
    """Tell whether a page comes from the very host and port that the request goes to.

    The scheme may differ: a proxy in front may speak TLS.
    """
    return urlsplit(origin).netloc.lower() == host.strip().lower()


def _own_names() -> set[str]:
    name = socket.gethostname().lower()
    return {name, f"{name}.local", name.partition(".")[0]}


def _client(scope: Any) -> str:  # noqa: ANN401
    """Return who asks: an address, or the network of one in IPv6, where everybody has many."""
    given = (scope.get("client") or ("unknown",))[0]
    try:
        address = ipaddress.ip_address(given)
    except ValueError:
        return str(given)
    return str(ipaddress.ip_network(f"{given}/64", strict=False)) if address.version == 6 else given


def _kept_close(cookie: str, *, secure: bool) -> str:
    """Return a cookie that other sites don't make a browser send; "" for one that is not needed.

    Gradio sets one cookie for TLS, open to all sites, and one without TLS that says nothing of it.
    """
    parsed = SimpleCookie(cookie)
    for name, morsel in parsed.items():
        if not name.startswith("access-token-"):
            continue
        if secure == name.startswith("access-token-unsecure-") and morsel.value:
            return ""
        morsel["samesite"] = "Lax"  # not Strict, with which a link to the page asks to log in again
        morsel["httponly"] = True
        if secure:
            morsel["secure"] = True
        return morsel.OutputString()
    return cookie


def _cors(origin: str) -> dict[str, str]:
    return {
        "access-control-allow-origin": origin,
        "access-control-allow-credentials": "true",
        "vary": "Origin",
    }


async def _answer_preflight(send: Any, origin: str, headers: dict[str, str]) -> None:  # noqa: ANN401
    asked = headers.get("access-control-request-headers", "")
    told = _cors(origin) | {
        "access-control-allow-methods": "GET, POST, OPTIONS",
        "access-control-allow-headers": asked or "content-type",
        "access-control-max-age": "600",
    }
    listed = [(key.encode(), value.encode("latin-1")) for key, value in told.items()]
    await send({"type": "http.response.start", "status": 204, "headers": listed})
    await send({"type": "http.response.body", "body": b""})


def _slow(seconds: int) -> tuple[int, str]:
    return 429, f"Too many wrong logins; try again in {seconds} s."


async def _refuse(scope: Any, send: Any, status: int, reason: str) -> None:  # noqa: ANN401
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008, "reason": reason[:120]})
        return
    from starlette.responses import JSONResponse

    # Gradio's page shows `detail` under the login form.
    response = JSONResponse({"detail": reason, "error": reason}, status)

    async def no_body() -> Any:  # noqa: ANN401
        return {"type": "http.disconnect"}

    await response(scope, no_body, send)
