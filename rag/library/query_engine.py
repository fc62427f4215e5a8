"""The answering engine as a LlamaIndex query engine, for anyone's LlamaIndex program."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from llama_index.core.base.base_query_engine import BaseQueryEngine
from llama_index.core.base.response.schema import Response
from llama_index.core.callbacks import CallbackManager
from llama_index.core.schema import NodeRelationship, NodeWithScore, RelatedNodeInfo, TextNode

if TYPE_CHECKING:
    from llama_index.core.prompts.mixin import PromptMixinType
    from llama_index.core.schema import QueryBundle

    from rag.answers.answer import Answer, Citation
    from rag.answers.answerer import Answerer
    from rag.search.query import Filters

__all__ = ["LibraryQueryEngine"]


class LibraryQueryEngine(BaseQueryEngine):
    """A LlamaIndex `BaseQueryEngine`: the response's source nodes are the quotes it cites.

    The whole `Answer` is in the response's metadata under `answer`.

    Args:
        answerer: Answers the questions.
        filters: Applied to every question.
    """

    def __init__(self, answerer: Answerer, *, filters: Filters | None = None) -> None:
        super().__init__(CallbackManager())
        self._answerer = answerer
        self._filters = filters

    def _get_prompt_modules(self) -> PromptMixinType:
        return {}

    def _query(self, query_bundle: QueryBundle) -> Response:
        *_, answer = self._answerer.stream(query_bundle.query_str, filters=self._filters)
        return _to_response(cast("Answer", answer))

    async def _aquery(self, query_bundle: QueryBundle) -> Response:
        stream = self._answerer.astream(query_bundle.query_str, filters=self._filters)
        answer = [event async for event in stream][-1]
        return _to_response(cast("Answer", answer))


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
        metadata={"paper_id": paper.id, "title": paper.heading, "n": citation.n},
        relationships={NodeRelationship.SOURCE: RelatedNodeInfo(node_id=paper.id)},
    )
    return NodeWithScore(node=node, score=citation.score)
