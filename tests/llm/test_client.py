"""A client of one's own: a plain object that answers in place of an endpoint."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING

import pytest
from written_answers import GOOD, WHALES

from rag import LLMError
from rag.llm.client import Delta, Message
from rag.llm.failures import BrokenStreamError, ContextTooLongError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Generator, Sequence

    from servers.openai_server import OpenAIServer

    from rag import Answer, Library


class Typewriter:
    """Types what it was told to, word by word, or jams."""

    name = "typewriter"
    endpoint = "a desk"

    def __init__(self, *replies: str | LLMError) -> None:
        self.replies = list(replies)
        self.requests: list[str] = []

    def stream(
        self, messages: Sequence[Message], *, max_tokens: int
    ) -> Generator[Delta, None, None]:
        self.requests.append("\n".join(message.content for message in messages))
        reply = self.replies.pop(0)
        if isinstance(reply, BrokenStreamError):
            yield Delta("Ship noise doubles the error [1]. It of")
        if isinstance(reply, LLMError):
            raise reply
        for word in re.findall(r"\S+\s*", reply):
            yield Delta(word)
        yield Delta(finish="stop")

    async def astream(
        self, messages: Sequence[Message], *, max_tokens: int
    ) -> AsyncGenerator[Delta, None]:
        for delta in self.stream(messages, max_tokens=max_tokens):
            yield delta

    def list_models(self) -> list[str]:
        return [self.name]


@pytest.fixture(params=[False, True], ids=["blocking", "awaited"])
def ask(
    request: pytest.FixtureRequest, open_library: Callable[..., Library]
) -> Callable[..., Answer]:
    """Return a function that asks a question of a library with a client."""

    def ask_with(client: Typewriter, **values: object) -> Answer:
        library = open_library(llm=client, **values)
        return asyncio.run(library.aask(WHALES)) if request.param else library.ask(WHALES)

    return ask_with


def test_it_writes_the_answers(ask: Callable[..., Answer], server: OpenAIServer) -> None:
    client = Typewriter(GOOD)
    answer = ask(client)
    assert (answer.mode, answer.model, answer.text) == ("llm", "typewriter", GOOD)
    assert answer.parameters["endpoint"] == "a desk"
    assert [sentence.status for sentence in answer.sentences] == ["supported", "supported"]
    assert WHALES in client.requests[0]
    assert answer.usage["estimated"]
    assert not server.requests


def test_it_may_ask_for_less(ask: Callable[..., Answer]) -> None:
    client = Typewriter(ContextTooLongError("It is too long.", ratio=0.3), GOOD)
    answer = ask(client)
    assert answer.text == GOOD
    assert len(client.requests[1]) < len(client.requests[0])
    assert any(note.startswith(("Left out", "Shortened")) for note in answer.notes)


def test_it_may_break_off(ask: Callable[..., Answer]) -> None:
    answer = ask(Typewriter(BrokenStreamError("The ribbon tore.")))
    assert answer.text.startswith("Ship noise doubles the error [1].")
    assert any("broke off" in note for note in answer.notes)


def test_it_may_fail(ask: Callable[..., Answer]) -> None:
    with pytest.raises(LLMError, match="A key is stuck"):
        ask(Typewriter(LLMError("A key is stuck.")))
    answer = ask(Typewriter(LLMError("A key is stuck.")), fallback="extractive")
    assert answer.mode == "extractive"
    assert any("A key is stuck." in note for note in answer.notes)


def test_it_reranks_and_rewrites_follow_ups(open_library: Callable[..., Library]) -> None:
    client = Typewriter(
        "[2] > [1]", GOOD, "What doubles the error of counting whales?", "[1]", GOOD
    )
    chat = open_library(llm=client, rerank="llm").chat()
    chat.ask(WHALES)
    chat.ask("What doubles its error?")
    assert chat.understood == "What doubles the error of counting whales?"
    assert not client.replies
    assert "best first" in client.requests[0]


def test_another_model_is_asked_at_the_endpoint(
    open_library: Callable[..., Library], server: OpenAIServer
) -> None:
    client = Typewriter()
    server.reply(GOOD)
    answer = open_library(llm=client).chat(model="other-model").ask(WHALES)
    assert answer.model == "other-model"
    assert server.chats[0].body["model"] == "other-model"
    assert not client.requests
