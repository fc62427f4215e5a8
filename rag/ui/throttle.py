"""Slow down guessing: after some failures, each further one costs twice the wait of the last.

Whoever guesses waits; others don't. What comes from many places at once makes places that never
logged in wait for each other, so that nobody who did is locked out by them.
"""

from __future__ import annotations

import math
import threading
import time
from collections import OrderedDict, deque
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Throttle"]

_FREE = 5  # failures without a wait
_LONGEST = 15 * 60  # seconds
_FORGOTTEN = 60 * 60  # seconds after which a failure counts no more
_REMEMBERED = 10_000  # places
_MANY, _WITHIN = 50, 10 * 60  # failures from all places, and in how many seconds
_APART = 10  # seconds between two guesses of strangers, once there were many


class Throttle:
    """Counts failed logins by where they come from. Threads may share it.

    Args:
        clock: Returns seconds that only grow.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failures: OrderedDict[str, tuple[int, float]] = OrderedDict()
        self._known: OrderedDict[str, None] = OrderedDict()
        self._recent: deque[float] = deque(maxlen=_MANY)
        self._lock = threading.Lock()

    def wait(self, place: str) -> int:
        """Return how many seconds a place has to wait before its next guess; 0 for none."""
        with self._lock:
            now = self._clock()
            count, last = self._failures.get(place, (0, -math.inf))
            until = last + min(_LONGEST, 2 ** (count - _FREE)) if count >= _FREE else now
            if place not in self._known and self._are_many(now):
                until = max(until, self._recent[-1] + _APART)
            return max(0, math.ceil(until - now))

    def failed(self, place: str) -> None:
        """Count a failure."""
        with self._lock:
            now = self._clock()
            count, last = self._failures.pop(place, (0, now))
            self._failures[place] = (1 if now - last > _FORGOTTEN else count + 1, now)
            if place not in self._known:
                self._recent.append(now)
            _forget(self._failures)

    def succeeded(self, place: str) -> None:
        """Forget the failures of a place that has logged in."""
        with self._lock:
            self._failures.pop(place, None)
            if self._recent and place not in self._known:
                self._recent.pop()  # the very login that was counted before it was known
            self._known[place] = None
            self._known.move_to_end(place)
            _forget(self._known)

    def _are_many(self, now: float) -> bool:
        return len(self._recent) == _MANY and now - self._recent[0] < _WITHIN


def _forget(places: OrderedDict[str, Any]) -> None:
    while len(places) > _REMEMBERED:
        places.popitem(last=False)
