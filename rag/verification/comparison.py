"""Compare a sentence with papers: how much of it they say, where, and whether others say more.

A sentence and an abstract are compared in three ways that fail differently: by meaning, as cosines
between sentence vectors; token by token, each looking for the nearest one of the abstract; and by
words, as the share of the sentence's content words that the paper holds. All are taken for the
sentence as a whole and for its parts (halves, and short windows that don't cross a clause
boundary), since a sentence of which only a part is supported is not supported; and all are taken
for the papers that it doesn't cite, since what another paper says better was taken from there.

Comparing token by token is late interaction (Khattab and Zaharia, "ColBERT: efficient and
effective passage search via contextualized late interaction over BERT", SIGIR 2020), with an
encoder that wasn't trained for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from rag.verification.claim_parts import Parts
    from rag.verification.paper_view import PaperView

__all__ = ["GAPS", "OWN", "Comparison", "compare", "describe"]


@dataclass(frozen=True, slots=True)
class Comparison:
    """A sentence beside one or several papers taken together.

    Attributes:
        cosines: Of the sentence and its halves (columns) with the sentences (rows).
        paired: Of the same with each two neighbouring sentences.
        titles: Of the whole sentence with the titles, the best.
        mean: Of the whole sentence with the papers' mean vectors, the best.
        windows: For each window its best cosine with a title or a sentence.
        near: For each token (columns) its likeness to the nearest token of a sentence (rows) or of
            its title.
        near_paired: The same for each two neighbouring sentences.
        held: Which words (columns) each sentence (rows) holds, its title's among them.
        held_paired: The same for each two neighbouring sentences.
        copied: Which words stand in a run of four that the abstract holds too.
    """

    cosines: NDArray[np.float32]
    paired: NDArray[np.float32]
    titles: float
    mean: float
    windows: NDArray[np.float32]
    near: NDArray[np.float32]
    near_paired: NDArray[np.float32]
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
            np.concatenate([part.near for part in parts]),
            np.concatenate([part.near_paired for part in parts]),
            np.concatenate([part.held for part in parts]),
            np.concatenate([part.held_paired for part in parts]),
            np.logical_or.reduce([part.copied for part in parts]),
        )


def compare(parts: Parts, view: PaperView, tokens: NDArray[np.float32]) -> Comparison:
    """Compare a sentence with one paper; an empty abstract leaves its title to stand for it.

    Args:
        parts: The sentence, encoded.
        view: The paper.
        tokens: What `view.tokens()` returns, which is too large to be kept.
    """
    meaning = parts.meaning
    title, sentences = view.vectors[:1], view.vectors[1:]
    held = view.holds(parts)
    near = np.maximum.reduceat(tokens @ meaning.tokens.T, view.firsts, axis=0)
    if len(sentences) == 0:
        sentences = title
        held, near = (np.repeat(rows, 2, axis=0) for rows in (held, near))
    body, close = held[1:] | held[:1], np.maximum(near[1:], near[:1])
    one = len(sentences) == 1
    pairs = sentences if one else view.paired
    whole = np.concatenate([meaning.whole[np.newaxis], meaning.halves])
    return Comparison(
        cosines=sentences @ whole.T,
        paired=pairs @ whole.T,
        titles=float((title @ whole[0])[0]),
        mean=float(view.mean @ whole[0]),
        windows=(view.vectors @ meaning.windows.T).max(axis=0),
        near=close,
        near_paired=close if one else np.maximum(close[1:], close[:-1]),
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
    "tokens in two", "tokens of both halves in two",
    "worst window by token", "mean window by token",
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
    meaning = parts.meaning
    within = (comparison.near @ meaning.within.T).max(axis=0)
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
            float(meaning.halves[0] @ meaning.halves[1]),
            _copied_in_part(parts, comparison),
            (comparison.near_paired @ meaning.weights).max(),
            (comparison.near_paired @ meaning.sides.T).min(axis=1).max(),
            within.min(),
            within.mean(),
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
