"""The papers that a search weighs, and what both retrievers say of each of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

    from rag.index.paper_index import PaperIndex

__all__ = ["Candidates", "best_chunk", "gather", "join"]


@dataclass(frozen=True, slots=True)
class Candidates:
    """Papers that either retriever found.

    Attributes:
        ids: Of the papers.
        chunk_ids: Of the chunks of all of them.
        vectors: Unit rows of shape (chunks, dimension).
        owners: For each chunk the number of its paper, in rising order.
        bm25: Of shape (papers,); 0 where no word is shared.
    """

    ids: list[str]
    chunk_ids: list[str]
    vectors: NDArray[np.float32]
    owners: NDArray[np.intp]
    bm25: NDArray[np.float64]


def gather(
    index: PaperIndex, ids: Iterable[str], bm25: Mapping[str, float], dimension: int
) -> Candidates:
    """Read the stored vectors of papers.

    Args:
        index: The index.
        ids: Of papers; those that the index has no more are left out.
        bm25: Their scores in the keyword retriever; 0 where there is none.
        dimension: Of the vectors.
    """
    counts = index.catalog.chunk_counts(list(ids))
    papers = sorted(counts)
    owned = [(n, f"{one}#{c}") for n, one in enumerate(papers) for c in range(counts[one])]
    stored = index.store.vectors([chunk_id for _, chunk_id in owned])
    owned = [(number, chunk_id) for number, chunk_id in owned if chunk_id in stored]
    vectors = np.zeros((0, dimension), np.float32)
    if owned:
        vectors = np.stack([stored[chunk_id] for _, chunk_id in owned])
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return Candidates(
        ids=papers,
        chunk_ids=[chunk_id for _, chunk_id in owned],
        vectors=(vectors / np.where(lengths > 0, lengths, 1)).astype(np.float32),
        owners=np.array([number for number, _ in owned], np.intp),
        bm25=np.array([bm25.get(one, 0.0) for one in papers], np.float64),
    )


def join(first: Candidates, second: Candidates) -> Candidates:
    """Put the papers of one set behind those of another; no paper is in both."""
    return Candidates(
        ids=first.ids + second.ids,
        chunk_ids=first.chunk_ids + second.chunk_ids,
        vectors=np.concatenate([first.vectors, second.vectors]),
        owners=np.concatenate([first.owners, second.owners + len(first.ids)]),
        bm25=np.concatenate([first.bm25, second.bm25]),
    )


def best_chunk(found: Candidates, vector: NDArray[np.float32], number: int) -> tuple[str, float]:
    """Return the chunk of a paper that is nearest to a question, and its cosine.

    Args:
        found: The papers.
        vector: Unit vector of the question, of shape (dimension,).
        number: Of the paper.
    """
    first, last = np.searchsorted(found.owners, [number, number + 1])
    if first == last:
        return "", -1.0
    cosines = found.vectors[first:last] @ vector
    best = int(cosines.argmax())
    return found.chunk_ids[first + best], float(cosines[best])
