from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rag.search.feedback import expansion, query_weights

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class Shelf:
    """A library that tells in how many papers a term is: in three, or as said."""

    def __init__(self, counts: Mapping[str, int] | None = None, papers: int = 1000) -> None:
        self.counts = counts or {}
        self.papers = papers

    def document_frequency(self, terms: Sequence[str]) -> tuple[list[int], int]:
        return [self.counts.get(term, 3) for term in terms], self.papers


def test_question_terms_count_as_often_as_they_are_said() -> None:
    weights = query_weights("What is a kernel of the kernels' tricks?")
    assert weights == {"kernel": 2.0, "trick": 1.0}


def test_question_of_function_words_keeps_them() -> None:
    assert query_weights("What is it?") == {"what": 1.0, "is": 1.0, "it": 1.0}
    assert query_weights("?") == {}


def test_expansion_brings_words_that_the_question_lacks() -> None:
    papers = ["The graph spectrum, the graphs", "A graph's Laplacian"]
    weights = expansion(papers, [0.8, 0.8], Shelf())
    assert set(weights) == {"graph", "spectrum", "laplacian"}
    assert max(weights, key=weights.__getitem__) == "graph"
    assert sum(weights.values()) == pytest.approx(1)


def test_first_paper_far_ahead_speaks_nearly_alone() -> None:
    papers = ["kernel", "orchard"]
    near = expansion(papers, [0.80, 0.79], Shelf())
    far = expansion(papers, [0.80, 0.40], Shelf())
    assert near["orchard"] > 0.4
    assert far["orchard"] < 0.01


def test_common_words_count_less_than_rare_ones() -> None:
    weights = expansion(["model model sparsiti"], [0.5], Shelf({"model": 900, "sparsiti": 2}))
    assert weights["sparsiti"] > weights["model"]


def test_long_papers_do_not_outweigh_short_ones() -> None:
    weights = expansion(["alpha " * 50, "beta " * 2], [0.5, 0.5], Shelf())
    assert weights["alpha"] == pytest.approx(weights["beta"])


def test_number_of_terms_is_bounded() -> None:
    letters = "abcdefghijklmnopqrst"
    paper = " ".join(f"x{one}x{other}x" for one in letters for other in letters)
    weights = expansion([paper], [0.5], Shelf())
    assert list(weights) == sorted(paper.split())[:50]


@pytest.mark.parametrize("papers", [[], [""], ["the of"]])
def test_nothing_to_learn_from(papers: list[str]) -> None:
    assert expansion(papers, [0.5] * len(papers), Shelf()) == {}


def test_index_that_still_counts_removed_papers() -> None:
    weights = expansion(["gone hive"], [0.5], Shelf({"gone": 9, "hive": 1}, papers=4))
    assert weights["gone"] < 0.06
