"""A paper and the records that it is made of: how one is put together, extended, and taken apart.

The paper is worked out from its records by one rule, so that it can be taken apart again, and a
record that its source has changed takes the place of the one before.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import reduce
from typing import TYPE_CHECKING

from rag.papers import History, Paper, Part, merge, renew, title_id, title_key

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["BY_HAND", "Extended", "assemble", "extend", "free_id", "says_the_same"]

BY_HAND = "merged by hand"  # why a record is one of a paper: a person said so


def assemble(paper_id: str, parts: Sequence[Part], apart: Sequence[str] = ()) -> Paper:
    """Make a paper of its records.

    Args:
        paper_id: What it is called.
        parts: Its records in the order in which they came, at least one.
        apart: What a person said are other papers.
    """
    if len(parts) == 1 and parts[0].record.id == paper_id:
        return replace(parts[0].record, history=History((), tuple(sorted(set(apart)))))
    # What has an identifier comes from who keeps the record; what has none was typed or scraped.
    ranked = sorted((part.record for part in parts), key=lambda record: not record.identifiers)
    merged = reduce(merge, ranked)
    named = {paper_id, f"doi:{merged.doi}", f"arxiv:{merged.arxiv_id}"}
    return replace(
        merged,
        id=paper_id,
        other_ids=tuple(sorted({*merged.names} - named)),
        history=History(tuple(parts), tuple(sorted(set(apart)))),
    )


@dataclass(frozen=True, slots=True)
class Extended:
    """What became of a paper that a record was taken into.

    Attributes:
        paper: The paper.
        record: The record as the paper has it now.
        on_top: Whether it is one more than before.
    """

    paper: Paper
    record: Paper
    on_top: bool = False


def extend(paper: Paper, record: Paper, why: str, is_new: Callable[[Paper], bool]) -> Extended:
    """Take a record into a paper.

    Args:
        paper: The paper.
        record: One of its records, as it was read now.
        why: Why it is one of them.
        is_new: Says of a record of the paper that it wasn't read in this call yet: where its source
            has changed it, the one that was read now takes its place.
    """
    parts = list(paper.parts)
    for index, part in enumerate(parts):
        if says_the_same(part.record, record):
            sources = tuple(sorted({*part.record.sources, *record.sources}))
            if sources == part.record.sources:
                return Extended(paper, part.record)
            parts[index] = Part(replace(part.record, sources=sources), part.why)
            return Extended(_again(paper, parts), parts[index].record)
    known = _known_as(record, parts, is_new)
    if known is None:
        return Extended(_again(paper, [*parts, Part(record, why)]), record, on_top=True)
    part = parts[known]
    fresh = replace(renew(part.record, record), sources=part.record.sources)
    if says_the_same(fresh, part.record):
        return Extended(paper, part.record)
    others = {*part.record.sources} - {*record.sources}
    if others:  # which still say what they said
        parts[known] = Part(replace(part.record, sources=tuple(sorted(others))), part.why)
        return Extended(_again(paper, [*parts, Part(record, why)]), record)
    parts[known] = Part(fresh, part.why)
    return Extended(_again(paper, parts), fresh)


def _again(paper: Paper, parts: Sequence[Part]) -> Paper:
    return assemble(paper.id, parts, paper.history.apart)


def says_the_same(one: Paper, other: Paper) -> bool:
    """Tell whether two records say the same, wherever they were read."""
    return replace(one, sources=other.sources) == other


def free_id(record: Paper, is_taken: Callable[[str], bool]) -> str:
    """Return an id for the paper of a record whose own one may be another paper's."""
    title, abstract = record.title or record.abstract, record.title and record.abstract
    if not is_taken(record.id):
        return record.id
    named = title_id(title, abstract)
    beginning = title_key(abstract)
    # Papers that only differ in authors or year share even this.
    stated = " ".join((*record.authors, str(record.year or ""), *record.identifiers))
    number = 0
    while is_taken(named):
        number += 1
        named = title_id(title, f"{number} {stated} {beginning}")
    return named


def _known_as(record: Paper, parts: Sequence[Part], is_new: Callable[[Paper], bool]) -> int | None:
    """Find the record that a source said before what it says now."""
    if len(record.sources) != 1:
        return None  # not as it was read: a library put it together
    found = [
        index
        for index, part in enumerate(parts)
        if set(record.sources) <= set(part.record.sources) and is_new(part.record)
    ]
    same_id = (index for index in found if parts[index].record.id == record.id)
    same_title = (index for index in found if _is_bare_twin(parts[index].record, record))
    return next(same_id, next(same_title, None))


def _is_bare_twin(known: Paper, record: Paper) -> bool:
    either_is_bare = not known.identifiers or not record.identifiers
    return either_is_bare and title_key(known.title) == title_key(record.title)
