"""What a turn of the page's conversation goes through, from the question to its end."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from servers.openai_server import Reply
from written_answers import GOOD, WHALES

from rag import Library, QuestionError
from rag.ui.answering import answer_question
from rag.ui.conversations import Conversation

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from servers.openai_server import OpenAIServer


def run(work: Coroutine[Any, Any, Any]) -> Any:
    # In a thread of its own: in that of the tests the loop of the browser's driver may run.
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


async def ask(conversation: Conversation, question: str) -> list[str]:
    return [conversation.turns[-1].shown async for _ in answer_question(conversation, question)]


def test_words_come_first_and_the_checked_answer_last(
    server: OpenAIServer, written: Library
) -> None:
    server.reply(GOOD)
    conversation = Conversation(written.chat())
    shown = run(ask(conversation, WHALES))
    [turn] = conversation.turns
    assert not turn.writing
    assert turn.answer is not None
    assert turn.answer.text == GOOD
    assert "being written" in shown[0]
    assert turn.shown == shown[-1]
    assert "2 of 2 sentences supported" in turn.shown
    assert conversation.stop is None


def test_what_could_not_be_checked_is_counted_and_shown(
    server: OpenAIServer, written: Library
) -> None:
    server.reply(f"{GOOD}\n\n```python\nx = whales(3)\n```")
    conversation = Conversation(written.chat())
    shown = run(ask(conversation, WHALES))[-1]
    assert "2 of 3 sentences supported, 1 unchecked" in shown
    assert 'class="verdict unchecked"' in shown
    assert "code can&#x27;t be compared with an abstract" in shown


def test_markers_lead_to_their_papers_while_words_come_and_when_they_stop(
    server: OpenAIServer, written: Library
) -> None:
    hold = threading.Event()
    text = "Blue whales are counted [citation:1]. The rest [2] is in [0, 1] and a[3] follows. " * 2
    server.reply(text=text, delay_event=hold, delay_after=20)
    conversation = Conversation(written.chat())

    async def stopped() -> None:
        async for _ in answer_question(conversation, WHALES):
            if "follows" in conversation.turns[-1].shown and conversation.stop:
                conversation.stop()

    run(stopped())
    hold.set()
    shown = conversation.turns[-1].shown
    assert "Stopped." in shown
    assert 'href="#rag/open/arxiv%3A9905.00005"' in shown
    assert "[0, 1]" in shown
    assert "a[3]" in shown
    assert "citation:" not in shown


def test_a_turn_that_is_stopped_says_so_and_the_model_stops(
    server: OpenAIServer, written: Library
) -> None:
    hold = threading.Event()
    server.reply(text="It goes on. " * 2000, delay_event=hold, delay_after=5)
    conversation = Conversation(written.chat())

    async def stopped() -> None:
        async for _ in answer_question(conversation, WHALES):
            if "It goes on" in conversation.turns[-1].shown and conversation.stop:
                conversation.stop()

    run(stopped())
    hold.set()
    [turn] = conversation.turns
    assert (turn.writing, turn.answer) == (False, None)
    assert "Stopped." in turn.shown
    assert "It goes on" in turn.shown
    assert server.disconnected.wait(10)


def test_a_page_that_is_left_ends_its_turn(server: OpenAIServer, written: Library) -> None:
    hold = threading.Event()
    server.reply(text="It goes on. " * 2000, delay_event=hold, delay_after=5)
    conversation = Conversation(written.chat())

    async def left() -> None:
        updates = answer_question(conversation, WHALES)
        await anext(updates)
        await anext(updates)
        assert conversation.turns[-1].writing
        await updates.aclose()

    run(left())
    hold.set()
    assert not conversation.turns[-1].writing
    assert "Stopped." in conversation.turns[-1].shown
    assert conversation.stop is None


def test_an_answer_that_failed_says_why(
    server: OpenAIServer, open_library: Callable[..., Library]
) -> None:
    server.reply(Reply(status=401))
    conversation = Conversation(open_library(llm_retries=0).chat())
    run(ask(conversation, WHALES))
    [turn] = conversation.turns
    assert (turn.writing, turn.answer) == (False, None)
    assert "refused the key" in turn.shown


@pytest.mark.parametrize("question", ["  ", "x" * 4_001])
def test_what_is_no_question_makes_no_turn(library: Library, question: str) -> None:
    conversation = Conversation(library.chat())
    with pytest.raises(QuestionError):
        run(ask(conversation, question))
    assert conversation.turns == []
