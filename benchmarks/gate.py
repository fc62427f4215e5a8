"""Measure the verification gate on held-apart cases, beside a peer; or fit it.

    python -m benchmarks.gate --data ../shared/data/scifact           # measure, held-apart folds
    python -m benchmarks.gate --data ../shared/data/scifact --fit     # fit on all, write weights

The data are a set in the BEIR layout with labelled rationales (benchmarks/gate_cases.py). The
peer is the deterministic tier of the package citesure, run when it can be imported
(`pip install citesure`).
"""

from __future__ import annotations

import argparse
import importlib
import time
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.gate_cases import KINDS, MUST_PASS, Case, make_cases, read_gold
from benchmarks.gate_fit import fit_gate, fold_of, observe
from rag.models.encoder import SentenceEncoder, default_weights
from rag.verification import gate_weights
from rag.verification.reading import Claim
from rag.verification.verdicts import Status
from rag.verification.verifier import Verifier

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from rag.models.encoder import EncodedText, EncodeTokens
    from rag.papers import Paper


FOLDS = 5
_PASSED = {Status.SUPPORTED, Status.WEAK}


class Memory:
    """Remembers what was encoded: the same sentences stand in many cases."""

    def __init__(self, encode_tokens: EncodeTokens) -> None:
        self._encode_tokens = encode_tokens
        self._known: dict[str, EncodedText] = {}

    def __call__(self, texts: Sequence[str]) -> Iterator[tuple[int, EncodedText]]:
        """Encode texts, those that are not yet known each by itself."""
        for place, text in enumerate(texts):
            if text not in self._known:
                ((_, encoded),) = self._encode_tokens([text])
                self._known[text] = encoded._replace(rows=encoded.rows.astype(np.float16))
            known = self._known[text]
            yield place, known._replace(rows=known.rows.astype(np.float32))


def claim_of(case: Case) -> Claim:
    if case.cited < 0:
        return Claim(text=case.text, unknown=(len(case.papers) + 4,))
    return Claim(text=case.text, cited=(case.cited,))


def passes_by_case(verifier: Verifier, cases: Iterable[Case]) -> list[tuple[Case, bool]]:
    return [
        (case, verifier.check([claim_of(case)], case.papers)[0].status in _PASSED) for case in cases
    ]


def peer_passes(cases: Sequence[Case]) -> list[tuple[Case, bool]] | None:
    """Run the deterministic tier of citesure; None where it isn't installed."""
    try:
        citesure = importlib.import_module("citesure")
    except ImportError:
        return None
    found = []
    for case in cases:
        paper = case.papers[case.cited] if case.cited >= 0 else None
        text = f"{paper.title}. {paper.abstract}" if paper else ""
        score, _ = citesure.score_overlap(case.text, citesure.segment_passages(text))
        status = str(citesure.status_for_score(score))
        found.append((case, status in {"supported", "ambiguous"}))
    return found


def rates(outcome: Iterable[tuple[Case, bool]]) -> dict[str, tuple[float, int]]:
    """Return, per kind and per kind and maker, the share of right outcomes and the count."""
    right: dict[str, list[bool]] = defaultdict(list)
    for case, passed in outcome:
        good = passed == (case.kind in MUST_PASS)
        right[case.kind].append(good)
        right[f"{case.kind}: {case.maker}"].append(good)
    return {name: (float(np.mean(values)), len(values)) for name, values in right.items()}


def show(ours: dict[str, tuple[float, int]], peer: dict[str, tuple[float, int]] | None) -> None:
    print(f"{'kind':34s} {'cases':>6s} {'ours':>7s} {'peer':>7s}   right when")
    for kind in KINDS:
        names = [kind, *sorted(n for n in ours if n.startswith(f"{kind}: "))]
        for name in names if len(names) > 2 else names[:1]:
            share, count = ours[name]
            theirs = f"{peer[name][0]:7.1%}" if peer else "      -"
            label = name if name == kind else "  " + name.removeprefix(f"{kind}: ")
            want = "passed" if kind in MUST_PASS else "caught"
            print(f"{label:34s} {count:6d} {share:7.1%} {theirs}   {want if name == kind else ''}")
    for label, found in (("ours", ours), ("peer", peer)):
        if found:
            print(f"{label}: {_summary(found)}")


def _summary(found: dict[str, tuple[float, int]]) -> str:
    """Sum up as if half of the sentences were true and every kind as frequent as the others."""
    caught = float(np.mean([found[k][0] for k in KINDS if k not in MUST_PASS]))
    passed = float(np.mean([found[k][0] for k in KINDS if k in MUST_PASS]))
    precision = caught / (caught + 1 - passed)
    return f"precision of a flag {precision:.1%}, recall of false sentences {caught:.1%}"


def held_apart(cases: Sequence[Case], encode: EncodeTokens) -> list[tuple[Case, bool]]:
    """Check every case with weights fitted without its fold."""
    rows = observe(cases, encode)
    outcome = []
    for fold in range(FOLDS):
        weights = fit_gate([r for r in rows if fold_of(r.case.group, FOLDS) != fold])
        held = [case for case in cases if fold_of(case.group, FOLDS) == fold]
        outcome += passes_by_case(Verifier(encode, weights=weights), held)
    return outcome


def latency(encode: EncodeTokens, papers: Sequence[Paper], *, runs: int = 15) -> dict[str, float]:
    """Time ten sentences over seven papers, in milliseconds: papers new, and papers known."""
    verifier = Verifier(encode)
    times: dict[str, list[float]] = {"new papers": [], "known papers": []}
    for run in range(runs + 1):
        chosen = papers[run * 7 : run * 7 + 7]
        for label, offset in (("new papers", 0), ("known papers", 1)):
            claims = _sample_claims(chosen, offset)
            start = time.perf_counter()
            verifier.check(claims, chosen)
            if run:
                times[label].append(1000 * (time.perf_counter() - start))
    return {label: float(np.median(values)) for label, values in times.items()}


def _sample_claims(papers: Sequence[Paper], offset: int) -> list[Claim]:
    """Make ten sentences of about twenty words that no paper holds verbatim."""
    claims = []
    for index in range(10):
        paper = papers[(index + offset) % len(papers)]
        words = paper.abstract.split()
        start = 7 * index + 3 * offset
        text = "The authors find " + " ".join(words[start : start + 18]).rstrip(".,;") + "."
        claims.append(Claim(text=text, cited=((index + offset) % len(papers),)))
    return claims


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of the labelled set")
    parser.add_argument("--split", default="train")
    parser.add_argument("--cache", type=Path, default=Path(".cache"), help="folder of the encoder")
    parser.add_argument("--fit", action="store_true", help="fit on all cases and write the weights")
    options = parser.parse_args()
    encoder = SentenceEncoder(default_weights(), options.cache)
    encode = Memory(encoder.encode_tokens)
    golds, papers = read_gold(options.data, options.split)
    vectors = encoder.encode([f"{paper.title}. {paper.abstract}" for paper in papers.values()])
    cases = make_cases(golds, papers, vectors)
    if options.fit:
        target = Path(gate_weights.__file__).with_name(gate_weights.FILE)
        target.write_text(fit_gate(observe(cases, encode)).to_json(), encoding="utf-8")
        print(f"written: {target}")
        return
    ours = rates(held_apart(cases, encode))
    peer = peer_passes(cases)
    show(ours, rates(peer) if peer else None)
    if peer is None:
        print("peer: not installed (pip install citesure)")
    for label, value in latency(encoder.encode_tokens, list(papers.values())).items():
        print(f"ten sentences over seven {label}: {value:.0f} ms")


if __name__ == "__main__":
    main()
