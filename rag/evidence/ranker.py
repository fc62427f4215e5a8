"""Choose the sentences of abstracts that answer a question, or speak to a claim.

Every sentence gets a probability from a small linear model over features that a reader can check
(`sentence_features`, `meaning_features`, `evidence_weights`): how near it is in meaning, how many
of the question's rare words it holds, whether it is of the kind that is asked for, where it stands.
"""

from __future__ import annotations

import threading
from collections import Counter, OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from rag.evidence.features import (
    WORD_FEATURES,
    Abstract,
    PaperFit,
    Query,
    Standing,
    read_abstract,
    read_query,
    standings,
)
from rag.evidence.meaning import MEANING_FEATURES, by_meaning
from rag.evidence.token_match import match, read_tokens
from rag.evidence.weights import BIAS, WEIGHTS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from rag.models.encoder import EncodeTokens
    from rag.models.token_vectors import TokenVectors
    from rag.papers import Paper

__all__ = ["FEATURES", "Evidence", "EvidenceRanker", "Measured", "PaperFit"]

FEATURES = (*WORD_FEATURES, *MEANING_FEATURES)

_REMEMBERED = 2_000  # abstracts


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """A sentence of an abstract and how likely it is to be evidence.

    Attributes:
        paper: Which of the papers given.
        start: Where the sentence begins in the abstract.
        end: Where it ends: `abstract[start:end]` is the sentence.
        score: 0 to 1, comparable across papers and questions.
    """

    paper: int
    start: int
    end: int
    score: float


class Measured(NamedTuple):
    """What a ranker goes by.

    Attributes:
        query: The question, as its words were read.
        abstracts: The papers' sentences.
        features: For each paper an array of shape (sentences, len(FEATURES)).
    """

    query: Query
    abstracts: list[Abstract]
    features: list[NDArray[np.float64]]


class EvidenceRanker:
    """Ranks the sentences of papers for a question or a claim.

    Args:
        encode_tokens: Embeds texts and each of their tokens; yields them with their places.
        tokens: Gives the token vectors of papers.
        document_frequency: Counts in how many papers of the library each term occurs, and all
            papers; terms are as the keyword index has them. None counts among the papers given.
    """

    def __init__(
        self,
        encode_tokens: EncodeTokens,
        tokens: Callable[[Sequence[Paper]], Sequence[TokenVectors]],
        document_frequency: Callable[[Sequence[str]], tuple[list[int], int]] | None,
    ) -> None:
        self._encode_tokens = encode_tokens
        self._tokens = tokens
        self._document_frequency = document_frequency
        self._remembered: OrderedDict[str, Abstract] = OrderedDict()
        self._lock = threading.Lock()

    def rank(
        self, question: str, papers: Sequence[Paper], *, fits: Sequence[PaperFit] | None = None
    ) -> list[Evidence]:
        """Rank all sentences of the papers.

        Args:
            question: A question or a claim.
            papers: Where to look.
            fits: How well each paper fits, as search found it; the order of `papers` counts when
                None.

        Returns:
            Every sentence, best first; equal ones in the order of the papers.
        """
        measured = self.measure(question, papers, fits=fits)
        kind = measured.query.question
        weights = np.array([WEIGHTS[name][kind] for name in FEATURES])
        evidence = []
        for number, (abstract, features) in enumerate(
            zip(measured.abstracts, measured.features, strict=True)
        ):
            chances = 1 / (1 + np.exp(-(features @ weights + BIAS[kind])))
            evidence += [
                Evidence(paper=number, start=span.start, end=span.end, score=chance)
                for span, chance in zip(abstract.spans, chances.tolist(), strict=True)
            ]
        return sorted(evidence, key=lambda found: -found.score)

    def measure(
        self, question: str, papers: Sequence[Paper], *, fits: Sequence[PaperFit] | None = None
    ) -> Measured:
        """Measure all sentences of the papers; the arguments are those of `rank`."""
        abstracts = [self._read(paper) for paper in papers]
        query = read_query(question, self._document_frequency or _count_among(abstracts))
        stand = standings(fits) if fits is not None else _in_order(len(papers))
        ((_, encoded),) = self._encode_tokens([question])
        asked = read_tokens(question, encoded, query)
        matches = [
            match(asked, tokens, abstract.spans)
            for tokens, abstract in zip(self._tokens(papers), abstracts, strict=True)
        ]
        by_papers = zip(abstracts, stand, by_meaning(asked.vector, matches), strict=True)
        features = [
            np.hstack([abstract.by_words(query, standing), meaning])
            for abstract, standing, meaning in by_papers
        ]
        return Measured(query, abstracts, features)

    def _read(self, paper: Paper) -> Abstract:
        """Read an abstract, or remember it."""
        key = paper.content_hash()
        with self._lock:
            known = self._remembered.pop(key, None) or read_abstract(paper)
            self._remembered[key] = known
            while len(self._remembered) > _REMEMBERED:
                self._remembered.popitem(last=False)
        return known


def _in_order(count: int) -> list[Standing]:
    return [Standing(rank=rank) for rank in range(count)]


def _count_among(
    abstracts: Sequence[Abstract],
) -> Callable[[Sequence[str]], tuple[list[int], int]]:
    counts = Counter(
        term for one in abstracts for term in frozenset().union(one.title_terms, *one.terms)
    )
    return lambda terms: ([counts[term] for term in terms], len(abstracts))
