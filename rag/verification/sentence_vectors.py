"""Vectors of sentences, made once and shared by all who compare by meaning."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

__all__ = ["SentenceVectors"]

_MOST_WORKERS = 8


@cache
def _workers() -> ThreadPoolExecutor:
    """The threads that all libraries of a process share."""
    return ThreadPoolExecutor(min(_MOST_WORKERS, os.cpu_count() or 1), "sentences")


class SentenceVectors:
    """Encodes sentences and remembers their vectors, those used last. Threads may share it.

    Sentences are encoded one by one, as many at a time as there are cores. For texts of their
    length that takes about as long as doing it in batches, and the vector of an int8 encoder
    depends on the texts in its batch: this way, what is remembered never changes a result.

    Args:
        encode: Turns texts into unit vectors, shape (texts, dimension).
        limit: How many sentences are remembered; 20,000 take about 40 MB.
    """

    def __init__(
        self, encode: Callable[[Sequence[str]], NDArray[np.float32]], *, limit: int = 20_000
    ) -> None:
        self._encode = encode
        self._limit = limit
        self._known: OrderedDict[str, NDArray[np.float32]] = OrderedDict()
        self._lock = threading.Lock()

    def __call__(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return the unit vectors of texts, shape (texts, dimension)."""
        if not texts:
            return self._encode([])
        unique = list(dict.fromkeys(texts))
        run = _workers().map if len(unique) > 1 else map
        rows = dict(zip(unique, run(self._one, unique), strict=True))
        return np.stack([rows[text] for text in texts])

    def _one(self, text: str) -> NDArray[np.float32]:
        with self._lock:
            if (known := self._known.get(text)) is not None:
                self._known.move_to_end(text)
                return known
        # Without the lock: two threads may encode one sentence, and none waits for another's.
        row: NDArray[np.float32] = self._encode([text])[0]
        with self._lock:
            self._known[text] = row
            while len(self._known) > self._limit:
                self._known.popitem(last=False)
        return row
