"""What the reader is given of a paper: its title and the sentences nearest to what is asked.

Whole abstracts would cost three times as much and distract a small model. Nearness is the cosine of
sentence vectors and the share of content words in common, as in the fit: what the model was fitted
on and what it sees are chosen by this one function.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    Encode = Callable[[Sequence[str]], NDArray[np.float32]]
    CountTokens = Callable[[str], int]

__all__ = ["JOINT_TOKENS", "PASSAGE_TOKENS", "Passages", "content_stems", "headed"]

PASSAGE_TOKENS = 150  # word pieces of evidence from one paper, its title included
JOINT_TOKENS = 190  # of evidence from all papers that one sentence cites
_MOST_SENTENCES = 6
_BY_WORDS = 0.5  # what sharing all words counts beside a cosine of 1
_STEM = 6  # letters: crude, and enough to tell which sentence is meant
_WORD = re.compile(r"[a-z0-9]+")
_STOP_WORDS = frozenset(
    "the a an of in to and for with on by is are was were that this these those as it its from at"
    " be been being or which than their they we our has have had having can could may might not"
    " but more most such also into while between among using used use uses via".split()
)


def content_stems(text: str) -> frozenset[str]:
    """Return the beginnings of the content words of a text."""
    words = _WORD.findall(text.lower())
    return frozenset(w[:_STEM] for w in words if len(w) > 1 and w not in _STOP_WORDS)


def headed(title: str, text: str) -> str:
    """Return a text as the reader takes it: behind the title, which says what "it" is."""
    return f"{title.rstrip('.')}. {text}" if title else text


@dataclass(frozen=True, slots=True)
class Passages:
    """The sentences of one paper, ready to be chosen from.

    Attributes:
        title: The paper's title.
        sentences: The sentences of its abstract.
        vectors: Unit vectors of the sentences, shape (sentences, dimension); of a paper without
            any, of its title, shape (1, dimension).
        lengths: Word pieces of the title, then of each sentence.
        stems: Content words of each sentence.
    """

    title: str
    sentences: tuple[str, ...]
    vectors: NDArray[np.float32]
    lengths: tuple[int, ...]
    stems: tuple[frozenset[str], ...]

    @classmethod
    def of(
        cls, title: str, sentences: Sequence[str], encode: Encode, count_tokens: CountTokens
    ) -> Passages:
        """Encode and measure the sentences of a paper."""
        return cls(
            title,
            tuple(sentences),
            encode(list(sentences) or [title]),
            tuple(count_tokens(text) for text in (title, *sentences)),
            tuple(content_stems(text) for text in sentences),
        )

    def nearness(self, text: str, vector: NDArray[np.float32]) -> NDArray[np.float64]:
        """Say how near each sentence is to a text, shape (sentences,).

        Args:
            text: A sentence or a question.
            vector: Its unit vector, shape (dimension,).
        """
        if not self.sentences:
            return np.zeros(0)
        stems = content_stems(text)
        shared = np.array([len(stems & own) for own in self.stems], float) / (len(stems) or 1)
        return (self.vectors @ vector).astype(np.float64) + _BY_WORDS * shared

    def choose(
        self, text: str, vector: NDArray[np.float32], *, budget: int = PASSAGE_TOKENS
    ) -> tuple[str, list[int]]:
        """Choose the sentences nearest to a text that fit, in the order of the abstract.

        Args:
            text: A sentence or a question.
            vector: Its unit vector, shape (dimension,).
            budget: Word pieces there is room for, the title included.

        Returns:
            The evidence as the reader takes it, and which sentences are in it.
        """
        room = budget - (self.lengths[0] + 1 if self.title else 0)
        chosen: list[int] = []
        if sum(self.lengths[1:]) <= room:
            chosen = list(range(len(self.sentences)))
        else:
            for index in np.argsort(-self.nearness(text, vector), kind="stable").tolist():
                length = self.lengths[1 + index]
                if not chosen or length <= room:
                    chosen.append(index)
                    room -= length
                if len(chosen) == _MOST_SENTENCES:
                    break
            chosen.sort()
        text = " ".join(self.sentences[index] for index in chosen)
        return headed(self.title, text), chosen
