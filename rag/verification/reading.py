"""A claim beside all papers: the features that the gate's fitted models look at."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from rag.verification.comparison import GAPS, OWN, Comparison, compare, describe
from rag.verification.polarity import compare_signs, read_signs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from rag.verification.claim_parts import Parts
    from rag.verification.paper_view import PaperView

__all__ = ["Claim", "Reading"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A sentence of an answer that states something.

    Attributes:
        text: The sentence; citation markers in it are ignored.
        cited: The papers that it cites, as indices into those given.
        unknown: The numbers it cites that no paper has.
    """

    text: str
    cited: tuple[int, ...] = ()
    unknown: tuple[int, ...] = ()


@dataclass(frozen=True)
class Reading:
    """A claim beside all papers.

    Attributes:
        claim: The claim.
        parts: The same, taken apart, and encoded where it cites something.
        views: The papers that the answer was given.
        beside: What comparing the claim with each of them gave.
    """

    claim: Claim
    parts: Parts
    views: Sequence[PaperView]
    beside: Sequence[Comparison]

    @classmethod
    def of(
        cls,
        claim: Claim,
        parts: Parts,
        views: Sequence[PaperView],
        tokens: Sequence[NDArray[np.float32]],
    ) -> Reading:
        """Compare a claim with every paper; one that cites nothing isn't compared.

        Args:
            claim: The claim.
            parts: The same, taken apart.
            views: The papers.
            tokens: What `PaperView.tokens` returns for each.
        """
        beside = zip(views, tokens, strict=True) if claim.cited else ()
        return cls(claim, parts, views, [compare(parts, view, rows) for view, rows in beside])

    @property
    def cited(self) -> list[int]:
        """The cited papers, each once."""
        return list(dict.fromkeys(self.claim.cited))

    @property
    def others(self) -> list[int]:
        """The papers that are not cited."""
        return [index for index in range(len(self.views)) if index not in self.claim.cited]

    @cached_property
    def _alone(self) -> list[NDArray[np.float64]]:
        return [describe(self.parts, one) for one in self.beside]

    def own(self, papers: Sequence[int]) -> NDArray[np.float64]:
        """Return the features, one per name in `OWN`, of the claim beside these papers together."""
        if len(papers) == 1:
            return self._alone[papers[0]]
        return describe(self.parts, Comparison.join([self.beside[index] for index in papers]))

    def held(self, index: int) -> NDArray[np.float64]:
        """Return the share of the claim's words that each sentence of a paper holds."""
        held = self.beside[index].held
        if not self.parts.words:
            return np.zeros(len(held))
        return np.asarray(held @ self.parts.portions.all, dtype=np.float64)

    def ranked(self, index: int) -> list[tuple[float, int]]:
        """Return the sentences of a paper with how well they support the claim, the best first."""
        cosines = np.clip(self.beside[index].cosines[:, 0], 0, 1)
        scores = (self.held(index) + cosines) / 2
        return [(float(scores[row]), int(row)) for row in np.argsort(-scores, kind="stable")]

    def sentence(self, index: int, row: int) -> str:
        """Return a sentence of a paper, or the title of one without an abstract."""
        view = self.views[index]
        if not view.spans:
            return view.paper.title
        start, end = view.spans[row]
        return view.paper.abstract[start:end]

    def best_sentence(self, index: int) -> str:
        """Return the sentence of a paper that supports the claim best."""
        return self.sentence(index, self.ranked(index)[0][1])

    def signs(self, index: int) -> NDArray[np.float64]:
        """Return the features of the claim's signs beside those of a paper's sentences."""
        held = self.held(index)
        evidence = [
            (read_signs(self.sentence(index, row)), float(held[row]))
            for _, row in self.ranked(index)
        ]
        return np.array(compare_signs(read_signs(self.parts.text), evidence), dtype=np.float64)

    def support(self) -> tuple[NDArray[np.float64], NDArray[np.float64] | None]:
        """Return the features of what is cited, and those of its lead over the other papers.

        Returns:
            Arrays of shape (23,) and (15,); the latter None where there are no other papers.
        """
        own = self.own(self.cited)
        if not self.others:
            return own, None
        rivals = np.max([self.own([index]) for index in self.others], axis=0)
        kept = [OWN.index("cosine"), OWN.index("words in two")]
        return own, np.concatenate([(own - rivals)[list(GAPS)], own[kept]])
