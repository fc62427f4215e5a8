"""Take an answer apart into its sentences, each with the sources it cites.

An answer is Markdown: paragraphs, list items, headings, table rows, code. A marker behind a full
stop belongs to the sentence before it, one at the end of a list item to that item's last sentence,
and one that stands where the subject would ("[2] shows that ...") to the sentence it begins.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from rag.text.citations import CitationPiece, TextPiece, parse_citations
from rag.text.sentences import Span, sentence_spans

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["BlockKind", "CitedSentence", "split_claims"]

BlockKind: TypeAlias = Literal["prose", "item", "heading", "row"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CitedSentence:
    """One sentence of an answer.

    Attributes:
        text: Without its markers and Markdown, on one line.
        start: Where it begins in the answer, with its markers and Markdown.
        end: Where it ends: `answer[start:end]`.
        numbers: The sources it cites, each once, in the order given.
        unknown: Numbers marked as standing for no source that was given.
        kind: What it stands in: running text, a list item, a heading or a row of a table.
    """

    text: str
    start: int
    end: int
    numbers: tuple[int, ...] = ()
    unknown: tuple[int, ...] = ()
    kind: BlockKind = "prose"


class _Marker(NamedTuple):
    start: int
    end: int
    piece: CitationPiece


class _Block(NamedTuple):
    start: int
    end: int
    kind: BlockKind


_FENCE = re.compile(r"[ \t>]*(`{3,}(?!.*`)|~{3,})")
_RULE = re.compile(r"\s*(?:([-*_])(?:[ \t]*\1){2,}|=+)\s*")
_HEADING = re.compile(r"[ ]{0,3}#{1,6}[ \t]+")
# A whole line in bold is a heading, unless it is long or ends like a sentence.
_BOLD_LINE = re.compile(r"[ \t]*(\*\*|__)[^*_\[]{1,80}(?<![.!?])\1:?[ \t]*")
_ITEM = re.compile(r"[ \t>]*(?:[-*+•]|\d{1,3}[.)])[ \t]+(?:\[[ xX]\][ \t]+)?")
_ROW = re.compile(r"[ \t>]*\|.*\|[ \t]*")
_ROW_RULE = re.compile(r"[ \t>]*\|(?:[ \t]*:?-+:?[ \t]*\|)+[ \t]*")
_QUOTED = re.compile(r"[ \t]*(?:>[ \t]?)+")

_EMPHASIS = re.compile(
    r"(?<![\w*_~\\])(\*{1,3}|_{1,3}|~~|`+)(?=[^\s*_~`])(.{1,400}?)(?<=\S)\1(?![\w*_~])", re.DOTALL
)
_LINK = re.compile(r"(\[)[^\[\]]*(\]\(https?://[^\s()]*\))")
_JOINT = re.compile(r"(?:\s*(?:[,;&]|,?\s*and)\s*)?")
# What the removal of markers leaves behind: "(see [1])" becomes "(see )".
_LEFT_OVER = re.compile(r"\s*\(\s*(?:see|see also|cf\.|e\.g\.,?)?[\s,;]*\)|\s+(?=[,;:.!?](?!\w))")
_ENDS_SENTENCE = ".!?:"


def split_claims(text: str) -> list[CitedSentence]:
    """Return the sentences of an answer, in order, with what each cites.

    >>> [(s.text, s.numbers) for s in split_claims("It is fast [1]. It is small. [2][3]")]
    [('It is fast.', (1,)), ('It is small.', (2, 3))]
    """
    markers = _markers(text)
    sentences: list[CitedSentence] = []
    early: list[_Marker] = []
    for block in _blocks(text):
        within = [m for m in markers if block.start <= m.start < block.end]
        found = _sentences(text, block, within)
        if found:
            found[0] = _cite(found[0], early)
            early = []
        elif sentences:
            # Markers alone in their block speak of what stands before it.
            sentences[-1] = _cite(sentences[-1], within)
        else:
            early += within
        sentences += found
    return sentences


def _markers(text: str) -> list[_Marker]:
    markers: list[_Marker] = []
    at = 0
    for piece in parse_citations(text):
        if isinstance(piece, TextPiece):
            at += len(piece.text)
        else:
            markers.append(_Marker(at, at + len(piece.raw), piece))
            at += len(piece.raw)
    return markers


def _blocks(text: str) -> Iterator[_Block]:
    """Yield paragraphs, items, headings and rows, each without what marks it as one."""
    block: _Block | None = None
    for (start, line), (_, following) in pairwise([*_lines(text), (len(text), "")]):
        end = start + len(line)
        begun = _begin(line, following)
        if line and begun is None and block and block.kind in {"prose", "item"}:
            block = block._replace(end=end)
            continue
        if block:
            yield block
        skip, kind = begun or (_length(_QUOTED, line), "prose")
        block = _Block(start + skip, end, kind) if line else None
    if block:
        yield block


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield each line with its offset, as an empty one where it holds code or only divides."""
    at = 0
    fence = ""
    for line in text.splitlines(keepends=True):
        body = line.rstrip()
        mark = _FENCE.match(body)
        is_code = bool(fence or mark)
        if mark and (not fence or mark[1].startswith(fence)):
            fence = "" if fence else mark[1]
        divides = not body.strip(" \t>") or _RULE.fullmatch(body)
        yield at, "" if is_code or divides else body
        at += len(line)


def _begin(line: str, following: str) -> tuple[int, BlockKind] | None:
    """Return how many characters mark what a line begins, and what; None for running text."""
    if skip := _length(_HEADING, line):
        return skip, "heading"
    if _BOLD_LINE.fullmatch(line):
        return 0, "heading"
    if skip := _length(_ITEM, line):
        return skip, "item"
    if _ROW_RULE.fullmatch(line):
        return len(line), "row"
    if not _ROW.fullmatch(line):
        return None
    return 0, "heading" if _ROW_RULE.fullmatch(following) else "row"


def _length(pattern: re.Pattern[str], line: str) -> int:
    match = pattern.match(line)
    return match.end() if match else 0


def _sentences(text: str, block: _Block, markers: list[_Marker]) -> list[CitedSentence]:
    plain, where, places = _plain(text, block, markers)
    if not plain.strip():
        return []
    one_piece = block.kind in {"heading", "row"}
    whole = Span(len(plain) - len(plain.lstrip()), len(plain.rstrip()))
    spans = [whole] if one_piece else sentence_spans(plain)
    own: list[list[_Marker]] = [[] for _ in spans]
    starts = [span.start for span in spans]
    for marker, place in zip(markers, places, strict=True):
        own[max(0, bisect_left(starts, place) - 1)].append(marker)
    subjects = {marker.start for marker in markers}
    sentences: list[CitedSentence] = []
    for span, cited in zip(spans, own, strict=True):
        kept = [(plain[i], where[i]) for i in range(*span) if where[i] not in subjects]
        words = " ".join(_LEFT_OVER.sub("", "".join(char for char, _ in kept)).split())
        sentence = CitedSentence(
            text=words, start=where[span.start], end=where[span.end - 1] + 1, kind=block.kind
        )
        sentences.append(_widen(text, _cite(sentence, cited), block))
    return sentences


def _plain(text: str, block: _Block, markers: list[_Marker]) -> tuple[str, list[int], list[int]]:
    """Return a block without markers and Markdown.

    With it come, for each of its characters, the offset in the answer, and for each marker the
    first place in the plain text that lies behind it.
    """
    dropped = _markdown(text, block)
    chars: list[str] = []
    where: list[int] = []
    places: list[int] = []
    at = block.start
    for group in _groups(text, markers):
        kept = [i for i in range(at, group[0].start) if i not in dropped]
        chars += [text[i] for i in kept]
        where += kept
        at = group[-1].end
        if _is_subject("".join(chars[-4:]), text[at : block.end]):
            # Where a sentence begins with its source, the splitter must see a beginning.
            chars.append("X")
            where.append(group[0].start)
        elif not text[at : at + 1].isalnum():
            while chars and chars[-1].isspace():
                chars.pop()
                where.pop()
        elif chars and not chars[-1].isspace():
            chars.append(" ")
            where.append(group[0].start)
        places += [len(chars)] * len(group)
    rest = [i for i in range(at, block.end) if i not in dropped]
    return "".join([*chars, *(text[i] for i in rest)]), [*where, *rest], places


def _groups(text: str, markers: list[_Marker]) -> list[list[_Marker]]:
    """Join the markers that stand together: [1][2], or [1], [2] and [3]."""
    groups: list[list[_Marker]] = []
    for marker in markers:
        if groups and _JOINT.fullmatch(text, groups[-1][-1].end, marker.start):
            groups[-1].append(marker)
        else:
            groups.append([marker])
    return groups


def _is_subject(before: str, after: str) -> bool:
    """Tell whether markers stand for the subject of a sentence that they begin."""
    if not after.lstrip(" \t\n*_")[:1].islower():
        return False
    return not before.strip() or (before[-1].isspace() and before.rstrip()[-1] in _ENDS_SENTENCE)


def _markdown(text: str, block: _Block) -> set[int]:
    """Return the offsets of the characters that are Markdown, not words."""
    dropped: set[int] = set()
    todo = [(block.start, block.end)]
    while todo:
        for match in _EMPHASIS.finditer(text, *todo.pop()):
            dropped.update(range(match.start(), match.start(2)), range(match.end(2), match.end()))
            todo.append(match.span(2))
    for match in _LINK.finditer(text, block.start, block.end):
        dropped.update(range(*match.span(1)), range(*match.span(2)))
    if _ROW.fullmatch(text, block.start, block.end):
        dropped.update(i for i in range(block.start, block.end) if text[i] == "|")
    line_end = text.find("\n", block.start, block.end)
    while line_end >= 0:
        if quoted := _QUOTED.match(text, line_end + 1, block.end):
            dropped.update(range(*quoted.span()))
        line_end = text.find("\n", line_end + 1, block.end)
    return dropped


def _widen(text: str, sentence: CitedSentence, block: _Block) -> CitedSentence:
    """Take in the marks of emphasis that touch a sentence."""
    start, end = sentence.start, sentence.end
    while start > block.start and text[start - 1] in "*_~`":
        start -= 1
    while end < block.end and text[end] in "*_~`":
        end += 1
    return replace(sentence, start=start, end=end)


def _cite(sentence: CitedSentence, markers: list[_Marker]) -> CitedSentence:
    if not markers:
        return sentence
    numbers = [number for marker in markers for number in marker.piece.numbers]
    unknown = [number for marker in markers for number in marker.piece.unknown]
    return replace(
        sentence,
        start=min(sentence.start, markers[0].start),
        end=max(sentence.end, markers[-1].end),
        numbers=tuple(dict.fromkeys((*sentence.numbers, *numbers))),
        unknown=tuple(dict.fromkeys((*sentence.unknown, *unknown))),
    )
