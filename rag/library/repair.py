"""Mend what a library's own files need: caches that are damaged, papers that Chroma has lost."""

from __future__ import annotations

import shutil
from itertools import islice
from typing import TYPE_CHECKING

from rag.errors import LibraryNotFoundError, StorageError
from rag.library.hold import held

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from rag.index.paper_index import PaperIndex
    from rag.settings import Settings

__all__ = ["check_caches", "repair"]

_CATALOGUE = "catalog.sqlite"
_LOOKED_UP = 300  # papers whose titles are looked up in the keyword index


def check_caches(index: PaperIndex) -> None:
    """Look through the caches of a library.

    Raises:
        StorageError: one is damaged.
    """
    index.catalog.check()
    index.tokens.check()
    index.keyword.check()
    for entry in islice(index.catalog.entries(), _LOOKED_UP):
        index.keyword.search(entry.paper.title, 1)


def repair(settings: Settings) -> list[str]:
    """Mend a library, and say what was done, one line each; nothing where nothing had to be.

    A cache is thrown away only where Chroma holds the papers that it is made from, the catalogue
    is kept beside, and Chroma is written only from a catalogue that lists more.

    Raises:
        LibraryNotFoundError: there is no library.
        StorageError: it can't be mended, or another process is changing it.
    """
    if not settings.storage.exists():
        raise LibraryNotFoundError(
            f"There is no library at {settings.storage}.", hint="Add papers with: rag add SOURCE"
        )
    with held(settings.storage):
        done = list(_without_damaged_caches(settings))
    # Words of a damaged part that only a search comes upon.
    if damaged := _keyword_fails(settings):
        with held(settings.storage):
            _drop(settings.storage / "cache" / "keyword")
        done.append(f"The keyword index was damaged ({damaged}): it is made again.")
    done += _with_lost_papers(settings)
    return done


def _without_damaged_caches(settings: Settings) -> Iterator[str]:
    from rag.index.catalog import Catalog
    from rag.index.keyword import KeywordIndex
    from rag.index.token_store import TokenStore

    folder = settings.storage / "cache"
    parts: tuple[tuple[str, str, Callable[[Path], None]], ...] = (
        ("catalogue", _CATALOGUE, lambda path: _look(Catalog(path))),
        ("store of token vectors", "tokens.sqlite", lambda path: _look(TokenStore(path))),
        ("keyword index", "keyword", lambda path: KeywordIndex(path).check()),
    )
    for name, file, check in parts:
        path = folder / file
        if not path.exists():
            continue
        try:
            check(path)
        except StorageError as error:
            if not (there := _chunks(settings)):
                raise StorageError(
                    f"The {name} is damaged, and Chroma holds nothing from which to make it again.",
                    hint="Put a copy of the library back with: rag restore FILE",
                ) from error
            said = f"The {name} was damaged: it is made again from the {there:,} chunks in Chroma."
            if file == _CATALOGUE:
                # It may be the last copy of papers that Chroma has lost.
                _drop(aside := path.with_name(f"{file}.damaged"))
                path.rename(aside)
                said += f" What it held is in {aside}."
            _drop(path)
            yield said


def _look(opened: object) -> None:
    try:
        opened.check()  # type: ignore[attr-defined]
    finally:
        opened.close()  # type: ignore[attr-defined]


def _keyword_fails(settings: Settings) -> str:
    from rag.index.damage import DamagedCacheError
    from rag.index.paper_index import PaperIndex

    if not (settings.storage / "cache").exists():
        return ""
    index = PaperIndex(settings)
    try:
        check_caches(index)
    except DamagedCacheError as error:
        return error.message
    finally:
        index.close()
    return ""


def _chunks(settings: Settings) -> int:
    from rag.index.chroma_store import ChromaChunkStore
    from rag.index.connection import Connection, LostError

    connection = Connection(settings.storage / "chroma", settings)
    try:
        return ChromaChunkStore(connection, settings.collection).count()
    except LostError:
        return 0
    finally:
        connection.close()


def _drop(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
        return
    for suffix in ("", "-wal", "-shm", "-journal"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def _with_lost_papers(settings: Settings) -> Iterator[str]:
    from rag.index.paper_index import PaperIndex

    index = PaperIndex(settings)  # which also makes what is missing, and finishes what was cut off
    try:
        if (lost := index.damage()) is None:
            return
        from rag.index.rebuild import rebuild_index
        from rag.models.embedder import open_embedder

        with index.writing(rebuild=True):
            count = rebuild_index(index, open_embedder(settings))
        yield f"{lost.message} {count:,} papers were embedded again."
    finally:
        index.close()
