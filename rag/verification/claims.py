"""Compare a sentence with papers: how much of it they say, where, and whether others say more.

A sentence and an abstract are compared in two ways that fail differently: by meaning, as cosines
between sentence vectors, and by words, as the share of the sentence's content words that the
paper holds. Both are taken for the sentence as a whole and for its parts (halves, and short
windows that don't cross a clause boundary), since a sentence of which only a part is supported
is not supported; and both are taken for the papers that it doesn't cite, since what another paper
says better was taken from there.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from rag.verification.words import (
    RUN,
    content_words,
    initials_of,
    is_acronym,
    joined_words,
    tokens_of,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from rag.verification.paper_view import PaperView
    from rag.verification.words import Word

__all__ = ["GAPS", "OWN", "Comparison", "Parts", "compare", "describe"]

_WINDOW = 5  # words
_WHOLE = 3  # so many pieces stand before the windows: the sentence and its halves
_CLAUSE = re.compile(
    r"(?<=[,;:])\s+|\s+(?=(?:and|but|while|whereas|although|though|because)\s)", re.IGNORECASE
)


@dataclass
class Parts:
    """A sentence to check, taken apart.

    Attributes:
        text: The sentence, without citation markers.
        words: Its content words.
        pieces: What is embedded: the sentence, then its halves, then its windows.
        cut: Where its second half begins, as an offset; its length where it has no halves.
        vectors: One unit row per piece; empty until they are embedded.
    """

    text: str
    words: list[Word]
    pieces: list[str]
    cut: int
    vectors: NDArray[np.float32] = field(
        default_factory=lambda: np.zeros((0, 0), np.float32), repr=False
    )

    @classmethod
    def of(cls, text: str) -> Parts:
        """Take a sentence apart."""
        cut = _cut(text)
        halves = [text[:cut].strip(), text[cut:].strip()] if cut < len(text) else [text, text]
        return cls(text, content_words(text), [text, *halves, *_windows(text)], cut)

    @cached_property
    def plain(self) -> list[str]:
        """All its words, in one spelling."""
        return [word for word, _ in self._tokens]

    @cached_property
    def runs(self) -> list[tuple[tuple[str, ...], NDArray[np.bool_]]]:
        """Its runs of words, of the length that is taken for copied, each with what it covers."""
        starts = np.array([word.start for word in self.words])
        return [
            (tuple(word for word, _ in run), (starts >= run[0][1]) & (starts <= run[-1][1]))
            for at in range(len(self._tokens) - RUN + 1)
            for run in [self._tokens[at : at + RUN]]
        ]

    @cached_property
    def joined(self) -> list[tuple[int, int, str]]:
        """Its adjacent words as one, with their places: "SHP-2" is also "shp2"."""
        return joined_words(self.words)

    @cached_property
    def acronyms(self) -> list[tuple[int, str]]:
        """Its acronyms, in lower case and in the singular, with their places."""
        return [
            (place, word.text.lower().removesuffix("s"))
            for place, word in enumerate(self.words)
            if is_acronym(word.text)
        ]

    @cached_property
    def initials(self) -> str:
        """The initials of its content words."""
        return initials_of(self.words)

    @cached_property
    def weights(self) -> NDArray[np.float64]:
        """The weights of the content words."""
        return np.array([word.weight for word in self.words], dtype=np.float64)

    @cached_property
    def portions(self) -> Portions:
        """What is asked of its words: how much of them is held, and of which of them."""
        return Portions.of(self.words, self.weights, self.cut)

    @cached_property
    def _tokens(self) -> list[tuple[str, int]]:
        return tokens_of(self.text)


@dataclass(frozen=True, slots=True)
class Portions:
    """Weights that add up to 1, for the content words (columns) of which a share is wanted.

    Attributes:
        all: Of all words, shape (words,).
        names: Of those written like names; None where there are none.
        sides: Of those before and behind the middle, shape (1 or 2, words).
        runs: Of each three in a row, shape (runs, words).
        neighbours: Of each two neighbours, shape (words - 1,).
    """

    all: NDArray[np.float64]
    names: NDArray[np.float64] | None
    sides: NDArray[np.float64]
    runs: NDArray[np.float64]
    neighbours: NDArray[np.float64]

    @classmethod
    def of(cls, words: Sequence[Word], weights: NDArray[np.float64], cut: int) -> Portions:
        """Weigh the words of a sentence, of which there is at least one."""
        names = np.array([word.name for word in words])
        first = np.array([word.start < cut for word in words])
        places = np.arange(len(words))
        runs = [(places >= at) & (places < at + 3) for at in range(max(1, len(words) - 2))]
        both = weights[1:] + weights[:-1]
        return cls(
            all=weights / weights.sum(),
            names=weights * names / (weights * names).sum() if names.any() else None,
            sides=_rows([side for side in (first, ~first) if side.any()], weights),
            runs=_rows(runs, weights),
            neighbours=both / both.sum() if len(both) else both,
        )


def _rows(masks: Sequence[NDArray[np.bool_]], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    rows = np.stack(masks) * weights
    return np.asarray(rows / rows.sum(axis=1, keepdims=True), dtype=np.float64)


def _cut(text: str) -> int:
    """Return where to cut a sentence in two: near its middle, at a clause boundary if there is."""
    words = list(re.finditer(r"\S+", text))
    if len(words) < 6:
        return len(text)
    opens = {match.end() for match in _CLAUSE.finditer(text)}
    middle = len(words) / 2
    bonus = 0.25 * len(words)
    costs = [
        (abs(index - middle) - (bonus if words[index].start() in opens else 0), index)
        for index in range(2, len(words) - 1)
        if 0.3 * len(words) <= index <= 0.7 * len(words)  # an opening ("In brief,") is no half
    ]
    return words[min(costs)[1]].start()


def _windows(text: str) -> list[str]:
    """Return the runs of five words that stay within a clause; the last may overlap."""
    found = []
    for clause in _CLAUSE.split(text):
        words = clause.split()
        if len(words) < 3:
            continue
        starts = list(range(0, max(1, len(words) - _WINDOW + 1), _WINDOW))
        if starts[-1] + _WINDOW < len(words):
            starts.append(len(words) - _WINDOW)
        found += [" ".join(words[start : start + _WINDOW]) for start in starts]
    return found or [text]


@dataclass(frozen=True, slots=True)
class Comparison:
    """A sentence beside one or several papers taken together.

    Attributes:
        cosines: Of the pieces of the sentence (columns) with the sentences (rows).
        paired: Of the same with each two neighbouring sentences.
        titles: Of the whole sentence with the titles, the best.
        mean: Of the whole sentence with the papers' mean vectors, the best.
        windows: For each window its best cosine with a title or a sentence.
        held: Which words (columns) each sentence (rows) holds, its title's among them.
        held_paired: The same for each two neighbouring sentences.
        copied: Which words stand in a run of four that the abstract holds too.
    """

    cosines: NDArray[np.float32]
    paired: NDArray[np.float32]
    titles: float
    mean: float
    windows: NDArray[np.float32]
    held: NDArray[np.bool_]
    held_paired: NDArray[np.bool_]
    copied: NDArray[np.bool_]

    @classmethod
    def join(cls, parts: Sequence[Comparison]) -> Comparison:
        """Take several papers together."""
        if len(parts) == 1:
            return parts[0]
        return cls(
            np.concatenate([part.cosines for part in parts]),
            np.concatenate([part.paired for part in parts]),
            max(part.titles for part in parts),
            max(part.mean for part in parts),
            np.maximum.reduce([part.windows for part in parts]),
            np.concatenate([part.held for part in parts]),
            np.concatenate([part.held_paired for part in parts]),
            np.logical_or.reduce([part.copied for part in parts]),
        )


def compare(parts: Parts, view: PaperView) -> Comparison:
    """Compare a sentence with one paper; an empty abstract leaves its title to stand for it."""
    title, sentences = view.vectors[:1], view.vectors[1:]
    held = view.holds(parts)
    if len(sentences) == 0:
        sentences, held = title, np.repeat(held, 2, axis=0)
    body = held[1:] | held[:1]
    one = len(sentences) == 1
    pairs = sentences if one else view.paired
    whole, windows = parts.vectors[:_WHOLE], parts.vectors[_WHOLE:]
    return Comparison(
        cosines=sentences @ whole.T,
        paired=pairs @ whole.T,
        titles=float((title @ whole[0])[0]),
        mean=float(view.mean @ whole[0]),
        windows=(view.vectors @ windows.T).max(axis=0),
        held=body,
        held_paired=body if one else body[1:] | body[:-1],
        copied=_copied(parts, view),
    )


def _copied(parts: Parts, view: PaperView) -> NDArray[np.bool_]:
    found = np.zeros(len(parts.words), dtype=np.bool_)
    for run, covers in parts.runs:
        if run in view.runs:
            found |= covers
    return found


OWN = (
    "cosine", "cosine of two", "cosine of mean", "cosine of title",
    "words", "words in one", "words in two", "names", "words of worse half",
    "words of both halves in two", "neighbours", "worst run",
    "worst window", "mean window", "cosine of worse half", "cosine of both halves in two",
    "gain of whole", "link of halves", "copied in part",
)  # fmt: skip
GAPS = tuple(
    OWN.index(name)
    for name in (
        "cosine", "cosine of two", "cosine of mean", "cosine of title", "words", "words in one",
        "words in two", "words of worse half", "neighbours", "words of both halves in two",
        "cosine of both halves in two", "worst window", "mean window",
    )
)  # fmt: skip


def describe(parts: Parts, comparison: Comparison) -> NDArray[np.float64]:
    """Return the features of a comparison, one per name in `OWN`."""
    best = comparison.cosines.max(axis=0)
    paired = comparison.paired
    halves = parts.vectors[1:3]
    words = _word_features(parts, comparison)
    return np.array(
        [
            best[0],
            paired[:, 0].max(),
            comparison.mean,
            comparison.titles,
            *words,
            comparison.windows.min(),
            comparison.windows.mean(),
            best[1:].min(),
            paired[:, 1:].min(axis=1).max(),
            best[0] - best[1:].max(),
            float(halves[0] @ halves[1]),
            _copied_in_part(parts, comparison),
        ],
        dtype=np.float64,
    )


def _copied_in_part(parts: Parts, comparison: Comparison) -> float:
    """Return how much is missing beside words that were copied; 0 where none were."""
    if not parts.words:
        return 0.0
    weights = parts.portions.all
    missing = float(weights @ ~(comparison.copied | comparison.held.any(axis=0)))
    return min(1.0, 2 * float(weights @ comparison.copied)) * missing


def _word_features(parts: Parts, comparison: Comparison) -> list[float]:
    """Return the eight features that count words; 1.0 each for a sentence without any."""
    if not parts.words:
        return [1.0] * 8
    portions = parts.portions
    held, near = comparison.held, comparison.held_paired
    anywhere = held.any(axis=0)
    words = float(portions.all @ anywhere)
    both: NDArray[np.bool_] = np.any(held[:, 1:] & held[:, :-1], axis=0)
    return [
        words,
        float((held @ portions.all).max()),
        float((near @ portions.all).max()),
        1.0 if portions.names is None else float(portions.names @ anywhere),
        float((portions.sides @ anywhere).min()),
        float((near @ portions.sides.T).min(axis=1).max()),
        float(portions.neighbours @ both) if len(both) else words,
        float((portions.runs @ anywhere).min()),
    ]
