"""Commands that look at papers: papers, show."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from rag.cli.common import Debug, Json, Storage, command, errors, open_library, output, print_json

if TYPE_CHECKING:
    from rag.index.mending import Duplicates

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    for run in (papers, show):
        app.command()(run)


@command
def papers(
    limit: Annotated[
        int | None, typer.Option("--limit", "-n", min=1, help="How many at the most.")
    ] = None,
    duplicates: Annotated[
        bool,
        typer.Option(
            "--duplicates", help="List what was merged and why, and what may be duplicates."
        ),
    ] = False,
    storage: Storage = None,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """List the papers of the library, in order of id."""
    from itertools import islice

    with open_library(storage) as library:
        if duplicates:
            _print_duplicates(library.duplicates(), limit, json=json)
            return
        listed = islice(library.papers(), limit)
        if json:
            print_json([paper.as_dict() for paper in listed])
            return
        if not len(library):
            errors().print("The library holds no papers; add some with: rag add FILE_OR_FOLDER")
        # Plain lines, not a table: 140,000 of them must flow, and be searchable with grep.
        for paper in listed:
            year = f"{paper.year}" if paper.year else "    "
            sys.stdout.write(f"{year}  {paper.heading or '(untitled)'}\n      {paper.id}\n")


def _print_duplicates(found: Duplicates, limit: int | None, *, json: bool) -> None:
    from rag.cli.render import duplicates_lines

    shown = found.first(limit) if limit else found
    if json:
        print_json(shown.as_dict())
        return
    for line in duplicates_lines(shown):
        output().print(line, soft_wrap=True)


@command
def show(
    id: Annotated[str, typer.Argument(metavar="ID", help="An id, arXiv id, DOI or address.")],
    storage: Storage = None,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Show all that is known of one paper."""
    with open_library(storage) as library:
        paper = library.paper(id)
    if json:
        print_json(paper.as_dict())
        return
    from rag.cli.render import paper_view

    output().print(paper_view(paper))
