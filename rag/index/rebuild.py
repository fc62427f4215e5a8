"""Embed all papers of an index again, into a collection that then takes the place of the old."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from rag.index.catalog import Entry
from rag.index.encoding import encode_in_steps, keep_tokens
from rag.index.manifest import Manifest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rag.index.chroma_store import ChromaChunkStore
    from rag.index.paper_index import PaperIndex
    from rag.index.sync import Progress
    from rag.models.embedder import Embedder
    from rag.papers import Paper

__all__ = ["rebuild_index"]

_BATCH = 256  # papers that are read together


def rebuild_index(
    index: PaperIndex, embedder: Embedder, *, progress: Progress | None = None
) -> int:
    """Embed every paper of an index again and return how many there are.

    Until all are done the index answers from the old vectors; a call that is cut off changes
    nothing, and the next one goes on where it was. What other clients of a server change meanwhile
    is embedded before the new collection takes the old one's place.

    Args:
        index: The index, within `index.writing(rebuild=True)`.
        embedder: What the chunks are embedded with from now on.
        progress: Called now and then with how many papers are done.
    """
    return _Rebuild(index, embedder, progress).run()


class _Rebuild:
    """One rebuild: knows which papers it has embedded, and in which state."""

    def __init__(self, index: PaperIndex, embedder: Embedder, progress: Progress | None) -> None:
        from rag.index.chroma_store import whole_papers

        self._index = index
        self._embedder = embedder
        self._progress = progress
        self._manifest = Manifest.of(embedder)
        self._fresh: ChromaChunkStore = index.begin_rebuild(self._manifest)
        self._done: dict[str, tuple[str, int]] = {
            paper.id: (_state(paper), chunks)
            for paper, chunks in whole_papers(self._fresh.rows(self._fresh.ids()))
        }

    def run(self) -> int:
        while True:
            for papers in self._pending():
                self._embed(papers)
            with self._index.step():
                if next(self._pending(), None) is None:
                    self._finish()
                    return len(self._index.catalog)

    def _pending(self) -> Iterator[list[Paper]]:
        """Yield the papers that are not embedded as they are now."""
        batch: list[Paper] = []
        for entry in self._index.catalog.entries():
            paper = entry.paper
            if self._done.get(paper.id, ("", 0))[0] != _state(paper):
                batch.append(paper)
            if len(batch) == _BATCH:
                yield batch
                batch = []
        if batch:
            yield batch

    def _embed(self, papers: list[Paper]) -> None:
        for encoded in encode_in_steps(papers, self._embedder):
            self._fresh.add([node for one in encoded for node in one.nodes])
            keep_tokens(encoded, self._embedder, self._index.tokens)
            for one in encoded:
                self._done[one.paper.id] = (_state(one.paper), len(one.nodes))
            if self._progress:
                self._progress(len(self._done))

    def _finish(self) -> None:
        """Put the new collection in the place of the old one, without what is left over in it."""
        counts = {one: self._done[one][1] for one in self._index.catalog.ids()}
        expected = {f"{one}#{number}" for one, count in counts.items() for number in range(count)}
        self._fresh.delete([one for one in self._fresh.ids() if one not in expected])
        entries = (Entry(one.paper, counts[one.paper.id]) for one in self._index.catalog.entries())
        self._index.finish_rebuild(self._fresh, self._manifest, entries)


def _state(paper: Paper) -> str:
    """Tell the states of a paper apart, in few bytes."""
    text = json.dumps(paper.as_dict(), ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
