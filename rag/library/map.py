"""A picture of the library: each paper a point, papers on one subject close together."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain, islice
from typing import TYPE_CHECKING

import numpy as np

from rag.errors import LibraryError
from rag.index.paper_index import chunk_ids

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from rag.index.paper_index import PaperIndex

__all__ = ["PaperMap", "draw_map"]

_EXACT = 5_000  # papers that are laid out themselves: more would take t-SNE minutes
_PERPLEXITY = 30  # papers that count as a paper's neighbourhood, as is usual
_COMPONENTS = 50  # of the vectors; what t-SNE's authors reduce to first
_NEIGHBOURS = 10
_BLOCK = 2_000  # papers whose vectors are read at once
_FILE = "map.npz"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PaperMap:
    """Where each paper lies.

    Attributes:
        ids: Papers in order of id.
        points: Their places, shape (papers, 2), within -1 and 1; which way is up means nothing.
    """

    ids: tuple[str, ...]
    points: NDArray[np.float32]


def draw_map(index: PaperIndex, folder: Path) -> PaperMap:
    """Lay out all papers in two dimensions by the vectors of their chunks.

    The result is kept in a file until the library changes; the same papers always give the same
    picture.

    Args:
        index: The papers.
        folder: Where the result is kept.

    Raises:
        LibraryError: scikit-learn is not installed.

    The method is t-SNE (van der Maaten and Hinton, 2008) after a principal component analysis.
    In a large library a sample is laid out, and every other paper is put between those of the
    sample that it is nearest to.
    """
    revision = index.catalog.fact("revision") or ""
    path = folder / _FILE
    if kept := _read(path, revision):
        return kept
    ids, vectors = _paper_vectors(index)
    drawn = PaperMap(ids=ids, points=_lay_out(vectors))
    _write(path, revision, drawn)
    return drawn


def _paper_vectors(index: PaperIndex) -> tuple[tuple[str, ...], NDArray[np.float32]]:
    """Return ids and the mean unit vector of each paper's chunks, shape (papers, dimension)."""
    ids: list[str] = []
    sums: list[NDArray[np.float32]] = []
    entries = index.catalog.entries()
    # By blocks: all chunks of a large library at once would take a gigabyte.
    while block := list(islice(entries, _BLOCK)):
        names = [chunk_ids(one.paper, one.chunks) for one in block]
        found = index.store.vectors(list(chain.from_iterable(names)))
        for entry, chunks in zip(block, names, strict=True):
            vectors = [found[chunk] for chunk in chunks if chunk in found]
            if vectors:  # nobody removed it meanwhile
                ids.append(entry.paper.id)
                sums.append(np.sum(vectors, axis=0, dtype=np.float32))
    rows = np.stack(sums) if sums else np.zeros((0, 1), np.float32)
    return tuple(ids), rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)


def _lay_out(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Place rows of shape (papers, dimension) in a plane, shape (papers, 2)."""
    count = len(vectors)
    if count < 4:
        # Too few for neighbourhoods: side by side.
        spread = np.linspace(-0.5, 0.5, count) if count > 1 else np.zeros(count)
        return np.stack([spread, np.zeros(count)], axis=1).astype(np.float32)
    try:
        from sklearn.decomposition import PCA
        from sklearn.manifold import TSNE
        from sklearn.neighbors import KNeighborsRegressor
    except ImportError as error:
        raise LibraryError(
            "The map needs the package scikit-learn.",
            hint="Install it: pip install scikit-learn",
        ) from error
    chosen = np.arange(count)
    if count > _EXACT:
        chosen = np.sort(np.random.default_rng(0).choice(count, _EXACT, replace=False))
    components = min(_COMPONENTS, len(chosen) - 1, vectors.shape[1])
    reduction = PCA(components, random_state=0).fit(vectors[chosen])
    reduced = reduction.transform(vectors)
    perplexity = min(_PERPLEXITY, (len(chosen) - 1) / 3)
    layout = TSNE(2, perplexity=perplexity, init="pca", random_state=0)
    points = np.zeros((count, 2), np.float32)
    points[chosen] = layout.fit_transform(reduced[chosen])
    rest = np.setdiff1d(np.arange(count), chosen, assume_unique=True)
    if len(rest):
        nearest = KNeighborsRegressor(_NEIGHBOURS, weights="distance")
        points[rest] = nearest.fit(reduced[chosen], points[chosen]).predict(reduced[rest])
    points -= (points.max(axis=0) + points.min(axis=0)) / 2
    return points / max(float(np.abs(points).max()), 1e-9)


def _read(path: Path, revision: str) -> PaperMap | None:
    try:
        with np.load(path, allow_pickle=False) as kept:
            if str(kept["revision"]) != revision:
                return None
            ids: Sequence[str] = kept["ids"].tolist()
            return PaperMap(ids=tuple(ids), points=kept["points"])
    except (OSError, ValueError, KeyError, EOFError):
        return None  # missing, or damaged: it is drawn again


def _write(path: Path, revision: str, drawn: PaperMap) -> None:
    """Keep the result; a folder that can't be written only costs drawing it again."""
    part = path.with_suffix(".part.npz")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez(part, revision=revision, ids=np.array(drawn.ids), points=drawn.points)
        part.replace(path)
    except OSError:
        part.unlink(missing_ok=True)
