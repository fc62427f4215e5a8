"""Add papers to a library: what its sources give, and which of them are worth remembering."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from rag.errors import LibraryError
from rag.index.manifest import Manifest
from rag.index.sync import AddReport, add_papers
from rag.library.rejects import Rejects
from rag.library.sources import Source, SourceList, source_name
from rag.sample import sample_path
from rag.sources import read_sources
from rag.sources.base import Failure, Rejection
from rag.sources.web import Web

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from rag.index.sync import Progress
    from rag.library.components import Parts
    from rag.settings import Settings
    from rag.sources.base import Item

__all__ = ["Sources", "add_items", "add_sources"]


def add_sources(
    parts: Parts,
    settings: Settings,
    sources: Sequence[str | Path],
    *,
    format: str | None,  # noqa: A002 - as the command line calls it
    columns: Mapping[str, str] | None,
    limit: int | None,
    remember: bool,
    progress: Progress | None,
) -> AddReport:
    """Add what sources give, as `Library.add` tells it."""
    report = AddReport()
    with Web(settings, limit=limit, note=report.notes.append) as web:
        given = Sources(sources, web, format=format, columns=columns, limit=limit)
        items = iter(given)
        for first in items:
            if not isinstance(first, Rejection):
                add_items(parts, chain([first], items), progress, report)
                break
            report.reject(first)
    # Where nothing was read, no library was made that could remember anything.
    if report.read and remember:
        given.remember(settings.storage)
    try:
        parts.index()
    except LibraryError:
        return report  # nothing to add: no library is made for it
    Rejects(settings.storage).update(sources, report.rejected)
    return report


def add_items(
    parts: Parts,
    items: Iterable[Item],
    progress: Progress | None,
    report: AddReport | None = None,
) -> AddReport:
    """Add papers that were read; what was rejected among them is noted in the report."""
    index = parts.index(create=True)
    embedder = parts.embedder()
    with index.writing():
        index.check_manifest(Manifest.of(embedder), record=True)
        return add_papers(items, index, embedder, progress=progress, report=report)


class Sources:
    """The papers of some sources, and what gave none, in order.

    Args:
        given: The sources.
        web: Reads what is asked of services.
        format: The format, where a person names it.
        columns: Which columns of tables hold what.
        limit: How many papers of a search are read.

    Raises:
        LibraryError: there is no such format or field.
    """

    def __init__(
        self,
        given: Sequence[str | Path],
        web: Web,
        *,
        format: str | None,  # noqa: A002 - as the command line calls it
        columns: Mapping[str, str] | None,
        limit: int | None,
    ) -> None:
        self._sources = [
            Source(source=source_name(one), format=format, columns=dict(columns or {}), limit=limit)
            for one in given
        ]
        # Begun here, so that what can't be read so is said before anything is.
        self._read = [
            read_sources(
                [one], format=format, columns=columns, web=web, found=source.documents.append
            )
            for one, source in zip(given, self._sources, strict=True)
        ]
        self._fruitful: set[int] = set()

    def __iter__(self) -> Iterator[Item]:
        for number, items in enumerate(self._read):
            source = self._sources[number]
            for item in items:
                if not isinstance(item, Rejection):
                    self._fruitful.add(number)
                elif not isinstance(item, Failure):
                    source.tell_rejection(item)
                yield item

    def remember(self, storage: Path) -> None:
        """Write into the library's record the sources that gave papers.

        Raises:
            StorageError: the record is damaged or can't be written.
        """
        listed = SourceList(storage)
        for number in sorted(self._fruitful):
            if self._sources[number].source != str(sample_path()):
                listed.put(self._sources[number])
        listed.save()
