"""Terms: what texts are compared by, in the keyword index and in evidence alike.

A term is a word in lower case, without accents and reduced to its stem by Snowball's English
stemmer, in one of its spellings (`rag.text.spelling`). A word of letters and digits gives its
pieces too, because writers disagree where to put the hyphen: "TLR4" shares a term with "TLR-4",
and "GPT2"
with "GPT 2". A word with capitals inside gives a second term, so that a name is told from the word
that it is made of: a question for "SCoRe" is not one for scores.
"""

from __future__ import annotations

import math
import re
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, Protocol

from rag.text.spelling import one_spelling
from rag.text.words import GRAMMAR

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Collection", "analyzer", "as_name", "rarity", "terms", "with_pieces"]

_REMEMBERED = 200_000  # words
_DATA_SET = re.compile(r"(?<![^\W_])data set(s?)(?![^\W_])", re.IGNORECASE)
_LONGEST = 60  # characters of a word that is kept
# Only from where a word begins: else a word of 100,000 letters is walked through from each of them.
_WITH_DIGIT = re.compile(r"(?<![^\W_])[^\W\d_]*\d[^\W_]*")
# Two capitals or more, of which one stands inside; a plural s behind them doesn't count.
_NAME = re.compile(
    r"(?<![^\W_])(?=[^\W\d_]*[A-Z][^\W\d_]*[A-Z])(?![A-Z]{2}s?(?![^\W_]))"
    r"([^\W\d_]{3,}?)(?:(?<=[A-Z])s)?(?![^\W_])"
)
_AS_NAME = "name"  # in front of the second term of a name
_LETTERS_OR_DIGITS = re.compile(r"[^\W\d_]+|\d+")


class Collection(Protocol):
    """Papers, as far as they tell how rare a term is."""

    def document_frequency(self, terms: Sequence[str]) -> tuple[list[int], int]:
        """Count the papers that hold each term, and all papers."""


def terms(text: str, *, grammar: bool = True) -> list[str]:
    """Return the terms of a text in order, repeats included.

    Args:
        text: Any text.
        grammar: Keep function words too.

    >>> terms("The river's TLR4 runs")
    ['the', 'river', 's', 'tlr4', 'tlr', 'nametlr', 'run']
    >>> terms("The river's TLR4 runs", grammar=False)
    ['river', 'tlr4', 'tlr', 'nametlr', 'run']
    """
    return list(analyzer(grammar=grammar).analyze(with_pieces(text)))


def rarity(terms: Sequence[str], collection: Collection) -> list[float]:
    """Weigh terms by how rare they are: nothing for one that every paper holds.

    This is the inverse document frequency of BM25 (Robertson and Zaragoza, "The probabilistic
    relevance framework: BM25 and beyond", 2009).
    """
    counts, papers = collection.document_frequency(terms)
    # An index may still count papers that were removed.
    return [math.log(1 + (max(0, papers - n) + 0.5) / (n + 0.5)) for n in counts]


@cache
def analyzer(*, grammar: bool = True) -> Any:  # noqa: ANN401 - tantivy is not typed here
    """Return the tantivy analyser that makes terms of what `with_pieces` returns."""
    import tantivy

    filters = tantivy.Filter
    builder = (
        tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple())
        .filter(filters.lowercase())
        .filter(filters.ascii_fold())
        .filter(filters.remove_long(_LONGEST))
    )
    if not grammar:
        # Before the stemmer, which makes one term of "does" and "doe".
        builder = builder.filter(filters.custom_stopword(sorted(GRAMMAR)))
    return builder.filter(filters.stemmer("english")).build()


def with_pieces(text: str) -> str:
    """Set behind words what else they are compared by: their pieces, and that they are names.

    A lone digit says too little to be a piece.

    >>> with_pieces("TLR4 and GPT12")
    'TLR4 TLR nameTLR and GPT12 GPT nameGPT 12'
    >>> with_pieces("SCoRe beats RL; Bert, LLMs")
    'SCoRe nameSCoRe beats RL; Bert, LLMs nameLLM'
    """
    return _DATA_SET.sub(r"\g<0> dataset\1", " ".join(map(_with_pieces, text.split(" "))))


@lru_cache(_REMEMBERED)
def _with_pieces(piece: str) -> str:
    """Do it for what stands between two blanks: mostly one word, and mostly one seen before."""
    piece = one_spelling(piece)
    return _NAME.sub(rf"\g<0> {_AS_NAME}\1", _WITH_DIGIT.sub(_spread, piece))


def as_name(word: str) -> str:
    """Return what is set behind a word that is written as a name.

    >>> as_name("SCoRe")
    'nameSCoRe'
    """
    return f"{_AS_NAME}{word}"


def _spread(word: re.Match[str]) -> str:
    pieces = _LETTERS_OR_DIGITS.findall(word[0])
    if len(pieces) < 2:
        return word[0]
    return " ".join([word[0], *(one for one in pieces if len(one) > 1 or not one.isdigit())])
