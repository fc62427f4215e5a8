"""The sources of one call of `Library.add`: what they give, and which are worth remembering."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rag.library.sources import Source, SourceList, source_name
from rag.sample import sample_path
from rag.sources import read_sources
from rag.sources.base import Failure, Rejection

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from rag.sources.base import Item
    from rag.sources.web import Web

__all__ = ["Sources"]


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
