"""Make labelled examples: sentences and questions beside evidence, as the reader sees them.

Evidence is chosen by `rag.models.passages`, as the verifier does it. Of an abstract and what was
written about it come sentences beside that abstract and, to have what written sentences lack:

- *swapped*: a true sentence beside the nearest other abstract, which doesn't support it;
- *fused*: a true sentence, and its false counterpart, joined to a sentence about that other paper;
- *verbatim* and *number*: a copied sentence, and the same with another number;
- questions beside their abstract, single sentences of it, and the other abstract.
"""

from __future__ import annotations

import difflib
import random
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.reader_sources import CONTRADICTED, NOT_SAID, SUPPORTED
from rag.models.encoder import default_weights
from rag.models.passages import JOINT_TOKENS, PASSAGE_TOKENS, Passages
from rag.models.reader import MAX_EVIDENCE, MAX_SENTENCE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from benchmarks.reader_sources import Falsehood, Record

    Encode = Callable[[Sequence[str]], NDArray[np.float32]]
    CountTokens = Callable[[str], int]
    Spans = tuple[tuple[int, int], ...]
    Unit = tuple["Example", ...]  # of one, or of two: the true one, then its false counterpart

__all__ = [
    "SEED",
    "UNKNOWN",
    "Abstract",
    "Desk",
    "Example",
    "Row",
    "Tokens",
    "changed_words",
    "closest",
    "record_units",
]

UNKNOWN = -1.0  # whether the evidence supports a word piece
SEED = 7  # of all that is drawn here; the data are the same for every fit
_JOINS = ("; ", ", while ", ", whereas ", ", and ", "; in contrast, ")
_FACTORS = (0.5, 0.6, 0.8, 1.2, 1.3, 1.5, 2.0)
_WORD = re.compile(r"\d+(?:[.,]\d+)*|\w+|[^\w\s]")
_NUMBER = re.compile(r"(?<![\w.,])\d+(?:\.\d+)?(?!\w|[.,]\d)")


@dataclass(frozen=True, slots=True)
class Example:
    """A sentence, or a question, beside evidence.

    Attributes:
        source: The set that it is of.
        kind: What it is: true, swap, beyond, fused, answered, and so on.
        text: The sentence or the question.
        evidence: As the reader is given it.
        label: `SUPPORTED`, `NOT_SAID` or `CONTRADICTED`; of a question, 1 where it is answered.
        papers: The abstracts that the evidence is from, by id; empty for a public set.
        changed: Where in the text the evidence leaves words unsupported; None where it isn't known.
        question: Whether it is a question.
    """

    source: str
    kind: str
    text: str
    evidence: str
    label: int
    papers: tuple[str, ...] = ()
    changed: Spans | None = None
    question: bool = False

    @property
    def task(self) -> str:
        """Name what it belongs to: batches hold examples of one task."""
        return f"{self.source} questions" if self.question else self.source


def changed_words(true: str, false: str) -> Spans | None:
    """Return where words of a false sentence differ from those of its true twin.

    None where words are only left out: nothing that is in the sentence is unsupported then.
    """
    words = list(_WORD.finditer(false))
    before = [match[0].casefold() for match in _WORD.finditer(true)]
    matcher = difflib.SequenceMatcher(
        None, before, [match[0].casefold() for match in words], autojunk=False
    )
    spans = tuple(
        words[place].span()
        for kind, _, _, start, end in matcher.get_opcodes()
        if kind in {"replace", "insert"}
        for place in range(start, end)
    )
    return spans or None


def closest(text: str, others: Iterable[str]) -> tuple[str, float]:
    """Return the text that shares most words in order with another, and their share, 0 to 1."""
    words = text.split()
    found = [
        (difflib.SequenceMatcher(None, other.split(), words).ratio(), other) for other in others
    ]
    share, closest = max(found, default=(0.0, ""), key=lambda one: one[0])
    return closest, share


def _other_number(text: str, stated: str, draw: random.Random) -> str | None:
    """Change one number of a text to one that isn't stated; None where that can't be done."""
    numbers = list(_NUMBER.finditer(text))
    if not numbers:
        return None
    match = draw.choice(numbers)
    decimals = len(match[0].partition(".")[2])
    number = f"{float(match[0]) * draw.choice(_FACTORS):.{decimals}f}"
    if number in {found[0] for found in _NUMBER.finditer(stated)}:
        return None
    return text[: match.start()] + number + text[match.end() :]


def _lowered(text: str) -> str:
    # Not where the first word is an acronym.
    return text[0].lower() + text[1:] if text[1:2].islower() else text


@dataclass
class Desk:
    """Takes papers apart and chooses evidence from them.

    Vectors are remembered: whoever goes through many texts encodes them all at once before.

    Attributes:
        encoder: Embeds texts as unit vectors, shape (texts, dimension).
        count_tokens: Counts the word pieces of a text.
        vectors: What was encoded.
    """

    encoder: Encode
    count_tokens: CountTokens
    vectors: dict[str, NDArray[np.float32]] = field(default_factory=dict)

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return the unit vectors of texts, shape (texts, dimension)."""
        new = [text for text in dict.fromkeys(texts) if text not in self.vectors]
        if new:
            self.vectors.update(zip(new, self.encoder(new), strict=True))
        return np.array([self.vectors[text] for text in texts], np.float32)

    def open(self, title: str, sentences: Sequence[str]) -> Passages:
        """Take a paper apart."""
        return Passages.of(title, sentences, self.encode, self.count_tokens)

    def open_short(self, title: str, sentences: Sequence[str]) -> Passages | None:
        """Take evidence apart that fits whole, and so needs no vectors; None where it is longer."""
        passages = Passages.of(title, sentences, _no_vectors, self.count_tokens)
        return passages if sum(passages.lengths) < PASSAGE_TOKENS else None

    def choose(
        self, passages: Passages, text: str, budget: int = PASSAGE_TOKENS
    ) -> tuple[str, list[int]]:
        """Return the evidence for a text, and which sentences are in it, as `Passages.choose`."""
        fits = sum(passages.lengths) < budget
        vector = _no_vectors([text])[0] if fits else self.encode([text])[0]
        return passages.choose(text, vector, budget=budget)

    def nearest(self, passages: Passages, text: str) -> list[int]:
        """Return the sentences of a paper by index, the nearest to a text first."""
        near = passages.nearness(text, self.encode([text])[0])
        return [int(place) for place in np.argsort(-near, kind="stable")]


def _no_vectors(texts: Sequence[str]) -> NDArray[np.float32]:
    """Stand in for the encoder where all fits: encoding takes long, and nothing is chosen by it."""
    return np.zeros((len(texts), 1), np.float32)


@dataclass(frozen=True, slots=True)
class Abstract:
    """What was written about an abstract, and the abstract taken apart."""

    record: Record
    passages: Passages


def record_units(desk: Desk, own: Abstract, far: Abstract | None) -> Iterator[Unit]:
    """Make all units of an abstract.

    Args:
        desk: Chooses the evidence.
        own: The abstract.
        far: The other one that is nearest to it, of the same side of the split.
    """
    maker = _RecordUnits(desk, own, far)
    yield from maker.written()
    yield from maker.copied()
    yield from maker.questions()
    if far is not None and far.record.all_true:
        yield from maker.swapped(far)
        yield from maker.fused(far)


class _RecordUnits:
    def __init__(self, desk: Desk, own: Abstract, far: Abstract | None) -> None:
        self.desk, self.own, self.far = desk, own, far
        self.source, self.id = own.record.source, own.record.id
        self.draw = random.Random(f"{SEED}-{self.id}")

    def example(self, kind: str, text: str, label: int, changed: Spans | None = None) -> Example:
        evidence, _ = self.desk.choose(self.own.passages, text)
        marks = () if label == SUPPORTED else changed
        return Example(self.source, kind, text, evidence, label, (self.id,), marks)

    def counterpart(self, false: Falsehood) -> str:
        """Return the twin of a false sentence, or the true one nearest to it; empty without any."""
        return false.twin or closest(false.text, self.own.record.true)[0]

    def written(self) -> Iterator[Unit]:
        for false in self.own.record.false:
            changed = changed_words(false.twin, false.text) if false.twin else None
            wrong = self.example(false.kind, false.text, false.label, changed)
            true = self.counterpart(false)
            yield (self.example("true", true, SUPPORTED), wrong) if true else (wrong,)
        for text in self.own.record.true:
            yield (self.example("true", text, SUPPORTED),)
        for text in self.own.record.beyond:
            yield (self.example("beyond", text, NOT_SAID),)

    def swapped(self, far: Abstract) -> Iterator[Unit]:
        """Set a true sentence beside the other abstract as well."""
        if not self.own.record.all_true:
            return
        text = self.draw.choice(self.own.record.all_true)
        evidence, _ = self.desk.choose(far.passages, text)
        other = (far.record.id,)
        yield (
            self.example("true", text, SUPPORTED),
            Example(self.source, "swapped", text, evidence, NOT_SAID, other),
        )

    def fused(self, far: Abstract) -> Iterator[Unit]:
        """Join a true sentence, and its false counterpart, to one that the other paper supports.

        Each paper has half of the room, as the verifier gives it to two that are cited together.
        """
        if not self.own.record.false:
            return
        false = self.draw.choice(self.own.record.false)
        true = self.counterpart(false)
        theirs, join = self.draw.choice(far.record.all_true), self.draw.choice(_JOINS)
        first = self.draw.random() < 0.5
        papers = (self.id, far.record.id)

        def fused(mine: str, label: int, changed: Spans | None) -> Example:
            one, two = (mine, theirs) if first else (theirs, mine)
            before = f"{one.rstrip(' .')}{join}"
            text = before + _lowered(two)
            evidence = " ".join(
                self.desk.choose(one.passages, text, JOINT_TOKENS // 2)[0]
                for one in (self.own, far)
            )
            shift = 0 if first else len(before)
            moved = changed and tuple((shift + start, shift + end) for start, end in changed)
            return Example(self.source, "fused", text, evidence, label, papers, moved)

        if true:
            changed = changed_words(false.twin, false.text) if false.twin else None
            yield (fused(true, SUPPORTED, ()), fused(false.text, false.label, changed))

    def copied(self) -> Iterator[Unit]:
        """Copy a sentence of the abstract, and change a number of it."""
        record = self.own.record
        text = self.draw.choice(record.sentences)
        if not 8 <= len(text.split()) <= 50:
            return
        true = self.example("verbatim", text, SUPPORTED)
        other = _other_number(text, " ".join((record.title, *record.sentences)), self.draw)
        if other is None:
            yield (true,)
        else:
            yield (true, self.example("number", other, CONTRADICTED, changed_words(text, other)))

    def questions(self) -> Iterator[Unit]:
        record = self.own.record
        for text, gold in record.asked:
            yield from self.asked(text, gold)
        for text in record.missed:
            evidence, _ = self.desk.choose(self.own.passages, text)
            nearest = record.sentences[self.desk.nearest(self.own.passages, text)[0]]
            yield (self.question("miss", text, evidence, 0, self.id),)
            yield (self.question("miss", text, nearest, 0, self.id),)

    def asked(self, text: str, gold: Sequence[int]) -> Iterator[Unit]:
        """Set a question beside its abstract, sentences of it, and the other abstract."""
        sentences = self.own.record.sentences
        evidence, chosen = self.desk.choose(self.own.passages, text)
        if set(gold) & set(chosen):
            yield (self.question("answered", text, evidence, 1, self.id),)
        order = self.desk.nearest(self.own.passages, text)
        near = [sentences[place] for place in order if place not in gold][:3]
        unit = [self.question("sentence", text, sentences[place], 1, self.id) for place in gold[:1]]
        if near:
            unit.append(self.question("sentence", text, self.draw.choice(near), 0, self.id))
        yield tuple(unit)
        if self.far is not None:
            evidence, _ = self.desk.choose(self.far.passages, text)
            yield (self.question("other paper", text, evidence, 0, self.far.record.id),)

    def question(self, kind: str, text: str, evidence: str, label: int, paper: str) -> Example:
        return Example(self.source, kind, text, evidence, label, (paper,), question=True)


@dataclass(frozen=True, slots=True)
class Row:
    """An example in word pieces.

    Attributes:
        ids: Of the whole: a sentence and its evidence with the special ones.
        length: Of the sentence.
        label: As that of the example.
        unsupported: For each word piece of the sentence 1 or 0, or `UNKNOWN`.
    """

    ids: NDArray[np.int32]
    length: int
    label: int
    unsupported: NDArray[np.float32]


class Tokens:
    """Turns examples into word pieces, cut as the product cuts them."""

    def __init__(self) -> None:
        from tokenizers import Tokenizer

        self._tokenizer = Tokenizer.from_file(str(default_weights().folder / "tokenizer.json"))
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()
        self._first = self._tokenizer.token_to_id("[CLS]")
        self._end = self._tokenizer.token_to_id("[SEP]")

    def pairs(self, pairs: Sequence[tuple[str, str]]) -> list[tuple[Row, list[tuple[int, int]]]]:
        """Encode texts and evidence; with each, where its word pieces stand in the text."""
        one = self._tokenizer.encode_batch([text for text, _ in pairs], add_special_tokens=False)
        two = self._tokenizer.encode_batch([text for _, text in pairs], add_special_tokens=False)
        found = []
        for text, evidence in zip(one, two, strict=True):
            first, second = text.ids[:MAX_SENTENCE], evidence.ids[:MAX_EVIDENCE]
            ids = np.array([self._first, *first, self._end, *second, self._end], np.int32)
            unknown = np.full(len(first), UNKNOWN, np.float32)
            found.append((Row(ids, len(first), 0, unknown), text.offsets[:MAX_SENTENCE]))
        return found

    def rows(self, examples: Sequence[Example]) -> list[Row]:
        """Encode examples."""
        encoded = self.pairs([(one.text, one.evidence) for one in examples])
        return [
            Row(row.ids, row.length, one.label, _marks(one, row, offsets))
            for one, (row, offsets) in zip(examples, encoded, strict=True)
        ]


def _marks(example: Example, row: Row, offsets: Sequence[tuple[int, int]]) -> NDArray[np.float32]:
    if example.changed is None:
        return row.unsupported
    marks = [
        any(start < to and begin < end for begin, to in example.changed) for start, end in offsets
    ]
    return np.array(marks, np.float32)
