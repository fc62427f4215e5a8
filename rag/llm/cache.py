"""A cache of what a model wrote, kept on disk so that the same request isn't paid for twice."""

from __future__ import annotations

import shutil
import sqlite3
import zlib
from contextlib import closing, suppress
from dataclasses import asdict, dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    T = TypeVar("T")

__all__ = ["AnswerCache", "CachedText"]

_PATIENCE = 5.0  # seconds to wait for another program that is writing
_EVICTED = 2  # replies a write at the most: each adds one, so the cache shrinks to its limit


@dataclass(frozen=True, slots=True)
class CachedText:
    """The whole text of one reply, and why the model stopped."""

    text: str
    finish: str


class AnswerCache:
    """Keeps replies by request, in a diskcache. Its folder may be deleted at any time.

    A disk that is full or read-only is no reason to fail, and neither is a damaged file: the
    cache then knows nothing.

    Args:
        folder: Made when the cache is first used.
        limit: How many bytes it may take; beyond them, what was used least recently is deleted.
    """

    def __init__(self, folder: Path, *, limit: int) -> None:
        self._folder = folder
        self._limit = limit

    def get(self, key: str) -> CachedText | None:
        """Return the reply that is kept under a key, if there is one."""
        found: Any = self._with(lambda opened: opened.get(key))
        try:
            return CachedText(text=str(found["text"]), finish=str(found["finish"]))
        except (TypeError, KeyError):
            return None

    def put(self, key: str, value: CachedText) -> None:
        """Keep a reply."""
        self._with(lambda opened: opened.set(key, asdict(value)))

    def _with(self, use: Callable[[Any], T]) -> T | None:
        """Open the cache for one use, so that no file stays open between two questions."""
        import diskcache

        try:
            opened = diskcache.Cache(
                str(self._folder),
                timeout=_PATIENCE,
                disk=_json_disk(),
                size_limit=self._limit,
                cull_limit=_EVICTED,
                eviction_policy="least-recently-used",
                sqlite_synchronous=0,  # a crash may cost the cache, not every answer time
            )
            with closing(opened):
                return use(opened)
        except (OSError, sqlite3.OperationalError, diskcache.Timeout):
            return None
        except sqlite3.DatabaseError:  # damaged: begin anew
            with suppress(OSError):
                shutil.rmtree(self._folder)
            return None


@cache
def _json_disk() -> type:
    """Return how diskcache is to store replies: as JSON, and never as pickles."""
    from diskcache.core import MODE_PICKLE, JSONDisk

    class SafeDisk(JSONDisk):  # type: ignore[misc] # diskcache has no types
        def fetch(self, mode: int, filename: str | None, value: object, read: bool) -> object:
            # JSONDisk writes no pickles, but would load one that somebody put there.
            if mode == MODE_PICKLE:
                raise OSError("a pickle is no reply")  # which diskcache takes for a miss
            try:
                return super().fetch(mode, filename, value, read)
            except (ValueError, zlib.error) as error:
                raise OSError("a reply is damaged") from error

    return SafeDisk
