"""What is measured of each sentence of an abstract by its words, for a question or a claim.

Most features compare the sentences of one abstract with each other: which is nearest, which holds
the words that the others don't, which is of the kind that is asked for. `evidence_weights` tells
the meaning, the weight and the reason of each.
"""

from __future__ import annotations

import functools
import math
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

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from rag.papers import Paper

    Vector = NDArray[np.float64]

__all__ = [
    "WORD_FEATURES",
    "Abstract",
    "PaperFit",
    "Query",
    "Standing",
    "read_abstract",
    "read_query",
    "standings",
    "terms_of",
]

# The columns of `Abstract.by_words`, in order.
WORD_FEATURES = (
    "covered_topic", "covered_new", "covered_gap", "covered_here", "position", "first", "last",
    "length", "numbers", "results", "aim", "proposal", "general", "availability", "pronoun",
    "asked_kind", "paper_covered", "paper_rank", "paper_farther", "paper_fewer",
)  # fmt: skip

_CUED = ("results", "aim", "proposal", "general", "availability", "pronoun")

# Words of grammar, as they stand in a text.
_GRAMMAR = (
    "a an the of in on at to for from by with and or but nor not no is are was were be been being"
    " am do does did done has have had having it its this that these those there their they them"
    " he she his her we our us you your i my me who whom whose which what when where why how can"
    " could may might must shall should will would as than then so such if into onto over under"
    " about between among within without out up down off per via vs each any some all both either"
    " neither one also just only very more most much many few less least s t d ll m re ve ones"
)
_LONGEST = 60  # characters of a word that the keyword index keeps


@dataclass(frozen=True, slots=True)
class Query:
    """A question or a claim, read once.

    Attributes:
        terms: Its terms, each once, in the form that the keyword index has.
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
        score: Of both retrievers together; higher is better.
        cosine: Of the question and the nearest chunk, -1 to 1.
        bm25: Of the keyword retriever, 0 where no word is shared.
    """

    score: float
    cosine: float
    bm25: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a paper stands among those that were found for the same question.

    Attributes:
        rank: 0 for the best.
        farther: Its cosine less the best one; 0 or less.
        fewer: Its keyword score as a share of the best one, less 1; -1 to 0.
    """

    rank: int
    farther: float = 0.0
    fewer: float = 0.0


def standings(fits: Sequence[PaperFit]) -> list[Standing]:
    """Compare papers that were found for one question; those that fit equally keep their order."""
    if not fits:
        return []
    order = sorted(range(len(fits)), key=lambda paper: -fits[paper].score)
    ranks = {paper: rank for rank, paper in enumerate(order)}
    cosine = max(fit.cosine for fit in fits)
    bm25 = max(fit.bm25 for fit in fits)
    return [
        Standing(
            rank=ranks[paper],
            farther=fit.cosine - cosine,
            fewer=fit.bm25 / bm25 - 1 if bm25 > 0 else 0.0,
        )
        for paper, fit in enumerate(fits)
    ]


@dataclass(slots=True)
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
            np.full(count, standing.farther),
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


def read_abstract(paper: Paper) -> Abstract:
    """Split an abstract and measure what doesn't depend on a question."""
    spans = sentence_spans(paper.abstract)
    texts = [paper.abstract[start:end] for start, end in spans]
    cues = [[float(bool(cue.search(text))) for cue in CUES.values()] for text in texts]
    return Abstract(
        spans=spans,
        texts=texts,
        terms=[frozenset(terms_of(text)) for text in texts],
        title_terms=frozenset(terms_of(paper.title)),
        cues=np.array(cues, float).reshape(len(texts), len(CUES)),
        numbers=np.array([count_numbers(text) for text in texts], float),
        spoken=np.array([speaks_a_number(text) for text in texts], float),
        words=np.array([len(text.split()) for text in texts], float),
    )


def read_query(
    text: str, document_frequency: Callable[[Sequence[str]], tuple[list[int], int]]
) -> Query:
    """Read a question or a claim.

    Args:
        text: The question.
        document_frequency: Counts the papers that hold each term, and all papers.
    """
    terms = tuple(dict.fromkeys(terms_of(text)))
    counts, papers = document_frequency(terms)
    # The weight of BM25 (Robertson and Zaragoza 2009): nothing for a word in every paper.
    weights = [math.log(1 + (max(0, papers - n) + 0.5) / (n + 0.5)) for n in counts]
    question = is_question(text)
    kinds = (kind for kind, pattern in ASKED.items() if pattern.search(text.strip()))
    return Query(
        terms=terms,
        weights=np.array(weights, float),
        question=question,
        asked=frozenset(kinds) if question else frozenset(),
    )


def _share(held: Vector, weights: Vector) -> Vector:
    whole = weights.sum()
    return held @ weights / whole if whole > 0 else np.zeros(len(held))


def terms_of(text: str) -> list[str]:
    """Return the terms of a text in the form that the keyword index has; none of grammar."""
    analyse, grammar = _analyzer()
    return [term for term in analyse(text) if term not in grammar]


@functools.cache
def _analyzer() -> tuple[Callable[[str], list[str]], frozenset[str]]:
    """Return what makes terms as the keyword index has them, and the terms of grammar."""
    import tantivy

    filters = tantivy.Filter
    analyzer = (
        tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple())
        .filter(filters.lowercase())
        .filter(filters.ascii_fold())
        .filter(filters.remove_long(_LONGEST))
        .filter(filters.stemmer("english"))
        .build()
    )
    return analyzer.analyze, frozenset(analyzer.analyze(_GRAMMAR))
