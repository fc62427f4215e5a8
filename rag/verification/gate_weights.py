"""The fitted numbers of the gate, kept in a file of a few kB beside this module.

`python -m benchmarks.gate --fit` writes that file; docs/verification.md tells how.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from functools import lru_cache
from importlib.resources import files

from rag.models.linear import Logistic

__all__ = ["GateWeights", "default_weights"]

FILE = "gate_weights.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class GateWeights:
    """The models and thresholds of the gate.

    Attributes:
        holds: Tells a sentence that what it cites supports from one that is supported in part.
        belongs: Tells it from one that another of the papers supports better.
        denies: Tells a sentence that says the opposite of its evidence from one that doesn't.
        supported: From this score on a sentence is supported.
        weak: From this score on it is weakly supported; below it isn't.
        denied: From this probability of `denies` on it says the opposite.
    """

    holds: Logistic
    belongs: Logistic
    denies: Logistic
    supported: float
    weak: float
    denied: float

    def to_json(self) -> str:
        """Write the numbers down, to four significant digits."""
        return json.dumps(_short(asdict(self)), indent=1) + "\n"

    @classmethod
    def from_json(cls, text: str) -> GateWeights:
        """Read what `to_json` wrote."""
        values = json.loads(text)
        for name in ("holds", "belongs", "denies"):
            fields = {
                key: tuple(v) if isinstance(v, list) else v for key, v in values[name].items()
            }
            values[name] = Logistic(**fields)  # type: ignore[arg-type]
        return cls(**values)


def _short(value: object) -> object:
    if isinstance(value, dict):
        return {key: _short(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_short(one) for one in value]
    return float(f"{value:.4g}")


@lru_cache(maxsize=1)
def default_weights() -> GateWeights:
    """Return the weights that the package carries."""
    return GateWeights.from_json(files("rag.verification").joinpath(FILE).read_text("utf-8"))
