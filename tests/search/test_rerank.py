"""The second stage: a cross-encoder reorders the first papers, and only those."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from cross_encoders import write_cross_encoder

from rag import Filters, Library, Settings
from rag.papers import Paper
from rag.search.rerank import NotRankedError, rerank

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray


# Whales are what the search finds; of this question the model sees nothing but Norway.
QUESTION = "counting whales with hydrophones; not about Norway"
WHALES = "arxiv:9905.00005"
FROST = "title:frost-on-solar-panels-a-field-note"


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_cross_encoder(
        tmp_path_factory.mktemp("encoders") / "norway", ["norway", "silt", "a"]
    )


@pytest.fixture
def reading(stored: Path, model_cache: Path, model: Path) -> Iterator[Library]:
    settings = Settings(storage=stored, cache=model_cache, rerank=str(model), rerank_depth=12)
    with Library(settings=settings) as opened:
        yield opened


def papers(count: int = 4) -> list[Paper]:
    return [Paper(id=f"x:{n}", title=f"Title {n}", abstract="Text.") for n in range(count)]


class Fixed:
    """Gives scores as they were given to it, or fails."""

    def __init__(self, scores: Sequence[float] | None, depth: int = 3) -> None:
        self.given = scores
        self.depth = depth
        self.seen: list[Paper] = []

    def scores(self, question: str, papers: Sequence[Paper]) -> NDArray[np.float64]:
        del question
        self.seen = list(papers)
        if self.given is None:
            raise NotRankedError("it is asleep.")
        return np.array(self.given)


# --- the order ----------------------------------------------------------------------------------


def test_only_the_first_papers_are_scored_and_moved() -> None:
    reranker = Fixed([1, 3, 2])
    order, note = rerank(reranker, "?", papers(5))
    assert (order, note) == ([1, 2, 0, 3, 4], "")
    assert reranker.seen == papers(3)


def test_papers_judged_alike_keep_their_order() -> None:
    assert rerank(Fixed([0, 0, 0]), "?", papers(4))[0] == [0, 1, 2, 3]
    assert rerank(Fixed([0, 1, 1]), "?", papers(4))[0] == [1, 2, 0, 3]


def test_a_reranker_that_fails_leaves_the_order_and_a_note() -> None:
    order, note = rerank(Fixed(None), "?", papers(4))
    assert order == [0, 1, 2, 3]
    assert "it is asleep" in note


@pytest.mark.parametrize("count", [0, 1])
def test_what_has_no_order_is_not_reranked(count: int) -> None:
    reranker = Fixed(None)
    assert rerank(reranker, "?", papers(count)) == (list(range(count)), "")
    assert not reranker.seen


# --- with a cross-encoder -----------------------------------------------------------------------


def test_a_paper_that_the_search_ranks_lower_comes_first(
    reading: Library, library: Library
) -> None:
    before, after = library.search(QUESTION, 12), reading.search(QUESTION, 12)
    assert before[0].paper.id == WHALES
    assert [hit.paper.id for hit in after[:2]] == [FROST, WHALES]
    assert {hit.paper.id for hit in after} == {hit.paper.id for hit in before}
    # Scores keep their scale, and say what they said of each paper's own match.
    assert [hit.score for hit in after] == [hit.score for hit in before]
    assert [hit.rank for hit in after] == list(range(1, 13))
    assert after[0].bm25 == next(hit.bm25 for hit in before if hit.paper.id == FROST)


def test_it_reranks_deeper_than_what_is_asked_for(reading: Library) -> None:
    assert [hit.paper.id for hit in reading.search(QUESTION, 1)] == [FROST]


def test_papers_beyond_the_depth_stay_where_they_are(
    stored: Path, model_cache: Path, model: Path, library: Library
) -> None:
    place = [hit.paper.id for hit in library.search(QUESTION, 12)].index(FROST)
    settings = Settings(
        storage=stored, cache=model_cache, rerank=str(model), rerank_depth=max(2, place)
    )
    with Library(settings=settings) as shallow:
        assert shallow.search(QUESTION, 12)[place].paper.id == FROST


def test_a_paper_that_is_named_stays_first(reading: Library) -> None:
    assert reading.search("arxiv:9905.00005", 3)[0].paper.id == WHALES
    assert reading.search("a frosty solar panel, a field", 3)[0].paper.id != FROST
    assert reading.search("Frost on Solar Panels: A Field Note", 3)[0].paper.id == FROST


def test_filters_hold(reading: Library) -> None:
    hits = reading.search(QUESTION, 12, filters=Filters(author="Aas"))
    assert FROST not in [hit.paper.id for hit in hits]


def test_one_retriever_alone_is_not_reranked(reading: Library, library: Library) -> None:
    modes: tuple[Any, ...] = ("dense", "keyword")
    for mode in modes:
        found = reading.find(QUESTION, 5, mode=mode)
        assert found.hits == library.find(QUESTION, 5, mode=mode).hits
        assert found.hits[0].paper.id == WHALES


def test_answers_and_retrievers_use_it(reading: Library) -> None:
    assert reading.ask(QUESTION).retrieved[0].id == FROST
    node = reading.as_retriever(k=2).retrieve(QUESTION)[0]
    assert node.metadata["paper_id"] == FROST


def test_it_is_off_unless_it_is_asked_for() -> None:
    assert Settings().rerank == Settings(rerank="").rerank == Settings(rerank="OFF").rerank == "off"
