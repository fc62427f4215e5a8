"""Tell damage in a cache in one line, wherever in it a question comes upon it.

A file that was damaged in the middle opens as if it were whole; what reads it fails later, each
library with errors of its own: SQLite's, tantivy's `ValueError`, or a panic of its Rust code.
"""

from __future__ import annotations

import errno
import functools
import inspect
import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from rag.errors import StorageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["DamagedCacheError", "full_disk", "is_full_disk", "is_panic", "tells_damage"]

T = TypeVar("T")

_PANIC = "PanicException"  # which pyo3 derives from BaseException, and exports nowhere
_LOCKED = ("locked", "readonly", "busy")
_TANTIVY = ("corrupt", "IO error", "Data ", "Failed to open")


class DamagedCacheError(StorageError):
    """A cache is damaged: what it holds can be made again from Chroma.

    Args:
        what: What the cache is called.
        error: What reading it raised.
    """

    def __init__(self, what: str, error: BaseException) -> None:
        super().__init__(
            f"The {what} of the library is damaged ({_short(error)}).",
            hint="It is made again from Chroma, without embedding, by: rag doctor --repair",
        )


def tells_damage(what: str) -> Callable[[type[T]], type[T]]:
    """Have the methods of a class that reads a cache raise `DamagedCacheError`.

    Args:
        what: What the cache is called in the error.
    """

    def decorate(chosen: type[T]) -> type[T]:
        for name, one in list(vars(chosen).items()):
            if inspect.isgeneratorfunction(one):
                setattr(chosen, name, _told_on_the_way(one, what))
            elif inspect.isfunction(one) and name not in {"__init__", "close"}:
                setattr(chosen, name, _told(one, what))
        return chosen

    return decorate


def _told(run: Callable[..., Any], what: str) -> Callable[..., Any]:
    @functools.wraps(run)
    def told(*args: Any, **values: Any) -> Any:  # noqa: ANN401 - whatever the method takes
        with _translated(what):
            return run(*args, **values)

    return told


def _told_on_the_way(run: Callable[..., Any], what: str) -> Callable[..., Any]:
    @functools.wraps(run)
    def told(*args: Any, **values: Any) -> Iterator[Any]:  # noqa: ANN401
        with _translated(what):
            yield from run(*args, **values)

    return told


@contextmanager
def _translated(what: str) -> Iterator[None]:
    try:
        yield
    except BaseException as error:
        told = _as_told(error, what)
        if told is None:
            raise
        raise told from error


def _as_told(error: BaseException, what: str) -> StorageError | None:
    """Return what to say of an error; None for one that is none of a damaged or full disk."""
    text = str(error)
    if isinstance(error, sqlite3.DatabaseError):
        if "disk is full" in text:
            return full_disk()
        others = isinstance(error, sqlite3.IntegrityError) or any(sign in text for sign in _LOCKED)
        return None if others else DamagedCacheError(what, error)
    if isinstance(error, OSError):
        return full_disk() if error.errno == errno.ENOSPC else None
    if isinstance(error, ValueError):  # tantivy's errors are of no type of their own
        if "No space left" in text:
            return full_disk()
        return DamagedCacheError(what, error) if any(sign in text for sign in _TANTIVY) else None
    return DamagedCacheError(what, error) if is_panic(error) else None


def is_panic(error: BaseException) -> bool:
    """Tell whether an error is a panic of code in Rust, which no `except Exception` catches."""
    return type(error).__name__ == _PANIC


def is_full_disk(error: BaseException | None) -> bool:
    """Tell whether an error of SQLite's, Chroma's or the system's is that the disk is full."""
    return "disk is full" in str(error) or "No space left" in str(error)


def full_disk() -> StorageError:
    """Return what to say of a full disk."""
    return StorageError(
        "There is no space left on the disk of the library.",
        hint="Make room and run the same command again: what was stored stays.",
    )


def _short(error: BaseException) -> str:
    return " ".join(str(error).split())[:120]
