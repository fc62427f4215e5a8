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
from rag.llm.client import Delta, LanguageModel
from rag.settings import load_settings

if TYPE_CHECKING:
    from collections.abc import Iterator


def answer_at_once(*_args: object, **_options: object) -> Iterator[Delta]:
    """Stand in the place of a model."""
    yield Delta(text="The papers differ [1].")
    yield Delta(finish="stop")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--storage", type=Path, required=True, help="folder of the library")
    parser.add_argument("--count", type=int, default=60, help="questions that are timed")
    chosen = parser.parse_args()
    os.environ.setdefault("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")  # never called
    LanguageModel.stream = answer_at_once  # type: ignore[method-assign,assignment]
    settings = load_settings().model_copy(
        update={"storage": chosen.storage, "llm_model": "at-once", "answer_cache": False}
    )
    first: list[float] = []
    with Library(settings=settings) as library:
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
