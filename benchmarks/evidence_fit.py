"""Fit the weights of the evidence ranker.

The model is linear. Claims and questions have a weight of their own for each feature; a ridge
penalty holds the two together, so that the many claims teach what the few questions can't.

Three losses are added up, each for what the ranker is used for: the gold sentence among those of
its abstract, and among those of all papers found (the negative logarithm of its share in a softmax,
Cao et al. 2007, "Learning to rank: from pairwise approach to listwise approach"), and every
sentence by itself as evidence or not (logistic loss), which makes scores comparable across
questions. L-BFGS finds the optimum, from zero: always the same one.

What the reader says of the best sentences is weighed against that score by a logistic regression,
on scores of models that were fitted without the question: its own would be too sure of themselves.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from rag.evidence.ranker import CLAIM, FEATURES, QUESTION
from rag.models.linear import LinearModel

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    Array = NDArray[np.float64]

__all__ = ["Pool", "fit", "fit_reading"]

WITHIN, AMONG, ALONE = 1.0, 0.5, 0.6  # what each loss counts
COUNTS = {CLAIM: 1.0, QUESTION: 2.0}  # there are fewer questions, and they are what is asked
RIDGE = 60.0
READING_RIDGE = 0.1


@dataclass(frozen=True, slots=True)
class Pool:
    """All sentences of the papers read for one question or claim.

    Attributes:
        id: Of the question; its folds hang on it.
        kind: Of the question.
        model: Which model scores it: `CLAIM` or `QUESTION`.
        papers: Which paper each sentence is of, shape (sentences,).
        features: Shape (sentences, len(FEATURES)).
        gold: Whether each is evidence, shape (sentences,).
        right: Whether each is of a paper that answers the question, shape (sentences,).
        found: Whether retrieval found its paper, shape (sentences,); the others are there because
            they hold evidence.
        cosines: Of each sentence and the question, shape (sentences,): the plain way to rank.
        text: The question.
        passages: The sentences as the reader takes them.
    """

    id: str
    kind: str
    model: str
    papers: NDArray[np.int64]
    features: Array
    gold: NDArray[np.bool_]
    right: NDArray[np.bool_]
    found: NDArray[np.bool_]
    cosines: Array
    text: str
    passages: Sequence[str]


def fit(pools: Sequence[Pool]) -> dict[str, LinearModel]:
    """Fit the models of claims and of questions to pools."""
    from scipy.optimize import minimize

    problem = _Problem(pools)
    start = np.zeros(problem.rows.shape[1])
    options = {"maxiter": 5_000, "maxfun": 5_000, "ftol": 1e-14, "gtol": 1e-6}
    found = minimize(problem.measure, start, jac=True, method="L-BFGS-B", options=options)
    shared, apart = found.x[: len(FEATURES)], found.x[len(FEATURES) : -2]
    models = {}
    for name, sign in ((CLAIM, -1.0), (QUESTION, 1.0)):
        weights = (shared + sign * apart) / problem.scale
        intercept = found.x[-2] + sign * found.x[-1] - weights @ problem.mean
        models[name] = LinearModel(weights, float(intercept))
    return models


def fit_reading(pools: Sequence[Pool], rows: Mapping[str, Array]) -> LinearModel:
    """Fit how much reading counts beside ranking, on the sentences that search found.

    Args:
        pools: Questions.
        rows: What was read of each, by its id: shape (sentences, 2).
    """
    from sklearn.linear_model import LogisticRegression

    read = np.concatenate([rows[pool.id][pool.found] for pool in pools])
    gold = np.concatenate([pool.gold[pool.found] for pool in pools])
    found = LogisticRegression(C=READING_RIDGE**-1, tol=1e-8).fit(read, gold)
    return LinearModel(found.coef_[0], float(found.intercept_[0]))


class _Problem:
    """The losses as a function of one vector of weights.

    Its parts are the weights that claims and questions share, half the difference of the two, and
    two intercepts likewise.
    """

    def __init__(self, pools: Sequence[Pool]) -> None:
        features = np.concatenate([pool.features for pool in pools])
        sizes = [len(pool.gold) for pool in pools]
        sign = np.repeat([1.0 if pool.model == QUESTION else -1.0 for pool in pools], sizes)
        self.mean, self.scale = features.mean(axis=0), features.std(axis=0) + 1e-9
        scaled = (features - self.mean) / self.scale
        self.rows = np.column_stack([scaled, sign[:, None] * scaled, np.ones_like(sign), sign])
        self.gold = np.concatenate([pool.gold for pool in pools]).astype(float)
        self.alone = ALONE * np.repeat([COUNTS[pool.model] for pool in pools], sizes)
        lists: list[tuple[NDArray[np.int64], float]] = []
        start = 0
        for pool in pools:
            whole = np.arange(start, start + len(pool.gold))
            groups = [(whole[pool.papers == one], WITHIN) for one in np.unique(pool.papers)]
            for members, share in [*groups, (whole, AMONG)]:
                if self.gold[members].any():
                    lists.append((members, share * COUNTS[pool.model]))
            start += len(pool.gold)
        lengths = np.array([len(members) for members, _ in lists])
        # All lists behind each other: which rows, where each list begins, and of which each is.
        self.members = np.concatenate([members for members, _ in lists])
        self.starts = np.cumsum(lengths) - lengths
        self.owners = np.repeat(np.arange(len(lists)), lengths)
        self.counts = np.array([counts for _, counts in lists])
        self.penalty = np.full(self.rows.shape[1], RIDGE)
        self.penalty[-2:] = 1e-3

    def measure(self, weights: Array) -> tuple[float, Array]:
        """Return the loss and its slope."""
        logits = self.rows @ weights
        loss = float(
            (self.alone * (np.logaddexp(0, logits) - self.gold * logits)).sum()
            + 0.5 * (self.penalty * weights**2).sum()
        )
        pull = self.alone * (1 / (1 + np.exp(-logits)) - self.gold)
        listed = logits[self.members]
        odds = np.exp(listed - np.maximum.reduceat(listed, self.starts)[self.owners])
        gold = odds * self.gold[self.members]
        all_odds, gold_odds = (np.add.reduceat(one, self.starts) + 1e-300 for one in (odds, gold))
        loss += float(self.counts @ np.log(all_odds / gold_odds))
        surplus = odds / all_odds[self.owners] - gold / gold_odds[self.owners]
        pull += np.bincount(self.members, self.counts[self.owners] * surplus, len(logits))
        return loss, self.rows.T @ pull + self.penalty * weights
