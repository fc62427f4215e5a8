"""The library as a LlamaIndex retriever, in a LlamaIndex program."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from llama_index.core.base.base_retriever import BaseRetriever
from llama_index.core.postprocessor import SimilarityPostprocessor
from llama_index.core.query_engine import RetrieverQueryEngine
from llama_index.core.response_synthesizers import ResponseMode

from rag import Filters

if TYPE_CHECKING:
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
