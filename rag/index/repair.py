"""Bring the caches into step with Chroma, without embedding anything.

What is asked of Chroma is what has been written since the revision that the caches have, and, where
something may be missing, which chunks there are. Nothing is taken to be gone before it has been
looked for by its own id, and the caches never forget a paper without a reason that is known: where
Chroma holds less than it should, they are the last copy.
"""

from __future__ import annotations

import json
from itertools import islice
from typing import TYPE_CHECKING

from rag.index.catalog import Entry
from rag.index.chroma_store import whole_papers

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rag.index.catalog import Catalog
    from rag.index.chroma_store import ChromaChunkStore, Row
    from rag.index.keyword import KeywordIndex
    from rag.index.token_store import TokenStore

__all__ = ["Caches", "catch_up"]

_BATCH = 5_000  # papers that are in memory at once


class Caches:
    """What stands beside Chroma.

    Args:
        catalog: Of the papers.
        keyword: The keyword index.
        tokens: The vectors of their tokens.
    """

    def __init__(self, catalog: Catalog, keyword: KeywordIndex, tokens: TokenStore) -> None:
        self.catalog = catalog
        self.keyword = keyword
        self.tokens = tokens

    def put(self, entries: Iterable[Entry]) -> None:
        """Take papers whose chunks are in Chroma."""
        remaining = iter(entries)
        while batch := list(islice(remaining, _BATCH)):
            self.catalog.put(batch)
            self.keyword.put(entry.paper for entry in batch)

    def remove(self, ids: Iterable[str]) -> None:
        """Forget papers."""
        gone = list(ids)
        if gone:
            self.catalog.remove(gone)
            self.keyword.remove(gone)
            self.tokens.remove(gone)

    def leaving(self) -> list[str]:
        """Return the papers whose removal was begun and may have been cut off."""
        return list(json.loads(self.catalog.fact("leaving") or "[]"))


def catch_up(
    store: ChromaChunkStore,
    caches: Caches,
    *,
    since: int | None,
    others: bool,
    removed: bool,
    indexed: bool,
    foreign: bool,
    mend: bool,
) -> None:
    """Take over what Chroma has.

    Args:
        store: The chunks.
        caches: What is to hold the same papers.
        since: The revision that the caches have, which is read again; None for none.
        others: Whether other clients have changed the collection since: what is gone, they have
            removed. Otherwise it is lost, and the caches keep it.
        removed: Whether chunks may have been deleted since.
        indexed: Whether the keyword index has all that the catalogue has.
        foreign: Whether the caches are newer than Chroma: then they keep the papers they have.
        mend: Whether chunks that belong to no whole paper may be deleted from Chroma, which is for
            those alone who hold the library for changes.
    """
    leaving = set(caches.leaving())
    kept = leaving | (caches.catalog.ids() if foreign else set())
    if mend and leaving:
        store.delete([row.id for row in store.rows_of_papers(leaving)])
    caches.remove(leaving)
    rows = store.rows(store.ids()) if since is None else store.rows_since(since)
    found = _entries(rows, kept)
    caches.put(_news(found, caches.catalog) if indexed else found)
    if since is None or removed or mend or store.count() != caches.catalog.count_chunks():
        _compare(store, caches, kept, others=others, mend=mend)
    _index_what_is_missing(caches)


def _entries(rows: Iterable[Row], kept: set[str]) -> Iterable[Entry]:
    """Rebuild the papers of chunks, without some of them."""
    found = (Entry(paper, chunks) for paper, chunks in whole_papers(rows))
    return (entry for entry in found if entry.paper.id not in kept)


def _news(entries: Iterable[Entry], catalog: Catalog) -> Iterable[Entry]:
    """Leave out what is there already, of which the keyword index would only keep a remnant."""
    return (one for one in entries if catalog.get([one.paper.id]).get(one.paper.id) != one)


def _compare(
    store: ChromaChunkStore, caches: Caches, kept: set[str], *, others: bool, mend: bool
) -> None:
    """Compare the chunks that there are with those that there must be."""
    there, expected = set(store.ids()), caches.catalog.chunk_ids()
    unknown = {_paper_of(one) for one in there - expected.keys()} - kept
    if unknown:
        caches.put(_entries(store.rows_of_papers(unknown), kept))
        expected = caches.catalog.chunk_ids()
    missing = expected.keys() - there
    if others and missing:
        back = {row.id for row in store.rows(list(missing))}
        caches.remove({expected[one] for one in missing - back})
        expected = caches.catalog.chunk_ids()
    if mend:
        store.delete([one for one in there if one not in expected])


def _paper_of(chunk_id: str) -> str:
    return chunk_id.rpartition("#")[0]


def _index_what_is_missing(caches: Caches) -> None:
    """Put into the keyword index what the catalogue has, and take out what it has not."""
    caches.keyword.commit()
    if len(caches.keyword) == len(caches.catalog):
        return
    known, indexed = caches.catalog.ids(), caches.keyword.ids()
    caches.keyword.remove(indexed - known)
    new = sorted(known - indexed)
    for start in range(0, len(new), _BATCH):
        found = caches.catalog.get(new[start : start + _BATCH])
        caches.keyword.put(entry.paper for entry in found.values())
    caches.keyword.commit()
