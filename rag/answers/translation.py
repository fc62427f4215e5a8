"""Have the model put a question into English, which the search knows alone."""

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING

from rag.llm.budget import Usage, estimate_tokens
from rag.llm.guard import Screen, quarantine
from rag.llm.messages import Message
from rag.search.query import MAX_QUESTION
from rag.text.citations import find_markers
from rag.text.decoding import one_line
from rag.text.language import language_of
from rag.text.terms import terms

if TYPE_CHECKING:
    from rag.answers.draft import Tools
    from rag.answers.stream import Backend
    from rag.llm.budget import Budget

__all__ = ["translate"]

_LONGER = 4  # times as many characters as the question: what is longer is no translation of it
_SHORTEST = 120  # characters that a translation may have in any case: Chinese needs few


async def translate(question: str, tools: Tools, budget: Budget, backend: Backend) -> str | None:
    """Return a question in English; None where the model sends nothing like it.

    Args:
        question: In another language.
        tools: The model, and what it is asked.
        budget: What the question may use of the model.
        backend: How to wait.

    Raises:
        LLMError: the model can't be asked.
    """
    prompt = tools.prompts.fill("translate", question=quarantine(question))
    most = min(MAX_QUESTION, max(_SHORTEST, _LONGER * len(question)))
    screen, raw = Screen(limit=most), ""
    usage: Usage | None = None
    room = budget.room()
    deltas = backend.deltas(tools.model, [Message("user", prompt)], max_tokens=room.output)
    try:
        async with aclosing(deltas):
            async for delta in deltas:
                raw += delta.text
                usage = delta.usage or usage
                screen.feed(delta.text)
                if screen.cut:
                    break
    finally:
        if raw or usage:
            guess = Usage(estimate_tokens(prompt), estimate_tokens(raw), estimated=True)
            budget.record(usage or guess)
    screen.finish()
    line = one_line(screen.text.strip().partition("\n")[0]).strip("\"'“”„`* ")
    strange = screen.cut or screen.sentinel or any(find_markers(line))
    said = bool(terms(line, grammar=False)) and language_of(line) is None
    return line if said and not strange and line.casefold() != question.casefold() else None
