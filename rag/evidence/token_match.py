"""Compare a question with a paper word by word: late interaction.

Each word of the question looks for the token of the paper that is nearest to it in meaning and
context, and how near they are on the whole is the score (MaxSim; Khattab and Zaharia, "ColBERT:
efficient and effective passage search via contextualized late interaction over BERT", SIGIR 2020).
The encoder wasn't trained for this, and it still tells more of a question in other words than one
vector for all of it: docs/answers.md.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from rag.models.products import inner
from rag.models.token_vectors import unit
from rag.text.terms import terms

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from rag.models.encoder import EncodedText
    from rag.models.token_vectors import TokenVectors
    from rag.text.sentences import Span

    Vector = NDArray[np.float64]

__all__ = ["AskedTokens", "Match", "match", "read_tokens"]

_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class AskedTokens:
    """A question by its tokens.

    Attributes:
        vector: Unit vector of the question, shape (dimension,).
        rows: Unit vector of each token, shape (tokens, dimension).
        weights: What each token counts, shape (tokens,); they add up to 1.
    """

    vector: NDArray[np.float32]
    rows: NDArray[np.float32]
    weights: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Match:
    """How near a paper comes to a question.

    Attributes:
        paper: Of the whole paper, its title included, -1 to 1; 0 where it has no tokens.
        sentences: Of each sentence by itself, shape (sentences,).
        whole: Unit vector of the whole paper, shape (dimension,): the direction of the sum of its
            tokens in their context; zeros where it has none.
        means: Unit vector of each sentence likewise, shape (sentences, dimension).
    """

    paper: float
    sentences: Vector
    whole: Vector
    means: Vector


def read_tokens(text: str, encoded: EncodedText, rare: Mapping[str, float]) -> AskedTokens:
    """Weigh the tokens of a question by how rare their words are in the library.

    Args:
        text: The question.
        encoded: Its tokens.
        rare: How rare each of its terms is. Words of grammar have no entry, and count nothing
            unless there is nothing else.
    """
    # Of a word and its pieces the rarest counts, which is the word where the library has it.
    words = [
        (found.end(), max((rare.get(term, 0.0) for term in terms(found[0])), default=0.0))
        for found in _WORD.finditer(text)
    ]
    weights = np.zeros(len(encoded.starts), np.float32)
    for token, start in enumerate(encoded.starts.tolist()):
        weights[token] = next((weight for end, weight in words if start < end), 0.0)
    if not weights.any():
        weights += 1
    return AskedTokens(encoded.vector, encoded.rows, weights / max(weights.sum(), 1e-9))


def match(asked: AskedTokens, tokens: TokenVectors, spans: Sequence[Span]) -> Match:
    """Compare a question with one paper.

    Args:
        asked: The question.
        tokens: The paper.
        spans: The sentences of its abstract, in order.
    """
    dimension = len(asked.vector)
    scores = np.zeros(len(spans))
    whole = np.zeros(dimension)
    means = np.zeros((len(spans), dimension))
    if not len(tokens.starts) or not len(asked.weights):
        return Match(0.0, scores, whole, means)
    rows = tokens.rows(dimension)
    whole += unit(rows.sum(axis=0))
    nearness = inner(asked.rows, rows)
    owners = np.searchsorted([span.start for span in spans], tokens.starts, side="right") - 1
    # Tokens stand in the order of the text: each sentence has a run of them.
    firsts = np.flatnonzero(np.diff(owners, prepend=-1))
    told = owners[firsts]
    if len(told):
        scores += float(asked.weights @ nearness[:, firsts[0] :].min(axis=1))
        scores[told] = asked.weights @ np.maximum.reduceat(nearness, firsts, axis=1)
        means[told] = unit(np.add.reduceat(rows, firsts, axis=0))
    return Match(float(asked.weights @ nearness.max(axis=1)), scores, whole, means)
