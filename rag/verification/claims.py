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

from rag.verification.words import RUN, content_words, tokens_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from rag.verification.paper_view import PaperView
    from rag.verification.words import Word

__all__ = ["GAPS", "OWN", "Comparison", "Parts", "compare", "describe"]

_WINDOW, _STRIDE = 5, 3
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
    def tokens(self) -> list[tuple[str, int]]:
        """All its words in one spelling, with where they begin."""
        return tokens_of(self.text)

    @property
    def weights(self) -> NDArray[np.float64]:
        """The weights of the content words."""
        return np.array([word.weight for word in self.words], dtype=np.float64)


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
    """Return the runs of five words, every third one, that stay within a clause."""
    found = []
    for clause in _CLAUSE.split(text):
        words = clause.split()
        if len(words) < 3:
            continue
        starts = list(range(0, max(1, len(words) - _WINDOW + 1), _STRIDE))
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


def _unit(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    length = np.linalg.norm(rows, axis=-1, keepdims=True)
    return np.asarray(rows / np.maximum(length, 1e-9), dtype=np.float32)


def compare(parts: Parts, view: PaperView) -> Comparison:
    """Compare a sentence with one paper; an empty abstract leaves its title to stand for it."""
    title, sentences = view.vectors[:1], view.vectors[1:]
    held = view.holds(parts.words)
    if len(sentences) == 0:
        sentences, held = title, np.repeat(held, 2, axis=0)
    body = held[1:] | held[:1]
    one = len(sentences) == 1
    pairs = sentences if one else _unit(sentences[1:] + sentences[:-1])
    whole, windows = parts.vectors[:3], parts.vectors[3:]
    return Comparison(
        cosines=sentences @ whole.T,
        paired=pairs @ whole.T,
        titles=float((title @ whole[0])[0]),
        mean=float((_unit(view.vectors.sum(axis=0, keepdims=True)) @ whole[0])[0]),
        windows=(view.vectors @ windows.T).max(axis=0),
        held=body,
        held_paired=body if one else body[1:] | body[:-1],
        copied=_copied(parts, view),
    )


def _copied(parts: Parts, view: PaperView) -> NDArray[np.bool_]:
    found = np.zeros(len(parts.words), dtype=np.bool_)
    tokens = parts.tokens
    starts = np.array([word.start for word in parts.words])
    for at in range(len(tokens) - RUN + 1):
        run = tokens[at : at + RUN]
        if tuple(text for text, _ in run) in view.runs:
            found |= (starts >= run[0][1]) & (starts <= run[-1][1])
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
    weights, copied = parts.weights, comparison.copied
    missing = float((weights * ~copied * ~_anywhere(comparison.held)).sum() / weights.sum())
    return min(1.0, 2 * _share(copied, weights)) * missing


def _word_features(parts: Parts, comparison: Comparison) -> list[float]:
    """Return the eight features that count words; 1.0 each for a sentence without any."""
    if not parts.words:
        return [1.0] * 8
    weights = parts.weights
    anywhere = _anywhere(comparison.held)
    names = np.array([word.name for word in parts.words])
    first = np.array([word.start < parts.cut for word in parts.words])
    near = comparison.held_paired
    sides = [side for side in (first, ~first) if side.any()]
    together = np.minimum.reduce([_shares(near, weights * side) for side in sides])
    runs = [slice(at, at + 3) for at in range(max(1, len(weights) - 2))]
    return [
        _share(anywhere, weights),
        float(_shares(comparison.held, weights).max()),
        float(_shares(near, weights).max()),
        _share(anywhere, weights * names) if names.any() else 1.0,
        min(_share(anywhere, weights * side) for side in sides),
        float(together.max()),
        _neighbours(comparison.held, weights),
        min(_share(anywhere[run], weights[run]) for run in runs),
    ]


def _anywhere(held: NDArray[np.bool_]) -> NDArray[np.bool_]:
    return np.asarray(held.any(axis=0), dtype=np.bool_)


def _share(held: NDArray[np.bool_], weights: NDArray[np.float64]) -> float:
    return float((held * weights).sum() / max(weights.sum(), 1e-9))


def _shares(held: NDArray[np.bool_], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray((held * weights).sum(axis=1) / max(weights.sum(), 1e-9), dtype=np.float64)


def _neighbours(held: NDArray[np.bool_], weights: NDArray[np.float64]) -> float:
    """Return the share of neighbouring words that one sentence holds both of."""
    if len(weights) < 2:
        return _share(_anywhere(held), weights)
    both = _anywhere(held[:, 1:] & held[:, :-1])
    return _share(both, weights[1:] + weights[:-1])
