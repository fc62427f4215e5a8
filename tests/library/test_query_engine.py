"""The library as a LlamaIndex query engine, in a LlamaIndex program."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from llama_index.core import PromptTemplate
from llama_index.core.base.base_query_engine import BaseQueryEngine
from llama_index.core.base.response.schema import AsyncStreamingResponse, StreamingResponse
from llama_index.core.instrumentation import get_dispatcher
from llama_index.core.instrumentation.event_handlers import BaseEventHandler
from llama_index.core.tools import QueryEngineTool
from written_answers import GOOD, WHALES, sent

from rag import Answer, Filters
from rag.errors import QuestionError, SettingsError
from rag.llm.guard import SENTINEL

if TYPE_CHECKING:
    from collections.abc import Iterator

    from servers.openai_server import OpenAIServer

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


def test_a_blank_question_is_refused(library: Library) -> None:
    with pytest.raises(QuestionError):
        library.as_query_engine().query(" ")


# --- streaming ----------------------------------------------------------------------------------


def test_a_stream_has_its_sources_and_its_answer_at_its_end(
    server: OpenAIServer, written: Library
) -> None:
    server.reply(GOOD)
    response = written.as_query_engine(streaming=True).query(WHALES)
    assert isinstance(response, StreamingResponse)
    assert not response.source_nodes
    pieces = list(response.response_gen)
    assert len(pieces) > 2
    assert "".join(pieces) == GOOD
    assert_traced(response)


def test_a_stream_can_be_awaited(server: OpenAIServer, written: Library) -> None:
    server.reply(GOOD)

    async def run() -> AsyncStreamingResponse:
        response = await written.as_query_engine(streaming=True).aquery(WHALES)
        assert isinstance(response, AsyncStreamingResponse)
        pieces = [text async for text in response.async_response_gen()]
        assert len(pieces) > 2
        assert "".join(pieces) == GOOD
        return response

    assert_traced(asyncio.run(run()))


def assert_traced(response: StreamingResponse | AsyncStreamingResponse) -> None:
    assert response.metadata is not None
    answer = response.metadata["answer"]
    assert (answer.text, response.metadata["abstained"]) == (GOOD, False)
    quotes = [node.node.get_content() for node in response.source_nodes]
    assert quotes == [citation.quote for citation in answer.citations] != []


def test_a_stream_that_is_closed_stops_the_model(server: OpenAIServer, written: Library) -> None:
    server.reply(text="", chunks=["Ship noise doubles the error [1]. "] * 5000)
    response = written.as_query_engine(streaming=True).query(WHALES)
    assert isinstance(response, StreamingResponse)
    assert next(response.response_gen)
    response.response_gen.close()
    assert server.disconnected.wait(10)


def test_quotes_come_as_a_stream_too(library: Library) -> None:
    response = library.as_query_engine(streaming=True).query(QUESTION)
    assert str(response) == library.ask(QUESTION).text
    assert response.source_nodes


# --- prompts ------------------------------------------------------------------------------------


def test_its_prompts_can_be_seen(library: Library) -> None:
    prompts = library.as_query_engine().get_prompts()
    assert prompts.keys() == {"answer", "question"}
    assert "Copy numbers" in prompts["answer"].get_template()
    assert set(prompts["question"].template_vars) >= {"evidence", "question"}


def test_its_prompts_can_be_changed_and_nobody_elses_are(
    server: OpenAIServer, written: Library
) -> None:
    server.reply(GOOD, GOOD)
    engine = written.as_query_engine()
    engine.update_prompts(
        {
            "answer": PromptTemplate("Answer like a pirate, or say {sentinel}."),
            "question": PromptTemplate("{evidence} Arr: {question}"),
        }
    )
    engine.query(WHALES + " {evidence}")
    pirate = sent(server)
    assert pirate["system"] == f"Answer like a pirate, or say {SENTINEL}."
    assert pirate["user"].endswith(f"Arr: {WHALES} {{evidence}}")
    assert pirate["user"].count("</paper>") == pirate["user"].count("<paper ")
    written.ask(WHALES)
    assert "pirate" not in sent(server)["system"]
    assert "pirate" in engine.get_prompts()["answer"].get_template()


def test_a_prompt_that_cannot_work_is_refused(library: Library) -> None:
    engine = library.as_query_engine()
    with pytest.raises(SettingsError, match=r"lacks \{evidence\}"):
        engine.update_prompts({"question": PromptTemplate("{question}?")})


# --- events -------------------------------------------------------------------------------------


class Recorder(BaseEventHandler):
    """Notes which events are sent."""

    events: list[Any] = []  # noqa: RUF012 - a pydantic field

    def handle(self, event: Any, **kwargs: Any) -> None:
        self.events.append(event)


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    handler = Recorder()
    dispatcher = get_dispatcher()
    dispatcher.add_event_handler(handler)
    yield handler
    dispatcher.event_handlers.remove(handler)


@pytest.mark.parametrize("streaming", [False, True])
@pytest.mark.parametrize("awaited", [False, True])
def test_llama_index_sees_the_steps_of_a_query(
    library: Library, recorder: Recorder, *, awaited: bool, streaming: bool
) -> None:
    engine = library.as_query_engine(streaming=streaming)
    response = asyncio.run(engine.aquery(QUESTION)) if awaited else engine.query(QUESTION)
    events = {event.class_name(): event for event in recorder.events}
    steps = [name for name in events if name.startswith(("Query", "Retrieval", "Synthesize"))]
    assert steps == [
        "QueryStartEvent",
        "RetrievalStartEvent",
        "RetrievalEndEvent",
        "SynthesizeStartEvent",
        "SynthesizeEndEvent",
        "QueryEndEvent",
    ]
    retrieved = [node.node.ref_doc_id for node in events["RetrievalEndEvent"].nodes]
    assert {node.node.ref_doc_id for node in response.source_nodes} <= set(retrieved) != set()
    assert events["SynthesizeEndEvent"].response is response
    assert events["QueryEndEvent"].response is response


def test_a_retriever_sends_events_too(library: Library, recorder: Recorder) -> None:
    nodes = library.as_retriever(k=2).retrieve(QUESTION)
    (end,) = (event for event in recorder.events if event.class_name() == "RetrievalEndEvent")
    assert end.nodes == nodes
