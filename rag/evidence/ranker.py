"""Choose the sentences of abstracts that answer a question, or speak to a claim.

Every sentence gets a probability from a small linear model over features that a reader can check
(`rag.evidence.features`): how near it is in meaning, how many of the question's rare words it
holds, whether it is of the kind that is asked for, where it stands. Claims and questions have a
model each; `make fit` writes both into `rag/models/weights/evidence.json`. For a question the best
sentences are then read by the reader (`rag.evidence.reading`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from rag.evidence.features import (
    MEANING_FEATURES,
    WORD_FEATURES,
    Abstract,
    PaperFit,
    Query,
    Standing,
    by_meaning,
    read_abstract,
    read_query,
    standings,
)
from rag.evidence.reading import reading, weigh
from rag.evidence.token_match import match, read_tokens
from rag.models.linear import load_models
from rag.models.passages import headed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from rag.evidence.reading import Answers
    from rag.models.encoder import EncodeTokens
    from rag.models.token_vectors import TokenVectors
    from rag.papers import Paper
    from rag.text.terms import Collection

__all__ = ["CLAIM", "FEATURES", "QUESTION", "Evidence", "EvidenceRanker", "Measured", "PaperFit"]

FEATURES = (*WORD_FEATURES, *MEANING_FEATURES)
CLAIM, QUESTION = "claim", "question"  # the names of the two models


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """A sentence of an abstract and how likely it is to be evidence.

    Attributes:
        paper: Which of the papers given.
        start: Where the sentence begins in the abstract.
        end: Where it ends: `abstract[start:end]` is the sentence.
        score: 0 to 1, comparable across papers and questions.
        cosine: Of the question and the whole paper, -1 to 1.
    """

    paper: int
    start: int
    end: int
    score: float
    cosine: float


class Measured(NamedTuple):
    """What a ranker goes by.

    Attributes:
        query: The question, as its words were read.
        abstracts: The papers' sentences.
        features: For each paper an array of shape (sentences, len(FEATURES)).
        cosines: Of the question and each paper, -1 to 1.
    """

    query: Query
    abstracts: list[Abstract]
    features: list[NDArray[np.float64]]
    cosines: list[float]

    @property
    def model(self) -> str:
        """The name of the model for a text of this kind."""
        return QUESTION if self.query.question else CLAIM

    def passages(self, titles: Sequence[str]) -> list[str]:
        """Return all sentences as the reader takes them.

        Args:
            titles: Of the papers, in their order.
        """
        return [
            headed(title, text)
            for title, abstract in zip(titles, self.abstracts, strict=True)
            for text in abstract.texts
        ]


class EvidenceRanker:
    """Ranks the sentences of papers for a question or a claim.

    Args:
        encode_tokens: Embeds texts and each of their tokens; yields them with their places.
        tokens: Gives the token vectors of papers.
        collection: The library, which tells how rare each term is.
        answers: Reads questions and passages, and tells how likely these answer, 0 to 1.
    """

    def __init__(
        self,
        encode_tokens: EncodeTokens,
        tokens: Callable[[Sequence[Paper]], Sequence[TokenVectors]],
        collection: Collection,
        answers: Answers,
    ) -> None:
        self._encode_tokens = encode_tokens
        self._tokens = tokens
        self._collection = collection
        self._answers = answers

    def rank(
        self,
        question: str,
        papers: Sequence[Paper],
        *,
        fits: Sequence[PaperFit] | None = None,
        focus: str | None = None,
    ) -> list[Evidence]:
        """Rank all sentences of the papers.

        Args:
            question: A question or a claim.
            papers: Where to look.
            fits: How well each paper fits, as search found it; the order of `papers` counts when
                None.
            focus: The part of the question that the evidence must answer; all of it when None.

        Returns:
            Every sentence, best first; equal ones in the order of the papers.
        """
        measured = self.measure(question, papers, fits=fits, focus=focus)
        model = load_models("evidence", FEATURES)[measured.model]
        spans = [
            (number, span)
            for number, abstract in enumerate(measured.abstracts)
            for span in abstract.spans
        ]
        if not spans:
            return []
        odds = model.log_odds(np.concatenate(measured.features))
        if measured.model == QUESTION:
            passages = measured.passages([paper.title for paper in papers])
            odds = weigh(reading(focus or question, passages, odds, self._answers))
        evidence = [
            Evidence(
                paper=number,
                start=span.start,
                end=span.end,
                score=score,
                cosine=measured.cosines[number],
            )
            for (number, span), score in zip(spans, (1 / (1 + np.exp(-odds))).tolist(), strict=True)
        ]
        return sorted(evidence, key=lambda found: -found.score)

    def measure(
        self,
        question: str,
        papers: Sequence[Paper],
        *,
        fits: Sequence[PaperFit] | None = None,
        focus: str | None = None,
    ) -> Measured:
        """Measure all sentences of the papers; the arguments are those of `rank`."""
        text = focus or question
        abstracts = [read_abstract(paper.title, paper.abstract) for paper in papers]
        query = read_query(text, self._collection)
        stand = standings(fits) if fits is not None else _in_order(len(papers))
        ((_, encoded),) = self._encode_tokens([text])
        rare = dict(zip(query.terms, query.weights.tolist(), strict=True))
        asked = read_tokens(text, encoded, rare)
        matches = [
            match(asked, tokens, abstract.spans)
            for tokens, abstract in zip(self._tokens(papers), abstracts, strict=True)
        ]
        if focus:
            ((_, encoded),) = self._encode_tokens([question])
        by_papers = zip(abstracts, stand, by_meaning(asked.vector, matches), strict=True)
        return Measured(
            query,
            abstracts,
            [
                np.hstack([abstract.by_words(query, standing), meaning])
                for abstract, standing, meaning in by_papers
            ],
            [float(one.whole @ encoded.vector) for one in matches],
        )


def _in_order(count: int) -> list[Standing]:
    return [Standing(rank=rank) for rank in range(count)]
