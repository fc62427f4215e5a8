"""Encode papers: the vectors of their chunks, and those of their tokens, in one go."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rag.index.chunking import CHUNKER, paper_nodes
from rag.models.token_vectors import TokenVectors, join_chunks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llama_index.core.schema import TextNode

    from rag.index.token_store import TokenStore
    from rag.models.embedder import Embedder
    from rag.papers import Paper

__all__ = ["EncodedPaper", "PaperTokens", "encode_papers", "keep_tokens"]


@dataclass(frozen=True, slots=True)
class EncodedPaper:
    """A paper as it is indexed.

    Attributes:
        paper: The paper.
        nodes: Its chunks, each with its vector.
        tokens: The vectors of its tokens.
    """

    paper: Paper
    nodes: list[TextNode]
    tokens: TokenVectors


def encode_papers(papers: Sequence[Paper], embedder: Embedder) -> list[EncodedPaper]:
    """Cut papers into chunks and encode those; the papers keep their order."""
    from llama_index.core.schema import MetadataMode

    from rag.index.chroma_store import chunk_metadata

    groups = [
        paper_nodes(
            paper,
            max_tokens=embedder.max_tokens,
            count_tokens=embedder.count_tokens,
            metadata=chunk_metadata(paper),
        )
        for paper in papers
    ]
    texts = [
        node.get_content(metadata_mode=MetadataMode.EMBED) for group in groups for node in group
    ]
    vectors: dict[int, list[float]] = {}
    tokens: dict[int, TokenVectors] = {}
    for place, (vector, starts, rows) in embedder.encode_tokens(texts):
        vectors[place] = vector.tolist()
        tokens[place] = TokenVectors.of(starts, rows)
    done: list[EncodedPaper] = []
    place = 0
    for paper, nodes in zip(papers, groups, strict=True):
        chunks = []
        for node in nodes:
            node.embedding = vectors[place]
            # The title stands before each chunk.
            head = len(texts[place]) - len(node.text)
            chunks.append((node.start_char_idx or 0, head, tokens[place]))
            place += 1
        done.append(EncodedPaper(paper, nodes, join_chunks(chunks)))
    return done


class PaperTokens:
    """The token vectors of papers: those that are kept, and what is missing made anew.

    Args:
        embedder: Makes them.
        store: Keeps them.
    """

    def __init__(self, embedder: Embedder, store: TokenStore) -> None:
        self._embedder = embedder
        self._store = store

    def __call__(self, papers: Sequence[Paper]) -> list[TokenVectors]:
        """Return the token vectors of each paper."""
        found = self._store.get({one.id: _source(one, self._embedder) for one in papers})
        missing = [one for one in papers if one.id not in found]
        if missing:
            made = encode_papers(missing, self._embedder)
            keep_tokens(made, self._embedder, self._store)
            found |= {one.paper.id: one.tokens for one in made}
        return [found[one.id] for one in papers]


def keep_tokens(encoded: Sequence[EncodedPaper], embedder: Embedder, store: TokenStore) -> None:
    """Keep the token vectors of papers."""
    store.put((one.paper.id, _source(one.paper, embedder), one.tokens) for one in encoded)


def _source(paper: Paper, embedder: Embedder) -> str:
    """Name what token vectors are made from: they are out of date where this has changed."""
    return f"{embedder.name}/{CHUNKER}/{paper.content_hash()}"
