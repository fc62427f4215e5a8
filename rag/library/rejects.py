"""What gave no paper, kept beside the library until its source is read again."""

from __future__ import annotations

import glob
import json
import os
import re
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock

from rag.errors import StorageError
from rag.sources import UPLOADS, Rejection

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["Rejects"]

_KEPT = 10_000  # the last ones
_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]+:\S", re.IGNORECASE)


class Rejects:
    """The list of what was rejected, a file of JSON lines in the library's folder.

    It is a report of what was read, not of what the library holds: nothing depends on it.

    Args:
        storage: The library's folder.
    """

    def __init__(self, storage: Path) -> None:
        self._file = storage / "rejects.jsonl"
        self._lock = storage / "cache" / ".rejects.lock"

    def read(self) -> list[Rejection]:
        """Return what was rejected and has not been read anew, in the order of reading.

        Raises:
            StorageError: the list can't be read.
        """
        try:
            lines = self._file.read_text("utf-8").splitlines()
        except FileNotFoundError:
            return []
        except (OSError, ValueError) as error:
            raise self._unusable(error) from error
        found = []
        for line in lines:
            with suppress(ValueError, TypeError):  # cut off, or edited by hand
                values = json.loads(line)
                found.append(
                    Rejection(*(str(values[key]) for key in ("source", "place", "reason")))
                )
        return found

    def update(self, sources: Iterable[str | Path], rejected: Sequence[Rejection]) -> None:
        """Replace what was rejected of some sources by what was rejected of them now.

        Args:
            sources: What was read: files, folders, globs, addresses.
            rejected: What gave no paper.

        Raises:
            StorageError: the list can't be written.
        """
        read_again = {name for source in sources for name in _names(str(source))}
        fresh = [Rejection(_name(one.source), one.place, one.reason) for one in rejected]
        read_again |= {one.source for one in fresh}
        try:
            self._lock.parent.mkdir(parents=True, exist_ok=True)
            with FileLock(self._lock):
                known = self.read()
                kept = [one for one in known if not _is_within(one.source, read_again)]
                if (all_of_them := [*kept, *fresh][-_KEPT:]) != known:
                    self._write(all_of_them)
        except OSError as error:
            raise self._unusable(error) from error

    def _write(self, rejected: Sequence[Rejection]) -> None:
        beside = self._file.with_suffix(".new")
        # In ASCII: the name of a file may be no text.
        beside.write_text("".join(json.dumps(asdict(one)) + "\n" for one in rejected), "utf-8")
        beside.replace(self._file)

    def _unusable(self, error: Exception) -> StorageError:
        return StorageError(
            f"The list of rejected records {self._file} can't be used ({error}).",
            hint="Mend its permissions, or delete it: it is made anew when sources are read.",
        )


def _names(source: str) -> set[str]:
    """Return what a source that was named stands for."""
    if _ADDRESS.match(source) and not Path(source).exists():
        return {source}
    with suppress(OSError, ValueError):
        if not Path(source).expanduser().exists():
            return {_name(source), *map(_name, glob.glob(source, recursive=True))}  # noqa: PTH207
    return {_name(source)}


def _name(source: str) -> str:
    """Return the name under which a source is found again from another folder.

    What was handed in through the page lay in a folder that is gone: it keeps the name that it had.
    """
    path = Path(source).expanduser()
    for place, part in enumerate(path.parts):
        if part.startswith(UPLOADS):
            return "/".join(path.parts[place + 1 :])
    if not source.strip() or (_ADDRESS.match(source) and not path.exists()):
        return source
    return os.path.abspath(path)  # noqa: PTH100 - links keep the name that a person knows


def _is_within(source: str, folders: set[str]) -> bool:
    """Tell whether a source is one of some, or a file below one."""
    return source in folders or any(str(one) in folders for one in Path(source).parents)
