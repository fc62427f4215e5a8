"""Sentences are encoded once each, and stand for themselves where they have no word."""

from __future__ import annotations

import numpy as np
import pytest

from rag.models.encoder import EncodedText
from rag.models.token_vectors import encode_apart, unit


class Counting:
    """An encoder that notes what it is asked for; its vectors say how long a text is."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, ...]] = []

    def __call__(self, texts):
        self.asked.append(tuple(texts))
        for place, text in reversed(list(enumerate(texts))):
            tokens = sum(letter.isalnum() for letter in text)
            vector = np.array([len(text), 1.0], np.float32)
            rows = np.ones((tokens, 2), np.float32)
            yield place, EncodedText(vector, np.arange(tokens, dtype=np.int32), rows)


@pytest.fixture
def encode():
    return Counting()


def lengths(found):
    return [one.vector[0] for one in found]


def test_each_text_is_encoded_once_and_keeps_its_place(encode):
    assert lengths(encode_apart(encode, ["ab", "c", "ab"])) == [2, 1, 2]
    assert encode.asked == [("ab", "c")]


def test_no_texts_give_nothing(encode):
    assert encode_apart(encode, []) == []


def test_a_text_without_a_word_is_its_own_token(encode):
    (found,) = encode_apart(encode, ["..."])
    assert found.starts.tolist() == [0]
    assert found.rows.tolist() == [found.vector.tolist()]


def test_vectors_are_scaled_and_zeros_stay():
    assert unit(np.array([[3, 4], [0, 0]], np.float32)).tolist() == [
        pytest.approx([0.6, 0.8]),
        [0, 0],
    ]
