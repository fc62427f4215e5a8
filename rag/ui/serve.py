"""Serve the page: on this machine alone unless told otherwise, and with nothing from elsewhere."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from rag.errors import LibraryError, RagError
from rag.ui.theme import make_theme, style
from rag.ui.uploads import MAX_FILE

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import gradio as gr

    from rag.library import Library
    from rag.ui.options import ServeOptions
    from rag.ui.site import Site

__all__ = ["launch"]

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
_MCP = "/gradio_api/mcp"
_PAUSE = 6.0  # seconds


def launch(
    library: Library, options: ServeOptions, *, ready: Callable[[str], None], block: bool = True
) -> tuple[gr.Blocks, Site]:
    """Serve the page until it is interrupted.

    Args:
        library: The papers.
        options: Where, to whom, and what is allowed.
        ready: Called with the page's address once it answers.
        block: Whether to wait; else the server goes on in the background until `close`.

    Raises:
        SettingsError: the options would let strangers in.
        LibraryError: Gradio is missing, or no server could be started.
    """
    options.check()
    try:
        from rag.ui.page import build_page
    except ImportError as error:
        raise LibraryError(
            f"The chat in the browser needs a package that is missing ({error.name}).",
            hint="Install the extra `ui`, in a clone of the project with: pip install '.[ui]'",
        ) from error
    page, site = build_page(library, options)
    middleware = _middleware(page, options)
    arguments: dict[str, Any] = {
        "server_name": options.host,
        "server_port": options.port,
        "share": options.share,
        "inbrowser": options.open_browser,
        "prevent_thread_lock": True,
        "quiet": True,
        "show_error": False,
        "auth": options.login.check() if options.login else None,
        "auth_message": "Log in to ask the papers.",
        "max_file_size": MAX_FILE,
        "allowed_paths": [],
        "enable_monitoring": False,
        "strict_cors": True,
        "ssr_mode": False,
        "run_history": False,
        "footer_links": [],
        "mcp_server": options.mcp,
        "theme": make_theme(),
        "css": style(),
        "app_kwargs": {"middleware": middleware, "docs_url": None, "redoc_url": None},
    }
    try:
        with warnings.catch_warnings():
            # Of Gradio's own making; none is about what this program does.
            warnings.simplefilter("ignore")
            _, address, shared = page.launch(**arguments)
    except (OSError, ValueError) as error:
        raise RagError(
            f"No server could be started at {options.host}: {error}.",
            hint="Choose another --port, or leave it out to take a free one.",
        ) from error
    site.warm_up(after=_PAUSE)  # or once somebody opens the page
    ready(shared or address)
    if block:
        try:
            page.block_thread()
        finally:
            site.closing = True
            page.close(verbose=False)
    return page, site


def _middleware(page: gr.Blocks, options: ServeOptions) -> list[Any]:
    from starlette.middleware import Middleware

    return [Middleware(_Guard, page=page, guarded=options.login is not None)]


class _Guard:
    """Adds the headers that keep the page to itself, and lets nobody past the login.

    Gradio asks for a login on its own routes but not on those of the MCP server: they are asked
    here, by the very cookie that Gradio gives at login.
    """

    def __init__(
        self, app: Callable[..., Awaitable[None]], *, page: gr.Blocks, guarded: bool
    ) -> None:
        self._app = app
        self._page = page
        self._guarded = guarded

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401 - ASGI
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if self._guarded and scope["path"].startswith(_MCP) and not self._knows(scope):
            from starlette.responses import JSONResponse

            await JSONResponse({"error": "Not authenticated"}, 401)(scope, receive, send)
            return

        async def send_with_headers(message: Any) -> None:  # noqa: ANN401
            if message["type"] == "http.response.start":
                kept = [(k, v) for k, v in message["headers"] if k.decode() not in _HEADERS]
                ours = [(key.encode(), value.encode()) for key, value in _HEADERS.items()]
                message["headers"] = [*kept, *ours]
            await send(message)

        await self._app(scope, receive, send_with_headers)

    def _knows(self, scope: Any) -> bool:  # noqa: ANN401
        from starlette.requests import Request

        app = self._page.app
        cookies = Request(scope).cookies
        names = (f"access-token-{app.cookie_id}", f"access-token-unsecure-{app.cookie_id}")
        return any(cookies.get(name) in app.tokens for name in names if cookies.get(name))
