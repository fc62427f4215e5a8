"""How conversations, questions for several papers, and refusals come out.

    python -m benchmarks.conversations --storage LIBRARY [--split tuning] [--written FILE]

The library holds the papers of the saved pages. Questions come from `conversations.jsonl` and
`pages_questions.jsonl` beside this file; with `--written`, also from abstracts with questions
written for each (`../shared/data/questions/written.jsonl`), which become a library of their own:
there the second question about an abstract follows the first, and a question about another
abstract follows as a new subject. Half of the abstracts, by their number, is for tuning.

Printed by kind: `first`, the first cited paper is a right one; `gold`, a gold sentence is among
the quotes; `cited`, the share of the right papers that are cited; `right`, the share of the cited
papers that are right; `declined`; and the median time of an answer.
"""

from __future__ import annotations

import argparse
import hashlib
import itertools
import json
import statistics
import time
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag import Library, Paper
from rag.evaluation.questions import Gold, Question, load_questions
from rag.settings import load_settings

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rag import Answer

HERE = Path(__file__).parent
SETS = ("pages_questions.jsonl", "conversations.jsonl")
EVERY = 3  # abstract of the written questions that is asked: all of them take an hour
COLUMNS = ("first", "gold", "cited", "right", "declined")


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--storage", type=Path, required=True)
    parser.add_argument("--split", default="tuning", help="tuning, held-out, test or all")
    parser.add_argument("--written", type=Path, help="abstracts with questions")
    parser.add_argument("--written-storage", type=Path, default=Path("written-library"))
    parser.add_argument("--only", action="append", help="a kind; may be repeated")
    parser.add_argument("--show", action="store_true", help="print what went wrong")
    given = parser.parse_args()
    for name, (library, questions) in _sets(given).items():
        wanted = [one for one in questions if not given.only or one.kind in given.only]
        if wanted:
            _print(name, _measure(library, wanted, show=given.show))


def _sets(given: argparse.Namespace) -> dict[str, tuple[Library, list[Question]]]:
    library = Library(given.storage)
    sets: dict[str, tuple[Library, list[Question]]] = {}
    for name in SETS:
        known = {json.loads(line)["split"] for line in (HERE / name).read_text().splitlines()}
        if given.split in {*known, "all"}:
            found = load_questions(HERE / name, given.split, library)
            sets[name] = (library, list(found.questions))
    if given.written:
        sets[given.written.name] = _written(given.written, given.written_storage, given.split)
    return sets


def _written(path: Path, storage: Path, split: str) -> tuple[Library, list[Question]]:
    """Make a library of abstracts and pair up the questions that were written for them."""
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    library = Library(settings=load_settings(storage=storage))
    papers = [
        Paper(id=row["abstract_id"], title=row["title"], abstract=" ".join(row["sentences"]))
        for row in rows
    ]
    if len(library) != len(papers):
        library.add_papers(papers)
    chosen = [
        (row, paper)
        for row, paper in zip(rows, papers, strict=True)
        if split in {"all", _half(paper.id)}
    ][::EVERY]
    return library, list(_pairs(chosen))


def _half(paper_id: str) -> str:
    even = int(hashlib.sha256(paper_id.encode()).hexdigest(), 16) % 2 == 0
    return "tuning" if even else "held-out"


def _pairs(chosen: list[tuple[dict[str, Any], Paper]]) -> Iterator[Question]:
    before = ""
    for row, paper in chosen:
        asked = [one for one in row["questions"] if one["gold"]]
        missing = [one for one in row["questions"] if not one["gold"]]
        texts = [(one, _gold(paper, row, one)) for one in asked]
        for number, (one, gold) in enumerate(texts):
            known: dict[str, Any] = {
                "papers": (paper.id,),
                "evidence": gold,
                "text": str(one["question"]),
            }
            name = f"{paper.id}/{number}"
            if number == 0:
                yield Question(id=name, kind="single", **known)
                if before:
                    yield Question(id=name, kind="new-subject", previous=before, **known)
                before = str(one["question"])
            else:
                yield Question(id=name, kind="follow-up", previous=before, **known)
        for one in missing:
            yield Question(id=f"{paper.id}/miss", kind="miss", text=str(one["question"]))


def _gold(paper: Paper, row: dict[str, Any], one: dict[str, Any]) -> tuple[Gold, ...]:
    found = []
    for place in one["gold"]:
        text = str(row["sentences"][place])
        start = paper.abstract.find(text)
        if start >= 0:
            found.append(Gold(paper.id, start, start + len(text)))
    return tuple(found)


def _measure(
    library: Library, questions: Iterable[Question], *, show: bool
) -> dict[str, dict[str, list[float]]]:
    figures: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    library.warm_up()
    openings: dict[str, Answer] = {}
    for one in questions:
        chat = library.chat(mode="extractive")
        if one.previous:
            openings[one.id] = chat.ask(one.previous)
        began = time.perf_counter()
        answer = chat.ask(one.text)
        seconds = time.perf_counter() - began
        values = _judge(one, answer)
        values["ms"] = 1000 * seconds
        for name, value in values.items():
            figures[one.kind][name].append(value)
        if show and min(values.get("first", 1), values.get("gold", 1), 1) < 1:
            cited = [paper.title[:50] for paper in answer.papers.values()]
            print(f"{one.kind}: {one.previous} >> {one.text}\n   as {answer.standalone_question}")
            print(f"   {values} {answer.confidence:.2f} {cited}")
        if show and not one.papers and not answer.abstained:
            print(f"{one.kind}: {one.text}\n   {answer.confidence:.2f} {answer.text[:150]}")
    return figures


def _judge(question: Question, answer: Answer) -> dict[str, float]:
    values = {"declined": float(answer.abstained)}
    if not question.papers:
        return values
    cited = [citation.paper.id for citation in answer.citations]
    papers = set(cited)
    values["first"] = float(bool(cited) and cited[0] in question.papers)
    values["cited"] = len(papers & set(question.papers)) / len(question.papers)
    if papers:
        values["right"] = len(papers & set(question.papers)) / len(papers)
    if question.evidence:
        values["gold"] = float(
            any(
                gold.meets(citation.paper.id, citation.start, citation.end)
                for gold, citation in itertools.product(question.evidence, answer.citations)
            )
        )
    return values


def _print(name: str, figures: dict[str, dict[str, list[float]]]) -> None:
    print(f"\n{name}\n{'kind':<14}{'n':>5}" + "".join(f"{one:>10}" for one in COLUMNS) + "    p50")
    for kind, values in figures.items():
        cells = [
            f"{statistics.mean(values[one]):10.2f}" if values.get(one) else f"{'':10}"
            for one in COLUMNS
        ]
        median = statistics.median(values["ms"])
        print(f"{kind:<14}{len(values['ms']):>5}{''.join(cells)}{median:5.0f} ms", flush=True)


if __name__ == "__main__":
    main()
