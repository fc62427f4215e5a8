"""Which number belongs to what: find two numbers of a sentence that have changed places.

"18% faster with 31% less memory" has the numbers and the words of an abstract that says 31% faster
and 18% less memory. Told only where it can be proven: each number stands in a part of the sentence
of its own, both stand so in one sentence of the abstract, and what stands with the one here stands
with the other there. No other sentence of the abstract may say it as it is said here.
"""

from __future__ import annotations

import re
from itertools import combinations, islice
from typing import TYPE_CHECKING, NamedTuple

from rag.text.words import content_words, normalise
from rag.verification.quantities import find_quantities, same_quantity

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rag.verification.quantities import Quantity

__all__ = ["exchanged_quantities"]

# Between two parts of a sentence that may each say something of a number.
_JOINT = re.compile(
    r"[,;:()\[\]–—]|\s-\s|\b(?:and|or|but|while|whereas|whilst|although|though|with|versus|vs|against"
    r"|compared|than|yet|rather|instead|plus)\b",
    re.IGNORECASE,
)
_IN_ORDER = re.compile(r"\brespectively\b|\b(?:former|latter)\b", re.IGNORECASE)

# Times as many words have to stand with the other number as with its own: a subject may do so.
_SURE = 2
_MOST = 20  # numbers: a sentence with more is a table, of which nothing can be proven so


class _Bound(NamedTuple):
    """A number and what stands with it."""

    quantity: Quantity
    words: frozenset[str]


def exchanged_quantities(text: str, sentences: Sequence[str]) -> tuple[str, str] | None:
    """Find two numbers of a sentence that say of each other's subject what is said of their own.

    Args:
        text: The sentence to check.
        sentences: Those of what it cites.

    Returns:
        The two as the sentence writes them; None where none have changed places for sure.

    >>> stated = ["Training is 31% faster and memory falls by 18%."]
    >>> exchanged_quantities("It trains 18% faster, and memory falls by 31%.", stated)
    ('18%', '31%')
    """
    if _IN_ORDER.search(text):
        return None
    bound = list(islice(_bound(text), _MOST + 1))
    if len(bound) > _MOST:
        return None
    theirs = [list(islice(_bound(sentence), _MOST)) for sentence in sentences]
    for one, two in combinations(bound, 2):
        if one.quantity.unit != two.quantity.unit or one.quantity.value == two.quantity.value:
            continue
        shares = [_shares(one, two, stated) for stated in theirs]
        exchanged = any(
            min(crossed) and sum(crossed) >= _SURE * straight for straight, crossed in shares
        )
        told = any(straight and straight >= sum(crossed) for straight, crossed in shares)
        if exchanged and not told:
            return _written(text, one), _written(text, two)
    return None


def _written(text: str, bound: _Bound) -> str:
    shown = bound.quantity.text
    return f"{shown}%" if bound.quantity.unit == "%" and f"{shown}%" in text else shown


def _bound(text: str) -> Iterator[_Bound]:
    """Yield the numbers that stand alone in their part of a sentence, with the words of it."""
    plain = normalise(text)
    if _IN_ORDER.search(plain):
        return
    start = 0
    ends = [match.span() for match in _JOINT.finditer(plain)]
    for end, after in [*ends, (len(plain), len(plain))]:
        part = plain[start:end]
        start = after
        numbers = find_quantities(part)
        if len(numbers) != 1:
            continue
        words = frozenset(word.stem for word in content_words(part) if not word.stem[:1].isdigit())
        if words:
            yield _Bound(numbers[0], words)


def _shares(one: _Bound, two: _Bound, stated: Sequence[_Bound]) -> tuple[int, tuple[int, int]]:
    """Count the words that two numbers share with those of one sentence of an abstract.

    Returns:
        How many words stand with the same number; and of each number how many stand with the
        other one, none where the sentence doesn't hold both. What stands with both tells nothing.
    """
    mine, yours = one.words - two.words, two.words - one.words
    first = [bound.words for bound in stated if same_quantity(one.quantity, bound.quantity)]
    second = [bound.words for bound in stated if same_quantity(two.quantity, bound.quantity)]
    if len(first) == len(second) == 1:
        here, there = first[0] - second[0], second[0] - first[0]
        return len(mine & here) + len(yours & there), (len(mine & there), len(yours & here))
    straight = sum(len(mine & words) for words in first) + sum(len(yours & w) for w in second)
    return straight, (0, 0)
