"""Keep other processes from changing a library whose files are looked at from outside."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from rag.errors import StorageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["LOCK", "held"]

LOCK = ".lock"  # the file that whoever changes a library holds
_WAITS = 30.0  # seconds for another process to finish


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Hold a library for as long as the context lasts; a change that is under way is waited for.

    An index that is opened meanwhile can't finish what was cut off: open it before, or after.

    Args:
        folder: That of the library.

    Raises:
        StorageError: another process is changing it, or it can't be written.
    """
    lock = FileLock(folder / LOCK)
    try:
        lock.acquire(timeout=_WAITS)
    except Timeout as error:
        raise StorageError(
            "Another process is changing the library.", hint="Try again when it has finished."
        ) from error
    except OSError as error:
        raise StorageError(
            f"The folder {folder} can't be written: {error.strerror or error}.",
            hint="Mend its permissions, or copy it to where it can be.",
        ) from error
    try:
        yield
    finally:
        lock.release()
