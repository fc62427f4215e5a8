"""The figures, and how sure they are.

Ranking metrics come from `ir-measures`. Intervals are percentile bootstraps over the queries
(Efron and Tibshirani, 1993). Two runs are compared by a paired randomisation test (Fisher, 1935;
recommended for retrieval by Smucker, Allan and Carterette, 2007). Everything is seeded: the same
run gives the same figures.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from rag.evaluation.files import EvaluationError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from rag.evaluation.dataset import Judgements

__all__ = [
    "RANKING_METRICS",
    "Comparison",
    "Interval",
    "RiskPoint",
    "auroc",
    "auroc_interval",
    "compare_paired",
    "import_measures",
    "mean_interval",
    "risk_coverage",
    "score_run",
]

RANKING_METRICS = ("nDCG@10", "R@5", "R@10", "R@100", "RR@10")

Interval: TypeAlias = tuple[float, float]

_SEED = 20_000
_RESAMPLES = 2_000
_PERMUTATIONS = 10_000
_BLOCK = 4_000_000  # numbers drawn at once, to keep memory small on large sets


def score_run(
    judgements: Judgements, run: Mapping[str, Mapping[str, float]]
) -> dict[str, dict[str, float]]:
    """Score each query of a run.

    Args:
        judgements: Grades by query and document; a query that the run lacks scores 0.
        run: Scores by query and document, higher is better.

    Returns:
        For each query of `judgements`, in its order, the value of each of `RANKING_METRICS`.

    Raises:
        EvaluationError: `ir-measures` is not installed.
    """
    ir_measures = import_measures()
    measures = [ir_measures.parse_measure(name) for name in RANKING_METRICS]
    scored = {query: dict.fromkeys(RANKING_METRICS, 0.0) for query in judgements}
    ranked = {query: dict(found) for query, found in run.items() if query in scored and found}
    for value in ir_measures.iter_calc(measures, judgements, ranked):
        scored[value.query_id][str(value.measure)] = float(value.value)
    return scored


def import_measures() -> Any:  # noqa: ANN401 - a module
    """Return the module `ir_measures`.

    Raises:
        EvaluationError: it is not installed.
    """
    try:
        import ir_measures
    except ImportError as error:
        raise EvaluationError(
            "Measuring needs the package ir-measures, which is not installed.",
            hint="Install it: pip install ir-measures",
        ) from error
    return ir_measures


def mean_interval(values: Sequence[float]) -> Interval:
    """Return the 95% interval of the mean of some values, one a query."""
    data = np.asarray(values, np.float64)
    means = np.concatenate([counts @ data / len(data) for counts in _resample(len(data))])
    return _interval(means)


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """How one run differs from another on the same queries.

    Attributes:
        difference: Mean of this run's values less the other's.
        interval: The 95% interval of that.
        p: How likely a difference as large, either way, is between runs that are equally good.
    """

    difference: float
    interval: Interval
    p: float


def compare_paired(ours: Sequence[float], theirs: Sequence[float]) -> Comparison:
    """Compare two runs, query by query, with a two-sided randomisation test.

    Args:
        ours: One value a query.
        theirs: The other run's values of the same queries, in the same order.
    """
    differences = np.asarray(ours, np.float64) - np.asarray(theirs, np.float64)
    observed = abs(differences.mean())
    random = np.random.default_rng(_SEED)
    extreme = 0
    for rows in _blocks(_PERMUTATIONS, len(differences)):
        signs = random.integers(0, 2, (rows, len(differences)), dtype=np.int8) * 2.0 - 1.0
        means = np.abs(signs @ differences) / len(differences)
        # Sums in another order differ in the last digits; a tie must count as a tie.
        extreme += int((means >= observed - 1e-12).sum())
    return Comparison(
        difference=float(differences.mean()),
        interval=mean_interval(differences.tolist()),
        p=(extreme + 1) / (_PERMUTATIONS + 1),
    )


def auroc(positive: Sequence[float], negative: Sequence[float]) -> float:
    """Return how often a score of the first group is above one of the second; ties count half."""
    return float(_wins(positive, negative).mean())


def auroc_interval(positive: Sequence[float], negative: Sequence[float]) -> Interval:
    """Return the 95% interval of `auroc`, both groups resampled."""
    wins = _wins(positive, negative)
    rows = _resample(len(positive), seed=_SEED)
    columns = _resample(len(negative), seed=_SEED + 1)
    first, second = np.concatenate(list(rows)), np.concatenate(list(columns))
    values = np.einsum("bp,bp->b", first @ wins, second) / wins.size
    return _interval(values)


def _wins(positive: Sequence[float], negative: Sequence[float]) -> NDArray[np.float64]:
    ours = np.asarray(positive, np.float64)[:, None]
    theirs = np.asarray(negative, np.float64)[None, :]
    return np.where(ours == theirs, 0.5, ours > theirs)


@dataclass(frozen=True, slots=True)
class RiskPoint:
    """What happens when only the surest questions are answered.

    Attributes:
        coverage: Share of the questions that are answered.
        risk: Share of those answers that are wrong.
        confidence: That of the least sure of them.
    """

    coverage: float
    risk: float
    confidence: float


def risk_coverage(
    confidences: Sequence[float], right: Sequence[bool]
) -> tuple[list[RiskPoint], float]:
    """Return the risk at coverages from 50% to 100%, and the area under the whole curve.

    The curve and its area (AURC) follow Geifman and El-Yaniv (2017). Among answers of the same
    confidence the wrong ones come first: a curve must not gain from the order of a file.

    Args:
        confidences: One a question.
        right: Whether answering that question is right.
    """
    data = sorted(zip(confidences, right, strict=True), key=lambda pair: (-pair[0], pair[1]))
    wrong = np.array([not good for _, good in data], np.float64)
    risks = np.cumsum(wrong) / np.arange(1, len(wrong) + 1)
    points = []
    for percent in range(50, 101, 10):
        last = max(1, -(-len(data) * percent // 100)) - 1
        points.append(RiskPoint(percent / 100, float(risks[last]), float(data[last][0])))
    return points, float(risks.mean())


@dataclass(frozen=True, slots=True)
class CalibrationPoint:
    """What a stretch of the confidence was worth.

    Attributes:
        words: How such a confidence is told to a reader.
        count: How many questions fell into it.
        confidence: Their mean confidence, 0 to 1.
        answerable: Share of them that have an answer.
        right: Share of them that have one and were answered from a right paper first.
    """

    words: str
    count: int
    confidence: float
    answerable: float
    right: float


def calibration(
    words: Sequence[str],
    confidences: Sequence[float],
    answerable: Sequence[bool],
    right: Sequence[bool],
) -> tuple[list[CalibrationPoint], float]:
    """Compare how sure answers were with how often that was justified.

    Args:
        words: How sure each answer was, in words; these are the bins.
        confidences: The same as numbers, 0 to 1.
        answerable: Whether each question has an answer.
        right: Whether answering it was right.

    Returns:
        The bins, surest first; and the expected calibration error over them, the mean distance of
        confidence and share that are answerable (Naeini, Cooper and Hauskrecht, AAAI 2015).
    """
    points = []
    for word in dict.fromkeys(words):
        inside = [place for place, own in enumerate(words) if own == word]
        points.append(
            CalibrationPoint(
                word,
                len(inside),
                *(
                    float(np.mean([values[place] for place in inside]))
                    for values in (confidences, answerable, right)
                ),
            )
        )
    points.sort(key=lambda point: -point.confidence)
    gaps = sum(point.count * abs(point.confidence - point.answerable) for point in points)
    return points, gaps / (len(words) or 1)


def _resample(size: int, *, seed: int = _SEED) -> Iterator[NDArray[np.float64]]:
    """Yield how often each of `size` queries is drawn, in blocks of rows of resamples."""
    random = np.random.default_rng(seed)
    for rows in _blocks(_RESAMPLES, size):
        yield random.multinomial(size, np.full(size, 1 / size), size=rows).astype(np.float64)


def _blocks(total: int, width: int) -> Iterator[int]:
    step = max(1, _BLOCK // max(1, width))
    for start in range(0, total, step):
        yield min(step, total - start)


def _interval(values: NDArray[np.float64]) -> Interval:
    low, high = np.percentile(values, [2.5, 97.5])
    return float(low), float(high)
