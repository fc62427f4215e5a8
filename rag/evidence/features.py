"""What is measured of each sentence of an abstract, for a question or a claim.

Most features compare the sentences of one abstract with each other: which is nearest, which holds
the words that the others don't, which is of the kind that is asked for. What is "covered" is a
share of the question's words, each counted by how rare it is in the library: 0 to 1.

By words
    covered_topic: of the words that the title has, times the share of the question that lies beyond
        the title: a sentence that only repeats the topic of a question is none of its answers.
    covered_new: of the words that the title lacks; of all words where the title has all.
    covered_gap: of all words, less the best in the abstract: the sentence that holds most is meant.
    covered_here: with the words that few sentences of this abstract hold counting most.
    position: 0 for the first sentence to 1 for the last; findings stand late.
    first, last: 1 for the first and the last; background, and remarks on code or outlook.
    length: logarithm of its number of words, less 3; a longer sentence says more.
    numbers: logarithm of 1 + its numbers in digits; findings come with figures.
    results, aim, proposal: 1 where it tells a result, states an aim, presents something new.
    general: 1 where it speaks of extensive experiments or of effectiveness, as every paper may.
    availability: 1 where it says where code or data are to be had.
    pronoun: 1 where it begins with "It", "These" or the like and so doesn't stand alone.
    asked_kind: how well it is of the kind that is asked for (see `cues`), less the mean of the
        abstract: numbers for "how many", causes for "why", faults for drawbacks.
    paper_covered: covered by the whole paper, title included: the right paper holds the words.
    paper_rank: 1 / rank of the paper by retrieval.
    paper_fewer: its keyword score as a share of the best paper's, less 1.

By meaning (the vector of a sentence is the direction of the sum of its tokens, in their context)
    cosine_z: cosine with the question, in standard deviations from the abstract's mean.
    cosine_rank: 1 / rank by cosine in the abstract: the nearest stands out.
    beyond_topic: product with the question, both without their part along the abstract's mean
        vector: near to what is asked beyond the topic.
    centrality: cosine with the abstract's mean vector: main statement or detail.
    paper_cosine, paper_best: of the question with that mean vector, and with the nearest sentence.
    paper_farther: cosine of the question with the whole paper, less that of the nearest paper.
    match_z: how near the question's words come to those of the sentence (see `token_match`), in
        standard deviations from the abstract's mean.
    match_gap: the same, less that of the best sentence of all papers.
    paper_match: of the question with the whole paper, less that of the best paper.
    paper_match_rank: 1 / rank of the paper by that.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from rag.evidence.cues import (
    ASKED,
    CUES,
    FITTING,
    count_numbers,
    is_question,
    speaks_a_number,
)
from rag.text.sentences import Span, sentence_spans
from rag.text.terms import rarity, terms

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from rag.evidence.token_match import Match
    from rag.text.terms import Collection

    Vector = NDArray[np.float64]

__all__ = [
    "MEANING_FEATURES",
    "WORD_FEATURES",
    "Abstract",
    "PaperFit",
    "Query",
    "Standing",
    "by_meaning",
    "read_abstract",
    "read_query",
    "standings",
]

# The columns of `Abstract.by_words`, in order.
WORD_FEATURES = (
    "covered_topic", "covered_new", "covered_gap", "covered_here", "position", "first", "last",
    "length", "numbers", "results", "aim", "proposal", "general", "availability", "pronoun",
    "asked_kind", "paper_covered", "paper_rank", "paper_fewer",
)  # fmt: skip

# The columns of `by_meaning`, in order.
MEANING_FEATURES = (
    "cosine_z", "cosine_rank", "beyond_topic", "centrality", "paper_cosine", "paper_best",
    "paper_farther", "match_z", "match_gap", "paper_match", "paper_match_rank",
)  # fmt: skip

_CUED = ("results", "aim", "proposal", "general", "availability", "pronoun")
# Added to a spread, so that sentences that hardly differ aren't told apart by chance.
_COSINES, _MATCHES = 0.03, 0.02
_REMEMBERED = 2_000  # abstracts


@dataclass(frozen=True, slots=True)
class Query:
    """A question or a claim, read once.

    Attributes:
        terms: Its terms, each once; none of grammar.
        weights: How rare each term is in the library, shape (terms,).
        question: Whether it is a question; else it is a claim.
        asked: What it asks for: keys of `ASKED`; empty for a claim.
    """

    terms: tuple[str, ...]
    weights: Vector
    question: bool
    asked: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperFit:
    """How well a paper fits a question, as search found it.

    Attributes:
        score: Higher is better.
        bm25: Of the keyword retriever, 0 where no word is shared.
    """

    score: float
    bm25: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a paper stands among those that were found for the same question.

    Attributes:
        rank: 0 for the best.
        fewer: Its keyword score as a share of the best one, less 1; -1 to 0.
    """

    rank: int
    fewer: float = 0.0


def standings(fits: Sequence[PaperFit]) -> list[Standing]:
    """Compare papers that were found for one question; those that fit equally keep their order."""
    if not fits:
        return []
    order = sorted(range(len(fits)), key=lambda paper: -fits[paper].score)
    ranks = {paper: rank for rank, paper in enumerate(order)}
    bm25 = max(fit.bm25 for fit in fits)
    return [
        Standing(rank=ranks[paper], fewer=fit.bm25 / bm25 - 1 if bm25 > 0 else 0.0)
        for paper, fit in enumerate(fits)
    ]


@dataclass(frozen=True, slots=True)
class Abstract:
    """The sentences of one abstract and what doesn't depend on the question.

    Attributes:
        spans: The sentences.
        texts: Their texts.
        terms: The terms of each.
        title_terms: The terms of the paper's title.
        cues: Of which kinds each sentence is: shape (sentences, len(CUES)), 0 or 1.
        numbers: How many numbers each sentence has in digits, shape (sentences,).
        spoken: Whether a number is spelled out in it, 0 or 1, shape (sentences,).
        words: How many words each sentence has, shape (sentences,).
    """

    spans: list[Span]
    texts: list[str]
    terms: list[frozenset[str]]
    title_terms: frozenset[str]
    cues: Vector
    numbers: Vector
    spoken: Vector
    words: Vector

    def by_words(self, query: Query, standing: Standing) -> Vector:
        """Measure the sentences for a question.

        Args:
            query: The question.
            standing: Of the paper among those given.

        Returns:
            Array of shape (sentences, len(WORD_FEATURES)).
        """
        count = len(self.spans)
        if not count:
            return np.zeros((0, len(WORD_FEATURES)))
        place = np.arange(count)
        cues = {name: self.cues[:, column] for column, name in enumerate(CUES)}
        number = np.maximum(self.numbers > 0, 0.5 * self.spoken)
        asks = {kind: float(kind in query.asked) for kind in ASKED}
        asks_number = max(asks["count"], asks["amount"], asks["time"])
        # A number is the surest sign that a sentence is of the kind that is asked for.
        fitting = 2 * asks_number * number
        for kind, cue in FITTING:
            fitting += asks[kind] * cues[cue]
        columns = [
            *self._coverage(query),
            place / max(1, count - 1),
            place == 0,
            place == count - 1,
            np.log1p(self.words) - 3.0,
            np.log1p(self.numbers),
            *(cues[name] for name in _CUED),
            fitting - fitting.mean(),
            np.full(count, self._covered_by_paper(query)),
            np.full(count, 1.0 / (1 + standing.rank)),
            np.full(count, standing.fewer),
        ]
        return np.column_stack(columns).astype(np.float64)

    def _coverage(self, query: Query) -> list[Vector]:
        """Measure how much of the question's words each sentence holds, by how rare they are."""
        count = len(self.spans)
        held = np.array([[term in terms for term in query.terms] for terms in self.terms], float)
        held = held.reshape(count, len(query.terms))
        covered = _share(held, query.weights)
        sentences = held.sum(axis=0)
        # A word that few sentences of this very abstract hold tells them apart.
        here = np.log(1 + (count - sentences + 0.5) / (sentences + 0.5)) * (sentences > 0)
        new = np.array([term not in self.title_terms for term in query.terms], float)
        # Where all is asked about the title's own words, none of them is mere topic.
        beyond = float(_share(new[None, :], query.weights)[0])
        return [
            beyond * _share(held * (1 - new), query.weights),
            _share(held, query.weights * new) if new.any() else covered,
            covered - covered.max(initial=0.0),
            _share(held, query.weights * here),
        ]

    def _covered_by_paper(self, query: Query) -> float:
        held = frozenset().union(self.title_terms, *self.terms)
        share = sum(w for t, w in zip(query.terms, query.weights, strict=True) if t in held)
        return float(share / (query.weights.sum() + 1e-9))


@functools.lru_cache(_REMEMBERED)
def read_abstract(title: str, abstract: str) -> Abstract:
    """Split an abstract and measure what doesn't depend on a question.

    The last 2,000 are remembered: who asks again asks mostly about the same papers.
    """
    spans = sentence_spans(abstract)
    texts = [abstract[start:end] for start, end in spans]
    cues = [[float(bool(cue.search(text))) for cue in CUES.values()] for text in texts]
    return Abstract(
        spans=spans,
        texts=texts,
        terms=[frozenset(terms(text, grammar=False)) for text in texts],
        title_terms=frozenset(terms(title, grammar=False)),
        cues=np.array(cues, float).reshape(len(texts), len(CUES)),
        numbers=np.array([count_numbers(text) for text in texts], float),
        spoken=np.array([speaks_a_number(text) for text in texts], float),
        words=np.array([len(text.split()) for text in texts], float),
    )


def read_query(text: str, collection: Collection) -> Query:
    """Read a question or a claim.

    Args:
        text: The question.
        collection: The library, which tells how rare each term is.
    """
    asked = tuple(dict.fromkeys(terms(text, grammar=False)))
    question = is_question(text)
    kinds = (kind for kind, pattern in ASKED.items() if pattern.search(text.strip()))
    return Query(
        terms=asked,
        weights=np.array(rarity(asked, collection), float),
        question=question,
        asked=frozenset(kinds) if question else frozenset(),
    )


def by_meaning(vector: NDArray[np.float32], matches: Sequence[Match]) -> list[Vector]:
    """Measure the sentences of all papers that are read for one question.

    Args:
        vector: Unit vector of the question, shape (dimension,).
        matches: How near each paper comes to it.

    Returns:
        For each paper an array of shape (sentences, len(MEANING_FEATURES)).
    """
    if not matches:
        return []
    papers = np.array([(one.whole @ vector, one.paper) for one in matches])
    behind = papers - papers.max(axis=0)
    ranks = [int((papers[:, 1] > one.paper).sum()) for one in matches]
    best = max(float(one.sentences.max(initial=0.0)) for one in matches)
    return [
        _measure(vector.astype(np.float64), *measured, best)
        for measured in zip(matches, behind, ranks, strict=True)
    ]


def _measure(vector: Vector, match: Match, behind: Vector, rank: int, best: float) -> Vector:
    count = len(match.sentences)
    if not count:
        return np.zeros((0, len(MEANING_FEATURES)))
    rows = match.means
    centre = rows.mean(axis=0)
    centre /= np.linalg.norm(centre) + 1e-9
    cosine = rows @ vector
    place = np.empty(count)
    place[np.argsort(-cosine, kind="stable")] = np.arange(count)
    # What the question asks beyond the topic of the whole abstract: both without their part along
    # the abstract's centre.
    beyond = (rows - np.outer(rows @ centre, centre)) @ (vector - (vector @ centre) * centre)
    columns = [
        _standard(cosine, _COSINES),
        1.0 / (1.0 + place),
        beyond,
        rows @ centre,
        np.full(count, centre @ vector),
        np.full(count, cosine.max()),
        np.full(count, behind[0]),
        _standard(match.sentences, _MATCHES),
        match.sentences - best,
        np.full(count, behind[1]),
        np.full(count, 1.0 / (1 + rank)),
    ]
    return np.column_stack(columns)


def _standard(values: Vector, least: float) -> Vector:
    """Return values in standard deviations from their mean."""
    scaled: Vector = (values - values.mean()) / (values.std() + least)
    return scaled


def _share(held: Vector, weights: Vector) -> Vector:
    whole = weights.sum()
    return held @ weights / whole if whole > 0 else np.zeros(len(held))
