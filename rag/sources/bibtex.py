"""Take BibTeX apart into entries and their fields, entry by entry as the file is read.

Programs write BibTeX that BibTeX would refuse: one key twice, keys with commas or none, no comma
between fields, text around the entries. All of it is read. What a field holds is given as it
stands, without the braces or quotes around it; macros and `#` are resolved.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rag.sources.document import Document

__all__ = ["BibEntry", "BrokenEntry", "bib_entries", "split_names"]

_MAX_ENTRY = 4 * 2**20  # characters
_NAME = r"[A-Za-z][\w:.+/-]*"
_START = re.compile(r"@\s*([A-Za-z]+)\s*([{(])")
# An entry at the beginning of a line ends the one before, whose braces don't balance then.
_NEXT = re.compile(
    r"@\s*(?:[A-Za-z]+\s*[{(]\s*[^\s{}\"=,]*\s*,|(?:string|preamble|comment)\s*[{(])", re.IGNORECASE
)
_KEY = re.compile(r"\s*([^\s,={}\"]+)\s*,")
_FIELD = re.compile(rf"({_NAME})\s*=\s*")
# Behind the key, or behind what is no field; a key may hold whatever it likes.
_NEXT_FIELD = re.compile(rf"(?:^|[\s,{{(])({_NAME})\s*=\s*(?=[{{\"\w])")
_WORD = re.compile(r"[^\s,#{}\"()]+")
_SPACE = re.compile(r"\s*")
_GAP = re.compile(r"[\s,]*")
# A quote ends a value where the next field, `#` or nothing follows; others are part of it.
_AFTER_QUOTE = re.compile(rf"\s*(?:#|,?\s*(?:{_NAME}\s*=|}}?\s*\Z))")
_AND = re.compile(r"[{}]|(?<=\s)and(?=\s)", re.IGNORECASE)
_WITHOUT_FIELDS = frozenset({"comment", "preamble"})


@dataclass(frozen=True, slots=True)
class BibEntry:
    """An entry.

    Attributes:
        kind: Its type in lower case, such as `article`.
        key: Its citation key; empty where it has none, or one with a comma.
        line: The line that it begins on.
        fields: Values by name in lower case; of a name that comes twice, the first with a value.
    """

    kind: str
    key: str
    line: int
    fields: dict[str, str]


@dataclass(frozen=True, slots=True)
class BrokenEntry:
    """An entry that can't be read: the line that it begins on, and why."""

    line: int
    reason: str


def bib_entries(document: Document) -> Iterator[BibEntry | BrokenEntry]:
    """Yield the entries of a file in their order, but for comments and macros.

    Raises:
        TooLargeError: a line has more than 16 MB.
    """
    macros: dict[str, str] = {}
    for block in _blocks(document):
        if isinstance(block, BrokenEntry):
            yield block
            continue
        if block.kind in _WITHOUT_FIELDS:
            continue
        text = "".join(block.parts)
        # BibTeX counts braces whether a backslash stands before one or not; others don't.
        balance = _RAW if block.is_closed else _ESCAPED if _closes(text) else None
        if balance is None:
            yield BrokenEntry(block.line, "the entry has no end: its braces don't balance")
            continue
        fields = _Values(text, balance, macros).fields()
        if block.kind == "string":
            macros.update(fields)
        else:
            key = _KEY.match(text)
            yield BibEntry(block.kind, key[1] if key else "", block.line, fields)


@dataclass(slots=True)
class _Block:
    """An entry, while its lines are being collected."""

    kind: str
    line: int
    opening: str
    depth: int
    is_quoted: bool = False
    is_closed: bool = False
    size: int = 0
    parts: list[str] = field(default_factory=list)

    def take(self, line: str, start: int) -> int:
        """Take in a line from some place on, and return where the entry ends, or the line does."""
        end = self._closing(line, start)
        self.is_closed = end is not None
        self.parts.append(line[start:end])
        self.size += len(self.parts[-1])
        return len(line) if end is None else end + 1

    def _closing(self, line: str, start: int) -> int | None:
        for match in _DELIMITERS[self.opening].finditer(line, start):
            char = match[0]
            self.depth += (char == "{") - (char == "}")
            if char == '"' and self.depth == 0:
                self.is_quoted = not self.is_quoted
            if self.depth == 0 and char == _CLOSING[self.opening] and not self.is_quoted:
                return match.start()
        return None


_CLOSING = {"{": "}", "(": ")"}
_DELIMITERS = {"{": re.compile(r"[{}]"), "(": re.compile(r"[{}\")]")}


def _blocks(document: Document) -> Iterator[_Block | BrokenEntry]:
    block: _Block | None = None
    for number, line in enumerate(document.text_lines(), start=1):
        if block and _NEXT.match(line):
            yield block
            block = None
        at = 0
        while at < len(line):
            if block is None:
                start = _START.search(line, at)
                if not start:
                    break
                opening = start[2]
                block = _Block(start[1].lower(), number, opening, depth=int(opening == "{"))
                at = start.end()
            at = block.take(line, at)
            if block.is_closed:
                yield block
                block = None
        if block and block.size > _MAX_ENTRY:
            yield BrokenEntry(block.line, f"longer than {_MAX_ENTRY >> 20} million characters")
            block = None
    if block:
        yield block


_RAW = re.compile(r"[{}\"]")
_ESCAPED = re.compile(r"\\.|[{}\"]", re.DOTALL)


def _closes(text: str) -> bool:
    """Tell whether an entry is closed at its end, where escaped braces don't count."""
    found = [match[0] for match in _ESCAPED.finditer(text)]
    return 1 + found.count("{") - found.count("}") == 0


class _Values:
    """The inside of an entry.

    Args:
        text: What stands behind `@article{`.
        delimiters: What finds braces and quotes.
        macros: What the words in it stand for that are no numbers.
    """

    def __init__(self, text: str, delimiters: re.Pattern[str], macros: Mapping[str, str]) -> None:
        self._text = text
        self._delimiters = delimiters
        self._macros = macros

    def fields(self) -> dict[str, str]:
        """Return the values by name."""
        found: dict[str, str] = {}
        at = 0
        while start := _NEXT_FIELD.search(self._text, at):
            at = start.start(1)
            while name := _FIELD.match(self._text, at):
                value, at = self._value(name.end())
                if not found.get(name[1].lower(), "").strip():
                    found[name[1].lower()] = value
                at = self._skip(_GAP, at)
        return found

    def _skip(self, pattern: re.Pattern[str], at: int) -> int:
        match = pattern.match(self._text, at)
        return match.end() if match else at

    def _value(self, at: int) -> tuple[str, int]:
        """Read the pieces of a value, which `#` joins; return it and where it ends."""
        pieces: list[str] = []
        while at < len(self._text):
            piece, after = self._piece(at)
            if after == at:
                break
            pieces.append(piece)
            at = self._skip(_SPACE, after)
            if not self._text.startswith("#", at):
                break
            at = self._skip(_SPACE, at + 1)
        return "".join(pieces), at

    def _piece(self, at: int) -> tuple[str, int]:
        opening = self._text[at]
        if opening in '{"':
            end = self._closing(at + 1, opening)
            return self._text[at + 1 : end], end + 1
        word = _WORD.match(self._text, at)
        if not word:
            return "", at
        return self._macros.get(word[0].lower(), word[0]), word.end()

    def _closing(self, start: int, opening: str) -> int:
        """Return where the brace or quote closes that was opened before some place."""
        depth = 0
        for match in self._delimiters.finditer(self._text, start):
            char = match[0]
            if opening == "{" and char == "}" and depth == 0:
                return match.start()
            if (
                opening == '"' == char
                and depth <= 0
                and _AFTER_QUOTE.match(self._text, match.end())
            ):
                return match.start()
            depth += (char == "{") - (char == "}")
        return len(self._text)


def split_names(text: str) -> list[str]:
    """Divide the names in a field at each `and` that is in no braces.

    >>> split_names("Curie, M. and {Bed and Breakfast Ltd} and others")
    ['Curie, M.', '{Bed and Breakfast Ltd}', 'others']
    """
    names: list[str] = []
    depth = start = 0
    for match in _AND.finditer(text):
        depth += (match[0] == "{") - (match[0] == "}")
        if match[0].isalpha() and depth <= 0:
            names.append(text[start : match.start()])
            start = match.end()
    return [name.strip() for name in [*names, text[start:]] if name.strip()]
