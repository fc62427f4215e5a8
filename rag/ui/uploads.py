"""What people hand in: files and pasted text, kept apart from the server's own files."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr

from rag.errors import LibraryError
from rag.papers import find_identifier
from rag.sources import UPLOADS
from rag.text.safety import for_terminal

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = [
    "KEPT",
    "MAX_FILE",
    "MAX_FOLDER",
    "MAX_PASTED",
    "MAX_REQUEST",
    "Page",
    "Room",
    "handed_in",
]

MAX_FILE = 64 * 2**20  # bytes
MAX_REQUEST = 4 * MAX_FILE  # of all files that are sent at once
MAX_FOLDER = 16 * MAX_FILE  # of all that wait to be added
MAX_WAITING = 1_000  # files that wait
KEPT = 60 * 60  # seconds that a file waits
_EMPTY = 60  # seconds that one waits that holds nothing; Gradio leaves one for each that is used
MAX_PASTED = 5_000_000  # characters
_MAX_FILES = 100
_ADDRESS = re.compile(r"https?://\S+", re.IGNORECASE)
_REMOTE = re.compile(r"\s*[a-z][a-z0-9+.-]+:/", re.IGNORECASE)
_UNSAFE = re.compile(r"[^\w .()+,=@-]+")


class Page(gr.Blocks):
    """A page whose programs take no files but those that were uploaded.

    Gradio fetches an address that a request names in the place of a file, whatever the input is
    that it is given for.
    """

    async def preprocess_data(
        self,
        block_fn: Any,  # noqa: ANN401 - as Gradio declares them
        inputs: list[Any],
        state: Any,  # noqa: ANN401
        explicit_call: bool = False,
    ) -> Any:  # noqa: ANN401
        """Refuse addresses, and hand on what else a request brings."""
        # What an upload's `url` says is never asked for.
        if any(_REMOTE.match(str(file.get("path") or "")) for file in _files_in(inputs)):
            raise gr.Error("Only files can be uploaded.", print_exception=False)
        return await super().preprocess_data(block_fn, inputs, state, explicit_call)


def _files_in(data: Any) -> Iterator[dict[Any, Any]]:  # noqa: ANN401
    """Yield all that may be a description of a file, however deep it lies."""
    ahead = [data]
    while ahead:
        one = ahead.pop()
        if isinstance(one, dict):
            yield one
            ahead.extend(one.values())
        elif isinstance(one, list | tuple):
            ahead.extend(one)


class Room:
    """What uploads take of the disk, those included that are still arriving."""

    def __init__(self) -> None:
        self._arriving = 0

    def refusal(self, size: int, folder: str | Path) -> tuple[int, str] | None:
        """Return a status and a reason where an upload is too much.

        Args:
            size: Its bytes.
            folder: Where uploads are put. What waited there for too long is deleted: Gradio
                forgets files whose upload was cut off.
        """
        if size > MAX_REQUEST:
            return 413, f"{MAX_REQUEST >> 20} MB at once is the most."
        count, held = _swept(Path(folder))
        if count >= MAX_WAITING or held + self._arriving + size > MAX_FOLDER:
            return 507, "There is no room for more files; try again in an hour."
        return None

    @contextmanager
    def taken(self, size: int) -> Iterator[None]:
        """Count an upload while it arrives."""
        self._arriving += size
        try:
            yield
        finally:
            self._arriving -= size


def _swept(folder: Path) -> tuple[int, int]:
    """Delete what waits for too long; return how many files are left, and their bytes."""
    count, held = 0, 0
    now = time.time()
    for parent, _, names in os.walk(folder):
        for name in names:
            path = Path(parent, name)
            with contextlib.suppress(OSError):  # what goes away meanwhile
                found = path.stat()
                if now - found.st_mtime > (KEPT if found.st_size else _EMPTY):
                    _delete(path)
                    continue
                count, held = count + 1, held + found.st_size
        if count >= MAX_WAITING:
            break
    return count, held


def _delete(path: Path) -> None:
    """Delete a file, and the folder that Gradio made for it alone."""
    with contextlib.suppress(OSError):
        path.unlink()
        path.parent.rmdir()


@contextmanager
def handed_in(files: Sequence[str | Path], pasted: str) -> Iterator[list[str | Path]]:
    """Give what was handed in the names under which a library can read it.

    Files are read from a folder that holds nothing else. Pasted text that is an address or an id
    is handed on as it is, anything else as a file; it is never taken for the name of a file of
    the server's.

    Args:
        files: Where the uploads were put, under the names that they had.
        pasted: Text; blank for none.

    Raises:
        LibraryError: nothing was handed in, or too much.
    """
    text = pasted.strip()
    if not files and not text:
        raise LibraryError("There is nothing to add.", hint="Choose files, or paste text.")
    if len(files) > _MAX_FILES:
        raise LibraryError(f"{len(files)} files at once are too many; {_MAX_FILES} is the most.")
    if len(text) > MAX_PASTED:
        raise LibraryError(
            f"The text has {len(text):,} characters; {MAX_PASTED:,} is the most.",
            hint="Upload it as a file.",
        )
    with tempfile.TemporaryDirectory(prefix=UPLOADS) as parent:
        folder = Path(parent, "upload")
        folder.mkdir()
        sources: list[str | Path] = []
        for number, file in enumerate(files):
            path = Path(file)
            target = folder / _clean_name(path.name)
            if target.exists():
                target = folder / f"{number}-{target.name}"
            shutil.copyfile(path, target)
            sources.append(target)
        if text and (find_identifier(text) or _ADDRESS.fullmatch(text)):
            sources.append(text)
        elif text:
            target = folder / "pasted text"
            target.write_text(text, "utf-8")
            sources.append(target)
        yield sources
    # Nobody needs them any more where they were uploaded to.
    for file in files:
        _delete(Path(file))


def _clean_name(name: str) -> str:
    """Return a name that is a plain file name everywhere, and tells the file apart."""
    stem, dot, suffix = for_terminal(name).rpartition(".")
    kept = _UNSAFE.sub("_", stem or suffix).strip(" .") or "file"
    return f"{kept[:80]}.{_UNSAFE.sub('', suffix)[:10]}" if dot and stem else kept[:80]
