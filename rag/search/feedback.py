"""The keyword query: the question's words, and those that its first papers share.

Widening a question by the words of the papers found first (pseudo-relevance feedback) helps the
keyword retriever most where it is weakest: when the papers say it in other words than the question.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from rag.text.terms import rarity, terms

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from rag.text.terms import Collection

__all__ = ["FEEDBACK_PAPERS", "expansion", "query_weights"]

FEEDBACK_PAPERS = 5
"""How many of the first papers a question is widened by."""

_EXPANSION_TERMS = 50
_SHARPNESS = 20.0


def query_weights(question: str) -> dict[str, float]:
    """Weigh the terms of a question for the keyword leg.

    Function words have little weight each in BM25, but a question written as prose has many of
    them.

    Returns:
        For each term how often it is said, without function words; with them where there is
        nothing else ("What is it about?").
    """
    counts = Counter(terms(question, grammar=False)) or Counter(terms(question))
    return {term: float(count) for term, count in counts.items()}


def expansion(
    papers: Sequence[str],
    scores: Sequence[float] | NDArray[np.floating],
    collection: Collection,
) -> dict[str, float]:
    """Weigh the terms that a question is widened by, from the papers found first.

    A relevance model (Lavrenko and Croft, "Relevance-based language models", SIGIR 2001) made from
    the papers that the fused ranking put first, so that the dense retriever teaches the keyword
    retriever its vocabulary. Two things keep a wrong first paper from leading it astray: papers
    count by the exponential of their score, so that one far ahead speaks nearly alone, and terms
    count by their rarity, so that what all papers say is not mistaken for the subject.

    Args:
        papers: Title and abstract of each of the first `FEEDBACK_PAPERS` papers.
        scores: Their scores from `fusion.fuse`.
        collection: The library, which tells how rare each term is.

    Returns:
        At most 50 terms and their weights, which add up to 1; empty where the papers have no terms.
    """
    if not papers:
        return {}
    values = np.asarray(scores, np.float64)
    shares = np.exp((values - values.max()) * _SHARPNESS)
    shares /= shares.sum()
    said: Counter[str] = Counter()
    for text, share in zip(papers, shares.tolist(), strict=True):
        counts = Counter(terms(text, grammar=False))
        for term, count in counts.items():
            said[term] += share * count / counts.total()
    rare = rarity(list(said), collection)
    weights = {term: said[term] * weight for term, weight in zip(said, rare, strict=True)}
    best = sorted(weights, key=lambda term: (-weights[term], term))[:_EXPANSION_TERMS]
    whole = sum(weights[term] for term in best)
    return {term: weights[term] / whole for term in best}
