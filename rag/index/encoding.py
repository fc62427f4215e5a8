"""Encode papers: the vectors of their chunks, and those of their tokens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rag.index.chunking import CHUNKER, paper_nodes
from rag.models.token_vectors import TokenVectors, join_chunks

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np
    from llama_index.core.schema import TextNode
    from numpy.typing import NDArray

    from rag.index.token_store import TokenStore
    from rag.models.embedder import Embedder
    from rag.models.encoder import SentenceEncoder
    from rag.papers import Paper

__all__ = ["EncodedPaper", "PaperTokens", "encode_in_steps", "encode_papers", "keep_tokens"]

_STEP = 48  # texts that are encoded before they are stored: a second of work for two cores


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
    return _encoded(papers, _cut(papers, embedder), embedder)


def encode_in_steps(papers: Sequence[Paper], embedder: Embedder) -> Iterator[list[EncodedPaper]]:
    """Encode as `encode_papers` does, a few papers at a time, to be stored at once.

    What is encoded and not yet stored is what a process that is killed loses.
    """
    part: list[Paper] = []
    groups: list[list[TextNode]] = []
    for paper in papers:
        (nodes,) = _cut([paper], embedder)
        if part and sum(map(len, groups)) + len(nodes) > _STEP:
            yield _encoded(part, groups, embedder)
            part, groups = [], []
        part.append(paper)
        groups.append(nodes)
    if part:
        yield _encoded(part, groups, embedder)


def _encoded(
    papers: Sequence[Paper], groups: list[list[TextNode]], embedder: Embedder
) -> list[EncodedPaper]:
    texts = _texts(groups)
    if embedder.one_pass:
        vectors, tokens = _encode(groups, texts, embedder.encoder)
    else:
        vectors = embedder.embed_passages(texts)
        tokens = _tokens_of(papers, embedder.encoder)
    for node, vector in zip((node for nodes in groups for node in nodes), vectors, strict=True):
        node.embedding = vector.tolist()
    return [EncodedPaper(*made) for made in zip(papers, groups, tokens, strict=True)]


def _tokens_of(papers: Sequence[Paper], encoder: SentenceEncoder) -> list[TokenVectors]:
    groups = _cut(papers, encoder)
    return _encode(groups, _texts(groups), encoder)[1]


def _cut(papers: Sequence[Paper], model: Embedder | SentenceEncoder) -> list[list[TextNode]]:
    """Cut papers into chunks that a model takes."""
    from rag.index.chroma_store import chunk_metadata

    return [
        paper_nodes(
            paper,
            max_tokens=model.max_tokens,
            count_tokens=model.count_tokens,
            metadata=chunk_metadata(paper),
        )
        for paper in papers
    ]


def _texts(groups: Sequence[Sequence[TextNode]]) -> list[str]:
    """Return what is embedded of each chunk of all papers."""
    from llama_index.core.schema import MetadataMode

    return [
        node.get_content(metadata_mode=MetadataMode.EMBED) for nodes in groups for node in nodes
    ]


def _encode(
    groups: Sequence[Sequence[TextNode]], texts: Sequence[str], encoder: SentenceEncoder
) -> tuple[list[NDArray[np.float32]], list[TokenVectors]]:
    """Return the vector of each chunk, and the tokens of each paper."""
    vectors: list[NDArray[np.float32]] = []
    packed: list[TokenVectors] = []
    # At once, because the rows of tokens take much memory.
    for _, (vector, starts, rows) in encoder.encode_tokens(texts):
        vectors.append(vector)
        packed.append(TokenVectors.of(starts, rows))
    made = iter(zip(texts, packed, strict=True))
    return vectors, [
        join_chunks([_placed(node, *next(made)) for node in nodes]) for nodes in groups
    ]


def _placed(node: TextNode, text: str, tokens: TokenVectors) -> tuple[int, int, TokenVectors]:
    """Say where a chunk begins in the abstract, and how long the title is that stands before it."""
    return node.start_char_idx or 0, len(text) - len(node.text), tokens


class PaperTokens:
    """The token vectors of papers: those that are kept, and what is missing made anew.

    Args:
        encoder: Makes them.
        store: Keeps them.
    """

    def __init__(self, encoder: SentenceEncoder, store: TokenStore) -> None:
        self._encoder = encoder
        self._store = store

    def __call__(self, papers: Sequence[Paper]) -> list[TokenVectors]:
        """Return the token vectors of each paper."""
        found = self._store.get({one.id: _source(one, self._encoder) for one in papers})
        missing = [one for one in papers if one.id not in found]
        if missing:
            made = _tokens_of(missing, self._encoder)
            self._store.put(_entries(missing, made, self._encoder))
            found |= {one.id: tokens for one, tokens in zip(missing, made, strict=True)}
        return [found[one.id] for one in papers]


def keep_tokens(encoded: Sequence[EncodedPaper], embedder: Embedder, store: TokenStore) -> None:
    """Keep the token vectors of papers."""
    papers, tokens = [one.paper for one in encoded], [one.tokens for one in encoded]
    store.put(_entries(papers, tokens, embedder.encoder))


def _entries(
    papers: Sequence[Paper], tokens: Sequence[TokenVectors], encoder: SentenceEncoder
) -> Iterator[tuple[str, str, TokenVectors]]:
    for paper, made in zip(papers, tokens, strict=True):
        yield paper.id, _source(paper, encoder), made


def _source(paper: Paper, encoder: SentenceEncoder) -> str:
    """Name what token vectors are made from: they are out of date where this has changed."""
    return f"{encoder.name}/{CHUNKER}/{paper.content_hash()}"
