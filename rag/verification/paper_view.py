"""A paper, taken apart once so that many sentences can be checked against it."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from rag.models.passages import Passages
from rag.text.sentences import Span, sentence_spans
from rag.text.words import runs_of, tokens_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from rag.papers import Paper

    Encode = Callable[[Sequence[str]], NDArray[np.float32]]
    CountTokens = Callable[[str], int]

__all__ = ["PaperView"]


@dataclass
class PaperView:
    """A paper, taken apart.

    Attributes:
        paper: The paper.
        spans: Its sentences, as offsets into the abstract.
        passages: The same, as the reader is given them.
    """

    paper: Paper
    spans: list[Span]
    passages: Passages = field(repr=False)

    @classmethod
    def of(cls, paper: Paper, encode: Encode, count_tokens: CountTokens) -> PaperView:
        """Take a paper apart, and encode its sentences; of one without any, its title."""
        spans = sentence_spans(paper.abstract)
        texts = [paper.abstract[start:end] for start, end in spans]
        passages = Passages.of(paper.title, texts, encode, count_tokens)
        return cls(paper, spans, passages)

    @cached_property
    def plain(self) -> str:
        """The words of the abstract in one spelling, with a blank before and behind each."""
        return f" {' '.join(word for word, _ in tokens_of(self.paper.abstract))} "

    @cached_property
    def runs(self) -> list[set[tuple[str, ...]]]:
        """For each sentence its runs of words of the length that is taken for copied."""
        return [runs_of([word for word, _ in tokens_of(text)]) for text in self.passages.sentences]
