"""Read the lists of papers that `rag export --format markdown` writes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rag.sources.base import Confidence, Item, Reader
from rag.sources.document import TooLargeError
from rag.sources.facts import FACTS, fact_record
from rag.sources.record import to_item
from rag.text.markdown import PAPERS_MARK, from_markdown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rag.sources.document import Document, Head

__all__ = ["READER"]

_FACT = re.compile(r"[-*] ([A-Z][a-z ]+): (.*)")
_LINK = re.compile(r"[-*] \[[^\[\]]*\]\(\S*\)")
_MAX_PAPER = 4 * 2**20  # characters


def _sniff(head: Head) -> Confidence:
    is_ours = head.text.lstrip("\ufeff \n").startswith(PAPERS_MARK)
    return Confidence.SIGNATURE if is_ours else Confidence.NO


def _read(document: Document) -> Iterator[Item]:
    for first, lines in _papers(document):
        title = from_markdown(lines[0].removeprefix("##").strip())
        facts: dict[str, str] = {}
        words: list[str] = []
        for line in lines[1:]:
            fact = None if words else _FACT.fullmatch(line)
            if fact and fact[1] in FACTS:
                facts[fact[1]] = from_markdown(fact[2])
            elif line and (words or not _LINK.fullmatch(line)):
                words.append(line)
        record = fact_record(title, from_markdown(" ".join(words)), facts)
        yield to_item(record, document, f"line {first}")


def _papers(document: Document) -> Iterator[tuple[int, list[str]]]:
    """Yield the lines of each paper with the number of the first, its heading."""
    lines: list[str] = []
    first = size = 0
    for number, raw in enumerate(document.text_lines(), start=1):
        line = raw.strip()
        if re.match(r"##(?: |$)", line):
            if lines:
                yield first, lines
            lines, first, size = [], number, 0
        if lines or first == number:
            lines.append(line)
            size += len(line)
            if size > _MAX_PAPER:
                reason = f"the paper is longer than {_MAX_PAPER >> 20} million characters"
                raise TooLargeError(reason, place=f"line {first}")
    if lines:
        yield first, lines


READER = Reader(
    name="markdown",
    label="papers that `rag export` wrote as Markdown",
    suffixes=(".md", ".markdown"),
    sniff=_sniff,
    read=_read,
)
