"""Turn the bytes of a file into text, whatever editor saved it."""

from __future__ import annotations

import codecs
import io
import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = [
    "WINDOWS",
    "Encoding",
    "NotTextError",
    "clean",
    "decode",
    "decode_blocks",
    "detect_encoding",
    "one_line",
]

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
WINDOWS = "windows-1252-for-invalid"  # how `bytes.decode` treats what is no UTF-8
_HEAD = 65_536  # bytes that tell the encoding
# C0 and C1 controls except tab, line feed and carriage return; zero-width and direction marks,
# which can hide or reorder what a reader sees.
_UNWANTED = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]"
)
# Lone surrogates can't be written as UTF-8, by us or by Chroma.
_SURROGATES = re.compile("[\ud800-\udfff]")
_CONTROLS = re.compile("[\x01-\x08\x0b\x0e-\x1a\x1c-\x1f]")
_HIGH = re.compile(rb"[\x80-\xff]")
_UTF_8_LETTER = re.compile(
    rb"[\xc2-\xdf][\x80-\xbf]|[\xe1-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}"
)
# What stands between two letters in a text, and what doesn't.
_JOINING = frozenset("’‘\u00b4·-\u00ad")
_PUNCTUATION = frozenset("“”„‘’…–—•°«»€£¥§©®™±÷·¿¡†‡²³¹½¼¾ªº¶¬µ \u201a\u00d7\u00a0")


class NotTextError(ValueError):
    """The bytes are not those of a text file."""


class Encoding(NamedTuple):
    """How bytes stand for characters.

    Attributes:
        name: As Python calls it.
        errors: What becomes of bytes that stand for none.
    """

    name: str
    errors: str


_UTF_8 = Encoding("utf-8", WINDOWS)


def _as_windows_1252(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    byte = error.object[error.start : error.start + 1]
    return byte.decode("cp1252", errors="replace"), error.start + 1


codecs.register_error(WINDOWS, _as_windows_1252)


def detect_encoding(head: bytes) -> Encoding:
    r"""Say how a text is encoded, from its beginning: UTF-8, -16 or -32, or MacRoman.

    What is none of these is told to be UTF-8, with Windows-1252 for every byte that isn't.

    >>> detect_encoding(b"a\x00b\x00c\x00d\x00").name, detect_encoding(b"cr\x8fme").name
    ('utf-16-le', 'mac-roman')
    """
    head = head[:_HEAD]
    for bom, name in _BOMS:
        if head.startswith(bom):
            return Encoding(name, WINDOWS if name == "utf-8-sig" else "replace")
    name = _wide_without_mark(head) or ("mac-roman" if _is_mac_roman(head) else "")
    return Encoding(name, "replace") if name else _UTF_8


def _wide_without_mark(head: bytes) -> str:
    """Name the encoding of text with two or four bytes a character and no byte order mark."""
    if head.count(0) * 4 < len(head):
        return ""  # text in Latin letters, or markup in them, has a NUL in every other byte
    quarters = [head[at::4].count(0) * 5 > len(head[at::4]) * 4 for at in range(4)]
    if quarters[1:] == [True] * 3 and not head[0::4].count(0):
        return "utf-32-le"
    if quarters[:3] == [True] * 3 and not head[3::4].count(0):
        return "utf-32-be"
    even, odd = head[0::2], head[1::2]
    if not even.count(0) and odd.count(0) * 2 > len(odd):
        return "utf-16-le"
    if not odd.count(0) and even.count(0) * 2 > len(even):
        return "utf-16-be"
    return ""


def _is_mac_roman(head: bytes) -> bool:
    """Tell whether the bytes beyond ASCII make words in MacRoman rather than in Windows-1252."""
    if head.isascii() or _UTF_8_LETTER.search(head):
        return False
    return _oddities(head, "mac-roman") < _oddities(head, "cp1252")


def _oddities(data: bytes, encoding: str) -> int:
    """Count the characters beyond ASCII that stand where no text has them."""
    text = data.decode(encoding, errors="replace")
    return sum(
        _is_odd(text[at], text[at - 1 : at], text[at + 1 : at + 2])
        for at in (match.start() for match in _HIGH.finditer(data))
    )


def _is_odd(char: str, before: str, after: str) -> bool:
    if char.isalpha():
        return char.isupper() and before.islower()
    within = before.isalpha() and after.isalpha()
    return char not in _JOINING if within else char not in _PUNCTUATION


def decode(data: bytes) -> str:
    r"""Decode a text file: UTF-8, UTF-16 or -32, MacRoman, Windows-1252 for bytes that are neither.

    Line ends become `\n`.

    Raises:
        NotTextError: the bytes hold what no text file holds.

    >>> decode(b"caf\xc3\xa9 \x93quoted\x94\r\n")
    'café “quoted”\n'
    """
    encoding = detect_encoding(data)
    text = data.decode(encoding.name, errors=encoding.errors)
    if not any(data.startswith(bom) for bom, _ in _BOMS):
        _refuse_binary(text[:_HEAD])
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _refuse_binary(head: str) -> None:
    # A stray control character is pasted easily; a NUL, or many of them, means binary.
    if "\0" in head or len(_CONTROLS.findall(head)) > len(head) / 100:
        raise NotTextError("the file is binary, not text")


def decode_blocks(blocks: Iterable[bytes], encoding: Encoding) -> Iterator[str]:
    r"""Decode a text that comes in blocks as `decode` does one that is whole, whatever it holds.

    Args:
        blocks: Its bytes, cut anywhere.
        encoding: What `detect_encoding` says of its beginning.

    >>> "".join(decode_blocks([b"caf\xc3", b"\xa9 \x93x\x94\r", b"\n"], detect_encoding(b"caf")))
    'café “x”\n'
    """
    decoder = codecs.getincrementaldecoder(encoding.name)(errors=encoding.errors)
    text = io.IncrementalNewlineDecoder(decoder, translate=True)
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
