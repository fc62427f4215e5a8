"""Hybrid search: the dense and the keyword retriever together, grouped by paper."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np

from rag.papers import Paper, find_identifier, title_key
from rag.search.candidates import best_chunk, gather, join
from rag.search.feedback import FEEDBACK_PAPERS, expansion, query_weights
from rag.search.fusion import (
    DEPTH,
    add_feedback,
    fuse,
    paper_cosines,
    paper_vectors,
    smooth,
)
from rag.search.query import Filters, Selection, select
from rag.search.rerank import rerank

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from rag.index.paper_index import PaperIndex
    from rag.models.embedder import Embedder
    from rag.search.candidates import Candidates
    from rag.search.rerank import Reranker

__all__ = ["Hit", "HybridSearcher", "Mode", "Passage", "SearchResult"]

_MUCH = 6  # a filter that leaves one paper in so many, or more, is applied to what is found

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
    """

    hits: tuple[Hit, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Query:
    """A question as the retrievers take it.

    Attributes:
        text: As it was asked.
        vector: Of shape (dimension,).
        weights: Of the question's terms, as the keyword index has them.
        depth: How many papers each retriever contributes.
        selection: The papers that may be found; None for all.
        named: Those of them that the question names outright.
    """

    text: str
    vector: NDArray[np.float32]
    weights: Mapping[str, float]
    depth: int
    selection: Selection | None
    named: Sequence[str]

    def cosines(self, found: Candidates) -> NDArray[np.float64]:
        return paper_cosines(self.vector, found.vectors, found.owners, len(found.ids))


class HybridSearcher:
    """Searches an index with both retrievers, as the index was when it was last refreshed.

    Args:
        index: The index.
        embedder: The embedder that the index was built with.
    """

    def __init__(self, index: PaperIndex, embedder: Embedder) -> None:
        self._index = index
        self._embedder = embedder

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
            mode: Both retrievers, or one of them alone, so that they can be compared.
            reranker: Reorders the first papers, in hybrid mode. Their scores are dealt out anew in
                its order, so that scores keep their meaning; papers that the question names stay
                first.
        """
        selection = select(filters, self._index.catalog) if filters else None
        query = _Query(
            text=question,
            vector=self._embedder.embed_query(question),
            weights=query_weights(question),
            depth=max(k, DEPTH),
            selection=selection,
            named=self._named(question, selection) if mode == "hybrid" else (),
        )
        found = self._both_legs(query)
        notes = _notes(selection)
        if mode == "keyword":
            scores = found.bm25
            order = [int(n) for n in np.argsort(-scores, kind="stable") if scores[n] > 0]
        elif mode == "dense":
            scores = query.cosines(found)
            order = np.argsort(-scores, kind="stable").tolist()
        else:
            found, scores = self._rank(query, found)
            order = sorted(
                range(len(scores)), key=lambda n: (found.ids[n] not in query.named, -scores[n])
            )
            if reranker is not None:
                order, note = self._rerank(reranker, query, found, scores, order)
                notes += (note,) if note else ()
        return SearchResult(self._hits(query, found, scores, order, k), notes)

    def _both_legs(self, query: _Query) -> Candidates:
        """Collect the papers of both retrievers, each with its vectors and its exact BM25."""
        bm25 = dict(self._keyword(query, query.weights))
        others = [one for one in {*self._dense(query), *query.named} if one not in bm25]
        bm25 |= self._bm25(query.weights, others)
        return gather(self._index, {*bm25, *others}, bm25, len(query.vector))

    def _keyword(self, query: _Query, weights: Mapping[str, float]) -> list[tuple[str, float]]:
        """Return the first papers of the keyword retriever, with their scores."""
        search = self._index.keyword.search
        if query.selection is None:
            return search(weights, query.depth)
        allowed = query.selection.chunks
        if wide := self._wide(query, query.depth):
            found = search(weights, wide)
            kept = [(one, score) for one, score in found if one in allowed]
            if len(kept) >= query.depth or len(found) < wide:
                return kept[: query.depth]
        return search(weights, query.depth, among=list(allowed))

    def _wide(self, query: _Query, wanted: int) -> int:
        """Return how many to look at so that a filter likely leaves as many as are wanted.

        Naming the papers that may be found costs more, the more there are: where a filter leaves
        much of the library, it is quicker to look further and drop. 0 where it leaves little.
        """
        left = len(query.selection.chunks) if query.selection is not None else 0
        whole = len(self._index.catalog)
        return 2 * wanted * whole // left if left * _MUCH >= whole > 0 else 0

    def _dense(self, query: _Query) -> list[str]:
        """Return the papers of the nearest chunks: `depth` of them wherever there are as many."""
        chunks = 2 * query.depth  # a paper has about two
        vector = query.vector.tolist()
        among = None
        if query.selection is not None:
            counts = query.selection.chunks
            if wide := self._wide(query, chunks):
                papers = _owners(self._index.store.nearest(vector, wide))
                papers = [one for one in papers if one in counts]
                if len(papers) >= query.depth:
                    return papers[: query.depth]
            among = [f"{one}#{n}" for one, count in counts.items() for n in range(count)]
        while True:
            nearest = self._index.store.nearest(vector, chunks, among=among)
            papers = _owners(nearest)
            if len(papers) >= query.depth or len(nearest) < chunks:
                return papers[: query.depth]
            chunks *= 4

    def _bm25(self, weights: Mapping[str, float], among: Sequence[str]) -> dict[str, float]:
        """Return the exact keyword scores of papers; those that share no word have none."""
        return dict(self._index.keyword.search(weights, len(among), among=among))

    def _rank(self, query: _Query, found: Candidates) -> tuple[Candidates, NDArray[np.float64]]:
        """Score the candidates, and with them the papers that the widened question finds."""
        fused = fuse(query.cosines(found), found.bm25)
        widened = self._widen(found, fused)
        says = dict(self._keyword(query, widened))
        known = set(found.ids)
        if new := [one for one in says if one not in known]:
            bm25 = self._bm25(query.weights, new)
            found = join(found, gather(self._index, new, bm25, len(query.vector)))
            fused = fuse(query.cosines(found), found.bm25)
        says |= self._bm25(widened, [one for one in found.ids if one not in says])
        scores = add_feedback(fused, np.array([says.get(one, 0.0) for one in found.ids]))
        return found, smooth(scores, paper_vectors(found.vectors, found.owners, len(found.ids)))

    def _widen(self, found: Candidates, fused: NDArray[np.float64]) -> dict[str, float]:
        """Return the weighted terms that the first papers share."""
        first = np.argsort(-fused, kind="stable")[:FEEDBACK_PAPERS].tolist()
        papers = self._papers([found.ids[number] for number in first])
        first = [number for number in first if found.ids[number] in papers]
        texts = [papers[found.ids[number]] for number in first]
        return expansion(
            [f"{paper.title}\n{paper.abstract}" for paper in texts],
            fused[first],
            self._index.keyword,
        )

    def _rerank(
        self,
        reranker: Reranker,
        query: _Query,
        found: Candidates,
        scores: NDArray[np.float64],
        order: list[int],
    ) -> tuple[list[int], str]:
        """Let a reranker order the papers that aren't named; deal out their scores anew."""
        lead = sum(found.ids[number] in query.named for number in order)
        behind = order[lead : lead + reranker.depth]
        papers = self._papers([found.ids[number] for number in behind])
        behind = [number for number in behind if found.ids[number] in papers]
        places, note = rerank(reranker, query.text, [papers[found.ids[n]] for n in behind])
        read = [behind[place] for place in places]
        scores[read] = scores[behind]
        return [*order[:lead], *read, *order[lead + reranker.depth :]], note

    def _hits(
        self,
        query: _Query,
        found: Candidates,
        scores: NDArray[np.float64],
        order: Sequence[int],
        k: int,
    ) -> tuple[Hit, ...]:
        """Read the first papers of an order; others take the place of what is gone by now."""
        hits: list[Hit] = []
        at = 0
        while len(hits) < k and at < len(order):
            numbers = order[at : at + k - len(hits)]
            at += len(numbers)
            papers = self._papers([found.ids[number] for number in numbers])
            best = [best_chunk(found, query.vector, number) for number in numbers]
            passages = self._passages([chunk_id for chunk_id, _ in best])
            hits += [
                Hit(
                    rank=rank,
                    score=float(scores[number]),
                    paper=papers[found.ids[number]],
                    passage=passages[chunk_id],
                    cosine=cosine,
                    bm25=float(found.bm25[number]),
                )
                for rank, (number, (chunk_id, cosine)) in enumerate(
                    (
                        (number, one)
                        for number, one in zip(numbers, best, strict=True)
                        if one[0] in passages and found.ids[number] in papers
                    ),
                    start=len(hits) + 1,
                )
            ]
        return tuple(hits)

    def _named(self, question: str, selection: Selection | None) -> list[str]:
        """Return the papers that the question names outright: by title, name or identifier."""
        catalog = self._index.catalog
        entries = catalog.by_title(question) if title_key(question) else []
        if identifier := find_identifier(question):
            entries += [*catalog.get([identifier]).values(), *catalog.by_identifier(identifier)]
        ids = dict.fromkeys([*(entry.paper.id for entry in entries), *catalog.by_name(question)])
        return [one for one in ids if selection is None or one in selection.chunks]

    def _papers(self, ids: Sequence[str]) -> dict[str, Paper]:
        """Read papers; one that another process has removed meanwhile is left out."""
        return {one: entry.paper for one, entry in self._index.catalog.get(ids).items()}

    def _passages(self, chunks: list[str]) -> dict[str, Passage]:
        found = self._index.store.passages(chunks) if chunks else {}
        return {one: Passage(text, *span) for one, (text, span) in found.items()}


def _owners(chunks: Sequence[tuple[str, float]]) -> list[str]:
    """Return the papers of chunks, each once, in order."""
    return list(dict.fromkeys(one.rpartition("#")[0] for one, _ in chunks))


def _notes(selection: Selection | None) -> tuple[str, ...]:
    if selection is None or not selection.unknown_year:
        return ()
    count = selection.unknown_year
    papers = "1 paper whose year is" if count == 1 else f"{count} papers whose years are"
    return (f"Left out: {papers} not known.",)
