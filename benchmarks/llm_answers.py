"""Have a real language model answer questions, and say what became of each.

    python -m benchmarks.llm_answers --storage LIBRARY                     # the data packages
    python -m benchmarks.llm_answers --storage LIBRARY --weights M.gguf    # weights of your own
    python -m benchmarks.llm_answers --storage LIBRARY --endpoint URL --model NAME

The first two start llama.cpp's server (`benchmarks.llm_server` says how to install it). Questions
are asked one after another: those of `llm_questions.jsonl`, or of the file that `--questions`
names. That may be one of this folder, about papers of the library, or one whose lines bring an
abstract along (`abstract_id`, `title`, `sentences`, `questions`): then these are added to it.

The answers are written, as they come, for reading (`--out`, in Markdown, and as JSON beside it).
What they are counted as:

- *answered*: the model wrote an answer;
- *quoted instead*: the model found no answer, and was sure enough of the evidence to be overruled
  by quotes;
- *declined*: the model found no answer, and that stands;
- *not asked*: the search found nothing to ask it about.

Settings are read as always, so that `RAG_PROMPTS_DIR` and the like can be compared. `--dry` asks
no model: it says what one would read, and of how many questions it would be overruled.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

from benchmarks.llm_server import ALIAS, MissingModelError, find_weights, serving
from rag import Library, Paper
from rag.errors import RagError
from rag.llm.client import Delta
from rag.llm.guard import SENTINEL
from rag.settings import load_settings

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator, Sequence

    from rag.answers.answer import Answer
    from rag.llm.messages import Message

HERE = Path(__file__).parent
OUTCOMES = ("answered", "quoted instead", "declined", "not asked", "failed")
VERDICTS = {
    "supported": {"supported"},
    "in part": {"weak"},
    "doubted": {"doubtful", "misattributed"},
    "red": {"unsupported", "uncited"},
    "unchecked": {"unchecked"},
}


class Question(NamedTuple):
    """A question, and whether the papers answer it."""

    id: str
    kind: str
    text: str
    papers: tuple[str, ...]  # the titles of those that answer it


class Questions(NamedTuple):
    """Questions, and the papers that they are about where the file brings them along."""

    asked: list[Question]
    papers: list[Paper]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a question.

    Attributes:
        question: The question.
        answer: What came of it; None where there was an error.
        seconds: How long it took.
        error: What went wrong.
    """

    question: Question
    answer: Answer | None
    seconds: float
    error: str = ""

    @property
    def name(self) -> str:
        """One of `OUTCOMES`."""
        if self.answer is None:
            return "failed"
        if not self.answer.usage:
            return "not asked"
        if self.answer.abstained:
            return "declined"
        return "answered" if self.answer.mode == "llm" else "quoted instead"

    @property
    def verdicts(self) -> dict[str, int]:
        """How many sentences that the model wrote got which verdict."""
        if self.answer is None or self.name != "answered":
            return dict.fromkeys(VERDICTS, 0)
        found = [one.status for one in self.answer.sentences]
        return {name: sum(one in group for one in found) for name, group in VERDICTS.items()}


def read_questions(path: Path) -> Questions:
    """Read a file of questions, in either form."""
    asked: list[Question] = []
    papers: list[Paper] = []
    for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1):
        row = json.loads(line)
        if "sentences" in row:
            abstract = " ".join(row["sentences"])
            papers.append(Paper(id=row["abstract_id"], title=row["title"], abstract=abstract))
            asked += [
                Question(
                    f"{number}.{place}",
                    "single" if one["gold"] else "none",
                    one["question"],
                    (row["title"],) if one["gold"] else (),
                )
                for place, one in enumerate(row["questions"], start=1)
            ]
        elif not row.get("previous"):
            named = row.get("id") or str(number)
            answering = tuple(row["papers"])
            asked.append(Question(named, row.get("kind", ""), row["question"], answering))
    return Questions(asked, papers)


def ask(library: Library, question: Question) -> Outcome:
    """Ask a question; an error is an outcome too."""
    started = time.perf_counter()
    try:
        answer, error = library.ask(question.text, mode="llm"), ""
    except RagError as caught:
        answer, error = None, str(caught)
    return Outcome(question, answer, time.perf_counter() - started, error)


def row(outcome: Outcome) -> str:
    """Say on one line what became of a question."""
    answer, counts = outcome.answer, outcome.verdicts
    told = "".join(f"{counts[name] or '':>10}" for name in VERDICTS)
    tokens = answer.usage.get("input_tokens", 0) if answer else 0
    sure = answer.confidence if answer else 0.0
    return (
        f"{outcome.question.id:7}{outcome.question.kind:12}{sure:5.2f}  {outcome.name:15}{told}"
        f"{outcome.seconds:8.0f} s{tokens:8,.0f}"
    )


def head() -> str:
    names = "".join(f"{name:>10}" for name in VERDICTS)
    return f"{'id':7}{'kind':12}{'sure':>5}  {'outcome':15}{names}{'time':>10}{'tokens':>8}"


def by_answerable(asked: Sequence[Question]) -> list[tuple[str, list[Question]]]:
    """Part questions by whether the papers answer them."""
    parted = [[one for one in asked if bool(one.papers) is wanted] for wanted in (True, False)]
    return list(zip(("answerable", "not answerable"), parted, strict=True))


def totals(outcomes: Sequence[Outcome]) -> list[str]:
    """Sum up: the answerable questions, those that are not, and all sentences."""
    lines = []
    for name, chosen in by_answerable([one.question for one in outcomes]):
        counts = Counter(one.name for one in outcomes if one.question in chosen)
        told = ", ".join(f"{counts[kind]} {kind}" for kind in OUTCOMES if counts[kind])
        lines.append(f"{name}: {len(chosen)} questions, {told or 'none'}")
    verdicts = Counter[str]()
    for one in outcomes:
        verdicts.update(one.verdicts)
    told = ", ".join(f"{verdicts[name]} {name}" for name in VERDICTS)
    lines.append(f"{sum(verdicts.values())} sentences written: {told}")
    if times := [one.seconds for one in outcomes if one.name != "not asked"]:
        lines.append(f"seconds a question: median {median(times):.0f}, most {max(times):.0f}")
    return lines


class Silent:
    """A model that reads what it is sent and always declines."""

    name, endpoint = "nobody", "this program"

    def __init__(self) -> None:
        self.read = ""

    def stream(
        self, messages: Sequence[Message], *, max_tokens: int
    ) -> Generator[Delta, None, None]:
        """Decline."""
        self.read = messages[-1].content[: 100 * max_tokens]
        yield Delta(SENTINEL, "stop")

    async def astream(
        self, messages: Sequence[Message], *, max_tokens: int
    ) -> AsyncGenerator[Delta, None]:
        """Decline, awaited."""
        for delta in self.stream(messages, max_tokens=max_tokens):
            yield delta

    def list_models(self) -> list[str]:
        """Return its name."""
        return [self.name]


def without_a_model(library: Library, silent: Silent, asked: Sequence[Question]) -> list[str]:
    """Say what a model would read, and how often quotes would take the place of its declining."""
    lines = []
    for name, chosen in by_answerable(asked):
        quoted = sent = found = 0
        for one in chosen:
            silent.read = ""
            answer = library.ask(one.text, mode="llm")
            quoted += answer.declined_by is not None and not answer.abstained
            sent += silent.read.count("<paper n=")
            found += sum(f"title: {title}" in silent.read for title in one.papers)
        lines.append(
            f"{name}: {len(chosen)} questions, {sent / (len(chosen) or 1):.1f} abstracts sent on "
            f"average, {found} of {sum(len(one.papers) for one in chosen)} that answer among them; "
            f"quoted when the model declines: {quoted} ({quoted / (len(chosen) or 1):.0%})"
        )
    return lines


def for_reading(outcome: Outcome) -> str:
    """Write a question with its answer, verdict by verdict, in Markdown."""
    asked = outcome.question
    parts = [f"## {asked.id} ({asked.kind}): {asked.text}", f"*{outcome.name}*"]
    answer = outcome.answer
    if answer is None:
        return "\n\n".join([*parts, outcome.error, ""])
    parts.append(answer.text)
    if outcome.name == "answered":
        parts += [
            f"- **{one.status}** {one.score:.2f} {one.text}"
            + "".join(f" ({reason})" for reason in one.reasons)
            for one in answer.sentences
        ]
    parts += [f"[{n}] {paper.title}" for n, paper in answer.papers.items()]
    parts += [
        f"- closest: {paper.title}: {why}"
        for paper, why in zip(answer.closest, answer.shortfalls, strict=False)
    ]
    parts += [f"- note: {note}" for note in answer.notes]
    return "\n\n".join([*parts, ""])


def ask_all(library: Library, asked: Sequence[Question], out: Path) -> list[Outcome]:
    """Ask questions one after another; print and write what comes of each at once."""
    outcomes = []
    print(head(), flush=True)
    with out.open("w", encoding="utf-8") as file, out.with_suffix(".jsonl").open("w") as raw:
        for question in asked:
            outcome = ask(library, question)
            outcomes.append(outcome)
            print(row(outcome), flush=True)
            file.write(for_reading(outcome) + "\n")
            values = outcome.answer.as_dict() if outcome.answer else {"error": outcome.error}
            told = {"id": question.id, "outcome": outcome.name, "seconds": outcome.seconds}
            raw.write(json.dumps(told | {"answer": values}) + "\n")
            file.flush()
            raw.flush()
    return outcomes


def open_library(
    storage: Path | None,
    papers: Sequence[Paper],
    model: str,
    client: Silent | None,
    stack: ExitStack,
) -> Library:
    """Open the library, and add the papers that the questions bring along."""
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    settings = load_settings(storage=storage or folder / "storage", llm_model=model)
    library = stack.enter_context(Library(settings=settings, llm=client))
    if papers:
        file = folder / "papers.jsonl"
        rows = [{"id": one.id, "title": one.title, "abstract": one.abstract} for one in papers]
        file.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
        library.add(file)
    return library


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--storage", type=Path, help="folder of the library")
    parser.add_argument("--questions", type=Path, default=HERE / "llm_questions.jsonl")
    parser.add_argument("--only", help="ids of the questions to ask, with commas between them")
    parser.add_argument("--count", type=int, help="ask so many, spread over the file")
    parser.add_argument("--weights", type=Path, help="a GGUF file; else that of the data packages")
    parser.add_argument("--threads", type=int, default=0, help="of the server; 0 for all cores")
    parser.add_argument("--endpoint", help="address of a server that runs already")
    parser.add_argument("--model", default=ALIAS, help="its name for the model")
    parser.add_argument("--dry", action="store_true", help="ask no model: print what it would read")
    parser.add_argument("--out", type=Path, default=Path("llm_answers.md"))
    chosen = parser.parse_args()
    questions = read_questions(chosen.questions)
    if chosen.storage is None and not questions.papers:
        parser.error("These questions are about the papers of a library: name it with --storage.")
    os.environ.setdefault("RAG_LLM_TIMEOUT", "600")  # a busy processor reads slowly
    asked = questions.asked
    if chosen.only:
        asked = [one for one in asked if one.id in chosen.only.split(",")]
    if chosen.count:
        asked = asked[:: max(1, len(asked) // chosen.count)][: chosen.count]
    with ExitStack() as stack:
        silent = Silent() if chosen.dry else None
        library = open_library(chosen.storage, questions.papers, chosen.model, silent, stack)
        if silent is not None:
            print("\n".join(without_a_model(library, silent, asked)))
            return
        try:
            address = chosen.endpoint or stack.enter_context(
                serving(find_weights(chosen.weights), threads=chosen.threads)
            )
        except MissingModelError as error:
            parser.error(str(error))
        os.environ["OPENAI_BASE_URL"] = address
        lines = totals(ask_all(library, asked, chosen.out))
        with chosen.out.open("a", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n")
    print("\n".join(lines))
    print(f"The answers: {chosen.out}")


if __name__ == "__main__":
    main()
