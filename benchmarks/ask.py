"""Time `library.ask` without a language model, and say which step takes how much.

    python -m benchmarks.ask --storage STORAGE [--count 60] [--skip 0]

The library is warm: it is open, and has answered a few questions. Each question timed is new to it,
and no two of them are about the same papers. The token vectors of papers are read where they are
kept; a library that lacks them makes them in a first run. The questions come from
`pages_questions.jsonl` and `evidence_questions.jsonl`; the library need not hold their papers.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from pathlib import Path

import numpy as np

from rag.library import Library

HERE = Path(__file__).parent
WARMING = 5


def read_questions() -> list[str]:
    """Return questions that stand alone, one for each set of papers, in a fixed mixed order."""
    chosen: dict[tuple[str, ...], str] = {}
    for name in ("pages_questions.jsonl", "evidence_questions.jsonl"):
        for line in (HERE / name).read_text("utf-8").splitlines():
            record = json.loads(line)
            if record.get("previous"):
                continue
            about = tuple(record["papers"]) or (record["question"],)
            chosen.setdefault(about, record["question"])
    order = np.random.default_rng(0).permutation(len(chosen))
    texts = list(chosen.values())
    return [texts[place] for place in order]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--storage", type=Path, required=True, help="folder of the library")
    parser.add_argument("--count", type=int, default=60, help="questions that are timed")
    parser.add_argument("--skip", type=int, default=0, help="questions to leave out first")
    chosen = parser.parse_args()
    questions = read_questions()[chosen.skip :]
    whole: list[float] = []
    busy: list[float] = []
    steps: dict[str, list[float]] = {}
    with Library(chosen.storage) as library:
        for question in questions[:WARMING]:
            library.ask(question)
        for question in questions[WARMING : WARMING + chosen.count]:
            started, processor = time.perf_counter(), time.process_time()
            answer = library.ask(question)
            busy.append(1000 * (time.process_time() - processor))
            whole.append(1000 * (time.perf_counter() - started))
            for step, seconds in answer.timings.items():
                steps.setdefault(step, []).append(1000 * seconds)
        papers = library.status()["papers"]
    load = " ".join(f"{one:.1f}" for one in os.getloadavg())
    print(f"{papers:,} papers, {len(whole)} questions, load {load}; milliseconds")
    print(f"{'':10}{'p50':>8}{'p95':>8}{'share':>8}")
    steps["the rest"] = list(np.array(whole) - np.sum(list(steps.values()), axis=0))
    for step, times in [("ask", whole), *steps.items()]:
        share = sum(times) / sum(whole)
        print(f"{step:10}{np.median(times):8.1f}{np.quantile(times, 0.95):8.1f}{share:8.0%}")
    print(f"processor time of all threads, p50 {np.median(busy):.1f}, which load changes less")


if __name__ == "__main__":
    main()
