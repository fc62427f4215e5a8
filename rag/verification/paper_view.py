"""A paper, taken apart once so that many sentences can be compared with it."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from rag.models.token_vectors import encode_apart, pack, unit, unpack
from rag.text.sentences import Span, sentence_spans
from rag.text.words import (
    Word,
    content_words,
    initials_of,
    is_acronym,
    joined_words,
    runs_of,
    tokens_of,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rag.models.encoder import EncodeTokens
    from rag.papers import Paper
    from rag.verification.claim_parts import Parts

__all__ = ["PaperView"]

_SHORTEST = 5  # words that share fewer leading letters than this are not taken for relatives
_LONGEST_TAIL = 4


def _keys(stems: set[str]) -> set[str]:
    """Return the stems and their beginnings, by which related words are found."""
    keys = set(stems)
    for one in stems:
        keys.update(one[:n] for n in range(max(_SHORTEST, len(one) - _LONGEST_TAIL), len(one)))
    return keys


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
        signs: Those of the tokens of the same, each encoded in its sentence, shape (tokens, bytes).
        firsts: Which token is the first of the title and of each sentence, shape (1 + sentences,).
    """

    paper: Paper
    spans: list[Span]
    vectors: NDArray[np.float32] = field(repr=False)
    signs: NDArray[np.uint8] = field(repr=False)
    firsts: NDArray[np.intp] = field(repr=False)
    _rows: dict[str, NDArray[np.bool_]] = field(default_factory=dict, repr=False)

    @classmethod
    def of(
        cls,
        paper: Paper,
        encode_tokens: EncodeTokens,
    ) -> PaperView:
        """Take a paper apart, and encode its title and its sentences."""
        spans = sentence_spans(paper.abstract)
        texts = [paper.title, *(paper.abstract[start:end] for start, end in spans)]
        encoded = encode_apart(encode_tokens, texts)
        rows = [one.rows for one in encoded]
        firsts = np.cumsum([0, *(len(one) for one in rows[:-1])])
        vectors = np.stack([one.vector for one in encoded])
        return cls(paper, spans, vectors, pack(np.concatenate(rows)), firsts)

    def tokens(self) -> NDArray[np.float32]:
        """Return the tokens of the title and the sentences, shape (tokens, dimension)."""
        return unpack(self.signs, self.vectors.shape[1])

    def prepare(self) -> None:
        """Find out now what every comparison asks."""
        _ = self.keys, self.runs, self.runs_by_sentence, self.initials, self.acronyms, self.paired

    @cached_property
    def words(self) -> list[list[Word]]:
        """The content words of the title, then of each sentence."""
        texts = [self.paper.title, *(self.paper.abstract[s:e] for s, e in self.spans)]
        return [content_words(text) for text in texts]

    @cached_property
    def stems(self) -> list[set[str]]:
        """The stems of the title, then of each sentence."""
        return [
            {word.stem for word in words} | {form for _, _, form in joined_words(words)}
            for words in self.words
        ]

    @cached_property
    def keys(self) -> list[set[str]]:
        """What a stem is looked up in: of the title, then of each sentence."""
        return [_keys(stems) for stems in self.stems]

    @cached_property
    def paired(self) -> NDArray[np.float32]:
        """The vectors of each two neighbouring sentences, shape (sentences - 1, dimension)."""
        return unit(self.vectors[2:] + self.vectors[1:-1])

    @cached_property
    def mean(self) -> NDArray[np.float32]:
        """The vector of the whole, shape (dimension,)."""
        return unit(self.vectors.sum(axis=0))

    @cached_property
    def plain(self) -> str:
        """The words of the abstract in one spelling, with a blank before and behind each."""
        return f" {' '.join(word for word, _ in tokens_of(self.paper.abstract))} "

    @cached_property
    def runs(self) -> set[tuple[str, ...]]:
        """All runs of words of the abstract, of the length that is taken for copied."""
        return runs_of(self.plain.split())

    @cached_property
    def runs_by_sentence(self) -> list[set[tuple[str, ...]]]:
        """The same, of each sentence."""
        texts = (self.paper.abstract[start:end] for start, end in self.spans)
        return [runs_of([word for word, _ in tokens_of(text)]) for text in texts]

    @cached_property
    def acronyms(self) -> set[str]:
        """The acronyms that the paper uses, in lower case."""
        shown = (word.text for words in self.words for word in words)
        return {text.lower() for text in shown if is_acronym(text)}

    @cached_property
    def initials(self) -> list[str]:
        """The initials of the content words of the title, then of each sentence."""
        return [initials_of(words) for words in self.words]

    def holds(self, parts: Parts) -> NDArray[np.bool_]:
        """Tell which words of a sentence the title and each sentence of the paper hold.

        Returns:
            Array of shape (1 + sentences, words).
        """
        if not parts.words:
            return np.zeros((len(self.stems), 0), dtype=np.bool_)
        held = np.stack([self._holding(word.stem) for word in parts.words], axis=1)
        for start, end, form in (*parts.joined, *self._spelled_out(parts.initials)):
            for row, stems in enumerate(self.stems):
                if form in stems:
                    held[row, start:end] = True
        for place, short in parts.acronyms:
            if not held[:, place].any():
                held[:, place] = [short in initials for initials in self.initials]
        return held

    def _holding(self, one: str) -> NDArray[np.bool_]:
        """Tell which of the title and the sentences hold a stem; each is looked up once."""
        if one not in self._rows:
            self._rows[one] = np.array(
                [_held(one, *place) for place in zip(self.stems, self.keys, strict=True)]
            )
        return self._rows[one]

    def _spelled_out(self, initials: str) -> list[tuple[int, int, str]]:
        """Find runs of words whose initials are an acronym of the paper."""
        return [
            (at, at + len(acronym.removesuffix("s")), acronym)
            for acronym in self.acronyms
            if (at := initials.find(acronym.removesuffix("s"))) >= 0
        ]
