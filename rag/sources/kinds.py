"""Name what no reader reads, so that a person sees at once what a file is."""

from __future__ import annotations

import re
import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rag.sources.document import Head

__all__ = ["AS_TEXT", "ZIP", "name_kind", "zipped_kind"]

# The bytes that files have at a place.
_SIGNATURES: tuple[tuple[int, bytes, str], ...] = (
    (0, b"%PDF-", "a PDF"),
    (0, b"SQLite format 3\0", "an SQLite database"),
    (0, b"\x89PNG\r\n\x1a\n", "an image"),
    (0, b"\xff\xd8\xff", "an image"),
    (0, b"GIF8", "an image"),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "a document of an old version of Office"),
    (0, b"\xfd7zXZ\0", "an xz archive: unpack it first"),
    (0, b"\x28\xb5\x2f\xfd", "a zstd archive: unpack it first"),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7z archive: unpack it first"),
)
ZIP = b"PK\x03\x04"
_ZIP_HEADER = struct.Struct("<4s2xHH8xI4xHH")  # of a file in the archive, before its name
_SIZE_BEHIND = 1 << 3  # a flag: the size stands behind the file
# What is a zip archive inside, by a name that one of its first files has.
_ZIPPED: tuple[tuple[str, str], ...] = (
    ("xl/", "an Excel workbook"),
    ("word/", "a Word document"),
    ("ppt/", "a PowerPoint presentation"),
    ("META-INF/container.xml", "an e-book"),
    ("content.xml", "an OpenDocument file"),
)
AS_TEXT = "open it in a browser, select all, copy, and save that as a text file"
_XML: dict[str, str] = {
    "html": f"HTML: {AS_TEXT}",
    "feed": "an Atom feed",
    "rss": "an RSS feed",
}
# What texts hold; the first that is found decides.
_TEXTS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE | re.MULTILINE), kind)
    for pattern, kind in (
        (r"\A\s*<!doctype html", f"HTML: {AS_TEXT}"),
        (
            r"\A(?:[\w-]+:.*\n|[ \t].*\n)*Content-Type: multipart/related",
            f"a web page with its files: {AS_TEXT}",
        ),
        (r"\A\s*\{\\rtf", "an RTF document"),
        (r"\A\s*\[\s*[\[\"]", "a JSON array, but not of objects"),
        (r"\A\s*\\documentclass", "LaTeX"),
        (
            r"^\[\^\d{1,3}\]: \S",
            "a text with footnotes, such as an answer: export the papers that it cites",
        ),
    )
)


def name_kind(head: Head) -> str:
    """Say what a document is, as in `this is ...`; empty where that is not known."""
    named = _name_signature(head.data) or next(
        (kind for pattern, kind in _TEXTS if pattern.search(head.text)), ""
    )
    if named or not head.xml_root:
        return named
    return _XML.get(head.xml_root.lower(), f"XML with the root <{head.xml_root}>")


def _name_signature(data: bytes) -> str:
    if data.startswith(ZIP):
        return zipped_kind(data)
    return next((kind for at, mark, kind in _SIGNATURES if data.startswith(mark, at)), "")


def zipped_kind(data: bytes) -> str:
    """Say what a zip archive is by its first files; empty where they are a person's own."""
    names = list(_zip_names(data))
    return next(
        (kind for mark, kind in _ZIPPED if any(name.startswith(mark) for name in names)), ""
    )


def _zip_names(data: bytes) -> Iterator[str]:
    """Yield the names of the files whose headers stand at the beginning of a zip archive."""
    at = 0
    while data.startswith(ZIP, at) and at + _ZIP_HEADER.size <= len(data):
        _, flags, _, size, name, extra = _ZIP_HEADER.unpack_from(data, at)
        start = at + _ZIP_HEADER.size
        yield data[start : start + name].decode("utf-8", "replace")
        after = start + name + extra
        at = data.find(ZIP, after) if flags & _SIZE_BEHIND else after + size
        if at < 0:
            return
