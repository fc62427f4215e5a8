"""Embed all papers again, into a second collection that takes the first one's place when whole."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from rag.index.manifest import Manifest
from rag.index.sync import embed_papers

if TYPE_CHECKING:
    from rag.index.catalog import Entry
    from rag.index.paper_index import PaperIndex
    from rag.index.sync import Progress
    from rag.models.embedder import Embedder

__all__ = ["rebuild_index"]

_BATCH = 256


def rebuild_index(
    index: PaperIndex, embedder: Embedder, *, progress: Progress | None = None
) -> int:
    """Embed every paper of an index again and return how many there are.

    Until all are done the index answers from the old vectors; a call that is cut off changes
    nothing.

    Args:
        index: The index, within `index.writing()`.
        embedder: What the chunks are embedded with from now on.
        progress: Called now and then with how many papers are done.
    """
    fresh = index.begin_rebuild()
    entries = index.catalog.entries()
    done: list[Entry] = []
    while papers := [entry.paper for entry in islice(entries, _BATCH)]:
        done.extend(embed_papers(papers, fresh, index.tokens, embedder))
        if progress:
            progress(len(done))
    manifest = Manifest(embedder=embedder.name, dimension=embedder.dimension)
    index.finish_rebuild(fresh, manifest, done)
    return len(done)
