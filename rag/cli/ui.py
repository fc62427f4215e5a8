"""The command that opens the chat in the browser: ui."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - typer reads the annotations
from typing import Annotated

import typer

from rag.cli.common import Debug, Storage, command, errors, open_library

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command()(ui)


@command
def ui(
    host: Annotated[str, typer.Option(help="Name or address to listen at.")] = "127.0.0.1",
    port: Annotated[
        int | None,
        typer.Option(min=1, max=65535, help="Port. (default: the first free one from 7860 on)"),
    ] = None,
    auth: Annotated[
        str | None,
        typer.Option(
            metavar="USER",
            help="Ask for this name and the password in RAG_UI_PASSWORD or --password-file.",
        ),
    ] = None,
    password_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The first line is the password.")
    ] = None,
    no_auth: Annotated[
        bool, typer.Option("--no-auth", help="Let in everyone who reaches the host.")
    ] = False,
    token_file: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Tokens that let programs past the login, one a line; else RAG_UI_TOKENS.",
        ),
    ] = None,
    allow_host: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME", help="A name, as of a proxy, under which the page is asked for."
        ),
    ] = None,
    allow_origin: Annotated[
        list[str] | None,
        typer.Option(metavar="URL", help="Another site whose pages may use this one."),
    ] = None,
    read_only: Annotated[
        bool, typer.Option("--read-only", help="Refuse every change to the library.")
    ] = False,
    share: Annotated[
        bool, typer.Option("--share", help="Open a public link through Gradio's servers.")
    ] = False,
    mcp: Annotated[
        bool, typer.Option("--mcp", help="Offer ask, search and add to programs that speak MCP.")
    ] = False,
    model: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="A language model to choose from; may be repeated."),
    ] = None,
    open_browser: Annotated[bool, typer.Option("--open", help="Show the page at once.")] = False,
    storage: Storage = None,
    debug: Debug = False,
) -> None:
    """Open the chat in the browser, on this machine alone unless --host says otherwise."""
    from rich.text import Text

    from rag.errors import SettingsError
    from rag.settings import load_settings
    from rag.ui.options import ServeOptions, read_login, read_tokens
    from rag.ui.serve import launch

    if password_file is not None and auth is None:
        raise SettingsError("A password needs a name.", hint="Give one with --auth USER.")
    settings = load_settings(
        storage=storage,
        ui_hosts=tuple(allow_host) if allow_host else None,
        ui_origins=tuple(allow_origin) if allow_origin else None,
    )
    options = ServeOptions(
        host=host,
        port=port,
        login=read_login(auth, password_file) if auth is not None else None,
        open_to_all=no_auth,
        read_only=read_only,
        share=share,
        mcp=mcp,
        models=tuple(model or ()),
        open_browser=open_browser,
        hosts=settings.ui_hosts,
        origins=settings.ui_origins,
        tokens=read_tokens(token_file) if auth is not None or token_file is not None else (),
    )

    def ready(address: str) -> None:
        errors().print(Text.assemble(("Open ", "bold"), address, "   (Ctrl-C ends it)"))

    with open_library(storage) as library:
        launch(library, options, ready=ready)
