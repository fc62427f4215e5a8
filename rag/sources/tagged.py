"""Read records whose fields stand on lines that begin with a tag, as reference managers write them.

RIS, MEDLINE, EndNote's tagged text and Web of Science differ in how a tag looks and in what begins
and ends a record. What has no tag goes on with the field above it, blank lines included, as exports
wrap abstracts; outside of a record it is somebody's remark.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rag.sources.document import TooLargeError

if TYPE_CHECKING:
    import re
    from collections.abc import Iterator

    from rag.sources.document import Document

__all__ = ["Syntax", "TaggedRecord", "tagged_records"]

_MAX_RECORD = 4 * 2**20  # characters


@dataclass(frozen=True, slots=True, kw_only=True)
class Syntax:
    """How a format writes its records.

    Attributes:
        tag: What a line begins with that has a tag; its groups are the tag and the value.
        begin: The tag that begins a record.
        end: The tag that ends one, where there is such a tag.
        ignored: Tags that belong to no record.
        begin_is_needed: Whether only that tag begins a record; else any does, after an end.
        blank_ends: Whether a blank line ends a record.
    """

    tag: re.Pattern[str]
    begin: str
    end: str = ""
    ignored: frozenset[str] = frozenset()
    begin_is_needed: bool = True
    blank_ends: bool = False


@dataclass(slots=True)
class TaggedRecord:
    """A record: its first line, and what stands under each tag, wrapped lines included."""

    line: int
    fields: dict[str, list[str]] = field(default_factory=dict)

    def all(self, *tags: str) -> list[str]:
        """Return what stands under the first of some tags that has anything."""
        values = ([v for v in self.fields.get(tag, []) if v.strip()] for tag in tags)
        return next((found for found in values if found), [])

    def first(self, *tags: str) -> str:
        """Return what stands under the first of some tags that has anything; else nothing."""
        return next(iter(self.all(*tags)), "")


def tagged_records(document: Document, syntax: Syntax) -> Iterator[TaggedRecord]:
    """Yield the records of a document.

    Raises:
        TooLargeError: a record has more than 4 million characters.
    """
    record: TaggedRecord | None = None
    values: list[str] = []  # those of the tag that was read last
    size = 0
    for number, raw in enumerate(document.text_lines(), start=1):
        line = raw.rstrip()
        tagged = syntax.tag.fullmatch(line)
        tag = tagged[1].strip() if tagged else ""
        if record is not None and _is_over(tag, line, syntax):
            yield record
            record = None
        if tagged and tag not in {syntax.end, *syntax.ignored}:
            if record is None and (tag == syntax.begin or not syntax.begin_is_needed):
                record, size = TaggedRecord(number), 0
            if record is not None:
                values = record.fields.setdefault(tag, [])
                values.append((tagged[2] or "").strip())
        elif record is not None and values:
            values[-1] += f"\n{line.strip()}"
        size += len(line)
        if record is not None and size > _MAX_RECORD:
            reason = f"the record is longer than {_MAX_RECORD >> 20} million characters"
            raise TooLargeError(reason, place=f"line {record.line}")
    if record is not None:
        yield record


def _is_over(tag: str, line: str, syntax: Syntax) -> bool:
    """Tell whether a line ends the record before it."""
    return tag in {syntax.begin, syntax.end or syntax.begin} or (syntax.blank_ends and not line)
