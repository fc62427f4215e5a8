"""All papers that fit a question, where several are asked for: which, in which order and groups.

A paper fits while its score in the search is close to the best one's and clear of what the search
gives to papers that have nothing to do with the question. What was tried beside the score (the best
sentence's, the cosine, the reader's opinion) added nothing on folds held out.
"""

from __future__ import annotations

import itertools
import re
import time
from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

from rag.answers.naming import OF_A_NAME, holds, only_names
from rag.answers.prepare import Listing, Prepared, prepare
from rag.questions.negation import ruled_out
from rag.text.sentences import sentence_spans
from rag.text.terms import rarity, terms
from rag.text.words import ASKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rag.answers.prepare import AnswerRequest, Retrieval
    from rag.papers import Paper
    from rag.questions.reading import Reading
    from rag.search.hybrid import Hit
    from rag.settings import Settings
    from rag.text.terms import Collection

__all__ = ["fitting", "prepare_list"]

# Both were chosen on the tuning half of the questions of `benchmarks.conversations`.
_WITHIN = 0.28  # of the best score
_CLEAR = 0.2  # of the way from the background to the best score
_BACKGROUND = 20  # the rank of a paper that hardly fits
_LOOKED_AT = 100  # papers: what the search weighs
_NEAR = 0.9  # of the best cosine: so near in meaning, a paper needs no word of the subject
_NARROWS = re.compile(r" (?:for|in|on|of|with|from|about|against|during|via|using) ")
_SEVERAL_WORDS = 2
_MARKS = ".,;:()[]\"'“”?!"
_LEAST_GROUPED = 5  # papers: fewer are seen at a glance


def prepare_list(
    request: AnswerRequest, reading: Reading, retrieval: Retrieval, settings: Settings
) -> Prepared:
    """Find the papers that fit a question, and the sentence of each that says why.

    Args:
        request: The question.
        reading: What it asks for.
        retrieval: Finds papers and evidence.
        settings: How many papers are listed at once.
    """
    began = time.perf_counter()
    fits, out, found = fitting(request, reading, retrieval)
    searched = time.perf_counter() - began
    skipped = set(request.skip)
    left = [hit for hit in fits if hit.paper.id not in skipped]
    shown = left[: settings.max_listed]
    prepared = prepare(replace(request, also=()), retrieval, hits=shown)
    if only_names(request.question) and shown:
        # All of them have the name, which is what was asked for.
        prepared = replace(prepared, confidence=max(prepared.confidence, OF_A_NAME))
    if reading.order == "fit":
        groups, order = _grouped(request.question, prepared.hits, retrieval.keyword)
        prepared = _reorder(prepared, order)
    else:
        groups = ("",) * len(prepared.hits)
        prepared = _reorder(prepared, _by_date(prepared.hits, newest=reading.order == "newest"))
    notes = [*found]
    if out:
        things = " or ".join(f"“{one}”" for one in reading.without)
        papers = "1 paper that speaks" if len(out) == 1 else f"{len(out)} papers that speak"
        notes.append(f"Left out, as the question says: {papers} of {things}.")
    timings = {**prepared.timings, "search": prepared.timings["search"] + searched}
    return replace(
        prepared,
        notes=(*prepared.notes, *notes),
        timings=timings,
        listing=Listing(total=len(fits), before=len(fits) - len(left), groups=groups),
    )


def fitting(
    request: AnswerRequest, reading: Reading, retrieval: Retrieval
) -> tuple[list[Hit], list[Paper], tuple[str, ...]]:
    """Return the papers that fit a question, best first; those it rules out; what to know."""
    found = retrieval.searcher.search(
        request.question,
        _LOOKED_AT,
        request.filters,
        reranker=retrieval.rerankers.get(request.budget) if request.rerank else None,
    )
    hits = list(found.hits)
    gone = ruled_out([hit.paper for hit in hits], reading.without)
    kept = [hit for place, hit in enumerate(hits) if place not in gone]
    if not kept:
        return [], [hit.paper for hit in hits], found.notes
    least = _least([hit.score for hit in kept])
    names = only_names(request.question)
    kept = [hit for hit in kept if hit.paper.abstract]
    notes = found.notes
    if names and (named := [hit for hit in kept if holds(hit.paper, names)]):
        fits = named
    else:
        subject = {one for word in _subject(request.question) for one in terms(word, grammar=False)}
        fits = [hit for hit in kept if hit.score >= least or _is_titled(hit.paper, subject)]
        fits = _on_the_subject(request.question, fits)
        if not reading.without:
            notes += _unmentioned(request.question, fits, retrieval.keyword)
    close = [hits[place].paper for place in sorted(gone) if hits[place].score >= least]
    return _ordered(fits, reading), close, notes


def _ordered(hits: list[Hit], reading: Reading) -> list[Hit]:
    if reading.order == "fit":
        return hits
    return sorted(hits, key=lambda hit: _when(hit.paper), reverse=reading.order == "newest")


def _least(scores: Sequence[float]) -> float:
    """Return the least score with which a paper fits, given those of all that were found."""
    ranked = sorted(scores, reverse=True)
    best, background = ranked[0], ranked[min(_BACKGROUND, len(ranked) // 2)]
    return max(best - _WITHIN, background + _CLEAR * (best - background))


def _on_the_subject(question: str, hits: Sequence[Hit]) -> list[Hit]:
    """Leave out papers that share only what narrows a subject, and are far from it in meaning.

    Of "diffusion models for video", a paper on video that has no word of "diffusion models" has
    nothing to do with it, however rare "video" is.
    """
    subject, narrows = _divided(question)
    asked = {one for word in subject for one in terms(word, grammar=False)}
    if not asked or not narrows:
        return list(hits)
    near = _NEAR * max((hit.cosine for hit in hits), default=0.0)
    return [
        hit
        for hit in hits
        if hit.cosine >= near
        or not asked.isdisjoint(terms(f"{hit.paper.title} {hit.paper.abstract}", grammar=False))
    ]


def _unmentioned(question: str, hits: Sequence[Hit], collection: Collection) -> tuple[str, ...]:
    """Name the words that narrow a subject, are known to the library, and stand in no paper."""
    _, narrows = _divided(question)
    said = {one for hit in hits for one in terms(f"{hit.paper.title} {hit.paper.abstract}")}
    missing = []
    for word in narrows:
        own = terms(word, grammar=False)
        known, _ = collection.document_frequency(own)
        if own and all(known) and said.isdisjoint(own):
            missing.append(f"“{word}”")
    if not missing or not hits:
        return ()
    papers = "The paper doesn't mention" if len(hits) == 1 else "None of these papers mentions"
    return (f"{papers} {' or '.join(missing)}.",)


def _subject(question: str) -> list[str]:
    """Return all telling words of a question."""
    return [word for part in _divided(question) for word in part]


def _is_titled(paper: Paper, subject: set[str]) -> bool:
    """Tell whether a paper's title has all of a subject of several words: then it is on it."""
    return len(subject) >= _SEVERAL_WORDS and subject <= set(terms(paper.title))


def _divided(question: str) -> tuple[list[str], list[str]]:
    """Divide the telling words of a question into its subject and what narrows that."""
    subject, *narrows = _NARROWS.split(question, maxsplit=1)
    parts = (subject, " ".join(narrows))
    first, second = ([word.strip(_MARKS) for word in part.split()] for part in parts)
    return list(filter(_telling, first)), list(filter(_telling, second))


def _when(paper: Paper) -> str:
    dated = paper.date and not paper.date.startswith("--")
    return str(paper.date if dated else paper.year or "")


def _by_date(hits: Sequence[Hit], *, newest: bool) -> list[int]:
    return sorted(range(len(hits)), key=lambda place: _when(hits[place].paper), reverse=newest)


def _reorder(prepared: Prepared, order: Sequence[int]) -> Prepared:
    places = {old: new for new, old in enumerate(order)}
    return replace(
        prepared,
        hits=tuple(prepared.hits[place] for place in order),
        evidence=tuple(replace(one, paper=places[one.paper]) for one in prepared.evidence),
    )


def _grouped(
    question: str, hits: Sequence[Hit], collection: Collection
) -> tuple[tuple[str, ...], list[int]]:
    """Put papers together that share an approach: two words in a row that the question lacks.

    Returns:
        For each place of the new order the group, empty for papers that share nothing; and the
        order, as old places: groups by their best paper, papers by how well they fit.
    """
    by_fit = sorted(range(len(hits)), key=lambda place: -hits[place].score)
    if len(hits) < _LEAST_GROUPED:
        return ("",) * len(hits), by_fit
    asked = set(terms(question))
    pairs: dict[tuple[str, ...], dict[int, str]] = defaultdict(dict)
    for place, hit in enumerate(hits):
        for own, words in _pairs(hit.paper):
            if not asked.issuperset(own):
                pairs[own].setdefault(place, words)
    titled = {own for hit in hits for own, _ in _pairs(replace(hit.paper, abstract=""))}
    # What nobody has in a title ("becomes prohibitive") is a turn of phrase, not an approach.
    shared = {
        own: who for own, who in pairs.items() if own in titled and 2 <= len(who) <= 0.6 * len(hits)
    }
    rare = {own: sum(rarity(list(own), collection)) for own in shared}
    group: dict[int, str] = {}
    while shared:
        own = max(shared, key=lambda one: (rare[one] * (len(shared[one]) - 1), one))
        members = shared.pop(own)
        for place in members:
            group[place] = next(iter(members.values()))
        shared = {
            one: left
            for one, who in shared.items()
            if len(left := {p: words for p, words in who.items() if p not in group}) >= 2
        }
    first = {
        name: min(by_fit.index(p) for p in group if group[p] == name) for name in group.values()
    }
    best = min(first.values(), default=0)

    def rank(place: int) -> tuple[int, int]:
        fit = by_fit.index(place)
        # Papers alone stand behind the groups, but for those that fit better than all in groups.
        alone = -1 if fit < best else len(hits)
        return first[group[place]] if place in group else alone, fit

    order = sorted(by_fit, key=rank)
    return tuple(group.get(place, "") for place in order), order


def _pairs(paper: Paper) -> list[tuple[tuple[str, ...], str]]:
    """Return the pairs of telling words in the title and the sentences that say what is new."""
    found = []
    spans = sentence_spans(paper.abstract)
    for text in (paper.title, *(paper.abstract[start:end] for start, end in spans)):
        for first, second in itertools.pairwise(text.split()):
            # Marks between two words part them: "Mixture of Experts (MoE)".
            if first != first.rstrip(_MARKS) or second != second.lstrip(_MARKS):
                continue
            words = [first.strip(_MARKS), second.strip(_MARKS)]
            if not all(map(_telling, words)):
                continue
            own = tuple(terms(" ".join(words), grammar=False))
            if len(own) >= 2:
                found.append((own, " ".join(words)))
    return found


def _telling(word: str) -> bool:
    plain = word.lower()
    return len(word) > 2 and plain not in ASKING and plain.isalpha() and plain not in _FURNITURE


_FURNITURE = frozenset(
    "propose proposed novel new approach approaches method methods model models paper work results"
    " experiments extensive experimental existing state-of-the-art demonstrate demonstrates"
    " outperforms performance significant significantly different several various recent widely"
    " code available problem task tasks datasets data based real world address addresses introduce"
    " including however large small across achieve achieves improve improves high low better"
    " effective effectively efficient framework training deal deals dealing concern concerning"
    " address discuss discusses cover covers focus focuses mention mentions investigate examine"
    " investigates explore explores examines consider considers treat treats speak talk"
    " there".split()
)
