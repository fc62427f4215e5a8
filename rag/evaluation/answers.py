"""How good answers are: right papers, right sentences, and silence where nothing answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from rag.evaluation.metrics import (
    CalibrationPoint,
    Interval,
    RiskPoint,
    auroc,
    auroc_interval,
    calibration,
    mean_interval,
    risk_coverage,
)
from rag.library import Library

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rag.answers.answer import Answer, Citation
    from rag.evaluation.questions import Question

__all__ = [
    "ANSWER_METRICS",
    "EVIDENCE_METRICS",
    "AnswerReport",
    "Figures",
    "Outcome",
    "Ranker",
    "ask_questions",
    "measure_answers",
    "measure_evidence",
]

# What each figure is called, and what it says. All but the last two are better when higher.
ANSWER_METRICS = {
    "first-paper": "the first cited paper is a right one",
    "cited-papers": "share of the right papers cited",
    "first-quote": "the first quote is evidence",
    "any-quote": "evidence is among the quotes",
    "quote-precision": "share of the quotes that are evidence",
    "answered": "answerable questions answered",
    "declined": "unanswerable questions declined",
    "AUROC": "confidence tells the two apart",
    "AURC": "risk over coverage; lower is better",
    "ECE": "how far confidence is off, of answers given; lower is better",
}
EVIDENCE_METRICS = {
    "evidence@1": "the best sentence is evidence",
    "evidence@3": "one of the best three is",
}

# Ranks the sentences of papers, given by their ids, for a question; `Library.evidence`.
Ranker: TypeAlias = Callable[[str, Sequence[str]], Sequence["Citation"]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Figures of some questions.

    Attributes:
        count: How many questions, or pairs of question and paper, they rest on.
        metrics: The figures; those that the questions can't give are left out.
        intervals: The 95% interval of each.
    """

    count: int
    metrics: dict[str, float]
    intervals: dict[str, Interval]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of asking one question.

    Attributes:
        question: The question.
        answered: False when the program abstained.
        confidence: As the answer states it.
        certainty: The same in words.
        values: The figures of this question that apply to it.
        right: Whether answering is right: the first paper cited, or that would have been cited
            had the program not abstained, is one that answers the question.
        cited: Ids of the cited papers, in order.
    """

    question: Question
    answered: bool
    confidence: float
    certainty: str
    values: dict[str, float]
    right: bool
    cited: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return what a per-question record shows."""
        return {
            "id": self.question.id,
            "question": self.question.text,
            "kind": self.question.kind,
            "answered": self.answered,
            "confidence": self.confidence,
            "metrics": self.values,
            "relevant": list(self.question.papers),
            "found": list(self.cited),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerReport:
    """How good the answers to a set of questions are.

    Attributes:
        overall: The figures of all questions.
        kinds: The figures of each kind; the AUROC of a kind of unanswerable questions is that
            against all answerable ones.
        curve: Risk at some coverages; empty where every question is answerable.
        calibration: How sure the answers that were given were, and how often that was justified;
            empty where every question is answerable.
        outcomes: What came of each question.
    """

    overall: Figures
    kinds: dict[str, Figures]
    curve: list[RiskPoint]
    calibration: list[CalibrationPoint]
    outcomes: tuple[Outcome, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return the figures as plain values, ready for JSON."""
        kinds = {
            kind: {"questions": figures.count, "metrics": figures.metrics}
            for kind, figures in self.kinds.items()
        }
        return {
            "questions": self.overall.count,
            "metrics": self.overall.metrics,
            "intervals": self.overall.intervals,
            "kinds": kinds,
            "risk_coverage": [asdict(point) for point in self.curve],
            "calibration": [asdict(point) for point in self.calibration],
        }


# --- evidence in a given abstract -----------------------------------------------------------


def measure_evidence(questions: Iterable[Question], rank: Ranker) -> Figures | None:
    """Say how often the best sentences of the right abstract are evidence.

    Every pair of a question and one of its papers with evidence counts once.

    Args:
        questions: Whose evidence is known.
        rank: Ranks the sentences of an abstract.

    Returns:
        The figures; None when no question has evidence.
    """
    first: list[float] = []
    among: list[float] = []
    for question in questions:
        for paper_id in dict.fromkeys(one.paper for one in question.evidence):
            gold = [one for one in question.evidence if one.paper == paper_id]
            best = rank(question.text, [paper_id])[:3]
            hits = [any(one.meets(paper_id, said.start, said.end) for one in gold) for said in best]
            first.append(float(any(hits[:1])))
            among.append(float(any(hits)))
    if not first:
        return None
    return _means({"evidence@1": first, "evidence@3": among}, len(first))


# --- answers --------------------------------------------------------------------------------


def ask_questions(library: Library, questions: Iterable[Question]) -> list[Outcome]:
    """Ask every question as a person would, and see what came of it.

    A question that the program declines is asked once more with abstention switched off, to know
    whether declining was right; only the risk-coverage curve uses that answer.
    """
    settings = library.settings.model_copy(update={"abstain_below": 0.0})
    outcomes: list[Outcome] = []
    with Library(settings=settings) as outspoken:
        for question in questions:
            answer = _ask(library, question)
            forced = _ask(outspoken, question) if answer.abstained else answer
            outcomes.append(_outcome(question, answer, forced))
    return outcomes


def _ask(library: Library, question: Question) -> Answer:
    if question.previous is None:
        return library.ask(question.text, mode="extractive")
    chat = library.chat(mode="extractive")
    chat.ask(question.previous)
    return chat.ask(question.text)


def _outcome(question: Question, answer: Answer, forced: Answer) -> Outcome:
    values: dict[str, float] = {}
    cited = _papers(answer.citations)
    if question.papers:
        values["answered"] = float(not answer.abstained)
        values["first-paper"] = float(bool(cited) and cited[0] in question.papers)
        values["cited-papers"] = len({*cited} & {*question.papers}) / len(question.papers)
        if question.evidence:
            values |= _quote_values(question, answer.citations)
    else:
        values["declined"] = float(answer.abstained)
    would_cite = _papers(forced.citations)[:1]
    return Outcome(
        question=question,
        answered=not answer.abstained,
        confidence=answer.confidence,
        certainty=answer.certainty,
        values=values,
        right=bool({*would_cite} & {*question.papers}),
        cited=cited,
    )


def _papers(citations: Sequence[Citation]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(citation.paper.id for citation in citations))


def _quote_values(question: Question, citations: Sequence[Citation]) -> dict[str, float]:
    hits = [
        any(gold.meets(one.paper.id, one.start, one.end) for gold in question.evidence)
        for one in citations
    ]
    values = {"first-quote": float(any(hits[:1])), "any-quote": float(any(hits))}
    return values | ({"quote-precision": float(np.mean(hits))} if hits else {})


def measure_answers(outcomes: Sequence[Outcome]) -> AnswerReport:
    """Turn outcomes into figures.

    A declined question counts as not found: `first-paper`, `cited-papers` and the quotes are over
    all answerable questions; only `quote-precision` is over those that got an answer.

    Args:
        outcomes: At least one.
    """
    confident = [one.confidence for one in outcomes if one.question.papers]
    kinds: dict[str, list[Outcome]] = {}
    for one in outcomes:
        kinds.setdefault(one.question.kind, []).append(one)
    curve: list[RiskPoint] = []
    points: list[CalibrationPoint] = []
    overall = _figures(outcomes, confident)
    if "AUROC" in overall.metrics:
        curve, area = risk_coverage(
            [one.confidence for one in outcomes], [one.right for one in outcomes]
        )
        overall.metrics["AURC"] = area
        if given := [one for one in outcomes if one.answered]:
            points, overall.metrics["ECE"] = calibration(
                [one.certainty for one in given],
                [one.confidence for one in given],
                [bool(one.question.papers) for one in given],
                [one.right for one in given],
            )
    return AnswerReport(
        overall=overall,
        kinds={kind: _figures(some, confident) for kind, some in kinds.items()},
        curve=curve,
        calibration=points,
        outcomes=tuple(outcomes),
    )


def _figures(outcomes: Sequence[Outcome], answerable: Sequence[float]) -> Figures:
    columns = {
        name: [one.values[name] for one in outcomes if name in one.values]
        for name in ANSWER_METRICS
    }
    figures = _means({name: some for name, some in columns.items() if some}, len(outcomes))
    unanswerable = [one.confidence for one in outcomes if not one.question.papers]
    if answerable and unanswerable:
        figures.metrics["AUROC"] = auroc(answerable, unanswerable)
        figures.intervals["AUROC"] = auroc_interval(answerable, unanswerable)
    return figures


def _means(columns: dict[str, list[float]], count: int) -> Figures:
    return Figures(
        count=count,
        metrics={name: float(np.mean(values)) for name, values in columns.items()},
        intervals={name: mean_interval(values) for name, values in columns.items()},
    )
