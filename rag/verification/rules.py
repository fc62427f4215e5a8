"""What can be proven of a sentence without a model: copied, absent, changed; stitched, broken off.

A sentence found verbatim in what it cites is right whatever else is said of it. One is wrong that
states a number or quotes words that what it cites doesn't have, that repeats a sentence of it with
another number or the sense turned round, or that exchanges two of its numbers. Joining pieces in
mid-clause, and breaking off, only cast doubt.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rag.text.words import tokens_of
from rag.verification.bindings import exchanged_quantities
from rag.verification.opposites import turned_words
from rag.verification.quantities import (
    changed_quantity,
    find_quotes,
    holds_phrase,
    missing_quantities,
)
from rag.verification.wording import broken_off, is_stitched, is_verbatim

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rag.verification.paper_view import PaperView

__all__ = ["Findings", "apply_rules", "is_copied"]


@dataclass(frozen=True, slots=True)
class Findings:
    """What rules say of a sentence, each as a reason for the reader.

    Attributes:
        absent: Numbers and quoted words that nothing cited holds: they may stand in another paper.
        changed: What the cited abstract says otherwise in a sentence that is otherwise the same.
        doubts: What only casts doubt.
        spans: The stretches of the sentence that `absent` and `changed` are about.
    """

    absent: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()
    spans: tuple[tuple[int, int], ...] = ()

    @property
    def proven(self) -> tuple[str, ...]:
        """The reasons for which the sentence is wrong, whatever a model says."""
        return (*self.absent, *self.changed)


def is_copied(text: str, cited: Sequence[PaperView]) -> bool:
    """Tell whether a sentence stands word for word in an abstract that it cites."""
    words = [word for word, _ in tokens_of(text)]
    return any(is_verbatim(words, view.plain) for view in cited)


def apply_rules(text: str, cited: Sequence[PaperView], nearest: str) -> Findings:
    """Return what rules say of a sentence beside the papers that it cites.

    Args:
        text: The sentence, without markers.
        cited: The papers that it cites.
        nearest: The sentence of theirs that is nearest to it.
    """
    sources = [f"{view.paper.title}\n{view.paper.abstract}" for view in cited]
    dates = (f"{view.paper.year} {view.paper.date}" for view in cited)
    years = [int(year) for date in dates for year in re.findall(r"\b\d{4}\b", date)]
    missing, counted = missing_quantities(text, sources, years=years)
    absent = [f"the number {quantity.text} is not in what it cites" for quantity in missing]
    told = [quantity.text for quantity in missing]
    for phrase in find_quotes(text):
        if not any(holds_phrase(source, phrase) for source in sources):
            absent.append(f'the quoted words "{phrase}" are not in what it cites')
            told.append(phrase)
    changed = []
    if not missing and (number := changed_quantity(text, nearest)):
        changed.append(f"the cited abstract states another number than {number}")
        told.append(number)
    stated = [sentence for view in cited for sentence in view.passages.sentences]
    if not changed and (exchanged := exchanged_quantities(text, stated)):
        one, two = exchanged
        changed.append(f"in the cited abstract {one} and {two} belong the other way round")
        told += exchanged
    turned = turned_words(text, nearest)
    if turned is not None:
        changed.append(
            f'the cited abstract says otherwise ("{turned}")'
            if turned
            else "the cited abstract says the opposite"
        )
    doubts = [f'what it cites doesn\'t state the number "{quantity.text}"' for quantity in counted]
    if words := broken_off(text):
        doubts.append(f'the sentence breaks off at "{words}"')
    elif is_stitched(text, [runs for view in cited for runs in view.runs]):
        doubts.append("it joins pieces of different sentences of what it cites")
    places = ((text.find(words), len(words)) for words in told)
    spans = tuple((start, start + length) for start, length in places if start >= 0)
    return Findings(tuple(absent), tuple(changed), tuple(doubts), spans)
