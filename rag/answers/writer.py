"""Answers written by a language model: streamed or awaited, then checked."""

from __future__ import annotations

import asyncio
from contextlib import aclosing, closing
from typing import TYPE_CHECKING

from rag.answers.draft import Draft
from rag.errors import LLMError
from rag.llm.budget import Budget
from rag.llm.cache import AnswerCache
from rag.text.citations import Numbering

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator

    from rag.answers.answer import Answer
    from rag.answers.draft import Tools
    from rag.answers.prepare import Prepared

__all__ = ["AnswerWriter"]


class AnswerWriter:
    """Has a model write answers from the papers that were found, and checks every sentence.

    Args:
        tools: The engine, the model, the prompts, the verifier and the settings.
    """

    def __init__(self, tools: Tools) -> None:
        self.tools = tools
        settings = tools.settings
        folder, limit = settings.cache / "answers", settings.answer_cache_mb * 1_000_000
        self._cache = AnswerCache(folder, limit=limit) if settings.answer_cache else None

    def stream(
        self,
        prepared: Prepared,
        *,
        numbering: Numbering | None = None,
        spending: Budget | None = None,
    ) -> Generator[str | Answer, None, None]:
        """Yield the text as it comes, then the finished answer.

        Args:
            prepared: The question and the papers found for it.
            numbering: The numbers that papers have in this conversation.
            spending: What was used for the question already.

        Raises:
            LLMError: the model gave no answer and there is no fallback.
        """
        draft = self._begin(prepared, numbering, spending)
        while draft.open:
            for shown in self._run(draft):
                if shown:
                    yield shown
        answer = self._end(draft)
        if tail := draft.tail(answer):
            yield tail
        yield answer

    async def astream(
        self,
        prepared: Prepared,
        *,
        numbering: Numbering | None = None,
        spending: Budget | None = None,
    ) -> AsyncGenerator[str | Answer, None]:
        """Yield what `stream` yields, without blocking the event loop."""
        draft = self._begin(prepared, numbering, spending)
        while draft.open:
            async with aclosing(self._arun(draft)) as pieces:
                async for shown in pieces:
                    if shown:
                        yield shown
        answer = await asyncio.to_thread(self._end, draft)
        if tail := draft.tail(answer):
            yield tail
        yield answer

    def _run(self, draft: Draft) -> Generator[str, None, None]:
        """Ask the model once, and yield what may be shown of its answer."""
        try:
            request = draft.request()
            if kept := self._cache and self._cache.get(draft.cache_key()):
                yield draft.take_cached(kept)
            else:
                model = self.tools.model
                with closing(
                    model.stream(request.messages, max_tokens=request.max_tokens)
                ) as deltas:
                    for delta in deltas:
                        yield draft.take(delta)
                        if draft.full:
                            break
        except LLMError as error:
            rest = draft.fail(error)
        else:
            rest = draft.close()
        yield rest

    async def _arun(self, draft: Draft) -> AsyncGenerator[str, None]:
        try:
            request = draft.request()
            if kept := self._cache and self._cache.get(draft.cache_key()):
                yield draft.take_cached(kept)
            else:
                model = self.tools.model
                async with aclosing(
                    model.astream(request.messages, max_tokens=request.max_tokens)
                ) as deltas:
                    async for delta in deltas:
                        yield draft.take(delta)
                        if draft.full:
                            break
        except LLMError as error:
            rest = draft.fail(error)
        else:
            rest = draft.close()
        yield rest

    def _begin(
        self, prepared: Prepared, numbering: Numbering | None, spending: Budget | None
    ) -> Draft:
        return Draft(
            self.tools,
            prepared,
            numbering=numbering if numbering is not None else Numbering(),
            spending=spending or Budget(self.tools.settings),
        )

    def _end(self, draft: Draft) -> Answer:
        answer = draft.answer()
        if self._cache is not None and (kept := draft.keep()):
            self._cache.put(draft.cache_key(), kept)
        return answer
