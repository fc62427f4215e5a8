"""The answer by quoting: the sentences that best answer the question, verbatim, or that none does.

No model writes anything here. Every sentence of the answer is a sentence of an abstract, and its
citation leads to the very words.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from rag.answers.abstention import NO_ANSWER
from rag.answers.answer import Answer, Citation, Sentence, retraction_notes
from rag.answers.prepare import Listing
from rag.answers.shortfalls import shortfalls
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
_OF_PART = 2  # quotes, and papers, of each part of a question
_MAX_OVERLAP = 0.6  # share of words: beyond it a quote says again what another has said


def quote(prepared: Prepared, settings: Settings, reader: Reader) -> Answer:
    """Write the answer by quoting the evidence, or abstain.

    Args:
        prepared: The question, and the papers and the evidence found for it.
        settings: How many papers and quotes an answer may have, and when it abstains.
        reader: Tells quotes that speak for what is asked from those against it.
    """
    if prepared.parts:
        return _quote_parts(prepared, settings)
    hits, evidence = prepared.quotable()
    papers = [hit.paper for hit in hits]
    if prepared.listing is not None:
        chosen = _one_each(evidence, papers)
    else:
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
    if prepared.listing is not None and prepared.listing.total > 1:
        return _listed(prepared, citations)
    text, sentences = quoted_text(citations)
    conflict = disagreement(prepared.question, citations, reader)
    return _answer(prepared, text, sentences, citations, [conflict] if conflict else [])


def _answer(
    prepared: Prepared,
    text: str,
    sentences: Sequence[Sentence],
    citations: Sequence[Citation],
    notes: Sequence[str],
) -> Answer:
    return Answer(
        question=prepared.question,
        standalone_question=prepared.question,
        text=text,
        sentences=tuple(sentences),
        citations=tuple(citations),
        confidence=prepared.confidence,
        notes=(*prepared.notes, *retraction_notes(citations), *notes),
        timings=prepared.timings,
        retrieved=prepared.retrieved,
    )


def _one_each(evidence: Sequence[Evidence], papers: Sequence[Paper]) -> list[Evidence]:
    """Choose the best sentence of each paper, in the order of the papers."""
    best: dict[int, Evidence] = {}
    for one in evidence:
        words = _words(papers[one.paper].abstract[one.start : one.end])
        if len(words) >= _MIN_WORDS:
            best.setdefault(one.paper, one)
    return _standing_alone([best[place] for place in sorted(best)], papers)


def _listed(prepared: Prepared, citations: Sequence[Citation]) -> Answer:
    """Write a list: how many papers fit, then each under its title, group by group."""
    listing = prepared.listing or Listing(total=len(citations))
    groups = dict(zip((hit.paper.id for hit in prepared.hits), listing.groups, strict=False))
    listed = listing.before + len(citations)
    total = max(listing.total, listed)
    text = f"{total} papers fit"
    if listing.before:
        text = f"{len(citations)} more of {total} papers that fit"
    elif listed < total:
        text += f"; {listed} of {total} shown, those that fit best"
    text += ":"
    sentences: list[Sentence] = []
    group = ""
    named = any(groups.values())
    for index, one in enumerate(citations):
        own = groups.get(one.paper.id, "")
        if named and own != group:
            group = own
            text += f"\n\n{one_line(own).capitalize() if own else 'Others'}"
        text += f"\n\n{_heading(one.paper)}"
        start = len(text)
        text += f"“{one.quote}” [{one.n}]"
        sentences.append(
            Sentence(one.quote, "supported", (one.n,), quotes=(index,), start=start, end=len(text))
        )
    more = [listed_note(listed, total)] if listed < total else []
    answer = _answer(prepared, text, sentences, citations, more)
    return replace(answer, kind="list", fitting=total, listed=listed)


def listed_note(listed: int, total: int) -> str:
    """Say how much of a list is shown, and how to see more."""
    return (
        f"{listed} of {total} papers shown. For more, ask for “more” in a conversation; for all of"
        " them in a table: rag survey."
    )


def _quote_parts(prepared: Prepared, settings: Settings) -> Answer:
    """Answer each part of a question, and say which has no answer."""
    papers: list[Paper] = []
    chosen: list[Evidence] = []
    names: list[str] = []
    missing: list[str] = []
    for part in prepared.parts:
        own = part.prepared
        hits, evidence = own.quotable()
        read = [hit.paper for hit in hits]
        quotes = choose_quotes(evidence, read, max_quotes=_OF_PART, max_papers=_OF_PART)
        if own.confidence < settings.abstain_below or not quotes:
            missing.append(part.name)
            continue
        chosen += [replace(one, paper=one.paper + len(papers)) for one in quotes]
        names += [part.name] * len(quotes)
        papers += read
    if not chosen:
        return abstain(prepared)
    citations = cite(chosen, papers, prepared.request.numbering)
    text = ""
    sentences: list[Sentence] = []
    for index, (one, name) in enumerate(zip(citations, names, strict=True)):
        if index == 0 or names[index - 1] != name:
            text += f"{'' if index == 0 else chr(10) * 2}{neutralise_markers(one_line(name))}"
            headed = ""
        text += " " if one.paper.id == headed else f"\n\n{_heading(one.paper)}"
        headed = one.paper.id
        start = len(text)
        text += f"“{one.quote}” [{one.n}]"
        sentences.append(
            Sentence(one.quote, "supported", (one.n,), quotes=(index,), start=start, end=len(text))
        )
    notes = [f"The papers hold no answer to this part: “{name}”." for name in missing]
    return _answer(prepared, text, sentences, citations, notes)


def abstain(prepared: Prepared) -> Answer:
    """Say that the papers don't hold the answer, which come closest, and what those lack."""
    return Answer(
        question=prepared.question,
        standalone_question=prepared.question,
        text=NO_ANSWER,
        abstained=True,
        confidence=prepared.confidence,
        closest=prepared.closest,
        shortfalls=shortfalls(prepared.question, prepared.closest),
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
