"""Measure how well evidence sentences are chosen, on questions held apart from the fit; or fit.

    python -m benchmarks.evidence           # measure on held-apart folds
    python -m benchmarks.evidence --test    # and on the test half of the questions
    python -m benchmarks.evidence --fit     # fit on all but the test half, print the weights

Claims are those of SciFact train with their gold sentences (a set in the BEIR layout with
rationales); questions those of `pages_questions.jsonl`, about saved pages, and of
`evidence_questions.jsonl`, about papers of the file of 140,000 abstracts. Two libraries are built
in `--work` at the first run, which embeds some 5,600 abstracts.

"Given the paper" ranks the sentences of one abstract that holds gold sentences, each pair of a
question and such an abstract counting once. "Given ten" ranks those of the ten papers that
search finds: a question whose paper isn't found counts as missed. Plain cosine stands beside it.
"Right paper" says how often the best sentence is of a paper that answers the question.
"""

from __future__ import annotations

import argparse
import contextlib
import gzip
import json
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.evidence_fit import Fitted, Pool, fit, fold_of
from rag.evaluation.dataset import load_retrieval_set
from rag.evaluation.questions import Question, load_questions, load_rationales
from rag.evidence.features import PaperFit
from rag.evidence.ranker import FEATURES, EvidenceRanker
from rag.evidence.weights import BIAS, WEIGHTS
from rag.index.encoding import PaperTokens
from rag.index.paper_index import PaperIndex
from rag.library import Library
from rag.models.embedder import open_embedder
from rag.papers import title_key
from rag.settings import Settings, load_settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    Array = NDArray[np.float64]
    Encode = Callable[[Sequence[str]], NDArray[np.float32]]

HERE = Path(__file__).parent
FOLDS = 5
FOUND = 10  # papers that search gives
DEPTHS = (1, 3, 4)


class Vectors:
    """Remembers vectors in a file, each of a text encoded by itself."""

    def __init__(self, encode: Encode, path: Path) -> None:
        self._encode, self._path = encode, path
        self._known: dict[str, NDArray[np.float32]] = {}
        if path.exists():
            with np.load(path) as saved:
                self._known = dict(zip(saved["texts"].tolist(), saved["rows"], strict=True))
        self._saved = len(self._known)

    def __call__(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return the vectors of texts."""
        for text in texts:
            if text not in self._known:
                self._known[text] = self._encode([text])[0]
        return np.stack([self._known[text] for text in texts])

    def save(self) -> None:
        """Write what is new to the file."""
        if len(self._known) > self._saved:
            rows = np.stack(list(self._known.values()))
            np.savez(self._path, texts=np.array(list(self._known)), rows=rows)


def build_libraries(data: Path, work: Path, settings: Settings) -> tuple[Library, Library]:
    """Make the library of claims and that of questions, or open them."""
    claims = Library(work / "claims", settings=settings)
    claims.add(data / "data/scifact/corpus.jsonl")
    asked = HERE / "evidence_questions.jsonl"
    wanted = {
        title_key(title)
        for line in asked.read_text("utf-8").splitlines()
        for title in json.loads(line)["papers"]
    }
    extra = work / "papers.jsonl"
    with gzip.open(data / "data/abstracts-140k.jsonl.gz", "rt", encoding="utf-8") as lines:
        chosen = [line for line in lines if title_key(json.loads(line)["title"]) in wanted]
    extra.write_text("".join(chosen), "utf-8")
    questions = Library(work / "questions", settings=settings)
    questions.add(data / "pages", extra)
    return claims, questions


@contextlib.contextmanager
def open_ranker(library: Library) -> Iterator[EvidenceRanker]:
    """Yield what ranks sentences of a library's papers."""
    embedder = open_embedder(library.settings)
    with contextlib.closing(PaperIndex(library.settings)) as index:
        tokens = PaperTokens(embedder, index.tokens)
        yield EvidenceRanker(embedder.encode_tokens, tokens, index.keyword.document_frequency)


def make_pools(questions: Iterable[Question], library: Library, encode: Encode) -> list[Pool]:
    """Measure the sentences of the papers found for each question and of those that answer it."""
    with open_ranker(library) as ranker:
        return [make_pool(question, library, encode, ranker) for question in questions]


def make_pool(question: Question, library: Library, encode: Encode, ranker: EvidenceRanker) -> Pool:
    text = f"{question.previous} {question.text}" if question.previous else question.text
    hits = library.search(text, k=FOUND)
    found = [hit.paper for hit in hits]
    fits = [PaperFit(score=hit.score, cosine=hit.cosine, bm25=hit.bm25) for hit in hits]
    measured = ranker.measure(text, found, fits=fits)
    papers, features, abstracts = [*found], [*measured.features], [*measured.abstracts]
    for one in dict.fromkeys(gold.paper for gold in question.evidence):
        if one not in {paper.id for paper in found}:
            # A paper that wasn't found fits no better than the last one that was.
            papers.append(library.paper(one))
            beside = ranker.measure(text, [*found, papers[-1]], fits=[*fits, *fits[-1:]])
            features.append(beside.features[-1])
            abstracts.append(beside.abstracts[-1])
    vector = encode([text])[0]
    gold: list[bool] = []
    cosines: list[float] = []
    for paper, abstract in zip(papers, abstracts, strict=True):
        cosines += (encode(abstract.texts) @ vector).tolist() if abstract.texts else []
        gold += [
            any(one.meets(paper.id, *span) for one in question.evidence) for span in abstract.spans
        ]
    numbers = np.repeat(np.arange(len(papers)), [len(rows) for rows in features])
    return Pool(
        id=question.id,
        kind=question.kind,
        question=measured.query.question,
        papers=numbers,
        features=np.concatenate(features),
        gold=np.array(gold, bool),
        right=np.array([paper.id in question.papers for paper in papers])[numbers],
        found=numbers < len(found),
        cosines=np.array(cosines),
    )


def score_apart(tuning: Mapping[str, Sequence[Pool]], folds: int) -> dict[str, Array]:
    """Score each question by a model that was fitted without its fold; by its id."""
    scores: dict[str, Array] = {}
    everything = [pool for pools in tuning.values() for pool in pools]
    for fold in range(folds):
        model = fit([pool for pool in everything if fold_of(pool.id, folds) != fold])
        apart = (pool for pool in everything if fold_of(pool.id, folds) == fold)
        scores |= {pool.id: model.logits(pool) for pool in apart}
    return scores


def hits(gold: NDArray[np.bool_], scores: Array) -> list[bool]:
    """Tell whether a gold sentence is among the best 1, 3 and 4."""
    order = np.argsort(-scores, kind="stable")
    return [bool(gold[order[:depth]].any()) for depth in DEPTHS]


def given_the_paper(pools: Sequence[Pool], scores: Sequence[Array]) -> Array:
    """Return the shares of pairs of a question and a paper with gold sentences."""
    rows = [
        hits(pool.gold[pool.papers == paper], score[pool.papers == paper])
        for pool, score in zip(pools, scores, strict=True)
        for paper in np.unique(pool.papers[pool.gold])
    ]
    return np.array([len(rows), *np.mean(rows, axis=0)])


def given_ten(pools: Sequence[Pool], scores: Sequence[Array]) -> Array:
    """Return the shares of questions that have gold sentences somewhere."""
    rows = [
        hits(pool.gold[pool.found], score[pool.found])
        for pool, score in zip(pools, scores, strict=True)
        if pool.gold.any()
    ]
    return np.array([len(rows), *np.mean(rows, axis=0)])


def separation(pools: Sequence[Pool], scores: Sequence[Array]) -> float | None:
    """Return the AUROC of the best score in telling questions with an answer from those without."""
    best = [(pool.gold.any(), score[pool.found].max()) for pool, score in zip(pools, scores)]  # noqa: B905
    able, unable = ([s for gold, s in best if gold == kind] for kind in (True, False))
    if not able or not unable:
        return None
    return float(np.mean([(a > b) + 0.5 * (a == b) for a in able for b in unable]))


def report(name: str, pools: Sequence[Pool], scores: Sequence[Array]) -> None:
    cosines = [pool.cosines for pool in pools]
    print(f"\n{name}")
    print(f"{'':28}{'n':>5}  {'first':>6}{'in 3':>7}{'in 4':>7}")
    for label, measure in (("given the paper", given_the_paper), ("given ten", given_ten)):
        for kind, ranked in (("", scores), (", plain cosine", cosines)):
            count, *shares = measure(pools, ranked)
            figures = "".join(f"{share:7.3f}" for share in shares)
            print(f"  {label + kind:26}{int(count):5d} {figures}")
    for kind, ranked in (("", scores), (", plain cosine", cosines)):
        leads = [
            pool.right[np.where(pool.found, score, -np.inf).argmax()]
            for pool, score in zip(pools, ranked, strict=True)
            if pool.right.any()
        ]
        print(f"  {'right paper' + kind:26}{len(leads):5d} {np.mean(leads):7.3f}")
    auroc, plain = separation(pools, scores), separation(pools, cosines)
    if auroc is not None:
        print(f"  {'AUROC of answerable':26}{len(pools):5d} {auroc:7.3f}  plain cosine {plain:.3f}")


def print_weights(model: Fitted, pools: Sequence[Pool]) -> None:
    print("WEIGHTS: dict[str, tuple[float, float]] = {")
    for name, claim, question in zip(FEATURES, *model.weights, strict=True):
        print(f'    "{name}": ({claim:.3f}, {question:.3f}),')
    print(f"}}\nBIAS = ({model.bias[0]:.3f}, {model.bias[1]:.3f})")
    spread = np.concatenate([pool.features for pool in pools]).std(axis=0)
    print("\nWeights times the spread of the feature (claims, questions):")
    for name, claim, question in zip(FEATURES, *(model.weights * spread), strict=True):
        print(f"  {name:16}{claim:7.2f}{question:7.2f}")


def calibration(pools: Sequence[Pool], scores: Sequence[Array]) -> None:
    """Print how often a sentence of a score is evidence."""
    chances = 1 / (1 + np.exp(-np.concatenate(scores)))
    gold = np.concatenate([pool.gold for pool in pools])
    print("\nscore, sentences, share that is evidence")
    for low in (0.0, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7):
        high = {0.0: 0.05, 0.05: 0.1, 0.1: 0.2, 0.2: 0.3, 0.3: 0.5, 0.5: 0.7}.get(low, 1.01)
        inside = (chances >= low) & (chances < high)
        if inside.any():
            print(f"  {low:.2f} to {min(high, 1):.2f} {inside.sum():7d} {gold[inside].mean():6.3f}")


def latency(library: Library, questions: Sequence[Question]) -> None:
    """Print the time to rank papers whose token vectors are kept."""
    times = []
    with open_ranker(library) as ranker:
        for question in questions[:40]:
            papers = [hit.paper for hit in library.search(question.text, k=FOUND)]
            start = time.perf_counter()
            ranker.rank(question.text, papers)
            times.append(1000 * (time.perf_counter() - start))
    print(f"\nmilliseconds to rank {FOUND} papers, p50: {np.median(times):.1f}")


def read_options(doc: str | None) -> argparse.Namespace:
    """Read the options of the command line: data, work, fit, test."""
    parser = argparse.ArgumentParser(description=(doc or "").splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared"), help="pages and data")
    parser.add_argument("--work", type=Path, default=Path("build/evidence"), help="libraries")
    parser.add_argument("--fit", action="store_true", help="print weights fitted on all folds")
    parser.add_argument("--test", action="store_true", help="measure the test half as well")
    return parser.parse_args()


def main() -> None:
    chosen = read_options(__doc__)
    chosen.work.mkdir(parents=True, exist_ok=True)
    settings = load_settings()
    claims, questions = build_libraries(chosen.data, chosen.work, settings)
    encode = Vectors(open_embedder(settings).encode, chosen.work / "vectors.npz")
    pages, other = HERE / "pages_questions.jsonl", HERE / "evidence_questions.jsonl"
    rationales = load_rationales(
        load_retrieval_set(chosen.data / "data/scifact", "train"), claims
    ).questions
    asked = load_questions(pages, "tuning", questions).questions
    tuning = {
        "claims of SciFact train": make_pools(rationales, claims, encode),
        "questions on other papers": make_pools(
            load_questions(other, "all", questions).questions, questions, encode
        ),
        "questions on the pages, tuning half": make_pools(asked, questions, encode),
    }
    encode.save()
    everything = [pool for pools in tuning.values() for pool in pools]
    if chosen.fit:
        print_weights(fit(everything), everything)
        return
    apart = score_apart(tuning, FOLDS)
    for name, pools in tuning.items():
        report(f"{name}, folds held apart", pools, [apart[pool.id] for pool in pools])
    calibration(everything, [apart[pool.id] for pool in everything])
    if chosen.test:
        test = make_pools(load_questions(pages, "test", questions).questions, questions, encode)
        encode.save()
        model = Fitted(np.array([WEIGHTS[name] for name in FEATURES]).T, np.array(BIAS))
        report("questions on the pages, test half", test, [model.logits(pool) for pool in test])
    latency(questions, asked)


if __name__ == "__main__":
    main()
