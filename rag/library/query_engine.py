"""The answering engine as a LlamaIndex query engine, for anyone's LlamaIndex program."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from llama_index.core.base.base_query_engine import BaseQueryEngine
from llama_index.core.base.response.schema import Response
from llama_index.core.callbacks import CallbackManager
from llama_index.core.schema import NodeRelationship, NodeWithScore, RelatedNodeInfo, TextNode

if TYPE_CHECKING:
    from llama_index.core.prompts.mixin import PromptMixinType
    from llama_index.core.schema import QueryBundle

    from rag.answers.answer import Answer, Citation
    from rag.search.query import Filters

__all__ = ["LibraryQueryEngine"]


class Answers(Protocol):
    """What answers questions: a library."""

    def ask(self, question: str, *, filters: Filters | None = None) -> Answer:
        """Answer a question."""
        ...

    async def aask(self, question: str, *, filters: Filters | None = None) -> Answer:
        """Answer a question without blocking the event loop."""
        ...


class LibraryQueryEngine(BaseQueryEngine):
    """A LlamaIndex `BaseQueryEngine`: the response's source nodes are the quotes it cites.

    The whole `Answer` is in the response's metadata under `answer`.

    Args:
        library: Answers the questions.
        filters: Applied to every question.
    """

    def __init__(self, library: Answers, *, filters: Filters | None = None) -> None:
        super().__init__(CallbackManager())
        self._library = library
        self._filters = filters

    def _get_prompt_modules(self) -> PromptMixinType:
        return {}

    def _query(self, query_bundle: QueryBundle) -> Response:
        return _to_response(self._library.ask(query_bundle.query_str, filters=self._filters))

    async def _aquery(self, query_bundle: QueryBundle) -> Response:
        return _to_response(await self._library.aask(query_bundle.query_str, filters=self._filters))


def _to_response(answer: Answer) -> Response:
    return Response(
        response=answer.text,
        source_nodes=[_to_node(citation) for citation in answer.citations],
        metadata={"answer": answer, "abstained": answer.abstained},
    )


def _to_node(citation: Citation) -> NodeWithScore:
    paper = citation.paper
    node = TextNode(
        id_=f"{paper.id}@{citation.start}",
        text=citation.quote,
        start_char_idx=citation.start,
        end_char_idx=citation.end,
        metadata={"paper_id": paper.id, "title": paper.title, "n": citation.n},
        relationships={NodeRelationship.SOURCE: RelatedNodeInfo(node_id=paper.id)},
    )
    return NodeWithScore(node=node, score=citation.score)
