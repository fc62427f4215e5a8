"""Signals that no overlap of words outvotes: copied, absent, changed, stitched, broken off."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rag.verification.quantities import (
    changed_quantity,
    find_quotes,
    holds_phrase,
    missing_quantities,
)
from rag.verification.wording import broken_off, is_stitched, is_verbatim

if TYPE_CHECKING:
    from rag.verification.reading import Reading

__all__ = ["Signals", "quotes_verbatim", "signals"]


@dataclass(frozen=True, slots=True)
class Signals:
    """What rules say of a sentence, each as a reason for the reader.

    Attributes:
        absent: Numbers and quoted words that nothing cited holds: the sentence fails.
        wrong: Other reasons for which it fails.
        doubts: What only casts doubt.
    """

    absent: tuple[str, ...] = ()
    wrong: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()

    @property
    def firm(self) -> tuple[str, ...]:
        """The reasons for which the sentence fails, whatever else is said of it."""
        return (*self.absent, *self.wrong)


def quotes_verbatim(reading: Reading) -> bool:
    """Tell whether a claim stands word for word in an abstract that it cites."""
    words = reading.parts.plain
    return any(is_verbatim(words, reading.views[index].plain) for index in reading.cited)


def signals(reading: Reading) -> Signals:
    """Return what rules say of a claim beside the papers that it cites."""
    text = reading.parts.text
    papers = [reading.views[index].paper for index in reading.cited]
    sources = [f"{paper.title}\n{paper.abstract}" for paper in papers]
    years = [int(y) for p in papers for y in re.findall(r"\b\d{4}\b", f"{p.year} {p.date}")]
    missing, counted = missing_quantities(text, sources, years=years)
    absent = [f"the number {quantity.text} is not in what it cites" for quantity in missing]
    absent += [
        f'the quoted words "{phrase}" are not in what it cites'
        for phrase in find_quotes(text)
        if not any(holds_phrase(source, phrase) for source in sources)
    ]
    wrong = []
    if not missing and len(papers) == 1:
        number = changed_quantity(text, reading.best_sentence(reading.cited[0]))
        wrong += [f"the cited abstract states another number than {number}"] if number else []
    if words := broken_off(text):
        wrong.append(f'the sentence breaks off at "{words}"')
    elif is_stitched(text, [s for i in reading.cited for s in reading.views[i].runs_by_sentence]):
        wrong.append("it joins pieces of different sentences of what it cites")
    doubts = [f'what it cites doesn\'t state the number "{quantity.text}"' for quantity in counted]
    return Signals(tuple(absent), tuple(wrong), tuple(doubts))
