"""Answers of services on disk: to ask only for what has changed, and to go on after a break.

The folder may be deleted at any time. A disk that is full or read-only, or a damaged file, is no
reason to fail: then nothing is kept.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import sqlite3
import time
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    T = TypeVar("T")

__all__ = ["Kept", "WebCache"]

_PATIENCE = 5.0  # seconds to wait for another program that is writing
_EVICTED = 8  # answers a write at the most
_RUN = 86_400.0  # seconds: what was begun longer ago begins anew, for its pages have moved on
_FILE = 2**15  # bytes: longer answers lie in files of their own


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer that is kept.

    Attributes:
        body: Its content.
        media_type: What it was called.
        etag: What the service calls this version; may be empty.
        modified: When the service says it was changed last, in its words; may be empty.
        at: When it came, in seconds since 1970.
    """

    body: bytes
    media_type: str
    etag: str
    modified: str
    at: float


class WebCache:
    """Keeps answers by request, and when queries that are not done yet were begun.

    Args:
        folder: Made when the cache is first used.
        limit: How many bytes it may take; beyond them, what was used least recently is deleted.
    """

    def __init__(self, folder: Path, *, limit: int) -> None:
        self._folder = folder
        self._limit = limit
        self._opened: Any = None

    def close(self) -> None:
        """Close the files; they are opened again when the cache is used again."""
        if self._opened is not None:
            self._opened.close()
            self._opened = None

    def get(self, key: str) -> Kept | None:
        """Return the answer that is kept under a key, if there is one."""
        found = self._with(lambda opened: opened.get(key))
        if not isinstance(found, bytes):
            return None
        head, _, body = found.partition(b"\n")
        try:
            stated = json.loads(head)
            media_type, etag, modified, at = stated
            return Kept(body, str(media_type), str(etag), str(modified), float(at))
        except (ValueError, TypeError, LookupError):
            return None

    def put(self, key: str, kept: Kept) -> None:
        """Keep an answer."""
        head = json.dumps([kept.media_type, kept.etag, kept.modified, kept.at])
        value = head.encode() + b"\n" + kept.body
        self._with(lambda opened: opened.set(key, value))

    def begin(self, query: str) -> float:
        """Note that a query is begun; return when it was, which may be before a break."""
        key, now = _run_key(query), time.time()
        begun = self._with(lambda opened: opened.get(key))
        if isinstance(begun, float) and now - _RUN < begun <= now:
            return begun
        self._with(lambda opened: opened.set(key, now))
        return now

    def finish(self, query: str) -> None:
        """Note that a query is done."""
        self._with(lambda opened: opened.delete(_run_key(query)))

    def _with(self, use: Callable[[Any], T]) -> T | None:
        import diskcache

        try:
            if self._opened is None:
                self._opened = diskcache.Cache(
                    str(self._folder),
                    timeout=_PATIENCE,
                    disk=_plain_disk(),
                    disk_min_file_size=_FILE,
                    size_limit=self._limit,
                    cull_limit=_EVICTED,
                    eviction_policy="least-recently-used",
                    sqlite_synchronous=0,
                )
            return use(self._opened)
        except (OSError, sqlite3.OperationalError, diskcache.Timeout):
            return None
        except sqlite3.DatabaseError:  # damaged: begin anew
            with suppress(OSError, sqlite3.Error):
                self.close()
                shutil.rmtree(self._folder)
            return None


def _run_key(query: str) -> str:
    """Return what the beginning of a query is kept under: short, however long the query is."""
    return f"run {hashlib.sha256(query.encode()).hexdigest()}"


@cache
def _plain_disk() -> type:
    """Return how diskcache is to store what it gets: as bytes and numbers, never as pickles."""
    from diskcache.core import MODE_PICKLE, Disk

    class SafeDisk(Disk):  # type: ignore[misc] # diskcache has no types
        def fetch(self, mode: int, filename: str | None, value: object, read: bool) -> object:
            if mode == MODE_PICKLE:  # which we never write: somebody put it there
                raise OSError("a pickle is no answer")  # which diskcache takes for a miss
            return super().fetch(mode, filename, value, read)

    return SafeDisk
