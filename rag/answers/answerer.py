"""From a question to a finished answer, by quoting or by a language model."""

from __future__ import annotations

import threading
from contextlib import aclosing
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from rag.answers.answer import ANSWER_MODES
from rag.answers.draft import Draft, Tools
from rag.answers.plan import plan
from rag.answers.quoting import quote
from rag.answers.second_opinion import judge, repair
from rag.answers.stream import show
from rag.answers.translation import translate
from rag.errors import LLMError, SettingsError
from rag.llm.budget import Budget
from rag.llm.cache import AnswerCache

if TYPE_CHECKING:
    from collections.abc import Callable

    from rag.answers.answer import Answer, AnswerMode
    from rag.answers.prepare import AnswerRequest, Prepared, Retrieval
    from rag.answers.stream import Backend
    from rag.llm.client import LLMClient
    from rag.llm.prompts import Prompts
    from rag.settings import Settings
    from rag.verification.verifier import Verifier

__all__ = ["Answerer", "Writer"]


class Writer(NamedTuple):
    """Who writes an answer.

    Attributes:
        tools: The model and what its work is checked with; None where the papers are quoted.
        note: What a reader should know of the choice; mostly nothing.
    """

    tools: Tools | None
    note: str = ""


class Answerer:
    """Answers questions in the way that is asked for or configured.

    Args:
        retrieval: Finds papers and evidence.
        verifier: Checks what a model wrote.
        settings: Which model writes, within which limits; without one, answers are quotes.
        open_client: Returns the client of the model that writes.
        prompts: What the model is asked.
    """

    def __init__(
        self,
        retrieval: Retrieval,
        verifier: Verifier,
        settings: Settings,
        *,
        open_client: Callable[[], LLMClient],
        prompts: Prompts,
    ) -> None:
        self.settings = settings
        self._retrieval = retrieval
        self._verifier = verifier
        self._open_client = open_client
        self._prompts = prompts
        self._lock = threading.Lock()
        self._tools: Tools | None = None
        folder, limit = settings.cache / "answers", settings.answer_cache_mb * 1_000_000
        self._cache = AnswerCache(folder, limit=limit) if settings.answer_cache else None

    def budget(self) -> Budget:
        """Return what one question may use of the model, and has not used yet."""
        return Budget(self.settings)

    async def answer(self, request: AnswerRequest, backend: Backend) -> Answer:
        """Answer a question, and show the text as it comes.

        Args:
            request: The question.
            backend: How to wait.

        Raises:
            SettingsError: a model is asked for and none is configured.
            LLMError: the model gave no answer and there is no fallback.
        """
        prepared = await backend.run(self.prepare, request)
        question, note = await self.translate(prepared, backend)
        if question:
            prepared = await backend.run(self.prepare, replace(request, question=question))
        answer = await self.write(prepared, backend)
        notes = (note, *answer.notes) if note else answer.notes
        return replace(answer, question=request.question, notes=notes)

    def prepare(self, request: AnswerRequest) -> Prepared:
        """Find what a question is answered from.

        Raises:
            As `answer` does, before anything is searched.
        """
        self.writer(request.mode)
        return plan(request, self._retrieval, self.settings)

    async def translate(self, prepared: Prepared, backend: Backend) -> tuple[str, str]:
        """Have the model that writes translate a question that is in no language of the search.

        Returns:
            The question in English, empty where there is no need or no model; and what a reader
            should know of it.
        """
        if not prepared.language:
            return "", ""
        tools = (await backend.run(self.writer, prepared.request.mode)).tools
        if tools is None:
            return "", ""
        asked, budget = prepared.request.focus or prepared.asked, prepared.request.budget
        try:
            question = await translate(asked, tools, budget, backend)
        except LLMError as error:
            return "", f"The question could not be translated. {error.message}"
        name = tools.model.name
        if question is None:
            return "", f"{name} was asked to translate the question, and sent no English question."
        return question, f"Translated from {prepared.language} by {name}: “{question}”"

    async def write(self, prepared: Prepared, backend: Backend) -> Answer:
        """Answer a question that is prepared, as `answer` does."""
        if prepared.settled is not None:
            found = replace(
                prepared.settled, timings=prepared.timings, retrieved=prepared.retrieved
            )
            answer = _finished(found, prepared)
            await show(answer.text)
            return answer
        writer = await backend.run(self.writer, prepared.request.mode)
        if writer.tools is not None:
            return _finished(await self._write(writer.tools, prepared, backend), prepared)
        answer = _finished(await backend.run(self._quote, prepared, writer.note), prepared)
        await show(answer.text)
        return answer

    def writer(self, mode: AnswerMode | None) -> Writer:
        """Return who writes answers in a mode.

        Raises:
            SettingsError: there is no such mode, or no model is configured.
            LLMError: the model can't be asked and there is no fallback.
        """
        if mode not in {None, *ANSWER_MODES}:
            raise SettingsError(
                f"There is no mode {mode!r}.", hint=f"Modes are: {', '.join(ANSWER_MODES)}."
            )
        if mode == "extractive" or (mode is None and self.settings.llm_model is None):
            return Writer(None)
        with self._lock:
            try:
                self._tools = self._tools or self._open_tools()
            except LLMError as error:
                if self.settings.fallback != "extractive":
                    raise
                why = f"The model can't be asked, so the papers are quoted. {error.message}"
                return Writer(None, why)
            return Writer(self._tools)

    def _open_tools(self) -> Tools:
        self._verifier.reader.load()  # before a model has been paid for what can't be checked
        return Tools(
            model=self._open_client(),
            prompts=self._prompts,
            verifier=self._verifier,
            settings=self.settings,
        )

    def _quote(self, prepared: Prepared, note: str) -> Answer:
        answer = quote(prepared, self.settings, self._verifier.reader)
        notes = (*answer.notes, note) if note else answer.notes
        return replace(answer, notes=notes, usage=prepared.request.budget.as_dict())

    async def _write(self, tools: Tools, prepared: Prepared, backend: Backend) -> Answer:
        """Have the model write until there is an answer, and check every sentence of it."""
        draft = Draft(tools, prepared)
        while draft.open:
            await self._ask(tools.model, draft, backend)
        answer = await backend.run(self._finish, draft)
        if answer.sentences and not draft.settled:
            budget = prepared.request.budget
            if self.settings.check == "model":
                answer = await judge(answer, tools, budget, backend)
            if self.settings.repair:
                answer = await repair(answer, tools, budget, backend)
            answer = replace(answer, usage=budget.as_dict())
        await show(draft.tail(answer))
        return answer

    async def _ask(self, model: LLMClient, draft: Draft, backend: Backend) -> None:
        """Ask the model once, and show what may be shown of its answer."""
        try:
            request = draft.request()
            if kept := self._cache and self._cache.get(draft.cache_key()):
                await show(draft.take_cached(kept))
            else:
                deltas = backend.deltas(model, request.messages, max_tokens=request.max_tokens)
                async with aclosing(deltas):
                    async for delta in deltas:
                        await show(draft.take(delta))
                        if draft.full:
                            break
        except LLMError as error:
            rest = draft.fail(error)
        else:
            rest = draft.close()
        await show(rest)

    def _finish(self, draft: Draft) -> Answer:
        answer = draft.answer()
        if self._cache is not None and (kept := draft.keep()):
            self._cache.put(draft.cache_key(), kept)
        return answer


def _finished(answer: Answer, prepared: Prepared) -> Answer:
    """Say with an answer which papers were used, and how many fit where a model was given some."""
    filters, read = prepared.request.filters or None, prepared.read
    notes = list(answer.notes)
    if read:
        notes.insert(0, f"Only papers that the question asks for: {read.describe()}.")
    listing = prepared.listing
    if listing and answer.mode == "llm" and listing.total > len(prepared.hits):
        given = listing.before + len(prepared.hits)
        notes.append(f"The model was given {given} of {listing.total} papers that fit.")
        answer = replace(answer, kind="list", fitting=listing.total, listed=given)
    return replace(
        answer,
        question=prepared.asked or answer.question,
        standalone_question=prepared.asked or answer.standalone_question,
        filters=filters,
        filters_read=read,
        notes=tuple(notes),
    )
