"""Make what the reader is fitted on: sentences and questions beside evidence, labelled.

    python -m benchmarks.reader_data     # what there is, and what a sentence gives away by itself

All sets of `benchmarks.reader_sources` are read, and split. `benchmarks.reader_examples` makes the
examples of an abstract; those of public pairs and of SciFact are made here.

A set is only as good as what its sentences don't give away. False sentences tend to be shorter,
plainer, and full of "not" and "all"; a model that learns this looks well and has read nothing. So
most false sentences come with a true one of (nearly) the same words, and many sentences are in with
two labels, beside two abstracts. How well a bag of words that never sees the evidence tells true
from false is printed for each source; among pairs it must stay near one half.

The dev part is chosen by a hash of the abstract, or of the group of a public set: the same
abstract is never on both sides, whatever set it turns up in, and the split stays when data are
added.
"""

from __future__ import annotations

import argparse
import hashlib
import itertools
import random
from collections import defaultdict
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.cases import is_held_out, make_cases, measured_abstracts, read_gold
from benchmarks.fitting import checksum
from benchmarks.reader_examples import (
    SEED,
    Abstract,
    EvidenceSelector,
    Example,
    changed_words,
    closest,
    record_units,
)
from benchmarks.reader_sources import (
    CONTRADICTED,
    NOT_SAID,
    OWN,
    SUPPORTED,
    files_of,
    held_out_ids,
    is_left_out,
    read_pairs,
    read_twins,
    read_written,
    split_sentences,
    tell_left_out,
)
from rag.models.embedder import open_embedder
from rag.settings import load_settings

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from benchmarks.cases import Case, Gold
    from benchmarks.reader_examples import CountTokens, Encode, Spans, Unit
    from benchmarks.reader_sources import Pair, Record
    from rag.models.passages import Passages
    from rag.papers import Paper

__all__ = ["Data", "auroc", "build", "describe", "in_dev", "is_dev", "sentence_alone"]

WRITTEN_DEV, PUBLIC_DEV = 12, 4  # percent of the abstracts, and of the groups of public sets
_ALIKE = 0.65  # of its words that a false claim shares with a true one to be taken for its twin
_SAME_PAPER = 0.95  # two abstracts nearer than this are one
# Of the cases of SciFact: the label of each kind, and how many are taken.
_CASES = {
    "paraphrase": (SUPPORTED, 450),
    "verbatim": (SUPPORTED, 150),
    "reworded": (SUPPORTED, 300),
    "compound": (SUPPORTED, 250),
    "swapped": (NOT_SAID, 700),
    "spliced": (NOT_SAID, 900),
    "negated": (CONTRADICTED, 700),
    "number": (CONTRADICTED, 150),
    "contradicted": (CONTRADICTED, 250),
}
_KINDS = {SUPPORTED: "true", NOT_SAID: "not said", CONTRADICTED: "contradicted"}  # public sets


@dataclass(frozen=True, slots=True)
class Data:
    """All examples by task, in units of one or of two: the true one, then its false counterpart.

    Attributes:
        train: To be fitted on.
        dev: To be measured on; of other abstracts.
        checksum: SHA-256 of the files that they were made of.
    """

    train: dict[str, list[Unit]]
    dev: dict[str, list[Unit]]
    checksum: str


def is_dev(name: str, percent: int = WRITTEN_DEV) -> bool:
    """Tell whether an abstract, or a group of a public set, is in the dev part."""
    digest = hashlib.md5(name.encode(), usedforsecurity=False).hexdigest()
    return int(digest, 16) % 100 < percent


def auroc(scores: Sequence[float], positive: Sequence[bool]) -> float:
    """Return the chance that a positive one scores above another; NaN where either lacks."""
    from sklearn.metrics import roc_auc_score

    if len(set(positive)) < 2:
        return float("nan")
    return float(roc_auc_score(np.asarray(positive), np.asarray(scores)))


class _Builder:
    """Collects the units of all sets on the two sides of the split."""

    def __init__(self, selector: EvidenceSelector) -> None:
        self.selector = selector
        self.sides: dict[bool, dict[str, list[Unit]]] = {
            side: defaultdict(list) for side in (False, True)
        }

    def add(self, units: Iterable[Unit], *, dev: bool) -> None:
        for unit in units:
            self.sides[dev][unit[0].task].append(unit)

    def add_records(self, records: Sequence[Record]) -> None:
        """Add what was written about abstracts; neighbours are of the same side."""
        for dev in (False, True):
            chosen = [one for one in records if is_dev(one.id) == dev]
            self.selector.encode([text for one in chosen for text in _texts(one)])
            abstracts = [
                Abstract(one, self.selector.open(one.title, one.sentences)) for one in chosen
            ]
            starts = [" ".join(one.sentences)[:500] for one in chosen]
            for own, near in zip(abstracts, self._neighbours(starts), strict=True):
                far = abstracts[near[0]] if near else None
                self.add(record_units(self.selector, own, far), dev=dev)

    def _neighbours(self, texts: Sequence[str], count: int = 1) -> list[list[int]]:
        """Return for each text the nearest others, without those that are the same."""
        if not texts:
            return []
        vectors = self.selector.encode(texts)
        found = []
        for place, cosines in enumerate(vectors @ vectors.T):
            order = np.argsort(-cosines, kind="stable").tolist()
            others = (n for n in order if n != place and cosines[n] <= _SAME_PAPER)
            found.append(list(itertools.islice(others, count)))
        return found

    def add_pairs(self, pairs: Sequence[Pair]) -> None:
        """Add the pairs of a public set, a false claim with its twin where there is one."""
        opened = self._open_evidence(pairs)
        groups: dict[tuple[str, str], list[Pair]] = defaultdict(list)
        for pair in pairs:
            groups[pair.group, pair.evidence].append(pair)
        for members in groups.values():
            units = self._pair_units(members, opened[members[0].evidence])
            self.add(units, dev=in_dev(members[0]))

    def _open_evidence(self, pairs: Sequence[Pair]) -> dict[str, Passages]:
        parts = {one.evidence: (one.title, split_sentences(one.evidence)) for one in pairs}
        short = {text: self.selector.open_short(*part) for text, part in parts.items()}
        long = [one for one in pairs if short[one.evidence] is None]
        self.selector.encode(
            [text for one in long for text in (one.claim, *parts[one.evidence][1])]
        )
        return {text: short[text] or self.selector.open(*part) for text, part in parts.items()}

    def _pair(self, pair: Pair, passages: Passages, changed: Spans | None) -> Example:
        evidence, _ = self.selector.choose(passages, pair.claim)
        kind = _KINDS[pair.label]
        return Example(pair.source, kind, pair.claim, evidence, pair.label, changed=changed)

    def _pair_units(self, pairs: Sequence[Pair], passages: Passages) -> Iterator[Unit]:
        true = {one.claim: one for one in pairs if one.label == SUPPORTED}
        alone = dict(true)
        for pair in pairs:
            if pair.label == SUPPORTED:
                continue
            twin, share = closest(pair.claim, true)
            if pair.label == CONTRADICTED and share > _ALIKE:
                alone.pop(twin, None)
                wrong = self._pair(pair, passages, changed_words(twin, pair.claim))
                yield (self._pair(true[twin], passages, ()), wrong)
            else:
                yield (self._pair(pair, passages, None),)
        for pair in alone.values():
            yield (self._pair(pair, passages, ()),)

    def add_true_pairs(self, pairs: Sequence[Pair]) -> None:
        """Add a public set of true claims alone, each beside the evidence of a near one as well."""
        opened = self._open_evidence(pairs)
        draw = random.Random(SEED)
        for dev in (False, True):
            chosen = [one for one in pairs if in_dev(one) == dev]
            around = self._neighbours([one.claim for one in chosen], 3)
            for pair, near in zip(chosen, around, strict=True):
                others = [chosen[n] for n in near if chosen[n].group != pair.group]
                right = self._pair(pair, opened[pair.evidence], ())
                if not others:
                    self.add([(right,)], dev=dev)
                    continue
                passages = opened[draw.choice(others).evidence]
                wrong = replace(
                    right,
                    kind="swapped",
                    evidence=self.selector.choose(passages, pair.claim)[0],
                    label=NOT_SAID,
                    changed=None,
                )
                self.add([(right, wrong)], dev=dev)

    def add_scifact(
        self, golds: Sequence[Gold], papers: dict[str, Paper], closed: frozenset[str]
    ) -> None:
        """Add cases made of SciFact, and its claims beside single sentences.

        Args:
            golds: The labelled pairs of claim and abstract.
            papers: All abstracts, by id.
            closed: Those that nothing may be fitted on.
        """
        chosen = self._draw_cases(golds, papers, closed)
        golds = [gold for gold in golds if gold.doc not in closed]
        cited = [case.papers[case.cited] for case in chosen] + [papers[one.doc] for one in golds]
        parts = {paper.id: (paper.title, split_sentences(paper.abstract)) for paper in cited}
        self.selector.encode([text for _, sentences in parts.values() for text in sentences])
        self.selector.encode([*(case.text for case in chosen), *(gold.claim for gold in golds)])
        opened = {doc: self.selector.open(*part) for doc, part in parts.items()}
        for case in chosen:
            doc = case.papers[case.cited].id
            label, _ = _CASES[case.kind]
            evidence, _ = self.selector.choose(opened[doc], case.text)
            changed = () if label == SUPPORTED else None
            name = f"scifact:{doc}"
            example = Example("scifact", case.kind, case.text, evidence, label, (name,), changed)
            self.add([(example,)], dev=is_dev(name))
        for gold in golds:
            name = f"scifact:{gold.doc}"
            self.add([self._gold_unit(gold, opened[gold.doc])], dev=is_dev(name))

    def _draw_cases(
        self, golds: Sequence[Gold], papers: dict[str, Paper], closed: frozenset[str]
    ) -> list[Case]:
        # Vectors of titles will do: they only decide which papers stand beside the cited one.
        vectors = self.selector.encode([paper.title for paper in papers.values()])
        cases = make_cases(golds, papers, vectors)
        random.Random(SEED).shuffle(cases)
        chosen: dict[str, list[Case]] = {kind: [] for kind in _CASES}
        for case in cases:
            if case.kind not in _CASES or is_held_out(case.group):
                continue
            free = case.papers[case.cited].id not in closed
            if free and len(chosen[case.kind]) < _CASES[case.kind][1]:
                chosen[case.kind].append(case)
        return [case for kind in _CASES for case in chosen[kind]]

    def _gold_unit(self, gold: Gold, passages: Passages) -> Unit:
        """Set a claim, taken for a question, beside a sentence that settles it and a near one."""
        draw = random.Random(f"{SEED}-{gold.claim_id}-{gold.doc}")
        order = self.selector.nearest(passages, gold.claim)
        whole = " ".join(gold.sentences)
        near = [passages.sentences[place] for place in order]
        near = [text for text in near if text not in whole and gold.sentences[0] not in text][:3]
        beside = [(gold.sentences[0], 1), *([(draw.choice(near), 0)] if near else [])]
        papers = (f"scifact:{gold.doc}",)
        return tuple(
            Example("scifact", "sentence", gold.claim, text, label, papers, question=True)
            for text, label in beside
        )


def in_dev(pair: Pair) -> bool:
    """Tell whether a pair of a public set is in the dev part."""
    return is_dev(f"{pair.source}:{pair.group}", PUBLIC_DEV)


def _texts(record: Record) -> Iterator[str]:
    """Yield all that is going to be encoded of a record."""
    yield from record.sentences
    yield from record.all_true
    yield from record.beyond
    yield from record.missed
    yield from (false.text for false in record.false)
    yield from (question for question, _ in record.asked)


def build(data: Path, encode: Encode, count_tokens: CountTokens, *, own: Path = OWN) -> Data:
    """Make all examples of the sets that are there.

    Args:
        data: Folder of the sets beside the project.
        encode: Embeds texts as unit vectors, shape (texts, dimension).
        count_tokens: Counts the word pieces of a text.
        own: Folder with `written/*.jsonl`, sentences of our own, and what is held out.
    """
    builder = _Builder(EvidenceSelector(encode, count_tokens))
    held_out = held_out_ids(own)
    scifact = data / "scifact"
    if (scifact / "rationales" / "train.jsonl").exists():
        golds, papers = read_gold(scifact, "train")
        measured = measured_abstracts(golds)
        held_out |= {f"scifact:{doc}" for doc in measured}
        closed = {
            doc for doc, one in papers.items() if is_left_out(f"scifact:{doc}", one.title, held_out)
        }
        builder.add_scifact(golds, papers, frozenset(closed))
    else:
        tell_left_out(f"there is no {scifact}")
    for pairs in read_pairs(data).values():
        if any(pair.label != SUPPORTED for pair in pairs):
            builder.add_pairs(pairs)
        else:
            builder.add_true_pairs(pairs)
    builder.add_records(read_written(data, held_out))
    builder.add_records(read_twins(own, data, held_out))
    return Data(builder.sides[False], builder.sides[True], checksum(*files_of(data, own)))


def sentence_alone(data: Data) -> dict[str, tuple[float, float]]:
    """Tell for each source how far a model gets that never sees the evidence.

    It is a logistic regression on words and pairs of words, fitted on the train part and measured
    on the dev part.

    Returns:
        By source, the AUROC of true against false, and in how many of the units of two it puts the
        true one first; NaN where the dev part has none of either.
    """
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    found = {}
    for task, units in data.train.items():
        train = [one for unit in units for one in unit if not one.question]
        labels = [one.label == SUPPORTED for one in train]
        measured = data.dev.get(task, [])
        if len(set(labels)) < 2 or not measured:
            continue
        # Counts, not their shares: so the length of a sentence is seen as well.
        model = make_pipeline(
            CountVectorizer(ngram_range=(1, 2)),
            LogisticRegression(solver="liblinear", C=0.1),
        )
        model.fit([one.text for one in train], labels)
        dev = [one for unit in measured for one in unit]
        scores = model.decision_function([one.text for one in dev]).tolist()
        score = dict(zip((one.text for one in dev), scores, strict=True))
        # Half where both are of the same words.
        ahead = [
            (1 + np.sign(score[unit[0].text] - score[unit[1].text])) / 2
            for unit in measured
            if len(unit) == 2
        ]
        found[task] = (
            auroc(scores, [one.label == SUPPORTED for one in dev]),
            float(np.mean(ahead)) if ahead else float("nan"),
        )
    return found


def describe(data: Data) -> str:
    """Tell by task how many units there are, and how true and false ones differ by themselves."""
    alone = sentence_alone(data)
    lines = [
        f"{'':20s}   units          examples     words of each    sentence alone",
        f"{'task':20s}   train   dev    true false    true false       AUROC  pairs",
    ]
    for task, units in sorted(data.train.items()):
        examples = [one for unit in units for one in unit]
        # Of a claim 0 is true; of a question 1 is answered.
        true = [one for one in examples if (one.label == SUPPORTED) != one.question]
        false = [one for one in examples if (one.label == SUPPORTED) == one.question]
        words = [
            np.mean([len(one.text.split()) for one in ones]) if ones else np.nan
            for ones in (true, false)
        ]
        told, ahead = alone.get(task, (np.nan, np.nan))
        lines.append(
            f"{task:20s}  {len(units):6d} {len(data.dev.get(task, [])):5d}"
            f"  {len(true):6d} {len(false):5d}    {words[0]:4.1f}  {words[1]:4.1f}"
            f"       {told:5.2f}  {ahead:5.2f}"
        )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared"))
    options = parser.parse_args()
    encoder = open_embedder(load_settings()).encoder
    print(describe(build(options.data / "data", encoder.encode, encoder.count_tokens)))


if __name__ == "__main__":
    main()
