"""Commands that take a question: ask, search."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, cast

import typer

from rag.cli.common import Debug, Json, Rerank, Storage, command, open_library, output, print_json

if TYPE_CHECKING:
    from rag.answers.answer import AnswerMode
    from rag.search.query import Filters

__all__ = [
    "Author",
    "Check",
    "Dated",
    "Fallback",
    "Mode",
    "Model",
    "Only",
    "Repair",
    "Source",
    "Strict",
    "Venue",
    "Year",
    "read_filters",
    "read_mode",
    "register",
]

_YEARS = re.compile(r"(\d{4})?(-)?(\d{4})?")

Year = Annotated[
    str | None,
    typer.Option("--year", metavar="YEARS", help="2023, 2021-2024, 2021- or -2020."),
]
Author = Annotated[str | None, typer.Option("--author", help="Part of an author's name.")]
Venue = Annotated[str | None, typer.Option("--venue", help="Part of the venue's name.")]
Source = Annotated[str | None, typer.Option("--source", help="Part of a source's name.")]
Only = Annotated[
    list[str] | None,
    typer.Option("--id", metavar="ID", help="Only this paper; may be repeated."),
]
Dated = Annotated[
    bool | None,
    typer.Option("--dated/--undated", help="Only papers with, or without, a stated date."),
]
Mode = Annotated[
    str | None,
    typer.Option(
        "--mode",
        metavar="extractive|llm",
        help="Quote the papers, or have a model write. (default: llm where one is configured)",
    ),
]
Model = Annotated[
    str | None, typer.Option("--model", metavar="NAME", help="The model that writes.")
]
Strict = Annotated[
    bool | None,
    typer.Option("--strict/--no-strict", help="Leave out sentences that fail the check."),
]
Check = Annotated[
    str | None,
    typer.Option(
        "--check",
        metavar="local|model",
        help="Who checks the sentences; `model` has the language model judge them too.",
    ),
]
Repair = Annotated[
    bool | None,
    typer.Option("--repair/--no-repair", help="Have the model correct sentences that fail."),
]
Literal = Annotated[
    bool,
    typer.Option("--literal", help="Read no filters or exclusions out of the question."),
]
Fallback = Annotated[
    str | None,
    typer.Option(
        "--fallback", metavar="extractive|none", help="What to do when the model can't be had."
    ),
]


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    for run in (ask, search):
        app.command()(run)


def read_filters(
    year: str | None,
    author: str | None,
    venue: str | None,
    source: str | None,
    ids: list[str] | None,
    dated: bool | None,
) -> Filters:
    """Turn the options into filters."""
    from rag.search.query import Filters

    first, last = _read_years(year) if year else (None, None)
    return Filters(
        year_from=first,
        year_to=last,
        author=author or None,
        venue=venue or None,
        source=source or None,
        ids=tuple(ids) if ids else None,
        has_date=dated,
    )


def _read_years(text: str) -> tuple[int | None, int | None]:
    match = _YEARS.fullmatch(text.strip())
    if not match or not (match[1] or match[3]) or (match[1] and match[3] and not match[2]):
        raise typer.BadParameter(f"{text!r} is not a year or a range such as 2021-2024.")
    first = int(match[1]) if match[1] else None
    last = int(match[3]) if match[3] else (first if not match[2] else None)
    if first and last and first > last:
        raise typer.BadParameter(f"{text!r} ends before it begins.")
    return first, last


def read_mode(mode: str | None) -> AnswerMode | None:
    """Return a mode of answering as it was typed, or refuse it."""
    if mode not in {None, "extractive", "llm"}:
        raise typer.BadParameter(f"{mode!r} is not a mode: extractive or llm.")
    return cast("AnswerMode | None", mode)


@command
def ask(
    question: Annotated[str, typer.Argument(help="The question, in quotes.")],
    year: Year = None,
    author: Author = None,
    venue: Venue = None,
    source: Source = None,
    id: Only = None,
    dated: Dated = None,
    mode: Mode = None,
    model: Model = None,
    strict: Strict = None,
    check: Check = None,
    repair: Repair = None,
    fallback: Fallback = None,
    rerank: Rerank = None,
    literal: Literal = False,
    storage: Storage = None,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Ask a question; the answer says where each of its sentences stands.

    Without a language model it quotes the papers. With one (--model or RAG_LLM_MODEL, and
    OPENAI_BASE_URL or OPENAI_API_KEY) the model writes it, and every sentence is checked against
    what it cites. When the papers don't hold the answer, it says so and names the closest ones.
    """
    filters = read_filters(year, author, venue, source, id, dated)
    with open_library(
        storage,
        llm_model=model,
        strict=strict,
        check=check,
        repair=repair,
        fallback=fallback,
        rerank=rerank,
    ) as library:
        if json:
            answer = library.ask(question, filters=filters, mode=read_mode(mode), literal=literal)
            print_json(answer.as_dict())
            return
        from rag.cli.streaming import show_answer

        show_answer(
            library.stream(question, filters=filters, mode=read_mode(mode), literal=literal)
        )


@command
def search(
    query: Annotated[str, typer.Argument(help="Words, a title, or an identifier.")],
    count: Annotated[int, typer.Option("--count", "-k", min=1, max=1000, help="How many.")] = 10,
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
    """Find papers, best first, each with the passage that was found."""
    filters = read_filters(year, author, venue, source, id, dated)
    with open_library(storage, rerank=rerank) as library:
        result = library.find(query, count, filters=filters)
    if json:
        print_json([hit.as_dict() for hit in result.hits])
        return
    from rag.cli.render import hits_view

    if not result.hits:
        output().print("No paper matches the filters.")
    output().print(hits_view(result.hits, result.notes))
