"""Quotes that stand on both sides of a question for yes or no."""

from __future__ import annotations

import pytest

from rag import Citation, Paper
from rag.answers.stance import AGAINST, FOR, chance_against, disagreement

QUESTION = "Does clover increase the honey yield of small hives?"
YES = "Clover increases the honey yield of small hives."
NO = "Clover does not increase the honey yield of small hives."


def cited(*quotes: str, score: float = 0.8) -> list[Citation]:
    return [
        Citation(n, Paper(id=f"x:{n}", title="", abstract=quote), quote, 0, len(quote), score)
        for n, quote in enumerate(quotes, start=1)
    ]


def test_a_denial_speaks_against() -> None:
    assert chance_against(QUESTION, NO) >= AGAINST > FOR >= chance_against(QUESTION, YES)


def test_both_sides_are_named() -> None:
    note = disagreement(QUESTION, cited(YES, NO))
    assert note is not None
    assert "[1] seems to speak for this and [2] against" in note


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
def test_nothing_is_said_where_there_are_no_two_sides(
    question: str, quotes: tuple[str, ...], score: float
) -> None:
    assert disagreement(question, cited(*quotes, score=score)) is None
