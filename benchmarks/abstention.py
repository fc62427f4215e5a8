"""Measure how well confidence tells answerable questions from others; or fit it.

    python -m benchmarks.abstention           # measure on held-out folds
    python -m benchmarks.abstention --test    # and on the test half, with the weights in force
    python -m benchmarks.abstention --fit     # and fit on all but the test half, write the weights

Answerable are questions of `pages_questions.jsonl` (tuning half) and of `evidence_questions.jsonl`.
Unanswerable are the near-misses and off-topic questions written for the purpose, and, without any
writing, the answerable ones in two more settings: with their papers filtered out of the search
("gone"), and in a library whose abstracts lack the very sentences that answer them ("cut"). In a
cut library no abstract loses the answers of more than a third of its questions, rounded up. Cut
questions are worded like answerable ones, so that no manner of asking can tell the two apart; that
keeps the fit from taking the way in which near-misses were written for a sign.

Each group of questions counts as much as `SHARES` says, however many there are. The signs of the
weights are given beforehand: a signal that would come out otherwise gets none. Needs the libraries
of `benchmarks.evidence` in `--work`; those with cut abstracts are added to them, which embeds some
1,200 abstracts at the first run.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from dataclasses import astuple, dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.evidence import EXTRA, OTHER, PAGES, build_libraries
from benchmarks.fitting import checksum, fold_of, read_options, write_weights
from rag.answers.abstention import SIGNALS, confidence
from rag.answers.prepare import AnswerRequest, prepare
from rag.evaluation.metrics import auroc
from rag.evaluation.questions import Question, load_questions
from rag.library import Library
from rag.llm.budget import Budget
from rag.models.linear import LinearModel
from rag.search.query import Filters
from rag.settings import load_settings
from rag.text.sentences import sentence_spans

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from rag.answers.abstention import Signals
    from rag.papers import Paper
    from rag.settings import Settings

    Array = NDArray[np.float64]

FOLDS = 10
CUTS = 3
RIDGE = 3.0  # on standardised signals
REFUSED = 0.05  # of the answerable questions, where the threshold is looked for
# Between which bounds the weight of a signal is looked for.
LOWERS, RAISES = (-np.inf, 0.0), (0.0, np.inf)
BOUNDS = dict.fromkeys(SIGNALS, LOWERS) | {
    "cosine": RAISES,
    "evidence": RAISES,
    "far": (-5.0, -5.0),  # by hand: too few questions of the fit lie so far off
}
# What each group counts, however many questions it has: those made by machine less.
SHARES = {
    "answerable, pages": 1.0,
    "answerable, others": 1.0,
    "near-miss": 1.0,
    "off-topic": 0.6,
    "cut, pages": 0.4,
    "cut, others": 0.4,
    "gone, pages": 0.4,
    "gone, others": 0.4,
}


@dataclass(frozen=True, slots=True)
class Case:
    """A question in one setting.

    Attributes:
        id: Of the question; its folds hang on it.
        group: A key of `SHARES`.
        signals: What was measured.
    """

    id: str
    group: str
    signals: Signals


def signals_of(library: Library, question: str, filters: Filters | None = None) -> Signals:
    """Measure a question as `library.ask` does."""
    request = AnswerRequest(question=question, budget=Budget(library.settings), filters=filters)
    prepared = prepare(request, library._parts.retrieval())  # noqa: SLF001
    if prepared.signals is None:
        raise SystemExit(f"No paper was found for {question!r}.")
    return prepared.signals


def make_cases(
    source: str, questions: Sequence[Question], library: Library, cut: Sequence[Library]
) -> list[Case]:
    """Ask all questions, the answerable ones in three settings."""
    everything = [paper.id for paper in library.papers()]
    seen: Counter[str] = Counter()
    cases = []
    for question in questions:
        if question.previous:
            continue
        group = f"answerable, {source}" if question.papers else question.kind
        cases.append(Case(question.id, group, signals_of(library, question.text)))
        if not question.papers:
            continue
        others = Filters(ids=tuple({*everything} - {*question.papers}))
        gone = signals_of(library, question.text, others)
        cases.append(Case(question.id, f"gone, {source}", gone))
        if len(question.papers) == 1 and question.evidence:
            place = seen[question.papers[0]] % CUTS
            seen[question.papers[0]] += 1
            lacking = signals_of(cut[place], question.text)
            cases.append(Case(question.id, f"cut, {source}", lacking))
    return cases


def cut_libraries(
    work: Path, library: Library, questions: Sequence[Question], settings: Settings
) -> list[Library]:
    """Make the libraries whose abstracts lack answers, or open them.

    The n-th question of a paper finds its answer cut out in library n modulo 3.
    """
    lost: list[dict[str, set[int]]] = [defaultdict(set) for _ in range(CUTS)]
    seen: Counter[str] = Counter()
    for question in questions:
        if len(question.papers) == 1 and question.evidence and not question.previous:
            place = seen[question.papers[0]] % CUTS
            seen[question.papers[0]] += 1
            lost[place][question.papers[0]] |= {gold.start for gold in question.evidence}
    made = []
    for place, without in enumerate(lost):
        file = work / f"cut-{place}.jsonl"
        papers = (_without(paper, without.get(paper.id, set())) for paper in library.papers())
        file.write_text("".join(json.dumps(one.as_dict()) + "\n" for one in papers), "utf-8")
        made.append(Library(work / f"cut-{place}", settings=settings))
        made[-1].add(file)
    return made


def _without(paper: Paper, starts: set[int]) -> Paper:
    kept = [span for span in sentence_spans(paper.abstract) if span.start not in starts]
    return replace(paper, abstract=" ".join(paper.abstract[start:end] for start, end in kept))


def rows_of(cases: Sequence[Case]) -> Array:
    """Return the signals of cases, shape (cases, len(SIGNALS))."""
    return np.array([astuple(case.signals) for case in cases])


def fit(cases: Sequence[Case]) -> LinearModel:
    """Fit a logistic model with a ridge penalty, each weight within its bounds."""
    from scipy.optimize import minimize

    rows = rows_of(cases)
    mean, scale = rows.mean(axis=0), rows.std(axis=0) + 1e-9
    scaled = np.column_stack([(rows - mean) / scale, np.ones(len(rows))])
    sizes = Counter(case.group for case in cases)
    counts = np.array([SHARES[case.group] / sizes[case.group] for case in cases])
    counts *= len(cases) / counts.sum()
    able = np.array([case.group.startswith("answerable") for case in cases], float)
    penalty = np.array([RIDGE] * len(SIGNALS) + [0.0])

    def measure(weights: Array) -> tuple[float, Array]:
        logits = scaled @ weights
        loss = counts @ (np.logaddexp(0, logits) - able * logits) + 0.5 * penalty @ weights**2
        pull = counts * (1 / (1 + np.exp(-logits)) - able)
        return float(loss), scaled.T @ pull + penalty * weights

    bounds = [tuple(np.array(BOUNDS[name]) * own) for name, own in zip(SIGNALS, scale, strict=True)]
    options = {"maxiter": 5_000, "ftol": 1e-14, "gtol": 1e-8}
    found = minimize(
        measure,
        np.zeros(scaled.shape[1]),
        jac=True,
        method="L-BFGS-B",
        bounds=[*bounds, (-np.inf, np.inf)],
        options=options,
    )
    weights = found.x[:-1] / scale
    return LinearModel(weights, float(found.x[-1] - weights @ mean))


def report(name: str, cases: Sequence[Case], chances: Array, threshold: float) -> dict[str, float]:
    """Print AUROC against each kind of unanswerable question, and what a threshold refuses.

    Returns:
        The AUROC of the questions on the pages against each kind.
    """
    figures: dict[str, float] = {}
    print(f"\n{name}; refused below {threshold:.2f}")
    groups = np.array([case.group for case in cases])
    for group in SHARES:
        inside = groups == group
        if not inside.any():
            continue
        line = f"  {group:20}{inside.sum():5d}  refused {np.mean(chances[inside] < threshold):5.2f}"
        for source in ("pages", "others"):
            able = groups == f"answerable, {source}"
            if not group.startswith("answerable") and able.any():
                area = auroc(list(chances[able]), list(chances[inside]))
                figures[f"AUROC of {source} against {group}"] = area
                line += f"  AUROC {area:.3f} ({source})"
        print(line)
    asked = groups == "answerable, pages"
    none = (groups == "near-miss") | (groups == "off-topic")
    area = auroc(list(chances[asked]), list(chances[none]))
    print(f"  near-miss and off-topic together: AUROC {area:.3f}")
    return {"AUROC of pages against near-miss and off-topic": area, **figures}


def main() -> None:
    chosen = read_options(__doc__)
    settings = load_settings()
    _, library = build_libraries(chosen.data, chosen.work, settings)
    asked = {
        "pages": load_questions(PAGES, "tuning", library).questions,
        "others": load_questions(OTHER, "all", library).questions,
    }
    cut = cut_libraries(chosen.work, library, [*asked["pages"], *asked["others"]], settings)
    cases = [
        case
        for source, questions in asked.items()
        for case in make_cases(source, questions, library, cut)
    ]
    scores = np.zeros(len(cases))
    folds = np.array([fold_of(case.id, FOLDS) for case in cases])
    for fold in range(FOLDS):
        model = fit([case for case, own in zip(cases, folds, strict=True) if own != fold])
        inside = np.flatnonzero(folds == fold)
        scores[inside] = model.log_odds(rows_of([cases[place] for place in inside]))
    chances = 1 / (1 + np.exp(-scores))
    able = np.array([case.group == "answerable, pages" for case in cases])
    threshold = float(np.quantile(chances[able], REFUSED))
    figures = report("tuning, held-out folds", cases, chances, threshold)
    if chosen.fit:
        models = {"answerable": fit(cases)}
        data = checksum(chosen.data / "pages", chosen.work / EXTRA, PAGES, OTHER)
        by = "python -m benchmarks.abstention --fit"
        write_weights("abstention", models, SIGNALS, by=by, data=data, figures=figures)
        return
    in_force = np.array([confidence(case.signals) for case in cases])
    report("tuning, weights in force", cases, in_force, settings.abstain_below)
    if chosen.test:
        test = make_cases("pages", load_questions(PAGES, "test", library).questions, library, cut)
        test = [case for case in test if not case.group.startswith("cut")]
        report(
            "test half, weights in force",
            test,
            np.array([confidence(case.signals) for case in test]),
            settings.abstain_below,
        )


if __name__ == "__main__":
    main()
