"""Encode the sentences of papers one by one, on all cores."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

__all__ = ["encode_apart"]

_MOST_WORKERS = 8


@cache
def _workers() -> ThreadPoolExecutor:
    """The threads that all libraries of a process share."""
    return ThreadPoolExecutor(min(_MOST_WORKERS, os.cpu_count() or 1), "sentences")


def encode_apart(
    encode: Callable[[Sequence[str]], NDArray[np.float32]], texts: Sequence[str]
) -> NDArray[np.float32]:
    """Encode each text by itself, as many at a time as there are cores.

    For sentences that takes about as long as doing it in batches, and the vector of an int8
    encoder depends on the texts in its batch: this way, what is remembered of a paper never
    changes a result.

    Args:
        encode: Turns texts into unit vectors, shape (texts, dimension). Threads call it at once.
        texts: Each that occurs more than once is encoded once.

    Returns:
        Unit vectors of shape (texts, dimension).
    """
    if not texts:
        return encode([])
    unique = list(dict.fromkeys(texts))
    run = _workers().map if len(unique) > 1 else map
    rows = dict(zip(unique, run(lambda text: encode([text])[0], unique), strict=True))
    return np.stack([rows[text] for text in texts])
