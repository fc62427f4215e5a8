"""The index as one thing: Chroma, the caches beside it, and the manifest that binds them.

Chroma is the truth. The catalogue and the keyword index are caches of it: a fact `revision`, kept
on both sides and raised by every change, says whether they belong together, and a fact `writing`
says that a change was cut off. In either case they are rebuilt from Chroma without embedding.
"""

from __future__ import annotations

import shutil
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from rag.errors import LibraryNotFoundError, StorageError
from rag.index.catalog import Catalog, Entry
from rag.index.keyword import KeywordIndex
from rag.index.manifest import Manifest
from rag.index.token_store import TokenStore

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from rag.index.chroma_store import ChromaChunkStore
    from rag.papers import Paper
    from rag.settings import Settings

__all__ = ["PaperIndex", "chunk_ids"]

_LOCK_SECONDS = 10
_OURS = frozenset({"chroma", "cache", ".lock"})
_HARMLESS = frozenset({"README.md", ".gitignore", ".gitkeep", ".DS_Store"})
_COMMIT_EVERY = 5_000  # papers between two commits of the keyword index


class PaperIndex:
    """Everything that is stored of a library.

    Opening it is cheap: Chroma is opened when it is first needed.

    Args:
        settings: Where the index is and how it was built.
        create: Make the storage folder when there is none.

    Raises:
        LibraryNotFoundError: nothing has been added to the folder yet.
        StorageError: the folder holds something else, or can't be used.
    """

    def __init__(self, settings: Settings, *, create: bool = False) -> None:
        self._settings = settings
        self._folder = settings.storage
        self._check_folder(create=create)
        self._guard = threading.RLock()
        self._write_lock = FileLock(self._folder / ".lock")
        self._store: ChromaChunkStore | None = None
        self._client: object = None
        self.catalog, self.keyword, self.tokens = _open_caches(self._folder / "cache")
        self._seen = self.catalog.fact("revision")
        if self._caches_are_stale():
            self._rebuild_caches()

    def _check_folder(self, *, create: bool) -> None:
        folder = self._folder
        hint = "Add papers first: rag add FILE_OR_FOLDER"
        try:
            names = {path.name for path in folder.iterdir()} if folder.exists() else set()
            if names - _OURS - _HARMLESS and not names & _OURS:
                raise StorageError(
                    f"The folder {folder} holds something else, not a library.",
                    hint="Choose another folder with --storage or RAG_STORAGE.",
                )
            if create:
                folder.mkdir(parents=True, exist_ok=True)
                probe = folder / ".lock"
                probe.touch()
            elif not names & {"chroma", "cache"} and not self._settings.chroma_url:
                raise LibraryNotFoundError(f"There is no library in {folder} yet.", hint=hint)
        except OSError as error:
            reason = "is a file" if folder.is_file() else error.strerror or str(error)
            raise StorageError(
                f"The storage folder {folder} can't be used: {reason}.",
                hint="Choose another with --storage or RAG_STORAGE, or mend its permissions.",
            ) from error

    @property
    def store(self) -> ChromaChunkStore:
        """The chunks in Chroma, opened at first use."""
        with self._guard:
            if self._store is None:
                from rag.index.chroma_store import ChromaChunkStore, finish_renaming, open_client

                url = self._settings.chroma_url
                client = open_client(None if url else self._folder / "chroma", url)
                self._client = client
                finish_renaming(client, self._settings.collection)
                self._store = ChromaChunkStore(client, self._settings.collection)
            return self._store

    def refresh(self) -> None:
        """See what another process, or another machine on one server, has changed."""
        with self._guard:
            if self._settings.chroma_url is not None and self._server_is_ahead():
                self._rebuild_caches()
            revision = self.catalog.fact("revision")
            if revision == self._seen:
                return
            self._seen = revision
            self.keyword.reload()
            self._close_chroma()

    def close(self) -> None:
        """Let go of every file and connection."""
        with self._guard:
            self._close_chroma()
            self.tokens.close()
            self.catalog.close()

    def _close_chroma(self) -> None:
        # Chroma keeps its vector index in memory and doesn't see another process's writes.
        if self._client is not None:
            self._client.close()  # type: ignore[attr-defined]
        self._client = self._store = None

    # --- the manifest -----------------------------------------------------------------------

    @property
    def manifest(self) -> Manifest | None:
        """How the index was built; None for an index that holds nothing yet."""
        text = self.catalog.fact("manifest")
        return Manifest.from_json(text) if text else None

    def check_manifest(self, wanted: Manifest, *, record: bool = False) -> None:
        """Compare the manifest with the one that the settings ask for; record the first one.

        Raises:
            ManifestMismatchError: the index was built in another way.
        """
        known = self.manifest
        if known is not None:
            known.check(wanted)
        elif record:
            self.store.set_facts({"manifest": wanted.to_json(), "revision": 0})
            self.catalog.set_facts(manifest=wanted.to_json(), revision="0")

    # --- changing ---------------------------------------------------------------------------

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Hold the library for changes: one process at a time.

        Raises:
            StorageError: another process is changing the library.
        """
        try:
            self._write_lock.acquire(timeout=_LOCK_SECONDS)
        except Timeout as error:
            raise StorageError(
                "Another process is changing the library.", hint="Try again when it has finished."
            ) from error
        try:
            self.refresh()
            # Chroma first, so that it has the collection before anything claims so.
            store = self.store
            self.catalog.set_facts(writing="yes")
            finished = False
            try:
                yield
                finished = True
            finally:
                # What was put before an error or Ctrl-C stays; the fact `writing` then makes the
                # next start look in Chroma for a batch that the caches missed.
                revision = int(store.facts.get("revision", 0)) + 1
                store.set_facts({**store.facts, "revision": revision})
                self.keyword.commit()
                self._seen = str(revision)
                self.catalog.set_facts(writing="" if finished else "yes", revision=self._seen)
        finally:
            self._write_lock.release()

    def put(self, entries: Sequence[Entry]) -> None:
        """Bring the caches up to date with papers whose chunks are in Chroma."""
        self.catalog.put(entries)
        self.keyword.put(entry.paper for entry in entries)

    def remove(self, entries: Sequence[Entry]) -> None:
        """Remove papers and their chunks."""
        self.store.delete(
            [chunk for entry in entries for chunk in chunk_ids(entry.paper, entry.chunks)]
        )
        ids = [entry.paper.id for entry in entries]
        self.catalog.remove(ids)
        self.keyword.remove(ids)
        self.tokens.remove(ids)

    def begin_rebuild(self) -> ChromaChunkStore:
        """Return an empty collection beside the one in use."""
        return self.store.sibling()

    def finish_rebuild(
        self, fresh: ChromaChunkStore, manifest: Manifest, entries: Sequence[Entry]
    ) -> None:
        """Put a whole new collection in the place of the old one."""
        revision = self.store.facts.get("revision", 0)
        fresh.set_facts({"manifest": manifest.to_json(), "revision": revision})
        self.store.replace_with(fresh)
        self._store = fresh
        self.catalog.put(entries)
        self.catalog.set_facts(manifest=manifest.to_json())

    # --- the caches -------------------------------------------------------------------------

    def _caches_are_stale(self) -> bool:
        if self._settings.chroma_url is None and not (self._folder / "chroma").exists():
            return False
        cut_off = self.catalog.fact("writing") == "yes"
        if cut_off and self._is_being_written():
            return False  # by another process, which will finish: what is there can be read
        if cut_off or self.catalog.fact("revision") is None:
            return True
        if len(self.keyword) != len(self.catalog):
            return True  # one of the two was deleted by hand
        return self._settings.chroma_url is not None and self._server_is_ahead()

    def _is_being_written(self) -> bool:
        try:
            with self._write_lock.acquire(timeout=0):
                return False
        except Timeout:
            return True

    def _server_is_ahead(self) -> bool:
        return str(self.store.facts.get("revision", 0)) != self.catalog.fact("revision")

    def _rebuild_caches(self) -> None:
        """Rebuild catalogue and keyword index from Chroma, without embedding anything."""
        from rag.index.chroma_store import stored_papers

        with self._write_lock:
            facts = self.store.facts
            self.catalog.clear()
            self.keyword.clear()
            batch: list[Entry] = []
            orphans: list[str] = []
            for paper, chunks in stored_papers(self.store, orphans):
                batch.append(Entry(paper, chunks))
                if len(batch) == _COMMIT_EVERY:
                    self.put(batch)
                    batch = []
            self.put(batch)
            self.keyword.commit()
            self.store.delete(orphans)
            if "manifest" in facts:
                self._seen = str(facts.get("revision", 0))
                self.catalog.set_facts(manifest=facts["manifest"], revision=self._seen)


def _open_caches(folder: Path) -> tuple[Catalog, KeywordIndex, TokenStore]:
    """Open the catalogue, the keyword index and the token vectors; make those that are missing.

    One process at a time: of two that make the same files at once, one finds them half made. The
    lock is not that for changes, which another process may hold for hours while this one reads.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / ".lock", poll_interval=0.01):
            catalog = Catalog(folder / "catalog.sqlite")
            if catalog.outdated:
                shutil.rmtree(folder / "keyword", ignore_errors=True)
            keyword = KeywordIndex(folder / "keyword")
            return catalog, keyword, TokenStore(folder / "tokens.sqlite")
    except OSError as error:
        raise StorageError(
            f"The folder {folder} can't be used: {error.strerror or error}.",
            hint="Mend its permissions, or choose another library with --storage or RAG_STORAGE.",
        ) from error


def chunk_ids(paper: Paper, chunks: int) -> list[str]:
    """Return the ids that the chunks of a paper have."""
    return [f"{paper.id}#{number}" for number in range(chunks)]
