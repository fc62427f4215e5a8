"""Linear models, small enough to read, and the files that hold their weights.

The files lie in `rag/models/weights`, one a task, and are written by `make fit` alone: beside the
weights each says what it was fitted on and how well it did.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

import numpy as np

from rag.errors import RagError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Array = NDArray[np.float64]

__all__ = ["LinearModel", "WeightFile", "load_models"]

_DIGITS = 4  # that are significant


@dataclass(frozen=True, slots=True)
class LinearModel:
    """Log-odds as a weighted sum of features.

    Attributes:
        weights: Of shape (features,).
        intercept: What is added to the sum.
    """

    weights: Array
    intercept: float

    def log_odds(self, rows: Array) -> Array:
        """Score rows of shape (..., features); the result has shape (...)."""
        scores: Array = rows @ self.weights + self.intercept
        return scores

    def probability(self, rows: Array) -> Array:
        """Return the probabilities, 0 to 1, that belong to the log-odds."""
        chances: Array = 1 / (1 + np.exp(-self.log_odds(rows)))
        return chances


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightFile:
    """The models of one task, as a file keeps them.

    Attributes:
        fitted_by: The command that writes the file.
        data_sha256: Of all that the models were fitted on.
        figures: What was measured at the fit, on folds held out of it.
        features: The names of the features in order.
        models: The models by name.
    """

    fitted_by: str
    data_sha256: str
    figures: Mapping[str, float]
    features: tuple[str, ...]
    models: Mapping[str, LinearModel]

    def to_json(self) -> str:
        """Write the file, each weight under the name of its feature."""
        models = {
            name: {
                "intercept": _short(model.intercept),
                "weights": dict(
                    zip(self.features, map(_short, model.weights.tolist()), strict=True)
                ),
            }
            for name, model in self.models.items()
        }
        content = {
            "fitted_by": self.fitted_by,
            "data_sha256": self.data_sha256,
            "figures": {name: _short(value) for name, value in self.figures.items()},
            "models": models,
        }
        return json.dumps(content, indent=2) + "\n"

    @classmethod
    def from_json(cls, text: str) -> WeightFile:
        """Read what `to_json` wrote.

        Raises:
            ValueError: its models have different features.
        """
        content = json.loads(text)
        features = {tuple(model["weights"]) for model in content["models"].values()}
        if len(features) != 1:
            raise ValueError("the models of one file share their features")
        return cls(
            fitted_by=content["fitted_by"],
            data_sha256=content["data_sha256"],
            figures=content["figures"],
            features=features.pop(),
            models={
                name: LinearModel(
                    np.array(list(model["weights"].values()), np.float64), model["intercept"]
                )
                for name, model in content["models"].items()
            },
        )


@cache
def load_models(task: str, features: tuple[str, ...]) -> Mapping[str, LinearModel]:
    """Return the models that the package carries for a task, by name.

    Args:
        task: Names the file.
        features: What the models are going to be given, in order.

    Raises:
        RagError: the file was fitted on other features.
    """
    file = files("rag.models").joinpath("weights", f"{task}.json")
    found = WeightFile.from_json(file.read_text("utf-8"))
    if found.features != features:
        raise RagError(
            f"The weights in {file} don't belong to the features of {task}.",
            hint=f"Fit them again with: {found.fitted_by}",
        )
    return found.models


def _short(value: float) -> float:
    return float(f"{value:.{_DIGITS}g}")
