"""From a question to what an answer is made of: papers, evidence, and whether they answer it."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from rag.answers.abstention import confidence, read_signals
from rag.answers.answer import Retrieved
from rag.evidence.ranker import PaperFit
from rag.search.hybrid import SearchResult
from rag.search.query import Filters
from rag.text.citations import Numbering

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rag.answers.abstention import Signals
    from rag.answers.answer import Answer, AnswerMode
    from rag.evidence.ranker import Evidence, EvidenceRanker
    from rag.index.catalog import Catalog
    from rag.index.keyword import KeywordIndex
    from rag.llm.budget import Budget
    from rag.papers import Paper
    from rag.search.hybrid import Hit, HybridSearcher
    from rag.search.rerank import Rerankers

__all__ = ["AnswerRequest", "Listing", "Part", "Prepared", "Retrieval", "prepare"]

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
        leaning: Log-odds by which the sentences of those papers are preferred.
        skip: Ids of papers that a list has shown already.
        literal: Whether no filter, exclusion or kind of question is read out of the words.
        numbering: The numbers that papers have in this conversation.
        rerank: Whether the reranker of the settings reads the first papers; not where it is only to
            be found out what a question is about.
    """

    question: str
    budget: Budget
    filters: Filters | None = None
    mode: AnswerMode | None = None
    also: tuple[str, ...] = ()
    focus: str | None = None
    leaning: float = 0.0
    skip: tuple[str, ...] = ()
    literal: bool = False
    rerank: bool = True
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
        notes: What a reader should know.
        timings: Seconds by step.
        retrieved: All papers that were found, best first.
        asked: The question before anything was read out of it.
        read: What filters the question states in words; None where it states none.
        settled: The answer, where none has to be looked for.
        language: What the question is in, where the search doesn't know that; else empty.
        listing: The papers that fit, where all of them are wanted.
        parts: The parts of a question, each by itself, where it has several.
    """

    request: AnswerRequest
    hits: tuple[Hit, ...]
    evidence: tuple[Evidence, ...]
    confidence: float
    signals: Signals | None
    closest: tuple[Paper, ...]
    notes: tuple[str, ...]
    timings: dict[str, float]
    retrieved: tuple[Retrieved, ...]
    asked: str = ""
    read: Filters | None = None
    settled: Answer | None = None
    language: str = ""
    listing: Listing | None = None
    parts: tuple[Part, ...] = ()

    @property
    def question(self) -> str:
        """As it was searched."""
        return self.request.question

    def quotable(self) -> tuple[list[Hit], list[Evidence]]:
        """Return the papers that quotes may come from, and their sentences."""
        if self.listing is not None:
            return list(self.hits), list(self.evidence)
        return _best(self.hits, self.evidence, _QUOTED, self.request.also)

    def bearing(self, most: int) -> tuple[list[Hit], list[Evidence]]:
        """Return the papers that a model should read, and their sentences.

        They are those that bear on the question, to judge by their best sentences, the best five in
        any case, and those that must be read.

        Args:
            most: How many papers at the most, but where all that fit are listed.
        """
        if self.listing is not None:
            return list(self.hits), list(self.evidence)
        least = _BEARS * max((one.score for one in self.evidence), default=0.0)
        bear = len({one.paper for one in self.evidence if one.score >= least})
        count = min(most, max(_QUOTED, bear))
        return _best(self.hits, self.evidence, count, self.request.also)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """The papers that fit a question, where all of them are wanted.

    Attributes:
        total: How many fit.
        before: How many of them were listed before.
        groups: For each paper that is read, in the order of `Prepared.hits`, what it shares with
            others; empty where it shares nothing.
    """

    total: int
    before: int = 0
    groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A part of a question, prepared by itself.

    Attributes:
        name: What it is about.
        prepared: Its papers and its evidence.
    """

    name: str
    prepared: Prepared


@dataclass(frozen=True, slots=True)
class Retrieval:
    """What finds papers and evidence; shared by all questions of a library."""

    searcher: HybridSearcher
    rerankers: Rerankers
    ranker: EvidenceRanker
    keyword: KeywordIndex
    catalog: Catalog
    english: bool = True  # whether the embedder knows English alone


def prepare(
    request: AnswerRequest, retrieval: Retrieval, *, hits: Sequence[Hit] | None = None
) -> Prepared:
    """Find the papers and the evidence for a question, and judge whether they answer it.

    Args:
        request: The question.
        retrieval: Finds papers and evidence.
        hits: The papers to read, best first; they are searched for when None.
    """
    question, keyword = request.question, retrieval.keyword
    started = time.perf_counter()
    if hits is None:
        found = retrieval.searcher.search(
            question,
            _SEARCHED,
            request.filters,
            reranker=retrieval.rerankers.get(request.budget) if request.rerank else None,
        )
    else:
        found = SearchResult(tuple(hits), ())
    weighed = (*found.hits, *_asked_for(request, found.hits, retrieval.searcher))
    searched = time.perf_counter()
    evidence = retrieval.ranker.rank(
        question,
        [hit.paper for hit in weighed],
        fits=[PaperFit(score=hit.score, bm25=hit.bm25) for hit in weighed],
        focus=request.focus,
    )
    if request.leaning:
        evidence = _preferring(evidence, weighed, request)
    order = _by_evidence(len(weighed), evidence)
    read = tuple(weighed[number] for number in order)
    evidence = _of_papers(evidence, order)
    signals = None
    if read:
        count = _QUOTED if hits is None else len(hits)
        best = _best(read, evidence, count, request.also)
        signals = read_signals(question, *best, keyword)
    closest = tuple(hit.paper for hit in read[:_CLOSEST])
    ended = time.perf_counter()
    return Prepared(
        request=request,
        hits=read,
        evidence=tuple(evidence),
        confidence=confidence(signals) if signals else 0.0,
        signals=signals,
        closest=closest,
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


def _preferring(
    evidence: Sequence[Evidence], hits: Sequence[Hit], request: AnswerRequest
) -> list[Evidence]:
    """Raise the scores of the sentences of papers that a follow-up most likely means."""
    factor = math.exp(request.leaning)
    meant = {number for number, hit in enumerate(hits) if hit.paper.id in request.also}
    raised = [
        replace(one, score=one.score * factor / (1 + one.score * (factor - 1)))
        if one.paper in meant
        else one
        for one in evidence
    ]
    return sorted(raised, key=lambda one: -one.score)


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
