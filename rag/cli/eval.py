"""The command that measures retrieval and answers on a labelled set: eval."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from rag.cli.common import (
    Debug,
    Json,
    Rerank,
    Storage,
    command,
    complain,
    errors,
    output,
    print_json,
    working,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rag.evaluation.dataset import RetrievalSet
    from rag.evaluation.report import EvalReport, Limit
    from rag.library import Library
    from rag.search.hybrid import Mode
    from rag.settings import Settings

__all__ = ["register"]

_MODES = ("hybrid", "dense", "keyword")

Dataset = Annotated[
    Path,
    typer.Argument(
        metavar="DATASET", help="A folder in the BEIR layout, or a file of questions on a library."
    ),
]
Split = Annotated[str, typer.Option("--split", help="Which part of the set.")]
Legs = Annotated[
    str, typer.Option("--mode", metavar="|".join(_MODES), help="Which retrievers search.")
]
RunFile = Annotated[
    Path | None, typer.Option("--run", metavar="FILE", help="Write what was found as a TREC run.")
]
PerQuery = Annotated[
    Path | None,
    typer.Option("--per-query", metavar="FILE", help="Write each query's figures as JSON lines."),
]
Compare = Annotated[
    Path | None,
    typer.Option("--compare", metavar="RUN", help="Test the difference from another TREC run."),
]
FailUnder = Annotated[
    list[str] | None,
    typer.Option(
        "--fail-under",
        metavar="METRIC=VALUE",
        help="Exit with 1 when a figure is lower, as in nDCG@10=0.7; may be repeated.",
    ),
]
Answers = Annotated[
    bool, typer.Option("--answers/--no-answers", help="Measure answers where the set can tell.")
]


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command("eval")(evaluate)


@command
def evaluate(
    dataset: Dataset,
    split: Split = "test",
    mode: Legs = "hybrid",
    run: RunFile = None,
    per_query: PerQuery = None,
    compare: Compare = None,
    fail_under: FailUnder = None,
    answers: Answers = True,
    rerank: Rerank = None,
    storage: Storage = None,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Measure retrieval and answers on a set whose right results are known.

    The index of a corpus is kept in the cache folder, so that a second run embeds only queries.
    Questions are put to the library that --storage names. The file formats and what each figure
    means: docs/evaluation.md.
    """
    from rag.evaluation.questions import find_questions
    from rag.evaluation.report import write_records
    from rag.settings import load_settings

    if mode not in _MODES:
        raise typer.BadParameter(f"--mode is one of {', '.join(_MODES)}, not {mode!r}.")
    limits = [_read_limit(text) for text in fail_under or []]
    settings = load_settings(storage=storage, rerank=rerank)
    if find_questions(dataset):
        if run or compare or mode != "hybrid":
            raise typer.BadParameter("--run, --compare and --mode are for sets with a corpus.")
        report, records = _ask_questions(dataset, split, settings)
    else:
        if storage:
            raise typer.BadParameter("--storage is for questions; a corpus has its own index.")
        if rerank and mode != "hybrid":
            raise typer.BadParameter(
                "--rerank reads again what both retrievers found: --mode hybrid."
            )
        report, records = _search_corpus(
            dataset, split, cast("Mode", mode), settings, run=run, compare=compare, answers=answers
        )
    if per_query:
        write_records(per_query, records)
    if json:
        print_json(report.as_dict())
    else:
        from rag.cli.eval_view import eval_view

        output().print(eval_view(report))
    if failed := report.broken(limits):
        complain(f"{'; '.join(failed)}.")
        raise typer.Exit(1)


def _read_limit(text: str) -> Limit:
    from rag.evaluation.report import LIMITED_METRICS, Limit

    known = {name.casefold(): name for name in LIMITED_METRICS} | {"mrr@10": "RR@10"}
    name, _, value = text.partition("=")
    metric = known.get(name.strip().casefold())
    if metric is None:
        raise typer.BadParameter(f"--fail-under {text}: metrics are {', '.join(LIMITED_METRICS)}.")
    try:
        return Limit(metric, float(value))
    except ValueError as error:
        raise typer.BadParameter(f"--fail-under {text}: {value!r} is not a number.") from error


def _search_corpus(
    folder: Path,
    split: str,
    mode: Mode,
    settings: Settings,
    *,
    run: Path | None,
    compare: Path | None,
    answers: bool,
) -> tuple[EvalReport, list[dict[str, object]]]:
    from dataclasses import replace

    from rag.evaluation.dataset import load_retrieval_set
    from rag.evaluation.metrics import import_measures
    from rag.evaluation.questions import has_rationales
    from rag.evaluation.report import EvalReport
    from rag.evaluation.retrieval import compare_run, measure_retrieval, open_corpus
    from rag.evaluation.runs import read_run, write_run

    import_measures()  # when it is missing, better said before the work than behind it
    other = read_run(compare) if compare else None
    dataset = load_retrieval_set(folder, split)
    with working(
        f"Indexing {dataset.name}", if_stopped="The next run goes on where this one stopped."
    ) as progress:
        library = open_corpus(dataset, settings, progress=progress)
    with library:
        with _busy(f"Searching with {len(dataset.queries):,} queries"):
            found = measure_retrieval(dataset, library, mode=mode)
        if other:
            found = replace(found, comparison=compare_run(dataset, found, other))
        if run:
            write_run(run, found.run, tag=f"rag-{mode}")
        report = EvalReport(
            dataset=dataset.name,
            split=split,
            mode=mode,
            rerank=settings.rerank if mode == "hybrid" else "off",
            queries=len(dataset.queries),
            retrieval=found,
            left_out=dataset.left_out,
        )
        if answers and mode == "hybrid" and has_rationales(dataset):
            report = _add_answers(report, dataset, library)
    return report, found.per_query(dataset)


def _add_answers(report: EvalReport, dataset: RetrievalSet, library: Library) -> EvalReport:
    from dataclasses import replace

    from rag.evaluation.answers import ask_questions, measure_answers, measure_evidence
    from rag.evaluation.questions import load_rationales

    known = load_rationales(dataset, library)
    if not known.questions:
        return replace(report, left_out=report.left_out | known.left_out)
    with _busy(f"Asking {len(known.questions):,} questions"):
        evidence = measure_evidence(known.questions, library.evidence)
        outcomes = ask_questions(library, known.questions)
    return replace(
        report,
        evidence=evidence,
        answers=measure_answers(outcomes),
        left_out=report.left_out | known.left_out,
    )


def _ask_questions(
    path: Path, split: str, settings: Settings
) -> tuple[EvalReport, list[dict[str, object]]]:
    from rag.evaluation.answers import ask_questions, measure_answers
    from rag.evaluation.questions import load_questions
    from rag.evaluation.report import EvalReport
    from rag.library import Library

    with Library(settings=settings) as library:
        chosen = load_questions(path, split, library)
        with _busy(f"Asking {len(chosen.questions):,} questions"):
            outcomes = ask_questions(library, chosen.questions)
    report = EvalReport(
        dataset=chosen.name,
        split=split,
        mode="hybrid",
        rerank=settings.rerank,
        queries=len(chosen.questions),
        answers=measure_answers(outcomes),
        left_out=chosen.left_out,
    )
    return report, [outcome.as_dict() for outcome in outcomes]


@contextmanager
def _busy(what: str) -> Iterator[None]:
    """Say on a terminal what takes so long."""
    console = errors()
    if not console.is_terminal:
        yield
        return
    with console.status(f"{what} ..."):
        yield
