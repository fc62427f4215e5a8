"""Measure a real language model as judge (`--check model`) against the built-in check alone.

    python -m benchmarks.llm_judge                          # the data packages, ten abstracts
    python -m benchmarks.llm_judge --weights M.gguf --abstracts 30
    python -m benchmarks.llm_judge --endpoint URL --model NAME

The sentences are labelled ones about single abstracts (`--claims`): true, refuted, with an invented
part, beyond the abstract. Those of an abstract are judged in one request, as those of an answer
are. Both checks see the same sentences: the figures are those of `benchmarks.verification`.
`benchmarks.llm_server` says how the server comes here.
"""

from __future__ import annotations

import argparse
import json
import os
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from benchmarks.llm_server import ALIAS, MissingModelError, find_weights, serving
from benchmarks.verification import figures
from benchmarks.verification_sets import Sentence
from rag import Library, Paper
from rag.settings import load_settings
from rag.verification.verdicts import SentenceVerdict, Status

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rag.answers.answer import Verification

    Judged = tuple[Sentence, SentenceVerdict]

FIGURES = (
    "AUROC true/false",
    "AUROC true/beyond",
    "true: red",
    "true: supported",
    "false: red",
    "false: supported",
)


def read_claims(path: Path, count: int) -> list[list[Sentence]]:
    """Read labelled sentences, grouped by abstract, spread over the file."""
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    groups = []
    for row in rows[:: max(1, len(rows) // count)][:count]:
        name = row["abstract_id"]
        paper = Paper(id=name, title=row["title"], abstract=" ".join(row["sentences"]))
        kinds = {"supports": "true", "neutral": "beyond"}
        groups.append(
            [
                Sentence(
                    name,
                    one["label"],
                    kinds.get(one["label"], one.get("kind", "false")),
                    one["claim"],
                    (0,),
                    (paper,),
                )
                for one in row["claims"]
            ]
        )
    return groups


def judged(group: Sequence[Sentence], checked: Verification) -> list[Judged]:
    """Pair sentences with their verdicts; the check may have split one in two: the worst counts."""
    found = []
    for sentence in group:
        parts = [one for one in checked.sentences if one.text in sentence.text]
        worst = min(parts, key=lambda one: one.score, default=None)
        if worst is not None:
            found.append(
                (sentence, SentenceVerdict(status=Status(worst.status), score=worst.score))
            )
    return found


def told(name: str, results: Sequence[Judged]) -> str:
    """Say on one line how a check did."""
    values = figures(results)
    shown = "".join(f"{values.get(one, float('nan')):>10.2f}" for one in FIGURES)
    return f"{name:24}{shown}"


def table(results: Mapping[str, Sequence[Judged]]) -> list[str]:
    """Compare the checks, a line each."""
    names = ("AUROC", "beyond", "true red", "true ok", "false red", "false ok")
    count = min(map(len, results.values()))
    head = f"{f'{count} sentences':24}" + "".join(f"{one:>10}" for one in names)
    return [head, *(told(name, pairs) for name, pairs in results.items())]


def check_group(library: Library, group: Sequence[Sentence]) -> list[Judged]:
    """Check the sentences about an abstract as one text, and print the notes of the check."""
    text = "\n\n".join(f"{one.text.rstrip('. ')} [1]." for one in group)
    checked = library.verify(text, papers=[group[0].papers[0]])
    print(group[0].group, *checked.notes, flush=True)
    return judged(group, checked)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--claims", type=Path, default=Path("../shared/data/claims/written.jsonl"))
    parser.add_argument("--abstracts", type=int, default=10, help="how many, of some 7 sentences")
    parser.add_argument("--weights", type=Path, help="a GGUF file; else that of the data packages")
    parser.add_argument("--endpoint", help="address of a server that runs already")
    parser.add_argument("--model", default=ALIAS, help="its name for the model")
    chosen = parser.parse_args()
    groups = read_claims(chosen.claims, chosen.abstracts)
    with ExitStack() as stack:
        try:
            address = chosen.endpoint or stack.enter_context(serving(find_weights(chosen.weights)))
        except MissingModelError as error:
            parser.error(str(error))
        os.environ["OPENAI_BASE_URL"] = address
        os.environ.setdefault("RAG_LLM_TIMEOUT", "600")  # a busy processor reads slowly
        storage = Path(stack.enter_context(TemporaryDirectory()))
        libraries = {
            name: stack.enter_context(
                Library(
                    settings=load_settings(storage=storage, check=check, llm_model=chosen.model)
                )
            )
            for name, check in (("the built-in check", "local"), ("the model as judge", "model"))
        }
        results: dict[str, list[Judged]] = {name: [] for name in libraries}
        for group in groups:
            for name, library in libraries.items():
                results[name] += check_group(library, group)
            # A small machine takes minutes for an abstract: what there is is printed each time.
            print("\n".join(table(results)), flush=True)


if __name__ == "__main__":
    main()
