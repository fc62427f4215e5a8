"""Serve the page: on this machine alone unless told otherwise, and with nothing from elsewhere."""

from __future__ import annotations

import atexit
import os
import secrets
import shutil
import tempfile
import warnings
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag.errors import LibraryError, RagError
from rag.ui.theme import make_theme, style
from rag.ui.uploads import MAX_FILE

if TYPE_CHECKING:
    from collections.abc import Callable

    import gradio as gr

    from rag.library import Library
    from rag.ui.options import ServeOptions
    from rag.ui.site import Site

__all__ = ["launch"]

_UPLOADED = "rag-page-"
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
    _keep_uploads_apart()
    # By which Gradio's tools come in, which call the page at its own address.
    own = secrets.token_urlsafe() if options.mcp and options.login else ""
    if own:
        options = replace(options, tokens=(*options.tokens, own))
    page, site = build_page(library, options)
    from rag.ui.guard import standing_before

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
        "app_kwargs": {
            "lifespan": standing_before(page, options),
            "docs_url": None,
            "redoc_url": None,
            "openapi_url": None,
        },
    }
    try:
        with warnings.catch_warnings():
            # Of Gradio's own making; none is about what this program does.
            warnings.simplefilter("ignore")
            _, address, shared = page.launch(**arguments)
            if own:
                _let_tools_in(page, own)
    except (OSError, ValueError) as error:
        # Gradio names variables and functions of its own.
        busy = options.port is not None and "port" in str(error)
        reason = f"port {options.port} is taken" if busy else str(error)
        raise RagError(
            f"No server could be started at {options.host}: {reason}.",
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


def _let_tools_in(page: gr.Blocks, token: str) -> None:
    """Give the tools of the Model Context Protocol a client that is let past the login.

    Who calls a tool has shown a login or a token by then, or has not got that far.
    """
    from gradio.mcp import Client  # type: ignore[attr-defined]

    server: Any = page.mcp_server_obj
    server._client_instance = Client(  # noqa: SLF001 - which Gradio makes without a login
        page.local_url,
        download_files=False,
        verbose=False,
        analytics_enabled=False,
        headers={"authorization": f"Bearer {token}", "x-gradio-user": "mcp"},
        _skip_components=False,
    )


def _keep_uploads_apart() -> None:
    """Give what is uploaded a folder of this program's own, which goes when the program ends.

    What waits in it for too long is deleted, so it is never one that others put files into.
    """
    given = os.environ.get("GRADIO_TEMP_DIR", "")
    if Path(given).name.startswith(_UPLOADED):
        return
    if given:
        Path(given).mkdir(parents=True, exist_ok=True)
    folder = os.environ["GRADIO_TEMP_DIR"] = tempfile.mkdtemp(prefix=_UPLOADED, dir=given or None)
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
