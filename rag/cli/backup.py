"""Commands that keep a library in one file and put it back: backup, restore."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - typer reads the annotations
from typing import Annotated

import typer

from rag.cli.common import Debug, Json, Storage, command, open_library, output, print_json

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    for run in (backup, restore):
        app.command()(run)


@command
def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The file to write.")],
    force: Annotated[bool, typer.Option("--force", help="Replace a file of that name.")] = False,
    storage: Storage = None,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Write the library into one file, from which `rag restore` puts it back."""
    with open_library(storage) as library:
        made = library.backup(file, replace=force)
    if json:
        print_json(made.as_dict())
    else:
        output().print(f"{made.papers:,} papers, {made.size >> 20:,} MB unpacked: {made.path}")


@command
def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What `rag backup` wrote.")],
    force: Annotated[
        bool, typer.Option("--force", help="Replace the library that is there.")
    ] = False,
    storage: Storage = None,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Put a library back from a file; it is looked through before anything is replaced."""
    from rag.library import Library
    from rag.settings import load_settings

    settings = load_settings(storage=storage)
    made = Library.restore(file, settings=settings, replace=force)
    if json:
        print_json(made.as_dict())
    else:
        output().print(f"{made.papers:,} papers are back at {settings.storage}.")
