"""Turn what both retrievers say of the candidates into one ranking.

Pure functions over arrays, one row a candidate paper. The whole of the ranking is

1. `fuse`: a weighted sum of cosine and BM25;
2. `add_feedback`: mixed with what the keyword retriever says of the question widened by the first
   five papers (see `rag.search.feedback`);
3. `smooth`: mixed with what the paper's nearest neighbours among the candidates scored.

docs/retrieval.md tells what each step is worth, and what was tried without gain.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rag.models.products import inner

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["DEPTH", "add_feedback", "fuse", "paper_cosines", "paper_vectors", "smooth"]

DEPTH = 100
"""How many papers each retriever contributes to the candidates."""

_DENSE_WEIGHT = 0.75
_FEEDBACK_WEIGHT = 0.25
_NEIGHBOUR_WEIGHT = 0.25
_NEIGHBOUR_SHARPNESS = 12
_NEIGHBOURHOOD = 50


def paper_vectors(
    chunk_vectors: NDArray[np.float32], owners: Sequence[int] | NDArray[np.intp], papers: int
) -> NDArray[np.float32]:
    """Give each paper the direction of the sum of its chunks.

    Args:
        chunk_vectors: Unit rows, of shape (chunks, dimension).
        owners: For each chunk the number of its paper, 0 to papers - 1, in any order.
        papers: How many papers.

    Returns:
        Unit rows of shape (papers, dimension); zeros for a paper that has no chunk.
    """
    vectors = np.zeros((papers, chunk_vectors.shape[1]), np.float32)
    owned = np.asarray(owners, np.intp)
    if owned.size:
        by_paper = np.argsort(owned, kind="stable")
        owned = owned[by_paper]
        starts = np.flatnonzero(np.diff(owned, prepend=-1))
        vectors[owned[starts]] = np.add.reduceat(chunk_vectors[by_paper], starts, axis=0)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    vectors /= np.where(lengths > 0, lengths, 1.0)
    return vectors


def paper_cosines(
    query: NDArray[np.float32],
    chunk_vectors: NDArray[np.float32],
    owners: Sequence[int] | NDArray[np.intp],
    papers: int,
) -> NDArray[np.float64]:
    """Score papers in the dense retriever: the cosine of the chunk that is nearest to the question.

    Args:
        query: Unit vector of shape (dimension,).
        chunk_vectors: Unit rows, of shape (chunks, dimension).
        owners: For each chunk the number of its paper, 0 to papers - 1, in any order.
        papers: How many papers.

    Returns:
        Array of shape (papers,), each -1 to 1; -1 for a paper that has no chunk.
    """
    best = np.full(papers, -1.0)
    np.maximum.at(best, np.asarray(owners, np.intp), (chunk_vectors @ query).astype(np.float64))
    return best


def fuse(cosines: NDArray[np.floating], bm25: NDArray[np.floating]) -> NDArray[np.float64]:
    """Combine the retrievers: cosine and BM25 as a share of the best, convex.

    Scores, not ranks: how far the first stands apart is information that reciprocal rank fusion
    throws away (Bruch, Gai and Ingber, "An analysis of fusion functions for hybrid retrieval",
    TOIS 2023). The cosine needs no scaling, having the same range for every question; BM25 grows
    with the question's length and is divided by its best.

    Args:
        cosines: Of shape (papers,), -1 to 1.
        bm25: Of shape (papers,), 0 and up, exact for every candidate; 0 where no word is shared.

    Returns:
        Array of shape (papers,); higher is better.
    """
    return _DENSE_WEIGHT * np.asarray(cosines, np.float64) + (1 - _DENSE_WEIGHT) * _of_best(bm25)


def add_feedback(
    scores: NDArray[np.floating], expanded_bm25: NDArray[np.floating]
) -> NDArray[np.float64]:
    """Mix in what the keyword retriever says of the question widened by its first papers.

    Args:
        scores: Of shape (papers,), from `fuse`.
        expanded_bm25: Of shape (papers,), the BM25 of `feedback.expansion`, exact for every
            candidate; all zeros where there is nothing to widen the question by.

    Returns:
        Array of shape (papers,); higher is better.
    """
    before = np.asarray(scores, np.float64)
    return (1 - _FEEDBACK_WEIGHT) * before + _FEEDBACK_WEIGHT * _of_best(expanded_bm25)


def smooth(scores: NDArray[np.floating], vectors: NDArray[np.float32]) -> NDArray[np.float64]:
    """Let papers share in the scores of their nearest neighbours among the candidates.

    Papers on one subject tend to be relevant together (the cluster hypothesis), so a score that
    differs from those of all near neighbours is more likely noise. Each score is mixed with the
    mean of the others', weighted by a high power of the cosine so that only really near papers
    count. This is one step of score regularisation (Diaz, "Regularizing ad hoc retrieval scores",
    CIKM 2005), among the best 50: what ranks lower says more of the library than of the question.

    Args:
        scores: Of shape (papers,).
        vectors: Unit rows of shape (papers, dimension), from `paper_vectors`.

    Returns:
        Array of shape (papers,), higher is better. Papers beyond the best 50, and papers with no
        neighbour among them, keep their score; the best 50 stay the best 50, since no mean of
        theirs is below the score of any other paper.
    """
    smoothed = np.array(scores, np.float64)
    best = np.argsort(-smoothed, kind="stable")[:_NEIGHBOURHOOD]
    near, own = vectors[best], smoothed[best]
    nearness = np.clip(inner(near, near), 0.0, 1.0).astype(np.float64) ** _NEIGHBOUR_SHARPNESS
    np.fill_diagonal(nearness, 0.0)
    totals = nearness.sum(axis=1)
    means = np.divide(nearness @ own, totals, out=own.copy(), where=totals > 0)
    smoothed[best] = (1 - _NEIGHBOUR_WEIGHT) * own + _NEIGHBOUR_WEIGHT * means
    return smoothed


def _of_best(scores: NDArray[np.floating]) -> NDArray[np.float64]:
    best = float(np.max(scores, initial=0.0))
    shares: NDArray[np.float64] = np.asarray(scores, np.float64) / (best or 1.0)
    return shares
