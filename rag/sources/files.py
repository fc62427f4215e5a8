"""Find the files that were asked for, guess what each holds, and read it."""

from __future__ import annotations

import glob
import gzip
import io
import os
import re
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from rag.sources.base import Item, Rejection
from rag.sources.readers.daily_papers import looks_like_page, read_page
from rag.sources.readers.jsonl import looks_like_jsonl, read_jsonl
from rag.text.decoding import NotTextError, decode, one_line, wide_encoding

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["FORMATS", "read_sources"]

FORMATS = ("daily-papers", "jsonl")

_GZIP = b"\x1f\x8b"
_HEAD = 65_536
_MAX_PAGE = 64 * 2**20  # bytes: a page is read whole, so that its paragraphs can be weighed
_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]+://|(?:arxiv|doi|pmid|acl):", re.IGNORECASE)


def read_sources(sources: Iterable[str | Path], *, format: str | None = None) -> Iterator[Item]:  # noqa: A002
    """Yield the papers of files, folders and globs, and what could not be read.

    Args:
        sources: Paths; a folder stands for every file below it, in order of name.
        format: One of `FORMATS` where a person knows better; None guesses from the content.

    Yields:
        Papers in the order of their sources. One bad file or line never ends the reading.
    """
    for source in sources:
        for path in _expand(source):
            if isinstance(path, Rejection):
                yield path
            else:
                yield from _read_file(path, format)


def _expand(source: str | Path) -> Iterator[Path | Rejection]:
    text = str(source)
    path = Path(source).expanduser()
    try:
        if not text.strip():  # an empty variable of the shell, which a path takes for "here"
            yield Rejection(text, "", "the name is empty")
        elif path.is_dir():
            yield from _walk(path, text)
        elif path.exists():
            yield path
        elif found := sorted(glob.glob(str(path), recursive=True)):  # noqa: PTH207 - takes absolute patterns
            yield from (part for part in map(Path, found) if part.is_file())
        else:
            yield Rejection(text, "", _why_missing(text))
    except (OSError, ValueError) as error:
        yield Rejection(one_line(text), "", _explain(error))


def _why_missing(text: str) -> str:
    if _ADDRESS.match(text):
        return "papers can't be fetched by address or id: save them as a file first"
    return "no such file or folder"


def _walk(folder: Path, source: str) -> Iterator[Path | Rejection]:
    problems: list[OSError] = []
    empty = True
    for parent, folders, names in os.walk(folder, onerror=problems.append):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            if not name.startswith("."):
                empty = False
                yield Path(parent, name)
    for problem in problems:
        yield Rejection(str(problem.filename), "", _explain(problem))
    if empty and not problems:
        yield Rejection(source, "", "the folder holds no files")


def _explain(error: Exception) -> str:
    if isinstance(error, PermissionError):
        return "not readable: permission denied"
    reason = getattr(error, "strerror", None) or str(error)
    return f"can't be read ({one_line(reason)})"


def _read_file(path: Path, format: str | None) -> Iterator[Item]:  # noqa: A002
    # The folder's name keeps apart files of one name without telling where a home folder is.
    resolved = path.resolve()
    name = one_line(f"{resolved.parent.name}/{resolved.name}".lstrip("/"))
    source = str(path)
    if path.exists() and not path.is_file():
        # Opening a pipe waits for whoever writes to it; a device may never end.
        yield Rejection(source, "", "not a file but a pipe, socket or device")
        return
    try:
        with path.open("rb") as raw:
            packed = raw.read(2) == _GZIP
            raw.seek(0)
            if packed:
                with gzip.open(raw) as stream:
                    yield from _read_stream(stream, source, name, format)  # type: ignore[arg-type]
            else:
                yield from _read_stream(raw, source, name, format)
    except (OSError, EOFError, zlib.error) as error:
        yield Rejection(source, "", _explain(error))


def _read_stream(
    stream: BinaryIO,
    source: str,
    name: str,
    format: str | None,  # noqa: A002
) -> Iterator[Item]:
    head = stream.read(_HEAD)
    try:
        start = decode(head)
    except NotTextError as error:
        yield Rejection(source, "", str(error))
        return
    if not start.strip():
        yield Rejection(source, "", "the file is empty")
        return
    chosen = format or ("jsonl" if looks_like_jsonl(start) else None)
    if chosen == "jsonl":
        stream.seek(0)
        yield from read_jsonl(_lines(stream, head), source, name)
        return
    data = head + stream.read(_MAX_PAGE)
    if len(data) > _MAX_PAGE:
        yield Rejection(source, "", f"larger than {_MAX_PAGE >> 20} MB, too large for a saved page")
        return
    text = decode(data)
    if chosen is None and not looks_like_page(text):
        reason = f"neither a saved Daily Papers page nor JSON lines; formats: {', '.join(FORMATS)}"
        yield Rejection(source, "", reason)
        return
    yield from read_page(text, source, name)


def _lines(stream: BinaryIO, head: bytes) -> Iterator[bytes]:
    """Yield the lines of a stream; where characters have two bytes or four, as UTF-8."""
    encoding = wide_encoding(head)
    if encoding is None:
        yield from stream
        return
    text = io.TextIOWrapper(stream, encoding, errors="replace")
    try:
        for line in text:
            yield line.encode()
    finally:
        text.detach()  # the stream is the caller's to close
