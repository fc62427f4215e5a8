"""Say where quoted papers seem to disagree on what was asked.

A question that can be answered by yes or no puts a claim. Whether a quote speaks against it shows
in denials and in directions ("increases", "fails to reduce"), compared with those of the question
as the gate compares them (`rag.verification.polarity`) by a logistic model that `make fit` writes
into `rag/models/weights/stance.json`. docs/answers.md says how often that is right; it is a hint to
read both sides, and so it is worded.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from rag.models.linear import load_models
from rag.verification.polarity import FEATURES, compare_signs, read_signs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rag.answers.answer import Citation

__all__ = ["AGAINST", "FOR", "chance_against", "disagreement"]

AGAINST = 0.65  # from this chance on, a quote counts as speaking against
FOR = 0.25  # up to this chance, as speaking for
_RELEVANT = 0.3  # score of a quote that is taken to be about what is asked

_YES_NO = re.compile(
    r"^(?:so |and |but )?(?:do|does|did|is|are|was|were|can|could|will|would|has|have|had|should"
    r"|may|might)\b(?!.* or )",
    re.IGNORECASE,
)


def chance_against(claim: str, sentence: str) -> float:
    """Estimate how likely it is that a sentence on the matter speaks against a claim, 0 to 1."""
    compared = compare_signs(read_signs(claim), [(read_signs(sentence), 1.0)])
    return float(load_models("stance", FEATURES)["against"].probability(np.array(compared, float)))


def disagreement(question: str, citations: Sequence[Citation]) -> str | None:
    """Name the sources that seem to speak for and against what a question puts.

    Args:
        question: As it was asked.
        citations: The quotes.

    Returns:
        A note for the reader; None where the question isn't for yes or no, or the quotes don't
        clearly stand on both sides.
    """
    if not _YES_NO.search(question):
        return None
    against: dict[int, float] = {}
    for one in citations:
        if one.score >= _RELEVANT:
            against.setdefault(one.n, chance_against(question, one.quote))
    contra = [n for n, chance in against.items() if chance >= AGAINST]
    pro = [n for n, chance in against.items() if chance <= FOR]
    if not contra or not pro:
        return None
    return (
        f"By their wording, {_listed(pro)} seems to speak for this and {_listed(contra)} against:"
        " read both."
    )


def _listed(numbers: Sequence[int]) -> str:
    return ", ".join(f"[{n}]" for n in numbers)
