"""What may be asked, and of which papers: filters narrow a search before anything is ranked."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from rag.errors import QuestionError
from rag.text.decoding import one_line

if TYPE_CHECKING:
    from collections.abc import Callable

    from rag.index.catalog import Catalog

__all__ = [
    "LITERAL",
    "MAX_QUESTION",
    "MORE",
    "Filters",
    "Selection",
    "check_question",
    "combine",
    "select",
    "without_command",
]

LITERAL = "/literal "  # in front of a question that is to be taken as it stands
MORE = "/more "  # in front of a question that was answered by a list, of which more is wanted
MAX_QUESTION = 4_000  # characters: longer than any question, shorter than a pasted paper

_NAMED = 500  # ids that one statement of SQL may name; more are sorted out behind it


def without_command(text: str) -> str:
    """Return a question without what stands in front of it for the conversation alone.

    >>> without_command("/literal Which papers are by May?")
    'Which papers are by May?'
    """
    command = next((one for one in (LITERAL, MORE) if text.startswith(one)), "")
    return text.removeprefix(command).strip() or text


def check_question(question: str) -> str:
    """Return a question on one line.

    Raises:
        QuestionError: it is blank or too long.
    """
    text = one_line(question)
    if not text:
        raise QuestionError("The question is empty.", hint='Ask one: rag ask "How does ... work?"')
    if len(text) > MAX_QUESTION:
        raise QuestionError(
            f"The question has {len(text):,} characters; {MAX_QUESTION:,} is the most.",
            hint="Ask about one thing; a text to look for can be cut to its first paragraphs.",
        )
    return text


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """Which papers a search may find; what is left out doesn't matter.

    Attributes:
        year_from: First year; papers whose year is not known are left out.
        year_to: Last year; papers whose year is not known are left out.
        venue: Part of the venue's name, upper or lower case.
        author: Part of an author's name, upper or lower case.
        source: Part of the name of a source, upper or lower case.
        ids: The only papers that may be found.
        has_date: True for papers with a stated date or year, False for those without.
    """

    year_from: int | None = None
    year_to: int | None = None
    venue: str | None = None
    author: str | None = None
    source: str | None = None
    ids: tuple[str, ...] | None = None
    has_date: bool | None = None

    def __bool__(self) -> bool:
        return any(value is not None for value in asdict(self).values())

    def describe(self) -> str:
        """Say in words what is left.

        >>> Filters(year_from=2021, author="Li").describe()
        'year 2021 or later, author "Li"'
        """
        years = {
            (True, True): f"years {self.year_from} to {self.year_to}",
            (True, False): f"year {self.year_from} or later",
            (False, True): f"year {self.year_to} or earlier",
        }
        known_years = (self.year_from is not None, self.year_to is not None)
        parts = [years[known_years]] if any(known_years) else []
        if self.year_from is not None and self.year_from == self.year_to:
            parts = [f"year {self.year_from}"]
        named = (("author", self.author), ("venue", self.venue), ("source", self.source))
        parts += [f'{name} "{value}"' for name, value in named if value]
        if self.ids is not None:
            parts.append(f"{len(self.ids)} chosen papers")
        if self.has_date is not None:
            parts.append("with a date" if self.has_date else "without a date")
        return ", ".join(parts)


def combine(given: Filters | None, read: Filters | None) -> Filters | None:
    """Return the filter of papers that two filters leave.

    Of two years the narrower counts; of two names of one kind, the one that was given.

    Args:
        given: As somebody set it.
        read: As a question states it in words.
    """
    if not given or not read:
        return given or read or None
    return replace(
        given,
        year_from=_pick(max, given.year_from, read.year_from),
        year_to=_pick(min, given.year_to, read.year_to),
        venue=given.venue or read.venue,
        author=given.author or read.author,
        source=given.source or read.source,
    )


def _pick(choose: Callable[[int, int], int], first: int | None, second: int | None) -> int | None:
    return choose(first, second) if first and second else first or second


@dataclass(frozen=True, slots=True)
class Selection:
    """The papers that a filter leaves.

    Attributes:
        chunks: Id of each paper and its number of chunks.
        unknown_year: How many papers were left out only because their year is not known.
    """

    chunks: dict[str, int]
    unknown_year: int


def select(filters: Filters, catalog: Catalog) -> Selection:
    """Find the papers that a filter leaves.

    Raises:
        QuestionError: the filter contradicts itself.
    """
    if filters.year_from and filters.year_to and filters.year_from > filters.year_to:
        raise QuestionError(
            f"No year is both {filters.year_from} or later and {filters.year_to} or earlier.",
            hint="Give the earlier year first, as in 2021-2024.",
        )
    other, other_values = _conditions(filters)
    years: list[str] = []
    values: list[Any] = []
    for bound, sign in ((filters.year_from, ">="), (filters.year_to, "<=")):
        if bound is not None:
            years.append(f"year {sign} ?")
            values.append(bound)
    chunks = catalog.matching(_join([*other, *years]), [*other_values, *values])
    unknown = catalog.matching(_join([*other, "year IS NULL"]), other_values) if years else {}
    if filters.ids is not None:
        chosen = set(filters.ids)
        chunks = {one: count for one, count in chunks.items() if one in chosen}
        unknown = {one: count for one, count in unknown.items() if one in chosen}
    return Selection(chunks, len(unknown))


def _conditions(filters: Filters) -> tuple[list[str], list[Any]]:
    conditions: list[str] = []
    values: list[Any] = []
    for column, value in (
        ("venue", filters.venue),
        ("authors", filters.author),
        ("sources", filters.source),
    ):
        if value:
            conditions.append(f"instr({column}, ?) > 0")
            values.append(value.casefold())
    if filters.ids is not None and len(filters.ids) <= _NAMED:
        conditions.append(f"id IN ({','.join('?' * len(filters.ids))})")
        values += filters.ids
    if filters.has_date is not None:
        conditions.append("dated = ?")
        values.append(int(filters.has_date))
    return conditions, values


def _join(conditions: list[str]) -> str:
    return " AND ".join(conditions) or "1"
