from __future__ import annotations

import numpy as np
import pytest

from rag.search.fusion import add_feedback, fuse, paper_cosines, paper_vectors, smooth


def unit(*rows: list[float]) -> np.ndarray:
    matrix = np.array(rows, dtype=np.float32)
    return matrix / np.linalg.norm(matrix, axis=1, keepdims=True)


def order(scores: np.ndarray) -> list[int]:
    return np.argsort(-scores, kind="stable").tolist()


def test_paper_vector_is_the_direction_of_its_chunks_whatever_their_order() -> None:
    chunks = unit([1, 0, 0], [0, 0, 1], [0, 1, 0])
    vectors = paper_vectors(chunks, [1, 0, 1], 2)
    np.testing.assert_allclose(vectors[0], [0, 0, 1], atol=1e-6)
    np.testing.assert_allclose(vectors[1], [0.5**0.5, 0.5**0.5, 0], atol=1e-6)


def test_paper_without_chunks_has_no_direction_and_the_lowest_cosine() -> None:
    chunks = unit([1, 0])
    assert paper_vectors(chunks, [1], 3)[[0, 2]].tolist() == [[0, 0], [0, 0]]
    assert paper_cosines(chunks[0], chunks, [1], 3).tolist() == [-1, 1, -1]


def test_paper_cosine_is_that_of_its_nearest_chunk_whatever_their_order() -> None:
    chunks = unit([1, 1], [0, 1], [1, 0])
    cosines = paper_cosines(unit([1, 0])[0], chunks, [1, 0, 0], 2)
    np.testing.assert_allclose(cosines, [1, 0.5**0.5], atol=1e-6)


def test_both_legs_count() -> None:
    assert order(fuse(np.array([0.5, 0.4, 0.4]), np.array([2.0, 2.0, 1.0]))) == [0, 1, 2]
    assert order(fuse(np.array([0.30, 0.32]), np.array([9.0, 0.0]))) == [0, 1]
    assert order(fuse(np.array([0.2, 0.9]), np.array([9.0, 0.0]))) == [1, 0]


def test_only_the_ratio_of_keyword_scores_matters() -> None:
    cosines, bm25 = np.array([0.3, 0.5, 0.1]), np.array([3.0, 1.0, 0.0])
    np.testing.assert_allclose(fuse(cosines, bm25), fuse(cosines, 40 * bm25))


def test_without_a_shared_word_the_cosine_decides() -> None:
    scores = fuse(np.array([0.1, 0.3, -0.2]), np.zeros(3))
    assert np.isfinite(scores).all()
    assert order(scores) == [1, 0, 2]


def test_feedback_decides_between_equals_but_not_alone() -> None:
    scores = np.array([0.9, 0.5, 0.5])
    assert order(add_feedback(scores, np.array([0.0, 1.0, 4.0]))) == [0, 2, 1]
    assert order(add_feedback(scores[::-1], np.zeros(3))) == [2, 0, 1]


def test_smoothing_lifts_a_paper_whose_neighbours_scored_well() -> None:
    vectors = unit([1, 0.1, 0], [1, 0, 0], [1, -0.1, 0], [0, 0, 1], [0.1, 0, 1])
    scores = np.array([1.0, 0.48, 0.9, 0.5, 0.0])
    assert order(scores) == [0, 2, 3, 1, 4]
    assert order(smooth(scores, vectors)) == [0, 2, 1, 3, 4]


def test_smoothing_keeps_the_order_of_papers_that_have_nothing_in_common() -> None:
    scores = np.array([0.2, 0.9, 0.5])
    smoothed = smooth(scores, np.eye(3, dtype=np.float32))
    assert order(smoothed) == [1, 2, 0]


def test_smoothing_does_not_depend_on_the_scale_of_scores() -> None:
    vectors = unit([1, 0.2, 0], [1, 0, 0], [0.3, 1, 0], [0, 0, 1])
    scores = np.array([0.7, 0.1, 0.4, 0.6])
    np.testing.assert_allclose(5 * smooth(scores, vectors) + 2, smooth(5 * scores + 2, vectors))


def test_smoothing_stays_among_the_best_fifty() -> None:
    scores = np.linspace(1.0, 0.0, 60)
    vectors = np.repeat(unit([1, 0], [0, 1]), 30, axis=0)
    smoothed = smooth(scores, vectors)
    np.testing.assert_array_equal(smoothed[50:], scores[50:])
    assert (smoothed[:50] != scores[:50]).any()
    assert smoothed[:50].min() >= smoothed[50:].max()


@pytest.mark.parametrize("count", [0, 1])
def test_few_candidates(count: int) -> None:
    scores = np.full(count, 0.4)
    vectors = np.ones((count, 4), dtype=np.float32) / 2
    assert fuse(scores, scores).shape == (count,)
    assert add_feedback(scores, scores).shape == (count,)
    assert smooth(scores, vectors).tolist() == scores.tolist()
    assert paper_cosines(np.ones(4, dtype=np.float32) / 2, vectors, range(count), count).shape == (
        count,
    )


def test_equal_scores_stay_finite() -> None:
    smoothed = smooth(np.full(3, 0.4), np.eye(3, dtype=np.float32))
    assert np.isfinite(smoothed).all()
    assert len(set(smoothed.tolist())) == 1
