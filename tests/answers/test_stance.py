"""Quotes that stand on both sides of a question for yes or no."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from rag import Citation, Paper
from rag.answers.stance import disagreement
from rag.models.judging import Judgement

QUESTION = "Does clover increase the honey yield of small hives?"
YES = "Clover increases the honey yield of small hives."
NO = "Clover does not increase the honey yield of small hives."


@dataclass
class Told:
    """A reader that takes "not" for a contradiction."""

    name: str = "told"
    asked: list[tuple[str, str]] = field(default_factory=list)

    def load(self):
        pass

    def judge(self, pairs):
        self.asked += pairs
        return [Judgement(0.1, 0.9) if "not" in two else Judgement(0.9, 0.05) for _, two in pairs]


def cited(*quotes, score=0.8):
    return [
        Citation(n, Paper(id=f"x:{n}", title="", abstract=quote), quote, 0, len(quote), score)
        for n, quote in enumerate(quotes, start=1)
    ]


def test_both_sides_are_named():
    reader = Told()
    note = disagreement(QUESTION, cited(YES, NO), reader)
    assert note is not None
    assert "[1] seems to speak for this and [2] against" in note
    assert reader.asked[0] == ("clover increase the honey yield of small hives.", YES)


@pytest.mark.parametrize(
    ("question", "quotes", "score"),
    [
        (QUESTION, (YES, YES), 0.8),
        (QUESTION, (NO, NO), 0.8),
        (QUESTION, (YES, NO), 0.1),  # neither is about what is asked
        ("How does clover increase the honey yield of small hives?", (YES, NO), 0.8),
        ("Does clover or lavender increase the honey yield?", (YES, NO), 0.8),
        (QUESTION, (), 0.8),
    ],
)
def test_nothing_is_said_where_there_are_no_two_sides(question, quotes, score):
    assert disagreement(question, cited(*quotes, score=score), Told()) is None


def test_a_question_of_another_kind_costs_nothing():
    reader = Told()
    disagreement("Why does clover help?", cited(YES, NO), reader)
    assert reader.asked == []
