"""Take an answer apart into its sentences, each with the sources it cites.

An answer is Markdown: paragraphs, list items, headings, table rows, code. A marker behind a full
stop belongs to the sentence before it, one at the end of a list item to that item's last sentence,
and one that stands where the subject would ("[2] shows that ...") to the sentence it begins. Where
a paragraph begins with a marker and ends without one, each marker leads what stands before the
next; where a paragraph has none but behind its last full stop, those cover all of it; one in a
table's cell of its own covers the row.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rag.answers.blocks import QUOTED, find_blocks
from rag.text.citations import PlacedMarker, find_markers, without_markers
from rag.text.fences import classify
from rag.text.sentences import sentence_spans

if TYPE_CHECKING:
    from collections.abc import Container, Sequence

    from rag.answers.blocks import Block, BlockKind
    from rag.text.fences import Line

__all__ = ["CitedSentence", "split_claims"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CitedSentence:
    """One sentence of an answer, or a whole block of code.

    Attributes:
        text: Without its markers and Markdown, on one line.
        start: Where it begins in the answer, with its markers and Markdown.
        end: Where it ends: `answer[start:end]`.
        numbers: The sources it cites, each once, in the order given.
        unknown: Numbers marked as standing for no source that was given.
        kind: What it stands in: running text, a list item, a heading, a row of a table, code.
    """

    text: str
    start: int
    end: int
    numbers: tuple[int, ...] = ()
    unknown: tuple[int, ...] = ()
    kind: BlockKind = "prose"


_EMPHASIS = re.compile(
    r"(?<![\w*_~\\])(\*{1,3}|_{1,3}|~~|`+)(?=[^\s*_~`])(.{1,400}?)(?<=\S)\1(?![\w*_~])", re.DOTALL
)
_LINK = re.compile(r"(\[)(?:[^\[\]]|\[[^\[\]]*\])*(\]\(https?://[^\s()]*\))")
# Tags of HTML that part what stands before them from what stands behind.
_PARTING = re.compile(
    r"</?(?:p|br|li|ul|ol|div|h[1-6]|tr|table|section|blockquote|details|summary)\b[^<>\n]{0,80}>",
    re.IGNORECASE,
)
_JOINT = re.compile(r"(?:\s*(?:[,;&]|,?\s*and)\s*)?")
_STOP = re.compile(r"\s*\.\s*")
_SECOND_STOP = re.compile(r"\s*\.(?!\w)")  # of "It is fast. [1]."
# What the removal of markers leaves behind: "(see [1])" becomes "(see )".
_LEFT_OVER = re.compile(r"\s*\(\s*(?:see|see also|cf\.|e\.g\.,?)?[\s,;]*\)|\s+(?=[,;:.!?](?!\w))")
_ENDS_SENTENCE = ".!?:"
_STOPS = ".!?"
# "t-SNE", "word2vec", "mRNA": a name, although it begins in lower case.
_NAME = re.compile(r"[a-z]-|[a-z]+-?[A-Z0-9]")
_LEAD_SIGN = re.compile(r"[ \t\n]*(?:[-:\u2013\u2014][ \t]+)?")


def split_claims(text: str, *, sources: Container[int] | None = None) -> list[CitedSentence]:
    """Return the sentences of an answer, in order, with what each cites.

    Args:
        text: Markdown; fences around prose count for nothing.
        sources: The numbers of the sources, where they are known: mentions of them cite too.

    >>> [(s.text, s.numbers) for s in split_claims("It is fast [1]. It is small. [2][3]")]
    [('It is fast.', (1,)), ('It is small.', (2, 3))]
    """
    # Offsets stay those of the text.
    lines = [_parted(one) for one in classify(text)]
    text = "".join(one.text for one in lines)
    markers = list(find_markers(text, sources=sources))
    sentences: list[CitedSentence] = []
    last = -1  # the place of the last sentence that is no code
    early: list[PlacedMarker] = []
    for block in find_blocks(lines):
        if block.kind == "code":
            sentences.append(_code(text, block))
            continue
        within = [m for m in markers if block.start <= m.start < block.end]
        found = _sentences(text, block, within)
        if found:
            found[0] = (_also_cite if sentences else _cite)(found[0], early)
            early = []
            sentences += found
            last = len(sentences) - 1
        elif last >= 0:
            # Markers alone in their block speak of what stands before it; code is passed over.
            cite = _cite if last == len(sentences) - 1 else _also_cite
            sentences[last] = cite(sentences[last], within)
        else:
            early += within
    return sentences


def _parted(line: Line) -> Line:
    """Blank out a fence of prose, and end lines at tags; the length stays."""
    if line.kind == "mark":
        return line._replace(text=" " * len(line.text))
    if line.kind != "text":
        return line
    return line._replace(text=_PARTING.sub(lambda tag: "\n".ljust(len(tag[0])), line.text))


def _code(text: str, block: Block) -> CitedSentence:
    words = " ".join(text[block.start : block.end].split())
    return CitedSentence(text=words, start=block.start, end=block.end, kind="code")


def _sentences(text: str, block: Block, markers: list[PlacedMarker]) -> list[CitedSentence]:
    shared = [marker for marker in markers if block.is_row and _has_a_cell(text, block, marker)]
    if block.is_row:
        cells = text[block.start : block.end].replace("|", " ")
        text = text[: block.start] + cells + text[block.end :]
    plain = _Plain(text, block, markers)
    if not plain.text.strip():
        return []
    spans = sentence_spans(plain.text, cited=plain.cited)
    own: list[list[PlacedMarker]] = [[] for _ in spans]
    starts = [span.start for span in spans]
    for marker, place in zip(markers, plain.places, strict=True):
        own[max(0, bisect_left(starts, place) - 1)].append(marker)
    subjects = {marker.start for marker in markers}
    found: list[CitedSentence] = []
    for span, cited in zip(spans, own, strict=True):
        kept = [i for i in range(*span) if plain.where[i] not in subjects]
        words = "".join(plain.text[i] for i in kept)
        sentence = CitedSentence(
            text=" ".join(_LEFT_OVER.sub("", words).split()),
            start=plain.where[span.start],
            end=plain.where[span.end - 1] + 1,
            kind=block.kind,
        )
        if plain.lead and not cited and found:
            sentence = replace(sentence, numbers=found[-1].numbers, unknown=found[-1].unknown)
        found.append(_widen(text, _cite(sentence, cited), block))
    if plain.closing:
        found = [_also_cite(sentence, markers) for sentence in found]
    return [_also_cite(sentence, shared) for sentence in found]


def _has_a_cell(text: str, block: Block, marker: PlacedMarker) -> bool:
    """Tell whether a marker stands in a cell of a table that holds nothing else."""
    start = text.rfind("|", block.start, marker.start) + 1 or block.start
    end = text.find("|", marker.end, block.end)
    cell = text[start : marker.start] + text[marker.end : block.end if end < 0 else end]
    return not without_markers(cell).strip(" \t,;&*_")


class _Plain:
    """A block without markers and Markdown.

    Args:
        text: The answer.
        block: Where the block stands in it.
        markers: Those of the block.

    Attributes:
        text: What is left.
        where: For each of its characters, the offset in the answer.
        places: For each marker, a place in the text behind the start of the sentence that it
            belongs to, and not behind that of the next.
        cited: Offsets of full stops that a marker stands at.
        lead: Whether markers stand before what they belong to.
        closing: Whether all markers stand behind the last full stop of running text.
    """

    def __init__(self, text: str, block: Block, markers: Sequence[PlacedMarker]) -> None:
        self._dropped = _markdown(text, block)
        self.text = ""
        self.where: list[int] = []
        self.places: list[int] = []
        self.cited: set[int] = set()
        groups = _groups(text, markers, block.end)
        self.lead = lead = _markers_lead(text, block, groups, self._dropped)
        led: list[int] = []  # the places that lie before the sentence that they belong to
        at = block.start
        closed = block.start  # where the last group ended
        for group in groups:
            # Of "It is fast [1]. [2] It is small [2]." the second marker leads.
            leads = lead or bool(_STOP.fullmatch(text, closed, group[0].start))
            self._add(text, at, group[0].start)
            at = closed = group[-1].end
            after = text[at : block.end]
            second = _SECOND_STOP.match(after) if self.text.rstrip()[-1:] in _STOPS else None
            if _is_subject(self.text, after):
                # Where a sentence begins with its source, the splitter must see a beginning.
                self._insert("X", group[0].start)
            elif leads and not second and self.text.rstrip()[-1:] in _STOPS:
                at += _LEAD_SIGN.match(after).end()  # type: ignore[union-attr] # or nothing
                led += range(len(self.places), len(self.places) + len(group))
            else:
                self._close(group[0].start, after)
                at += second.end() if second else 0
            self.places += [len(self.text)] * len(group)
        self._add(text, at, block.end)
        first = groups[0][0].start if groups else block.end
        self.closing = (
            block.kind == "prose"
            and text[block.start : first].rstrip()[-1:] in {*_STOPS}
            and not without_markers(text[first : block.end]).strip(" \t\n.,;&")
        )
        for index in led:
            rest = self.text[self.places[index] :]
            self.places[index] += len(rest) - len(rest.lstrip()) + 1

    def _add(self, text: str, start: int, end: int) -> None:
        kept = [i for i in range(start, end) if i not in self._dropped]
        self.text += "".join(text[i] for i in kept)
        self.where += kept

    def _insert(self, char: str, at: int) -> None:
        self.text += char
        self.where.append(at)

    def _close(self, at: int, after: str) -> None:
        """Take out markers that stand behind what they belong to."""
        if after[:1].isalnum():
            if self.text and not self.text[-1].isspace():
                self._insert(" ", at)
            return
        self.text = self.text.rstrip()
        del self.where[len(self.text) :]
        stop = len(self.text) - 1 if self.text[-1:] in {*_STOPS} else len(self.text)
        if self.text[-1:] in {*_STOPS} or after[:1] in {*_STOPS}:
            self.cited.add(stop)


def _markers_lead(
    text: str, block: Block, groups: list[list[PlacedMarker]], dropped: set[int]
) -> bool:
    """Tell whether the markers of a block stand before their sentences: "[1] A. [2] B."."""

    def words(start: int, end: int) -> str:
        return "".join(text[i] for i in range(start, end) if i not in dropped).strip()

    if not groups or words(block.start, groups[0][0].start):
        return False
    last = groups[-1]
    ends_with_words = any(char.isalnum() for char in words(last[-1].end, block.end))
    return ends_with_words or words(block.start, last[0].start)[-1:] not in set(_STOPS)


def _groups(text: str, markers: Sequence[PlacedMarker], end: int) -> list[list[PlacedMarker]]:
    """Join the markers that stand together: [1][2], or [1], [2] and [3], or [1]. [2]. [3]."""
    groups: list[list[PlacedMarker]] = []
    for marker in markers:
        if groups and _JOINT.fullmatch(text, groups[-1][-1].end, marker.start):
            groups[-1].append(marker)
        else:
            groups.append([marker])
    joined = groups[:1]
    for group in groups[1:]:
        alone = text[group[-1].end : end].lstrip()[:1] in {"", "."}
        if alone and _STOP.fullmatch(text, joined[-1][-1].end, group[0].start):
            joined[-1] += group
        else:
            joined.append(group)
    return joined


def _is_subject(before: str, after: str) -> bool:
    """Tell whether markers stand for the subject of a sentence that they begin."""
    follows = after.lstrip(" \t\n*_")
    if not follows[:1].islower() or _NAME.match(follows):
        return False
    return not before.strip() or (before[-1].isspace() and before.rstrip()[-1] in _ENDS_SENTENCE)


def _markdown(text: str, block: Block) -> set[int]:
    """Return the offsets of the characters that are Markdown, not words."""
    dropped: set[int] = set()
    todo = [(block.start, block.end)]
    while todo:
        for match in _EMPHASIS.finditer(text, *todo.pop()):
            dropped.update(range(match.start(), match.start(2)), range(match.end(2), match.end()))
            todo.append(match.span(2))
    for match in _LINK.finditer(text, block.start, block.end):
        dropped.update(range(*match.span(1)), range(*match.span(2)))
    line_end = text.find("\n", block.start, block.end)
    while line_end >= 0:
        if quoted := QUOTED.match(text, line_end + 1, block.end):
            dropped.update(range(*quoted.span()))
        line_end = text.find("\n", line_end + 1, block.end)
    return dropped


def _widen(text: str, sentence: CitedSentence, block: Block) -> CitedSentence:
    """Take in the marks of emphasis that touch a sentence."""
    start, end = sentence.start, sentence.end
    while start > block.start and text[start - 1] in "*_~`":
        start -= 1
    while end < block.end and text[end] in "*_~`":
        end += 1
    return replace(sentence, start=start, end=end)


def _cite(sentence: CitedSentence, markers: Sequence[PlacedMarker]) -> CitedSentence:
    """Add the numbers of markers, and the markers to the stretch of the answer."""
    if not markers:
        return sentence
    start, end = min(sentence.start, markers[0].start), max(sentence.end, markers[-1].end)
    return replace(_also_cite(sentence, markers), start=start, end=end)


def _also_cite(sentence: CitedSentence, markers: Sequence[PlacedMarker]) -> CitedSentence:
    """Add the numbers of markers."""
    numbers = [number for marker in markers for number in marker.piece.numbers]
    unknown = [number for marker in markers for number in marker.piece.unknown]
    return replace(
        sentence,
        numbers=tuple(dict.fromkeys((*sentence.numbers, *numbers))),
        unknown=tuple(dict.fromkeys((*sentence.unknown, *unknown))),
    )
