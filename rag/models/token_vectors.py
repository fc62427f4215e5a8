"""Vectors of tokens: those of a paper, a bit for each dimension, and those of sentences.

With them a text is compared with a paper word by word. Of each number of a paper's only the sign
is kept: that is 48 bytes a token in the place of 1,536, some 15 kB for 220 words, and ranks as
well.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from rag.models.encoder import EncodedText, EncodeTokens

__all__ = ["TITLE", "TokenVectors", "encode_apart", "join_chunks", "pack", "unit", "unpack"]

TITLE = -1  # where a token of the title begins, so to speak


@dataclass(frozen=True, slots=True)
class TokenVectors:
    """The tokens of one paper: those of its title first, then those of its abstract in order.

    Attributes:
        starts: Where each begins in the abstract, shape (tokens,); `TITLE` for those of the title.
        signs: Of each dimension of its vector, eight to a byte: shape (tokens, bytes).
    """

    starts: NDArray[np.int32]
    signs: NDArray[np.uint8]

    @classmethod
    def of(cls, starts: NDArray[np.int32], rows: NDArray[np.float32]) -> TokenVectors:
        """Keep the signs of vectors, shape (tokens, dimension)."""
        return cls(starts, pack(rows))

    def rows(self, dimension: int) -> NDArray[np.float32]:
        """Return unit vectors of the same signs, shape (tokens, dimension)."""
        return unpack(self.signs, dimension)


def pack(rows: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Keep the signs of vectors, eight to a byte: shape (tokens, bytes)."""
    return np.packbits(rows > 0, axis=1)


def unpack(signs: NDArray[np.uint8], dimension: int) -> NDArray[np.float32]:
    """Return unit vectors of the same signs, shape (tokens, dimension)."""
    bits = np.unpackbits(signs, axis=1, count=dimension)
    rows: NDArray[np.float32] = (bits * np.float32(2) - 1) / np.sqrt(np.float32(dimension))
    return rows


def join_chunks(chunks: Sequence[tuple[int, int, TokenVectors]]) -> TokenVectors:
    """Put together the tokens of a paper's chunks.

    Args:
        chunks: In order: where the chunk begins in the abstract, how long the title is that was
            encoded before it, and the tokens, counted from where the title begins.
    """
    starts, signs = [], []
    for number, (offset, head, tokens) in enumerate(chunks):
        in_text = tokens.starts >= head
        # Every chunk has the title before it; once is enough.
        kept = in_text | (number == 0)
        starts.append(np.where(in_text, tokens.starts - head + offset, TITLE)[kept])
        signs.append(tokens.signs[kept])
    return TokenVectors(np.concatenate(starts).astype(np.int32), np.concatenate(signs))


def encode_apart(encode_tokens: EncodeTokens, texts: Sequence[str]) -> list[EncodedText]:
    """Encode texts, each that occurs more than once only once.

    Returns:
        What was made of each text; one without a letter stands for its only token itself.
    """
    unique = list(dict.fromkeys(texts))
    found = {unique[place]: encoded for place, encoded in encode_tokens(unique)}
    for text, encoded in found.items():
        if not len(encoded.starts):
            rows = encoded.vector[np.newaxis]
            found[text] = encoded._replace(starts=np.zeros(1, np.int32), rows=rows)
    return [found[text] for text in texts]


def unit(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """Scale vectors, the last axis, to length 1; zeros stay."""
    length = np.linalg.norm(rows, axis=-1, keepdims=True)
    return np.asarray(rows / np.maximum(length, 1e-9), dtype=np.float32)
