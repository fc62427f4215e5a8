"""The command that reads the sources of the library again: sync."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from rag.cli.common import (
    Debug,
    Json,
    Storage,
    command,
    complain,
    errors,
    open_library,
    output,
    print_json,
    working,
)

if TYPE_CHECKING:
    from rag.library import Library

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command()(sync)


@command
def sync(
    sources: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[SOURCE]...",
            help="Which of the library's sources; all when none is named.",
            show_default=False,
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")
    ] = False,
    remove_missing: Annotated[
        bool,
        typer.Option(
            "--remove-missing", help="Remove the papers that are gone from all of their sources."
        ),
    ] = False,
    retractions: Annotated[
        bool,
        typer.Option(
            "--retractions",
            help="Ask OpenAlex, by DOI, which papers of the library were retracted.",
        ),
    ] = False,
    listed: Annotated[
        bool, typer.Option("--list", help="List the sources, and read none of them.")
    ] = False,
    forget: Annotated[
        list[str] | None,
        typer.Option(
            "--forget",
            metavar="SOURCE",
            help="Read a source no more; its papers stay.",
            show_default=False,
        ),
    ] = None,
    storage: Storage = None,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Read the sources of the library again: files, folders, and what was asked of services.

    Says which papers came in, changed, were retracted, or are gone from where they were; says
    nothing when there is nothing new, so that it can be run by cron. Exit code 1 when a source
    could not be read to its end.
    """
    with open_library(storage) as library:
        if listed or forget:
            _list_or_forget(library, forget or [], json=json)
            return
        stopped = "What was stored until then is kept."
        with working("Reading again", if_stopped=stopped) as progress:
            report = library.sync(
                *(sources or []),
                dry_run=dry_run,
                remove_missing=remove_missing,
                retractions=retractions,
                progress=progress,
            )
    if json:
        print_json(report.as_dict())
    elif report.has_news:
        from rag.cli.sync_view import sync_lines

        for line in sync_lines(report):
            output().print(line, soft_wrap=True)
    elif errors().is_terminal:
        errors().print(f"Nothing new: {report.read:,} records read.")
    if report.failed:
        first = report.failed[0]
        more = f" ({len(report.failed) - 1} more)" if len(report.failed) > 1 else ""
        complain(
            f"Not all could be read: {first}{more}.",
            "Run it again to go on where it stopped.",
        )
        raise typer.Exit(1)


def _list_or_forget(library: Library, forget: list[str], *, json: bool) -> None:
    for one in forget:
        library.forget(one)
    kept = library.sources()
    if json:
        print_json([one.as_dict() for one in kept])
        return
    for one in forget:
        errors().print(f"Forgotten: {one}")
    if not forget:
        for source in kept:
            limit = f"  (at most {source.limit:,})" if source.limit else ""
            output().print(f"{source.source}{limit}", soft_wrap=True)
        if not kept:
            errors().print("The library has no sources; they are remembered by: rag add SOURCE")
