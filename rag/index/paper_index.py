"""The index as one thing: Chroma, the caches beside it, and the manifest that binds them.

Chroma is the truth. The catalogue and the keyword index are caches of it: a fact `revision`, kept
on both sides and raised by every step of a change, says whether they belong together, and a fact
`writing` says that a change was cut off. In either case they catch up with Chroma, without
embedding. A fact `changed` of the catalogue tells the other processes that share the caches that
there is something new to see.
"""

from __future__ import annotations

import json
import shutil
import threading
import time
import uuid
from contextlib import contextmanager, nullcontext
from itertools import islice
from typing import TYPE_CHECKING, Any

from filelock import FileLock, Timeout

from rag.errors import LibraryNotFoundError, StorageError
from rag.index.catalog import Catalog, Entry
from rag.index.keyword import KeywordIndex
from rag.index.manifest import Manifest
from rag.index.read_only import copy_storage, may_be_written
from rag.index.token_store import TokenStore

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from rag.index.chroma_store import ChromaChunkStore
    from rag.index.connection import Connection
    from rag.index.repair import Caches
    from rag.papers import Paper
    from rag.settings import Settings

__all__ = ["PaperIndex", "chunk_ids"]

_LOCK_SECONDS = 30
_OURS = frozenset({"chroma", "cache", ".lock"})
_HARMLESS = frozenset({"README.md", ".gitignore", ".gitkeep", ".DS_Store"})
_BATCH = 5_000  # papers that are in memory at once
_COMMIT_SECONDS = 5.0  # between two commits of the keyword index, which each take a while
_REBUILD = "What the catalogue lists is embedded again with: rag rebuild"


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
        self._copy = None if may_be_written(self._folder) else copy_storage(self._folder)
        if self._copy is not None:
            self._folder = self._copy.folder
        self._guard = threading.RLock()
        self._write_lock = FileLock(self._folder / ".lock")
        self._opened: tuple[Connection, ChromaChunkStore] | None = None
        self._checked = False
        self._removed = False
        self._committed = 0.0
        self.catalog, self.keyword, self.tokens = _open_caches(self._folder / "cache")
        self._seen = self.catalog.fact("changed")
        if self._caches_are_stale():
            self._repair()

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
        return self._open()[1]

    def _open(self) -> tuple[Connection, ChromaChunkStore]:
        with self._guard:
            if self._opened is None:
                from rag.index.chroma_store import ChromaChunkStore
                from rag.index.connection import Connection

                connection = Connection(self._folder / "chroma", self._settings)
                store = ChromaChunkStore(connection, self._settings.collection)
                self._opened = connection, store
            return self._opened

    @property
    def caches(self) -> Caches:
        """What stands beside Chroma, to be changed together."""
        from rag.index.repair import Caches

        return Caches(self.catalog, self.keyword, self.tokens)

    def refresh(self) -> None:
        """See what another process, or another machine on one server, has changed."""
        with self._guard:
            if self._settings.chroma_url is not None and self._server_is_ahead():
                self._repair()
            changed = self.catalog.fact("changed")
            if changed == self._seen:
                return
            self._seen = changed
            self._checked = False
            self.keyword.reload()
            # Chroma keeps its vectors in memory and doesn't see another process's writes.
            if self._opened is not None and self._settings.chroma_url is None:
                self._opened[0].close()

    def close(self) -> None:
        """Let go of every file and connection."""
        with self._guard:
            if self._opened is not None:
                self._opened[0].close()
            self._opened = None
            self.tokens.close()
            self.catalog.close()
            if self._copy is not None:
                self._copy.close()

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
        if record and self.manifest is None:
            with self.step():  # in which another client's, made meanwhile, is found
                if self.manifest is None:
                    self.catalog.set_facts(manifest=wanted.to_json())
        if (known := self.manifest) is not None:
            known.check(wanted)

    def _check_format(self) -> None:
        """See that the index is not of a newer format, of which a change would lose something."""
        if (known := self.manifest) is not None:
            known.check_format()

    # --- what is wrong ----------------------------------------------------------------------

    def damage(self) -> StorageError | None:
        """Say what Chroma has lost of what the catalogue lists, if anything.

        Raises:
            StorageError: Chroma can't be opened.
        """
        chunks = self.catalog.count_chunks()
        if not chunks and self.catalog.fact("revision") is None:
            return None
        if not self.store.exists():
            there = 0
        elif self._is_another():
            return StorageError(
                "Chroma holds another library, or an older state of this one, than the catalogue "
                f"in {self._folder / 'cache'}, which lists {len(self.catalog):,} papers.",
                hint=f"{_REBUILD}. Or delete that folder: then what Chroma holds is the library.",
            )
        else:
            there = self.store.count()
        if there >= chunks or self._is_being_written():
            return None
        return StorageError(
            f"Chroma holds {there:,} of the library's {chunks:,} chunks: the rest is lost.",
            hint=f"{_REBUILD}. Until then, leave {self._folder / 'cache'} as it is.",
        )

    def check_whole(self) -> None:
        """Look whether Chroma still holds what the catalogue lists, once for each change.

        Raises:
            StorageError: it doesn't, or can't be opened.
        """
        with self._guard:
            if self._checked:
                return
            damage = self.damage()
            if damage is not None:
                self.refresh()  # another client may have removed papers just now
                damage = self.damage()
            if damage is not None:
                raise damage
            self._checked = True

    def _is_another(self) -> bool:
        """Tell whether the collection is not the one that the caches were made from."""
        return self._differs(self.store.facts)

    def _differs(self, facts: dict[str, Any]) -> bool:
        born = self.catalog.fact("born")
        if born is not None and facts.get("born", born) != born:
            return True
        return int(facts.get("revision", 0)) < int(self.catalog.fact("revision") or 0)

    # --- changing ---------------------------------------------------------------------------

    @contextmanager
    def writing(self, *, rebuild: bool = False) -> Iterator[None]:
        """Hold the library for changes: one process at a time.

        Args:
            rebuild: Take the papers that Chroma has lost as they are in the catalogue.

        Raises:
            StorageError: another process is changing the library, it can't be written, or Chroma
                has lost some of it.
            ManifestMismatchError: a newer version of the program made the library.
        """
        if self._copy is not None:
            raise StorageError(
                f"The storage folder {self._settings.storage} can't be written: it can be asked, "
                "but not changed.",
                hint="Mend its permissions, or choose another with --storage or RAG_STORAGE.",
            )
        try:
            self._write_lock.acquire(timeout=_LOCK_SECONDS)
        except Timeout as error:
            raise StorageError(
                "Another process is changing the library.", hint="Try again when it has finished."
            ) from error
        try:
            self._check_format()
            self._settle(rebuild=rebuild)
            self.catalog.set_facts(writing="yes")
            self._committed = time.monotonic()
            finished = False
            try:
                yield
                finished = True
            finally:
                # What was put before an error or Ctrl-C stays; the fact `writing` then makes the
                # next start look in Chroma for a batch that the caches missed.
                self._commit(finished=finished)
        finally:
            self._write_lock.release()

    def _settle(self, *, rebuild: bool) -> None:
        """Finish what was cut off, and see that there is something whole to change."""
        from rag.index.chroma_store import ChromaChunkStore, settle_rebuild

        self.refresh()
        self._check_format()  # which another client may have raised
        connection, store = self._open()
        new = self.catalog.fact("revision") is None and not len(self.catalog)
        connection.creates = new or rebuild
        try:
            if connection.creates or store.exists():
                with self._server_lock():
                    settle_rebuild(connection, self._settings.collection)
                    if connection.creates:
                        ChromaChunkStore(connection, self._settings.collection, create=True)
        finally:
            connection.creates = False
        damage = self.damage()
        if damage is not None:
            if not rebuild:
                raise damage
            self._catch_up(mend=False, foreign=True)
        elif self._was_cut_off():
            with self._server_lock():
                self._catch_up(mend=True)

    def _was_cut_off(self) -> bool:
        """Tell whether a change was, of which something may be left in Chroma."""
        if self.catalog.fact("writing") or self.catalog.fact("leaving"):
            return True
        return self.store.count() > self.catalog.count_chunks()

    @contextmanager
    def step(self) -> Iterator[int]:
        """Make one step of a change, of seconds at the most; other clients wait meanwhile.

        To be used within `writing`. What is put in a step is in Chroma and in the catalogue when it
        ends, whatever becomes of the process then.

        Yields:
            The revision that what is stored in the step is marked with.
        """
        with self._server_lock():
            if self._settings.chroma_url is not None and self._server_is_ahead():
                self._commit_keyword()  # or what it lacks would be put into it once more
                self._catch_up(mend=False)
            facts = self.store.facts
            revision = self._last_revision(facts) + 1
            born = facts.get("born") or self.catalog.fact("born") or uuid.uuid4().hex
            facts |= {"revision": revision, "born": born}
            # Before and after: another client that looks in between looks again.
            self.store.set_facts(facts)
            self._removed = False
            yield revision
            facts["revision"] = revision + 1
            if self._removed:
                facts["removed"] = revision
            if manifest := self.catalog.fact("manifest"):
                facts["manifest"] = manifest
            self.store.set_facts(facts)
            self._note(facts)
        if time.monotonic() - self._committed > _COMMIT_SECONDS:
            self._commit_keyword()

    def _note(self, facts: dict[str, Any], **others: str) -> None:
        """Write down that the caches have what Chroma has, and tell others to look."""
        self._seen = uuid.uuid4().hex
        if "manifest" in facts:
            others["manifest"] = facts["manifest"]
        if "born" in facts:
            others["born"] = facts["born"]
        revision = str(facts.get("revision", 0))
        self.catalog.set_facts(revision=revision, changed=self._seen, **others)

    def _last_revision(self, facts: dict[str, Any]) -> int:
        return max(int(facts.get("revision", 0)), int(self.catalog.fact("revision") or 0))

    def _commit_keyword(self) -> None:
        self.keyword.commit()
        self._committed = time.monotonic()
        self._seen = uuid.uuid4().hex
        revision = self.catalog.fact("revision") or "0"
        self.catalog.set_facts(indexed=revision, changed=self._seen)

    def _commit(self, *, finished: bool) -> None:
        self._commit_keyword()
        if finished:
            self._forget_remnants()
            self.catalog.set_facts(writing="")

    def _forget_remnants(self) -> None:
        """Write the keyword index anew where papers that are gone would still weigh in it."""
        if self.keyword.remnants:
            self.keyword.rewrite(entry.paper for entry in self.catalog.entries())
            self._commit_keyword()

    def put(self, entries: Sequence[Entry]) -> None:
        """Bring the caches up to date with papers whose chunks are in Chroma."""
        self.caches.put(entries)

    def drop_chunks(self, ids: Sequence[str]) -> None:
        """Delete chunks that a paper has no more, within a step."""
        if ids:
            self._removed = True
            self.store.delete(ids)

    def remove(self, entries: Sequence[Entry]) -> None:
        """Remove papers and their chunks, within a step."""
        ids = [entry.paper.id for entry in entries]
        # So that a removal that is cut off is finished by whoever comes next.
        self.catalog.set_facts(leaving=json.dumps(ids))
        self.caches.remove(ids)
        self.drop_chunks(
            [chunk for entry in entries for chunk in chunk_ids(entry.paper, entry.chunks)]
        )
        self.catalog.set_facts(leaving="")

    def begin_rebuild(self, manifest: Manifest) -> ChromaChunkStore:
        """Return a collection beside the one in use: empty, or as a rebuild left it behind."""
        return self.store.sibling(manifest.to_json())

    def finish_rebuild(
        self, fresh: ChromaChunkStore, manifest: Manifest, entries: Iterable[Entry]
    ) -> None:
        """Put a whole new collection in the place of the old one, within a step."""
        fresh.set_facts({**self.store.facts, "manifest": manifest.to_json()})
        self.store.replace_with(fresh)
        remaining = iter(entries)
        while batch := list(islice(remaining, _BATCH)):
            self.catalog.put(batch)
        self.catalog.set_facts(manifest=manifest.to_json())

    # --- the caches -------------------------------------------------------------------------

    def _caches_are_stale(self) -> bool:
        if self._settings.chroma_url is None and not (self._folder / "chroma").exists():
            return False
        if self.catalog.fact("revision") is None or self.catalog.fact("writing") == "yes":
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
        from rag.index.connection import LostError

        try:
            facts = self.store.facts
        except LostError:
            return False  # damage, which the caches must not follow
        revision = str(facts.get("revision", 0))
        return revision != self.catalog.fact("revision") and not self._differs(facts)

    def _server_lock(self) -> AbstractContextManager[None]:
        if self._settings.chroma_url is None:
            return nullcontext()
        from rag.index.server_lock import ServerLock

        return ServerLock(self._open()[0], self._settings.collection).hold()

    def _repair(self) -> None:
        """Let the caches catch up, unless another process, which is writing, will see to it."""
        empty = self.catalog.fact("revision") is None
        try:
            with self._write_lock.acquire(timeout=_LOCK_SECONDS if empty else 0):
                if self.store.exists() and not self._is_another():
                    self._catch_up(mend=False)
                    self._forget_remnants()
                    self.catalog.set_facts(writing="")
        except Timeout:
            return

    def _catch_up(self, *, mend: bool, foreign: bool = False) -> None:
        """Let the caches catch up with Chroma; for one who holds the lock for changes.

        Args:
            mend: Delete from Chroma what belongs to no whole paper.
            foreign: Take of what Chroma has only what the caches have not.
        """
        from rag.index.repair import catch_up

        facts = self.store.facts
        known, indexed = self.catalog.fact("revision"), self.catalog.fact("indexed")
        since = None
        if known is not None and not foreign:
            since = min(int(known), int(indexed if indexed is not None else known))
        ahead = int(facts.get("revision", 0)) > int(known or 0)
        others = ahead and self._settings.chroma_url is not None and not foreign
        removed = int(facts.get("removed", 0)) >= int(known or 0)
        up_to_date = indexed is not None and since is not None and int(indexed) >= int(known or 0)
        catch_up(
            self.store,
            self.caches,
            since=since,
            others=others,
            removed=removed,
            indexed=up_to_date,
            foreign=foreign,
            mend=mend,
        )
        if mend:
            self.catalog.set_facts(leaving="")
        if "manifest" in facts and not foreign:
            self._note(facts, indexed=str(facts.get("revision", 0)))


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
