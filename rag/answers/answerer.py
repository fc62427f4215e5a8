"""From a question to a finished answer, by quoting or by a language model."""

from __future__ import annotations

import asyncio
import threading
from contextlib import aclosing
from dataclasses import replace
from typing import TYPE_CHECKING, Literal, TypeAlias

from rag.answers.draft import Tools
from rag.answers.writer import AnswerWriter
from rag.errors import LLMError, SettingsError
from rag.llm.budget import Budget

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Generator, Sequence

    from rag.answers.answer import Answer
    from rag.answers.prepare import AnswerEngine, Prepared
    from rag.llm.client import LLMClient
    from rag.llm.prompts import Prompts
    from rag.search.query import Filters
    from rag.settings import Settings
    from rag.text.citations import Numbering
    from rag.verification.verifier import Verifier

__all__ = ["ANSWER_MODES", "AnswerMode", "Answerer"]

AnswerMode: TypeAlias = Literal["extractive", "llm"]
ANSWER_MODES: tuple[AnswerMode, ...] = ("extractive", "llm")


class Answerer:
    """Answers questions in the way that is asked for or configured.

    Args:
        engine: Finds papers and evidence, and quotes.
        verifier: Checks what a model wrote.
        settings: Which model writes, within which limits; without one, answers are quotes.
        open_client: Returns the client of the model that writes.
        prompts: What the model is asked.
    """

    def __init__(
        self,
        engine: AnswerEngine,
        verifier: Verifier,
        settings: Settings,
        *,
        open_client: Callable[[], LLMClient],
        prompts: Prompts,
    ) -> None:
        self.engine = engine
        self._verifier = verifier
        self.settings = settings
        self._open_client = open_client
        self._prompts = prompts
        self._lock = threading.Lock()
        self._writer: AnswerWriter | None = None

    def stream(
        self,
        question: str,
        *,
        filters: Filters | None = None,
        mode: AnswerMode | None = None,
        also: Sequence[str] = (),
        focus: str | None = None,
        numbering: Numbering | None = None,
        spending: Budget | None = None,
    ) -> Generator[str | Answer, None, None]:
        """Yield the text as it comes, then the finished answer.

        Args:
            question: Not blank.
            filters: Which papers may be used.
            mode: How to answer; None for `llm` where a model is configured.
            also: Ids of papers that are read whether or not they are found.
            focus: The part of the question that the evidence must answer; all of it when None.
            numbering: The numbers that papers have in this conversation.
            spending: What was used for the question already.

        Raises:
            SettingsError: a model is asked for and none is configured.
            LLMError: the model gave no answer and there is no fallback.
        """
        self.writer(mode)  # fails before the search
        spending = spending or Budget(self.settings)
        prepared = self.engine.prepare(
            question, filters=filters, also=also, focus=focus, spending=spending
        )
        yield from self.write(prepared, mode=mode, numbering=numbering, spending=spending)

    def write(
        self,
        prepared: Prepared,
        *,
        spending: Budget,
        mode: AnswerMode | None = None,
        numbering: Numbering | None = None,
    ) -> Generator[str | Answer, None, None]:
        """Yield the answer to a question that is prepared, as `stream` does."""
        writer = self.writer(mode)
        if isinstance(writer, AnswerWriter):
            yield from writer.stream(prepared, numbering=numbering, spending=spending)
        else:
            answer = self._quote(prepared, numbering, writer, spending)
            yield answer.text
            yield answer

    async def astream(
        self,
        question: str,
        *,
        filters: Filters | None = None,
        mode: AnswerMode | None = None,
        also: Sequence[str] = (),
        focus: str | None = None,
        numbering: Numbering | None = None,
        spending: Budget | None = None,
    ) -> AsyncGenerator[str | Answer, None]:
        """Yield what `stream` yields, without blocking the event loop."""
        await asyncio.to_thread(self.writer, mode)  # fails before the search
        spending = spending or Budget(self.settings)
        prepared = await asyncio.to_thread(
            self.engine.prepare,
            question,
            filters=filters,
            also=also,
            focus=focus,
            spending=spending,
        )
        stream = self.awrite(prepared, mode=mode, numbering=numbering, spending=spending)
        async with aclosing(stream) as events:
            async for event in events:
                yield event

    async def awrite(
        self,
        prepared: Prepared,
        *,
        spending: Budget,
        mode: AnswerMode | None = None,
        numbering: Numbering | None = None,
    ) -> AsyncGenerator[str | Answer, None]:
        """Yield what `write` yields, without blocking the event loop."""
        writer = await asyncio.to_thread(self.writer, mode)
        if isinstance(writer, AnswerWriter):
            stream = writer.astream(prepared, numbering=numbering, spending=spending)
            async with aclosing(stream) as events:
                async for event in events:
                    yield event
        else:
            answer = await asyncio.to_thread(self._quote, prepared, numbering, writer, spending)
            yield answer.text
            yield answer

    def writer(self, mode: AnswerMode | None) -> AnswerWriter | str:
        """Return what writes answers in a mode; else a note for the reader, or nothing to say."""
        if mode not in {None, *ANSWER_MODES}:
            raise SettingsError(
                f"There is no mode {mode!r}.", hint=f"Modes are: {', '.join(ANSWER_MODES)}."
            )
        if mode == "extractive" or (mode is None and self.settings.llm_model is None):
            return ""
        with self._lock:
            try:
                self._writer = self._writer or self._open_writer()
            except LLMError as error:
                if self.settings.fallback != "extractive":
                    raise
                return f"The model can't be asked, so the papers are quoted. {error.message}"
            return self._writer

    def _open_writer(self) -> AnswerWriter:
        settings = self.settings
        self._verifier.reader.load()  # before a model has been paid for what can't be checked
        return AnswerWriter(
            Tools(
                engine=self.engine,
                model=self._open_client(),
                prompts=self._prompts,
                verifier=self._verifier,
                settings=settings,
            )
        )

    def _quote(
        self, prepared: Prepared, numbering: Numbering | None, note: str, spending: Budget
    ) -> Answer:
        answer = self.engine.quote(prepared, numbering=numbering)
        notes = (*answer.notes, note) if note else answer.notes
        return replace(answer, notes=notes, usage=spending.as_dict())
