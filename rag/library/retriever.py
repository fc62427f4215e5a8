"""Hybrid search as a LlamaIndex retriever, for anyone's LlamaIndex program."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llama_index.core.base.base_retriever import BaseRetriever
from llama_index.core.schema import NodeRelationship, NodeWithScore, RelatedNodeInfo, TextNode

if TYPE_CHECKING:
    from llama_index.core.schema import QueryBundle

    from rag.search.hybrid import Hit, HybridSearcher
    from rag.search.query import Filters
    from rag.search.rerank import Reranker

__all__ = ["HybridRetriever", "hit_to_node"]


def hit_to_node(hit: Hit) -> NodeWithScore:
    """Turn a hit into a node: the text is the passage, the offsets are those in the abstract."""
    paper = hit.paper
    metadata = {
        "paper_id": paper.id,
        "title": paper.heading,
        "authors": list(paper.authors),
        "year": paper.year,
        "venue": paper.venue,
        "url": paper.url,
    }
    node = TextNode(
        id_=f"{paper.id}@{hit.passage.start}",
        text=hit.passage.text,
        start_char_idx=hit.passage.start,
        end_char_idx=hit.passage.end,
        metadata={name: value for name, value in metadata.items() if value},
        relationships={NodeRelationship.SOURCE: RelatedNodeInfo(node_id=paper.id)},
    )
    return NodeWithScore(node=node, score=hit.score)


class HybridRetriever(BaseRetriever):
    """A LlamaIndex `BaseRetriever` that returns one node a paper.

    Args:
        searcher: Does the search.
        k: How many papers to return.
        filters: Applied to every query.
        reranker: Reads the first papers again.
    """

    def __init__(
        self,
        searcher: HybridSearcher,
        *,
        k: int = 10,
        filters: Filters | None = None,
        reranker: Reranker | None = None,
    ) -> None:
        super().__init__()
        self._searcher = searcher
        self._k = k
        self._filters = filters
        self._reranker = reranker

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        found = self._searcher.search(
            query_bundle.query_str, self._k, self._filters, reranker=self._reranker
        )
        return [hit_to_node(hit) for hit in found.hits]
