"""Say where quoted papers seem to disagree on what was asked.

A question that can be answered by yes or no puts a claim. Each quote is evidence for it or against
it, as far as the reader (`rag.models.reader`) can tell; it is a hint to read both sides, and so it
is worded. docs/answers.md says how often it is right.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rag.answers.answer import Citation
    from rag.models.judging import Reader

__all__ = ["AGAINST", "FOR", "as_claim", "disagreement"]

FOR = 0.6  # from this chance of support on, a quote counts as speaking for
AGAINST = 0.5  # from this chance of contradiction on, as speaking against
_RELEVANT = 0.3  # score of a quote that is taken to be about what is asked

_YES_NO = re.compile(
    r"^(?:so |and |but )?(?:do|does|did|is|are|was|were|can|could|will|would|has|have|had"
    r"|should|may|might)\b(?!.* or )\s+(?P<rest>.+?)\s*\?*$",
    re.IGNORECASE | re.DOTALL,
)


def as_claim(question: str) -> str | None:
    """Return the claim that a question for yes or no puts; None for another question.

    >>> as_claim("Does clover increase the honey yield?")
    'clover increase the honey yield.'
    >>> as_claim("Which plants increase the honey yield?") is None
    True
    """
    match = _YES_NO.search(question.strip())
    # Where the subject ends, and so where the verb belongs, takes a parser to tell.
    return f"{match['rest']}." if match else None


def disagreement(question: str, citations: Sequence[Citation], reader: Reader) -> str | None:
    """Name the sources that seem to speak for and against what a question puts.

    Args:
        question: As it was asked.
        citations: The quotes.
        reader: Judges the quotes.

    Returns:
        A note for the reader; None where the question isn't for yes or no, or the quotes don't
        clearly stand on both sides.
    """
    claim = as_claim(question)
    relevant = [one for one in citations if one.score >= _RELEVANT]
    if claim is None or len({one.n for one in relevant}) < 2:
        return None
    judged: dict[int, tuple[float, float]] = {}
    found = reader.judge([(claim, one.quote) for one in relevant])
    for one, judgement in zip(relevant, found, strict=True):
        judged.setdefault(one.n, (judgement.supports, judgement.contradicts))
    pro = [n for n, (supports, _) in judged.items() if supports >= FOR]
    contra = [n for n, (_, contradicts) in judged.items() if contradicts >= AGAINST]
    if not contra or not pro:
        return None
    return (
        f"By their wording, {_listed(pro)} seems to speak for this and {_listed(contra)} against:"
        " read both."
    )


def _listed(numbers: Sequence[int]) -> str:
    return ", ".join(f"[{n}]" for n in numbers)
