"""Fit the weights of the evidence ranker.

The model is linear. Claims and questions have a weight of their own for each feature; a ridge
penalty holds the two together, so that the many claims teach what the few questions can't.

Three losses are added up, each for what the ranker is used for: the gold sentence among those of
its abstract, and among those of all papers found (the negative logarithm of its share in a softmax,
Cao et al. 2007, "Learning to rank: from pairwise approach to listwise approach"), and every
sentence by itself as evidence or not (logistic loss), which makes scores comparable across
questions. Newton's method, with the positive part of the curvature, finds the one optimum.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from rag.evidence.ranker import FEATURES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Array = NDArray[np.float64]

__all__ = ["Fitted", "Pool", "fit", "fold_of"]

WITHIN, AMONG, ALONE = 1.0, 0.5, 0.6  # what each loss counts
QUESTION = 2.0  # what a question counts, a claim counting 1
RIDGE = 60.0


@dataclass(frozen=True, slots=True)
class Pool:
    """All sentences of the papers read for one question or claim.

    Attributes:
        id: Of the question; its folds hang on it.
        kind: Of the question.
        question: Whether it is a question; else a claim.
        papers: Which paper each sentence is of, shape (sentences,).
        features: Shape (sentences, len(FEATURES)).
        gold: Whether each is evidence, shape (sentences,).
        right: Whether each is of a paper that answers the question, shape (sentences,).
        found: Whether retrieval found its paper, shape (sentences,); the others are there because
            they hold evidence.
        cosines: Of each sentence and the question, shape (sentences,): the plain way to rank.
    """

    id: str
    kind: str
    question: bool
    papers: NDArray[np.int64]
    features: Array
    gold: NDArray[np.bool_]
    right: NDArray[np.bool_]
    found: NDArray[np.bool_]
    cosines: Array


@dataclass(frozen=True, slots=True)
class Fitted:
    """Weights in the scale of the features: shape (2, len(FEATURES)) and (2,), claims first."""

    weights: Array
    bias: Array

    def logits(self, pool: Pool) -> Array:
        """Score the sentences of a pool."""
        row = int(pool.question)
        scored: Array = pool.features @ self.weights[row] + self.bias[row]
        return scored


def fold_of(name: str, folds: int, seed: int = 0) -> int:
    """Give a question its fold: always the same, and evenly spread."""
    return int(hashlib.sha256(f"{seed}:{name}".encode()).hexdigest(), 16) % folds


def fit(pools: Sequence[Pool]) -> Fitted:
    """Fit the weights to pools."""
    problem = _Problem(pools)
    weights = np.zeros(problem.rows.shape[1])
    loss, slope, curve = problem.measure(weights)
    for _ in range(60):
        step = np.linalg.solve(curve, slope)
        length = 1.0
        while (new := problem.measure(weights - length * step))[0] > loss and length > 1e-6:
            length /= 2
        weights = weights - length * step
        done = loss - new[0] < 1e-7 * abs(loss)
        loss, slope, curve = new
        if done:
            break
    shared, apart = weights[: len(FEATURES)], weights[len(FEATURES) : -2]
    scaled = np.stack([shared - apart, shared + apart]) / problem.scale
    bias = np.array([weights[-2] - weights[-1], weights[-2] + weights[-1]])
    return Fitted(scaled, bias - scaled @ problem.mean)


class _Problem:
    """The losses as a function of one vector of weights.

    Its parts are the weights that claims and questions share, half the difference of the two, and
    two intercepts likewise.
    """

    def __init__(self, pools: Sequence[Pool]) -> None:
        features = np.concatenate([pool.features for pool in pools])
        sizes = [len(pool.gold) for pool in pools]
        sign = np.repeat([1.0 if pool.question else -1.0 for pool in pools], sizes)[:, None]
        self.mean, self.scale = features.mean(axis=0), features.std(axis=0) + 1e-9
        scaled = (features - self.mean) / self.scale
        self.rows = np.hstack([scaled, sign * scaled, np.ones_like(sign), sign])
        self.gold = np.concatenate([pool.gold for pool in pools]).astype(float)
        self.alone = ALONE * np.where(sign[:, 0] > 0, QUESTION, 1.0)
        self.lists: list[tuple[NDArray[np.int64], float]] = []
        start = 0
        for pool in pools:
            counts = QUESTION if pool.question else 1.0
            whole = np.arange(start, start + len(pool.gold))
            groups = [(whole[pool.papers == one], WITHIN) for one in np.unique(pool.papers)]
            for members, share in [*groups, (whole, AMONG)]:
                if self.gold[members].any():
                    self.lists.append((members, share * counts))
            start += len(pool.gold)
        self.penalty = np.full(self.rows.shape[1], RIDGE)
        self.penalty[-2:] = 1e-3

    def measure(self, weights: Array) -> tuple[float, Array, Array]:
        """Return the loss, its slope and its curvature."""
        logits = self.rows @ weights
        chance = 1 / (1 + np.exp(-logits))
        loss = float(
            (self.alone * (np.logaddexp(0, logits) - self.gold * logits)).sum()
            + 0.5 * (self.penalty * weights**2).sum()
        )
        pull = self.alone * (chance - self.gold)
        bend = self.alone * chance * (1 - chance)
        middles = []
        for members, counts in self.lists:
            odds = np.exp(logits[members] - logits[members].max())
            share = odds / odds.sum()
            held = share * self.gold[members]
            loss -= counts * float(np.log(held.sum() + 1e-300))
            pull[members] += counts * (share - held / (held.sum() + 1e-300))
            bend[members] += counts * share
            middles.append(np.sqrt(counts) * (share @ self.rows[members]))
        middle = np.stack(middles)
        slope = self.rows.T @ pull + self.penalty * weights
        curve = self.rows.T @ (self.rows * bend[:, None]) - middle.T @ middle
        return loss, slope, curve + np.diag(self.penalty)
