"""The library as parts of LlamaIndex: a retriever and a query engine for anyone's program."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import llama_index.core.instrumentation as instrument
from llama_index.core.base.base_query_engine import BaseQueryEngine
from llama_index.core.base.base_retriever import BaseRetriever
from llama_index.core.base.response.schema import (
    AsyncStreamingResponse,
    Response,
    StreamingResponse,
)
from llama_index.core.callbacks import CallbackManager
from llama_index.core.instrumentation.events.synthesis import (
    SynthesizeEndEvent,
    SynthesizeStartEvent,
)
from llama_index.core.schema import NodeRelationship, NodeWithScore, RelatedNodeInfo, TextNode

from rag.answers.prepare import AnswerRequest
from rag.answers.stream import AnswerStream, AsyncAnswerStream
from rag.search.query import check_question

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Generator

    from llama_index.core.base.response.schema import RESPONSE_TYPE
    from llama_index.core.prompts.mixin import PromptDictType, PromptMixinType
    from llama_index.core.schema import QueryBundle

    from rag.answers.answer import Answer
    from rag.answers.answerer import Answerer
    from rag.answers.prepare import Prepared
    from rag.answers.stream import Backend
    from rag.llm.prompts import Prompts
    from rag.papers import Paper
    from rag.search.hybrid import Hit, SearchResult
    from rag.search.query import Filters

__all__ = ["HybridRetriever", "LibraryQueryEngine"]

_PROMPTS = ("answer", "question")  # those that a query sends
_dispatcher = instrument.get_dispatcher(__name__)  # type: ignore[attr-defined] # re-exported


class HybridRetriever(BaseRetriever):
    """A LlamaIndex `BaseRetriever` that returns one node a paper.

    A node's text is the passage nearest to the query; its offsets are those in the abstract.

    Args:
        search: Searches the library for one query.
    """

    def __init__(self, search: Callable[[str], SearchResult]) -> None:
        super().__init__()
        self._search = search

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        return [_hit_to_node(hit) for hit in self._search(query_bundle.query_str).hits]

    async def _aretrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        # In a thread as a whole: embedding the query blocks as much as reading the index does.
        return await asyncio.to_thread(self._retrieve, query_bundle)


class LibraryQueryEngine(BaseQueryEngine):
    """A LlamaIndex `BaseQueryEngine`: a response's source nodes are the quotes that it cites.

    The whole `Answer` is in the response's metadata under `answer`. A response that is streamed
    gets source nodes and metadata with the end of its text, when the answer has been checked.

    Args:
        open_answerer: Returns what answers questions, as the library is at that time.
        prompts: The prompts that the answerer uses; `update_prompts` changes them.
        filters: Applied to every question.
        streaming: Whether responses come as streams.
    """

    def __init__(
        self,
        open_answerer: Callable[[], Answerer],
        prompts: Prompts,
        *,
        filters: Filters | None = None,
        streaming: bool = False,
    ) -> None:
        super().__init__(CallbackManager())
        self._open_answerer = open_answerer
        self._prompts = prompts
        self._filters = filters
        self._streaming = streaming

    def _get_prompts(self) -> PromptDictType:
        return {name: self._prompts.get(name) for name in _PROMPTS}

    def _update_prompts(self, prompts: PromptDictType) -> None:
        for name in _PROMPTS:
            if name in prompts:
                self._prompts.set(name, prompts[name])

    def _get_prompt_modules(self) -> PromptMixinType:
        return {}

    def _query(self, query_bundle: QueryBundle) -> RESPONSE_TYPE:
        question = _Question(self._open_answerer(), self._filters)
        question.retrieve(query_bundle)
        _dispatcher.event(SynthesizeStartEvent(query=query_bundle))
        response: RESPONSE_TYPE
        stream = AnswerStream(question.write)
        if self._streaming:
            nodes: list[NodeWithScore] = []
            metadata: dict[str, Any] = {}
            response = StreamingResponse(_texts(stream, nodes, metadata), nodes, metadata)
        else:
            response = _to_response(stream.finish())
        _dispatcher.event(SynthesizeEndEvent(query=query_bundle, response=response))
        return response

    async def _aquery(self, query_bundle: QueryBundle) -> RESPONSE_TYPE:
        question = _Question(await asyncio.to_thread(self._open_answerer), self._filters)
        await question.aretrieve(query_bundle)
        _dispatcher.event(SynthesizeStartEvent(query=query_bundle))
        response: RESPONSE_TYPE
        stream = AsyncAnswerStream(question.write)
        if self._streaming:
            nodes: list[NodeWithScore] = []
            metadata: dict[str, Any] = {}
            response = AsyncStreamingResponse(_atexts(stream, nodes, metadata), nodes, metadata)
        else:
            response = _to_response(await stream.finish())
        _dispatcher.event(SynthesizeEndEvent(query=query_bundle, response=response))
        return response


class _Question(BaseRetriever):
    """One question to a query engine: retrieving prepares its answer, which is then streamed.

    It is a retriever so that LlamaIndex sees what an answer rests on, as with its own engines.

    Args:
        answerer: Prepares and writes the answer.
        filters: Which papers may be used.
    """

    prepared: Prepared

    def __init__(self, answerer: Answerer, filters: Filters | None) -> None:
        super().__init__()
        self._answerer = answerer
        self._filters = filters

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        request = AnswerRequest(
            question=check_question(query_bundle.query_str),
            budget=self._answerer.budget(),
            filters=self._filters,
        )
        self.prepared = self._answerer.prepare(request)
        return [_hit_to_node(hit) for hit in self.prepared.hits]

    async def _aretrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        return await asyncio.to_thread(self._retrieve, query_bundle)

    async def write(self, backend: Backend) -> Answer:
        """Write the answer that was prepared."""
        return await self._answerer.write(self.prepared, backend)


def _texts(
    stream: AnswerStream, nodes: list[NodeWithScore], metadata: dict[str, Any]
) -> Generator[str, None, None]:
    """Yield the text of an answer; fill in source nodes and metadata at its end."""
    with stream:
        yield from stream
        nodes += _sources(stream.answer)
        metadata |= _metadata(stream.answer)


async def _atexts(
    stream: AsyncAnswerStream, nodes: list[NodeWithScore], metadata: dict[str, Any]
) -> AsyncGenerator[str, None]:
    """Yield what `_texts` yields."""
    async with stream:
        async for text in stream:
            yield text
        nodes += _sources(stream.answer)
        metadata |= _metadata(stream.answer)


def _to_response(answer: Answer) -> Response:
    return Response(answer.text, _sources(answer), _metadata(answer))


def _metadata(answer: Answer) -> dict[str, Any]:
    return {"answer": answer, "abstained": answer.abstained}


def _sources(answer: Answer) -> list[NodeWithScore]:
    """Return the quotes that an answer cites, as nodes."""
    return [
        _to_node(
            citation.paper,
            citation.quote,
            (citation.start, citation.end),
            citation.score,
            {"title": citation.paper.heading, "n": citation.n},
        )
        for citation in answer.citations
    ]


def _hit_to_node(hit: Hit) -> NodeWithScore:
    paper, passage = hit.paper, hit.passage
    metadata = {
        "title": paper.heading,
        "authors": list(paper.authors),
        "year": paper.year,
        "venue": paper.venue,
        "url": paper.url,
    }
    stated = {name: value for name, value in metadata.items() if value}
    return _to_node(paper, passage.text, (passage.start, passage.end), hit.score, stated)


def _to_node(
    paper: Paper, text: str, span: tuple[int, int], score: float, metadata: dict[str, Any]
) -> NodeWithScore:
    """Return a piece of an abstract as a node; its offsets are those in the abstract."""
    start, end = span
    node = TextNode(
        id_=f"{paper.id}@{start}",
        text=text,
        start_char_idx=start,
        end_char_idx=end,
        metadata={"paper_id": paper.id, **metadata},
        relationships={NodeRelationship.SOURCE: RelatedNodeInfo(node_id=paper.id)},
    )
    return NodeWithScore(node=node, score=score)
