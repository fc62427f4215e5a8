"""A library on storage that can't be written: it is asked from a copy.

Chroma, SQLite and tantivy all write when they only read: locks, journals, the state of a log. So
that a library on a read-only medium, or of another user, can be asked all the same, it is copied to
a temporary folder for as long as it is open.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from rag.errors import StorageError

__all__ = ["StorageCopy", "copy_storage", "may_be_written"]

_PARTS = ("chroma", "cache")
_FILES = (".lock", "chroma/chroma.sqlite3", "cache/catalog.sqlite", "cache/tokens.sqlite")


class StorageCopy:
    """A copy of a library.

    Attributes:
        folder: Where it is, until it is closed.
    """

    def __init__(self) -> None:
        self._temporary = tempfile.TemporaryDirectory(prefix="rag-", ignore_cleanup_errors=True)
        self.folder = Path(self._temporary.name)

    def close(self) -> None:
        """Delete the copy."""
        self._temporary.cleanup()


def may_be_written(folder: Path) -> bool:
    """Tell whether the library in a folder can be written; one that doesn't exist yet can be."""
    paths = [folder / name for name in ("", *_PARTS, *_FILES)]
    return all(os.access(path, os.W_OK) for path in paths if path.exists())


def copy_storage(folder: Path) -> StorageCopy:
    """Copy a library to a temporary folder.

    Raises:
        StorageError: it can't be read, or there is no room.
    """
    copy = StorageCopy()
    try:
        for part in _PARTS:
            if (folder / part).exists():
                # Not the permissions, which would make the copy as read-only as the original.
                shutil.copytree(
                    folder / part,
                    copy.folder / part,
                    copy_function=shutil.copyfile,
                    ignore=shutil.ignore_patterns(".lock"),
                )
                for path in [copy.folder / part, *(copy.folder / part).rglob("*")]:
                    path.chmod(0o700 if path.is_dir() else 0o600)
    except (OSError, shutil.Error) as error:
        copy.close()
        raise StorageError(
            f"The library in {folder} can't be written, and it can't be copied either ({error}).",
            hint="Free some space for temporary files, or mend the permissions of the folder.",
        ) from error
    return copy
