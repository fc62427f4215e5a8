"""Bring papers into the index: embed what is new or changed, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeAlias

from rag.index.catalog import Entry
from rag.index.encoding import encode_in_steps, keep_tokens
from rag.index.paper_index import chunk_ids
from rag.papers import Paper, merge, title_key
from rag.sources.base import Rejection

if TYPE_CHECKING:
    from rag.index.encoding import EncodedPaper
    from rag.index.paper_index import PaperIndex
    from rag.models.embedder import Embedder
    from rag.sources.base import Item

__all__ = ["AddReport", "Progress", "add_papers"]

Progress: TypeAlias = Callable[[int], None]  # called with how many papers have been read so far

_BATCH = 256  # papers that are looked up together
_LISTED = 1000  # rejections that a report lists
_BEGINNING = 300  # characters of an abstract that tell whose it is
# The words that two of them share where they are one: between twins (.9 and more) and the volumes
# of a series (.74 at most) in labelled sets.
_SHARED = 0.8
_GENERIC_TITLE = 15  # characters: a shorter title ("Introduction") says nothing about identity


@dataclass(slots=True)
class AddReport:
    """What came of adding sources.

    Attributes:
        read: Records that were read as papers.
        added: Papers that the library did not have.
        updated: Papers of which something changed.
        unchanged: Papers that were there already, the same.
        duplicates: Records of a paper that the same call had already met.
        rejected: What could not be read or taken, with source, place and reason: the first 1,000.
        rejected_more: How many more there were.
    """

    read: int = 0
    added: int = 0
    updated: int = 0
    unchanged: int = 0
    duplicates: int = 0
    rejected: list[Rejection] = field(default_factory=list)
    rejected_more: int = 0

    def reject(self, rejection: Rejection) -> None:
        """Note what was rejected, or count it where a whole file of it has been noted."""
        if len(self.rejected) < _LISTED:
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
    """
    report = report or AddReport()
    run = _Run(index, embedder, report)
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
    """One call of `add_papers`: knows which papers it has met."""

    def __init__(self, index: PaperIndex, embedder: Embedder, report: AddReport) -> None:
        self._index = index
        self._embedder = embedder
        self._report = report
        self._met: set[str] = set()

    def take(self, papers: list[Paper]) -> None:
        """Sort out which of the papers are new or changed, and store those."""
        stored = self._index.catalog.get([paper.id for paper in papers])
        changes: dict[str, _Change] = {}
        for paper in papers:
            self._sort_in(paper, stored, changes)
        self._write([change for change in changes.values() if _differs(change)])

    def _sort_in(self, paper: Paper, stored: dict[str, Entry], changes: dict[str, _Change]) -> None:
        paper = replace(paper, id=self._find_id(paper, stored, changes))
        entry = stored.get(paper.id)
        change = changes.setdefault(paper.id, _Change(entry, entry.paper if entry else paper))
        if paper.id in self._met:
            # The first record of a call wins, so that calling again changes nothing.
            self._report.duplicates += 1
            change.paper = merge(change.paper, paper)
            return
        if entry is None:
            self._report.added += 1
        elif _is_another(entry.paper, paper):
            reason = f'the id {paper.id} already belongs to "{entry.paper.title}"'
            place = f'paper "{paper.title}"'
            self._report.reject(Rejection(", ".join(paper.sources), place, reason))
            return
        else:
            change.paper = merge(paper, entry.paper)
            if change.paper == entry.paper:
                self._report.unchanged += 1
            else:
                self._report.updated += 1
        self._met.add(paper.id)

    def _find_id(self, paper: Paper, stored: dict[str, Entry], changes: dict[str, _Change]) -> str:
        """Return the id under which the paper is known, which may not be its own."""
        key = title_key(paper.title)
        if paper.id in changes or paper.id in stored or len(key) < _GENERIC_TITLE:
            return paper.id
        for change in changes.values():
            if title_key(change.paper.title) == key and _same_work(change.paper, paper):
                return change.paper.id
        for entry in self._index.catalog.by_title(paper.title):
            if _same_work(entry.paper, paper):
                stored[entry.paper.id] = entry
                return entry.paper.id
        return paper.id

    def _write(self, changes: list[_Change]) -> None:
        if not changes:
            return
        same_text = [c for c in changes if c.before and _same_content(c.before.paper, c.paper)]
        embedded = [c for c in changes if c not in same_text]
        if same_text:
            with self._index.step() as revision:
                self._index.put([self._update_metadata(one, revision) for one in same_text])
        papers = [c.paper for c in embedded]
        for encoded in encode_in_steps(papers, self._embedder):
            with self._index.step() as revision:
                self._store(encoded, revision)

    def _store(self, encoded: list[EncodedPaper], revision: int) -> None:
        index = self._index
        before = index.catalog.chunk_counts([one.paper.id for one in encoded])
        index.store.add([node for one in encoded for node in one.nodes], revision)
        keep_tokens(encoded, self._embedder, index.tokens)
        for one in encoded:
            index.drop_chunks(chunk_ids(one.paper, before.get(one.paper.id, 0))[len(one.nodes) :])
        index.put([Entry(one.paper, len(one.nodes)) for one in encoded])

    def _update_metadata(self, change: _Change, revision: int) -> Entry:
        from rag.index.chroma_store import chunk_metadata

        chunks = change.before.chunks if change.before else 0
        metadata = chunk_metadata(change.paper)
        self._index.store.update_metadata(chunk_ids(change.paper, chunks), metadata, revision)
        return Entry(change.paper, chunks)


def _differs(change: _Change) -> bool:
    return change.before is None or change.before.paper != change.paper


def _same_content(before: Paper, after: Paper) -> bool:
    return before.content_hash() == after.content_hash()


def _same_work(known: Paper, paper: Paper) -> bool:
    """Tell whether two records of one title are of one paper.

    They are when one of them has an identifier of its own and the other has none; where neither
    has, their abstracts must not be of different things. Two papers with identifiers of their own
    are two papers, however alike their titles.
    """
    by_title = [one.id.startswith("title:") for one in (known, paper)]
    return _alike(known.abstract, paper.abstract) if all(by_title) else any(by_title)


def _alike(one: str, other: str) -> bool:
    """Tell whether two abstracts may be of one paper: one may be missing, cut short or reworded."""
    words = [set(title_key(text[:_BEGINNING]).split()) for text in (one, other)]
    shorter = min(map(len, words))
    return shorter == 0 or len(words[0] & words[1]) >= _SHARED * shorter


def _is_another(known: Paper, paper: Paper) -> bool:
    """Tell whether an id that only its file gave names another paper here.

    Two files may both number their papers from 1; neither may overwrite the other's.
    """
    if ":" in paper.id or set(paper.sources) & set(known.sources):
        return False
    return title_key(known.title) != title_key(paper.title)
