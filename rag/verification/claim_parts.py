"""A sentence to check, taken apart: its words, its halves, and short windows of it.

A sentence of which only a part is supported is not supported, so its parts are compared too. One
run of the encoder is enough for all of them: the vector of a part is the mean of the vectors of
its tokens, which have seen the whole sentence.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from rag.models.token_vectors import unit
from rag.text.sentences import Span
from rag.text.words import (
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

    from rag.models.encoder import EncodedText
    from rag.text.words import Word

__all__ = ["Meaning", "Parts"]

_WINDOW = 5  # words
_LEAST = 0.1  # what a token counts in a window: even words of grammar belong to it
_SHOWN = re.compile(r"\S+")
_CLAUSE = re.compile(
    r"(?<=[,;:])\s+|\s+(?=(?:and|but|while|whereas|although|though|because)\s)", re.IGNORECASE
)


@dataclass
class Parts:
    """A sentence to check, taken apart.

    Attributes:
        text: The sentence, without citation markers.
        words: Its content words.
        cut: Where its second half begins, as an offset; its length where it has no halves.
        encoded: Its vectors (`encode_apart`); None for a sentence that is compared with nothing.
    """

    text: str
    words: list[Word]
    cut: int
    encoded: EncodedText | None = field(default=None, repr=False)

    @classmethod
    def of(cls, text: str, encoded: EncodedText | None = None) -> Parts:
        """Take a sentence apart."""
        return cls(text, content_words(text), _cut(text), encoded)

    @cached_property
    def meaning(self) -> Meaning:
        """Its vectors, and those of its parts.

        Raises:
            ValueError: the sentence wasn't encoded.
        """
        if self.encoded is None:
            raise ValueError("This sentence was not encoded.")
        return Meaning.of(self, self.encoded)

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


@dataclass(frozen=True, slots=True)
class Meaning:
    """A sentence as vectors: unit rows, and weights of its tokens that add up to 1.

    Attributes:
        whole: Of the sentence, shape (dimension,).
        halves: Of its halves, shape (2, dimension).
        windows: Of its windows, shape (windows, dimension).
        tokens: Of its tokens, shape (tokens, dimension).
        weights: How much of the sentence's subject each token carries, shape (tokens,).
        sides: The same within each half, shape (1 or 2, tokens).
        within: The same within each window, shape (windows, tokens).
    """

    whole: NDArray[np.float32]
    halves: NDArray[np.float32]
    windows: NDArray[np.float32]
    tokens: NDArray[np.float32]
    weights: NDArray[np.float64]
    sides: NDArray[np.float64]
    within: NDArray[np.float64]

    @classmethod
    def of(cls, parts: Parts, encoded: EncodedText) -> Meaning:
        """Share out the tokens of a sentence over its parts."""
        whole, starts, tokens = encoded
        carried = _carried(parts.words, starts)
        before = starts < parts.cut
        sides = [side for side in (before, ~before) if (carried * side).any()]
        windows = [(starts >= start) & (starts < end) for start, end in _windows(parts.text)]
        windows = [window for window in windows if window.any()] or [np.ones(len(starts), np.bool_)]
        return cls(
            whole=whole,
            halves=unit(
                np.stack([tokens[h].sum(axis=0) if h.any() else whole for h in (before, ~before)])
            ),
            windows=unit(np.stack(windows).astype(np.float32) @ tokens),
            tokens=tokens,
            weights=carried / carried.sum(),
            sides=_rows(sides, carried),
            within=_rows(windows, np.maximum(carried, _LEAST)),
        )


def _carried(words: Sequence[Word], starts: NDArray[np.int32]) -> NDArray[np.float64]:
    """Share the weight of each content word among its tokens; all alike where there is none."""
    weights = np.zeros(len(starts))
    for word in words:
        inside = (starts >= word.start) & (starts < word.end)
        weights[inside] = word.weight / max(1, inside.sum())
    return weights if weights.any() else np.ones(len(starts))


def _rows(masks: Sequence[NDArray[np.bool_]], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    rows = np.stack(masks) * weights
    return np.asarray(rows / rows.sum(axis=1, keepdims=True), dtype=np.float64)


def _cut(text: str) -> int:
    """Return where to cut a sentence in two: near its middle, at a clause boundary if there is."""
    words = list(_SHOWN.finditer(text))
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


def _windows(text: str) -> list[Span]:
    """Return the runs of five words that stay within a clause; the last may overlap."""
    found = []
    breaks = [match.span() for match in _CLAUSE.finditer(text)]
    for (_, start), (end, _) in pairwise([(0, 0), *breaks, (len(text), len(text))]):
        words = [match.span() for match in _SHOWN.finditer(text, start, end)]
        if len(words) < 3:
            continue
        firsts = list(range(0, max(1, len(words) - _WINDOW + 1), _WINDOW))
        if firsts[-1] + _WINDOW < len(words):
            firsts.append(len(words) - _WINDOW)
        found += [Span(words[at][0], words[at : at + _WINDOW][-1][1]) for at in firsts]
    return found or [Span(0, len(text))]
