"""Follow what a source gives: which papers, under which names, and whether that was all of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rag.library.sources import query_of
from rag.papers import Paper, title_key
from rag.sources import document_name, read_sources
from rag.sources.base import Failure, Rejection
from rag.sources.web import Query

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rag.library.sources import Source
    from rag.sources.base import Item
    from rag.sources.web import Web

__all__ = ["Tracked", "keys_of", "outer_names", "tracks"]


class Tracked:
    """A source that is read again, or some papers of one service that are asked for at once.

    Attributes:
        name: What a report calls it.
        sources: The sources of the library that it stands for.
        seen: What names the papers that it gave; see `keys_of`.
        covered: The names of documents of which it gave all that they have now, also of those
            that are gone from a folder.
        uncertain: The names of documents that it could not read as before.
        failed: What could not be read to its end.
    """

    def __init__(self, name: str, sources: list[Source]) -> None:
        self.name = name
        self.sources = sources
        self.seen: set[str] = set()
        self.covered: set[str] = set()
        self.uncertain: set[str] = set()
        self.failed: list[Rejection] = []
        self._rejected: list[tuple[Rejection, Source]] = []
        self._documents: set[str] = set()
        self._count = 0

    def _items(self) -> Iterable[Item]:
        raise NotImplementedError

    def _source_of(self, rejection: Rejection) -> Source:
        """Return the source that a rejection is of."""
        del rejection
        return self.sources[0]

    def _finish(self) -> None:
        """Find out what was covered."""

    def __iter__(self) -> Iterator[Paper]:
        for item in self._items():
            if isinstance(item, Failure):
                self.failed.append(item)
            elif isinstance(item, Rejection):
                source = self._source_of(item)
                if source.tell_rejection(item):
                    self._rejected.append((item, source))
            else:
                self._count += 1
                self.seen.update(keys_of(item))
                yield item
        self._finish()

    def news(self) -> list[Rejection]:
        """Return what gave no paper, and was not said before."""
        return [rejection for rejection, _ in self._rejected]

    def tell_gone(self, paper: Paper, names: Iterable[str]) -> bool:
        """Note that a paper is said to be gone; return whether that is new, and this one's."""
        concerned = not self.covered.isdisjoint(
            {name for one in names for name in outer_names(one)}
        )
        return concerned and self.sources[0].tell(f"gone|{paper.id}")

    def remember(self) -> None:
        """Note which documents there are now."""


class _Files(Tracked):
    """A file, a folder or a glob."""

    def __init__(self, source: Source) -> None:
        super().__init__(source.source, [source])
        self._source = source

    def _items(self) -> Iterable[Item]:
        source = self._source
        return read_sources(
            [source.source],
            format=source.format,
            columns=source.columns,
            found=self._documents.add,
        )

    def _finish(self) -> None:
        # Where nothing is left, it is rather the disk that is not there than every paper.
        if self._count:
            self.covered = self._documents | set(self._source.documents)
        self.uncertain = {document_name(Path(one.source)) for one in self.news()}

    def remember(self) -> None:
        # Also those that are gone, as long as it may be asked what became of their papers.
        self._source.documents = sorted(self._documents | set(self._source.documents))


class _Answers(Tracked):
    """A search, or papers of days."""

    def __init__(self, source: Source, query: Query, web: Web) -> None:
        super().__init__(source.source, [source])
        self._reading = web.read(query, source.source, limit=source.limit)

    def _items(self) -> Iterable[Item]:
        return self._reading

    def _finish(self) -> None:
        if self._reading.complete and self._count:
            self.covered = set(self._reading.documents)


class _Papers(Tracked):
    """Papers of one service by their ids, asked for together: what is missing is rejected by name.

    Nothing else is covered: papers of the same service may have been added in other ways.
    """

    def __init__(self, service: str, sources: list[Source], web: Web) -> None:
        ids = [one for query in map(query_of, sources) if query for one in query.values]
        query = Query(service, "ids", tuple(dict.fromkeys(ids)))
        alone = len(sources) == 1
        name = sources[0].source if alone else f"{service}: {len(query.values)} papers"
        super().__init__(name, sources)
        self._reading = web.read(query, name)

    def _items(self) -> Iterable[Item]:
        return self._reading

    def _source_of(self, rejection: Rejection) -> Source:
        one = rejection.place.partition(":")[2] or rejection.place
        for source in self.sources:
            query = query_of(source)
            if query and {one, rejection.place} & set(query.values):
                return source
        return self.sources[0]


def tracks(sources: Iterable[Source], web: Web) -> list[Tracked]:
    """Return how to read sources again, in their order; nothing is read yet."""
    tracked: list[Tracked] = []
    by_id: dict[str, list[Source]] = {}
    for source in sources:
        query = query_of(source)
        if query is None:
            tracked.append(_Files(source))
        elif query.kind == "ids":
            by_id.setdefault(query.service, []).append(source)
        else:
            tracked.append(_Answers(source, query, web))
    return tracked + [_Papers(service, some, web) for service, some in by_id.items()]


def keys_of(paper: Paper) -> set[str]:
    """Return what tells that two records may be of one paper: identifiers, and the title."""
    return {paper.id, *paper.identifiers, f"title {title_key(paper.title)}"}


def outer_names(name: str) -> Iterator[str]:
    """Yield a document's name, and those of the archives that it may lie in."""
    yield name
    while "/" in name:
        name = name.rpartition("/")[0]
        yield name
