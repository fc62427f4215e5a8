"""Hybrid search: the dense and the keyword leg together, grouped by paper."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np

from rag.index.paper_index import chunk_ids
from rag.papers import Paper, find_identifier, title_key
from rag.retrieval.feedback import FEEDBACK_PAPERS, STOP_WORDS, expansion, query_weights
from rag.retrieval.filters import Filters, Selection, select
from rag.retrieval.fusion import (
    DEPTH,
    add_feedback,
    fuse,
    paper_cosines,
    paper_vectors,
    smooth,
)
from rag.retrieval.rerank import read_again

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rag.index.catalog import Entry
    from rag.index.embedders import Embedder
    from rag.index.paper_index import PaperIndex
    from rag.retrieval.rerank import Reranker

__all__ = ["Hit", "HybridSearcher", "Mode", "Passage", "SearchResult"]

Mode: TypeAlias = Literal["hybrid", "dense", "keyword"]


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of an abstract: `abstract[start:end] == text`."""

    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Hit:
    """A paper that was found.

    Attributes:
        rank: 1 for the best.
        score: Higher is better; comparable within one search.
        paper: The paper.
        passage: The chunk of its abstract that is nearest to the question.
        cosine: Similarity of that chunk and the question, -1 to 1.
        bm25: The keyword score of the paper, 0 where no word is shared.
    """

    rank: int
    score: float
    paper: Paper
    passage: Passage
    cosine: float
    bm25: float

    def as_dict(self) -> dict[str, Any]:
        """Return the fields as plain values, ready for JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class SearchResult:
    """Hits, best first, and what a reader should know about them.

    Attributes:
        hits: Best first.
        notes: Such as how many papers a filter left out because their year is not known.
        query_vector: Unit vector of the question, of shape (dimension,).
    """

    hits: tuple[Hit, ...]
    notes: tuple[str, ...]
    query_vector: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class _Candidates:
    """The papers that either leg found, and what both legs say of each.

    Attributes:
        entries: One for each paper.
        chunk_ids: The chunks of all of them.
        vectors: Unit rows of shape (chunks, dimension).
        owners: For each chunk the number of its paper.
        bm25: Of shape (papers,); 0 where no word is shared.
    """

    entries: list[Entry]
    chunk_ids: list[str]
    vectors: NDArray[np.float32]
    owners: NDArray[np.intp]
    bm25: NDArray[np.float64]


class HybridSearcher:
    """Searches an index with both legs.

    Args:
        index: The index.
        embedder: The embedder that the index was built with.
    """

    def __init__(self, index: PaperIndex, embedder: Embedder) -> None:
        self._index = index
        self._embedder = embedder
        self._stop_terms = frozenset(index.keyword.terms(" ".join(sorted(STOP_WORDS))))

    def search(
        self,
        question: str,
        k: int,
        filters: Filters | None = None,
        *,
        mode: Mode = "hybrid",
        reranker: Reranker | None = None,
    ) -> SearchResult:
        """Find the papers that fit a question.

        Args:
            question: Not blank.
            k: How many papers; as many are returned wherever as many match the filter (in keyword
                mode, wherever as many share a word with the question).
            filters: Applied before anything is ranked.
            mode: Both legs, or one of them alone, so that they can be compared.
            reranker: Reads the first papers again, in hybrid mode. The scores that they had are
                dealt out anew in its order, so that scores keep their meaning; papers that the
                question names stay first.
        """
        self._index.refresh()
        selection = select(filters, self._index.catalog) if filters else None
        vector = np.asarray(self._embedder.model.get_query_embedding(question), np.float32)
        weights = query_weights(self._index.keyword.terms(question), self._stop_terms)
        named = self._named(question, selection) if mode == "hybrid" else []
        found = self._candidates(vector, weights, max(k, DEPTH), selection, named)
        if not found.entries:
            return SearchResult((), _notes(selection), vector)
        cosines = paper_cosines(vector, found.vectors, found.owners, len(found.entries))
        scores = self._score(found, cosines, mode)
        order = _order(found, scores, mode, named)
        notes = _notes(selection)
        if reranker is not None and mode == "hybrid":
            lead = sum(found.entries[number].paper.id in named for number in order)
            papers = [found.entries[number].paper for number in order[lead:]]
            again, note = read_again(reranker, question, papers)
            falling = scores[order]
            order = [*order[:lead], *(order[lead + place] for place in again)]
            scores[order] = falling
            notes += (note,) if note else ()
        order = order[:k]
        best = [_best_chunk(found, vector, number) for number in order]
        passages = self._passages([chunk_id for chunk_id, _ in best])
        hits = tuple(
            Hit(
                rank=rank,
                score=float(scores[number]),
                paper=found.entries[number].paper,
                passage=passages[chunk_id],
                cosine=cosine,
                bm25=float(found.bm25[number]),
            )
            for rank, (number, (chunk_id, cosine)) in enumerate(
                zip(order, best, strict=True), start=1
            )
            if chunk_id in passages
        )
        return SearchResult(hits, notes, vector)

    def _candidates(
        self,
        vector: NDArray[np.float32],
        weights: dict[str, float],
        depth: int,
        selection: Selection | None,
        named: list[str],
    ) -> _Candidates:
        """Collect the candidates of both legs, each with its exact score in both."""
        within = None if selection is None else list(selection.chunks)
        chunks = None
        if selection is not None:
            chunks = [f"{one}#{n}" for one, count in selection.chunks.items() for n in range(count)]
        keyword = self._index.keyword
        dense = self._dense(vector, depth, chunks)
        bm25 = dict(keyword.search(weights, depth, among=within))
        missing = [one for one in {*dense, *named} if one not in bm25]
        bm25 |= dict(keyword.search(weights, len(missing), among=missing))
        found = self._index.catalog.get(list({*dense, *named, *bm25}))
        entries = sorted(found.values(), key=lambda entry: entry.paper.id)
        ids = [(n, c) for n, e in enumerate(entries) for c in chunk_ids(e.paper, e.chunks)]
        stored = self._index.store.vectors([chunk_id for _, chunk_id in ids])
        ids = [(number, chunk_id) for number, chunk_id in ids if chunk_id in stored]
        vectors = np.array([stored[chunk_id] for _, chunk_id in ids], np.float32)
        vectors = vectors.reshape(len(ids), len(vector))
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        return _Candidates(
            entries=entries,
            chunk_ids=[chunk_id for _, chunk_id in ids],
            vectors=(vectors / np.where(lengths > 0, lengths, 1)).astype(np.float32),
            owners=np.array([number for number, _ in ids], np.intp),
            bm25=np.array([bm25.get(entry.paper.id, 0.0) for entry in entries], np.float64),
        )

    def _dense(self, vector: NDArray[np.float32], depth: int, among: list[str] | None) -> list[str]:
        """Return the papers of the nearest chunks: `depth` of them wherever there are as many."""
        chunks = 2 * depth  # a paper has about two
        while True:
            nearest = self._index.store.nearest(vector.tolist(), chunks, among=among)
            papers = list(dict.fromkeys(one.rpartition("#")[0] for one, _ in nearest))
            if len(papers) >= depth or len(nearest) < chunks:
                return papers[:depth]
            chunks *= 4

    def _score(
        self, found: _Candidates, cosines: NDArray[np.float64], mode: Mode
    ) -> NDArray[np.float64]:
        if mode != "hybrid":
            return cosines if mode == "dense" else found.bm25
        fused = fuse(cosines, found.bm25)
        keyword = self._index.keyword
        first = np.argsort(-fused, kind="stable")[:FEEDBACK_PAPERS]
        papers = [found.entries[number].paper for number in first]
        widened = expansion(
            [keyword.terms(f"{paper.title}\n{paper.abstract}") for paper in papers],
            fused[first],
            stop_terms=self._stop_terms,
            document_frequency=keyword.document_frequency,
        )
        ids = [entry.paper.id for entry in found.entries]
        says = dict(keyword.search(widened, len(ids), among=ids))
        scores = add_feedback(fused, np.array([says.get(one, 0.0) for one in ids]))
        return smooth(scores, paper_vectors(found.vectors, found.owners, len(ids)))

    def _named(self, question: str, selection: Selection | None) -> list[str]:
        """Return the papers that the question names outright, by title or identifier."""
        catalog = self._index.catalog
        entries = catalog.by_title(question) if title_key(question) else []
        if identifier := find_identifier(question):
            entries += [*catalog.get([identifier]).values(), *catalog.by_identifier(identifier)]
        ids = dict.fromkeys(entry.paper.id for entry in entries)
        return [one for one in ids if selection is None or one in selection.chunks]

    def _passages(self, chunks: list[str]) -> dict[str, Passage]:
        nodes = self._index.store.get_nodes(chunks) if chunks else []
        return {
            node.node_id: Passage(node.get_content(), node.metadata["start"], node.metadata["end"])
            for node in nodes
        }


def _order(
    found: _Candidates, scores: NDArray[np.float64], mode: Mode, named: list[str]
) -> list[int]:
    """Return the numbers of the candidates, best first; papers that were named lead."""
    numbers = range(len(found.entries))
    if mode == "keyword":
        return sorted((n for n in numbers if found.bm25[n] > 0), key=lambda n: -scores[n])
    return sorted(numbers, key=lambda n: (found.entries[n].paper.id not in named, -scores[n]))


def _best_chunk(found: _Candidates, vector: NDArray[np.float32], number: int) -> tuple[str, float]:
    """Return the chunk of a paper that is nearest to the question, and its cosine."""
    rows = np.flatnonzero(found.owners == number)
    if not rows.size:
        return "", -1.0
    cosines = found.vectors[rows] @ vector
    best = int(cosines.argmax())
    return found.chunk_ids[rows[best]], float(cosines[best])


def _notes(selection: Selection | None) -> tuple[str, ...]:
    if selection is None or not selection.unknown_year:
        return ()
    count = selection.unknown_year
    papers = "1 paper whose year is" if count == 1 else f"{count} papers whose years are"
    return (f"Left out: {papers} not known.",)
