"""Encode sentences one by one, on all cores."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from rag.models.encoder import EncodedText, EncodeTokens

__all__ = ["encode_apart", "unit"]

_MOST_WORKERS = 8


@cache
def _workers() -> ThreadPoolExecutor:
    """The threads that all libraries of a process share."""
    return ThreadPoolExecutor(min(_MOST_WORKERS, os.cpu_count() or 1), "sentences")


def encode_apart(
    encode_tokens: EncodeTokens,
    texts: Sequence[str],
) -> list[EncodedText]:
    """Encode each text by itself, as many at a time as there are cores.

    For sentences that takes about as long as doing it in batches, and the vector of an int8
    encoder depends on the texts in its batch: this way, what else is checked, and what is
    remembered, never changes a result.

    Args:
        encode_tokens: Embeds texts and their tokens. Threads call it at once.
        texts: Each that occurs more than once is encoded once.

    Returns:
        What was made of each text; one without a letter stands for its only token itself.
    """

    def encode(text: str) -> EncodedText:
        ((_, encoded),) = encode_tokens([text])
        if len(encoded.starts):
            return encoded
        return encoded._replace(starts=np.zeros(1, np.int32), rows=encoded.vector[np.newaxis])

    unique = list(dict.fromkeys(texts))
    run = _workers().map if len(unique) > 1 else map
    found = dict(zip(unique, run(encode, unique), strict=True))
    return [found[text] for text in texts]


def unit(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """Scale vectors, the last axis, to length 1; zeros stay."""
    length = np.linalg.norm(rows, axis=-1, keepdims=True)
    return np.asarray(rows / np.maximum(length, 1e-9), dtype=np.float32)
