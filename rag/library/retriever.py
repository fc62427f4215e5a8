"""Hybrid search as a LlamaIndex retriever, for anyone's LlamaIndex program."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llama_index.core.base.base_retriever import BaseRetriever
from llama_index.core.schema import NodeRelationship, NodeWithScore, RelatedNodeInfo, TextNode

if TYPE_CHECKING:
    from collections.abc import Callable

    from llama_index.core.schema import QueryBundle

    from rag.search.hybrid import Hit, SearchResult
    from rag.search.query import Filters

__all__ = ["HybridRetriever", "hit_to_node"]


def hit_to_node(hit: Hit) -> NodeWithScore:
    """Turn a hit into a node: the text is the passage, the offsets are those in the abstract."""
    paper = hit.paper
    metadata = {
        "paper_id": paper.id,
        "title": paper.title,
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
        find: Searches the library as it is at that time; `Library.find`.
        k: How many papers to return.
        filters: Applied to every query.
    """

    def __init__(
        self, find: Callable[..., SearchResult], *, k: int = 10, filters: Filters | None = None
    ) -> None:
        super().__init__()
        self._find = find
        self._k = k
        self._filters = filters

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        found = self._find(query_bundle.query_str, self._k, filters=self._filters)
        return [hit_to_node(hit) for hit in found.hits]
