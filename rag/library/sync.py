"""Read the sources of a library again, and say what came in, changed, was retracted, or is gone.

All is read and compared first, without holding the library: so a dry run tells just what would be
done, a run that finds nothing changes nothing, and the library is held only to store what differs.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

from filelock import FileLock, Timeout

from rag.errors import LibraryError
from rag.index.sync import AddReport, add_papers
from rag.library.sources import SourceList
from rag.library.tracking import Tracked, keys_of, outer_names, tracks
from rag.papers import Paper
from rag.sources.base import Failure, Rejection
from rag.sources.web import Query, Web

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from rag.index.paper_index import PaperIndex
    from rag.index.sync import Progress
    from rag.library.components import Parts
    from rag.models.embedder import Embedder
    from rag.settings import Settings

__all__ = ["ChangedPaper", "GonePaper", "SyncReport", "sync_library"]

_PENDING = 2_000  # papers that are kept until they are stored
_ASIDE = frozenset({"sources", "other_ids"})  # what changes without a paper saying anything new


@dataclass(frozen=True, slots=True)
class ChangedPaper:
    """A paper of which something changed: how it is now, and which of its fields differ."""

    paper: Paper
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class GonePaper:
    """A paper that its sources no longer have.

    Attributes:
        paper: The paper, which stays in the library unless its removal was asked for.
        sources: Where it was.
        elsewhere: What else it was read from, which was not read again: then it is not removed.
        said_before: Whether an earlier sync told of it.
    """

    paper: Paper
    sources: tuple[str, ...]
    elsewhere: tuple[str, ...]
    said_before: bool


@dataclass(slots=True)
class SyncReport:
    """What came of reading the sources again; or would, in a dry run.

    Attributes:
        dry_run: Whether nothing was stored.
        sources: What was read.
        read: Records that were read as papers.
        added: Papers that came in.
        changed: Papers of which something changed, those that were retracted among them.
        retracted: Papers that are known to be retracted now, and were not before.
        gone: Papers that the sources no longer have.
        removed: Those of them that were removed.
        failed: Sources that could not be read to their end; they may be, another time.
        rejected: What else gave no paper, and was not reported by an earlier sync.
    """

    dry_run: bool
    sources: list[str] = field(default_factory=list)
    read: int = 0
    added: list[Paper] = field(default_factory=list)
    changed: list[ChangedPaper] = field(default_factory=list)
    retracted: list[Paper] = field(default_factory=list)
    gone: list[GonePaper] = field(default_factory=list)
    removed: list[Paper] = field(default_factory=list)
    failed: list[Rejection] = field(default_factory=list)
    rejected: list[Rejection] = field(default_factory=list)

    @property
    def has_news(self) -> bool:
        """Whether there is anything that an earlier sync did not say."""
        news = (self.added, self.changed, self.retracted, self.removed, self.failed, self.rejected)
        return any(news) or any(not one.said_before for one in self.gone)

    def as_dict(self) -> dict[str, Any]:
        """Return the fields as plain values, ready for JSON; papers without their abstracts."""

        def short(paper: Paper) -> dict[str, Any]:
            return {"id": paper.id, "title": paper.title, "retracted": paper.retracted}

        return {
            "dry_run": self.dry_run,
            "sources": self.sources,
            "read": self.read,
            "added": [short(one) for one in self.added],
            "changed": [short(one.paper) | {"fields": one.fields} for one in self.changed],
            "retracted": [short(one) for one in self.retracted],
            "gone": [
                short(one.paper)
                | {
                    "sources": one.sources,
                    "elsewhere": one.elsewhere,
                    "said_before": one.said_before,
                }
                for one in self.gone
            ],
            "removed": [short(one) for one in self.removed],
            "failed": [asdict(one) for one in self.failed],
            "rejected": [asdict(one) for one in self.rejected],
        }


def sync_library(
    parts: Parts,
    settings: Settings,
    wanted: Sequence[str | Path] = (),
    *,
    dry_run: bool = False,
    remove_missing: bool = False,
    retractions: bool = False,
    progress: Progress | None = None,
) -> SyncReport:
    """Read the sources of a library again; see `Library.sync`."""
    index = parts.index()
    with _alone(settings.storage):
        listed = SourceList(settings.storage)
        chosen = [listed.find(str(one)) for one in wanted] or list(listed)
        if not chosen and not retractions:
            raise LibraryError(
                "The library has no sources that could be read again.",
                hint="Those are remembered that are added: rag add FILE_OR_FOLDER",
            )
        with Web(settings) as web:
            # What was added last won over what was there before; so it does here.
            tracked = tracks(reversed(chosen), web)
            run = _Run(index, parts.embedder(), SyncReport(dry_run))
            run.read(tracked, progress)
            if retractions:
                run.look_for_retractions(web)
        run.store()
        run.find_gone(tracked, listed, remove=remove_missing)
        run.tell(tracked)
        if not dry_run:
            SourceList(settings.storage).update(chosen)
    return run.report


@contextmanager
def _alone(storage: Path) -> Iterator[None]:
    lock = FileLock(storage / ".sync.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise LibraryError(
            "Another sync of this library is running.", hint="Try again when it has finished."
        ) from error
    try:
        yield
    finally:
        lock.release()


class _Run:
    """One sync: what it found, and what of that is not stored yet."""

    def __init__(self, index: PaperIndex, embedder: Embedder, report: SyncReport) -> None:
        self.report = report
        self._index = index
        self._embedder = embedder
        self._before: dict[str, Paper | None] = {}
        self._after: dict[str, Paper] = {}
        self._pending: dict[str, Paper] = {}

    def read(self, tracked: Sequence[Tracked], progress: Progress | None) -> None:
        """Read the sources, and find out what differs from the library."""
        self.report.sources = [one.name for one in tracked]
        papers = (paper for one in tracked for paper in one)
        done = self._compare(papers, progress)
        self.report.read = done.read
        self.report.rejected += [
            one for one in done.rejected if tracked and tracked[0].sources[0].tell_rejection(one)
        ]

    def _compare(self, papers: Iterable[Paper], progress: Progress | None = None) -> AddReport:
        return add_papers(
            papers,
            self._index,
            self._embedder,
            progress=progress,
            observe=self._observe,
            dry_run=True,
        )

    def _observe(self, before: Paper | None, after: Paper) -> None:
        self._before.setdefault(after.id, before)
        self._after[after.id] = self._pending[after.id] = after
        if len(self._pending) >= _PENDING:
            self.store()

    def look_for_retractions(self, web: Web) -> None:
        """Ask OpenAlex which of the library's papers were retracted."""
        by_doi = {
            paper.doi: paper
            for entry in self._index.catalog.entries()
            if (paper := self._after.get(entry.paper.id, entry.paper)).doi and not paper.retracted
        }
        query = Query("openalex", "retractions", tuple(doi for doi in by_doi if doi))
        for item in web.read(query, "OpenAlex") if by_doi else ():
            if isinstance(item, Failure):
                self.report.failed.append(item)
            elif isinstance(item, Paper) and item.retracted and item.doi in by_doi:
                paper = by_doi[item.doi]
                self._observe(paper, replace(paper, retracted=True))

    def store(self) -> None:
        """Store what differs."""
        from rag.index.manifest import Manifest

        papers, self._pending = list(self._pending.values()), {}
        if not papers or self.report.dry_run:
            return
        with self._index.writing():
            self._index.check_manifest(Manifest.of(self._embedder))
            add_papers(papers, self._index, self._embedder)

    def find_gone(self, tracked: Sequence[Tracked], listed: SourceList, *, remove: bool) -> None:
        """Find the papers that sources had and have no longer; remove them if that is asked."""
        read = {source.source for one in tracked for source in one.sources}
        # A name that a source which was not read also has says nothing.
        others = {name for one in listed if one.source not in read for name in one.documents}
        covered = {name for one in tracked for name in one.covered} - others
        covered -= {name for one in tracked for name in one.uncertain}
        seen = {key for one in tracked for key in one.seen}
        if not covered:
            return
        for entry in self._index.catalog.entries():
            paper = entry.paper
            was_in = tuple(n for n in paper.sources if not covered.isdisjoint(outer_names(n)))
            if was_in and paper.id not in self._after and seen.isdisjoint(keys_of(paper)):
                elsewhere = tuple(name for name in paper.sources if name not in was_in)
                told = [one.tell_gone(paper, was_in) for one in tracked]  # each notes it
                self.report.gone.append(GonePaper(paper, was_in, elsewhere, not any(told)))
        leaving = [one.paper for one in self.report.gone if remove and not one.elsewhere]
        if leaving and not self.report.dry_run:
            with self._index.writing():
                found = self._index.catalog.get([paper.id for paper in leaving])
                self._index.remove(list(found.values()))
        self.report.removed = leaving

    def tell(self, tracked: Sequence[Tracked]) -> None:
        """Sort what was found into the report."""
        report = self.report
        for paper_id, after in self._after.items():
            before = self._before[paper_id]
            if before is None:
                report.added.append(after)
                continue
            fields = _differences(before, after)
            if fields:
                report.changed.append(ChangedPaper(after, fields))
            if after.retracted and not before.retracted:
                report.retracted.append(after)
        for one in tracked:
            report.failed += one.failed
            report.rejected += one.news()
            one.remember()


def _differences(before: Paper, after: Paper) -> tuple[str, ...]:
    old, new = before.as_dict(), after.as_dict()
    return tuple(name for name in new if old[name] != new[name] and name not in _ASIDE)
