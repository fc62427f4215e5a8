"""Index a corpus once, search it with every query, and score what was found."""

from __future__ import annotations

import json
import re
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from rag.evaluation.files import EvaluationError
from rag.evaluation.metrics import (
    RANKING_METRICS,
    Comparison,
    Interval,
    compare_paired,
    mean_interval,
    score_run,
)
from rag.evaluation.runs import Run, falling_scores
from rag.library import Library

if TYPE_CHECKING:
    from collections.abc import Callable

    from rag.evaluation.dataset import RetrievalSet
    from rag.search.hybrid import Mode
    from rag.settings import Settings

__all__ = ["RetrievalReport", "compare_run", "measure_retrieval", "open_corpus"]

DEPTH = 100  # papers found for a query: what R@100 looks at
_SHOWN = 10  # documents of a query in the per-query results


@dataclass(frozen=True, slots=True, kw_only=True)
class RetrievalReport:
    """How well queries find their relevant documents.

    Attributes:
        mode: Which retrievers searched.
        run: What was found: falling scores by query and document.
        scores: The metrics of each query.
        metrics: Their means over the queries.
        intervals: The 95% interval of each mean.
        comparison: By metric, how the run differs from another one.
        latency: Milliseconds of a search: `p50` and `p95`.
    """

    mode: Mode
    run: Run
    scores: dict[str, dict[str, float]]
    metrics: dict[str, float]
    intervals: dict[str, Interval]
    latency: dict[str, float]
    comparison: dict[str, Comparison] = field(default_factory=dict)

    def per_query(self, dataset: RetrievalSet) -> list[dict[str, Any]]:
        """Return one record a query: its figures and the first documents found."""
        return [
            {
                "id": query,
                "question": dataset.queries[query],
                "metrics": values,
                "relevant": [d for d, grade in dataset.judgements[query].items() if grade > 0],
                "found": list(self.run.get(query, {}))[:_SHOWN],
            }
            for query, values in self.scores.items()
        ]


def open_corpus(
    dataset: RetrievalSet, settings: Settings, *, progress: Callable[[int], None] | None = None
) -> Library:
    """Open the library of a corpus, making it in the cache folder at the first call.

    The folder's name comes from the corpus and from how it is indexed, so a change of either
    makes another. A marker beside it says that it is whole; without it the corpus is added again,
    which embeds only what a cut-off run didn't store.

    Args:
        dataset: The set.
        settings: The embedder, and where the cache is.
        progress: Called now and then with how many documents have been read.
    """
    key = _key(dataset, Library(settings=settings))
    folder = settings.cache / "eval" / f"{_slug(dataset.name)}-{key}"
    library = Library(
        settings=settings.model_copy(
            update={"storage": folder / "library", "chroma_url": None, "collection": "papers"}
        )
    )
    marker = folder / "whole.json"
    if marker.is_file():
        return library
    try:
        folder.mkdir(parents=True, exist_ok=True)
        report = library.add(dataset.corpus, format="jsonl", remember=False, progress=progress)
        facts = {"corpus": dataset.name, "documents": len(library), "read": report.read}
        marker.write_text(json.dumps(facts), "utf-8")
    except OSError as error:
        raise EvaluationError(
            f"The cache folder {folder} can't be used: {error.strerror or error}.",
            hint="Choose another with RAG_CACHE.",
        ) from error
    return library


def _slug(name: str) -> str:
    return re.sub(r"[^\w.-]+", "-", name)[:40] or "set"


def _key(dataset: RetrievalSet, library: Library) -> str:
    import hashlib

    parts = (dataset.fingerprint, *library.recipe())
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def measure_retrieval(
    dataset: RetrievalSet, library: Library, *, mode: Mode = "hybrid"
) -> RetrievalReport:
    """Search the corpus with every query and score the first 100 documents.

    Args:
        dataset: The set.
        library: What `open_corpus` returned.
        mode: Both retrievers of the search, or one of them alone.

    Raises:
        EvaluationError: `ir-measures` is not installed.
    """
    run: Run = {}
    seconds: list[float] = []
    for query, text in dataset.queries.items():
        started = time.perf_counter()
        hits = library.find(text, DEPTH, mode=mode).hits
        seconds.append(time.perf_counter() - started)
        found = [dataset.documents.get(hit.paper.id, hit.paper.id) for hit in hits]
        scores = falling_scores([hit.score for hit in hits])
        run[query] = dict(zip(found, scores, strict=True))
    scored = score_run(dataset.judgements, run)
    columns = {name: [values[name] for values in scored.values()] for name in RANKING_METRICS}
    return RetrievalReport(
        mode=mode,
        run=run,
        scores=scored,
        metrics={name: float(np.mean(values)) for name, values in columns.items()},
        intervals={name: mean_interval(values) for name, values in columns.items()},
        latency={
            f"p{percent}": round(1000 * float(np.percentile(seconds, percent)), 2)
            for percent in (50, 95)
        },
    )


def compare_run(
    dataset: RetrievalSet, report: RetrievalReport, other: Run
) -> dict[str, Comparison]:
    """Compare a run with another one on the set's queries; what the other lacks scores 0 there.

    Raises:
        EvaluationError: the other run has none of the queries.
    """
    if not set(other) & set(dataset.judgements):
        raise EvaluationError(
            "The run to compare with has none of this split's queries.",
            hint="Compare runs of the same data set and split.",
        )
    theirs = score_run(dataset.judgements, other)
    return {
        name: compare_paired(
            [values[name] for values in report.scores.values()],
            [theirs[query][name] for query in report.scores],
        )
        for name in RANKING_METRICS
    }
