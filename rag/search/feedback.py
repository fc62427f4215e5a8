"""The keyword query: the question's words, and those that its first papers share.

Widening a question by the words of the papers found first (pseudo-relevance feedback) helps the
keyword retriever most where it is weakest: when the papers say it in other words than the question.
"""

from __future__ import annotations

from collections import Counter
from math import log
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from numpy.typing import NDArray

__all__ = ["FEEDBACK_PAPERS", "STOP_WORDS", "expansion", "query_weights"]

FEEDBACK_PAPERS = 5
"""How many of the first papers a question is widened by."""

STOP_WORDS = frozenset(
    """
    a about an and any are as at be been but by can could did do does for from give had has have
    how i if in into is it its may me more my no not of on or our please should so some such tell
    than that the their them then there these they this to under upon was we were what when where
    which who whose why will with would you your
    """.split()
)
"""Words that say nothing of a subject. They have little weight each in BM25, but a question
written as prose has many of them."""

_EXPANSION_TERMS = 50
_SHARPNESS = 20.0


def query_weights(terms: Sequence[str], stop_terms: Collection[str]) -> dict[str, float]:
    """Weigh the terms of a question for the keyword retriever.

    Args:
        terms: As the keyword index holds them (stemmed), repeats included.
        stop_terms: `STOP_WORDS` in the same form.

    Returns:
        For each term how often it is said, without stop words; with them where there is nothing
        else ("What is it about?").
    """
    counts = Counter(term for term in terms if term not in stop_terms) or Counter(terms)
    return {term: float(count) for term, count in counts.items()}


def expansion(
    papers: Sequence[Sequence[str]],
    scores: Sequence[float] | NDArray[np.floating],
    *,
    stop_terms: Collection[str],
    document_frequency: Callable[[Sequence[str]], tuple[list[int], int]],
) -> dict[str, float]:
    """Weigh the terms that a question is widened by, from the papers found first.

    A relevance model (Lavrenko and Croft, "Relevance-based language models", SIGIR 2001) made from
    the papers that the fused ranking put first, so that the dense retriever teaches the keyword
    retriever its vocabulary. Two things keep a wrong first paper from leading it astray: papers
    count by the exponential of their score, so that one far ahead speaks nearly alone, and terms
    count by their rarity, so that what all papers say is not mistaken for the subject.

    Args:
        papers: The terms of title and abstract of the first `FEEDBACK_PAPERS` papers, as the
            keyword index holds them, repeats included.
        scores: Their scores from `fusion.fuse`.
        stop_terms: `STOP_WORDS` in the form of the keyword index.
        document_frequency: Tells in how many papers each term occurs, and how many there are.

    Returns:
        At most 50 terms and their weights, which add up to 1; empty where the papers have no terms.
    """
    if not papers:
        return {}
    values = np.asarray(scores, np.float64)
    shares = np.exp((values - values.max()) * _SHARPNESS)
    shares /= shares.sum()
    said: Counter[str] = Counter()
    for terms, share in zip(papers, shares.tolist(), strict=True):
        for term, count in Counter(terms).items():
            if term not in stop_terms:
                said[term] += share * count / len(terms)
    terms = list(said)
    frequencies, total = document_frequency(terms)
    weights = {
        term: said[term] * log((total + 1) / (frequency + 0.5))
        for term, frequency in zip(terms, frequencies, strict=True)
        if frequency <= total  # an index may still count papers that were removed
    }
    best = sorted(weights, key=lambda term: (-weights[term], term))[:_EXPANSION_TERMS]
    whole = sum(weights[term] for term in best)
    return {term: weights[term] / whole for term in best}
