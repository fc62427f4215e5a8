"""The bytes that readers read, wherever they come from: a file, an upload, a response."""

from __future__ import annotations

import io
import re
from functools import cached_property
from typing import TYPE_CHECKING, AnyStr, BinaryIO

from rag.text.decoding import NotTextError, decode, decode_blocks, wide_encoding

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["Document", "Head", "TooLargeError"]

_HEAD = 65_536  # bytes
_MAX_WHOLE = 64 * 2**20  # bytes
_MAX_LINE = 8 * 2**20  # bytes, or characters where they have two bytes or four
_BLOCK = 2**15  # bytes: what a file that is cut off may lose at its end
# Atomic, so that a document of nothing but comments is not tried in every combination of them.
_XML_ROOT = re.compile(
    r"\s*+(?>(?:<\?.*?\?>|<!--.*?-->|<!DOCTYPE[^>\[]*(?:\[.*?\]\s*)?>)\s*)*+"
    r"<(?:[\w.-]+:)?([\w.-]+)",
    re.DOTALL | re.IGNORECASE,
)


class TooLargeError(ValueError):
    """A document is larger than what is held in memory at once."""


class Head:
    """The beginning of a document: what its format is recognised by.

    Args:
        data: The first bytes.
        suffix: The ending of its name in lower case, such as `.bib`, without that of a
            compression; empty when it has none. A hint: content decides.
    """

    def __init__(self, data: bytes, suffix: str = "") -> None:
        self.data = data
        self.suffix = suffix

    @cached_property
    def _decoded(self) -> str | None:
        try:
            return decode(self.data)
        except NotTextError:
            return None

    @property
    def text(self) -> str:
        """The bytes as text, perhaps cut within a character; empty when they are binary."""
        return self._decoded or ""

    @property
    def is_binary(self) -> bool:
        """Whether the bytes are those of no text."""
        return self._decoded is None

    @property
    def is_blank(self) -> bool:
        """Whether there is nothing, or nothing but white space."""
        return not self.is_binary and not self.text.strip()

    @cached_property
    def xml_root(self) -> str:
        """The name of the first element, without its prefix, of XML or HTML; else empty."""
        match = _XML_ROOT.match(self.text)
        return match[1] if match else ""


class Document:
    """What a reader reads: as a stream of lines, as text, or as bytes.

    Args:
        stream: The content, not compressed. It is read from the beginning by each way of reading,
            so it has to be seekable; closing it is up to the caller.
        source: What rejections call the document.
        name: What the papers list as their source.
        suffix: The ending of its file's name, if it has one.
    """

    def __init__(self, stream: BinaryIO, *, source: str, name: str, suffix: str = "") -> None:
        self.stream = stream
        self.source = source
        self.name = name
        self._suffix = suffix.lower()

    @cached_property
    def head(self) -> Head:
        """The beginning, 64 KiB at most."""
        self.stream.seek(0)
        return Head(self.stream.read(_HEAD), self._suffix)

    def lines(self) -> Iterator[bytes]:
        """Yield the lines; where characters have two bytes or four, as UTF-8.

        Raises:
            TooLargeError: a line is longer than 8 MB.
        """
        encoding = wide_encoding(self.head.data)
        self.stream.seek(0)
        if encoding is None:
            yield from _short_lines(self.stream.readline)
            return
        text = io.TextIOWrapper(self.stream, encoding, errors="replace")
        try:
            yield from (line.encode() for line in _short_lines(text.readline))
        finally:
            text.detach()  # the stream is the caller's to close

    def blocks(self) -> Iterator[bytes]:
        """Yield the content in blocks of 32 KiB, however long its lines are."""
        self.stream.seek(0)
        while block := self.stream.read(_BLOCK):
            yield block

    def text_blocks(self) -> Iterator[str]:
        r"""Yield the text in blocks, whatever its encoding, with `\n` as line end.

        What no text file holds is decoded like the rest.
        """
        return decode_blocks(self.blocks(), wide_encoding(self.head.data))

    def data(self) -> bytes:
        """Return the whole content.

        Raises:
            TooLargeError: it has more than 64 MB.
        """
        self.stream.seek(0)
        data = self.stream.read(_MAX_WHOLE + 1)
        if len(data) > _MAX_WHOLE:
            raise TooLargeError(f"larger than {_MAX_WHOLE >> 20} MB, too large to be read whole")
        return data

    def text(self) -> str:
        r"""Return the whole content as text, whatever its encoding, with `\n` as line end.

        Raises:
            TooLargeError: it has more than 64 MB.
            NotTextError: it is binary.
        """
        return decode(self.data())


def _short_lines(readline: Callable[[int], AnyStr]) -> Iterator[AnyStr]:
    number = 0
    while line := readline(_MAX_LINE):
        number += 1
        if len(line) == _MAX_LINE:
            raise TooLargeError(f"line {number} is longer than {_MAX_LINE >> 20} MB")
        yield line
