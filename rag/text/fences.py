"""Code fences: which of them hold code, and which wrap prose that is to be read like any other.

A language model may put its whole answer, or a part of it, between fences. What stands there is
then prose, with citations that cite, and only its fences are in the way. A fence may be left open.
"""

from __future__ import annotations

import re
from typing import Literal, NamedTuple, TypeAlias

__all__ = ["Line", "Unfencer", "classify"]

Kind: TypeAlias = Literal["text", "mark", "fence", "code"]


class Line(NamedTuple):
    """A line of a text, with its line end.

    Attributes:
        text: The characters.
        kind: `mark` for the fence of a block that holds prose, `fence` for that of one that holds
            code, `code` for what stands in the latter, `text` for all else.
    """

    text: str
    kind: Kind


_PREFIX = r"[ \t>]*"
_FENCE = re.compile(
    rf"{_PREFIX}(?:(?:[-*+]|\d{{1,3}}[.)])[ \t]+)?(`{{3,}}|~{{3,}})[ \t]*([^`\n]*?)[ \t\r]*\n?"
)
_FENCE_START = re.compile(
    rf"{_PREFIX}(?:[-*+]?[ \t]*|\d{{1,3}}[.)]?[ \t]*)(?:`{{0,2}}|`{{3,}}[^`\n]*|~{{0,2}}|~{{3,}}.*)"
)
_PROSE_NAMES = frozenset(
    {"markdown", "md", "text", "txt", "plain", "plaintext", "answer", "response"}
)
_UNDECIDED = re.compile(rf"{_PREFIX}(?:#.*)?\s*")  # blank, a comment or a heading
_LONGEST_DOUBT = 8  # lines
_LONGEST_LINE = 300  # characters of a line that are enough to judge it
_CODE = re.compile(
    r"[ \t]*(?:(?:import|from \w[\w.]* import|def|class|return|elif|try:|else:|async|func|fn|let"
    r"|const|var|public|private|static|void|using|package|echo|sudo|pip|npm|git|curl|export|SELECT"
    r"|INSERT|UPDATE|CREATE|WHERE)\b|[{}()<$>\\]|\[(?![\^\s\w:.]*\d)|//|/\*|--|[\w.\[\]\"']+ *"
    r"(?:[:+*/-]?=|->|=>|\()|\"?[\w-]+\"?: *[\[{\"'\d])|.*(?:[;{}\\]|\w\([^)]*\)[:;]?)[ \t\r]*$"
)
_SENTENCE = re.compile(
    r"[ \t]*(?:[-*+>] +)?[\"“*_(\[]*[A-Z\[](?=(?:\S*\s+){4}).*[.!?\])][\"”*_ \t\r]*$"
)


class Fences:
    """Says of each line what it is; a fence waits for the line that tells what it holds."""

    def __init__(self) -> None:
        self._marks: list[str] = []  # fences of prose that are open
        self._code = ""  # the fence of code that is open
        self._waiting: list[str] = []  # a fence and what may follow either kind

    @property
    def waits(self) -> bool:
        """Whether the next line decides about lines before it."""
        return bool(self._waiting)

    def take(self, line: str) -> list[Line]:
        """Take the next line and return the lines that are now certain."""
        if self._waiting:
            return self._wait(line)
        fence = _FENCE.fullmatch(line)
        if self._code:
            closes = fence is not None and not fence[2] and fence[1].startswith(self._code)
            self._code = "" if closes else self._code
            return [Line(line, "fence" if closes else "code")]
        if fence is None:
            return [Line(line, "text")]
        if self._marks and not fence[2] and fence[1].startswith(self._marks[-1]):
            self._marks.pop()
            return [Line(line, "mark")]
        if _name(fence) in _PROSE_NAMES:
            self._marks.append(fence[1])
            return [Line(line, "mark")]
        self._waiting = [line]
        return []

    def settle(self, line: str = "") -> list[Line]:
        """Decide about the lines that wait by the beginning of the next one."""
        if not self._waiting:
            return []
        first, *rest = self._waiting
        self._waiting = []
        fence = _FENCE.fullmatch(first)
        mark, name = (fence[1], _name(fence)) if fence else ("", "")
        if fence and ">" in first[: fence.start(1)]:  # quoted, as what it holds is
            line = line.lstrip(" \t>")
        if _is_prose(line[:_LONGEST_LINE], name):
            self._marks.append(mark)
            lines = [Line(first, "mark")]
        else:
            self._code = mark
            lines = [Line(first, "fence")]
        for one in rest:
            lines += self.take(one)
        return lines

    def _wait(self, line: str) -> list[Line]:
        undecided = _UNDECIDED.fullmatch(line) and len(self._waiting) < _LONGEST_DOUBT
        if undecided:
            self._waiting.append(line)
            return []
        lines = self.settle("" if _FENCE.fullmatch(line) else line)
        return [*lines, *self.take(line)]


def _name(fence: re.Match[str]) -> str:
    """Return the language that a fence names, in lower case."""
    words = fence[2].lower().strip("{}. ").split()
    return words[0] if words else ""


def _is_prose(line: str, language: str) -> bool:
    """Tell whether a block holds prose, by its first line; where it names a language, it must."""
    if language:
        return _SENTENCE.match(line) is not None and _CODE.match(line) is None
    has_letters = any(char.isalpha() for char in line)
    return not line.strip() or (has_letters and _CODE.match(line) is None)


def classify(text: str) -> list[Line]:
    r"""Return the lines of a text; joined, they are the text.

    >>> [line.kind for line in classify("```\nIt is fast [1].\n```\n```\nx = a[1]\n```")]
    ['mark', 'text', 'mark', 'fence', 'code', 'fence']
    """
    fences = Fences()
    lines = [one for line in re.findall(r"[^\n]*\n|[^\n]+", text) for one in fences.take(line)]
    return [*lines, *fences.settle()]


class Unfencer:
    """Takes a text in any pieces and returns it without the fences of prose.

    An empty line stands for each of them, so that paragraphs stay apart.
    """

    def __init__(self) -> None:
        self._fences = Fences()
        self._line = ""  # its beginning, while it may still be a fence
        self._passes = False  # whether what comes up to the end of the line is certain

    def feed(self, text: str) -> str:
        """Take the next characters and return those that are certain."""
        result = ""
        while text:
            head, line_end, text = text.partition("\n")
            if self._passes:
                result += head + line_end
            else:
                self._line += head
                result += self._take(line_end)
            if line_end:
                self._passes = False
        return result

    def finish(self) -> str:
        """End the text and return the rest."""
        line, self._line = self._line, ""
        lines = self._fences.take(line) if line else []
        return _shown([*lines, *self._fences.settle()])

    def _take(self, line_end: str) -> str:
        line, fences = self._line, self._fences
        if line_end:
            self._line = ""
            return _shown(fences.take(line + line_end))
        result = ""
        if fences.waits and len(line) > _LONGEST_LINE:
            result = _shown(fences.settle(line))
        too_long = len(line) > _LONGEST_LINE
        if not fences.waits and (too_long or not _FENCE_START.fullmatch(line)):
            self._line, self._passes = "", True
            return result + line
        return result


def _shown(lines: list[Line]) -> str:
    return "".join("\n" if line.kind == "mark" else line.text for line in lines)
