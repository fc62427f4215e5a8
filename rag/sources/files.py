"""Find what was asked for, files and papers of the web, and have it read."""

from __future__ import annotations

import glob
import os
from pathlib import Path
from typing import TYPE_CHECKING

from rag.errors import LibraryError
from rag.papers import find_identifier
from rag.registry import choose
from rag.sources.base import Item, Rejection, all_readers
from rag.sources.document import Document
from rag.sources.reading import read_document
from rag.sources.table import TABLE_FIELDS
from rag.text.decoding import one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from rag.sources.base import Reader
    from rag.sources.web.reading import Web

__all__ = ["document_name", "file_suffixes", "read_sources"]

_MISSING = "no such file or folder"
_PACKED_SUFFIXES = (".gz", ".bz2", ".zip", ".tar", ".tgz")


def file_suffixes() -> list[str]:
    """Return the endings that the names of readable files usually have."""
    return [
        *dict.fromkeys(one for reader in all_readers() for one in reader.suffixes),
        *_PACKED_SUFFIXES,
    ]


def read_sources(
    sources: Iterable[str | Path],
    *,
    format: str | None = None,  # noqa: A002 - as the command line calls it
    columns: Mapping[str, str] | None = None,
    web: Web | None = None,
    found: Callable[[str], object] = lambda _: None,
) -> Iterator[Item]:
    """Return the papers of files, folders, globs and services, and what could not be read.

    Args:
        sources: Paths; a folder stands for every file below it, in order of name.
        format: The name of a reader where a person knows better; None guesses from the content.
        columns: Which columns of tables hold what, where a person knows better: the name of the
            column for each field, as in `{"title": "Titel"}`.
        web: Reads what is asked of services, such as `arxiv:1706.03762`. Without it such sources
            are rejected, and nothing is asked of any network.
        found: Told the name of each file, as the papers that it gives list it.

    Returns:
        Papers in the order of their sources, read as they are asked for. One bad file or line
        never ends the reading.

    Raises:
        LibraryError: there is no such format or field.
    """
    reader = None if format is None else choose(format, all_readers())
    for field in columns or ():
        if field not in TABLE_FIELDS:
            raise LibraryError(
                f"There is no field {field!r}.", hint=f"Fields are: {', '.join(TABLE_FIELDS)}."
            )
    return (
        item
        for source in sources
        for one in _expand(source, web)
        for item in (_read_file(one, reader, columns, found) if isinstance(one, Path) else one)
    )


def document_name(path: Path) -> str:
    """Return what the papers of a file list as their source.

    The folder's name keeps apart files of one name without telling where a home folder is.
    """
    resolved = path.resolve()
    return one_line(f"{resolved.parent.name}/{resolved.name}".lstrip("/"))


def _expand(source: str | Path, web: Web | None) -> Iterator[Path | Iterable[Item]]:
    text = str(source)
    path = Path(source).expanduser()
    try:
        if not text.strip():  # an empty variable of the shell, which a path takes for "here"
            yield [Rejection(text, "", "the name is empty")]
        elif path.is_dir():
            yield from _walk(path, text)
        elif path.exists():
            yield path
        elif found := sorted(glob.glob(str(path), recursive=True)):  # noqa: PTH207 - takes absolute patterns
            yield from (part for part in map(Path, found) if part.is_file())
        elif isinstance(source, str):
            yield _ask(source, web)
        else:
            yield [Rejection(text, "", _MISSING)]
    except (OSError, ValueError) as error:
        yield [Rejection(one_line(text), "", _explain(error))]


def _ask(source: str, web: Web | None) -> Iterable[Item]:
    """Return the papers that a service has; or say why what is no file is no source either."""
    from rag.sources.web.service import BadQueryError, parse_query

    try:
        query = parse_query(source)
    except BadQueryError as error:
        return [Rejection(one_line(source), "", str(error))]
    if query is None:
        known = find_identifier(source)
        kind = (known or "").partition(":")[0]
        named = f"; to fetch the paper: {known}" if kind in {"arxiv", "doi"} else ""
        return [Rejection(one_line(source), "", _MISSING + named)]
    if web is None:
        return [Rejection(source, "", "nothing is fetched from the web here")]
    return web.read(query, source)


def _walk(folder: Path, source: str) -> Iterator[Path | list[Rejection]]:
    problems: list[OSError] = []
    empty = True
    for parent, folders, names in os.walk(folder, onerror=problems.append):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            if not name.startswith("."):
                empty = False
                yield Path(parent, name)
    for problem in problems:
        yield [Rejection(str(problem.filename), "", _explain(problem))]
    if empty and not problems:
        yield [Rejection(source, "", "the folder holds no files")]


def _explain(error: Exception) -> str:
    if isinstance(error, PermissionError):
        return "not readable: permission denied"
    reason = getattr(error, "strerror", None) or str(error)
    return f"can't be read ({one_line(reason)})"


def _read_file(
    path: Path,
    reader: Reader | None,
    columns: Mapping[str, str] | None,
    found: Callable[[str], object],
) -> Iterator[Item]:
    name, source = document_name(path), str(path)
    found(name)
    if path.exists() and not path.is_file():
        # Opening a pipe waits for whoever writes to it; a device may never end.
        yield Rejection(source, "", "not a file but a pipe, socket or device")
        return
    try:
        with path.open("rb") as stream:
            document = Document(
                stream, source=source, name=name, suffix=path.suffix, columns=columns
            )
            yield from read_document(document, reader)
    except OSError as error:
        yield Rejection(source, "", _explain(error))
