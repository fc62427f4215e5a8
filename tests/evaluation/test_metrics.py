"""Figures checked against values worked out by hand."""

from __future__ import annotations

import math
import sys

import numpy as np
import pytest

from rag.evaluation.files import EvaluationError
from rag.evaluation.metrics import (
    RANKING_METRICS,
    auroc,
    auroc_interval,
    calibration,
    compare_paired,
    mean_interval,
    risk_coverage,
    score_run,
)


def test_scores_of_a_graded_query() -> None:
    judgements = {"q": {"a": 2, "b": 1, "c": 0}}
    run = {"q": {"x": 3.0, "b": 2.0, "a": 1.0}}
    scores = score_run(judgements, run)["q"]
    gained = 1 / math.log2(3) + 2 / math.log2(4)
    ideal = 2 / math.log2(2) + 1 / math.log2(3)
    assert scores["nDCG@10"] == pytest.approx(gained / ideal)
    assert scores["RR@10"] == pytest.approx(1 / 2)
    assert scores["R@5"] == scores["R@10"] == scores["R@100"] == 1.0


def test_each_metric_stops_at_its_depth() -> None:
    judgements = {"q": {"d5": 1, "d10": 1, "d50": 1}}
    run = {"q": {f"d{rank}": 1000.0 - rank for rank in range(1, 101)}}
    scores = score_run(judgements, run)["q"]
    assert scores["R@5"] == pytest.approx(1 / 3)
    assert scores["R@10"] == pytest.approx(2 / 3)
    assert scores["R@100"] == pytest.approx(1.0)
    late = score_run({"q": {"d11": 1}}, run)["q"]
    assert late["RR@10"] == late["nDCG@10"] == 0.0


def test_a_query_that_found_nothing_scores_zero() -> None:
    scores = score_run({"q": {"a": 1}, "empty": {"a": 1}}, {"empty": {}, "stranger": {"a": 1.0}})
    assert scores == {one: dict.fromkeys(RANKING_METRICS, 0.0) for one in ("q", "empty")}


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ir_measures", None)
    with pytest.raises(EvaluationError, match="ir-measures") as caught:
        score_run({"q": {"a": 1}}, {})
    assert "pip install" in caught.value.hint


def test_the_interval_is_that_of_the_normal_approximation_on_many_queries() -> None:
    values = np.random.default_rng(3).uniform(size=900)
    low, high = mean_interval(values.tolist())
    error = 1.96 * values.std() / math.sqrt(len(values))
    assert low == pytest.approx(values.mean() - error, abs=0.004)
    assert high == pytest.approx(values.mean() + error, abs=0.004)


def test_intervals_are_the_same_every_time_and_points_when_nothing_varies() -> None:
    values = [0.1, 0.9, 0.4, 0.4]
    assert mean_interval(values) == mean_interval(values)
    assert mean_interval([0.25] * 7) == pytest.approx((0.25, 0.25))


def test_equal_runs_do_not_differ() -> None:
    compared = compare_paired([0.2, 0.7, 0.5], [0.2, 0.7, 0.5])
    assert (compared.difference, compared.p) == (0.0, 1.0)


def test_the_p_value_is_the_share_of_sign_flips() -> None:
    # Of the 2 ** 6 ways to flip six equal differences only two are as extreme.
    compared = compare_paired([0.5] * 6, [0.4] * 6)
    assert compared.difference == pytest.approx(0.1)
    assert compared.p == pytest.approx(2 / 64, abs=0.005)


def test_a_steady_difference_is_significant_whichever_way() -> None:
    random = np.random.default_rng(5)
    theirs = random.uniform(size=60)
    ours = theirs + 0.1 + random.normal(0, 0.1, size=60)
    better = compare_paired(ours.tolist(), theirs.tolist())
    worse = compare_paired(theirs.tolist(), ours.tolist())
    assert better.p < 0.001
    assert worse.p == better.p
    assert worse.difference == pytest.approx(-better.difference)
    assert 0.0 < better.interval[0] < better.difference < better.interval[1]


def test_auroc_counts_pairs_and_halves_ties() -> None:
    assert auroc([0.9, 0.5], [0.5, 0.1]) == pytest.approx((1 + 0.5 + 1 + 1) / 4)
    assert auroc([1.0], [0.0]) == 1.0
    low, high = auroc_interval([0.9, 0.5, 0.7], [0.5, 0.1])
    assert 0.0 <= low <= auroc([0.9, 0.5, 0.7], [0.5, 0.1]) <= high <= 1.0


def test_risk_falls_to_what_the_surest_answers_get_wrong() -> None:
    confidences = [0.1 * n for n in range(10, 0, -1)]
    right = [True] * 6 + [False, True, False, False]
    points, area = risk_coverage(confidences, right)
    assert [point.coverage for point in points] == [0.5, 0.6, 0.7, 0.8, 0.9, 1.0]
    assert [point.risk for point in points] == pytest.approx([0, 0, 1 / 7, 1 / 8, 2 / 9, 3 / 10])
    assert [point.confidence for point in points] == pytest.approx([0.6, 0.5, 0.4, 0.3, 0.2, 0.1])
    assert area == pytest.approx((1 / 7 + 1 / 8 + 2 / 9 + 3 / 10) / 10)


def test_risk_does_not_depend_on_the_order_of_equals() -> None:
    assert risk_coverage([0.5] * 4, [True, False, True, True]) == risk_coverage(
        [0.5] * 4, [True, True, True, False]
    )


def test_calibration_compares_what_was_said_with_what_was_so() -> None:
    points, error = calibration(
        ["unsure", "sure", "sure"], [0.4, 0.9, 0.7], [True, True, False], [False, True, False]
    )
    assert [(point.words, point.count) for point in points] == [("sure", 2), ("unsure", 1)]
    assert [point.confidence for point in points] == pytest.approx([0.8, 0.4])
    assert [point.answerable for point in points] == [0.5, 1.0]
    assert [point.right for point in points] == [0.5, 0.0]
    assert error == pytest.approx((2 * 0.3 + 1 * 0.6) / 3)


def test_calibration_of_nothing_is_nothing() -> None:
    assert calibration([], [], [], []) == ([], 0.0)
