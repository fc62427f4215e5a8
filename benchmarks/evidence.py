"""Measure how well evidence sentences are chosen, on questions held out of the fit; or fit.

    python -m benchmarks.evidence           # measure on held-out folds
    python -m benchmarks.evidence --test    # and on the test half, with the weights in force
    python -m benchmarks.evidence --fit     # and fit on all but the test half, write the weights

Claims are those of SciFact train with their gold sentences (a set in the BEIR layout with
rationales); questions those of `pages_questions.jsonl`, about saved pages, and of
`evidence_questions.jsonl`, about papers of the file of 140,000 abstracts. Two libraries are built
in `--work` at the first run, which embeds some 5,600 abstracts.

For questions the reader's part is measured as well: its weights were fitted on other questions,
about other papers than those of the pages.

"Given the paper" ranks the sentences of one abstract that holds gold sentences, each pair of a
question and such an abstract counting once. "Given ten" ranks those of the ten papers that
search finds: a question whose paper isn't found counts as missed. Plain cosine stands beside it.
"Right paper" says how often the best sentence is of a paper that answers the question.
"""

from __future__ import annotations

import contextlib
import gzip
import json
import time
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.evidence_fit import Pool, fit, fit_reading
from benchmarks.fitting import HERE, checksum, fold_of, read_options, write_weights
from rag.evaluation.dataset import load_retrieval_set
from rag.evaluation.questions import Question, load_questions, load_rationales
from rag.evidence.features import PaperFit
from rag.evidence.ranker import FEATURES, QUESTION, EvidenceRanker
from rag.evidence.reading import READING, reading, weigh
from rag.index.encoding import PaperTokens
from rag.index.paper_index import PaperIndex
from rag.library import Library
from rag.models.embedder import open_embedder
from rag.models.linear import load_models
from rag.models.passages import headed
from rag.models.reader import BuiltInReader
from rag.papers import title_key
from rag.settings import load_settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from rag.evidence.reading import Answers
    from rag.settings import Settings

    Array = NDArray[np.float64]
    Encode = Callable[[Sequence[str]], NDArray[np.float32]]

PAGES, OTHER = HERE / "pages_questions.jsonl", HERE / "evidence_questions.jsonl"
EXTRA = "papers.jsonl"  # those of the 140,000 that the other questions are about
FOLDS = 5
FOUND = 10  # papers that search gives
DEPTHS = (1, 3, 4)


class Vectors:
    """Remembers the vectors of texts."""

    def __init__(self, encode: Encode) -> None:
        self._encode = encode
        self._known: dict[str, NDArray[np.float32]] = {}

    def __call__(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return the vectors of texts."""
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        self._known |= dict(zip(new, self._encode(new), strict=True))
        return np.stack([self._known[text] for text in texts])


def build_libraries(data: Path, work: Path, settings: Settings) -> tuple[Library, Library]:
    """Make the library of claims and that of questions, or open them."""
    claims = Library(work / "claims", settings=settings)
    claims.add(data / "data/scifact/corpus.jsonl")
    wanted = {
        title_key(title)
        for line in OTHER.read_text("utf-8").splitlines()
        for title in json.loads(line)["papers"]
    }
    extra = work / EXTRA
    with gzip.open(data / "data/abstracts-140k.jsonl.gz", "rt", encoding="utf-8") as lines:
        chosen = [line for line in lines if title_key(json.loads(line)["title"]) in wanted]
    extra.write_text("".join(chosen), "utf-8")
    questions = Library(work / "questions", settings=settings)
    questions.add(data / "pages", extra)
    return claims, questions


@contextlib.contextmanager
def open_ranker(library: Library) -> Iterator[EvidenceRanker]:
    """Yield what ranks sentences of a library's papers."""
    encoder = open_embedder(library.settings).encoder
    with contextlib.closing(PaperIndex(library.settings)) as index:
        tokens = PaperTokens(encoder, index.tokens)
        yield EvidenceRanker(
            encoder.encode_tokens, tokens, index.keyword, open_answers(library.settings)
        )


def open_answers(settings: Settings) -> Answers:
    """Return what reads questions and sentences."""
    return BuiltInReader(settings.cache, quantize=settings.quantize).answers


def make_pools(questions: Iterable[Question], library: Library, encode: Encode) -> list[Pool]:
    """Measure the sentences of the papers found for each question and of those that answer it."""
    with open_ranker(library) as ranker:
        return [make_pool(question, library, encode, ranker) for question in questions]


def make_pool(question: Question, library: Library, encode: Encode, ranker: EvidenceRanker) -> Pool:
    text = f"{question.previous} {question.text}" if question.previous else question.text
    hits = library.search(text, k=FOUND)
    found = [hit.paper for hit in hits]
    fits = [PaperFit(score=hit.score, bm25=hit.bm25) for hit in hits]
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
        model=measured.model,
        papers=numbers,
        features=np.concatenate(features),
        gold=np.array(gold, bool),
        right=np.array([paper.id in question.papers for paper in papers])[numbers],
        found=numbers < len(found),
        cosines=np.array(cosines),
        text=text,
        passages=[
            headed(paper.title, sentence)
            for paper, abstract in zip(papers, abstracts, strict=True)
            for sentence in abstract.texts
        ],
    )


def read_pools(
    pools: Iterable[Pool], scores: Mapping[str, Array], answers: Answers
) -> dict[str, Array]:
    """Have the best sentences of questions read, given the scores of all; by the question's id.

    Sentences of papers that search didn't find come behind all others, and aren't read.
    """
    ranked = ((pool, np.where(pool.found, scores[pool.id], -np.inf)) for pool in pools)
    rows = {
        pool.id: reading(pool.text, pool.passages, order, answers)
        for pool, order in ranked
        if pool.model == QUESTION
    }
    for name, own in rows.items():
        own[:, 0] = scores[name]
    return rows


def score_held_out(pools: Sequence[Pool]) -> dict[str, Array]:
    """Score each question by models that were fitted without its fold; by its id."""
    scores: dict[str, Array] = {}
    folds = [fold_of(pool.id, FOLDS) for pool in pools]
    for fold in range(FOLDS):
        models = fit([pool for pool, own in zip(pools, folds, strict=True) if own != fold])
        held_out = (pool for pool, own in zip(pools, folds, strict=True) if own == fold)
        scores |= {pool.id: models[pool.model].log_odds(pool.features) for pool in held_out}
    return scores


def weigh_held_out(pools: Sequence[Pool], rows: Mapping[str, Array]) -> dict[str, Array]:
    """Score what was read by a model that was fitted without the question's fold; by its id."""
    scores: dict[str, Array] = {}
    asked = [pool for pool in pools if pool.id in rows]
    folds = [fold_of(pool.id, FOLDS) for pool in asked]
    for fold in range(FOLDS):
        model = fit_reading(
            [pool for pool, own in zip(asked, folds, strict=True) if own != fold], rows
        )
        held_out = (pool.id for pool, own in zip(asked, folds, strict=True) if own == fold)
        scores |= {name: model.log_odds(rows[name]) for name in held_out}
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


def report(name: str, pools: Sequence[Pool], scores: Sequence[Array]) -> dict[str, float]:
    """Print how well sentences are ranked, and return the chief figures."""
    cosines = [pool.cosines for pool in pools]
    print(f"\n{name}")
    print(f"{'':28}{'n':>5}  {'first':>6}{'in 3':>7}{'in 4':>7}")
    chief: dict[str, float] = {}
    for label, measure in (("given the paper", given_the_paper), ("given ten", given_ten)):
        for kind, ranked in (("", scores), (", plain cosine", cosines)):
            count, *shares = measure(pools, ranked)
            chief |= {f"{name}, {label}, first": shares[0]} if not kind else {}
            figures = "".join(f"{share:7.3f}" for share in shares)
            print(f"  {label + kind:26}{int(count):5d} {figures}")
    for kind, ranked in (("", scores), (", plain cosine", cosines)):
        leads = [
            pool.right[np.where(pool.found, score, -np.inf).argmax()]
            for pool, score in zip(pools, ranked, strict=True)
            if pool.right.any()
        ]
        chief |= {f"{name}, right paper": float(np.mean(leads))} if not kind else {}
        print(f"  {'right paper' + kind:26}{len(leads):5d} {np.mean(leads):7.3f}")
    auroc, plain = separation(pools, scores), separation(pools, cosines)
    if auroc is not None:
        print(f"  {'AUROC of answerable':26}{len(pools):5d} {auroc:7.3f}  plain cosine {plain:.3f}")
    return chief


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


def main() -> None:
    chosen = read_options(__doc__)
    chosen.work.mkdir(parents=True, exist_ok=True)
    settings = load_settings()
    claims, questions = build_libraries(chosen.data, chosen.work, settings)
    encode = Vectors(open_embedder(settings).encoder.encode)
    rationales = load_rationales(
        load_retrieval_set(chosen.data / "data/scifact", "train"), claims
    ).questions
    asked = load_questions(PAGES, "tuning", questions).questions
    others = load_questions(OTHER, "all", questions).questions
    tuning = {
        "claims of SciFact train": make_pools(rationales, claims, encode),
        "questions on other papers": make_pools(others, questions, encode),
        "questions on the pages, tuning half": make_pools(asked, questions, encode),
    }
    everything = [pool for pools in tuning.values() for pool in pools]
    ranked = score_held_out(everything)
    rows = read_pools(everything, ranked, open_answers(settings))
    held_out = ranked | weigh_held_out(everything, rows)
    print("On held-out folds, before anything is read")
    for name, pools in list(tuning.items())[1:]:
        report(name, pools, [ranked[pool.id] for pool in pools])
    figures: dict[str, float] = {}
    print("\nOn held-out folds")
    for name, pools in tuning.items():
        figures |= report(name, pools, [held_out[pool.id] for pool in pools])
    calibration(everything, [held_out[pool.id] for pool in everything])
    if chosen.fit:
        sources = (chosen.data / "data/scifact", chosen.data / "pages", chosen.work / EXTRA)
        data = checksum(*sources, PAGES, OTHER)
        by = "python -m benchmarks.evidence --fit"
        write_weights("evidence", fit(everything), FEATURES, by=by, data=data, figures=figures)
        weighed = {"question": fit_reading([p for p in everything if p.id in rows], rows)}
        write_weights("reading", weighed, READING, by=by, data=data, figures=figures)
        return
    if chosen.test:
        test = make_pools(load_questions(PAGES, "test", questions).questions, questions, encode)
        models = load_models("evidence", FEATURES)
        in_force = {pool.id: models[pool.model].log_odds(pool.features) for pool in test}
        read = read_pools(test, in_force, open_answers(settings))
        in_force |= {name: weigh(own) for name, own in read.items()}
        scores = [in_force[pool.id] for pool in test]
        report("questions on the pages, test half, weights in force", test, scores)
    latency(questions, asked)


if __name__ == "__main__":
    main()
