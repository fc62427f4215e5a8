"""The bytes that readers read, wherever they come from: a file, an upload, a response."""

from __future__ import annotations

import io
import re
from functools import cached_property
from typing import TYPE_CHECKING, AnyStr, BinaryIO

from rag.text.decoding import WINDOWS, NotTextError, decode, decode_blocks, detect_encoding

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from rag.text.decoding import Encoding

__all__ = ["HEAD", "Document", "Head", "TooLargeError", "UnreadableError"]

HEAD = 65_536  # bytes
_MAX_WHOLE = 64 * 2**20  # bytes
_MAX_LINE = 16 * 2**20  # bytes
_BLOCK = 2**15  # bytes: what a file that is cut off may lose at its end
# Atomic, so that a document of nothing but comments is not tried in every combination of them.
_XML_ROOT = re.compile(
    r"\s*+(?>(?:<\?.*?\?>|<!--.*?-->|<!DOCTYPE[^>\[]*(?:\[.*?\]\s*)?>)\s*)*+"
    r"<(?:[\w.-]+:)?([\w.-]+)",
    re.DOTALL | re.IGNORECASE,
)


class UnreadableError(ValueError):
    """A document can't be read, or not to its end; the message says why.

    Args:
        reason: Why, in words for the person who has to mend it.
        place: Where in the document, as far as that is known.
    """

    def __init__(self, reason: str, *, place: str = "") -> None:
        super().__init__(reason)
        self.place = place


class TooLargeError(UnreadableError):
    """A document, or a piece of it, is larger than what is held in memory at once."""


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
    def encoding(self) -> Encoding:
        """How the document is encoded, if it is text."""
        return detect_encoding(self.data)

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
        stream: The content. It is read from the beginning by each way of reading, so it has to be
            seekable; closing it is up to the caller.
        source: What rejections call the document.
        name: What the papers list as their source.
        suffix: The ending of its file's name, if it has one.
        columns: Which columns of a table hold what, where a person knows better than the reader:
            the name of the column for each field.
    """

    def __init__(
        self,
        stream: BinaryIO,
        *,
        source: str,
        name: str,
        suffix: str = "",
        columns: Mapping[str, str] | None = None,
    ) -> None:
        self.stream = stream
        self.source = source
        self.name = name
        self.suffix = suffix.lower()
        self.columns = dict(columns or {})

    @cached_property
    def head(self) -> Head:
        """The beginning, 64 KiB at most."""
        self.stream.seek(0)
        return Head(self.stream.read(HEAD), self.suffix)

    def file(self) -> BinaryIO:
        """Return the content as a file that can be read at any place, as some formats need.

        Raises:
            TooLargeError: it has more than 64 MB, and can't be read so where it is.
        """
        self.stream.seek(0)
        return self.stream

    def lines(self) -> Iterator[bytes]:
        r"""Yield the lines, in UTF-8 unless the document is in Windows-1252, each with its end.

        Raises:
            TooLargeError: a line has more than 16 MB.
        """
        head = self.head
        self.stream.seek(0)
        old_mac = b"\r" in head.data and b"\n" not in head.data  # its lines end in a bare return
        if head.encoding.name.startswith("utf-8") and not old_mac:
            yield from _capped(self.stream.readline)
            return
        # Line ends are translated to line feeds on the way.
        text = io.TextIOWrapper(self.stream, head.encoding.name, head.encoding.errors)
        try:
            yield from (line.encode() for line in _capped(text.readline))
        finally:
            text.detach()  # the stream is the caller's to close

    def text_lines(self) -> Iterator[str]:
        r"""Yield the lines as text, each with its end as it was written.

        Raises:
            TooLargeError: a line has more than 16 MB.
        """
        for number, line in enumerate(self.lines()):
            text = line.decode("utf-8", WINDOWS)
            yield text if number else text.removeprefix("\ufeff")

    def blocks(self) -> Iterator[bytes]:
        """Yield the content in blocks of 32 KiB, however long its lines are."""
        self.stream.seek(0)
        while block := self.stream.read(_BLOCK):
            yield block

    def text_blocks(self) -> Iterator[str]:
        r"""Yield the text in blocks, whatever its encoding, with `\n` as line end.

        What no text file holds is decoded like the rest.
        """
        return decode_blocks(self.blocks(), self.head.encoding)

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


def _capped(readline: Callable[[int], AnyStr]) -> Iterator[AnyStr]:
    number = 1
    while line := readline(_MAX_LINE + 1):
        if len(line) > _MAX_LINE:
            reason = f"the line is longer than {_MAX_LINE >> 20} MB"
            raise TooLargeError(reason, place=f"line {number}")
        yield line
        number += 1
