"""The library as a LlamaIndex retriever, in a LlamaIndex program."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any

import pytest
from llama_index.core.base.base_retriever import BaseRetriever
from llama_index.core.postprocessor import SimilarityPostprocessor
from llama_index.core.query_engine import RetrieverQueryEngine
from llama_index.core.response_synthesizers import ResponseMode
from servers.openai_server import Reply

from rag import Filters
from rag.errors import QuestionError
from rag.models.encoder import SentenceEncoder

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from servers.openai_server import OpenAIServer

    from rag import Library


def test_it_is_a_retriever_that_returns_one_node_a_paper(library: Library) -> None:
    retriever = library.as_retriever(k=4)
    assert isinstance(retriever, BaseRetriever)
    nodes = retriever.retrieve("counting whales")
    hits = library.search("counting whales", 4)
    assert [node.node.ref_doc_id for node in nodes] == [hit.paper.id for hit in hits]
    assert [node.score for node in nodes] == [hit.score for hit in hits]
    assert [node.text for node in nodes] == [hit.passage.text for hit in hits]


def test_nodes_lead_to_the_paper_and_the_place_in_it(library: Library) -> None:
    for found in library.as_retriever(k=12).retrieve("museum recordings"):
        node = found.node
        paper = library.paper(node.metadata["paper_id"])
        assert node.metadata["title"] == paper.title
        start, end = node.start_char_idx, node.end_char_idx  # type: ignore[attr-defined]
        assert paper.abstract[start:end] == node.get_content()


def test_filters_and_k(library: Library) -> None:
    retriever = library.as_retriever(k=3, filters=Filters(year_to=2020))
    years = [node.metadata["year"] for node in retriever.retrieve("results")]
    assert len(years) == 3
    assert max(years) <= 2020


def test_it_can_be_awaited(library: Library) -> None:
    nodes = asyncio.run(library.as_retriever(k=2).aretrieve("honeybees"))
    assert nodes[0].metadata["paper_id"] == "arxiv:9902.00002"


def test_awaiting_it_leaves_the_event_loop_free(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    go = threading.Event()
    encode = SentenceEncoder.encode

    def wait(self: SentenceEncoder, texts: Any) -> Any:
        assert go.wait(10), "the event loop was blocked"
        return encode(self, texts)

    monkeypatch.setattr(SentenceEncoder, "encode", wait)

    async def run() -> Any:
        retrieval = asyncio.ensure_future(library.as_retriever(k=2).aretrieve("honeybees"))
        await asyncio.sleep(0)
        go.set()
        return await retrieval

    assert asyncio.run(run())[0].metadata["paper_id"] == "arxiv:9902.00002"


def test_every_query_has_a_reranking_budget_of_its_own(
    server: OpenAIServer, open_library: Callable[..., Library]
) -> None:
    settings = {"rerank": "llm", "rerank_depth": 6, "llm_max_tokens_per_question": 1500}
    retriever = open_library(**settings).as_retriever(k=3)
    used = {"prompt_tokens": 1450, "completion_tokens": 40, "total_tokens": 1490}
    server.reply(Reply(text="[2] > [1]", usage=used), Reply(text="[2] > [1]", usage=used))
    first, second = retriever.retrieve("honeybees"), retriever.retrieve("honeybees")
    assert len(server.chats) == 2
    assert [node.node_id for node in second] == [node.node_id for node in first]
    assert first[1].metadata["paper_id"] == "arxiv:9902.00002"


def test_it_outlives_a_rebuild(tiny_library: Library, data: Path) -> None:
    tiny_library.add(data / "papers.jsonl")
    retriever = tiny_library.as_retriever(k=2)
    before = [node.node_id for node in retriever.retrieve("honeybees")]
    tiny_library.rebuild()
    assert [node.node_id for node in retriever.retrieve("honeybees")] == before


def test_a_blank_query_is_refused(library: Library) -> None:
    with pytest.raises(QuestionError):
        library.as_retriever().retrieve(" ")


def test_it_fits_into_other_parts_of_llama_index(library: Library) -> None:
    from llama_index.core.llms import MockLLM

    engine = RetrieverQueryEngine.from_args(
        library.as_retriever(k=3),
        llm=MockLLM(),
        response_mode=ResponseMode.COMPACT,
        node_postprocessors=[SimilarityPostprocessor(similarity_cutoff=0.0)],
    )
    response = engine.query("How do honeybees route?")
    assert response.source_nodes[0].metadata["paper_id"] == "arxiv:9902.00002"
