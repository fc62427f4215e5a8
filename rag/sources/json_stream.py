"""Read JSON values one after another, however they are laid out, in bounded memory.

Records come an object a line, in an array, pretty-printed, between commas, behind comments, or in
the list of an envelope (`{"results": [...]}`). All are read alike: values are parsed where they
begin, what stands between them is passed over, and long lists are gone through instead of held. A
value that is no JSON is reported, and reading goes on at the next line on which one may begin.

No library does this: ijson ends at the first error, and takes neither comments nor stray commas.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rag.text.decoding import NotTextError

if TYPE_CHECKING:
    from collections.abc import Collection, Generator, Iterable, Iterator

__all__ = ["Envelope", "JsonError", "Located", "json_values"]

_MAX_VALUE = 8 * 2**20  # characters: what is longer is no record
_MAX_HELD = 2 * 2**20  # characters: the members of a longer object are read one by one
_FILLER = re.compile(r"[\s,\ufeff]*")
_LIST_START = re.compile(r"\[[\s,]*")
_COMMENTS = ("#", "//")
_UNSURE = 12  # characters: an error as near the end of what is held may be because it is cut
_MARGIN = 200  # characters of a line in front of a value that are remembered
_DECODER = json.JSONDecoder()


class JsonError(ValueError):
    """Something is no JSON; the message says why."""


class _TooLongError(JsonError):
    """A value is longer than what is held."""

    def __init__(self) -> None:
        super().__init__(f"longer than {_MAX_VALUE >> 20} MB, too long for a record")


@dataclass(frozen=True, slots=True)
class Located:
    """A JSON value, or what is wrong with it, and the number of the line on which it begins."""

    line: int
    value: Any


@dataclass(frozen=True, slots=True)
class Envelope:
    """What an object holds beside its list, and how many values that held."""

    line: int
    rest: dict[str, Any]
    listed: int


def json_values(
    blocks: Iterable[str], lists: Collection[str] = (), objects: Collection[str] = ()
) -> Iterator[Located | Envelope]:
    """Yield the values of a text; one by one those in arrays and in the lists of long envelopes.

    Args:
        blocks: The text, cut anywhere.
        lists: Under which keys an envelope has its list.
        objects: Under which keys an envelope has an object that has such a list.

    Yields:
        Values; a `JsonError` in place of what is none; an envelope behind what its list held.

    Raises:
        NotTextError: what is no JSON is no text either.
    """
    return _Scanner(blocks, lists, objects).values()


class _Scanner:
    """A place in a text, of which only what is being read is held."""

    def __init__(
        self, blocks: Iterable[str], lists: Collection[str], objects: Collection[str]
    ) -> None:
        self._blocks = iter(blocks)
        self._lists = lists
        self._objects = objects
        self._text = ""
        self._at = 0
        self._read = 0  # characters in front of the place
        self._line = 1
        self._margin = ""  # the beginning of its line
        self._ended = False
        self._lost = False  # whether something bad may have had the end of an array in it

    def values(self) -> Iterator[Located | Envelope]:
        """Yield all values from here on."""
        depth = 0
        while self._skip():
            char = self._text[self._at]
            if char == "[" and self._enters_list():
                self._advance(self._at + 1)
                depth += 1
            elif char == "]" and depth:
                self._advance(self._at + 1)
                depth -= 1
            else:
                yield from self._value(char)
        if depth and not self._lost:
            yield Located(self._line, JsonError("the array has no end: the file was cut short"))

    def _value(self, char: str) -> Iterator[Located | Envelope]:
        line, margin = self._line, self._margin
        try:
            try:
                yield Located(line, self._parse(_MAX_HELD if char == "{" else _MAX_VALUE))
            except _TooLongError:
                if char != "{":
                    raise
                rest, listed = yield from self._members()
                yield Located(line, rest) if listed is None else Envelope(line, rest, listed)
        except JsonError as error:
            if "\x00" in self._text[self._at : self._at + _MARGIN]:
                raise NotTextError("the file is binary, not text") from error
            inside = bool(margin.strip())
            more = "; nothing behind it on its line is read" if inside else ""
            yield Located(self._line, JsonError(f"{error}{more}"))
            self._recover(margin)

    def _members(
        self, *, inner: bool = False
    ) -> Generator[Located, None, tuple[dict[str, Any], int | None]]:
        """Go through an object: yield what its list holds; return what else it has, and how many.

        Args:
            inner: Whether the object stands in an envelope.
        """
        self._advance(self._at + 1)
        rest: dict[str, Any] = {}
        listed: int | None = None
        held = 0
        while self._next() != "}":
            key = self._parse(_MAX_VALUE)
            if not isinstance(key, str) or self._next() != ":":
                raise JsonError("not JSON (a name and a colon are expected)")
            self._advance(self._at + 1)
            char = self._next()
            start = self._read
            if char == "[" and key in self._lists:
                listed = (listed or 0) + (yield from self._elements())
            elif char == "{" and key in self._objects and not inner:
                rest[key], found = yield from self._members(inner=True)
                listed = listed if found is None else (listed or 0) + found
            else:
                rest[key] = self._parse(_MAX_VALUE)
                held += self._read - start
            if held > _MAX_VALUE:
                raise _TooLongError
        self._advance(self._at + 1)
        return rest, listed

    def _elements(self) -> Generator[Located, None, int]:
        """Go through an array; return how many values it holds."""
        self._advance(self._at + 1)
        count = 0
        while self._next() != "]":
            line = self._line
            yield Located(line, self._parse(_MAX_VALUE))
            count += 1
        self._advance(self._at + 1)
        return count

    def _parse(self, limit: int) -> Any:  # noqa: ANN401 - JSON
        """Read the value that begins here, and go behind it; stay where it is none.

        Raises:
            JsonError: it is none, or longer than so many characters.
        """
        while True:
            try:
                value, end = _DECODER.raw_decode(self._text, self._at)
            except json.JSONDecodeError as error:
                near_end = error.pos >= len(self._text) - _UNSURE
                if self._ended or not (near_end or error.msg.startswith("Unterminated")):
                    raise JsonError(f"not JSON ({error.msg})") from error
            except RecursionError as error:
                raise JsonError("not JSON (nested too deeply)") from error
            except ValueError as error:
                raise JsonError("not JSON (a number has too many digits)") from error
            else:
                # A number may go on behind what is held.
                if end < len(self._text) or self._ended:
                    self._advance(end)
                    return value
            if len(self._text) - self._at > limit:
                raise _TooLongError
            self._more()

    def _more(self) -> bool:
        """Hold at least twice as much, let go of what was read; say whether there was more."""
        held = len(self._text) - self._at
        parts = [self._text[self._at :]]
        wanted = max(held, 1)
        while wanted > 0 and not self._ended:
            block = next(self._blocks, None)
            self._ended = block is None
            parts.append(block or "")
            wanted -= len(block or "")
        self._text, self._at = "".join(parts), 0
        return len(self._text) > held

    def _advance(self, to: int) -> None:
        newline = self._text.rfind("\n", self._at, to)
        if newline >= 0:
            self._line += self._text.count("\n", self._at, to)
            self._margin = self._text[newline + 1 : min(to, newline + _MARGIN)]
        elif len(self._margin) < _MARGIN:
            self._margin += self._text[self._at : min(to, self._at + _MARGIN)]
        self._read += to - self._at
        self._at = to

    def _skip(self) -> bool:
        """Pass over what stands between values; say whether anything is left."""
        while True:
            filler = _FILLER.match(self._text, self._at)
            self._advance(filler.end() if filler else self._at)
            if self._text.startswith(_COMMENTS, self._at):
                self._skip_line()
            elif self._at < len(self._text) - 1:
                return True
            elif not self._more():
                return self._at < len(self._text)

    def _next(self) -> str:
        if not self._skip():
            raise JsonError("not JSON (it has no end: the file was cut short)")
        return self._text[self._at]

    def _enters_list(self) -> bool:
        """Tell whether the array here holds objects, or nulls in their place."""
        while True:
            start = _LIST_START.match(self._text, self._at)
            inside = self._text[start.end() : start.end() + 2] if start else ""
            if len(inside) == 2 or not self._more():
                return inside.startswith(("{", "n", *_COMMENTS))

    def _skip_line(self) -> None:
        """Go to the next line, however long this one is."""
        while (end := self._text.find("\n", self._at)) < 0:
            self._advance(len(self._text))
            if not self._more():
                return
        self._advance(end + 1)

    def _recover(self, margin: str) -> None:
        """Go to the next line on which a value may begin.

        That is the next one where values stand on a line each. Where they are spread over lines,
        it is the next that begins as the line of the bad one did.
        """
        self._lost = True
        while "\n" not in self._text[self._at : self._at + _MARGIN]:
            if len(self._text) - self._at >= _MARGIN or not self._more():
                break
        opening = self._text[self._at : self._at + _MARGIN].partition("\n")[0]
        self._skip_line()
        if opening.strip() != "{" or margin.strip():
            return
        starts = tuple(margin + char for char in "{[]")
        while self._at < len(self._text) or self._more():
            while len(self._text) - self._at <= len(margin) and self._more():
                pass
            if self._text.startswith(starts, self._at):
                return
            self._skip_line()
