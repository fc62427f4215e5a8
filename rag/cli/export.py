"""The command that writes papers for reference managers: export."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from rag.cli.common import (
    Debug,
    Storage,
    command,
    complain,
    errors,
    listing,
    one_of,
    open_library,
)
from rag.cli.common import output as console
from rag.errors import LibraryError, StorageError

__all__ = ["register"]

Output = Annotated[
    Path | None,
    typer.Option("--output", "-o", metavar="FILE", help="Where to. (default: standard output)"),
]


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command(cls=listing(_formats))(export)


def _format_names() -> list[str]:
    from rag.export import paper_formats

    return [one.name for one in paper_formats()]


def _formats() -> str:
    from rag.export import paper_formats

    formats = ", ".join(f"{one.label} ({one.name})" for one in paper_formats())
    return f"Formats: {formats}."


@command
def export(
    ids: Annotated[
        list[str] | None,
        typer.Argument(metavar="ID...", help="Which papers. (default: all)", show_default=False),
    ] = None,
    format: Annotated[
        str,
        typer.Option(
            "--format",
            "-f",
            metavar="FORMAT",
            callback=one_of(_format_names),
            help="One of those below.",
        ),
    ] = "bibtex",
    output: Output = None,
    to: Annotated[
        str | None,
        typer.Option(
            "--to",
            metavar="zotero:COLLECTION",
            help="Send them to a collection of Zotero's instead, by its key or name.",
        ),
    ] = None,
    storage: Storage = None,
    debug: Debug = False,
) -> None:
    """Write papers for reference managers and programs, or send them to Zotero.

    Sending uses the network, and the key in the environment variable ZOTERO_API_KEY. What the
    collection holds already is not sent again.
    """
    if to is not None:
        if output is not None:
            raise typer.BadParameter("--to sends papers, and --output writes a file: name one.")
        _send(to, ids, storage)
        return
    with open_library(storage) as library:
        content = library.export(ids or None, format)
    if isinstance(content, bytes) and output is None and sys.stdout.isatty():
        raise LibraryError(
            f"The format {format} is no text that a terminal could show.",
            hint=f"Write it to a file: rag export --format {format} --output FILE",
        )
    data = content if isinstance(content, bytes) else content.encode("utf-8")
    if output is None:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
        return
    try:
        output.write_bytes(data)
    except OSError as error:
        raise StorageError(
            f"{output} can't be written ({error.strerror}).",
            hint="Name a file in a folder of yours.",
        ) from error


def _send(target: str, ids: list[str] | None, storage: Path | None) -> None:
    with open_library(storage) as library:
        report = library.send(target, ids or None)
    said = f"{report.sent:,} sent to {target}"
    there = f", {report.present:,} {'was' if report.present == 1 else 'were'} there"
    console().print(said + (f"{there}." if report.present else "."))
    for paper_id, why in report.failed:
        errors().print(f"Refused: {paper_id}: {why}", soft_wrap=True)
    if report.failed:
        complain(
            f"Zotero refused {len(report.failed):,} of the papers.", "The lines above say why."
        )
        raise typer.Exit(1)
