"""Know when the papers don't hold the answer, and say so.

Three kinds of question find no answer: those of another field, those whose paper the library
lacks, and near-misses, where the paper is there and doesn't say what is asked. Nearness gives the
first away. The others show in what is missing: a name that the paper doesn't have, a number where
the paper gives none, words beyond the title that the paper has nothing of.
"""

from __future__ import annotations

import math
from dataclasses import astuple, dataclass, fields
from typing import TYPE_CHECKING

import numpy as np

from rag.evidence.cues import asks_for_a_number, count_numbers, lacks_measure
from rag.evidence.names import either, held_in, names_in, subjects
from rag.models.linear import load_models
from rag.text.terms import rarity, terms

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rag.evidence.ranker import Evidence
    from rag.papers import Paper
    from rag.search.hybrid import Hit
    from rag.text.terms import Collection

__all__ = [
    "FAR_OFF",
    "NO_ANSWER",
    "SIGNALS",
    "STRONG",
    "Signals",
    "confidence",
    "in_words",
    "read_signals",
]

# Of the papers found: nobody has read the others.
NO_ANSWER = "The papers found don't hold an answer to that."
# From here the evidence is quoted although a model that read it found no answer.
STRONG = 0.5
# Below it a model isn't asked either. Between that and where quotes are declined it decides.
FAR_OFF = 0.1

_EPSILON = 0.03  # a sentence that says nothing counts no less: small libraries have few others
_BEST = 3  # sentences whose scores are taken together
_NEAR = 0.25  # cosine below which hardly any question has its answer in the papers


@dataclass(frozen=True, slots=True, kw_only=True)
class Signals:
    """What tells an answerable question from one that the papers don't answer.

    "The paper" is the one that would be quoted first.

    Attributes:
        cosine: Of the question and the nearest paper, -1 to 1.
        evidence: Mean log-odds of the three best sentences.
        unnamed: 1 where the question has a name that the paper lacks, else 0.
        unheard: 1 where it has one that none of the papers read has, else 0.
        uncounted: 1 where a number is asked for and the paper has none in digits, else 0.
        unmeasured: 1 where a time, a price or another measure is asked for and the paper has none
            of the kind, else 0.
        aside: Share of the question that is the paper's title, times the share of the rest that
            the paper has no word of: 0 to 1. A question that knows the paper and finds its other
            words nowhere in it asks for what the paper doesn't say.
        scattered: Share of the question's words that other papers have and the paper lacks.
        far: How far the nearest paper lies below a cosine of 0.25, as a share of it: 0 to 1.
    """

    cosine: float
    evidence: float
    unnamed: float
    unheard: float
    uncounted: float
    unmeasured: float
    aside: float
    scattered: float
    far: float


SIGNALS = tuple(field.name for field in fields(Signals))


def read_signals(
    question: str, hits: Sequence[Hit], evidence: Sequence[Evidence], collection: Collection
) -> Signals:
    """Measure the signals of one question.

    Args:
        question: As it was searched.
        hits: The papers that were read, best first; at least one.
        evidence: Their sentences, best first; `paper` indexes `hits`.
        collection: The library, which tells how rare each term is.
    """
    papers = [hit.paper for hit in hits]
    first = evidence[0].paper if evidence else 0
    words = subjects(question)
    held = [
        either(question, held_in(f"{paper.title}\n{paper.abstract}", words)) for paper in papers
    ]
    names = set(names_in(question)) & set(words)
    anywhere = set().union(*held)
    numbers = asks_for_a_number(question) and not count_numbers(papers[first].abstract)
    odds = [_log_odds(one.score) for one in evidence[:_BEST]]
    cosine = max((one.cosine for one in evidence), default=0.0)
    return Signals(
        cosine=cosine,
        evidence=sum(odds) / len(odds) if odds else _log_odds(0.0),
        unnamed=float(bool(names - held[first])),
        unheard=float(bool(names - anywhere)),
        uncounted=float(numbers),
        unmeasured=float(lacks_measure(question, papers[first].abstract)),
        aside=_aside(words, papers[first], held[first], collection),
        scattered=len(anywhere - held[first]) / (len(words) or 1),
        far=min(1.0, max(0.0, 1.0 - cosine / _NEAR)),
    )


def _aside(words: Sequence[str], paper: Paper, held: set[str], collection: Collection) -> float:
    title = set(terms(paper.title))
    own = {word: terms(word) for word in words}
    topic = {word for word in words if own[word] and title.issuperset(own[word])}
    rest = set(words) - topic
    if not topic or not rest:
        return 0.0
    # A word is as rare as its rarest term.
    rare = {word: max(rarity(own[word], collection), default=0.0) for word in words}
    share = sum(rare[word] for word in topic) / (sum(rare.values()) or 1.0)
    return share * len(rest - held) / len(rest)


def _log_odds(chance: float) -> float:
    bounded = min(max(chance, _EPSILON), 1 - _EPSILON)
    return math.log(bounded / (1 - bounded))


def confidence(signals: Signals) -> float:
    """Estimate how likely it is that the papers hold the answer, 0 to 1.

    The model is logistic, with the sign of each signal given beforehand; `make fit` writes it into
    `rag/models/weights/abstention.json`. docs/answers.md tells what it was fitted on, and how well
    it separates.
    """
    model = load_models("abstention", SIGNALS)["answerable"]
    return float(model.probability(np.array(astuple(signals))))


def in_words(chance: float) -> str:
    """Say how sure an answer is, for a reader who wants no figures."""
    for least, words in ((0.8, "confident"), (0.55, "fairly confident"), (0.35, "unsure")):
        if chance >= least:
            return words
    return "very unsure"
