"""Which paper of a library is a record of: the candidates, and the choice among them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rag.index.identity import Strength, Verdict, at_odds, clash, closeness, judge, record_key
from rag.index.parts import BY_HAND, says_the_same
from rag.papers import title_id, title_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rag.index.catalog import Catalog, Entry
    from rag.papers import Paper

__all__ = ["Match", "Shelf", "held_apart"]


@dataclass(frozen=True, slots=True)
class Match:
    """The paper that a record is of.

    Attributes:
        paper: The paper.
        why: Why the record is of it.
        linked: Papers that turn out to be the same one, now that the record links them, and why
            the record is of each.
    """

    paper: Paper
    why: str
    linked: tuple[tuple[Paper, str], ...] = ()


class Shelf:
    """The papers that some records may be of, as they are now.

    Args:
        catalog: What the library holds.
        records: Which papers are looked up: all that share a name or the title with one of them.
    """

    def __init__(self, catalog: Catalog, records: Sequence[Paper]) -> None:
        self._catalog = catalog
        self._papers: dict[str, Paper] = {}
        self._by_name: defaultdict[str, set[str]] = defaultdict(set)
        self._by_title: defaultdict[str, set[str]] = defaultdict(set)
        names = {name for record in records for name in (*record.names, _content_id(record))}
        keys = {title_key(record.title) for record in records} - {""}
        found = [*catalog.by_names(sorted(names)), *catalog.by_title_keys(sorted(keys))]
        self._stored: dict[str, Entry] = {entry.paper.id: entry for entry in found}
        self._changed: dict[str, Paper] = {}
        self._gone: dict[str, Entry] = {}
        for entry in self._stored.values():
            self._show(entry.paper)

    def put(self, paper: Paper) -> None:
        """Add a paper, or what has become of one."""
        self._changed[paper.id] = paper
        self._gone.pop(paper.id, None)
        self._show(paper)

    def _show(self, paper: Paper) -> None:
        self._papers[paper.id] = paper
        for name in paper.names:
            self._by_name[name].add(paper.id)
        if key := title_key(paper.title):
            self._by_title[key].add(paper.id)

    def drop(self, paper_id: str) -> None:
        """Take a paper away that has become one with another."""
        self._papers.pop(paper_id, None)
        self._changed.pop(paper_id, None)
        if paper_id in self._stored:
            self._gone[paper_id] = self._stored[paper_id]

    def changes(self) -> list[tuple[Entry | None, Paper]]:
        """Return the papers that were put here, and what the library holds of each."""
        return [(self._stored.get(one), paper) for one, paper in self._changed.items()]

    def gone(self) -> list[Entry]:
        """Return what the library holds of papers that were taken away."""
        return list(self._gone.values())

    def is_stored(self, paper_id: str) -> bool:
        """Tell whether the library holds a paper, as far as it was looked up."""
        return paper_id in self._stored

    def holds(self, paper_id: str) -> bool:
        """Tell whether an id is taken, here or in the library."""
        return paper_id in self._papers or bool(self._catalog.get([paper_id]))

    def find(self, record: Paper) -> Match | None:
        """Find the paper that a record is of."""
        found = [
            (verdict, paper)
            for paper in self._candidates(record)
            if not _is_barred(record, paper) and (verdict := _judge(record, paper))
        ]
        if len(found) < 2:
            return next((Match(paper, verdict.why) for verdict, paper in found), None)
        # Among several as sure, what is called by an identifier has the better id for all of them.
        found.sort(
            key=lambda one: (
                -one[0].strength,
                not _has_said(record, one[1]),
                -closeness(record, one[1]),
                one[1].id.startswith("title:"),
                one[1].id,
            )
        )
        (verdict, paper), *others = found
        linked: list[tuple[Paper, str]] = []
        for other, rival in others:
            known = [paper, *(one for one, _ in linked)]
            if any(held_apart(rival, one) or at_odds(rival, one) for one in known):
                if verdict.strength <= Strength.AUTHORS and other.strength == verdict.strength:
                    return None  # of which of the two is it? Neither may be overwritten by a guess
            elif verdict.strength < Strength.SAME or other.strength >= Strength.ABSTRACT:
                linked.append((rival, other.why))
        same = [(paper, verdict.why), *linked]
        # The id that people know is that of a paper which the library has already.
        same.sort(key=lambda one: one[0].id not in self._stored)
        return Match(*same[0], tuple(same[1:]))

    def _candidates(self, record: Paper) -> Iterable[Paper]:
        ids = set(self._by_title.get(title_key(record.title), ()))
        for name in (*record.names, _content_id(record)):
            ids |= self._by_name.get(name, set())
        return (self._papers[one] for one in sorted(ids) if one in self._papers)


def held_apart(one: Paper, other: Paper) -> bool:
    """Tell whether a person said that two papers are not one."""
    return _is_listed(one, other) or _is_listed(other, one)


def _is_barred(record: Paper, paper: Paper) -> bool:
    """Tell whether a person said that a record is not of a paper."""
    return bool(paper.history.apart) and record_key(record) in paper.history.apart


def _is_listed(paper: Paper, other: Paper) -> bool:
    apart = set(paper.history.apart)
    return bool(apart) and not apart.isdisjoint(
        {other.id, *(record_key(part.record) for part in other.parts)}
    )


def _judge(record: Paper, paper: Paper) -> Verdict:
    """Judge a record by those that the paper is made of.

    It may agree with one of them and not with another: a person may have merged the two.
    """
    verdicts = []
    for part in paper.parts:
        if says_the_same(part.record, record):
            return Verdict(Strength.SAME, "the same record")
        verdicts.append(judge(record, part.record))
    best = max(verdicts, key=lambda verdict: verdict.strength)
    by_hand = any(part.why == BY_HAND for part in paper.parts)
    return Verdict(Strength.NO) if clash(record, paper) and not by_hand else best


def _has_said(record: Paper, paper: Paper) -> bool:
    """Tell whether the record's source has said something of the paper before, under its id."""
    return any(
        part.record.id == record.id and not set(part.record.sources).isdisjoint(record.sources)
        for part in paper.parts
    )


def _content_id(record: Paper) -> str:
    return title_id(record.title or record.abstract, record.title and record.abstract)
