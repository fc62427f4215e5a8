"""The commands of `rag`, put together."""

from __future__ import annotations

from typing import Annotated

import typer

from rag.cli import (
    add,
    ask,
    backup,
    chat,
    eval,  # noqa: A004
    export,
    merge,
    papers,
    rejects,
    status,
    survey,
    sync,
    ui,
    verify,
)
from rag.version import __version__

__all__ = ["app", "main"]

app = typer.Typer(
    name="rag",
    help="Ask research-paper abstracts a question; get an answer that leads to the exact words.",
    epilog="Start with: rag add FILE_OR_FOLDER, then: rag ask QUESTION",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for module in (
    add,
    ask,
    survey,
    chat,
    papers,
    merge,
    rejects,
    sync,
    verify,
    export,
    ui,
    eval,
    status,
    backup,
):
    module.register(app)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"abstract-rag {__version__}")
        raise typer.Exit


@app.callback()
def _rag(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    pass


def main() -> None:
    """Run the command line."""
    app()
