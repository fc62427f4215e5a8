"""Sentences are encoded each by itself, and several at a time."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from rag.models.encoder import EncodedText
from rag.models.sentence_vectors import encode_apart, unit


def encoded(text):
    """Encode a text so that its vector says how long it is."""
    return EncodedText(
        np.array([len(text), 1.0], np.float32), np.zeros(1, np.int32), np.ones((1, 2), np.float32)
    )


class Counting:
    """An encoder that notes what it is asked for."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, ...]] = []

    def __call__(self, texts):
        self.asked.append(tuple(texts))
        return ((place, encoded(text)) for place, text in enumerate(texts))


@pytest.fixture
def encode():
    return Counting()


def lengths(found):
    return [one.vector[0] for one in found]


def test_each_text_is_encoded_once_and_on_its_own(encode):
    assert lengths(encode_apart(encode, ["ab", "c", "ab"])) == [2, 1, 2]
    assert sorted(encode.asked) == [("ab",), ("c",)]


def test_no_texts_are_no_work(encode):
    assert encode_apart(encode, []) == []
    assert encode.asked == []


def test_many_texts_keep_their_order(encode):
    texts = ["x" * length for length in range(1, 60)]
    assert lengths(encode_apart(encode, texts)) == list(range(1, 60))


def test_a_thread_does_not_wait_while_another_encodes():
    both = threading.Barrier(2, timeout=10)

    def encode(texts):
        both.wait()  # breaks unless two threads are in here at once
        return ((place, encoded(text)) for place, text in enumerate(texts))

    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda texts: encode_apart(encode, texts), [["one"], ["four"]]))
    assert [lengths(one) for one in found] == [[3], [4]]


def test_vectors_are_scaled_and_zeros_stay():
    assert unit(np.array([[3, 4], [0, 0]], np.float32)).tolist() == [
        pytest.approx([0.6, 0.8]),
        [0, 0],
    ]
