"""A conversation: follow-ups are understood, and a paper keeps its number from turn to turn."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, cast

from rag.answers.writer import AnswerWriter
from rag.chat.follow_ups import FollowUp, Rewrite, make_standalone
from rag.errors import LLMError
from rag.llm.budget import Budget, Usage
from rag.text.citations import Numbering

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Generator

    from rag.answers.answer import Answer
    from rag.answers.answerer import Answerer, AnswerMode
    from rag.papers import Paper
    from rag.search.query import Filters

__all__ = ["Chat"]


@dataclass
class _Past:
    """What was said so far."""

    answers: list[Answer] = field(default_factory=list)
    sources: dict[int, Paper] = field(default_factory=dict)
    numbering: Numbering = field(default_factory=Numbering)
    topics: list[str] = field(default_factory=list)  # after each, the question it is about

    @property
    def topic(self) -> str:
        """The question that opened the subject."""
        return self.topics[-1] if self.topics else ""


class Chat:
    """A conversation with a library, for one person; made by `Library.chat`.

    Args:
        open_answerer: Returns what answers questions with a model, as the library is at that time.
        check: Returns a question on one line, or refuses it.
        filters: Which papers may be used; may be changed between two questions.
        mode: How to answer; may be changed likewise.
        model: The model that writes, the configured one when None; may be changed likewise.
    """

    def __init__(
        self,
        open_answerer: Callable[[str | None], Answerer],
        check: Callable[[str], str],
        *,
        filters: Filters | None = None,
        mode: AnswerMode | None = None,
        model: str | None = None,
    ) -> None:
        self._open_answerer = open_answerer
        self._check = check
        self.filters = filters
        self.mode = mode
        self.model = model
        self._past = _Past()
        self._turn: _Turn | None = None

    def clear(self) -> None:
        """Begin anew: nothing that was said is remembered, and numbers start at 1."""
        self._past = _Past()
        self._turn = None

    def rewind(self, kept: int) -> None:
        """Forget all but the first answers, so that the next question follows on them.

        Args:
            kept: How many answers are kept.
        """
        past = _Past(answers=self._past.answers[:kept], topics=self._past.topics[:kept])
        for answer in past.answers:
            past.sources.update(answer.papers)
        past.numbering = Numbering({paper.id: n for n, paper in past.sources.items()})
        self._past = past
        self._turn = None

    @property
    def answers(self) -> tuple[Answer, ...]:
        """The finished answers, in order."""
        return tuple(self._past.answers)

    @property
    def sources(self) -> dict[int, Paper]:
        """All papers that were cited in the conversation, by their numbers."""
        return dict(sorted(self._past.sources.items()))

    @property
    def understood(self) -> str:
        """The last question, made whole; known before the first words of its answer come."""
        return self._turn.follow_up.question if self._turn else ""

    @property
    def numbers(self) -> dict[int, str]:
        """The ids of papers by their numbers, with those of the answer that is being written."""
        return {n: paper_id for paper_id, n in self._past.numbering.tentative.items()}

    def export(self, format: str = "markdown") -> str:  # noqa: A002 - as the command line calls it
        """Write the conversation, or exactly the papers that are cited in it, for elsewhere.

        Args:
            format: The name of a format of a conversation, such as `markdown` or `json`, or of
                papers, such as `bibtex`.

        Raises:
            LibraryError: there is no such format; the hint lists those that there are.
        """
        from rag.export import export_conversation

        return export_conversation(self.answers, format)

    def ask(self, question: str) -> Answer:
        """Answer a question in the light of what was said before.

        Raises:
            QuestionError: the question is blank or too long.
            LibraryError: there are no papers yet.
            LLMError: the model gave no answer, and the settings name no fallback.
        """
        *_, answer = self.stream(question)
        return cast("Answer", answer)

    async def aask(self, question: str) -> Answer:
        """Answer as `ask` does, without blocking the event loop."""
        return cast("Answer", [event async for event in self.astream(question)][-1])

    def stream(self, question: str) -> Generator[str | Answer, None, None]:
        """Answer as `ask` does: yield the text as it comes, then the finished answer.

        An answer whose stream is closed before its end is forgotten.
        """
        turn = self._begin(self._check(question), self._open_answerer(self.model))
        if turn.writer is not None and turn.rewrite is not None:
            try:
                room = turn.spending.room()
                model = turn.writer.tools.model
                for delta in model.stream(turn.rewrite.messages, max_tokens=room.output):
                    turn.rewrite.take(delta)
                turn.rewritten()
            except LLMError as error:
                turn.failed(error)
        for event in turn.answerer.stream(turn.follow_up.question, **turn.options()):
            yield event if isinstance(event, str) else self._end(turn, event)

    async def astream(self, question: str) -> AsyncGenerator[str | Answer, None]:
        """Yield what `stream` yields, without blocking the event loop."""
        checked = self._check(question)
        answerer = await asyncio.to_thread(self._open_answerer, self.model)
        turn = await asyncio.to_thread(self._begin, checked, answerer)
        if turn.writer is not None and turn.rewrite is not None:
            try:
                room = turn.spending.room()
                model = turn.writer.tools.model
                async for delta in model.astream(turn.rewrite.messages, max_tokens=room.output):
                    turn.rewrite.take(delta)
                turn.rewritten()
            except LLMError as error:
                turn.failed(error)
        stream = turn.answerer.astream(turn.follow_up.question, **turn.options())
        async with aclosing(stream) as events:
            async for event in events:
                yield event if isinstance(event, str) else self._end(turn, event)

    def _begin(self, question: str, answerer: Answerer) -> _Turn:
        self._turn = _Turn(question, answerer, self._past, filters=self.filters, mode=self.mode)
        return self._turn

    def _end(self, turn: _Turn, answer: Answer) -> Answer:
        finished = replace(
            answer,
            question=turn.question,
            standalone_question=turn.follow_up.question,
            notes=(*answer.notes, *turn.notes),
        )
        # A conversation that was cleared meanwhile has nothing to do with this answer.
        if turn.past is self._past:
            topic = turn.topic()  # leans on the topic before it
            self._past.answers.append(finished)
            self._past.sources.update(finished.papers)
            self._past.topics.append(topic)
        return finished


class _Turn:
    """One question in the making."""

    def __init__(
        self,
        question: str,
        answerer: Answerer,
        past: _Past,
        *,
        filters: Filters | None,
        mode: AnswerMode | None,
    ) -> None:
        self.question = question
        self.answerer = answerer
        self.past = past
        self.spending = Budget(answerer.settings)
        self.notes: list[str] = []
        self.rewrite: Rewrite | None = None
        self._filters = filters
        self._mode = mode
        writer = answerer.writer(mode)
        self.writer = writer if isinstance(writer, AnswerWriter) else None
        self.follow_up = FollowUp(question, question)
        if past.answers:
            self.follow_up = make_standalone(
                question, topic=past.topic, last=past.answers[-1], sources=past.sources
            )
            if self.writer is not None:
                self.rewrite = Rewrite(
                    question,
                    answers=past.answers,
                    sources=past.sources,
                    prompts=self.writer.tools.prompts,
                )

    def rewritten(self) -> None:
        """Take over what the model made of the question."""
        if self.rewrite is None:
            return
        self.spending.record(self.rewrite.usage or self._estimated(self.rewrite))
        if text := self.rewrite.result():
            # The papers cited last are read again where the question leaned on them.
            changed = text.casefold() != self.question.casefold()
            also = tuple(p.id for p in self.past.answers[-1].papers.values()) if changed else ()
            self.follow_up = FollowUp(text, text, self.follow_up.also or also, depends=changed)

    def failed(self, error: LLMError) -> None:
        """Do without the model."""
        self.notes.append(f"The question was made whole without the model. {error.message}")

    def options(self) -> dict[str, Any]:
        """Return how the question is to be answered."""
        return {
            "filters": self._filters,
            "mode": self._mode,
            "also": self.follow_up.also,
            "focus": self.follow_up.focus,
            "numbering": self.past.numbering,
            "spending": self.spending,
        }

    def topic(self) -> str:
        """Return the question that the next follow-up may lean on."""
        follow_up = self.follow_up
        # A heuristic follow-up holds its topic already: the topic stays, and doesn't grow.
        leans = follow_up.depends and follow_up.focus == self.question
        return self.past.topic if leans else follow_up.question

    @staticmethod
    def _estimated(rewrite: Rewrite) -> Usage:
        from rag.llm.budget import estimate_tokens

        sent = sum(estimate_tokens(message.content) for message in rewrite.messages)
        return Usage(sent, estimate_tokens(rewrite.raw), estimated=True)
