"""The command that lists every paper on a subject: survey."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from rag.cli.ask import Author, Dated, Only, Source, Venue, Year, read_filters
from rag.cli.common import (
    Debug,
    Json,
    Rerank,
    Storage,
    command,
    errors,
    listing,
    one_of,
    open_library,
    output,
    print_json,
)

if TYPE_CHECKING:
    from rich.console import RenderableType

    from rag.answers.survey import Survey

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command(cls=listing(_formats))(survey)


def _format_names() -> list[str]:
    from rag.export import survey_formats

    return [one.name for one in survey_formats()]


def _formats() -> str:
    from rag.export import survey_formats

    return "Formats: " + ", ".join(f"{one.label} ({one.name})" for one in survey_formats()) + "."


@command
def survey(
    question: Annotated[str, typer.Argument(help="A question or a subject, in quotes.")],
    format: Annotated[
        str | None,
        typer.Option(
            "--format",
            "-f",
            metavar="FORMAT",
            callback=one_of(_format_names),
            help="One of those below, on standard output. (default: a table to read)",
        ),
    ] = None,
    year: Year = None,
    author: Author = None,
    venue: Venue = None,
    source: Source = None,
    id: Only = None,
    dated: Dated = None,
    rerank: Rerank = None,
    storage: Storage = None,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """List every paper that fits, with what it says, its year, and its number and direction.

    Each cell is a stretch of the abstract; Markdown, CSV and JSON give its offsets.
    """
    filters = read_filters(year, author, venue, source, id, dated)
    with open_library(storage, rerank=rerank) as library:
        found = library.survey(question, filters=filters)
    if json:
        print_json(found.as_dict())
    elif format:
        content = found.export(format)
        sys.stdout.buffer.write(content if isinstance(content, bytes) else content.encode("utf-8"))
        sys.stdout.buffer.flush()
        for note in found.notes:
            errors().print(note)
    else:
        output().print(_view(found))


def _view(found: Survey) -> RenderableType:
    from rich.console import Group
    from rich.text import Text

    from rag.cli.render import numbered, paper_lines
    from rag.text.safety import for_terminal

    count = len(found.rows)
    parts: list[RenderableType] = [
        Text(f"{count} {'paper fits' if count == 1 else 'papers fit'}.\n")
    ]
    if not count:
        parts = [Text("No paper fits.")]
    rows = []
    for place, row in enumerate(found.rows, start=1):
        facts = [
            f"{name}: {for_terminal(cell.text)}"
            for name, cell in (("number", row.number), ("direction", row.direction))
            if cell
        ]
        words = Text(f"“{for_terminal(row.says.text)}”", style="dim")
        lines = [paper_lines(row.paper, link=False), words]
        if facts:
            lines.append(Text(" · ".join(facts), style="cyan"))
        rows.append((f"{place}.", Group(*lines)))
    parts.append(numbered(rows))
    parts += [Text(f"\n{note}", style="dim") for note in found.notes]
    return Group(*parts)
