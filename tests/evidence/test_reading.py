"""The best sentences are read beside a question before one of them is said to answer it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rag.evidence.reading import READING, reading, weigh
from rag.models.passages import headed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


class Liking:
    """A reader that takes passages with a word for answers."""

    def __init__(self, word: str) -> None:
        self.word = word
        self.read: list[tuple[str, str]] = []

    def __call__(self, pairs: Sequence[tuple[str, str]]) -> NDArray[np.float64]:
        self.read += pairs
        return np.array([1.0 if self.word in text else 0.0 for _, text in pairs])


def test_what_the_reader_takes_for_the_answer_comes_first() -> None:
    passages = ["It is fast.", "It is small.", "It is cheap."]
    ranked = np.array([1.0, 0.9, 0.8])
    odds = weigh(reading("What does it cost?", passages, ranked, Liking("cheap")))
    assert odds.argmax() == 2
    assert np.isfinite(odds).all()


def test_where_the_reader_sees_no_answer_all_chances_fall() -> None:
    passages, ranked = ["It is fast.", "It is small."], np.array([1.0, 0.0])
    seen, unseen = (
        weigh(reading("What?", passages, ranked, Liking(word))) for word in ("fast", "cheap")
    )
    assert unseen[0] < seen[0] - 2
    assert unseen[0] > unseen[1]  # words and vectors still count


def test_only_the_best_are_read_and_the_rest_counts_no_more_than_they() -> None:
    passages = [f"Sentence {place}." for place in range(30)]
    ranked = np.linspace(-3.0, 3.0, 30)
    reader = Liking("Sentence 29")
    rows = reading("Which?", passages, ranked, reader)
    assert rows.shape == (30, len(READING))
    assert [text for _, text in reader.read] == [f"Sentence {29 - n}." for n in range(6)]
    assert {question for question, _ in reader.read} == {"Which?"}
    reads = rows[:, READING.index("reads")]
    assert reads[29] == reads.max()
    assert (reads[:24] == reads[24:].min()).all()


def test_a_passage_says_of_what_paper_it_is() -> None:
    assert headed("A title.", "It works.") == "A title. It works."
    assert headed("Does it work?", "It does.") == "Does it work?. It does."
    assert headed("", "It works.") == "It works."
