"""Labelled sentences to measure the verifier on, none of which the models were fitted on.

- *prose*: answers as a strong model writes them over real pages, with twins of their sentences that
  a small change made false. They need a library of the saved pages.
- *written*: sentences about abstracts of four fields: true, false in ten ways, beyond the abstract.
- *cases*: claims of SciFact copied, reworded, cited wrongly, spliced, negated
  (`benchmarks.cases`), of the groups that no fit may use.
- one for each public set with more than true and false: of its groups that the fit leaves out.

`benchmarks/data/README.md` tells of the first two.
"""

from __future__ import annotations

import json
import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from benchmarks.cases import is_held_out, make_cases, read_gold
from benchmarks.reader_data import in_dev
from benchmarks.reader_sources import CONTRADICTED, NOT_SAID, SUPPORTED, read_pairs
from benchmarks.written import read_abstracts
from rag.papers import Paper, title_id

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from rag import Library

    Encode = Callable[[Sequence[str]], NDArray[np.float32]]

__all__ = ["PUBLIC", "Sentence", "read_cases", "read_prose", "read_public", "read_written"]

PUBLIC = ("healthver", "citation-integrity", "evidence-inference")
_CASES = {  # the label of each kind
    "paraphrase": "supports",
    "verbatim": "supports",
    "reworded": "supports",
    "compound": "supports",
    "number": "refutes",
    "invented": "neutral",
    "swapped": "neutral",
    "spliced": "not_supported",
    "negated": "refutes",
    "contradicted": "refutes",
}
_EACH = 120  # cases of a kind: enough, and soon read
_LABELS = {SUPPORTED: "supports", NOT_SAID: "neutral", CONTRADICTED: "refutes"}


@dataclass(frozen=True, slots=True)
class Sentence:
    """A labelled sentence with what it cites.

    Attributes:
        group: Sentences of one group are drawn together: an abstract's, or an answer's.
        label: `supports`, `refutes`, `not_supported` or `neutral`.
        kind: How it was made false; `true` or `beyond` else.
        text: The sentence.
        cited: Indices into `papers`.
        papers: The papers that the answer was given.
    """

    group: str
    label: str
    kind: str
    text: str
    cited: tuple[int, ...]
    papers: tuple[Paper, ...] = field(repr=False)

    @property
    def true(self) -> bool:
        """Whether what it cites supports it."""
        return self.label == "supports"


def read_prose(path: Path, library: Library) -> list[Sentence]:
    """Read the answers; those that cite a paper which the library lacks are left out."""
    # By title alone: an id says more of a paper than the file of the answers knows.
    known = {title_id(paper.title): paper for paper in library.papers()}
    found = []
    for number, line in enumerate(path.read_text("utf-8").splitlines()):
        row = json.loads(line)
        if not known.keys() >= set(row["papers"]):
            continue
        papers = tuple(known[one] for one in row["papers"])
        for one in row["sentences"]:
            cited = tuple(n - 1 for n in one["cites"])
            group = f"answer {number}"
            if one["linking"]:
                found.append(Sentence(group, "linking", "linking", one["text"], (), papers))
                continue
            found.append(Sentence(group, "supports", "true", one["text"], cited, papers))
            if one["false"]:
                found.append(
                    Sentence(group, one["label"], one["kind"], one["false"], cited, papers)
                )
    return found


def read_written(path: Path, data: Path) -> list[Sentence]:
    """Read the sentences about single abstracts, each among four other papers."""
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    papers = read_abstracts(data, [row["id"] for row in rows])
    rows = [row for row in rows if row["id"] in papers]
    found = []
    for place, row in enumerate(rows):
        around = [rows[(place + step) % len(rows)]["id"] for step in range(1, 5)]
        pool = tuple(papers[one] for one in [row["id"], *around])
        labelled = [
            *(("supports", "true", one["text"]) for one in row["true"]),
            *((one["label"], one["kind"], one["text"]) for one in row["false"]),
            ("neutral", "beyond", row["beyond"]),
        ]
        found += [Sentence(row["id"], *one, (0,), pool) for one in labelled]
    return found


def read_cases(scifact: Path, encode: Encode) -> list[Sentence]:
    """Make the cases of SciFact's claims, each among five papers; none where it isn't there.

    Args:
        scifact: Folder of the set.
        encode: Embeds texts: it decides which papers stand beside the cited one.
    """
    if not (scifact / "rationales" / "train.jsonl").exists():
        return []
    golds, papers = read_gold(scifact, "train")
    cases = make_cases(golds, papers, encode([paper.title for paper in papers.values()]))
    # By a checksum of the text: an even draw, and the same in every run.
    cases.sort(key=lambda case: zlib.crc32(case.text.encode()))
    taken = dict.fromkeys(_CASES, 0)
    found = []
    for case in cases:
        if not is_held_out(case.group) or taken[case.kind] == _EACH or case.cited < 0:
            continue
        taken[case.kind] += 1
        group, label = f"group {case.group}", _CASES[case.kind]
        found.append(Sentence(group, label, case.kind, case.text, (case.cited,), case.papers))
    return found


def read_public(data: Path, source: str) -> list[Sentence]:
    """Read the claims of a public set that the fit leaves out, each beside its evidence alone."""
    found = []
    for pair in read_pairs(data).get(source, []):
        if in_dev(pair):
            paper = Paper(id=f"{source}:{pair.group}", title=pair.title, abstract=pair.evidence)
            label = _LABELS[pair.label]
            found.append(Sentence(pair.group, label, label, pair.claim, (0,), (paper,)))
    return found
