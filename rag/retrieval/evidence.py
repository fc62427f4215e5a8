"""Choose the sentences of abstracts that answer a question, or speak to a claim.

Every sentence gets a probability from a small linear model over features that a reader can check
(`sentence_features`, `evidence_weights`): how near it is in meaning, how many of the question's
rare words it holds, whether it is of the kind that is asked for, where it stands.
"""

from __future__ import annotations

import threading
from collections import Counter, OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from rag.retrieval.evidence_weights import BIAS, WEIGHTS
from rag.retrieval.sentence_features import (
    VECTOR_FEATURES,
    WORD_FEATURES,
    Abstract,
    PaperFit,
    Query,
    Standing,
    read_abstract,
    read_query,
    standings,
)
from rag.retrieval.sentence_vectors import SentenceVectors

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from rag.papers import Paper

__all__ = ["Evidence", "EvidenceRanker", "PaperFit"]

_REMEMBERED = 2_000  # abstracts: about 30 MB of vectors


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


class EvidenceRanker:
    """Ranks the sentences of papers for a question or a claim.

    Encoding takes nearly all the time. So of many sentences only those that look best by their
    words are encoded (taking 12 of 44 instead of all cost nothing that could be measured; the
    others can still be chosen, by the rest of their features), and vectors are remembered. What is
    remembered never changes a result.

    Args:
        encode: Turns texts into unit vectors, shape (texts, dimension).
        document_frequency: Counts in how many papers of the library each term occurs, and all
            papers; terms are as the keyword index has them. None counts among the papers given.
        max_encoded: How many sentences are compared by meaning for one question.
    """

    def __init__(
        self,
        encode: Callable[[Sequence[str]], NDArray[np.float32]],
        document_frequency: Callable[[Sequence[str]], tuple[list[int], int]] | None,
        *,
        max_encoded: int = 12,
    ) -> None:
        # One by one: an int8 vector depends on the texts that are encoded along with it.
        self._encode = encode if isinstance(encode, SentenceVectors) else SentenceVectors(encode)
        self._document_frequency = document_frequency
        self._max_encoded = max_encoded
        self._remembered: OrderedDict[str, Abstract] = OrderedDict()
        self._lock = threading.Lock()

    def rank(
        self,
        question: str,
        papers: Sequence[Paper],
        *,
        fits: Sequence[PaperFit] | None = None,
        vector: NDArray[np.float32] | None = None,
    ) -> list[Evidence]:
        """Rank all sentences of the papers.

        Args:
            question: A question or a claim.
            papers: Where to look.
            fits: How well each paper fits, as search found it; the order of `papers` counts when
                None.
            vector: Unit vector of the question, shape (dimension,), where it is known already.

        Returns:
            Every sentence, best first; equal ones in the order of the papers.
        """
        abstracts = [self._read(paper) for paper in papers]
        query = read_query(question, self._document_frequency or _count_among(abstracts))
        stand = standings(fits) if fits is not None else _in_order(len(papers))
        words = [
            abstract.by_words(query, standing)
            for abstract, standing in zip(abstracts, stand, strict=True)
        ]
        by_words = [_weigh(query, features, WORD_FEATURES) for features in words]
        places = _best_places(by_words, self._max_encoded)
        if vector is None:
            vector = self._encode([question])[0]
        self._add_vectors(abstracts, places)
        evidence = []
        for paper, abstract in enumerate(abstracts):
            meaning = abstract.by_vectors(vector, places[paper])
            odds = by_words[paper] + _weigh(query, meaning, VECTOR_FEATURES) + BIAS[query.question]
            evidence += [
                Evidence(paper=paper, start=span.start, end=span.end, score=chance)
                for span, chance in zip(
                    abstract.spans, (1 / (1 + np.exp(-odds))).tolist(), strict=True
                )
            ]
        return sorted(evidence, key=lambda found: -found.score)

    def _read(self, paper: Paper) -> Abstract:
        """Read an abstract, or remember it."""
        key = paper.content_hash()
        with self._lock:
            known = self._remembered.pop(key, None) or read_abstract(paper)
            self._remembered[key] = known
            while len(self._remembered) > _REMEMBERED:
                self._remembered.popitem(last=False)
        return known

    def _add_vectors(self, abstracts: Sequence[Abstract], places: Sequence[Sequence[int]]) -> None:
        """Encode the chosen sentences of all abstracts, in one call so that cores share them."""
        missing = [
            (abstract, place)
            for abstract, chosen in zip(abstracts, places, strict=True)
            for place in chosen
            if place not in abstract.vectors
        ]
        rows = self._encode([abstract.texts[place] for abstract, place in missing])
        for (abstract, place), row in zip(missing, rows, strict=True):
            abstract.vectors[place] = row


def _in_order(count: int) -> list[Standing]:
    return [Standing(rank=rank) for rank in range(count)]


def _best_places(odds: Sequence[NDArray[np.float64]], limit: int) -> list[list[int]]:
    """Choose the sentences to encode: of each paper, the places of those best by their words."""
    ranked = sorted(
        (-one, paper, place) for paper, row in enumerate(odds) for place, one in enumerate(row)
    )
    chosen: list[list[int]] = [[] for _ in odds]
    for _, paper, place in sorted(ranked[:limit], key=lambda one: one[1:]):
        chosen[paper].append(place)
    return chosen


def _weigh(
    query: Query, features: NDArray[np.float64], names: Sequence[str]
) -> NDArray[np.float64]:
    weights = np.array([WEIGHTS[name][query.question] for name in names])
    weighed: NDArray[np.float64] = features @ weights
    return weighed


def _count_among(
    abstracts: Sequence[Abstract],
) -> Callable[[Sequence[str]], tuple[list[int], int]]:
    counts = Counter(
        term for one in abstracts for term in frozenset().union(one.title_terms, *one.terms)
    )
    return lambda terms: ([counts[term] for term in terms], len(abstracts))
