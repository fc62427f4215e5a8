"""Fit the gate's models and thresholds on cases whose outcome is known."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from rag.models.linear import Logistic, fit
from rag.verification.gate_weights import GateWeights
from rag.verification.polarity import edited_sign
from rag.verification.reading import Claim
from rag.verification.rules import quotes_verbatim, signals
from rag.verification.verifier import Verifier, combined

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from benchmarks.gate_cases import Case
    from rag.models.encoder import EncodeTokens

__all__ = ["Row", "fit_gate", "fold_of", "observe"]

# What share of the paraphrases each threshold may cost. Together with the numbers that annotators
# took from elsewhere they leave 90% and a margin.
DENIED_LOSS = 0.015
WEAK_LOSS = 0.095
SUPPORTED_SHARE = 0.7  # of the paraphrases that pass are called supported, the others weak


@dataclass(frozen=True, slots=True)
class Row:
    """A case and what the gate's models look at.

    Attributes:
        case: The case.
        own: Features of what it cites.
        lead: Features of the lead of that over the other papers.
        signs: Features of negation and direction.
        ruled: What rules make of it: 1 supported, -1 unsupported, 0 open.
    """

    case: Case
    own: NDArray[np.float64]
    lead: NDArray[np.float64]
    signs: NDArray[np.float64]
    ruled: int


def fold_of(group: int, folds: int) -> int:
    """Give a group of cases its fold: always the same, and evenly spread."""
    return int(hashlib.sha256(str(group).encode()).hexdigest(), 16) % folds


def observe(
    cases: Sequence[Case],
    encode_tokens: EncodeTokens,
) -> list[Row]:
    """Compute the features of all cases that cite a known paper."""
    any_weights = Logistic((0.0,), (1.0,), (0.0,), 0.0)
    weights = GateWeights(
        holds=any_weights, belongs=any_weights, denies=any_weights,
        supported=0.5, weak=0.5, denied=0.5,
    )  # fmt: skip
    verifier = Verifier(encode_tokens, weights=weights)
    rows = []
    for case in cases:
        if case.cited < 0:
            continue
        claim = Claim(text=case.text, cited=(case.cited,))
        reading = verifier.read([claim], case.papers)[0]
        own, lead = reading.support()
        turned = edited_sign(reading.parts.text, reading.best_sentence(case.cited)) is not None
        ruled = 1 if quotes_verbatim(reading) else -1 if turned or signals(reading).firm else 0
        rows.append(Row(case, own, np.asarray(lead), reading.signs(case.cited), ruled))
    return rows


def _select(rows: Sequence[Row], kind: str, maker: str = "") -> NDArray[np.bool_]:
    return np.array([r.case.kind == kind and r.case.maker.startswith(maker) for r in rows])


def _model(
    features: NDArray[np.float64],
    good: Sequence[tuple[NDArray[np.bool_], float]],
    bad: Sequence[tuple[NDArray[np.bool_], float]],
    *,
    ridge: float = 10.0,
) -> Logistic:
    """Fit a model to tell good rows from bad ones, each class at the weight given for it."""
    count = float(good[0][0].sum())
    importance = np.zeros(len(features))
    labels = np.zeros(len(features))
    for classes, label in ((good, 1.0), (bad, 0.0)):
        total = sum(weight for mask, weight in classes if mask.any())
        for mask, weight in classes:
            if mask.any():
                importance[mask] += count * weight / total / mask.sum()
                labels[mask] = label
    used = importance > 0
    return fit(features[used], labels[used], importance[used], ridge=ridge)


def _models(rows: Sequence[Row]) -> tuple[Logistic, Logistic, Logistic]:
    own, lead, signs = (np.stack([getattr(r, k) for r in rows]) for k in ("own", "lead", "signs"))
    claims, reworded = _select(rows, "paraphrase"), _select(rows, "reworded")
    compound = _select(rows, "compound")
    splices = {"claim+claim": 2, "clause+clause": 1, "sentence+sentence": 2, "same abstract": 0.3}
    holds = _model(
        own,
        [(claims, 1.0), (compound, 0.25), (reworded, 0.25)],
        [(_select(rows, "spliced", how), weight) for how, weight in splices.items()]
        + [(_select(rows, "swapped", "claim"), 0.3)],
        ridge=3.0,
    )
    belongs = _model(lead, [(claims, 1.0)], [(_select(rows, "swapped", "claim"), 1.0)])
    makers = sorted({r.case.maker for r in rows if r.case.kind == "negated"})
    denies = _model(
        signs,
        [(_select(rows, "negated", how), 1.0 if how.endswith("claim") else 0.3) for how in makers]
        + [(_select(rows, "contradicted"), 6.0)],
        [(claims, 1.0), (compound, 0.2), (reworded, 0.2)],
    )
    return holds, belongs, denies


def _score(rows: Sequence[Row], models: tuple[Logistic, Logistic, Logistic]) -> NDArray[np.float64]:
    """Return support and denial of each row, shape (rows, 2)."""
    holds, belongs, denies = models
    return np.array(
        [
            (
                combined(holds.odds(r.own), belongs.odds(r.lead), denies.odds(r.signs)),
                denies.probability(r.signs),
            )
            for r in rows
        ]
    )


def fit_gate(rows: Sequence[Row], *, folds: int = 5) -> GateWeights:
    """Fit models on all rows, and thresholds on scores of rows that the models didn't see."""
    scores = np.zeros((len(rows), 2))
    # Another hash than the outer folds', so that the inner folds are of even size too.
    place = np.array([fold_of(r.case.group + 100_003, folds) for r in rows])
    for fold in range(folds):
        seen = [r for r, p in zip(rows, place, strict=True) if p != fold]
        held = [r for r, p in zip(rows, place, strict=True) if p == fold]
        scores[place == fold] = _score(held, _models(seen))
    claims = _select(rows, "paraphrase")
    open_ = np.array([r.ruled == 0 for r in rows])
    denied = float(np.quantile(scores[claims, 1], 1 - DENIED_LOSS))
    passes = open_ & (scores[:, 1] < denied)
    # A sentence that a rule has failed can't be failed again: it counts as the lowest score.
    graded = np.sort(np.where(passes, scores[:, 0], 0.0)[claims])
    weak = float(np.quantile(graded, WEAK_LOSS))
    supported = float(np.quantile(graded[graded >= weak], 1 - SUPPORTED_SHARE))
    holds, belongs, denies = _models(rows)
    return GateWeights(
        holds=holds, belongs=belongs, denies=denies, supported=supported, weak=weak, denied=denied
    )
