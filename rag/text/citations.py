"""Read the citations of an answer, whole or while it streams, and number them for the reader.

What a marker looks like is the grammar of `rag.text.markers`; where one can stand is decided here:
not in code, not in LaTeX, not where it is an index such as x[1] or an exponent such as m². Whoever
knows which sources there are gets their mentions ("paper 3") as well.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from rag.text.markers import (
    MARKER_OPENERS,
    MENTION_LETTERS,
    MENTION_OPENERS,
    RAISED_DIGITS,
    could_become_marker,
    could_become_mention,
    marker_at,
    marker_numbers,
    mention_at,
    raises,
    superscript_cites,
)

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Mapping

__all__ = [
    "CitationParser",
    "CitationPiece",
    "Numbering",
    "Piece",
    "PlacedMarker",
    "TextPiece",
    "find_markers",
    "marker",
    "parse_citations",
    "renumber",
    "without_markers",
]


@dataclass(frozen=True, slots=True)
class TextPiece:
    """A stretch of the answer that cites nothing."""

    text: str


@dataclass(frozen=True, slots=True)
class CitationPiece:
    """One citation marker.

    Attributes:
        numbers: The sources it cites, each once, in the order given.
        raw: The marker as it stands in the text.
        unknown: Numbers that are marked as standing for no source that was given.
        lead: The words at its start that stay whatever numbers a reader sees: "paper ".
    """

    numbers: tuple[int, ...]
    raw: str
    unknown: tuple[int, ...] = ()
    lead: str = field(default="", repr=False)


Piece: TypeAlias = TextPiece | CitationPiece


class PlacedMarker(NamedTuple):
    """A marker and where it stands: `text[start:end] == piece.raw`."""

    start: int
    end: int
    piece: CitationPiece


_CONTEXT = 80  # characters before a marker that decide whether it can be one
_MARKED = "\0"  # stands for a marker in that context
# What stands before an index: a variable (one lower-case letter), an identifier, another index,
# a LaTeX command, an equals or element-of sign.
_BEFORE_INDEX = re.compile(
    r"(?:(?<![\w'\u2019.-])[a-z]|[^\W_]_\w*[^\W_]|\[(?:[\d:,-]*|[a-z])\]|\\[A-Za-z]+ ?|[=∈] ?"
    r"|\b(?:arr|array|args|argv|buf|dict|idx|list|lst|mat|ptr|vec)"
    r"|(?:^|(?:[.!?:(=+*]|\b(?:array|element|entry|index|[Ll]et|matrix|row|tensor|variable|vector"
    r"|where))[ \n])[A-Z])\Z"
)
# What stands before two numbers that bound or measure something. "A wide range [1, 2]" cites.
_BEFORE_INTERVAL = re.compile(
    r"\b(?:intervals?|indices|(?:the|an?) (?:closed |unit |open )?(?:coordinates?|list|pair|point"
    r"|range|scale|set|shape|tuple|vector)|(?:dimensions?|range|scale|shape|size) of"
    r"|(?:of|with) (?:shape|size)|(?:-| )point scale"
    r"|(?:integers?|numbers?|probabilit(?:y|ies)|ratings?|scores?|values?) (?:from|in|within)"
    r"|(?:clipped|lies?|lying|mapped|normali[sz]ed|scaled) (?:in|into|to|within))[ \t]*\Z",
    re.IGNORECASE,
)
_BOUNDS = re.compile(r"\\?\[ ?\d+ ?[,;\u2013-] ?\d+(?: ?, ?\d+)* ?\\?\]")
_INSIDE_WORD = re.compile(r"[\w-]\Z")
_LINE_START = re.compile(r"(?:^|\n)[ \t>]*(?:(?:[-*+]|\d{1,3}[.)])[ \t]+)?\Z")
_OPENS_FORMULA = re.compile(r"(?:^|[\s(\[{\"'“\u2018\u2013\u2014/-])\Z")
_PROSE = re.compile(r"(?<![\\{A-Za-z])[A-Za-z]{2,}\s+[A-Za-z]{2,}")
_OPENER = {"$": "$", "\\]": "\\[", "\\)": "\\("}
_STOPS = re.compile(rf"[{re.escape(MARKER_OPENERS)}\]){RAISED_DIGITS}`$\n]")
_STOPS_AND_MENTIONS = re.compile(rf"{_STOPS.pattern}|(?<![\w-])[{MENTION_LETTERS}]")
_AHEAD = 80  # characters that decide about a marker, at the most


class CitationParser:
    """An incremental parser: give it an answer in any pieces, get text and markers back.

    It holds back only what could still become a marker, at most 64 characters. The texts and raws
    of all pieces, joined, are the input; how the input was cut never changes the result, except
    that a stretch of text may come as several `TextPiece`s.

    >>> parser = CitationParser()
    >>> parser.feed("It works [1")
    [TextPiece(text='It works ')]
    >>> parser.feed(", 2].")
    [CitationPiece(numbers=(1, 2), raw='[1, 2]', unknown=()), TextPiece(text='.')]
    >>> parser.finish()
    []

    Args:
        sources: The numbers of the sources, where they are known: mentions of them are markers.
    """

    def __init__(self, *, sources: Container[int] | None = None) -> None:
        self._sources = sources
        self._stops = _STOPS if sources is None else _STOPS_AND_MENTIONS
        # Whether the text cites in brackets, or in parentheses: no text does both.
        self._brackets = self._parentheses = False
        self._held = ""
        # All that decides about the next character: the text before it; what it stands inside,
        # named by what ends that ("`", "$", "\\]", ...; "``` " is a run of backticks that becomes
        # a code block at the end of its line, "```\n" is the block); and the run of backticks or
        # dollar signs that is still growing, with the text before that.
        self._before = ""
        self._inside = ""
        self._run = ""
        self._before_run = ""

    def feed(self, text: str) -> list[Piece]:
        """Take the next characters and return the pieces that are now certain."""
        return self._scan(self._held + text, final=False)

    def finish(self) -> list[Piece]:
        """End the text and return the rest of its pieces."""
        return self._scan(self._held, final=True)

    def _scan(self, text: str, *, final: bool) -> list[Piece]:
        pieces: list[Piece] = []
        start = at = 0  # of the text not yet returned, and of what is looked at
        while at < len(text):
            stop = self._stops.search(text, at)
            end = stop.start() if stop else len(text)
            if end > at:
                self._pass(text[at:end])
                at = end
                continue
            self._end_run(text[at])
            found = self._read(text, at, final=final) if self._may_cite(text, at) else ""
            if found is None:
                break
            if not found:
                self._step(text[at])
                at += 1
                continue
            if at > start:
                pieces.append(TextPiece(text[start:at]))
            pieces.append(found)
            self._before = (self._before + _MARKED)[-_CONTEXT:]
            start = at = at + len(found.raw)
        if at > start:
            pieces.append(TextPiece(text[start:at]))
        self._held = text[at:]
        return pieces

    def _read(self, text: str, at: int, *, final: bool) -> CitationPiece | Literal[""] | None:
        """Return the marker that begins at `at`, "" where there is none, None when in doubt."""
        if text[at] not in MENTION_LETTERS:
            # What follows a superscript decides, so it must be there; a bracket closes itself.
            settled = text[at] not in RAISED_DIGITS
            raw = marker_at(text, at) if settled else ""
            rest = text[at : at + _AHEAD]
            if not raw and not final and len(rest) < _AHEAD and could_become_marker(rest):
                return None
            raw = raw or marker_at(text, at)
            if raw and not (_BOUNDS.fullmatch(raw) and _BEFORE_INTERVAL.search(self._before)):
                self._brackets = True
                numbers, unknown = marker_numbers(raw) or ((), ())
                return CitationPiece(numbers, raw, unknown)
        return self._read_mention(text, at, final=final)

    def _read_mention(
        self, text: str, at: int, *, final: bool
    ) -> CitationPiece | Literal[""] | None:
        letter = text[at] in MENTION_LETTERS
        if self._sources is None or text[at] not in MENTION_OPENERS:
            return ""
        if self._brackets and not letter:
            return ""
        rest = text[at : at + _AHEAD]
        if not final and len(rest) < _AHEAD and could_become_mention(rest, self._before):
            return None
        lead, raw = mention_at(text, at, self._before, settled=self._parentheses)
        numbers, _ = marker_numbers(raw) or ((), ())
        if not numbers or not all(number in self._sources for number in numbers):
            return ""
        self._parentheses = self._parentheses or not letter
        return CitationPiece(numbers, lead + raw, lead=lead)

    def _pass(self, text: str) -> None:
        """Note text without any character that opens or closes something."""
        self._end_run(text[0])
        if self._inside == "``" and "''" in self._before[-1:] + text:
            self._inside = ""  # quotation marks as TeX writes them, not code
        self._before = (self._before + text)[-_CONTEXT:]

    def _step(self, char: str) -> None:
        """Note one character that may open or close something but begins no marker."""
        escaped = _is_escaped(self._before)
        if char in "`$" and ("`" in self._inside or not escaped):
            if not self._run:
                self._before_run = self._before
            self._run = (self._run + char)[:_CONTEXT]
        elif char == "\n":
            self._end_line()
        elif escaped and char in "[(" and not self._inside:
            self._inside = "\\]" if char == "[" else "\\)"
        elif escaped and self._inside == "\\" + char:
            self._inside = ""
        self._before = (self._before + char)[-_CONTEXT:]

    def _end_line(self) -> None:
        inside = self._inside
        ends_paragraph = self._before.rstrip(" \t").endswith("\n")
        if inside.endswith(" "):
            self._inside = inside[:-1] + "\n"
        elif not inside.endswith("\n") and (ends_paragraph or inside[:1] == "`" or inside == "$"):
            self._inside = ""

    def _end_run(self, following: str) -> None:
        """Act on a run of backticks or dollar signs once its length is known."""
        run = self._run
        if not run or following == run[0]:
            return
        self._run = ""
        if run[0] == "`":
            self._end_backticks(run, following)
        elif self._inside in {"$", "$$"}:
            self._inside = "" if len(run) >= len(self._inside) else self._inside
        elif not self._inside:
            # "$5" is money; "$x" behind a space begins a formula, "x$" ends one.
            opens = not (following.isspace() or following.isdigit() or following in ".,;:!?)")
            if run == "$$" or (run == "$" and opens and _OPENS_FORMULA.search(self._before_run)):
                self._inside = run

    def _end_backticks(self, run: str, following: str) -> None:
        inside = self._inside
        at_line_start = _LINE_START.search(self._before_run) is not None
        if inside.endswith("\n"):
            if at_line_start and following.isspace() and len(run) >= len(inside) - 1:
                self._inside = ""
        elif inside.startswith("`"):
            self._inside = "" if run == inside.rstrip() else inside
        elif inside in {"", "$"}:
            self._inside = run + " " if len(run) >= 3 and at_line_start else run

    def _may_cite(self, text: str, at: int) -> bool:
        """Tell whether a marker can begin with the character at this place."""
        char = text[at]
        if char in "])`\n" or _is_escaped(self._before) or self._run:
            return False
        if char in MENTION_LETTERS and _INSIDE_WORD.search(self._before):
            return False
        if self._inside in _OPENER and self._is_no_formula():
            self._inside = ""
        if self._inside:
            return False
        if raises(text, at):
            return superscript_cites(self._before)
        return char not in "[\\" or _BEFORE_INDEX.search(self._before) is None

    def _is_no_formula(self) -> bool:
        """Tell whether what seemed to open a formula did not: words follow it, or too much."""
        opener = _OPENER[self._inside]
        near = opener in self._before
        content = self._before.rpartition(opener)[2]
        return bool(_PROSE.search(content)) or not (near or self._inside != "$")


def _is_escaped(before: str) -> bool:
    return (len(before) - len(before.rstrip("\\"))) % 2 == 1


def parse_citations(text: str, *, sources: Container[int] | None = None) -> list[Piece]:
    """Split a whole text into its citation markers and the text between them.

    Args:
        text: The whole of it.
        sources: The numbers of the sources, where they are known: mentions of them are markers.

    >>> [piece.numbers for piece in parse_citations("A [1-3]. B (Sources 4 and 5). x[0], [2019]")
    ...  if isinstance(piece, CitationPiece)]
    [(1, 2, 3), (4, 5)]
    """
    parser = CitationParser(sources=sources)
    merged: list[Piece] = []
    for piece in (*parser.feed(text), *parser.finish()):
        last = merged[-1] if merged else None
        if isinstance(piece, TextPiece) and isinstance(last, TextPiece):
            merged[-1] = TextPiece(last.text + piece.text)
        else:
            merged.append(piece)
    return merged


def find_markers(text: str, *, sources: Container[int] | None = None) -> Iterator[PlacedMarker]:
    """Yield the markers of a whole text with their places, as `parse_citations` reads them.

    >>> [(one.start, one.end) for one in find_markers("In [0, 1], as a[3] shows [2].")]
    [(25, 28)]
    """
    at = 0
    for piece in parse_citations(text, sources=sources):
        end = at + len(piece.text if isinstance(piece, TextPiece) else piece.raw)
        if isinstance(piece, CitationPiece):
            yield PlacedMarker(at, end, piece)
        at = end


def without_markers(text: str) -> str:
    """Blank out the markers of a text; the length stays, so offsets do too.

    >>> without_markers("In [0, 1], as a[3] shows [2].")
    'In [0, 1], as a[3] shows    .'
    """
    for one in find_markers(text):
        text = text[: one.start] + " " * (one.end - one.start) + text[one.end :]
    return text


class Numbering:
    """The numbers that a reader sees: one per paper, in order of first use, kept for good.

    Keep one for a whole chat, so that a paper has the same number in every turn.

    Args:
        shown: The number of each paper id that has one already.
    """

    def __init__(self, shown: Mapping[str, int] | None = None) -> None:
        self._shown = dict(shown or {})
        self._trial: Numbering | None = None

    @property
    def shown(self) -> dict[str, int]:
        """The number of each paper id, in order of first use."""
        return dict(self._shown)

    @property
    def tentative(self) -> dict[str, int]:
        """The same, with the numbers that the answer in the making gives out."""
        return {**(self._trial.shown if self._trial else {}), **self._shown}

    def trial(self) -> Numbering:
        """Return a copy for an answer that may come to nothing."""
        self._trial = Numbering(self._shown)
        return self._trial

    def number(self, paper_id: str) -> int:
        """Return the number of a paper, giving it the next one on first use."""
        return self._shown.setdefault(paper_id, max(self._shown.values(), default=0) + 1)


def marker(numbers: Iterable[int], *, unknown: Iterable[int] = ()) -> str:
    """Write a citation marker as `CitationParser` reads it.

    >>> marker([1, 3], unknown=[9])
    '[1, 3, 9?]'
    """
    return f"[{', '.join([*map(str, numbers), *(f'{number}?' for number in unknown)])}]"


def renumber(
    pieces: Iterable[Piece], *, sources: Mapping[int, str], numbering: Numbering
) -> list[Piece]:
    """Replace the numbers under which an LLM was given its sources by those a reader sees.

    Works on a whole answer or on what each `feed` returns. A number that no source has is never
    erased: it is kept as unknown and written with a question mark, because as it stands it could
    be the shown number of another paper.

    Args:
        pieces: What the parser returned.
        sources: The paper id behind each number that the LLM was given.
        numbering: Holds the shown numbers; papers cited for the first time are added to it.
    """
    result: list[Piece] = []
    for piece in pieces:
        if isinstance(piece, TextPiece):
            result.append(piece)
            continue
        given = [sources[number] for number in piece.numbers if number in sources]
        strange = [number for number in piece.numbers if number not in sources]
        numbers = tuple(dict.fromkeys(numbering.number(paper_id) for paper_id in given))
        unknown = tuple(dict.fromkeys((*strange, *piece.unknown)))
        if piece.lead:
            result.append(TextPiece(piece.lead))
        result.append(CitationPiece(numbers, marker(numbers, unknown=unknown), unknown))
    return result
