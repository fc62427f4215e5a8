"""Questions in parts: each side of a comparison, each half of a double question, by itself.

Where one paper speaks of both sides, the question as a whole finds it, and nothing is divided.
The halves of a double question are mostly about one paper, which the whole of it finds best: each
half is answered from that one unless another answers it far better.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from rag.answers.naming import OF_A_NAME, among, sure_of_names
from rag.answers.prepare import Part, prepare
from rag.evidence.names import held_in
from rag.text.terms import terms

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rag.answers.prepare import AnswerRequest, Prepared, Retrieval
    from rag.papers import Paper
    from rag.questions.sides import Side

__all__ = ["prepare_parts"]

_MOST = 3  # papers of a side that go along
_AS_GOOD = 0.3  # how much of the best sentence's score the paper of the whole question needs


def prepare_parts(request: AnswerRequest, sides: Sequence[Side], retrieval: Retrieval) -> Prepared:
    """Prepare a question as a whole and, where no paper speaks of all of it, part by part."""
    whole = prepare(request, retrieval)
    if _in_one(whole, sides):
        return whole
    parts = tuple(
        Part(
            name=side.name,
            prepared=_side(request, side, retrieval)
            if side.thing
            else _half(request, side, retrieval, _lead(whole)),
        )
        for side in sides
    )
    if not any(part.prepared.evidence for part in parts):
        # No paper has the words for either; the question as a whole may be near to one.
        return sure_of_names(whole)
    return _joined(whole, parts)


def _joined(whole: Prepared, parts: Sequence[Part]) -> Prepared:
    """Add to a question what was found for its parts: a model that writes is given both."""
    hits, evidence = list(whole.hits), list(whole.evidence)
    places = {hit.paper.id: place for place, hit in enumerate(hits)}
    also: list[str] = []
    for part in (one.prepared for one in parts):
        best = part.hits[:_MOST]
        also += [hit.paper.id for hit in best]
        new = [hit for hit in best if hit.paper.id not in places]
        places.update({hit.paper.id: len(hits) + n for n, hit in enumerate(new)})
        hits += new
        known = {(one.paper, one.start): n for n, one in enumerate(evidence)}
        for one in part.evidence:
            place = places.get(part.hits[one.paper].paper.id)
            if place is None:
                continue
            moved = replace(one, paper=place)
            at = known.get((place, one.start))
            if at is None:
                evidence.append(moved)
            elif moved.score > evidence[at].score:
                evidence[at] = moved
    evidence.sort(key=lambda one: -one.score)
    return replace(
        whole,
        request=replace(whole.request, also=(*whole.request.also, *also)),
        hits=tuple(hits),
        evidence=tuple(evidence),
        parts=tuple(parts),
        confidence=max(part.prepared.confidence for part in parts),
    )


def _in_one(whole: Prepared, sides: Sequence[Side]) -> bool:
    """Tell whether the paper that would be quoted first speaks of all sides."""
    if not whole.evidence:
        return True
    lead = _lead(whole)
    things = [side.thing for side in sides]
    return all(things) and all(_speaks_of(lead, thing) for thing in things)


def _lead(whole: Prepared) -> Paper:
    return whole.hits[whole.evidence[0].paper].paper


def _half(request: AnswerRequest, side: Side, retrieval: Retrieval, lead: Paper) -> Prepared:
    asked = replace(request, question=side.question, also=(*request.also, lead.id))
    prepared = prepare(asked, retrieval)
    kept = among(prepared, lambda paper: paper.id == lead.id)
    best = prepared.evidence[0].score if prepared.evidence else 0.0
    if kept.evidence and kept.evidence[0].score >= _AS_GOOD * best:
        return kept
    return sure_of_names(prepared)


def _side(request: AnswerRequest, side: Side, retrieval: Retrieval) -> Prepared:
    prepared = prepare(replace(request, question=side.question), retrieval)
    kept = among(prepared, lambda paper: _speaks_of(paper, side.thing))
    if not kept.evidence:
        return replace(kept, confidence=0.0)
    # A paper that has the very words says something of the thing; one that only has words of
    # these initials may not.
    named = set(terms(side.thing)) <= set(terms(_text(_lead(kept))))
    return replace(kept, confidence=max(kept.confidence, OF_A_NAME) if named else kept.confidence)


def _speaks_of(paper: Paper, thing: str) -> bool:
    words = [word for word in thing.split() if terms(word, grammar=False)]
    return len(held_in(_text(paper), words)) == len(set(words))


def _text(paper: Paper) -> str:
    return f"{paper.title}\n{paper.abstract}"
