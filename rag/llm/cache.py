"""What a model wrote, kept on disk, so that the same request isn't paid for twice."""

from __future__ import annotations

import json
import os
import tempfile
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

__all__ = ["AnswerCache", "CachedText"]


@dataclass(frozen=True, slots=True)
class CachedText:
    """The whole text of one request, and why the model ended it."""

    text: str
    finish: str


class AnswerCache:
    """A folder with one small file a request. It may be deleted at any time.

    Args:
        folder: Made when something is first kept.
        limit: How many bytes it may take; beyond them, those used longest ago are deleted.
    """

    def __init__(self, folder: Path, *, limit: int) -> None:
        self._folder = folder
        self._limit = limit

    def get(self, key: str) -> CachedText | None:
        """Return what was kept under a key; a file that can't be read counts as none."""
        try:
            values = json.loads(self._path(key).read_text(encoding="utf-8"))
            found = CachedText(text=str(values["text"]), finish=str(values["finish"]))
        except (OSError, ValueError, TypeError, KeyError):
            return None
        with suppress(OSError):
            os.utime(self._path(key))  # the time of a file is that of its last use
        return found

    def put(self, key: str, value: CachedText) -> None:
        """Keep a text. A disk that is full or read-only is no reason to fail."""
        with suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True)
            # Two programs may keep the same answer at once: each writes a file of its own first.
            handle, name = tempfile.mkstemp(dir=self._folder, suffix=".tmp")
            try:
                with os.fdopen(handle, "w", encoding="utf-8") as file:
                    json.dump(asdict(value), file, ensure_ascii=False)
                Path(name).replace(self._path(key))
            except OSError:
                Path(name).unlink(missing_ok=True)
            self._sweep()

    def _sweep(self) -> None:
        """Delete what was used longest ago until the rest fits."""
        states = [(path.stat(), path) for path in self._folder.iterdir()]
        taken = sum(state.st_size for state, _ in states)
        for state, path in sorted(states, key=lambda one: one[0].st_mtime_ns):
            if taken <= self._limit:
                break
            path.unlink(missing_ok=True)
            taken -= state.st_size

    def _path(self, key: str) -> Path:
        return self._folder / f"{key}.json"
