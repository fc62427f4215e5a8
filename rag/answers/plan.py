"""Decide what a question wants, and prepare the answer: quotes, a list, parts, or no search at all.

Most questions go straight to `prepare`. Before that, small talk and questions about the library
are settled without a search, as are filters that leave no paper; what a question says of the
papers that it means becomes a filter.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from rag.answers.answer import Answer, Citation
from rag.answers.listing import prepare_list
from rag.answers.naming import sure_of_names
from rag.answers.parts import prepare_parts
from rag.answers.prepare import Prepared, prepare
from rag.questions.catalogue import answer_from_catalogue, no_paper_left
from rag.questions.narrowing import narrow
from rag.questions.negation import read_exclusions
from rag.questions.premise import contradicted_premise, false_premise
from rag.questions.reading import Reading, read_question
from rag.questions.small_talk import reply_to
from rag.search.query import Filters, combine
from rag.text.language import language_of
from rag.text.terms import terms

if TYPE_CHECKING:
    from rag.answers.prepare import AnswerRequest, Retrieval
    from rag.papers import Paper
    from rag.questions.catalogue import LibraryFacts
    from rag.settings import Settings

__all__ = ["IN_ENGLISH", "plan"]

_LOOKED_THROUGH = 20  # sentences: one that says the opposite is near the best, if not among them
IN_ENGLISH = "This library searches in English; the question seems to be in {language}."


def plan(request: AnswerRequest, retrieval: Retrieval, settings: Settings) -> Prepared:
    """Prepare the answer to a question.

    Args:
        request: The question.
        retrieval: Finds papers and evidence.
        settings: How many papers a list may have, and when an answer abstains.
    """
    prepared = _plan(request, retrieval, settings)
    return replace(prepared, asked=request.question)


def _plan(request: AnswerRequest, retrieval: Retrieval, settings: Settings) -> Prepared:
    if request.literal:
        return prepare(request, retrieval)
    asked = request.focus or request.question
    if reply := reply_to(asked):
        return _settled(request, replace(_saying(request, reply), kind="talk"))
    reading, request = _read(request, retrieval)
    filters = request.filters or Filters()
    facts = answer_from_catalogue(reading.text, asked, filters, retrieval.catalog)
    if facts is not None:
        return replace(_settled(request, _from_facts(request, facts)), read=reading.filters)
    if request.filters:
        facts = no_paper_left(request.filters, retrieval.catalog)
        if facts is not None:
            answer = replace(_from_facts(request, facts), kind="papers", abstained=True)
            return replace(_settled(request, answer), read=reading.filters)
    prepared = _search(request, reading, retrieval, settings)
    return replace(prepared, read=reading.filters)


def _search(
    request: AnswerRequest, reading: Reading, retrieval: Retrieval, settings: Settings
) -> Prepared:
    if reading.several:
        prepared = prepare_list(request, reading, retrieval, settings)
    elif reading.sides:
        prepared = prepare_parts(request, reading.sides, retrieval)
    else:
        prepared = sure_of_names(prepare(request, retrieval))
    asked = request.focus or request.question
    language = language_of(asked) if retrieval.english else None
    if language and not any(_is_in(hit.paper, language) for hit in prepared.hits):
        text = f"{IN_ENGLISH.format(language=language)} Ask it in English."
        told = _settled(request, replace(_saying(request, text), abstained=True), prepared)
        return replace(told, language=language)
    if prepared.hits and (why := false_premise(asked, _by_search(prepared))):
        return _settled(request, replace(_saying(request, why), abstained=True), prepared)
    if why := contradicted_premise(asked, _best_sentences(prepared)):
        return replace(prepared, notes=(why, *prepared.notes))
    return prepared


def _best_sentences(prepared: Prepared) -> list[tuple[str, str]]:
    """Return the best evidence: titles of papers, each with a sentence of it."""
    found = ((prepared.hits[one.paper].paper, one) for one in prepared.evidence[:_LOOKED_THROUGH])
    return [(paper.title, paper.abstract[one.start : one.end]) for paper, one in found]


def _by_search(prepared: Prepared) -> list[Paper]:
    return [hit.paper for hit in sorted(prepared.hits, key=lambda hit: hit.rank)]


def _read(request: AnswerRequest, retrieval: Retrieval) -> tuple[Reading, AnswerRequest]:
    """Read a question; return what was read, and the request without what became filters."""
    reading = read_question(request.focus or request.question, retrieval.catalog)
    read = reading.filters
    question, focus = reading.text, None
    if request.focus:
        # What was asked before may state filters of its own, which hold until others are stated.
        before = read_question(_before(request.question, request.focus), retrieval.catalog)
        if before.several and not read:  # "And only those since 2023?"
            narrowed = narrow(request.focus, retrieval.catalog, of_papers=True)
            read, question = narrowed.filters, narrowed.text
            reading = replace(reading, text=narrowed.text)
        if before.several and not reading.several:  # "But not on fairness"
            excluded = read_exclusions(reading.text)
            # Where it says nothing else, it is left as it is.
            rest = excluded.text if excluded.text != reading.text or not excluded.things else ""
            reading = replace(reading, text=rest, without=excluded.things)
        read = combine(read, before.filters)
        several = reading.several or (before.several and not _content(reading.text))
        reading = replace(
            reading,
            filters=read,
            several=several,
            without=reading.without or (before.without if several else ()),
            sides=(),
        )
        question = f"{before.text} {reading.text}".strip()
        focus = reading.text if _content(reading.text) else None
    filters = combine(request.filters, read)
    return reading, replace(request, question=question, focus=focus, filters=filters)


def _before(question: str, focus: str) -> str:
    """Return what stands in front of the follow-up itself."""
    if question.casefold().endswith(focus.casefold()):
        return question[: len(question) - len(focus)].strip() or question
    return question


def _content(text: str) -> bool:
    return bool(terms(text, grammar=False))


def _is_in(paper: Paper, language: str) -> bool:
    return language_of(f"{paper.title}. {paper.abstract[:400]}") == language


def _from_facts(request: AnswerRequest, facts: LibraryFacts) -> Answer:
    """Write what the catalogue says; the papers that it lists are cited without words of theirs."""
    text = facts.text
    numbers = [request.numbering.number(paper.id) for paper in facts.papers]
    for place in range(len(numbers), 0, -1):  # from the last, so that no number is taken twice
        text = text.replace(f"[{place}]", f"[\0{numbers[place - 1]}]", 1)
    return replace(
        _saying(request, text.replace("\0", "")),
        kind="library",
        citations=tuple(
            Citation(n=n, paper=paper, quote="", start=0, end=0, score=1.0)
            for n, paper in zip(numbers, facts.papers, strict=True)
        ),
        confidence=1.0,
        notes=facts.notes,
    )


def _saying(request: AnswerRequest, text: str) -> Answer:
    """Return an answer that quotes nothing."""
    return Answer(text=text, question=request.question, standalone_question=request.question)


def _settled(request: AnswerRequest, answer: Answer, found: Prepared | None = None) -> Prepared:
    """Return an answer that needs no more to be looked for."""
    if found is not None:
        return replace(found, settled=answer)
    return Prepared(
        request=request,
        hits=(),
        evidence=(),
        confidence=answer.confidence,
        signals=None,
        closest=(),
        notes=(),
        timings={},
        retrieved=(),
        settled=answer,
    )
