"""Turn the bytes of a file into text, whatever editor saved it."""

from __future__ import annotations

import codecs
import io
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["NotTextError", "clean", "decode", "decode_blocks", "one_line", "wide_encoding"]

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_WINDOWS = "windows-1252-for-invalid"
# C0 and C1 controls except tab, line feed and carriage return; zero-width and direction marks,
# which can hide or reorder what a reader sees.
_UNWANTED = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]"
)
# Lone surrogates can't be written as UTF-8, by us or by Chroma.
_SURROGATES = re.compile("[\ud800-\udfff]")


class NotTextError(ValueError):
    """The bytes are not those of a text file."""


def _as_windows_1252(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    byte = error.object[error.start : error.start + 1]
    return byte.decode("cp1252", errors="replace"), error.start + 1


codecs.register_error(_WINDOWS, _as_windows_1252)


def wide_encoding(head: bytes) -> str | None:
    r"""Return the encoding of a text that has two or four bytes for every character, else None.

    Such a text can't be divided into lines before it is decoded.

    >>> wide_encoding(b"\xff\xfea\x00"), wide_encoding(b"a")
    ('utf-16', None)
    """
    encoding = next((name for bom, name in _BOMS if head.startswith(bom)), None)
    return None if encoding == "utf-8-sig" else encoding


def decode(data: bytes) -> str:
    r"""Decode a text file: UTF-8 or UTF-16, with Windows-1252 for every byte that isn't UTF-8.

    Line ends become `\n`.

    Raises:
        NotTextError: the bytes hold what no text file holds.

    >>> decode(b"caf\xc3\xa9 \x93quoted\x94\r\n")
    'café “quoted”\n'
    """
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            text = data.decode(encoding, errors="replace" if "utf-8" not in encoding else _WINDOWS)
            break
    else:
        head = data[:65536]
        controls = sum(head.count(code) for code in range(32) if code not in (9, 10, 12, 13, 27))
        # A stray control character is pasted easily; a NUL, or many of them, means binary.
        if b"\x00" in head or controls > len(head) / 100:
            raise NotTextError("the file is binary, not text")
        text = data.decode("utf-8", errors=_WINDOWS)
    return text.replace("\r\n", "\n").replace("\r", "\n")


def decode_blocks(blocks: Iterable[bytes], encoding: str | None) -> Iterator[str]:
    r"""Decode a text that comes in blocks as `decode` does one that is whole, whatever it holds.

    Args:
        blocks: Its bytes, cut anywhere.
        encoding: What `wide_encoding` says of its beginning.

    >>> "".join(decode_blocks([b"caf\xc3", b"\xa9 \x93x\x94\r", b"\n"], None))
    'café “x”\n'
    """
    decoder = codecs.getincrementaldecoder(encoding or "utf-8-sig")
    text = io.IncrementalNewlineDecoder(
        decoder(errors="replace" if encoding else _WINDOWS), translate=True
    )
    for block in blocks:
        yield text.decode(block)
    yield text.decode(b"", final=True)


def clean(text: str) -> str:
    r"""Remove the characters that no title or abstract needs and that can mislead a reader.

    >>> clean("safe\x1b[31m red")
    'safe[31m red'
    """
    if text.isprintable():  # which is told in a fraction of the time
        return text
    return _SURROGATES.sub("\ufffd", _UNWANTED.sub("", text))


def one_line(text: str) -> str:
    r"""Clean a text and put it on one line: every run of white space becomes one space.

    >>> one_line("  two\n\twords ")
    'two words'
    """
    return " ".join(clean(text).split())
