"""Cases for measuring the verification gate, made from a labelled set of claims.

The set is in the BEIR layout with `rationales/SPLIT.jsonl` beside it (claim, abstract, label,
gold sentences). Every case is a sentence that cites one of five papers: the cited one, the true
one, and those nearest to them. The same seed always makes the same cases.
"""

from __future__ import annotations

import json
import random
import re
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from rag.papers import Paper
from rag.text.sentences import sentence_spans

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = [
    "KINDS",
    "MUST_PASS",
    "Case",
    "Gold",
    "is_held_out",
    "make_cases",
    "measured_abstracts",
    "read_gold",
]

MUST_PASS = ("paraphrase", "verbatim", "reworded", "compound")
KINDS = (*MUST_PASS, "number", "invented", "swapped", "spliced", "negated", "contradicted")
_MEASURED_EVERY = 5  # of the groups: what the models are measured on, and never fitted on


@dataclass(frozen=True, slots=True)
class Gold:
    """A labelled pair of claim and abstract."""

    claim_id: str
    claim: str
    doc: str
    supports: bool
    sentences: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Case:
    """A sentence to check.

    Attributes:
        kind: One of `KINDS`.
        maker: Which generator made it.
        text: The sentence.
        cited: Index of the cited paper; -1 where the reference is invented.
        papers: The papers that the answer was given.
        group: Cases of one group share an abstract: they are never on two sides of a fold.
    """

    kind: str
    maker: str
    text: str
    cited: int
    papers: tuple[Paper, ...]
    group: int


def read_gold(folder: Path, split: str) -> tuple[list[Gold], dict[str, Paper]]:
    """Read the labelled pairs and the papers of a set."""
    papers = {}
    for row in _rows(folder / "corpus.jsonl"):
        papers[row["_id"]] = Paper(id=row["_id"], title=row["title"], abstract=row["text"])
    sentences = {}
    for row in _rows(folder / "sentences.jsonl"):
        sentences[row["id"]] = row["sentences"]
    pairs: dict[tuple[str, str], Gold] = {}
    for row in _rows(folder / "rationales" / f"{split}.jsonl"):
        if row["label"] not in {"SUPPORT", "CONTRADICT"}:
            continue
        gold = tuple(sentences[row["doc_id"]][i].strip() for i in row["sentences"])
        key = (row["claim_id"], row["doc_id"])
        before = pairs[key].sentences if key in pairs else ()
        supports = row["label"] == "SUPPORT"
        pairs[key] = Gold(row["claim_id"], row["claim"], row["doc_id"], supports, (*before, *gold))
    return list(pairs.values()), papers


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def _groups(golds: Sequence[Gold]) -> dict[str, int]:
    """Number the connected sets of claims and abstracts; the key is a claim or a document."""
    parent: dict[str, str] = {}

    def root(name: str) -> str:
        while parent.setdefault(name, name) != name:
            name = parent[name]
        return name

    for gold in golds:
        parent[root("c" + gold.claim_id)] = root("d" + gold.doc)
    names = sorted({root(name) for name in list(parent)})
    numbers = {name: index for index, name in enumerate(names)}
    return {name: numbers[root(name)] for name in list(parent)}


def is_held_out(group: int) -> bool:
    """Tell whether the cases of a group are for measuring alone."""
    return group % _MEASURED_EVERY == 0


def measured_abstracts(golds: Sequence[Gold]) -> frozenset[str]:
    """Return the abstracts, by id, whose cases are for measuring alone."""
    groups = _groups(golds)
    return frozenset(gold.doc for gold in golds if is_held_out(groups["d" + gold.doc]))


class _Maker:
    def __init__(
        self, golds: Sequence[Gold], papers: dict[str, Paper], vectors: NDArray[np.float32]
    ) -> None:
        self.golds, self.papers = golds, papers
        self.ids = list(papers)
        self.row = {name: index for index, name in enumerate(self.ids)}
        self.vectors = vectors
        self.groups = _groups(golds)
        self.relevant: dict[str, set[str]] = defaultdict(set)
        for gold in golds:
            self.relevant[gold.claim_id].add(gold.doc)

    def near(self, doc: str, count: int, without: set[str]) -> list[str]:
        scores = self.vectors @ self.vectors[self.row[doc]]
        found = (self.ids[i] for i in np.argsort(-scores, kind="stable")[: count + 12])
        return [name for name in found if name != doc and name not in without][:count]

    def case(self, kind: str, maker: str, text: str, gold: Gold, cited: str | None) -> Case:
        """Set a sentence among five papers, the cited one at a place that says nothing."""
        first = list(dict.fromkeys([cited or gold.doc, gold.doc]))
        skip = self.relevant[gold.claim_id] | set(first)
        around = self.near(gold.doc, 5 - len(first), skip)
        chosen = [*first, *around]
        turn = len(text) % 5
        chosen = chosen[turn:] + chosen[:turn]
        papers = tuple(self.papers[name] for name in chosen)
        place = chosen.index(cited) if cited else -1
        return Case(kind, maker, text, place, papers, self.groups["d" + gold.doc])


def make_cases(
    golds: Sequence[Gold], papers: dict[str, Paper], vectors: NDArray[np.float32], *, seed: int = 7
) -> list[Case]:
    """Make all cases.

    Args:
        golds: The labelled pairs.
        papers: All papers of the set, by id.
        vectors: One unit row per paper, in the order of `papers`.
        seed: For everything that is drawn.
    """
    maker = _Maker(golds, papers, vectors)
    cases: list[Case] = []
    supported = [gold for gold in golds if gold.supports]
    for index, gold in enumerate(supported):
        draw = random.Random(f"{seed}-{gold.claim_id}-{gold.doc}")
        quote = draw.choice(gold.sentences)
        other = supported[(index + draw.randrange(1, len(supported))) % len(supported)]
        cases.append(maker.case("paraphrase", "claim", gold.claim, gold, gold.doc))
        cases.append(maker.case("verbatim", "sentence", quote, gold, gold.doc))
        cases.append(maker.case("invented", "claim", gold.claim, gold, None))
        nearest = maker.near(gold.doc, 1, maker.relevant[gold.claim_id])[0]
        cases.append(maker.case("swapped", "claim", gold.claim, gold, nearest))
        cases.append(maker.case("swapped", "sentence", quote, gold, nearest))
        for how, text in _rewordings(quote, draw).items():
            cases.append(maker.case("reworded", how, text, gold, gold.doc))
        mates = [one for one in supported if one.doc == gold.doc and one.claim != gold.claim]
        if mates:
            text = f"{_tail_off(gold.claim)}, and {_lowered(draw.choice(mates).claim)}"
            cases.append(maker.case("compound", "claims", text, gold, gold.doc))
        if quote != gold.sentences[-1]:
            text = f"{_tail_off(quote)}, while {_lowered(gold.sentences[-1])}"
            cases.append(maker.case("compound", "sentences", text, gold, gold.doc))
        for name, text in (("claim", gold.claim), ("sentence", quote)):
            cases += [
                maker.case("number", name, made, gold, gold.doc)
                for made in _numbers(text, papers[gold.doc], draw)
            ]
            for how, negate in NEGATIONS.items():
                if negated := negate(text, draw):
                    cases.append(maker.case("negated", f"{how}/{name}", negated, gold, gold.doc))
        for how, text in _splices(gold, quote, other, papers, draw).items():
            cases.append(maker.case("spliced", how, text, gold, gold.doc))
    cases += [
        maker.case("contradicted", "claim", gold.claim, gold, gold.doc)
        for gold in golds
        if not gold.supports
    ]
    return cases


_LABEL = re.compile(r"^[A-Z][A-Z &]{4,}:?\s+")
_ASIDE = re.compile(r"\s*[(\[][^()\[\]]*[)\]]")
_OPENING = re.compile(
    r"^(?:here,? |in this study,? |together,? )*(?:we|our \w+) (?:also )?"
    r"(?:\w+ )?(?:show|find|found|showed|demonstrate|demonstrated|report|suggest)s? that ",
    re.IGNORECASE,
)
_SAYS = ("The authors report that", "According to this paper,", "It was found that", "In short,")


def _rewordings(quote: str, draw: random.Random) -> dict[str, str]:
    """Cut asides and openings from a sentence and put it as an answer would."""
    plain = _ASIDE.sub("", _LABEL.sub("", quote))
    bare = _OPENING.sub("", plain)
    made = {
        "trimmed": bare[:1].upper() + bare[1:],
        "told": f"{draw.choice(_SAYS)} {_lowered(bare)}",
    }
    return {how: text for how, text in made.items() if text != quote}


_DIGITS = re.compile(r"(?<![\w.-])\d[\d,]*(?:[.·]\d+)?(?![\w-])")


def _numbers(text: str, paper: Paper, draw: random.Random) -> list[str]:
    """Change one number of a text to one that the paper doesn't state."""
    found = list(_DIGITS.finditer(text))
    if not found:
        return []
    match = draw.choice(found)
    whole = paper.title + " " + paper.abstract
    for _ in range(50):
        digits = match[0].rstrip(",")
        place = draw.choice([i for i, c in enumerate(digits) if c.isdigit()])
        changed = digits[:place] + draw.choice("123456789") + digits[place + 1 :]
        if not re.search(rf"(?<![\d.]){re.escape(changed)}(?![\d])", whole):
            tail = match[0][len(digits) :]
            return [text[: match.start()] + changed + tail + text[match.end() :]]
    return []


_AUX = re.compile(
    r"\b(is|are|was|were|can|could|may|might|will|would|should|must|has|have|had|does|did)\b"
    r"(?!\s+(?:not|no|been not)\b)"
)
_NEGATED = re.compile(r"\b(not|no|never|neither|nor|without|cannot|lacks?|fails?)\b", re.IGNORECASE)
_VERBS = (  # what claims and findings turn on
    "increase reduce decrease improve cause lead affect show require induce inhibit promote"
    " regulate play provide contribute result enhance prevent suppress mediate modulate"
    " control impair protect encode express interact bind activate produce use have involve"
    " depend drive target determine trigger influence support facilitate predict exhibit"
    " suggest reveal associate enable allow block limit alter act occur exist remain contain"
    " form maintain"
).split()
_SHAPES = {f"{verb}s": verb for verb in _VERBS} | {"has": "have"}
_PAST = {f"{verb}d" if verb.endswith("e") else f"{verb}ed": verb for verb in _VERBS}
_FLIPS = (
    ("increases", "decreases"), ("increased", "decreased"), ("increase", "decrease"),
    ("higher", "lower"), ("more", "less"), ("greater", "smaller"), ("improves", "worsens"),
    ("improved", "worsened"), ("enhances", "impairs"), ("enhanced", "impaired"),
    ("promotes", "prevents"), ("activates", "inhibits"), ("activation", "inhibition"),
    ("induces", "blocks"), ("positive", "negative"), ("positively", "negatively"),
    ("with", "without"), ("upregulated", "downregulated"), ("better", "worse"),
    ("reduces", "raises"), ("reduced", "raised"), ("high", "low"), ("longer", "shorter"),
    ("gain", "loss"), ("effective", "ineffective"), ("sensitive", "insensitive"),
)  # fmt: skip
_FLIP = {a: b for pair in _FLIPS for a, b in (pair, pair[::-1])}


def _insert_not(text: str, _: random.Random) -> str | None:
    match = _AUX.search(text)
    if not match or _NEGATED.search(text):
        return None
    return f"{text[: match.end()]} not{text[match.end() :]}"


def _do_not(text: str, _: random.Random) -> str | None:
    if _NEGATED.search(text) or _AUX.search(text):
        return None
    for match in list(re.finditer(r"\b[a-z]+\b", text))[1:]:
        for shapes, helper in ((_SHAPES, "does not"), (_PAST, "did not")):
            if match[0] in shapes:
                return f"{text[: match.start()]}{helper} {shapes[match[0]]}{text[match.end() :]}"
    return None


def _fails_to(text: str, _: random.Random) -> str | None:
    if _NEGATED.search(text) or _AUX.search(text):
        return None
    for match in list(re.finditer(r"\b[a-z]+\b", text))[1:]:
        if match[0] in _SHAPES:
            verb = _SHAPES[match[0]]
            return f"{text[: match.start()]}fails to {verb}{text[match.end() :]}"
    return None


def _no_evidence(text: str, _: random.Random) -> str | None:
    if _NEGATED.search(text):
        return None
    return f"There is no evidence that {text[0].lower()}{text[1:]}"


def _flip_word(text: str, _: random.Random) -> str | None:
    for match in re.finditer(r"\b[a-z]+\b", text):
        if match[0] in _FLIP:
            return text[: match.start()] + _FLIP[match[0]] + text[match.end() :]
    return None


def _drop_negation(text: str, _: random.Random) -> str | None:
    plain = re.sub(r"\b(?:does|do|did) not (\w+)", r"\1", text)
    plain = re.sub(r"\b(is|are|was|were|can|could) not\b", r"\1", plain)
    plain = re.sub(
        r"\bno (?=significant|effect|impact|benefit|difference|\w+ between)", "a ", plain
    )
    return plain if plain != text else None


NEGATIONS: dict[str, Callable[[str, random.Random], str | None]] = {
    "not": _insert_not,
    "do not": _do_not,
    "fails": _fails_to,
    "no evidence": _no_evidence,
    "flip": _flip_word,
    "drop": _drop_negation,
}


def _half(text: str, *, first: bool) -> str:
    words = text.split()
    middle = max(2, len(words) // 2)
    return " ".join(words[:middle] if first else words[middle:])


def _splices(
    gold: Gold, quote: str, other: Gold, papers: dict[str, Paper], draw: random.Random
) -> dict[str, str]:
    """Join halves of two sentences."""
    made = {}
    far = draw.choice(other.sentences)
    made["claim+claim"] = f"{_half(gold.claim, first=True)} {_half(other.claim, first=False)}"
    made["sentence+sentence"] = f"{_half(quote, first=True)} {_half(far, first=False)}"
    made["clause+clause"] = f"{_tail_off(gold.claim)}, and {_lowered(_half(far, first=True))}."
    abstract = papers[gold.doc].abstract
    mates = [abstract[s:e] for s, e in sentence_spans(abstract)]
    mates = [mate for mate in mates if len(mate.split()) >= 8 and quote[:40] not in mate]
    if mates:
        mate = draw.choice(mates)
        made["same abstract"] = f"{_half(quote, first=True)} {_half(mate, first=False)}"
    return made


def _tail_off(text: str) -> str:
    return text.rstrip(" .")


def _lowered(text: str) -> str:
    return text[:1].lower() + text[1:]
