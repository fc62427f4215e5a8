"""Commands that change the library: add, remove, rebuild."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from rag.cli.common import (
    Debug,
    Json,
    Storage,
    command,
    complain,
    errors,
    listing,
    one_of,
    open_library,
    output,
    print_json,
    working,
)

if TYPE_CHECKING:
    from rag.index.sync import AddReport

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.command(cls=listing(_formats))(add)
    for run in (remove, rebuild):
        app.command()(run)


def _format_names() -> list[str]:
    from rag.sources import all_readers

    return [reader.name for reader in all_readers()]


def _formats() -> str:
    from rag.sources import all_readers
    from rag.sources.web import all_services

    formats = ", ".join(f"{reader.label} ({reader.name})" for reader in all_readers())
    services = "; ".join(f"{one.label}: {', '.join(one.forms)}" for one in all_services())
    hosts = ", ".join(dict.fromkeys(one.hosts[0] for one in all_services()))
    return (
        f"Formats: {formats}; each also gzipped, or in an archive (zip, tar, bzip2).\n\n"
        f"Web: {services}; and addresses of papers at {hosts}."
    )


def _field_names() -> tuple[str, ...]:
    from rag.sources import TABLE_FIELDS

    return TABLE_FIELDS


def _columns(pairs: list[str] | None) -> list[str] | None:
    """Refuse what names no field, before anything is opened."""
    for field in _as_columns(pairs):
        if field not in _field_names():
            raise typer.BadParameter(f"{field!r} is none of {', '.join(_field_names())}.")
    return pairs


def _as_columns(pairs: list[str] | None) -> dict[str, str]:
    """Read `title=Titel,abstract=Text`; a comma that no `=` follows belongs to a column's name."""
    columns: dict[str, str] = {}
    field = ""
    for piece in ",".join(pairs or []).split(","):
        name, equals, column = piece.partition("=")
        if equals:
            field = name.strip()
            columns[field] = column
        elif field:
            columns[field] += f",{piece}"
        elif piece:
            raise typer.BadParameter(f"{piece!r} names no column: write title=COLUMN.")
    return {field: column.strip() for field, column in columns.items()}


@command
def add(
    sources: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="SOURCE...",
            help="Files, folders, archives, globs; or papers of the web, listed below.",
            show_default=False,
        ),
    ] = None,
    sample: Annotated[
        bool, typer.Option("--sample", help="Add the bundled sample of 60 papers.")
    ] = False,
    format: Annotated[
        str | None,
        typer.Option(
            "--format",
            metavar="FORMAT",
            callback=one_of(_format_names),
            help="What the sources are, where guessing from the content goes wrong.",
        ),
    ] = None,
    map: Annotated[
        list[str] | None,
        typer.Option(
            "--map",
            metavar="FIELD=COLUMN,...",
            callback=_columns,
            help="Which columns of tables hold what, as in title=Titel,abstract=Kurzfassung.",
        ),
    ] = None,
    limit: Annotated[
        int | None,
        typer.Option(
            "--limit",
            min=1,
            help="How many papers of a search of the web are read. (default: 100)",
            show_default=False,
        ),
    ] = None,
    once: Annotated[
        bool, typer.Option("--once", help="Don't have `rag sync` read the sources again.")
    ] = False,
    storage: Storage = None,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Add papers from files, folders, archives and globs, and from services of the web.

    The format is guessed from the content. What is there already is not embedded again; what
    can't be read is reported and never keeps out the rest. The network is used for what names a
    service, and for nothing else. Exit code 1 when a source that was named gave no paper, or could
    not be read to its end.
    """
    from rag.sample import sample_path
    from rag.sources import Failure

    wanted = [*(sources or []), *([str(sample_path())] if sample else [])]
    if not wanted:
        raise typer.BadParameter("Name a file or folder, or add the bundled sample with --sample.")
    with (
        open_library(storage) as library,
        working("Adding papers", if_stopped="What was stored until then is kept.") as progress,
    ):
        columns = _as_columns(map)
        report = library.add(
            *wanted,
            format=format,
            columns=columns,
            limit=limit,
            remember=not once,
            progress=progress,
        )
    if json:
        print_json(report.as_dict())
    else:
        _print_report(report)
    fruitless = _fruitless(report, wanted)
    broken_off = [one for one in report.rejected if isinstance(one, Failure)]
    if broken_off:
        hint = "Add it again to go on where it stopped." if report.read else "Try again later."
        complain(fruitless or f"Not all could be read: {broken_off[0]}.", hint)
        raise typer.Exit(1)
    if fruitless:
        complain(fruitless, "What can be read is listed by: rag add --help")
        raise typer.Exit(1)


def _print_report(report: AddReport) -> None:
    from rag.cli.render import report_lines

    summary, notes = report_lines(report)
    if report.read:
        output().print(summary)
    if report.read or len(report.rejected) > 1:
        for line in notes:
            errors().print(line, soft_wrap=True)
    for note in report.notes:
        errors().print(f"Note: {note}", soft_wrap=True)


def _fruitless(report: AddReport, sources: list[str]) -> str:
    """Say that sources which were named gave nothing; empty when all gave something."""
    barren = {one.source for one in report.rejected if not one.place} & set(sources)
    if not report.read:
        reason = f": {report.rejected[0]}" if len(report.rejected) == 1 else ""
        return f"No paper was read{reason}."
    return f"{len(barren)} of {len(sources)} sources gave no paper." if barren else ""


@command
def remove(
    ids: Annotated[list[str], typer.Argument(metavar="ID...", help="Ids, as `rag papers` lists.")],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Don't ask.")] = False,
    storage: Storage = None,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Remove papers from the library."""
    with open_library(storage) as library:
        papers = [library.paper(paper_id) for paper_id in ids]
        if not yes:
            if not sys.stdin.isatty():
                from rag.errors import LibraryError

                raise LibraryError(
                    "Nothing was removed: there is no terminal to ask at whether you are sure.",
                    hint="Say so with --yes.",
                )
            for paper in papers:
                errors().print(f"{paper.heading} ({paper.id})")
            typer.confirm(f"Remove {len(papers)} from the library?", abort=True, err=True)
        removed = library.remove(*ids)
    if json:
        print_json([paper.as_dict() for paper in removed])
    else:
        for paper in removed:
            output().print(f"Removed: {paper.heading} ({paper.id})")


@command
def rebuild(
    storage: Storage = None,
    embedder: Annotated[
        str | None,
        typer.Option("--embedder", help="`minilm`, an encoder's folder, or `openai:MODEL`."),
    ] = None,
    debug: Debug = False,
) -> None:
    """Embed all papers again, after a change of the embedder."""
    with (
        open_library(storage, embedder=embedder) as library,
        working("Embedding again", if_stopped="The library is as it was before.") as progress,
    ):
        count = library.rebuild(progress=progress)
    output().print(f"{count:,} papers embedded again.")
