"""Read what PubMed saves as "Abstract (text)": paragraphs, told apart by how they look.

Each record begins with its number and the journal; then come the title, the authors, their
affiliations, the abstract, remarks, and last the identifiers. All but the first two and the
identifiers may be missing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING

from rag.sources.base import Confidence, Item, Reader
from rag.sources.document import TooLargeError
from rag.sources.record import Record, to_item

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rag.sources.document import Document, Head

__all__ = ["READER"]

_MAX_PARAGRAPH = 2**20  # characters
_MAX_PARAGRAPHS = 1000
# As in: 1. Small Marrow. 2019 Nov 5;25(11):2186-2196. doi: ...
_START = re.compile(r"(\d{1,7})\. \S.{0,300}?\b(?:1[89]|20)\d\d\b", re.DOTALL)
_CITATION = re.compile(r"\d+\. (\S.*?)\. ((?:1[89]|20)\d\d\b[^;:.]{0,20})")
# As in: Ahmadi IA(1), Petit J(2)(3), van der Berg L Jr; Small Study Group.
_AUTHOR = r"[^\W\d_][^,;()\d]{0,60}? [A-Z]{1,4}(?: (?:Jr|Sr|2nd|3rd|II|III|IV))?(?:\(\d+\)|[*#])*"
_AUTHORS = re.compile(rf"{_AUTHOR}(?:, {_AUTHOR})*(?:, et al)?(?:; .*)?\.?")
_FOOTNOTE = re.compile(r"\(\d+\)|[*#]")
_IDENTIFIER = re.compile(r"\b(DOI|PMCID|PMID): (\S+)")
_AFFILIATIONS = "Author information:"
# What stands around an abstract, and is none of it.
_REMARK = re.compile(
    rf"{_AFFILIATIONS}|Collaborators?:|Copyright\b|©|(?:DOI|PMC?ID): |Conflict of interest"
    r"|(?:Comment|Erratum|Update|Republished|Retraction|Expression of concern|Corrected|Summary)"
    r" (?:in|on|of|for|from|and)\b|Publish(?:ed by|er:) |\[Article in |\[Indexed for "
)


@dataclass(slots=True)
class _Entry:
    """A record: the line that it begins on, its number, and its paragraphs."""

    line: int
    number: int
    paragraphs: list[str] = field(default_factory=list)


def _sniff(head: Head) -> Confidence:
    start = _START.match(head.text.lstrip("\ufeff \n"))
    is_pubmed = start and re.search(r"^PMID: \d", head.text, re.MULTILINE)
    return Confidence.MARKS if is_pubmed else Confidence.NO


def _read(document: Document) -> Iterator[Item]:
    for entry in _entries(document):
        yield to_item(_record(entry.paragraphs), document, f"line {entry.line}")


def _entries(document: Document) -> Iterator[_Entry]:
    entry: _Entry | None = None
    for line, paragraph in _paragraphs(document):
        start = _START.match(paragraph)
        # A list within an abstract has numbers too, but not the next one and a year behind it.
        if start and (entry is None or int(start[1]) == entry.number + 1):
            if entry:
                yield entry
            entry = _Entry(line, int(start[1]))
        if entry:
            entry.paragraphs.append(paragraph)
            if len(entry.paragraphs) > _MAX_PARAGRAPHS:
                reason = f"the record has more than {_MAX_PARAGRAPHS:,} paragraphs"
                raise TooLargeError(reason, place=f"line {entry.line}")
    if entry:
        yield entry


def _paragraphs(document: Document) -> Iterator[tuple[int, str]]:
    """Yield each paragraph on one line, with the number of its first one."""
    lines: list[str] = []
    first = size = 0
    for number, line in enumerate(chain(document.text_lines(), [""]), start=1):
        words = line.strip()
        if words:
            first = first if lines else number
            lines.append(words)
            size += len(words)
            if size > _MAX_PARAGRAPH:
                reason = f"the paragraph is longer than {_MAX_PARAGRAPH >> 20} million characters"
                raise TooLargeError(reason, place=f"line {first}")
        elif lines:
            yield first, " ".join(lines)
            lines, size = [], 0


def _record(paragraphs: list[str]) -> Record:
    first, title, *rest = [*paragraphs, ""][: max(2, len(paragraphs))]
    citation = _CITATION.match(first)
    authors = _authors(rest)
    abstract = [part for part in rest if part != authors and not _REMARK.match(part)]
    identifiers = [pair for part in rest for pair in _IDENTIFIER.findall(part)]
    known = {kind.lower(): value for kind, value in identifiers}
    return Record(
        title=title,
        abstract="\n".join(abstract),
        authors=re.split(r"[,;]", _FOOTNOTE.sub("", authors).removesuffix(".")),
        date=citation[2] if citation else None,
        venue=citation[1] if citation else None,
        ids=known,
        own_id=f"pmid:{known['pmid']}" if "pmid" in known else None,
    )


def _authors(paragraphs: list[str]) -> str:
    """Return the paragraph of the authors; empty when there is none."""
    for part, after in zip(paragraphs[:2], [*paragraphs[1:], ""], strict=False):
        if after.startswith(_AFFILIATIONS) or _AUTHORS.fullmatch(part):
            return part
    return ""


READER = Reader(
    name="pubmed-text",
    label="PubMed's abstracts as text",
    suffixes=(".txt",),
    sniff=_sniff,
    read=_read,
)
