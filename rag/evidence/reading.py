"""Read the best sentences again, with the reader, before one of them is said to answer a question.

Words and vectors tell what a sentence is about, not whether it answers. So the few sentences that
come first by them are read beside the question by a cross-encoder (`rag.models.reader`), as
passages are reranked in Nogueira and Cho 2019, "Passage re-ranking with BERT"; both are weighed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rag.models.linear import load_models

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    Array = NDArray[np.float64]
    Answers = Callable[[Sequence[tuple[str, str]]], Array]

__all__ = ["READING", "reading", "weigh"]

READING = ("ranked", "reads")  # log-odds of the ranking, and of the reader
_READ = 6  # sentences: reading more gained nothing on held-out questions
_LEAST = 1e-3  # of a probability, so that log-odds stay finite


def reading(question: str, passages: Sequence[str], ranked: Array, answers: Answers) -> Array:
    """Have the best sentences read beside a question.

    Args:
        question: What is asked.
        passages: All sentences, each behind the title of its paper.
        ranked: Their log-odds by words and vectors, shape (sentences,).
        answers: Tells how likely a passage answers a question, 0 to 1.

    Returns:
        Shape (sentences, len(READING)). What wasn't read counts as the least of what was.
    """
    best = np.argsort(-ranked, kind="stable")[:_READ]
    chances = np.clip(answers([(question, passages[place]) for place in best]), _LEAST, 1 - _LEAST)
    odds = np.log(chances / (1 - chances))
    reads = np.full(len(ranked), odds.min())
    reads[best] = odds
    return np.column_stack([ranked, reads])


def weigh(rows: Array) -> Array:
    """Return the log-odds of sentences from what `reading` gives, shape (sentences,)."""
    return load_models("reading", READING)["question"].log_odds(rows)
