"""All that was measured on a set, as one thing that can be printed, stored and held to a limit."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from rag.evaluation.answers import ANSWER_METRICS, EVIDENCE_METRICS
from rag.evaluation.files import EvaluationError
from rag.evaluation.metrics import RANKING_METRICS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from rag.evaluation.answers import AnswerReport, Figures
    from rag.evaluation.retrieval import RetrievalReport

__all__ = ["LIMITED_METRICS", "EvalReport", "Limit", "write_records"]

# AURC and ECE are better when lower, so a lower limit makes no sense for them.
LIMITED_METRICS = (*RANKING_METRICS, *EVIDENCE_METRICS, *list(ANSWER_METRICS)[:-2])


@dataclass(frozen=True, slots=True)
class Limit:
    """A figure that must not be below a value."""

    metric: str
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class EvalReport:
    """All that was measured on a set.

    Attributes:
        dataset: Name of the set.
        split: Which part of it.
        mode: Which retrievers searched.
        rerank: What read the first papers again; `off` where nothing did.
        queries: How many queries, or questions, the figures rest on.
        retrieval: How well papers are found; None for a question set.
        evidence: How well the evidence in a given abstract is found, where the set has any.
        answers: How good the answers are, where the set can tell.
        left_out: What could not be used and how often, in words.
    """

    dataset: str
    split: str
    mode: str
    rerank: str = "off"
    queries: int
    retrieval: RetrievalReport | None = None
    evidence: Figures | None = None
    answers: AnswerReport | None = None
    left_out: dict[str, int] = field(default_factory=dict)

    def figures(self) -> dict[str, float]:
        """Return every figure by its name."""
        parts = (self.retrieval, self.evidence, self.answers and self.answers.overall)
        return {name: value for part in parts if part for name, value in part.metrics.items()}

    def broken(self, limits: Iterable[Limit]) -> list[str]:
        """Say which limits the figures don't reach.

        Raises:
            EvaluationError: a limit is set for what was not measured.
        """
        figures = self.figures()
        failed = []
        for limit in limits:
            if limit.metric not in figures:
                raise EvaluationError(
                    f"{limit.metric} was not measured on {self.dataset}.",
                    hint=f"Measured here: {', '.join(figures)}.",
                )
            if figures[limit.metric] < limit.value:
                failed.append(f"{limit.metric} is {figures[limit.metric]:.4f}, not {limit.value:g}")
        return failed

    def as_dict(self) -> dict[str, Any]:
        """Return the report as plain values, ready for JSON.

        `metrics` and `intervals` are those of retrieval, or of the answers to a question set.
        """
        values: dict[str, Any] = {
            "dataset": self.dataset,
            "split": self.split,
            "mode": self.mode,
            "queries": self.queries,
        }
        if self.rerank != "off":
            values["rerank"] = self.rerank
        if self.retrieval:
            values |= {"metrics": self.retrieval.metrics, "intervals": self.retrieval.intervals}
            values["latency_ms"] = self.retrieval.latency
            if self.retrieval.comparison:
                compared = self.retrieval.comparison
                values["comparison"] = {name: asdict(one) for name, one in compared.items()}
            if self.evidence:
                pairs = asdict(self.evidence)
                values["evidence"] = {"pairs": pairs.pop("count"), **pairs}
            if self.answers:
                values["answers"] = self.answers.as_dict()
        elif self.answers:
            values |= self.answers.as_dict()
            del values["questions"]
        return values | {"left_out": self.left_out}


def write_records(path: Path, records: Sequence[dict[str, Any]]) -> None:
    """Write one JSON object a line.

    Raises:
        EvaluationError: the file can't be written.
    """
    lines = (json.dumps(record, ensure_ascii=False) + "\n" for record in records)
    try:
        path.write_text("".join(lines), "utf-8")
    except OSError as error:
        raise EvaluationError(
            f"{path} can't be written: {error.strerror or error}.", hint="Name another file."
        ) from error
