"""Sentences are encoded each by itself, and several at a time."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from rag.verification.sentence_vectors import encode_apart


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
    assert encode_apart(encode, ["ab", "c", "ab"]).tolist() == [[2, 1], [1, 1], [2, 1]]
    assert sorted(encode.asked) == [("ab",), ("c",)]


def test_no_texts_give_an_array_of_the_same_kind(encode):
    assert encode_apart(encode, []).shape == (0, 2)


def test_many_texts_keep_their_order(encode):
    texts = ["x" * length for length in range(1, 60)]
    assert encode_apart(encode, texts)[:, 0].tolist() == list(range(1, 60))


def test_a_thread_does_not_wait_while_another_encodes():
    both = threading.Barrier(2, timeout=10)

    def encode(texts):
        both.wait()  # breaks unless two threads are in here at once
        return np.ones((len(texts), 2), np.float32)

    with ThreadPoolExecutor(2) as pool:
        rows = list(pool.map(lambda texts: encode_apart(encode, texts), [["one"], ["two"]]))
    assert [row.shape for row in rows] == [(1, 2), (1, 2)]
