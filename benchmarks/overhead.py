"""Time everything between a question and the first word of a written answer but the model itself.

    python -m benchmarks.overhead --storage STORAGE [--count 60]

In the place of the model stands one that answers at once: what is timed is the search, the choice
of evidence, the prompt, and handing on the first piece. Opening a connection and the model's own
time come on top. The library is warm and the questions are new to it, as in `benchmarks.ask`;
those that it declines without asking the model are left out.
"""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.ask import WARMING, read_questions
from rag.library import Library
from rag.llm.client import Delta
from rag.settings import load_settings

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator, Sequence

    from rag.llm.client import Message


class AtOnce:
    """A client that stands in the place of a model."""

    name = "at-once"
    endpoint = "nowhere"

    def stream(
        self, messages: Sequence[Message], *, max_tokens: int
    ) -> Generator[Delta, None, None]:
        """Reply at once, whatever is asked."""
        del messages, max_tokens
        yield Delta(text="The papers differ [1].")
        yield Delta(finish="stop")

    async def astream(
        self, messages: Sequence[Message], *, max_tokens: int
    ) -> AsyncGenerator[Delta, None]:
        """Reply as `stream` does."""
        for delta in self.stream(messages, max_tokens=max_tokens):
            yield delta

    def list_models(self) -> list[str]:
        """Return the one name."""
        return [self.name]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--storage", type=Path, required=True, help="folder of the library")
    parser.add_argument("--count", type=int, default=60, help="questions that are timed")
    chosen = parser.parse_args()
    settings = load_settings().model_copy(update={"answer_cache": False})
    first: list[float] = []
    with Library(chosen.storage, settings=settings, llm=AtOnce()) as library:
        papers = len(library)
        for place, question in enumerate(read_questions()[: WARMING + chosen.count]):
            started = time.perf_counter()
            stream = library.stream(question)
            next(stream)
            taken = 1000 * (time.perf_counter() - started)
            answer = stream.finish()
            if place >= WARMING and not answer.abstained:
                first.append(taken)
    load = " ".join(f"{one:.1f}" for one in os.getloadavg())
    p50, p95 = np.percentile(first, [50, 95])
    print(f"{papers:,} papers, {len(first)} questions, load {load}")
    print(f"milliseconds to the first word: p50 {p50:.1f}, p95 {p95:.1f}")


if __name__ == "__main__":
    main()
