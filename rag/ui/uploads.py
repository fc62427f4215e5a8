"""What people hand in: files and pasted text, kept apart from the server's own files."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import tempfile
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
    "handed_in",
    "only_files",
    "stored_bytes",
]

MAX_FILE = 64 * 2**20  # bytes
MAX_REQUEST = 4 * MAX_FILE  # of all files that are sent at once
MAX_FOLDER = 16 * MAX_FILE  # of all that wait to be added
KEPT = 60 * 60  # seconds that a file waits
MAX_PASTED = 5_000_000  # characters
_MAX_FILES = 100
_ADDRESS = re.compile(r"https?://\S+", re.IGNORECASE)
_REMOTE = re.compile(r"\s*[a-z][a-z0-9+.-]*:/", re.IGNORECASE)
_UNSAFE = re.compile(r"[^\w .()+,=@-]+")


def only_files(field: gr.File) -> gr.File:
    """Have a field take files alone: Gradio would also fetch an address that a request names.

    The method of the one field is replaced, because Gradio writes a stub beside the module of each
    class that is derived from its components.
    """
    take = field.async_move_resource_to_block_cache

    async def take_a_file(given: Any) -> str | None:  # noqa: ANN401 - as Gradio declares it
        if given and _REMOTE.match(str(given)):
            raise gr.Error("Only files can be uploaded.", print_exception=False)
        return await take(given)

    field.async_move_resource_to_block_cache = take_a_file  # type: ignore[assignment,method-assign]
    return field


def stored_bytes(folder: str | Path) -> int:
    """Return how many bytes of uploads a folder holds; what goes away meanwhile counts for none."""
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):
                total += Path(parent, name).stat().st_size
    return total


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
        with contextlib.suppress(OSError):
            Path(file).unlink()


def _clean_name(name: str) -> str:
    """Return a name that is a plain file name everywhere, and tells the file apart."""
    stem, dot, suffix = for_terminal(name).rpartition(".")
    kept = _UNSAFE.sub("_", stem or suffix).strip(" .") or "file"
    return f"{kept[:80]}.{_UNSAFE.sub('', suffix)[:10]}" if dot and stem else kept[:80]
