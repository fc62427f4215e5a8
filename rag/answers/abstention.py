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

from rag.evidence.cues import asks_for_a_number, count_numbers, lacks_measure
from rag.evidence.names import holds_name, initials, names_in, subjects

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rag.evidence.ranker import Evidence
    from rag.papers import Paper
    from rag.search.hybrid import Hit

    Terms = Callable[[str], Sequence[str]]
    Frequency = Callable[[Sequence[str]], tuple[list[int], int]]

__all__ = [
    "NO_ANSWER",
    "SIGNALS",
    "Signals",
    "confidence",
    "in_words",
    "read_signals",
    "shortfalls",
]

NO_ANSWER = "The papers in this library don't hold an answer to that."

_EPSILON = 0.03  # a sentence that says nothing counts no less: small libraries have few others
_BEST = 3  # sentences whose scores are taken together
_NEAR = 0.25  # cosine below which hardly any question has its answer in the papers
_NAMED = 4  # subjects that a shortfall lists: a longer list says no more


@dataclass(frozen=True, slots=True, kw_only=True)
class Signals:
    """What tells an answerable question from one that the papers don't answer.

    "The paper" is the one that would be quoted first.

    Attributes:
        cosine: Similarity of the question and the nearest chunk, -1 to 1.
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
        far: How far the nearest chunk lies below a cosine of 0.25, as a share of it: 0 to 1.
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
    question: str,
    hits: Sequence[Hit],
    evidence: Sequence[Evidence],
    terms: Terms,
    document_frequency: Frequency,
) -> Signals:
    """Measure the signals of one question.

    Args:
        question: As it was searched.
        hits: The papers that were read, best first; at least one.
        evidence: Their sentences, best first; `paper` indexes `hits`.
        terms: Reduces a text to the terms by which words are compared.
        document_frequency: Counts the papers that hold each term, and all papers.
    """
    papers = [hit.paper for hit in hits]
    first = evidence[0].paper if evidence else 0
    words = {word: tuple(terms(word)) for word in subjects(question)}
    held = [_held(words, paper, terms) for paper in papers]
    named = [{name for name in names_in(question) if name in has} for has in held]
    names = set(names_in(question)) & set(words)
    anywhere = set().union(*held)
    numbers = asks_for_a_number(question) and not count_numbers(papers[first].abstract)
    odds = [_log_odds(one.score) for one in evidence[:_BEST]]
    cosine = max(hit.cosine for hit in hits)
    return Signals(
        cosine=cosine,
        evidence=sum(odds) / len(odds) if odds else _log_odds(0.0),
        unnamed=float(names > named[first]),
        unheard=float(bool(names - anywhere)),
        uncounted=float(numbers),
        unmeasured=float(lacks_measure(question, papers[first].abstract)),
        aside=_aside(words, papers[first], held[first], terms, document_frequency),
        scattered=len(anywhere - held[first]) / (len(words) or 1),
        far=min(1.0, max(0.0, 1.0 - cosine / _NEAR)),
    )


def _held(words: dict[str, tuple[str, ...]], paper: Paper, terms: Terms) -> set[str]:
    """Return the words of a question that a paper holds."""
    text = f"{paper.title}\n{paper.abstract}"
    held, first_letters = set(terms(text)), initials(text)
    return {word for word in words if holds_name(word, held, first_letters, terms)}


def _aside(
    words: dict[str, tuple[str, ...]],
    paper: Paper,
    held: set[str],
    terms: Terms,
    document_frequency: Frequency,
) -> float:
    title = set(terms(paper.title))
    topic = {word for word, own in words.items() if own and title.issuperset(own)}
    rest = set(words) - topic
    if not topic or not rest:
        return 0.0
    rare = _rarity(words, document_frequency)
    share = sum(rare[word] for word in topic) / (sum(rare.values()) or 1.0)
    return share * len(rest - held) / len(rest)


def _rarity(words: dict[str, tuple[str, ...]], document_frequency: Frequency) -> dict[str, float]:
    """Say how rare each word is in the library: as its rarest term is."""
    flat = [term for own in words.values() for term in own]
    counts, total = document_frequency(flat)
    of_term = dict(zip(flat, counts, strict=True))
    rarest = {word: min((of_term[one] for one in own), default=0) for word, own in words.items()}
    return {
        word: math.log(1 + max(0.0, total - count + 0.5) / (count + 0.5))
        for word, count in rarest.items()
    }


def _log_odds(chance: float) -> float:
    bounded = min(max(chance, _EPSILON), 1 - _EPSILON)
    return math.log(bounded / (1 - bounded))


# A logistic model, fitted by `python -m benchmarks.abstention --fit`, with the sign of each signal
# given beforehand; docs/answers.md tells what on, and how well it separates.
_INTERCEPT = 0.13
_WEIGHTS = Signals(
    cosine=3.30,
    evidence=0.58,
    unnamed=-1.12,
    unheard=-2.66,
    uncounted=-0.93,
    unmeasured=-5.05,
    aside=-1.50,
    scattered=-0.72,
    far=-5.0,  # by hand: too few questions of the fit lie so far off
)


def confidence(signals: Signals) -> float:
    """Estimate how likely it is that the papers hold the answer, 0 to 1."""
    pairs = zip(astuple(_WEIGHTS), astuple(signals), strict=True)
    return 1.0 / (1.0 + math.exp(-_INTERCEPT - sum(weight * value for weight, value in pairs)))


def in_words(chance: float) -> str:
    """Say how sure an answer is, for a reader who wants no figures."""
    for least, words in ((0.8, "confident"), (0.55, "fairly confident"), (0.35, "unsure")):
        if chance >= least:
            return words
    return "very unsure"


def shortfalls(question: str, papers: Sequence[Paper], terms: Terms) -> tuple[str, ...]:
    """Say of each paper what the question asks for and it doesn't mention.

    Args:
        question: As it was searched.
        papers: The papers that come closest.
        terms: Reduces a text to the terms by which words are compared.

    Returns:
        One phrase a paper, to be read behind its title.
    """
    words = {word: frozenset(terms(word)) for word in subjects(question)}
    return tuple(_shortfall(words, paper, terms) for paper in papers)


def _shortfall(words: dict[str, frozenset[str]], paper: Paper, terms: Terms) -> str:
    held = set(terms(f"{paper.title} {paper.abstract}"))
    missing = [word for word, wanted in words.items() if not wanted <= held]
    if not missing:
        return "is on the subject, but no sentence of it answers this"
    if len(missing) == len(words) > 1:
        return "mentions nothing that the question names"
    named = [f"“{word}”" for word in missing[:_NAMED]]
    listed = named[0] if len(named) == 1 else f"{', '.join(named[:-1])} or {named[-1]}"
    return f"doesn't mention {listed}"
