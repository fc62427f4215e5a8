"""The answer by quoting: the sentences that best answer the question, verbatim, or that none does.

No model writes anything here. Every sentence of the answer is a sentence of an abstract, and its
citation leads to the very words.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from rag.answers.abstention import NO_ANSWER
from rag.answers.answer import Answer, Citation, Sentence, retraction_notes
from rag.answers.stance import disagreement
from rag.evidence.cues import CUES, asks_for_several
from rag.text.citations import Numbering
from rag.text.decoding import one_line
from rag.text.safety import neutralise_markers
from rag.text.sentences import sentence_spans

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rag.answers.prepare import Prepared
    from rag.evidence.ranker import Evidence
    from rag.models.judging import Reader
    from rag.papers import Paper
    from rag.settings import Settings

__all__ = ["abstain", "choose_quotes", "cite", "quote", "quoted_text"]

_MIN_OF_BEST = 0.1  # a quote must be at least this fraction as good as the best one
_MIN_OF_SEVERAL = 0.05  # the same, where several papers are asked for
_MIN_WORDS = 4
_MAX_WORDS = 70  # of a quote with the sentence before it
_MAX_OVERLAP = 0.6  # share of words: beyond it a quote says again what another has said


def quote(prepared: Prepared, settings: Settings, reader: Reader) -> Answer:
    """Write the answer by quoting the evidence, or abstain.

    Args:
        prepared: The question, and the papers and the evidence found for it.
        settings: How many papers and quotes an answer may have, and when it abstains.
        reader: Tells quotes that speak for what is asked from those against it.
    """
    hits, evidence = prepared.quotable()
    papers = [hit.paper for hit in hits]
    chosen = choose_quotes(
        evidence,
        papers,
        max_quotes=settings.max_quotes,
        max_papers=settings.max_papers,
        broad=asks_for_several(prepared.question),
    )
    if prepared.confidence < settings.abstain_below or not chosen:
        return abstain(prepared)
    citations = cite(chosen, papers, prepared.request.numbering)
    text, sentences = quoted_text(citations)
    conflict = disagreement(prepared.question, citations, reader)
    return Answer(
        question=prepared.question,
        standalone_question=prepared.question,
        text=text,
        sentences=tuple(sentences),
        citations=tuple(citations),
        confidence=prepared.confidence,
        notes=(
            *prepared.notes,
            *retraction_notes(citations),
            *([conflict] if conflict else []),
        ),
        timings=prepared.timings,
        retrieved=prepared.retrieved,
    )


def abstain(prepared: Prepared) -> Answer:
    """Say that the papers don't hold the answer, which come closest, and what those lack."""
    return Answer(
        question=prepared.question,
        standalone_question=prepared.question,
        text=NO_ANSWER,
        abstained=True,
        confidence=prepared.confidence,
        closest=prepared.closest,
        shortfalls=prepared.shortfalls,
        notes=prepared.notes,
        timings=prepared.timings,
        retrieved=prepared.retrieved,
    )


def choose_quotes(
    evidence: Sequence[Evidence],
    papers: Sequence[Paper],
    *,
    max_quotes: int,
    max_papers: int,
    broad: bool = False,
) -> list[Evidence]:
    """Choose what to quote from ranked evidence, in the order in which it is read.

    The best sentence leads. What else its paper has follows, then the other papers in the order of
    their best sentences; the sentences of one paper keep the order of its abstract.

    Args:
        evidence: Best first; `paper` indexes `papers`.
        papers: The papers that were found.
        max_quotes: How many sentences at the most.
        max_papers: From how many papers at the most.
        broad: Whether several papers are asked for: a second sentence of a paper then waits until
            every paper that is good enough has had its first.

    Returns:
        The chosen evidence, without near-repeats. Where a sentence begins with a pronoun, the one
        before it is part of the quote, unless that makes it too long.
    """
    if not evidence:
        return []
    least = (_MIN_OF_SEVERAL if broad else _MIN_OF_BEST) * evidence[0].score
    good = [one for one in evidence if one.score >= least]
    if broad:
        firsts = {one.paper: one for one in reversed(good)}.values()
        good.sort(key=lambda one: one not in firsts)
    chosen: list[Evidence] = []
    said: list[set[str]] = []
    for one in good:
        if len(chosen) == max_quotes:
            break
        words = _words(papers[one.paper].abstract[one.start : one.end])
        cited = {other.paper for other in chosen}
        if len(words) < _MIN_WORDS or (one.paper not in cited and len(cited) == max_papers):
            continue
        if any(_overlap(words, other) > _MAX_OVERLAP for other in said):
            continue
        chosen.append(one)
        said.append(words)
    return _standing_alone(_in_reading_order(chosen), papers)


def _in_reading_order(chosen: Sequence[Evidence]) -> list[Evidence]:
    lead, turn = chosen[:1], list(dict.fromkeys(one.paper for one in chosen))
    rest = sorted(chosen[1:], key=lambda one: (turn.index(one.paper), one.start))
    return [*lead, *rest]


def _standing_alone(chosen: Sequence[Evidence], papers: Sequence[Paper]) -> list[Evidence]:
    """Quote the sentence before as well where a quote begins with a pronoun."""
    taken = {(one.paper, one.end) for one in chosen}
    whole: list[Evidence] = []
    for one in chosen:
        abstract = papers[one.paper].abstract
        if CUES["pronoun"].search(abstract[one.start : one.end]):
            before = [span for span in sentence_spans(abstract) if span.end <= one.start][-1:]
            # What is quoted already, just before or elsewhere, isn't said twice.
            if before and (one.paper, before[0].end) not in taken:
                longer = abstract[before[0].start : one.end]
                if len(longer.split()) <= _MAX_WORDS:
                    one = replace(one, start=before[0].start)  # noqa: PLW2901 - the same, longer
        whole.append(one)
    return whole


def cite(
    chosen: Sequence[Evidence], papers: Sequence[Paper], numbering: Numbering | None = None
) -> list[Citation]:
    """Make the citations of chosen evidence.

    Papers are numbered in order of first use, behind those that have a number already.
    """
    numbering = numbering if numbering is not None else Numbering()
    return [
        Citation(
            n=numbering.number(papers[one.paper].id),
            paper=papers[one.paper],
            quote=papers[one.paper].abstract[one.start : one.end],
            start=one.start,
            end=one.end,
            score=one.score,
        )
        for one in chosen
    ]


def quoted_text(citations: Sequence[Citation]) -> tuple[str, list[Sentence]]:
    """Write the answer: the lead, then a paragraph for each paper, with its title and year.

    Every quote has its marker behind it. A lead that can't stand alone has the title before it.
    """
    text = ""
    sentences: list[Sentence] = []
    headed = ""
    for index, one in enumerate(citations):
        if index == 0:
            text = _heading(one.paper) if CUES["pronoun"].search(one.quote) else ""
        elif one.paper.id == headed:
            text += " "
        else:
            headed = one.paper.id
            text += f"\n\n{_heading(one.paper)}"
        start = len(text)
        text += f"“{one.quote}” [{one.n}]"
        sentences.append(
            Sentence(one.quote, "supported", (one.n,), quotes=(index,), start=start, end=len(text))
        )
    return text, sentences


def _heading(paper: Paper) -> str:
    title = neutralise_markers(one_line(paper.heading)).rstrip(".") or paper.id
    return f"{title} ({paper.year}): " if paper.year else f"{title}: "


def _words(text: str) -> set[str]:
    return {word.strip(".,;:()[]\"'").casefold() for word in text.split()} - {""}


def _overlap(ours: set[str], theirs: set[str]) -> float:
    return len(ours & theirs) / (min(len(ours), len(theirs)) or 1)
