"""Measure the verifier on sentences held out of its fit, by set, kind and label.

    python -m benchmarks.verification --pages LIBRARY       # all that is there
    python -m benchmarks.verification --json                # the same figures, for a program

The sets are those of `benchmarks.verification_sets`, each with bootstrap intervals over abstracts
or answers. For public sets the macro mean of the F1 of three classes (supported, not said,
contradicted) is that of the reader alone, and "direction right" says how often it tells supported
from contradicted. The peer is the deterministic tier of the package citesure, run when it can be
imported (`pip install citesure`).
"""

from __future__ import annotations

import argparse
import importlib
import json
import resource
import time
from collections import defaultdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.verification_sets import (
    PUBLIC,
    read_cases,
    read_prose,
    read_public,
    read_written,
)
from rag import Library
from rag.models.embedder import open_embedder
from rag.models.reader import open_reader
from rag.settings import load_settings
from rag.verification.claims import makes_claim
from rag.verification.paper_view import PaperView
from rag.verification.verdicts import Status
from rag.verification.verifier import Claim, Verifier

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from benchmarks.verification_sets import Sentence
    from rag.models.judging import Reader
    from rag.papers import Paper
    from rag.verification.verdicts import SentenceVerdict

    Judged = tuple[Sentence, SentenceVerdict]

HERE = Path(__file__).parent / "data"
RED = {Status.UNSUPPORTED, Status.UNCITED}
COLUMNS = {
    "supported": {Status.SUPPORTED},
    "weak": {Status.WEAK},
    "doubtful": {Status.DOUBTFUL, Status.MISATTRIBUTED},
    "red": RED,
}
DRAWS = 1_000


def auroc(true: Sequence[float], false: Sequence[float]) -> float:
    """Return the chance that a true one scores above a false one; ties count half."""
    if not len(true) or not len(false):
        return float("nan")
    one, two = np.asarray(true)[:, None], np.asarray(false)[None, :]
    return float(((one > two) + 0.5 * (one == two)).mean())


def figures(judged: Sequence[Judged]) -> dict[str, float]:
    """Return the figures of one set."""
    true = [v for s, v in judged if s.true]
    false = [v for s, v in judged if not s.true and s.label != "linking"]
    twins = [v for s, v in judged if s.label in {"refutes", "not_supported"}]
    flagged = [(s, v) for s, v in judged if v.status is Status.UNSUPPORTED]
    result = {
        "AUROC true/false": auroc([v.score for v in true], [v.score for v in twins]),
        "AUROC true/beyond": auroc(
            [v.score for v in true], [v.score for s, v in judged if s.label == "neutral"]
        ),
        "true: supported": share(v.status is Status.SUPPORTED for v in true),
        "true: red": share(v.status in RED for v in true),
        "false: supported": share(v.status is Status.SUPPORTED for v in false),
        "false: caught or doubted": share(v.status is not Status.SUPPORTED for v in false),
        "false: red": share(v.status in RED for v in false),
        "red marks that are right": share(not s.true for s, _ in flagged),
        "calibration error": calibration(judged),
    }
    return {name: value for name, value in result.items() if not np.isnan(value)}


def honest(judged: Sequence[Judged]) -> float:
    """Return the share of honest answers, linking sentences included, without a red mark."""
    answers: dict[str, bool] = {}
    for sentence, verdict in judged:
        if sentence.true or sentence.label == "linking":
            fine = verdict.status not in RED
            answers[sentence.group] = answers.get(sentence.group, True) and fine
    return share(answers.values())


def calibration(judged: Sequence[Judged]) -> float:
    """Return the expected calibration error over ten bins (Naeini et al. 2015)."""
    pairs = [(v.score, float(s.true)) for s, v in judged if s.label != "linking"]
    scores, truth = (np.array(column) for column in zip(*pairs, strict=True))
    bins = np.minimum((scores * 10).astype(int), 9)
    gaps = [
        (bins == b).mean() * abs(scores[bins == b].mean() - truth[bins == b].mean())
        for b in range(10)
        if (bins == b).any()
    ]
    return float(sum(gaps))


def share(values: Iterable[bool]) -> float:
    """Return the share of true values; NaN of none."""
    listed = list(values)
    return float(np.mean(listed)) if listed else float("nan")


def interval(
    judged: Sequence[Judged],
    measure: Callable[[Sequence[Judged]], float],
) -> tuple[float, float]:
    """Return the 95% bootstrap interval of a figure, groups drawn with replacement."""
    groups: dict[str, list[Judged]] = defaultdict(list)
    for one in judged:
        groups[one[0].group].append(one)
    names = list(groups)
    draw = np.random.default_rng(7)
    values = [
        measure(
            [one for n in draw.integers(len(names), size=len(names)) for one in groups[names[n]]]
        )
        for _ in range(DRAWS)
    ]
    low, high = np.nanpercentile(values, [2.5, 97.5])
    return float(low), float(high)


def check(verifier: Verifier, sentences: Sequence[Sentence]) -> list[Judged]:
    """Check sentences together that were given the same papers, as answers are."""
    groups: dict[tuple[str, ...], list[Sentence]] = defaultdict(list)
    for one in sentences:
        given = (f"{paper.title}\n{paper.abstract}" for paper in one.papers)
        groups[one.group, *given].append(one)
    judged: list[Judged] = []
    for group in groups.values():
        # Without a citation and not a claim: exempt, as in an answer.
        claims = [one for one in group if one.cited or makes_claim(one.text)]
        verdicts = verifier.check(
            [Claim(text=one.text, cited=one.cited) for one in claims], group[0].papers
        )
        judged += zip(claims, verdicts, strict=True)
    return judged


def peer_scores(sentences: Sequence[Sentence]) -> list[float] | None:
    """Score sentences by the deterministic tier of citesure; None where it isn't installed."""
    try:
        citesure = importlib.import_module("citesure")
    except ImportError:
        return None
    scores = []
    for one in sentences:
        text = " ".join(f"{one.papers[n].title}. {one.papers[n].abstract}" for n in one.cited)
        score, _ = citesure.score_overlap(one.text, citesure.segment_passages(text))
        scores.append(float(score))
    return scores


def latency(verifier: Verifier, papers: Sequence[Paper], *, runs: int = 11) -> float:
    """Time ten reworded sentences over seven known papers: the median, in milliseconds."""
    chosen = list(papers)[:7]
    verifier.learn(chosen)
    times = []
    for run in range(runs):
        claims = []
        for index in range(10):
            words = chosen[index % 7].abstract.split()
            start = (5 * index + run) % max(1, len(words) - 18)
            text = f"In run {run}, the authors find {' '.join(words[start : start + 16])} as well."
            claims.append(Claim(text=text, cited=(index % 7,)))
        started = time.perf_counter()
        verifier.check(claims, chosen)
        times.append(1000 * (time.perf_counter() - started))
    return float(np.median(times[1:]))


def classes(sentences: Sequence[Sentence], encoder: Any, reader: Reader) -> dict[str, float]:  # noqa: ANN401 - the encoder of an embedder
    """Return how well the reader alone tells three classes apart, beside one paper each."""
    from sklearn.metrics import f1_score

    names = ("supports", "neutral", "refutes")
    pairs = []
    for one, vector in zip(sentences, encoder.encode([s.text for s in sentences]), strict=True):
        view = PaperView.of(one.papers[0], encoder.encode, encoder.count_tokens)
        pairs.append((one.text, view.passages.choose(one.text, vector)[0]))
    judged = reader.judge(pairs)
    chances = np.array(
        [[one.supports, 1 - one.supports - one.contradicts, one.contradicts] for one in judged]
    )
    labels = [names.index(one.label) for one in sentences]
    there = sorted(set(labels))  # a set may have no claim of a class
    f1 = f1_score(labels, chances.argmax(axis=1), average="macro", labels=there, zero_division=0)
    sided = [place for place, label in enumerate(labels) if label != 1]
    right = [chances[n, labels[n]] > chances[n, 2 - labels[n]] for n in sided]
    return {"macro-F1 of the classes": float(f1), "direction right": share(right)}


def memory() -> float:
    """Return the most memory that this process has taken so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def by_kind(judged: Sequence[Judged]) -> dict[str, str]:
    """Say for each kind how many there are and what became of them."""
    kinds: dict[str, list[SentenceVerdict]] = defaultdict(list)
    for sentence, verdict in judged:
        kinds[sentence.kind].append(verdict)
    told = {}
    for kind, ones in sorted(kinds.items()):
        counts = [
            f"{name} {share(one.status in statuses for one in ones):4.0%}"
            for name, statuses in COLUMNS.items()
        ]
        mean = np.mean([one.score for one in ones])
        told[kind] = f"{len(ones):4d}  {'  '.join(counts)}  mean score {mean:.2f}"
    return told


def _one_figure(name: str, judged: Sequence[Judged]) -> float:
    return figures(judged).get(name, float("nan"))


def report(
    name: str,
    sentences: Sequence[Sentence],
    verifier: Verifier,
    *,
    more: Mapping[str, float] | None = None,
    show: bool,
) -> dict[str, Any]:
    """Measure one set, print it with more figures, and return all."""
    judged = check(verifier, sentences)
    found: dict[str, Any] = {}
    for figure, value in figures(judged).items():
        low, high = interval(judged, partial(_one_figure, figure))
        found[figure] = [round(value, 3), round(low, 3), round(high, 3)]
    if any(s.label == "linking" for s in sentences):
        low, high = interval(judged, honest)
        found["honest answers without red"] = [
            round(honest(judged), 3),
            round(low, 3),
            round(high, 3),
        ]
    for figure, value in (more or {}).items():
        found[figure] = [round(value, 3)]
    cited = [one for one in sentences if one.cited]
    if (peer := peer_scores(cited)) is not None:
        pairs = list(zip(cited, peer, strict=True))
        found["AUROC true/false, citesure"] = [
            round(
                auroc(
                    [v for s, v in pairs if s.true],
                    [v for s, v in pairs if s.label in {"refutes", "not_supported"}],
                ),
                3,
            )
        ]
    kinds = by_kind(judged)
    if show:
        print(f"\n{name}: {len(sentences)} sentences")
        for figure, values in found.items():
            bounds = f" [{values[1]:.3f} {values[2]:.3f}]" if len(values) == 3 else ""
            print(f"  {figure:32s} {values[0]:.3f}{bounds}")
        for kind, text in kinds.items():
            print(f"    {kind:14s} {text}")
    return {"figures": found, "kinds": kinds}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--pages", type=Path, help="library of the saved pages, for the prose")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    settings = load_settings()
    encoder = open_embedder(settings).encoder
    encoder.encode(["The encoder is there before the reader."])
    before = memory()
    verifier = Verifier(encoder.encode, encoder.count_tokens, open_reader(settings))
    verifier.reader.load()
    result: dict[str, Any] = {"reader, MB of memory": round(memory() - before)}
    sets = {}
    if options.pages is not None:
        with Library(options.pages) as library:
            sets["prose"] = read_prose(HERE / "held_out_prose.jsonl", library)
        papers = list({p.id: p for s in sets["prose"] for p in s.papers}.values())
        result["ten sentences, seven papers, ms"] = round(latency(verifier, papers))
    sets["written"] = read_written(HERE / "held_out_written.jsonl", options.data)
    sets["cases"] = read_cases(options.data / "scifact", encoder.encode)
    sets |= {name: read_public(options.data, name) for name in PUBLIC}
    for name, sentences in sets.items():
        if not sentences:
            continue
        more = classes(sentences, encoder, verifier.reader) if name in PUBLIC else None
        result[name] = report(name, sentences, verifier, more=more, show=not options.json)
    if options.json:
        print(json.dumps(result, indent=2))
    else:
        print()
        for name, value in result.items():
            if not isinstance(value, dict):
                print(f"{name}: {value}")


if __name__ == "__main__":
    main()
