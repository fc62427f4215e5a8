"""From a question to what an answer is made of: papers, evidence, and whether they answer it."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from rag.answers.abstention import confidence, read_signals
from rag.answers.answer import Retrieved
from rag.answers.shortfalls import shortfalls
from rag.evidence.ranker import PaperFit
from rag.search.query import Filters
from rag.text.citations import Numbering

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rag.answers.abstention import Signals
    from rag.answers.answer import AnswerMode
    from rag.evidence.ranker import Evidence, EvidenceRanker
    from rag.index.keyword import KeywordIndex
    from rag.llm.budget import Budget
    from rag.papers import Paper
    from rag.search.hybrid import Hit, HybridSearcher
    from rag.search.rerank import Rerankers

__all__ = ["AnswerRequest", "Prepared", "Retrieval", "prepare"]

_SEARCHED = 10  # papers whose sentences are weighed as evidence
_QUOTED = 5  # of them that may be quoted, and that tell whether there is an answer: the best
_BEARS = 0.02  # of the best sentence's score: with less, a paper hardly ever answers
_CLOSEST = 3  # papers named when it abstains


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerRequest:
    """A question, and all that says how it is to be answered.

    Attributes:
        question: Not blank, on one line.
        budget: What the question may use of a language model and has used.
        filters: Which papers may be used.
        mode: How to answer; None for `llm` where a model is configured.
        also: Ids of papers that are read whether or not they are found, filters permitting.
        focus: The part of the question that the evidence must answer, where the rest only says
            what it is about; all of it when None.
        numbering: The numbers that papers have in this conversation.
    """

    question: str
    budget: Budget
    filters: Filters | None = None
    mode: AnswerMode | None = None
    also: tuple[str, ...] = ()
    focus: str | None = None
    numbering: Numbering = field(default_factory=Numbering)


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """What is known of a question before anything is written.

    Attributes:
        request: The question.
        hits: The papers that were weighed, those with the best sentences first.
        evidence: Their sentences, best first; `paper` indexes `hits`.
        confidence: How likely it is that they hold the answer, 0 to 1.
        signals: What the confidence rests on; None where nothing was found.
        closest: The papers to name where they don't answer.
        shortfalls: For each of those, why it doesn't.
        notes: What a reader should know.
        timings: Seconds by step.
        retrieved: All papers that were found, best first.
    """

    request: AnswerRequest
    hits: tuple[Hit, ...]
    evidence: tuple[Evidence, ...]
    confidence: float
    signals: Signals | None
    closest: tuple[Paper, ...]
    shortfalls: tuple[str, ...]
    notes: tuple[str, ...]
    timings: dict[str, float]
    retrieved: tuple[Retrieved, ...]

    @property
    def question(self) -> str:
        """As it was searched."""
        return self.request.question

    def quotable(self) -> tuple[list[Hit], list[Evidence]]:
        """Return the papers that quotes may come from, and their sentences."""
        return _best(self.hits, self.evidence, _QUOTED, self.request.also)

    def bearing(self, most: int) -> tuple[list[Hit], list[Evidence]]:
        """Return the papers that a model should read, and their sentences.

        They are those that bear on the question, to judge by their best sentences, the best five in
        any case, and those that must be read.

        Args:
            most: How many papers at the most.
        """
        least = _BEARS * max((one.score for one in self.evidence), default=0.0)
        bear = len({one.paper for one in self.evidence if one.score >= least})
        count = min(most, max(_QUOTED, bear))
        return _best(self.hits, self.evidence, count, self.request.also)


@dataclass(frozen=True, slots=True)
class Retrieval:
    """What finds papers and evidence; shared by all questions of a library."""

    searcher: HybridSearcher
    rerankers: Rerankers
    ranker: EvidenceRanker
    keyword: KeywordIndex


def prepare(request: AnswerRequest, retrieval: Retrieval) -> Prepared:
    """Find the papers and the evidence for a question, and judge whether they answer it."""
    question, keyword = request.question, retrieval.keyword
    started = time.perf_counter()
    found = retrieval.searcher.search(
        question,
        _SEARCHED,
        request.filters,
        reranker=retrieval.rerankers.get(request.budget),
    )
    weighed = (*found.hits, *_asked_for(request, found.hits, retrieval.searcher))
    searched = time.perf_counter()
    evidence = retrieval.ranker.rank(
        question,
        [hit.paper for hit in weighed],
        fits=[PaperFit(score=hit.score, bm25=hit.bm25) for hit in weighed],
        focus=request.focus,
    )
    order = _by_evidence(len(weighed), evidence)
    hits = tuple(weighed[number] for number in order)
    evidence = _of_papers(evidence, order)
    signals = None
    if hits:
        best = _best(hits, evidence, _QUOTED, request.also)
        signals = read_signals(question, *best, keyword)
    closest = tuple(hit.paper for hit in hits[:_CLOSEST])
    ended = time.perf_counter()
    return Prepared(
        request=request,
        hits=hits,
        evidence=tuple(evidence),
        confidence=confidence(signals) if signals else 0.0,
        signals=signals,
        closest=closest,
        shortfalls=shortfalls(question, closest),
        notes=found.notes,
        timings={"search": searched - started, "evidence": ended - searched},
        retrieved=tuple(Retrieved(hit.paper.id, hit.score) for hit in found.hits),
    )


def _asked_for(
    request: AnswerRequest, hits: Sequence[Hit], searcher: HybridSearcher
) -> tuple[Hit, ...]:
    """Return the papers that must be read and were not found, where no filter forbids them."""
    ids = set(request.also) - {hit.paper.id for hit in hits}
    filters = request.filters or Filters()
    if filters.ids is not None:
        ids &= set(filters.ids)
    if not ids:
        return ()
    chosen = replace(filters, ids=tuple(sorted(ids)))
    return searcher.search(request.question, len(ids), chosen).hits


def _by_evidence(count: int, evidence: Sequence[Evidence]) -> list[int]:
    """Return the numbers of papers in the order of their best sentences."""
    order = list(dict.fromkeys(one.paper for one in evidence))
    return order + [number for number in range(count) if number not in order]  # without a sentence


def _best(
    hits: Sequence[Hit], evidence: Sequence[Evidence], count: int, also: Sequence[str]
) -> tuple[list[Hit], list[Evidence]]:
    kept = [n for n, hit in enumerate(hits) if n < count or hit.paper.id in also]
    return [hits[n] for n in kept], _of_papers(evidence, kept)


def _of_papers(evidence: Sequence[Evidence], numbers: Sequence[int]) -> list[Evidence]:
    """Return the sentences of some papers, with `paper` as an index into their numbers."""
    places = {number: place for place, number in enumerate(numbers)}
    return [replace(one, paper=places[one.paper]) for one in evidence if one.paper in places]
