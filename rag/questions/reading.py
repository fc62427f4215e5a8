"""Read a question once: what is searched, among which papers, and what kind of answer it wants."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rag.questions.narrowing import narrow
from rag.questions.negation import read_exclusions
from rag.questions.several import asks_for_papers, order_of
from rag.questions.sides import sides_of

if TYPE_CHECKING:
    from rag.index.catalog import Catalog
    from rag.questions.several import Order
    from rag.questions.sides import Side
    from rag.search.query import Filters

__all__ = ["Reading", "read_question"]

# What tells to list is not looked for: a paper on listwise ranking isn't meant by it.
_COMMAND = re.compile(
    r"^(?:please )?(?:list|name|enumerate|show|find)(?: (?:me|us|all|every|any|some|of|the))* ",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a question asks for.

    Attributes:
        text: What is searched: the question without what became filters and exclusions.
        filters: What it says of the papers that are meant; None where it says nothing.
        without: What the papers should be without.
        several: Whether all papers that fit are wanted.
        order: In which order they are.
        sides: The parts of a comparison or of a double question; empty where there is one.
    """

    text: str
    filters: Filters | None = None
    without: tuple[str, ...] = ()
    several: bool = False
    order: Order = "fit"
    sides: tuple[Side, ...] = ()


def read_question(question: str, catalog: Catalog, *, of_papers: bool = False) -> Reading:
    """Read a question.

    Args:
        question: On one line.
        catalog: The library's catalogue.
        of_papers: Whether papers are asked for, however it is worded.
    """
    narrowed = narrow(question, catalog, of_papers=of_papers)
    several = of_papers or asks_for_papers(narrowed.text)
    if not several:
        # Where one fact is asked for, "without labels" is part of it.
        return Reading(text=narrowed.text, filters=narrowed.filters, sides=sides_of(narrowed.text))
    excluded = read_exclusions(narrowed.text)
    return Reading(
        text=_COMMAND.sub("", excluded.text) or excluded.text,
        filters=narrowed.filters,
        without=excluded.things,
        several=True,
        order=order_of(question),
    )
