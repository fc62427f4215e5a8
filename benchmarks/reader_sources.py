"""Read the labelled sets that the reader is fitted on.

Beside the project, in `DATA` (a set that isn't there is left out, and said to be):

- `claims/train.jsonl.gz`: pairs of public sets, each a claim, evidence and a label;
- `claims/written.jsonl`, `questions/written.jsonl`: sentences and questions about abstracts;
- `scifact`: claims and abstracts, of which `benchmarks.cases` makes more.

In the project, in `benchmarks/data/written`: sentences of our own in twins, a true one and the same
made false by a small change. Their abstracts are looked up by id in `DATA`.

What the product is measured on, or its thresholds are chosen on (`held_out_*.jsonl` and
`tuning_*.jsonl`), is never handed on: an abstract of theirs is dropped in whatever set it turns up.
"""

from __future__ import annotations

import gzip
import json
import sys
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.written import read_abstracts
from rag.papers import title_id
from rag.text.sentences import sentence_spans

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = [
    "CONTRADICTED",
    "LABELS",
    "NOT_SAID",
    "OWN",
    "SUPPORTED",
    "Falsehood",
    "Pair",
    "Record",
    "files_of",
    "held_out_ids",
    "is_left_out",
    "read_pairs",
    "read_twins",
    "read_written",
    "split_sentences",
    "tell_left_out",
]

OWN = Path(__file__).parent / "data"  # sentences of our own, and what is held out
SUPPORTED, NOT_SAID, CONTRADICTED = 0, 1, 2  # in the order of the reader's outputs
LABELS = {
    "supports": SUPPORTED,
    "neutral": NOT_SAID,
    "not_supported": NOT_SAID,
    "refutes": CONTRADICTED,
}


@dataclass(frozen=True, slots=True)
class Pair:
    """A claim of a public set beside its evidence.

    Attributes:
        source: Names the set.
        group: Pairs of one group are never on two sides of a split.
        title: Of the paper that the evidence is from; empty where it isn't known.
        evidence: One sentence or a whole abstract.
        claim: The claim.
        label: `SUPPORTED`, `NOT_SAID` or `CONTRADICTED`.
    """

    source: str
    group: str
    title: str
    evidence: str
    claim: str
    label: int


@dataclass(frozen=True, slots=True)
class Falsehood:
    """A false sentence about an abstract.

    Attributes:
        text: The sentence.
        label: `NOT_SAID` or `CONTRADICTED`.
        kind: What makes it false: direction, number, swap, and so on.
        twin: The true sentence that it was made of, where it is one with a small change.
    """

    text: str
    label: int
    kind: str
    twin: str | None = None


@dataclass(frozen=True, slots=True)
class Record:
    """An abstract and what was written about it.

    Attributes:
        source: Names the set.
        id: Of the abstract.
        title: Of the paper.
        sentences: Of the abstract.
        true: Sentences that it supports, beside the twins of false ones.
        false: Sentences that it doesn't.
        beyond: Sentences on its subject that it says nothing of.
        asked: Questions that it answers, each with the indices of the sentences that do.
        missed: Questions on its subject that it doesn't answer.
    """

    source: str
    id: str
    title: str
    sentences: tuple[str, ...]
    true: tuple[str, ...] = ()
    false: tuple[Falsehood, ...] = ()
    beyond: tuple[str, ...] = ()
    asked: tuple[tuple[str, tuple[int, ...]], ...] = ()
    missed: tuple[str, ...] = ()

    @property
    def all_true(self) -> tuple[str, ...]:
        """All sentences that the abstract supports, twins included."""
        return (*self.true, *(one.twin for one in self.false if one.twin))


def split_sentences(text: str) -> tuple[str, ...]:
    """Return the sentences of a text, as the product takes it apart."""
    return tuple(text[start:end] for start, end in sentence_spans(text))


def held_out_ids(own: Path) -> frozenset[str]:
    """Return the ids of the abstracts that nothing may be fitted on."""
    ids: set[str] = set()
    for pattern in ("held_out_*.jsonl", "tuning_*.jsonl"):
        for file in sorted(own.glob(pattern)):
            for row in _rows(file):
                ids.update(row["papers"] if "papers" in row else [row["id"]])
    return frozenset(ids)


def is_left_out(paper: str, title: str, held_out: Iterable[str]) -> bool:
    """Tell whether an abstract is held out, under its own id or under that of its title."""
    return paper in held_out or title_id(title) in held_out


def read_pairs(data: Path) -> dict[str, list[Pair]]:
    """Read the pairs of the public sets, by source."""
    found: dict[str, list[Pair]] = defaultdict(list)
    for row in _present_rows(data / "claims" / "train.jsonl.gz"):
        pair = Pair(
            row["source"],
            str(row["group"]),
            row.get("title") or "",
            row["evidence"],
            row["claim"],
            LABELS[row["label"]],
        )
        found[pair.source].append(pair)
    return dict(found)


def read_written(data: Path, held_out: frozenset[str]) -> list[Record]:
    """Read the sentences and the questions about abstracts that come with their abstracts."""
    questions: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in _present_rows(data / "questions" / "written.jsonl"):
        questions[row["abstract_id"]] += row["questions"]
    found = []
    for row in _present_rows(data / "claims" / "written.jsonl"):
        if is_left_out(row["abstract_id"], row["title"], held_out):
            continue
        texts: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for claim in row["claims"]:
            texts[claim["label"]].append(claim)
        asked = questions[row["abstract_id"]]
        found.append(
            Record(
                source="written",
                id=row["abstract_id"],
                title=row["title"],
                sentences=tuple(row["sentences"]),
                true=tuple(one["claim"] for one in texts["supports"]),
                false=tuple(
                    Falsehood(one["claim"], LABELS[one["label"]], one["kind"])
                    for one in [*texts["refutes"], *texts["not_supported"]]
                ),
                beyond=tuple(one["claim"] for one in texts["neutral"]),
                asked=tuple((q["question"], tuple(q["gold"])) for q in asked if q["gold"]),
                missed=tuple(q["question"] for q in asked if not q["gold"]),
            )
        )
    return found


def read_twins(own: Path, data: Path, held_out: frozenset[str]) -> list[Record]:
    """Read the sentences of our own, as far as the data hold their abstracts."""
    rows = [row for file in sorted((own / "written").glob("*.jsonl")) for row in _rows(file)]
    papers = read_abstracts(data, [row["id"] for row in rows])
    if missing := sum(row["id"] not in papers for row in rows):
        tell_left_out(f"{missing} of {len(rows)} abstracts of {own / 'written'} are not in {data}")
    found = []
    for row in rows:
        paper = papers.get(row["id"])
        if paper is None or is_left_out(paper.id, paper.title, held_out):
            continue
        found.append(
            Record(
                source="twins",
                id=paper.id,
                title=paper.title,
                sentences=split_sentences(paper.abstract),
                true=tuple(one["text"] for one in row["true"]),
                false=tuple(
                    Falsehood(one["false"], LABELS[one["label"]], one["kind"], one["true"])
                    for one in row["pairs"]
                ),
                beyond=(row["beyond"],),
                asked=((row["ask"]["q"], tuple(row["ask"]["gold"])),),
                missed=(row["miss"],),
            )
        )
    return found


def files_of(data: Path, own: Path) -> list[Path]:
    """Return the files that are read, as far as they are there, in a fixed order."""
    names = (
        "claims/train.jsonl.gz",
        "claims/written.jsonl",
        "questions/written.jsonl",
        "scifact/corpus.jsonl",
        "scifact/sentences.jsonl",
        "scifact/rationales/train.jsonl",
        "cranfield/corpus.jsonl",
        "cisi/corpus.jsonl",
        "abstracts-140k.jsonl.gz",
    )
    files = [*(data / name for name in names), *sorted((own / "written").glob("*.jsonl"))]
    return [file for file in files if file.exists()]


def _present_rows(file: Path) -> Iterator[dict[str, Any]]:
    """Yield the rows of a file, or say that it isn't there."""
    if file.exists():
        yield from _rows(file)
    else:
        tell_left_out(f"there is no {file}")


def _rows(file: Path) -> Iterator[dict[str, Any]]:
    with (gzip.open if file.suffix == ".gz" else open)(file, "rt", encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def tell_left_out(what: str) -> None:
    """Say that something isn't there, without which the rest goes on."""
    print(f"Left out: {what}.", file=sys.stderr)
