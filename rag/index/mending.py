"""What was merged, what may be a duplicate, and how a person mends either.

What a person decides is stored with the papers: a merged paper has the records of both, and papers
that were split list each other. Adding the same sources again changes neither.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

from rag.errors import LibraryError, PaperNotFoundError
from rag.index.identity import differ, is_likely, judge, record_key
from rag.index.matching import held_apart
from rag.index.parts import BY_HAND, assemble, free_id
from rag.index.sync import store_changes
from rag.papers import Paper, Part, find_identifier

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rag.index.catalog import Catalog, Entry
    from rag.index.paper_index import PaperIndex
    from rag.models.embedder import Embedder

__all__ = ["Duplicates", "Likely", "Merged", "find_duplicates", "merge_papers", "split_paper"]

_LISTED = 1000  # likely duplicates
_GROUP = 20  # papers of one title that are compared with each other


@dataclass(frozen=True, slots=True)
class Merged:
    """A paper that was read in several places or forms.

    Attributes:
        paper: The paper.
        parts: Its records, each with why it is one of them.
    """

    paper: Paper
    parts: tuple[Part, ...]

    def has_other_abstract(self, part: Part) -> bool:
        """Tell whether a record's abstract says other things than the one that is shown."""
        return differ(part.record.abstract, self.paper.abstract)

    def as_dict(self) -> dict[str, Any]:
        """Return the fields as plain values, ready for JSON."""
        records = [
            {
                "record": part.record.as_dict(),
                "why": part.why,
                "other_abstract": self.has_other_abstract(part),
            }
            for part in self.parts
        ]
        return {"id": self.paper.id, "title": self.paper.title, "records": records}


@dataclass(frozen=True, slots=True)
class Likely:
    """Two papers that may be one.

    Attributes:
        papers: The two.
        why: What speaks for one paper, and what kept them apart.
    """

    papers: tuple[Paper, Paper]
    why: str

    def as_dict(self) -> dict[str, Any]:
        """Return the fields as plain values, ready for JSON."""
        return {"papers": [paper.as_dict() for paper in self.papers], "why": self.why}


@dataclass(frozen=True, slots=True)
class Duplicates:
    """What was merged in a library, and what may have to be.

    Attributes:
        merged: Papers that were read in several places or forms, in order of id.
        likely: Pairs of papers that may be one and were not merged: the first 1,000.
    """

    merged: list[Merged]
    likely: list[Likely]

    def first(self, count: int) -> Duplicates:
        """Return the first of either."""
        return Duplicates(self.merged[:count], self.likely[:count])

    def as_dict(self) -> dict[str, Any]:
        """Return the fields as plain values, ready for JSON."""
        return {
            "merged": [one.as_dict() for one in self.merged],
            "likely": [one.as_dict() for one in self.likely],
        }


def find_duplicates(catalog: Catalog) -> Duplicates:
    """List what was merged, and what may be a duplicate."""
    merged = [Merged(entry.paper, entry.paper.parts) for entry in catalog.merged()]
    likely: dict[tuple[str, str], Likely] = {}
    for pair in _pairs(catalog):
        ids = (pair[0].id, pair[1].id)
        if ids not in likely and not held_apart(*pair) and (why := _likely(*pair)):
            likely[ids] = Likely(pair, why)
            if len(likely) == _LISTED:
                break
    return Duplicates(merged, list(likely.values()))


def _pairs(catalog: Catalog) -> Iterator[tuple[Paper, Paper]]:
    for ids in (*catalog.sharing("name"), *catalog.sharing("title")):
        found = catalog.get(ids[:_GROUP])
        yield from combinations([found[one].paper for one in ids if one in found], 2)


def _likely(one: Paper, other: Paper) -> str:
    """Say why two papers may be one; empty when hardly anything speaks for it."""
    verdicts = [judge(a.record, b.record) for a in one.parts for b in other.parts]
    best = max(verdicts, key=lambda verdict: (verdict.strength, bool(verdict.why)))
    return best.why if best or is_likely(one, other) else ""


def merge_papers(ids: Sequence[str], index: PaperIndex, embedder: Embedder) -> Paper:
    """Make one paper of several, and return it; it keeps the id of the first.

    Args:
        ids: At least two papers of the index.
        index: The index, within `index.writing()`.
        embedder: What the chunks are embedded with.

    Raises:
        LibraryError: two of them are one paper already.
    """
    if len(set(ids)) < max(2, len(ids)):
        raise LibraryError(
            f"There are not two papers to merge: {', '.join(sorted(set(ids)))}.",
            hint="Name two by ids of their own, as listed by: rag papers --duplicates",
        )
    stored = index.catalog.get(ids)
    papers = [_paper(one, stored) for one in ids]
    first, *others = papers
    parts = [*first.parts]
    for other in others:
        head, *rest = other.parts
        parts += [Part(head.record, BY_HAND), *rest]
    ours = {paper.id for paper in papers} | {record_key(part.record) for part in parts}
    apart = {one for paper in papers for one in paper.history.apart} - ours
    merged = assemble(first.id, parts, sorted(apart))
    gone = [stored[paper.id] for paper in others]
    store_changes([(stored[first.id], merged)], gone, index, embedder)
    return merged


def _paper(paper_id: str, stored: dict[str, Entry]) -> Paper:
    if paper_id not in stored:  # another process has removed it
        raise PaperNotFoundError(
            f"There is no paper {paper_id!r} in the library any more.",
            hint="List all ids with: rag papers",
        )
    return stored[paper_id].paper


def split_paper(
    paper_id: str, names: Sequence[str], index: PaperIndex, embedder: Embedder
) -> list[Paper]:
    """Make several papers of one, and return them, the one that keeps the id first.

    Args:
        paper_id: A paper of the index.
        names: Which of its records become a paper of their own: ids, identifiers or sources; each
            record does when none is named.
        index: The index, within `index.writing()`.
        embedder: What the chunks are embedded with.

    Raises:
        LibraryError: it has but one record, or the names stand for all or none of them.
    """
    stored = index.catalog.get([paper_id])
    paper = _paper(paper_id, stored)
    groups = _groups(paper, names)
    # Who is called what the paper is keeps the name.
    groups.sort(key=lambda group: paper.id not in {part.record.id for part in group})
    ids = [paper.id]
    for group in groups[1:]:
        ids.append(_new_id(group, ids, index.catalog))
    keys = [{record_key(part.record) for part in group} for group in groups]
    made = []
    for index_of, group in enumerate(groups):
        ours = keys[index_of]
        theirs = set().union(*keys, ids) - ours - {ids[index_of]}
        first, *rest = group
        parts = [Part(first.record), *rest]
        made.append(assemble(ids[index_of], parts, [*paper.history.apart, *theirs]))
    # What is new comes first: cut off in between, a record is in two papers, and none is lost.
    store_changes([(None, one) for one in made[1:]], [], index, embedder)
    store_changes([(stored[paper.id], made[0])], [], index, embedder)
    return made


def _groups(paper: Paper, names: Sequence[str]) -> list[list[Part]]:
    """Return the records that stay, and those that go."""
    if len(paper.parts) == 1:
        raise LibraryError(
            f"{paper.id} is made of one record, which all its sources share.",
            hint="What was merged is listed by: rag papers --duplicates",
        )
    if not names:
        return [[part] for part in paper.parts]
    named: set[int] = set()
    for name in names:
        called = {name, find_identifier(name) or name}
        found = {
            place
            for place, part in enumerate(paper.parts)
            if not called.isdisjoint({*part.record.names, *part.record.sources})
        }
        if not found:
            known = ", ".join(part.record.id for part in paper.parts)
            raise PaperNotFoundError(
                f"No record of {paper.id} is called {name!r}.", hint=f"There are: {known}"
            )
        named |= found
    if len(named) == len(paper.parts):
        sources = ", ".join(source for part in paper.parts for source in part.record.sources)
        raise LibraryError(
            f"All records of {paper.id} are called so.",
            hint=f"Name one by its source ({sources}), or none to make each a paper.",
        )
    parts = list(enumerate(paper.parts))
    return [[part for place, part in parts if (place in named) is goes] for goes in (False, True)]


def _new_id(group: Sequence[Part], taken: Sequence[str], catalog: Catalog) -> str:
    def is_taken(paper_id: str) -> bool:
        return paper_id in taken or bool(catalog.get([paper_id]))

    own = [part.record.id for part in group]
    free = [one for one in own if not is_taken(one)]
    best = min(free, key=lambda one: one.startswith("title:"), default=None)
    return best or free_id(group[0].record, is_taken)
