"""What confidence rests on: what a question asks for and the papers lack."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from rag import Paper
from rag.answers.abstention import Signals, confidence, in_words, read_signals
from rag.evidence.cues import asks_for_several, lacks_measure
from rag.evidence.ranker import Evidence
from rag.search.hybrid import Hit, Passage

if TYPE_CHECKING:
    from collections.abc import Sequence

HIVE = Paper(
    id="x:1",
    title="HiveNet listens to beehives",
    abstract="HiveNet hears bees leave. It was trained on hidden Markov models of 12 apiaries.",
)
WASPS = Paper(
    id="x:2",
    title="Wasps at dusk",
    abstract="Wasps fly at dusk in Norway. They are counted by volunteers.",
)


class Shelf:
    """A library in which every term is as rare as the next."""

    def document_frequency(self, terms: Sequence[str]) -> tuple[list[int], int]:
        return [1] * len(terms), 10


def hit(paper: Paper) -> Hit:
    return Hit(1, 0.5, paper, Passage(paper.abstract, 0, len(paper.abstract)), 0.9, 3.0)


def signals(question: str, *, first: int = 0) -> Signals:
    evidence = [
        Evidence(paper=paper, start=0, end=20, score=score, cosine=(0.4, 0.6)[paper])
        for paper, score in ((first, 0.5), (0, 0.5), (1, 0.5), (1, 0.01))
    ]
    return read_signals(question, [hit(HIVE), hit(WASPS)], evidence, Shelf())


def test_nearness_is_that_of_the_nearest_paper_and_the_best_three_sentences() -> None:
    found = signals("How does HiveNet hear bees?")
    assert found.cosine == 0.6
    assert found.evidence == pytest.approx(0.0)


@pytest.mark.parametrize(
    ("question", "unnamed", "unheard"),
    [
        ("How does HiveNet hear bees?", 0, 0),
        ("Does HiveNet use HMMs?", 0, 0),
        ("Was HiveNet tried in Norway?", 1, 0),  # another paper has it
        ("Does HiveNet beat AntNet?", 1, 1),
        ("Does it hum?", 0, 0),
    ],
)
def test_a_name_that_is_missing_is_noticed(question: str, unnamed: int, unheard: int) -> None:
    found = signals(question)
    assert (found.unnamed, found.unheard) == (unnamed, unheard)


def test_the_paper_is_the_one_that_would_be_quoted_first() -> None:
    assert signals("Do wasps fly in Norway?").unnamed == 1
    assert signals("Do wasps fly in Norway?", first=1).unnamed == 0


def test_a_number_is_missed_where_the_paper_has_none() -> None:
    assert signals("How many apiaries were there?").uncounted == 0
    assert signals("How many wasps were there?", first=1).uncounted == 1
    assert signals("Where do wasps fly?", first=1).uncounted == 0


def test_a_question_that_knows_the_title_and_asks_for_what_is_not_there_is_aside() -> None:
    beside = signals("How do beehives smell in winter?").aside
    inside = signals("How do beehives hear bees leave?").aside
    assert beside > 0.2 > inside == 0


def test_words_that_only_another_paper_has_scatter_a_question() -> None:
    assert signals("Which bees fly at dusk?").scattered == pytest.approx(2 / 3)
    assert signals("Which bees leave?").scattered == 0


@pytest.mark.parametrize(
    ("question", "text", "lacking"),
    [
        ("How many hours did it take?", "It was trained for 3 h.", False),
        ("How many hours did it take?", "It was trained on 3 hives.", True),
        ("How long does a dance last?", "A dance takes two minutes.", False),
        ("How long does a dance last?", "Dances differ.", True),
        ("How many dollars does a hive cost?", "A hive is sold for $40.", False),
        ("How many dollars does a hive cost?", "A hive is large.", True),
        ("How many watts does it draw?", "It draws 4 W.", False),
        ("How many watts does it draw?", "It draws bees.", True),
        ("How many megabytes is it?", "It takes 3 MB.", False),
        ("How many megabytes is it?", "It is small.", True),
        ("How many frames per second?", "It runs in real time.", False),
        ("On which GPU was it trained?", "It was trained on bees.", True),
        ("Under which licence is it shared?", "The code is open-source.", False),
        ("Under which license is it shared?", "The code is shared.", True),
        ("How many bees are there?", "No numbers here.", False),
    ],
)
def test_a_measure_is_missed_where_the_text_has_none_of_its_kind(
    question: str, text: str, lacking: bool
) -> None:
    assert lacks_measure(question, text) is lacking


PLAIN = Signals(
    cosine=0.5,
    evidence=-1.0,
    unnamed=0.0,
    unheard=0.0,
    uncounted=0.0,
    unmeasured=0.0,
    aside=0.0,
    scattered=0.0,
    far=0.0,
)


@pytest.mark.parametrize(
    "missing", ["unnamed", "unheard", "uncounted", "unmeasured", "aside", "scattered", "far"]
)
def test_what_is_missing_lowers_the_confidence(missing: str) -> None:
    assert confidence(replace(PLAIN, **{missing: 1.0})) < confidence(PLAIN)


def test_nearness_raises_the_confidence() -> None:
    assert confidence(replace(PLAIN, cosine=0.7)) > confidence(PLAIN) > 0.5
    assert confidence(replace(PLAIN, evidence=1.0)) > confidence(PLAIN)
    assert confidence(replace(PLAIN, cosine=0.1, evidence=-4.0)) < 0.25


def test_confidence_has_words() -> None:
    said = [in_words(chance) for chance in (0.1, 0.4, 0.6, 0.9)]
    assert said == ["very unsure", "unsure", "fairly confident", "confident"]


def test_a_question_for_several_papers_is_told_from_one_for_a_fact() -> None:
    several = ["Which approaches count bees?", "Has anyone counted bees?", "What ways are there?"]
    one = ["Which approach wins?", "How many bees are there?", "Why do bees hum?"]
    assert all(map(asks_for_several, several))
    assert not any(map(asks_for_several, one))
