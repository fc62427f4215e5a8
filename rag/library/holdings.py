"""The papers of a library: how they come in, how they are kept in order, and how they go out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rag.errors import LibraryNotFoundError, PaperNotFoundError
from rag.papers import Paper, find_identifier

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from rag.index.catalog import Sort
    from rag.index.mending import Duplicates
    from rag.index.paper_index import PaperIndex
    from rag.index.sync import AddReport, Progress
    from rag.library.components import Parts
    from rag.library.map import PaperMap
    from rag.library.overview import Overview
    from rag.library.sources import Source
    from rag.library.sync import SyncReport
    from rag.models.embedder import Embedder
    from rag.search.query import Filters
    from rag.settings import Settings
    from rag.sources.base import Rejection

__all__ = ["Holdings"]


class Holdings:
    """What a library holds: the half of it that asks nothing.

    Attributes:
        settings: All settings.
    """

    settings: Settings
    _parts: Parts

    def close(self) -> None:
        """Let go of files and connections; the library opens again when it is used again."""
        self._parts.close()

    # --- papers in --------------------------------------------------------------------------

    def add(
        self,
        *sources: str | Path,
        format: str | None = None,  # noqa: A002 - as the command line calls it
        columns: Mapping[str, str] | None = None,
        limit: int | None = None,
        remember: bool = True,
        progress: Progress | None = None,
    ) -> AddReport:
        """Add the papers of files, folders, archives and globs, and of services of the web.

        What can't be read is listed in the report and never keeps out what can. Adding again what
        is there already changes nothing and embeds nothing. The network is used for sources that
        name a service, and for nothing else.

        Args:
            sources: Paths; a folder stands for every file in it. Texts may also ask a service, as
                in `arxiv:1706.03762`, or be an address of one; `rag add --help` lists them.
            format: Its name, as `rag add --help` lists it, where guessing goes wrong.
            columns: Which columns of tables hold what, where their names don't tell: the name of
                the column for each field, as in `{"title": "Titel"}`.
            limit: How many papers of a search are read; as the service has it when None.
            remember: Whether `sync` is to read the sources again that gave papers.
            progress: Called now and then with how many papers have been read.

        Raises:
            LibraryError: there is no such format or field.
            StorageError: the storage can't be written, or another process is writing it.
            ManifestMismatchError: the library was built with another embedder.
            EmbedderError: the embedding model is missing or damaged.
        """
        from rag.library.adding import add_sources

        return add_sources(
            self._parts,
            self.settings,
            sources,
            format=format,
            columns=columns,
            limit=limit,
            remember=remember,
            progress=progress,
        )

    def sync(
        self,
        *sources: str | Path,
        dry_run: bool = False,
        remove_missing: bool = False,
        retractions: bool = False,
        progress: Progress | None = None,
    ) -> SyncReport:
        """Read the sources of the library again, and store what came in or changed.

        Args:
            sources: Which of them; all when none is named.
            dry_run: Find out what would be done, and do nothing.
            remove_missing: Remove the papers that are gone from all of their sources.
            retractions: Ask OpenAlex by DOI which of the library's papers were retracted.
            progress: Called now and then with how many papers have been read.

        Raises:
            LibraryError: there are no such sources, or another sync is running.
            Otherwise as `add` does.
        """
        from rag.library.sync import sync_library

        return sync_library(
            self._parts,
            self.settings,
            sources,
            dry_run=dry_run,
            remove_missing=remove_missing,
            retractions=retractions,
            progress=progress,
        )

    def sources(self) -> list[Source]:
        """Return what `sync` reads again, in the order in which it was added.

        Raises:
            StorageError: the record of it is damaged.
        """
        from rag.library.sources import SourceList

        return list(SourceList(self.settings.storage))

    def forget(self, source: str | Path) -> None:
        """Have `sync` read a source no more; its papers stay.

        Raises:
            LibraryError: the library has no such source.
        """
        from rag.library.sources import SourceList

        listed = SourceList(self.settings.storage)
        listed.forget(listed.find(str(source)))

    def add_papers(self, papers: Iterable[Paper], *, progress: Progress | None = None) -> AddReport:
        """Add papers that are at hand, such as those that `remove` returned.

        Raises:
            As `add` does.
        """
        from rag.library.adding import add_items

        return add_items(self._parts, papers, progress)

    def remove(self, *ids: str) -> list[Paper]:
        """Remove papers and return what was removed.

        Raises:
            PaperNotFoundError: one of the ids is not in the library; then nothing is removed.
        """
        index = self._parts.index()
        papers = [self.paper(paper_id) for paper_id in ids]
        with index.writing(), index.step():
            found = index.catalog.get([paper.id for paper in papers])
            index.remove(list(found.values()))
        return [entry.paper for entry in found.values()]

    def merge(self, *ids: str) -> Paper:
        """Make one paper of several and return it; it keeps the first one's id.

        It stays one when the same sources are added again.

        Raises:
            PaperNotFoundError: one of the ids is not in the library; then nothing is merged.
            LibraryError: there are not two papers among them.
        """
        from rag.index.mending import merge_papers

        index, embedder = self._mending()
        wanted = [self.paper(one).id for one in ids]
        with index.writing():
            return merge_papers(wanted, index, embedder)

    def split(self, paper_id: str, *records: str) -> list[Paper]:
        """Make several papers of one that was merged, and return them.

        They stay apart when the same sources are added again.

        Args:
            paper_id: The paper.
            records: What is not of it: ids, identifiers or sources of its records, as `duplicates`
                lists them, which become one paper. When none is named, each record becomes one.

        Raises:
            PaperNotFoundError: there is no such paper, or no such record of it.
            LibraryError: the paper has but one record, or all of them are named.
        """
        from rag.index.mending import split_paper

        index, embedder = self._mending()
        wanted = self.paper(paper_id).id
        with index.writing():
            return split_paper(wanted, records, index, embedder)

    def _mending(self) -> tuple[PaperIndex, Embedder]:
        from rag.index.manifest import Manifest

        index, embedder = self._parts.index(), self._parts.embedder()
        index.check_manifest(Manifest.of(embedder))
        return index, embedder

    def duplicates(self) -> Duplicates:
        """List what was merged and why, and pairs of papers that may be one."""
        from rag.index.mending import find_duplicates

        return find_duplicates(self._parts.index().catalog)

    def rejects(self) -> list[Rejection]:
        """Return what gave no paper when its source was last read: the last 10,000."""
        from rag.library.rejects import Rejects

        return Rejects(self.settings.storage).read()

    def rebuild(self, *, progress: Progress | None = None) -> int:
        """Embed all papers again with the present settings; return how many there are.

        The old index stays in use until the new one is whole, and a call that was cut off is gone
        on with. Papers that Chroma has lost are embedded as the catalogue lists them.

        Raises:
            As `add` does.
        """
        from rag.index.rebuild import rebuild_index

        index = self._parts.index()
        embedder = self._parts.embedder()
        with index.writing(rebuild=True):
            count = rebuild_index(index, embedder, progress=progress)
        self.close()
        return count

    # --- papers out -------------------------------------------------------------------------

    def __len__(self) -> int:
        try:
            return len(self._parts.index().catalog)
        except LibraryNotFoundError:
            return 0

    def __bool__(self) -> bool:
        return True  # also without papers

    def papers(self) -> Iterator[Paper]:
        """Yield all papers in order of id."""
        return (entry.paper for entry in self._parts.index().catalog.entries())

    def paper(self, paper_id: str) -> Paper:
        """Return one paper by its id, its arXiv id, its DOI, or their address.

        Raises:
            PaperNotFoundError: the library has no such paper.
        """
        catalog = self._parts.index().catalog
        wanted = find_identifier(paper_id) or paper_id
        entries = list(catalog.get([paper_id, wanted]).values())
        entries = entries or catalog.by_identifier(wanted)
        if entries:
            return entries[0].paper
        close = catalog.ids_like(paper_id, 3) if paper_id.strip() else []
        hint = f"Did you mean: {', '.join(close)}?" if close else "List all ids with: rag papers"
        raise PaperNotFoundError(f"There is no paper {paper_id!r} in the library.", hint=hint)

    def browse(
        self,
        text: str = "",
        *,
        sort: Sort = "title",
        descending: bool = False,
        limit: int = 50,
        offset: int = 0,
    ) -> tuple[list[Paper], int]:
        """List some of the papers whose title and authors hold every word of a text.

        Args:
            text: Words or parts of words, in any order; all papers when it is empty.
            sort: `title` or `year`.
            descending: From Z to A, or from the last year to the first.
            limit: How many papers to return.
            offset: How many to leave out before them.

        Returns:
            The papers, and how many match in all.
        """
        entries, total = self._parts.index().catalog.page(
            text, sort=sort, descending=descending, limit=limit, offset=offset
        )
        return [entry.paper for entry in entries], total

    def count(self, filters: Filters) -> int:
        """Count the papers that a filter leaves."""
        from rag.search.query import select

        return len(select(filters, self._parts.index().catalog).chunks)

    def overview(self) -> Overview:
        """Count the papers by year, source and venue, and the words of their titles."""
        from rag.library.overview import survey

        return survey(self._parts.index().catalog)

    def map(self) -> PaperMap:
        """Lay out all papers in two dimensions, papers on one subject close together.

        It takes seconds for some hundred papers and a minute or two for many thousand; the
        result is kept until the library changes.

        Raises:
            LibraryError: scikit-learn, which the extra `ui` installs, is missing.
        """
        from rag.library.map import draw_map

        return draw_map(self._parts.index(), self.settings.storage / "cache")
