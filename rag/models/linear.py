"""Logistic regression, small enough to read: fitting it, and applying it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Logistic", "fit"]


@dataclass(frozen=True)
class Logistic:
    """A fitted model.

    Attributes:
        mean: What is subtracted from each feature.
        scale: What it is divided by then.
        weights: What it is multiplied with then.
        bias: What is added to the sum.
    """

    mean: tuple[float, ...]
    scale: tuple[float, ...]
    weights: tuple[float, ...]
    bias: float

    def odds(self, features: NDArray[np.float64]) -> float:
        """Return the logarithm of the odds for features of shape (n,)."""
        scaled = (features - np.array(self.mean)) / np.array(self.scale)
        return float(scaled @ np.array(self.weights) + self.bias)

    def probability(self, features: NDArray[np.float64]) -> float:
        """Return the probability for features of shape (n,)."""
        return float(1 / (1 + np.exp(-self.odds(features))))


def fit(
    features: NDArray[np.float64],
    labels: NDArray[np.float64],
    importance: NDArray[np.float64],
    *,
    ridge: float = 3.0,
) -> Logistic:
    """Fit by Newton's method with an L2 penalty on the scaled weights.

    Args:
        features: Array of shape (rows, n).
        labels: 0 or 1 per row.
        importance: How much each row counts.
        ridge: Strength of the penalty.
    """
    mean, scale = features.mean(axis=0), features.std(axis=0) + 1e-9
    rows = np.c_[(features - mean) / scale, np.ones(len(features))]
    penalty = np.diag([ridge] * features.shape[1] + [0.0])
    weights = np.zeros(rows.shape[1])
    for _ in range(50):
        chance = 1 / (1 + np.exp(-rows @ weights))
        slope = rows.T @ (importance * (chance - labels)) + penalty @ weights
        curve = (rows * (importance * chance * (1 - chance))[:, None]).T @ rows + penalty
        step = np.linalg.solve(curve, slope)
        weights -= step
        if np.abs(step).max() < 1e-6:
            break
    return Logistic(
        tuple(map(float, mean)),
        tuple(map(float, scale)),
        tuple(map(float, weights[:-1])),
        float(weights[-1]),
    )
