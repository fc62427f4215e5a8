from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rag.search.feedback import STOP_WORDS, expansion, query_weights

if TYPE_CHECKING:
    from collections.abc import Sequence

LIBRARY = 1000


def rare(terms: Sequence[str]) -> tuple[list[int], int]:
    return [3] * len(terms), LIBRARY


def test_question_terms_count_as_often_as_they_are_said() -> None:
    weights = query_weights(["what", "is", "kernel", "of", "kernel", "trick"], STOP_WORDS)
    assert weights == {"kernel": 2.0, "trick": 1.0}


def test_question_of_stop_words_keeps_them() -> None:
    assert query_weights(["what", "is", "it"], STOP_WORDS) == {"what": 1.0, "is": 1.0, "it": 1.0}
    assert query_weights([], STOP_WORDS) == {}


def test_expansion_brings_words_that_the_question_lacks() -> None:
    weights = expansion(
        [["the", "graph", "spectrum", "graph"], ["graph", "laplacian"]],
        [0.8, 0.8],
        stop_terms=STOP_WORDS,
        document_frequency=rare,
    )
    assert set(weights) == {"graph", "spectrum", "laplacian"}
    assert max(weights, key=weights.__getitem__) == "graph"
    assert sum(weights.values()) == pytest.approx(1)


def test_first_paper_far_ahead_speaks_nearly_alone() -> None:
    papers = [["kernel"], ["orchard"]]
    near = expansion(papers, [0.80, 0.79], stop_terms=(), document_frequency=rare)
    far = expansion(papers, [0.80, 0.40], stop_terms=(), document_frequency=rare)
    assert near["orchard"] > 0.4
    assert far["orchard"] < 0.01


def test_common_words_count_less_than_rare_ones() -> None:
    def frequency(terms: Sequence[str]) -> tuple[list[int], int]:
        return [900 if term == "model" else 2 for term in terms], LIBRARY

    weights = expansion(
        [["model", "model", "sparsity"]], [0.5], stop_terms=(), document_frequency=frequency
    )
    assert weights["sparsity"] > weights["model"]


def test_long_papers_do_not_outweigh_short_ones() -> None:
    papers = [["alpha"] * 50, ["beta"] * 2]
    weights = expansion(papers, [0.5, 0.5], stop_terms=(), document_frequency=rare)
    assert weights["alpha"] == pytest.approx(weights["beta"])


def test_number_of_terms_is_bounded() -> None:
    papers = [[f"w{number:03d}" for number in range(300)]]
    weights = expansion(papers, [0.5], stop_terms=(), document_frequency=rare)
    assert list(weights) == [f"w{number:03d}" for number in range(50)]


@pytest.mark.parametrize("papers", [[], [[]], [["the", "of"]]])
def test_nothing_to_learn_from(papers: list[list[str]]) -> None:
    found = expansion(papers, [0.5] * len(papers), stop_terms=STOP_WORDS, document_frequency=rare)
    assert found == {}


def test_index_that_still_counts_removed_papers() -> None:
    def stale(terms: Sequence[str]) -> tuple[list[int], int]:
        return [9 if term == "gone" else 1 for term in terms], 4

    weights = expansion([["gone", "here"]], [0.5], stop_terms=(), document_frequency=stale)
    assert weights == {"here": 1.0}
