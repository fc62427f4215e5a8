"""Vectors of sentences: made once, whoever asks, and forgotten in good order."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from rag.verification.sentence_vectors import SentenceVectors


class Counting:
    """An encoder that notes what it is asked for; a vector says how long its text is."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, ...]] = []

    def __call__(self, texts):
        self.asked.append(tuple(texts))
        return np.array([[len(text), 1.0] for text in texts], np.float32).reshape(-1, 2)


@pytest.fixture
def encode():
    return Counting()


def test_each_text_is_encoded_once_and_on_its_own(encode):
    vectors = SentenceVectors(encode)
    assert vectors(["ab", "c", "ab"]).tolist() == [[2, 1], [1, 1], [2, 1]]
    assert vectors(["c", "def"]).tolist() == [[1, 1], [3, 1]]
    assert sorted(encode.asked) == [("ab",), ("c",), ("def",)]


def test_no_texts_give_an_array_of_the_same_kind(encode):
    assert SentenceVectors(encode)([]).shape == (0, 2)


def test_those_used_longest_ago_are_forgotten_first(encode):
    vectors = SentenceVectors(encode, limit=2)
    vectors(["a", "b"])
    vectors(["a"])
    vectors(["c"])  # forgets b
    encode.asked.clear()
    vectors(["a", "b"])
    assert encode.asked == [("b",)]


def test_more_texts_at_once_than_are_remembered_are_all_there(encode):
    vectors = SentenceVectors(encode, limit=2)
    assert vectors(["a", "bb", "ccc", "dddd"])[:, 0].tolist() == [1, 2, 3, 4]


def test_a_thread_does_not_wait_while_another_encodes():
    both = threading.Barrier(2, timeout=10)

    def encode(texts):
        both.wait()  # breaks unless two threads are in here at once
        return np.ones((len(texts), 2), np.float32)

    vectors = SentenceVectors(encode)
    with ThreadPoolExecutor(2) as pool:
        rows = list(pool.map(vectors, [["one"], ["two"]]))
    assert [row.shape for row in rows] == [(1, 2), (1, 2)]
