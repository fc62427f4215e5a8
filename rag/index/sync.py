"""Bring papers into the index: embed what is new or changed, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

from rag.index.catalog import Entry
from rag.index.encoding import encode_in_steps, keep_tokens
from rag.index.identity import differ
from rag.index.matching import Shelf
from rag.index.paper_index import chunk_ids
from rag.index.parts import assemble, extend, free_id
from rag.papers import History, Part
from rag.sources.base import Rejection, Unread

if TYPE_CHECKING:
    from rag.index.encoding import EncodedPaper
    from rag.index.matching import Match
    from rag.index.paper_index import PaperIndex
    from rag.models.embedder import Embedder
    from rag.papers import Paper
    from rag.sources.base import Item

__all__ = [
    "AddReport",
    "Difference",
    "Observer",
    "Progress",
    "add_papers",
    "store_changes",
]

Progress: TypeAlias = Callable[[int], None]  # called with how many papers have been read so far
# Called with each paper that comes in or changes: how it was, if it was there, and how it is now.
Observer: TypeAlias = "Callable[[Paper | None, Paper], None]"

_BATCH = 256  # papers that are looked up together
_LISTED = 1000  # rejections that a report lists


@dataclass(frozen=True, slots=True)
class Difference:
    """A record that was merged into a paper although its abstract is a different one.

    Attributes:
        id: The paper's.
        title: The record's.
        source: Where the record was read.
        why: Why it is taken for one of the paper.
    """

    id: str
    title: str
    source: str
    why: str


@dataclass(slots=True)
class AddReport:
    """What came of adding sources.

    Attributes:
        read: Records that were read as papers.
        added: Papers that the library did not have.
        updated: Papers of which something changed.
        unchanged: Papers that were there already, the same.
        duplicates: Records of a paper that the same call had already met.
        rejected: What could not be read or taken, with source, place and reason: the first 1,000,
            and the first 1,000 of those behind them that tell of a document that wasn't read on.
        rejected_more: How many more there were.
        differing: What was merged although the abstracts differ: the first 1,000.
        differing_more: How many more there were.
        notes: What else to know, such as that a search has more papers than were read.
    """

    read: int = 0
    added: int = 0
    updated: int = 0
    unchanged: int = 0
    duplicates: int = 0
    rejected: list[Rejection] = field(default_factory=list)
    rejected_more: int = 0
    differing: list[Difference] = field(default_factory=list)
    differing_more: int = 0
    notes: list[str] = field(default_factory=list)

    def note(self, difference: Difference) -> None:
        """Note what was merged although the abstracts differ, or count it where many are noted."""
        if len(self.differing) < _LISTED:
            self.differing.append(difference)
        else:
            self.differing_more += 1

    @property
    def differing_count(self) -> int:
        """How many records were merged whose abstract is a different one, listed or not."""
        return len(self.differing) + self.differing_more

    def reject(self, rejection: Rejection) -> None:
        """Note what was rejected, or count it where a whole file of it has been noted.

        What was not read at all is told also behind many records that were rejected.
        """
        if len(self.rejected) < _LISTED * (1 + isinstance(rejection, Unread)):
            self.rejected.append(rejection)
        else:
            self.rejected_more += 1

    @property
    def rejected_count(self) -> int:
        """How many records and sources were rejected, listed or not."""
        return len(self.rejected) + self.rejected_more

    def summary(self) -> str:
        """Say the counts; of what is none, only `read` and `added`."""
        always = {"read": self.read, "added": self.added}
        others = {
            "updated": self.updated,
            "unchanged": self.unchanged,
            "duplicates": self.duplicates,
            "rejected": self.rejected_count,
        }
        counts = always | {name: count for name, count in others.items() if count}
        return ", ".join(f"{count:,} {name}" for name, count in counts.items()) + "."

    def as_dict(self) -> dict[str, Any]:
        """Return the fields as plain values, ready for JSON."""
        return asdict(self)


@dataclass(slots=True)
class _Change:
    """A paper that is to be stored: how it is in the index now, and how it should be."""

    before: Entry | None
    paper: Paper


def add_papers(
    items: Iterable[Item],
    index: PaperIndex,
    embedder: Embedder,
    *,
    progress: Progress | None = None,
    report: AddReport | None = None,
    observe: Observer | None = None,
    dry_run: bool = False,
) -> AddReport:
    """Add papers to an index that is held for writing.

    What has been encoded is stored a second later, so a call that is cut off loses next to nothing
    and goes on from there when it is made again.

    Args:
        items: Papers, and what could not be read as one.
        index: The index, within `index.writing()`.
        embedder: What the chunks are embedded with.
        progress: Called now and then with how many papers have been read.
        report: What has come of it so far; None for nothing.
        observe: Told of each paper that comes in or changes.
        dry_run: Find out what would come of it, and store nothing; the index need not be held.
    """
    report = report or AddReport()
    run = _Run(index, embedder, report, observe=observe, dry_run=dry_run)
    batch: list[Paper] = []
    for item in items:
        if isinstance(item, Rejection):
            report.reject(item)
            continue
        report.read += 1
        batch.append(item)
        if len(batch) == _BATCH:
            run.take(batch)
            batch = []
            if progress:
                progress(report.read)
    run.take(batch)
    if progress:
        progress(report.read)
    return report


class _Run:
    """One call of `add_papers`: knows which papers and records it has met."""

    def __init__(
        self,
        index: PaperIndex,
        embedder: Embedder,
        report: AddReport,
        *,
        observe: Observer | None,
        dry_run: bool,
    ) -> None:
        self._index = index
        self._embedder = embedder
        self._report = report
        self._observe = observe
        self._dry_run = dry_run
        self._met: set[str] = set()
        self._added: set[str] = set()
        self._read: set[int] = set()  # hashes: the records themselves would fill the memory

    def take(self, records: list[Paper]) -> None:
        """Sort out which papers the records are of, and store those that are new or changed."""
        shelf = Shelf(self._index.catalog, records)
        for record in records:
            self._sort_in(record, shelf)
        changes = list(shelf.changes())
        if not self._dry_run:
            store_changes(changes, shelf.gone(), self._index, self._embedder)
        if self._observe:
            for before, paper in changes:
                if _differs(_Change(before, paper)):
                    self._observe(before.paper if before else None, paper)

    def _sort_in(self, record: Paper, shelf: Shelf) -> None:
        match = shelf.find(record)
        if match is None:
            paper = _begin(record, free_id(record, shelf.holds))
            self._report.added += 1
            self._added.add(paper.id)
        else:
            record = replace(record, history=History())
            joined = self._join(match, shelf)
            known = extend(joined, record, match.why, partial(self._is_unread, record))
            if known.on_top:
                self._report_difference(joined, record, match.why)
            elif known.paper is not joined and differ(record.abstract, known.paper.abstract):
                self._note_difference(joined, record, match.why)
            self._count(match.paper, known.paper)
            paper = self._named(known.paper, record, shelf, had_title=bool(joined.title))
            record = replace(known.record, sources=record.sources)
        self._met.add(paper.id)
        self._read.update(_marks(record, record.sources))
        shelf.put(paper)

    def _join(self, match: Match, shelf: Shelf) -> Paper:
        """Make one paper of those that a record links."""
        paper = match.paper
        for linked, why in match.linked:
            first, *rest = linked.parts
            self._report_difference(paper, linked, why)
            paper = assemble(
                paper.id,
                [*paper.parts, Part(first.record, why), *rest],
                [*paper.history.apart, *linked.history.apart],
            )
            shelf.drop(linked.id)
            if linked.id in self._added:  # only now it turns out that it was no new paper
                self._added.discard(linked.id)
                self._report.added -= 1
                self._report.duplicates += 1
        return paper

    def _count(self, before: Paper, after: Paper) -> None:
        if before.id in self._met:
            self._report.duplicates += 1
        elif after == before:
            self._report.unchanged += 1
        else:
            self._report.updated += 1

    def _named(self, paper: Paper, record: Paper, shelf: Shelf, *, had_title: bool) -> Paper:
        """Give a paper that isn't stored yet the better id of a record of it."""
        is_bare = record.id.startswith("title:") and had_title
        if (
            is_bare
            or not paper.id.startswith("title:")
            or shelf.is_stored(paper.id)
            or shelf.holds(record.id)
        ):
            return paper
        shelf.drop(paper.id)
        self._met.discard(paper.id)
        self._added.discard(paper.id)
        self._added.add(record.id)
        return assemble(record.id, paper.parts, paper.history.apart)

    def _report_difference(self, paper: Paper, record: Paper, why: str) -> None:
        """Report what becomes part of a paper although its abstract is none of the paper's."""
        known = [part.record.abstract for part in paper.parts if part.record.abstract]
        if known and all(differ(record.abstract, one) for one in known):
            self._note_difference(paper, record, why)

    def _note_difference(self, paper: Paper, record: Paper, why: str) -> None:
        self._report.note(Difference(paper.id, record.title, ", ".join(record.sources), why))

    def _is_unread(self, record: Paper, known: Paper) -> bool:
        """Tell whether what a record's source said before was not read in this call."""
        return self._read.isdisjoint(_marks(known, record.sources))


def store_changes(
    papers: Iterable[tuple[Entry | None, Paper]],
    gone: Sequence[Entry],
    index: PaperIndex,
    embedder: Embedder,
) -> None:
    """Store papers, as far as they differ from what is stored, and remove others.

    Args:
        papers: Each with what the index holds of it.
        gone: What the index holds of papers that have become part of others.
        index: The index, within `index.writing()`.
        embedder: What new text is embedded with.
    """
    changes = [change for change in (_Change(*one) for one in papers) if _differs(change)]
    if changes:
        _write(changes, index, embedder)
    if gone:  # not before the papers that have taken them in are stored
        index.remove(gone)


def _write(changes: list[_Change], index: PaperIndex, embedder: Embedder) -> None:
    same_text = [c for c in changes if c.before and _same_content(c.before.paper, c.paper)]
    embedded = [c.paper for c in changes if c not in same_text]
    if same_text:
        with index.step() as revision:
            index.put([_update_metadata(one, index, revision) for one in same_text])
    for encoded in encode_in_steps(embedded, embedder):
        with index.step() as revision:
            _store(encoded, index, embedder, revision)


def _store(
    encoded: list[EncodedPaper], index: PaperIndex, embedder: Embedder, revision: int
) -> None:
    before = index.catalog.chunk_counts([one.paper.id for one in encoded])
    index.store.add([node for one in encoded for node in one.nodes], revision)
    keep_tokens(encoded, embedder, index.tokens)
    for one in encoded:
        index.drop_chunks(chunk_ids(one.paper, before.get(one.paper.id, 0))[len(one.nodes) :])
    index.put([Entry(one.paper, len(one.nodes)) for one in encoded])


def _update_metadata(change: _Change, index: PaperIndex, revision: int) -> Entry:
    from rag.index.chroma_store import chunk_metadata

    chunks = change.before.chunks if change.before else 0
    # Chroma drops a field that is None; one that is not there it leaves as it was.
    before = change.before and chunk_metadata(change.before.paper)
    metadata = {**dict.fromkeys(before or ()), **chunk_metadata(change.paper)}
    index.store.update_metadata(chunk_ids(change.paper, chunks), metadata, revision)
    return Entry(change.paper, chunks)


def _begin(record: Paper, paper_id: str) -> Paper:
    """Make a paper of one record, or put one back that was removed."""
    return replace(record, id=paper_id) if record.history else assemble(paper_id, [Part(record)])


def _marks(record: Paper, sources: Iterable[str]) -> list[int]:
    """Name a record by what it says, in each of its sources."""
    said = hash(replace(record, sources=()))
    return [hash((said, source)) for source in sources]


def _differs(change: _Change) -> bool:
    before, after = change.before and change.before.paper, change.paper
    return before is None or before != after or before.history != after.history


def _same_content(before: Paper, after: Paper) -> bool:
    return before.content_hash() == after.content_hash()
