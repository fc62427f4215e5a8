"""What is measured of each sentence by its meaning, beside the other sentences and papers.

`evidence_weights` tells the meaning, the weight and the reason of each feature.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from rag.evidence.token_match import Match

    Vector = NDArray[np.float64]

__all__ = ["MEANING_FEATURES", "by_meaning"]

MEANING_FEATURES = (
    "cosine_z", "cosine_rank", "beyond_topic", "centrality", "paper_cosine", "paper_best",
    "match_z", "match_gap", "paper_match", "paper_match_rank",
)  # fmt: skip

# Added to a spread, so that sentences that hardly differ aren't told apart by chance.
_COSINES, _MATCHES = 0.03, 0.02


def by_meaning(vector: NDArray[np.float32], matches: Sequence[Match]) -> list[Vector]:
    """Measure the sentences of all papers that are read for one question.

    Args:
        vector: Unit vector of the question, shape (dimension,).
        matches: How near each paper comes to it.

    Returns:
        For each paper an array of shape (sentences, len(MEANING_FEATURES)).
    """
    papers = np.array([one.paper for one in matches])
    ranks = [int((papers > one).sum()) for one in papers]
    best = max((float(one.sentences.max(initial=0.0)) for one in matches), default=0.0)
    return [
        _measure(vector.astype(np.float64), one, one.paper - papers.max(), rank, best)
        for one, rank in zip(matches, ranks, strict=True)
    ]


def _measure(vector: Vector, match: Match, behind: float, rank: int, best: float) -> Vector:
    count = len(match.sentences)
    if not count:
        return np.zeros((0, len(MEANING_FEATURES)))
    rows = match.means
    centre = rows.mean(axis=0)
    centre /= np.linalg.norm(centre) + 1e-9
    cosine = rows @ vector
    place = np.empty(count)
    place[np.argsort(-cosine, kind="stable")] = np.arange(count)
    # What the question asks beyond the topic of the whole abstract: both without their part along
    # the abstract's centre.
    beyond = (rows - np.outer(rows @ centre, centre)) @ (vector - (vector @ centre) * centre)
    columns = [
        _standard(cosine, _COSINES),
        1.0 / (1.0 + place),
        beyond,
        rows @ centre,
        np.full(count, centre @ vector),
        np.full(count, cosine.max()),
        _standard(match.sentences, _MATCHES),
        match.sentences - best,
        np.full(count, behind),
        np.full(count, 1.0 / (1 + rank)),
    ]
    return np.column_stack(columns)


def _standard(values: Vector, least: float) -> Vector:
    """Return values in standard deviations from their mean."""
    scaled: Vector = (values - values.mean()) / (values.std() + least)
    return scaled
