"""The library as a LlamaIndex query engine, in a LlamaIndex program."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from llama_index.core.base.base_query_engine import BaseQueryEngine
from llama_index.core.tools import QueryEngineTool

from rag import Answer, Filters

if TYPE_CHECKING:
    from rag import Library

QUESTION = "How much do waggle packets shorten the longest queue?"


def test_the_source_nodes_are_the_quotes(library: Library) -> None:
    engine = library.as_query_engine()
    assert isinstance(engine, BaseQueryEngine)
    response = engine.query(QUESTION)
    answer = library.ask(QUESTION)
    assert str(response) == answer.text
    assert len(response.source_nodes) == len(answer.citations) > 0
    for node, citation in zip(response.source_nodes, answer.citations, strict=True):
        assert node.node.get_content() == citation.quote
        assert node.node.ref_doc_id == citation.paper.id
        assert node.node.metadata["n"] == citation.n
        start, end = node.node.start_char_idx, node.node.end_char_idx  # type: ignore[attr-defined]
        assert citation.paper.abstract[start:end] == citation.quote


def test_the_whole_answer_is_in_the_metadata(library: Library) -> None:
    response = library.as_query_engine().query(QUESTION)
    assert response.metadata is not None
    answer = response.metadata["answer"]
    assert isinstance(answer, Answer)
    assert answer.text == str(response)
    assert response.metadata["abstained"] is False


def test_abstaining_gives_no_source_nodes(library: Library) -> None:
    response = library.as_query_engine().query("What is the capital of Mongolia?")
    assert response.source_nodes == []
    assert response.metadata is not None
    assert response.metadata["abstained"] is True


def test_filters_apply_to_every_question(library: Library) -> None:
    engine = library.as_query_engine(filters=Filters(author="Lind"))
    for question in (QUESTION, "What is seen inside a hot oven?"):
        for node in engine.query(question).source_nodes:
            assert "Jonas Lind" in library.paper(node.node.metadata["paper_id"]).authors


def test_it_can_be_awaited(library: Library) -> None:
    response = asyncio.run(library.as_query_engine().aquery(QUESTION))
    assert "44%" in str(response)


def test_it_can_be_a_tool_of_an_agent(library: Library) -> None:
    tool = QueryEngineTool.from_defaults(
        library.as_query_engine(), name="papers", description="Answers from papers."
    )
    assert "44%" in str(tool.call(QUESTION))
