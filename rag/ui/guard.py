"""Who is let in: hosts and origins by list, guesses at the login slowed down, programs by token.

A page on this machine can be reached by any site that the browser has open: by a request of its
own, and, once that site's name is pointed at this machine, as if it were its own page (DNS
rebinding). So a request must name a host that is served here, and one that a browser sends for
another site is refused. Gradio's routes that fetch what they are told, or that change the program,
don't exist. Where there is a login, nothing but what shows it is answered before.
"""

from __future__ import annotations

import hmac
import ipaddress
import logging
from contextlib import asynccontextmanager
from http.cookies import SimpleCookie
from typing import TYPE_CHECKING, Any, TypeAlias

from rag.ui.options import digest, known_digest
from rag.ui.sites import Sites
from rag.ui.throttle import Throttle
from rag.ui.uploads import MAX_PASTED, Room

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
# What fetches an address that it is given, shows the server's insides or a cookie that scripts
# mustn't see, calls functions of components, or edits the program.
_CLOSED = (
    *("proxy=", "dev/", "vibe-", "undo-vibe", "process_recording", "profiling", "run-history"),
    *("token", "component_server", "stream/"),
)
_CLOSED_PAGES = ("/monitoring", "/runs", "/svelte", f"{_API}runs", f"{_API}deep_link")
# What shows the form of a login; the page itself and its configuration ask for one themselves.
_OPEN = {
    *("/", "/config", "/login", "/logout", "/theme.css", "/favicon.ico", "/manifest.json"),
    *("/robots.txt", f"{_API}startup-events"),
}
_OPEN_BELOW = ("/assets/", "/static/", "/pwa_icon/")
_MAX_LOGIN = 16_384  # bytes
# Of any other request: a character may be six, escaped in JSON.
_MAX_BODY = 6 * MAX_PASTED + 2**20
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
        self._sites = Sites(options)
        self._logins = Throttle()
        # Apart, so that a script with an old token keeps nobody from logging in.
        self._shown = Throttle()
        self._tokens = [known_digest(token) for token in options.tokens]
        self._room = Room()

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
        allowed = self._sites.allowed(headers)
        if allowed and scope.get("method") == "OPTIONS":
            await _answer_preflight(send, allowed, headers)
            return
        with self._room.taken(scope.get("rag.upload", 0)):
            await self._app(scope, receive, self._closing(scope, send, allowed))

    def _refusal(self, scope: Any, headers: dict[str, str]) -> _Refusal | None:  # noqa: ANN401
        """Return a status and a reason where a request is refused."""
        path, method = scope["path"], scope.get("method", "GET")
        refused = self._sites.refusal(headers, path, method)
        if refused is None and _is_closed(path):
            refused = 404, "There is nothing here."
        if refused is None and "authorization" in headers:
            refused = self._token(scope, headers["authorization"])
        if refused is None and self._options.login and not (_is_open(path) or self._knows(scope)):
            refused = 401, "Not authenticated."
        return refused or self._body(scope, headers, path.rstrip("/"), method)

    # --- who may come in --------------------------------------------------------------------

    def _token(self, scope: Any, authorization: str) -> _Refusal | None:  # noqa: ANN401
        """Let a program in that shows a token: from there on it counts as logged in."""
        kind, _, token = authorization.partition(" ")
        if kind.lower() != "bearer" or not self._tokens:
            return None
        client = _client(scope)
        if seconds := self._shown.wait(client):
            return _slow(seconds)
        given = digest(token.strip())
        # All are compared, so that the time doesn't tell which one came near.
        if sum(hmac.compare_digest(given, known) for known in self._tokens) == 0:
            self._shown.failed(client)
            _LOG.warning("Refused a token from %s.", client)
            return 401, "This token is not known."
        self._shown.succeeded(client)
        app = self._page.app
        secret = given.hex()
        app.tokens[secret] = _PROGRAM
        cookie = f"access-token-{app.cookie_id}={secret}".encode()
        kept = [(key, value) for key, value in scope["headers"] if key != b"cookie"]
        scope["headers"] = [*kept, (b"cookie", cookie)]
        return None

    def _body(
        self,
        scope: Any,  # noqa: ANN401
        headers: dict[str, str],
        path: str,
        method: str,
    ) -> _Refusal | None:
        """Refuse what is too much before any of it is read."""
        if "transfer-encoding" in headers:
            return 411, "A request has to say how long it is."
        size = _size(headers)
        if method == "POST" and path == "/login" and self._options.login:
            return self._login(scope, size)
        if method == "POST" and path == f"{_API}upload":
            scope["rag.upload"] = size
            return self._room.refusal(size, self._page.app.uploaded_file_dir)
        if size > _MAX_BODY:
            return 413, f"{_MAX_BODY >> 20} MB is the most that may be sent."
        return None

    def _login(self, scope: Any, size: int) -> _Refusal | None:  # noqa: ANN401
        if size > _MAX_LOGIN:
            return 413, "This is too long for a name and a password."
        client = _client(scope)
        if seconds := self._logins.wait(client):
            return _slow(seconds)  # without a line in the log, which others could fill
        # Counted before it is known, so that guesses at the same moment count as well.
        self._logins.failed(client)
        scope["rag.login"] = client
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
            self._logins.succeeded(client)
        else:
            seconds = self._logins.wait(client)
            _LOG.warning("Refused a login from %s; the next one waits %d s.", client, seconds)


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


def _is_open(path: str) -> bool:
    return (path.rstrip("/") or "/") in _OPEN or path.startswith(_OPEN_BELOW)


def _client(scope: Any) -> str:  # noqa: ANN401
    """Return who asks: an address, or the network of one in IPv6, where everybody has many."""
    given = (scope.get("client") or ("unknown",))[0]
    try:
        address = ipaddress.ip_address(given)
    except ValueError:
        return str(given)
    # One that listens at all addresses of IPv6 sees those of IPv4 as parts of a single network.
    if address.version == 6 and address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
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
