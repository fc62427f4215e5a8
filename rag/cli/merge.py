"""Commands that mend what is taken for one paper: merge, split."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from rag.cli.common import Debug, Json, Storage, command, open_library, output, print_json

if TYPE_CHECKING:
    from rag.papers import Paper

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    for run in (merge, split):
        app.command()(run)


@command
def merge(
    ids: Annotated[
        list[str],
        typer.Argument(metavar="ID ID...", help="The papers; the first one's id is kept."),
    ],
    storage: Storage = None,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Make one paper of several that are the same.

    They stay one when their sources are added again; `rag split` takes it back. Papers that may be
    the same are listed by `rag papers --duplicates`.
    """
    with open_library(storage) as library:
        paper = library.merge(*ids)
    if json:
        print_json(paper.as_dict())
    else:
        _print("Merged", paper)


@command
def split(
    id: Annotated[str, typer.Argument(metavar="ID", help="The paper.", show_default=False)],
    records: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="RECORD...",
            help="Which of its records are of another paper: their ids or sources. (default: each"
            " becomes a paper)",
            show_default=False,
        ),
    ] = None,
    storage: Storage = None,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Make several papers of one that was merged and is not the same.

    They stay apart when their sources are added again; `rag merge` takes it back. What was merged
    is listed by `rag papers --duplicates`.
    """
    with open_library(storage) as library:
        papers = library.split(id, *(records or ()))
    if json:
        print_json([paper.as_dict() for paper in papers])
        return
    for paper in papers:
        _print("Now a paper", paper)


def _print(what: str, paper: Paper) -> None:
    output().print(f"{what}: {paper.title or '(untitled)'} ({paper.id})", soft_wrap=True)
