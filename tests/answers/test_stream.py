"""An answer while it is written: its text as it comes, then the answer, and an end at will."""

from __future__ import annotations

import asyncio
import gc
import threading

import pytest
from servers.openai_server import Reply
from written_answers import GOOD, WHALES

from rag import LLMError, QuestionError, RagError

ENDLESS = "It goes on. " * 2000


def read(stream):
    return list(stream), stream.answer


async def aread(stream):
    return [piece async for piece in stream], stream.answer


@pytest.fixture(params=["blocking", "awaited"])
def stream(request, written):
    """Return a function that reads a whole stream, in either form."""
    if request.param == "blocking":
        return lambda question: read(written.stream(question))
    return lambda question: asyncio.run(aread(written.astream(question)))


def test_the_pieces_are_the_text_of_the_answer(server, stream):
    server.reply(text="", chunks=["Ship noise ", "below 60 hertz doubles the error [", "1", "]."])
    pieces, answer = stream(WHALES)
    assert len(pieces) > 1
    assert all(pieces)
    assert "".join(pieces) == answer.text == "Ship noise below 60 hertz doubles the error [1]."
    assert answer.sentences[0].status == "supported"


def test_quotes_are_streamed_as_well(library):
    pieces, answer = read(library.stream(WHALES))
    assert "".join(pieces) == answer.text
    awaited = asyncio.run(aread(library.astream(WHALES)))
    assert "".join(awaited[0]) == awaited[1].text == answer.text


def test_the_first_words_come_before_the_last_are_sent(server, written):
    hold = threading.Event()
    server.reply(text=GOOD, delay_event=hold, delay_after=3)
    stream = written.stream(WHALES)
    assert next(stream)
    hold.set()
    assert stream.finish().text == GOOD


def test_a_model_is_asked_no_sooner_than_the_text_is(server, written):
    with written.stream(WHALES):
        pass
    written.astream(WHALES)
    gc.collect()  # a stream that nobody read is no coroutine that nobody awaited
    assert not server.requests


def test_there_is_no_answer_before_the_end(server, written):
    server.reply(GOOD, GOOD)
    stream = written.stream(WHALES)
    for _ in range(2):
        with pytest.raises(RagError, match="not finished") as caught:
            _ = stream.answer
        assert "finish()" in caught.value.hint
        next(stream)
    assert stream.finish() is stream.answer
    assert list(stream) == []

    async def too_soon():
        async with written.astream(WHALES) as awaited:
            await anext(awaited)
            with pytest.raises(RagError, match="not finished"):
                _ = awaited.answer
            return await awaited.finish(), awaited.answer

    finished, answer = asyncio.run(too_soon())
    assert finished is answer


def test_a_stream_that_was_closed_has_no_answer(server, written):
    server.reply(GOOD)
    with written.stream(WHALES) as stream:
        next(stream)
    assert list(stream) == []
    with pytest.raises(RagError, match="not finished"):
        stream.finish()


def leave_block(written):
    with written.stream(WHALES) as stream:
        assert next(stream)


def let_go(written):
    for _ in written.stream(WHALES):
        break


async def aleave_block(written):
    async with written.astream(WHALES) as stream:
        assert await anext(stream)


async def alet_go(written):
    async for _ in written.astream(WHALES):
        break
    await asyncio.sleep(0)  # the loop closes it at its next turn


async def cancel(written):
    stream = written.astream(WHALES)
    assert await anext(stream)
    task = asyncio.create_task(stream.finish())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


@pytest.mark.parametrize("leave", [leave_block, let_go, aleave_block, alet_go, cancel])
def test_who_stops_reading_stops_the_model(server, written, leave):
    hold = threading.Event()
    server.reply(text=ENDLESS, delay_event=hold, delay_after=5)
    if asyncio.iscoroutinefunction(leave):
        asyncio.run(leave(written))
    else:
        leave(written)
    hold.set()
    assert server.disconnected.wait(10)


def test_a_blocking_stream_needs_no_event_loop_and_bears_one(server, written):
    server.reply(GOOD, text=ENDLESS)

    async def within():
        pieces, answer = read(written.stream(WHALES))
        let_go(written)
        return "".join(pieces), answer.text

    assert asyncio.run(within()) == (GOOD, GOOD)
    assert server.disconnected.wait(10)


def test_the_event_loop_goes_on_while_an_answer_is_awaited(server, written):
    hold = threading.Event()
    server.reply(text=GOOD, delay_event=hold)

    async def both():
        task = asyncio.create_task(written.aask(WHALES))
        while not server.chats:
            await asyncio.sleep(0)
        hold.set()  # in the loop's own time: were it blocked, nobody would
        return await task

    assert asyncio.run(both()).text == GOOD


def test_no_thread_stays_behind(server, written):
    server.reply(*[Reply(text=GOOD)] * 3)
    written.ask(WHALES)  # the tokenizer and others keep threads of their own
    before = threading.enumerate()
    leave_block(written)
    asyncio.run(aleave_block(written))
    for one in threading.enumerate():
        if one not in before and "process_request" not in one.name:  # those are the endpoint's
            one.join(10)
            assert not one.is_alive(), one.name


@pytest.mark.parametrize("question", ["  ", "why " * 2000])
def test_a_question_that_is_none_is_refused_at_once(library, question):
    for use in (library.stream, library.astream, library.chat().stream, library.chat().astream):
        with pytest.raises(QuestionError):
            use(question)


def test_an_error_comes_with_the_text(server, open_library):
    library = open_library(llm_retries=0)
    server.reply(Reply(status=401), Reply(status=401))
    stream = library.stream(WHALES)
    with pytest.raises(LLMError):
        next(stream)
    with pytest.raises(RagError, match="not finished"):
        _ = stream.answer
    with pytest.raises(LLMError):
        asyncio.run(aread(library.astream(WHALES)))
