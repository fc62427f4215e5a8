"""Indexing a corpus once, and what searching it gives."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from rag import Settings
from rag.evaluation.dataset import load_retrieval_set
from rag.evaluation.files import EvaluationError
from rag.evaluation.metrics import RANKING_METRICS
from rag.evaluation.retrieval import compare_run, measure_retrieval, open_corpus
from rag.index import sync

if TYPE_CHECKING:
    from pathlib import Path

    from rag.evaluation.dataset import RetrievalSet
    from rag.evaluation.retrieval import RetrievalReport

# Worked out by hand from what tests/data/labelled/README.md says.
NDCG = {"q1": 1.0, "q2": 0.63093, "q3": 0.0, "q4": 2.26186 / 2.63093, "q5": 1 / 1.63093}
MEANS = {"nDCG@10": sum(NDCG.values()) / 5, "R@5": 0.7, "R@10": 0.7, "R@100": 0.7, "RR@10": 0.7}


@pytest.fixture
def settings(tiny_encoder: Path, tmp_path: Path) -> Settings:
    """Settings with a cache of their own and an encoder that takes no time."""
    return Settings(cache=tmp_path / "cache", embedder=str(tiny_encoder), storage=tmp_path / "no")


@pytest.fixture
def dataset(data: Path) -> RetrievalSet:
    return load_retrieval_set(data / "labelled", "test")


@pytest.fixture(scope="module")
def keyword(
    data: Path, tiny_encoder: Path, tmp_path_factory: pytest.TempPathFactory
) -> RetrievalReport:
    """The figures of the keyword leg, which are known by hand."""
    folder = tmp_path_factory.mktemp("keyword")
    chosen = Settings(cache=folder, embedder=str(tiny_encoder))
    labelled = load_retrieval_set(data / "labelled", "test")
    with open_corpus(labelled, chosen) as library:
        return measure_retrieval(labelled, library, mode="keyword")


def test_figures_are_those_worked_out_by_hand(keyword: RetrievalReport) -> None:
    assert keyword.metrics == pytest.approx(MEANS, abs=1e-4)
    for query, value in NDCG.items():
        assert keyword.scores[query]["nDCG@10"] == pytest.approx(value, abs=1e-4)
    for name, (low, high) in keyword.intervals.items():
        assert low < keyword.metrics[name] < high


def test_a_run_names_documents_as_the_corpus_does(keyword: RetrievalReport) -> None:
    assert list(keyword.run["q2"]) == ["2101.00001", "10.5555/Kitchen.2"]
    assert keyword.run["q3"] == {}


def test_per_query_results_tell_what_was_found(
    keyword: RetrievalReport, dataset: RetrievalSet
) -> None:
    records = {record["id"]: record for record in keyword.per_query(dataset)}
    assert records["q4"]["question"] == "heron marsh"
    assert records["q4"]["relevant"] == ["heron-1", "heron-2"]
    assert records["q4"]["found"] == ["heron-1", "heron-2"]
    assert records["q4"]["metrics"]["RR@10"] == 1.0
    json.dumps(list(records.values()))


def test_all_legs_give_all_figures(dataset: RetrievalSet, settings: Settings) -> None:
    with open_corpus(dataset, settings) as library:
        for mode in ("hybrid", "dense"):
            found = measure_retrieval(dataset, library, mode=mode)  # type: ignore[arg-type]
            assert set(found.metrics) == set(RANKING_METRICS)
            assert all(len(documents) == 12 for documents in found.run.values())
            for documents in found.run.values():
                scores = list(documents.values())
                assert scores == sorted(set(scores), reverse=True)


def test_a_second_run_embeds_no_document(
    dataset: RetrievalSet, settings: Settings, embedded: Any
) -> None:
    with open_corpus(dataset, settings) as library:
        first = measure_retrieval(dataset, library)
    assert any("lighthouse lens gathers" in text for text in embedded.seen)
    embedded.forget()
    with open_corpus(dataset, settings) as library:
        second = measure_retrieval(dataset, library)
    assert set(embedded.seen) <= set(dataset.queries.values())
    assert second.run == first.run


def test_the_index_leaves_the_persons_own_library_alone(
    dataset: RetrievalSet, settings: Settings
) -> None:
    open_corpus(dataset, settings).close()
    assert not settings.storage.exists()


def test_a_cut_off_index_is_completed(
    dataset: RetrievalSet, settings: Settings, embedded: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    encode = sync.encode_in_steps
    calls = []

    def cut_off(*args: Any) -> Any:
        calls.append(args)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return encode(*args)

    with monkeypatch.context() as patch:
        patch.setattr(sync, "_BATCH", 4)
        patch.setattr(sync, "encode_in_steps", cut_off)
        with pytest.raises(KeyboardInterrupt):
            open_corpus(dataset, settings)
    embedded.forget()
    with open_corpus(dataset, settings) as library:
        assert len(library) == 12
    titles = {text.splitlines()[0].split(".")[0] for text in embedded.seen}
    assert len(titles) == 4


def test_another_corpus_or_another_encoder_has_another_index(
    data: Path, dataset: RetrievalSet, settings: Settings, tmp_path: Path, make_encoder: Any
) -> None:
    open_corpus(dataset, settings).close()
    folder = shutil.copytree(data / "labelled", tmp_path / "labelled")
    with (folder / "corpus.jsonl").open("a") as corpus:
        corpus.write('{"_id": "new-1", "title": "Tuning Church Organs in Winter"}\n')
    with open_corpus(load_retrieval_set(folder, "test"), settings) as library:
        assert len(library) == 13
    other = settings.model_copy(
        update={"embedder": str(make_encoder(tmp_path / "other", hidden=16))}
    )
    with open_corpus(dataset, other) as library:
        assert library.status()["dimension"] == 16
    with open_corpus(dataset, settings) as library:
        assert library.status()["dimension"] == 32


def test_a_run_is_compared_query_by_query(keyword: RetrievalReport, dataset: RetrievalSet) -> None:
    same = compare_run(dataset, keyword, keyword.run)
    assert all((one.difference, one.p) == (0.0, 1.0) for one in same.values())
    worse = compare_run(dataset, keyword, {"q1": {"bell-1": 1.0}, "unknown": {"x": 1.0}})
    assert worse["R@10"].difference == pytest.approx(0.7)
    assert worse["R@10"].interval[0] > 0
    # Four of five queries are better; 2 of the 16 ways to flip their signs are as extreme.
    assert worse["R@10"].p == pytest.approx(2 / 16, abs=0.02)


def test_a_run_of_another_set_is_refused(keyword: RetrievalReport, dataset: RetrievalSet) -> None:
    with pytest.raises(EvaluationError, match="none of this split's queries"):
        compare_run(dataset, keyword, {"x9": {"lamp-1": 1.0}})
