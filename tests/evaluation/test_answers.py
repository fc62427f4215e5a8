"""How good answers are, on questions whose outcome is known."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rag import Citation, Library
from rag.answers.abstention import in_words
from rag.evaluation.answers import Outcome, ask_questions, measure_answers, measure_evidence
from rag.evaluation.questions import Gold, Question, load_questions
from rag.text.sentences import sentence_spans

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

WHALES = "arxiv:9905.00005"


@pytest.fixture(scope="module")
def questions(data: Path, library: Library) -> dict[str, Question]:
    known = load_questions(data / "questions.jsonl", "test", library)
    return {question.id: question for question in known.questions}


def outcome(kind: str, confidence: float, **values: float) -> Outcome:
    values = {name.replace("_", "-"): float(value) for name, value in values.items()}
    papers = () if "declined" in values else ("p",)
    return Outcome(
        question=Question(id="x", text="?", kind=kind, papers=papers),
        answered=bool(values.get("answered", 1 - values.get("declined", 0))),
        confidence=confidence,
        certainty=in_words(confidence),
        values=values,
        right=bool(values.get("first-paper")),
        cited=("p",),
    )


def test_questions_with_a_plain_answer(library: Library, questions: dict[str, Question]) -> None:
    report = measure_answers(ask_questions(library, questions.values()))
    kinds = {kind: figures.metrics for kind, figures in report.kinds.items()}
    assert kinds["single"]["first-paper"] == 1.0
    assert kinds["single"]["any-quote"] == 1.0
    assert kinds["several"]["cited-papers"] in {0.5, 1.0}
    assert kinds["follow-up"]["first-paper"] == 1.0
    assert kinds["off-topic"] == {"declined": 1.0, "AUROC": 1.0}
    assert report.overall.count == 6


def test_what_was_declined_counts_as_not_found(
    library: Library, questions: dict[str, Question]
) -> None:
    settings = library.settings.model_copy(update={"abstain_below": 1.0})
    with Library(settings=settings) as silent:
        [asked] = ask_questions(silent, [questions["whales"]])
    assert not asked.answered
    assert asked.cited == ()
    assert asked.values == {
        "answered": 0.0,
        "first-paper": 0.0,
        "cited-papers": 0.0,
        "first-quote": 0.0,
        "any-quote": 0.0,
    }
    # It would have been right, which is what the risk-coverage curve asks.
    assert asked.right


def test_figures_of_known_outcomes() -> None:
    outcomes = [
        outcome("easy", 0.9, answered=1, first_paper=1, any_quote=1),
        outcome("easy", 0.6, answered=1, first_paper=0, any_quote=0),
        outcome("hard", 0.3, answered=0, first_paper=0),
        outcome("odd", 0.6, declined=0),
        outcome("odd", 0.1, declined=1),
    ]
    report = measure_answers(outcomes)
    overall = report.overall.metrics
    assert overall["answered"] == pytest.approx(2 / 3)
    assert overall["first-paper"] == pytest.approx(1 / 3)
    assert overall["any-quote"] == pytest.approx(1 / 2)
    assert overall["declined"] == pytest.approx(1 / 2)
    assert overall["AUROC"] == pytest.approx((1 + 1 + 0.5 + 1 + 0 + 1) / 6)
    assert overall["AURC"] == pytest.approx((0 + 1 / 2 + 2 / 3 + 3 / 4 + 4 / 5) / 5)
    assert report.curve[-1].risk == pytest.approx(4 / 5)
    assert report.kinds["easy"].metrics == {"answered": 1, "first-paper": 0.5, "any-quote": 0.5}
    sure, fair = report.calibration  # of the three answers that were given
    assert (sure.words, sure.count, sure.answerable, sure.right) == ("confident", 1, 1.0, 1.0)
    assert (fair.words, fair.count, fair.answerable, fair.right) == ("fairly confident", 2, 0.5, 0)
    assert overall["ECE"] == pytest.approx((1 * 0.1 + 2 * 0.1) / 3)
    assert report.kinds["odd"].metrics["AUROC"] == overall["AUROC"]
    assert "cited-papers" not in overall


def test_without_unanswerable_questions_nothing_is_said_of_abstention() -> None:
    report = measure_answers([outcome("easy", 0.9, first_paper=1)])
    assert report.overall.metrics == {"first-paper": 1.0}
    assert report.curve == []
    assert report.calibration == []


def test_evidence_is_looked_for_among_the_first_sentences(library: Library) -> None:
    paper = library.paper(WHALES)
    spans = sentence_spans(paper.abstract)

    def ask(number: int) -> Question:
        gold = Gold(WHALES, *spans[number])
        return Question(id=str(number), text="?", kind="k", papers=(WHALES,), evidence=(gold,))

    def in_order(_: str, papers: Sequence[str]) -> list[Citation]:
        assert papers == [WHALES]
        return [Citation(1, paper, paper.abstract[a:b], a, b, 0.5) for a, b in spans]

    figures = measure_evidence([ask(number) for number in range(5)], in_order)
    assert figures is not None
    assert figures.count == 5
    assert figures.metrics == pytest.approx({"evidence@1": 1 / 5, "evidence@3": 3 / 5})
    assert measure_evidence([], in_order) is None


def test_the_ranker_is_that_of_the_answers(
    library: Library, questions: dict[str, Question]
) -> None:
    figures = measure_evidence([questions["whales"]], library.evidence)
    assert figures is not None
    assert figures.metrics["evidence@1"] == 1.0
