"""How long a search takes, and where the time goes.

python -m benchmarks.search STORAGE [--rounds 5] [--queries FILE] [--titles]

Searches a library with a file of questions (twenty of our own by default), several times over. The
first search, which opens everything, is told apart. The legs add up to the whole but for what is
left over: fusing, widening the question, smoothing, and Python in between.
"""

from __future__ import annotations

import argparse
import functools
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rag import Library
from rag.index.catalog import Catalog
from rag.index.chroma_store import ChromaChunkStore
from rag.index.keyword import KeywordIndex
from rag.models.encoder import SentenceEncoder

if TYPE_CHECKING:
    from collections.abc import Callable

QUERIES = Path(__file__).with_name("search_queries.txt")
FOUND = 10

# What is timed: the leg it counts for, and the methods that do its work.
LEGS: dict[str, list[tuple[type, str]]] = {
    "embedding the question": [(SentenceEncoder, "encode")],
    "keyword search": [(KeywordIndex, name) for name in ("search", "document_frequency")],
    "nearest vectors": [(ChromaChunkStore, "nearest")],
    "vectors of candidates": [(ChromaChunkStore, "vectors")],
    "passages": [(ChromaChunkStore, "passages")],
    "records": [
        (Catalog, name)
        for name in ("get", "chunk_counts", "matching", "by_title", "by_identifier", "__len__")
    ],
}


class Stopwatch:
    """Adds up the time spent in methods, leg by leg; a watched method within another is once."""

    def __init__(self) -> None:
        self.spent = dict.fromkeys(LEGS, 0.0)
        self._inside = False
        for leg, methods in LEGS.items():
            for owner, name in methods:
                setattr(owner, name, self._watched(leg, getattr(owner, name)))

    def reset(self) -> None:
        """Begin anew."""
        self.spent = dict.fromkeys(LEGS, 0.0)

    def _watched(self, leg: str, method: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(method)
        def timed(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - any method's
            if self._inside:
                return method(*args, **kwargs)
            self._inside = True
            started = time.perf_counter()
            try:
                return method(*args, **kwargs)
            finally:
                self.spent[leg] += time.perf_counter() - started
                self._inside = False

        return timed


def measure(library: Library, queries: list[str], rounds: int) -> dict[str, list[float]]:
    """Return the milliseconds of each leg, and of the whole, search by search."""
    watch = Stopwatch()
    rows: dict[str, list[float]] = {leg: [] for leg in (*LEGS, "the rest", "all")}
    for _ in range(rounds):
        for query in queries:
            watch.reset()
            started = time.perf_counter()
            library.search(query, FOUND)
            whole = time.perf_counter() - started
            spent = watch.spent | {"the rest": whole - sum(watch.spent.values()), "all": whole}
            for leg, seconds in spent.items():
                rows[leg].append(1000 * seconds)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description="Time the search of a library.")
    parser.add_argument("storage", type=Path, help="Folder of the library.")
    parser.add_argument("--rounds", type=int, default=5, help="How often each question is asked.")
    parser.add_argument("--queries", type=Path, default=QUERIES, help="One question a line.")
    parser.add_argument("--titles", action="store_true", help="Show what is found, untimed.")
    options = parser.parse_args()
    queries = [line for line in options.queries.read_text("utf-8").splitlines() if line.strip()]
    with Library(options.storage) as library:
        started = time.perf_counter()
        library.search(queries[0], FOUND)
        first = time.perf_counter() - started
        if options.titles:
            for query in queries:
                titles = [hit.paper.title for hit in library.search(query, 5)]
                print("\n".join([f"\n{query}", *(f"  {n}. {t}" for n, t in enumerate(titles, 1))]))
            return
        rows = measure(library, queries, options.rounds)
        held = f"{len(library):,} papers"
    print(
        f"{held}, {len(queries)} questions, {options.rounds} rounds; the first took {first:.1f} s"
    )
    print(f"{'':<24}{'p50 ms':>9}{'p95 ms':>9}{'share':>8}")
    whole = sum(rows["all"])
    for leg, times in rows.items():
        p50, p95 = np.percentile(times, [50, 95])
        print(f"{leg:<24}{p50:>9.1f}{p95:>9.1f}{sum(times) / whole:>8.0%}")


if __name__ == "__main__":
    main()
