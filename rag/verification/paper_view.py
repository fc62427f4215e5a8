"""A paper, taken apart once so that many sentences can be compared with it."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from rag.text.sentences import Span, sentence_spans
from rag.verification.words import RUN, Word, content_words, tokens_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from rag.papers import Paper

__all__ = ["PaperView"]

_SHORTEST = 5  # words that share fewer leading letters than this are not taken for relatives
_LONGEST_TAIL = 4


def _keys(stems: set[str]) -> set[str]:
    """Return the stems and their beginnings, by which related words are found."""
    keys = set(stems)
    for one in stems:
        keys.update(one[:n] for n in range(max(_SHORTEST, len(one) - _LONGEST_TAIL), len(one)))
    return keys


def _joined(words: Sequence[Word]) -> set[str]:
    """Return what stands in several pieces as one word: "Ly-6C" is also "ly6c"."""
    return {form for _, _, form in _pairs(words)}


def _held(one: str, stems: set[str], keys: set[str]) -> bool:
    if one in keys:
        return True
    shortest = max(_SHORTEST, len(one) - _LONGEST_TAIL)
    return any(one[:n] in stems for n in range(shortest, len(one)))


@dataclass
class PaperView:
    """A paper, taken apart for comparison.

    Attributes:
        paper: The paper.
        spans: Its sentences, as offsets into the abstract.
        vectors: Array of shape (1 + sentences, dimension): the title's vector, then theirs.
    """

    paper: Paper
    spans: list[Span]
    vectors: NDArray[np.float32] = field(repr=False)
    _rows: dict[str, NDArray[np.bool_]] = field(default_factory=dict, repr=False)

    @staticmethod
    def texts(paper: Paper) -> tuple[list[Span], list[str]]:
        """Return the sentence spans of a paper, and the texts to embed for it."""
        spans = sentence_spans(paper.abstract)
        return spans, [paper.title, *(paper.abstract[s:e] for s, e in spans)]

    @cached_property
    def words(self) -> list[list[Word]]:
        """The content words of the title, then of each sentence."""
        texts = [self.paper.title, *(self.paper.abstract[s:e] for s, e in self.spans)]
        return [content_words(text) for text in texts]

    @cached_property
    def stems(self) -> list[set[str]]:
        """The stems of the title, then of each sentence."""
        return [{word.stem for word in words} | _joined(words) for words in self.words]

    @cached_property
    def keys(self) -> list[set[str]]:
        """What a stem is looked up in: of the title, then of each sentence."""
        return [_keys(stems) for stems in self.stems]

    @cached_property
    def runs(self) -> set[tuple[str, ...]]:
        """All runs of words of the abstract, of the length that is taken for copied."""
        words = [word for word, _ in tokens_of(self.paper.abstract)]
        return {tuple(words[at : at + RUN]) for at in range(len(words) - RUN + 1)}

    @cached_property
    def acronyms(self) -> set[str]:
        """The acronyms that the paper uses, in lower case."""
        shown = (word.text for words in self.words for word in words)
        return {text.lower() for text in shown if _is_acronym(text)}

    @cached_property
    def initials(self) -> list[str]:
        """The initials of the content words of the title, then of each sentence."""
        return ["".join(word.text[0].lower() for word in words) for words in self.words]

    def holds(self, words: Sequence[Word]) -> NDArray[np.bool_]:
        """Tell which words the title and each sentence hold.

        Returns:
            Array of shape (1 + sentences, words).
        """
        if not words:
            return np.zeros((len(self.stems), 0), dtype=np.bool_)
        held = np.stack([self._holding(word.stem) for word in words], axis=1)
        for start, end, form in (*_pairs(words), *self._spelled_out(words)):
            for row, stems in enumerate(self.stems):
                if form in stems:
                    held[row, start:end] = True
        for index, word in enumerate(words):
            if _is_acronym(word.text) and not held[:, index].any():
                short = word.text.lower().removesuffix("s")
                held[:, index] = [short in initials for initials in self.initials]
        return held

    def _holding(self, one: str) -> NDArray[np.bool_]:
        """Tell which of the title and the sentences hold a stem; each is looked up once."""
        if one not in self._rows:
            self._rows[one] = np.array(
                [_held(one, *place) for place in zip(self.stems, self.keys, strict=True)]
            )
        return self._rows[one]

    def _spelled_out(self, words: Sequence[Word]) -> list[tuple[int, int, str]]:
        """Find runs of words whose initials are an acronym of the paper."""
        initials = "".join(word.text[0].lower() for word in words)
        found = []
        for acronym in self.acronyms:
            at = initials.find(acronym.removesuffix("s"))
            if at >= 0:
                found.append((at, at + len(acronym.removesuffix("s")), acronym))
        return found


def _is_acronym(text: str) -> bool:
    return 3 <= len(text.removesuffix("s")) <= 6 and text.removesuffix("s").isupper()


def _pairs(words: Sequence[Word]) -> list[tuple[int, int, str]]:
    """Return the adjacent pairs of words, joined: for "SHP-2", which is also "shp2"."""
    return [
        (index, index + 2, (first.text + second.text).lower())
        for index, (first, second) in enumerate(pairwise(words))
        if second.start - first.end <= 1
    ]
