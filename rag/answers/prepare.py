"""The steps from a question to an answer."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rag.answers.abstention import NO_ANSWER, confidence, read_signals
from rag.answers.answer import Answer, Retrieved, retraction_notes
from rag.answers.quoting import choose_quotes, cite, quoted_text
from rag.answers.shortfalls import shortfalls
from rag.answers.stance import disagreement
from rag.evidence.cues import asks_for_several
from rag.evidence.ranker import EvidenceRanker, PaperFit
from rag.index.encoding import PaperTokens
from rag.search.hybrid import HybridSearcher
from rag.search.llm_rerank import Rerankers
from rag.search.query import Filters

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rag.answers.abstention import Signals
    from rag.evidence.ranker import Evidence
    from rag.index.paper_index import PaperIndex
    from rag.llm.budget import Spending
    from rag.models.embedder import Embedder
    from rag.search.hybrid import Hit
    from rag.settings import Settings
    from rag.text.citations import Numbering

__all__ = ["AnswerEngine", "Prepared"]

_SEARCHED = 10  # papers whose sentences are weighed as evidence
_READ = 5  # of them that an answer may rest on: those with the best sentences
_CLOSEST = 3  # papers named when it abstains


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """What is known of a question before anything is written.

    Attributes:
        question: As it was searched.
        hits: The papers that were read, best first.
        evidence: Their sentences, best first; `paper` indexes `hits`.
        confidence: How likely it is that they hold the answer, 0 to 1.
        signals: What the confidence rests on; None where nothing was found.
        notes: What a reader should know.
        timings: Seconds by step.
        retrieved: All papers that were found, best first.
    """

    question: str
    hits: tuple[Hit, ...]
    evidence: tuple[Evidence, ...]
    confidence: float
    notes: tuple[str, ...]
    timings: dict[str, float]
    signals: Signals | None = None
    retrieved: tuple[Retrieved, ...] = ()


class AnswerEngine:
    """Answers questions from an index.

    Args:
        index: The index.
        embedder: The embedder that the index was built with.
        settings: How many papers and quotes an answer may have, and when it abstains.
    """

    def __init__(self, index: PaperIndex, embedder: Embedder, settings: Settings) -> None:
        self.searcher = HybridSearcher(index, embedder)
        self.rerankers = Rerankers(settings)
        self._keyword = index.keyword
        self._settings = settings
        self._ranker = EvidenceRanker(
            embedder.encode_tokens,
            PaperTokens(embedder, index.tokens),
            index.keyword.document_frequency,
        )

    def ask(self, question: str, *, filters: Filters | None = None) -> Answer:
        """Answer by quoting, or abstain.

        Args:
            question: Not blank.
            filters: Which papers may be used.
        """
        return self.quote(self.prepare(question, filters=filters))

    def prepare(
        self,
        question: str,
        *,
        filters: Filters | None = None,
        also: Sequence[str] = (),
        focus: str | None = None,
        spending: Spending | None = None,
    ) -> Prepared:
        """Find the papers and the evidence for a question, and judge whether they answer it.

        Args:
            question: Not blank.
            filters: Which papers may be used.
            also: Ids of papers that are read whether or not they are found, filters permitting.
            focus: The part of the question that the evidence must answer, where the rest only
                says what it is about; all of it when None.
            spending: What the question may use of a language model and has used.
        """
        started = time.perf_counter()
        reranker = self.rerankers.get(spending)
        found = self.searcher.search(question, _SEARCHED, filters, reranker=reranker)
        weighed = self._with(found.hits, question, filters, also)
        searched = time.perf_counter()
        evidence = self._ranker.rank(
            focus or question,
            [hit.paper for hit in weighed],
            fits=[PaperFit(score=hit.score, cosine=hit.cosine, bm25=hit.bm25) for hit in weighed],
        )
        read, evidence = _best_read(weighed, evidence, also)
        signals = self._signals(question, read, evidence)
        ended = time.perf_counter()
        return Prepared(
            question=question,
            hits=read,
            evidence=tuple(evidence),
            confidence=confidence(signals) if signals else 0.0,
            signals=signals,
            notes=found.notes,
            retrieved=tuple(Retrieved(hit.paper.id, hit.score) for hit in found.hits),
            timings={"search": searched - started, "evidence": ended - searched},
        )

    def _with(
        self,
        hits: tuple[Hit, ...],
        question: str,
        filters: Filters | None,
        also: Sequence[str],
    ) -> tuple[Hit, ...]:
        """Add papers to those that are read, where a filter doesn't forbid them."""
        ids = set(also) - {hit.paper.id for hit in hits}
        narrowed = filters or Filters()
        if narrowed.ids is not None:
            ids &= set(narrowed.ids)
        if not ids:
            return hits
        added = self.searcher.search(question, len(ids), replace(narrowed, ids=tuple(sorted(ids))))
        return (*hits, *added.hits)

    def _signals(
        self, question: str, read: Sequence[Hit], evidence: Sequence[Evidence]
    ) -> Signals | None:
        if not read:
            return None
        keyword = self._keyword
        return read_signals(question, read, evidence, keyword.terms, keyword.document_frequency)

    def quote(self, prepared: Prepared, *, numbering: Numbering | None = None) -> Answer:
        """Write the answer by quoting the evidence, or abstain.

        Args:
            prepared: The question and the papers found for it.
            numbering: The numbers that papers have in this conversation.
        """
        papers = [hit.paper for hit in prepared.hits]
        chosen = choose_quotes(
            prepared.evidence,
            papers,
            max_quotes=self._settings.max_quotes,
            max_papers=self._settings.max_papers,
            broad=asks_for_several(prepared.question),
        )
        if prepared.confidence < self._settings.abstain_below or not chosen:
            return self.abstain(prepared)
        citations = cite(chosen, papers, numbering)
        text, sentences = quoted_text(citations)
        conflict = disagreement(prepared.question, citations)
        conflicts = (conflict,) if conflict else ()
        return Answer(
            question=prepared.question,
            standalone_question=prepared.question,
            text=text,
            sentences=tuple(sentences),
            citations=tuple(citations),
            confidence=prepared.confidence,
            notes=(*retraction_notes(citations), *prepared.notes, *conflicts),
            timings=prepared.timings,
            retrieved=prepared.retrieved,
        )

    def abstain(self, prepared: Prepared) -> Answer:
        """Say that the papers don't hold the answer, which come closest, and what those lack."""
        closest = tuple(hit.paper for hit in prepared.hits[:_CLOSEST])
        return Answer(
            question=prepared.question,
            standalone_question=prepared.question,
            text=NO_ANSWER,
            abstained=True,
            confidence=prepared.confidence,
            closest=closest,
            shortfalls=shortfalls(prepared.question, closest, self._keyword.terms),
            notes=prepared.notes,
            timings=prepared.timings,
            retrieved=prepared.retrieved,
        )


def _best_read(
    hits: Sequence[Hit], evidence: Sequence[Evidence], also: Sequence[str]
) -> tuple[tuple[Hit, ...], list[Evidence]]:
    """Keep the papers with the best sentences, in their order, and those that must be read.

    Returns:
        The papers, and their sentences, best first.
    """
    order = list(dict.fromkeys(one.paper for one in evidence))
    order += [number for number in range(len(hits)) if number not in order]  # without a sentence
    kept = [
        number
        for place, number in enumerate(order)
        if place < _READ or hits[number].paper.id in also
    ]
    places = {number: place for place, number in enumerate(kept)}
    left = [replace(one, paper=places[one.paper]) for one in evidence if one.paper in places]
    return tuple(hits[number] for number in kept), left
