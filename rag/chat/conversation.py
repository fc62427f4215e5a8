"""A conversation: follow-ups are understood, and a paper keeps its number from turn to turn."""

from __future__ import annotations

import math
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

from rag.answers.prepare import AnswerRequest
from rag.answers.stream import AnswerStream, AsyncAnswerStream
from rag.chat.follow_ups import (
    FollowUp,
    Rewrite,
    join,
    make_standalone,
    meant_by,
    stands_for_nothing,
)
from rag.chat.readings import LEANING, follows_on
from rag.errors import LLMError
from rag.llm.budget import Usage, estimate_tokens
from rag.questions.more import (
    about_the_paper,
    among_them,
    asks_for_more,
    narrows_the_list,
)
from rag.search.query import LITERAL, MORE, Filters, check_question, without_command
from rag.text.citations import Numbering

if TYPE_CHECKING:
    from collections.abc import Callable

    from rag.answers.answer import Answer, AnswerMode
    from rag.answers.answerer import Answerer
    from rag.answers.prepare import Prepared
    from rag.answers.stream import Backend
    from rag.papers import Paper

__all__ = ["Chat"]

_LESS = 0.5  # of the best sentence's score: a rewrite that finds so little has lost the question


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

    @property
    def last(self) -> Answer | None:
        """The last answer that a question may follow on."""
        return next((one for one in reversed(self.answers) if _can_be_followed(one)), None)

    def lists(self, question: str) -> list[Answer]:
        """Return the lists that answered a question, in order."""
        return [
            one
            for one in self.answers
            if one.kind == "list" and one.standalone_question == question
        ]

    def find_list(self, question: str) -> Answer | None:
        """Return the last list that answered a question; None where there is none."""
        found = self.lists(question)
        return found[-1] if found else None


class Chat:
    """A conversation with a library, for one person; made by `Library.chat`.

    Args:
        open_answerer: Returns what answers questions with a model, as the library is at that time.
        filters: Which papers may be used; may be changed between two questions.
        mode: How to answer; may be changed likewise.
        model: The model that writes, the configured one when None; may be changed likewise.
    """

    def __init__(
        self,
        open_answerer: Callable[[str | None], Answerer],
        *,
        filters: Filters | None = None,
        mode: AnswerMode | None = None,
        model: str | None = None,
    ) -> None:
        self._open_answerer = open_answerer
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

    def export(self, format: str = "markdown") -> str | bytes:  # noqa: A002 - as on the command line
        """Write the conversation, or exactly the papers that are cited in it, for elsewhere.

        Args:
            format: The name of a format of a conversation, such as `markdown` or `json`, or of
                papers, such as `bibtex`.

        Returns:
            Text; bytes where the format is none of text, as Word's is.

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
        return self.stream(question).finish()

    async def aask(self, question: str) -> Answer:
        """Answer as `ask` does, without blocking the event loop."""
        return await self.astream(question).finish()

    def stream(self, question: str) -> AnswerStream:
        """Answer as `ask` does, giving the text as it comes.

        An answer whose stream is closed before its end is forgotten.

        Raises:
            QuestionError: the question is blank or too long.
        """
        return AnswerStream(partial(self._answer, check_question(question)))

    def astream(self, question: str) -> AsyncAnswerStream:
        """Answer as `stream` does, without blocking the event loop."""
        return AsyncAnswerStream(partial(self._answer, check_question(question)))

    async def _answer(self, question: str, backend: Backend) -> Answer:
        answerer = await backend.run(self._open_answerer, self.model)
        turn = await backend.run(self._begin, question, answerer)
        prepared = await backend.run(turn.prepare)
        if prepared.language:
            prepared = await turn.translate(prepared, backend)
        elif prepared.settled is None and turn.may_be_rewritten:
            await turn.rewrite(backend)
            prepared = await backend.run(turn.choose, prepared)
        prepared = await backend.run(turn.rerank, prepared)
        return self._end(turn, await answerer.write(prepared, backend))

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
            if not _can_be_followed(answer):
                topic = self._past.topic
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
        self.past = past
        self.budget = answerer.budget()
        self.notes: list[str] = []
        self._answerer = answerer
        self._filters = filters
        self._mode = mode
        self._tools = answerer.writer(mode).tools
        self._rewritten: FollowUp | None = None
        self._reranks = answerer.settings.rerank != "off"
        self._tried: list[tuple[Prepared, AnswerRequest]] = []
        self._literal = question.startswith(LITERAL)
        wants_more = question.startswith(MORE)
        self.question = question = without_command(question)
        self._continues = past.find_list(question) if wants_more else None
        self.follow_up = FollowUp(question, question)

    @property
    def may_be_rewritten(self) -> bool:
        """Whether there is a model, and something that a follow-up could lean on."""
        can = self._tools is not None and self.past.last is not None
        return can and not self._literal and self._continues is None

    def prepare(self) -> Prepared:
        """Look the question up as it stands, and with what was said where it leans on that."""
        last = self.past.last
        if self._continues is not None:
            self._filters = self._continues.filters
            return self._more(self._continues)
        if last is None or self._literal:
            return self._prepare(self.follow_up)
        if listed := self._of_papers_named(last):
            return listed
        cited = meant_by(last)
        worded = make_standalone(
            self.question, topic=self.past.topic, last=last, sources=self.past.sources
        )
        named = worded.depends and worded.focus != self.question
        alone = FollowUp(self.question, self.question, tuple(paper.id for paper in cited))
        prepared = self._prepare(alone)
        if prepared.settled is not None and prepared.settled.kind != "papers":
            return prepared
        bare = worded.depends and stands_for_nothing(self.question)
        bare = bare or (last.kind == "list" and narrows_the_list(self.question))
        if named or bare or follows_on(self.question, prepared, cited, cue=worded.depends):
            self.follow_up = (
                worded if worded.depends else join(self.question, self.past.topic, last)
            )
            return self._prepare(self.follow_up)
        return prepared

    async def translate(self, prepared: Prepared, backend: Backend) -> Prepared:
        """Look a question of another language up in English, where a model puts it so."""
        question, note = await self._answerer.translate(prepared, backend)
        self.notes += [note] if note else []
        if not question:
            return prepared
        asked, self.question = self.question, question
        self.follow_up = FollowUp(question, question)
        found = await backend.run(self.prepare)
        self.question = asked
        return found

    def choose(self, heuristic: Prepared) -> Prepared:
        """Take what the model made of the question, unless it finds less than the rules do."""
        if self._rewritten is None:
            return heuristic
        prepared = self._prepare(self._rewritten)
        if _best(prepared) < _LESS * _best(heuristic):
            self.notes.append(
                f"The model understood the question as “{self._rewritten.question}”, which finds"
                " less; it was looked up in the words of the conversation."
            )
            return heuristic
        self.follow_up = self._rewritten
        return prepared

    def rerank(self, prepared: Prepared) -> Prepared:
        """Look the reading that was chosen up with the reranker, where the settings name one.

        The others are looked up without it: it costs time, or requests of a model.
        """
        if not self._reranks or prepared.settled is not None:
            return prepared
        request = next(request for one, request in self._tried if one is prepared)
        return self._answerer.prepare(replace(request, rerank=True))

    def _of_papers_named(self, last: Answer) -> Prepared | None:
        """Prepare what asks of the papers that were named last: the rest, or which of them."""
        if last.kind == "list" and asks_for_more(self.question):
            return self._more(last)
        if not last.papers:
            return None
        lead = next(iter(last.papers.values()))
        if question := about_the_paper(self.question, lead.title):
            self.follow_up = FollowUp(question, question)
            return self._prepare(self.follow_up)
        if not (question := among_them(self.question)):
            return None
        ids = tuple(paper.id for paper in last.papers.values())
        self._filters = replace(self._filters or Filters(), ids=ids)
        self.follow_up = FollowUp(question, question)
        return self._prepare(self.follow_up)

    def _more(self, listed: Answer) -> Prepared:
        """List the papers that a list left out, and those after it that continued it."""
        question = listed.standalone_question
        shown = [
            citation.paper.id
            for answer in self.past.lists(question)
            for citation in answer.citations
        ]
        self.follow_up = FollowUp(question, question)
        return self._prepare(self.follow_up, skip=tuple(dict.fromkeys(shown)))

    def _prepare(self, follow_up: FollowUp, skip: tuple[str, ...] = ()) -> Prepared:
        whole = follow_up.focus == follow_up.question
        leans = follow_up.depends and bool(follow_up.also)
        # Who asks only "how large?" can't mean any other paper.
        factor = 2.0 if stands_for_nothing(self.question) else 1.0
        request = AnswerRequest(
            question=follow_up.question,
            budget=self.budget,
            filters=self._filters,
            mode=self._mode,
            also=follow_up.also,
            focus=None if whole else follow_up.focus,
            leaning=LEANING * factor if leans else 0.0,
            skip=skip,
            literal=self._literal,
            rerank=False,
            numbering=self.past.numbering,
        )
        prepared = self._answerer.prepare(request)
        self._tried.append((prepared, request))
        return prepared

    async def rewrite(self, backend: Backend) -> None:
        """Have the model that writes the answer make the question whole first."""
        last = self.past.last
        if self._tools is None or last is None:
            return
        rewrite = Rewrite(
            self.question,
            answers=[answer for answer in self.past.answers if answer.kind != "talk"],
            sources=self.past.sources,
            prompts=self._tools.prompts,
        )
        try:
            room = self.budget.room()
            deltas = backend.deltas(self._tools.model, rewrite.messages, max_tokens=room.output)
            async with aclosing(deltas):
                async for delta in deltas:
                    rewrite.take(delta)
        except LLMError as error:
            self.notes.append(f"The question was made whole without the model. {error.message}")
            return
        self.budget.record(rewrite.usage or _estimated(rewrite))
        if text := rewrite.result():
            # The papers cited last are read again where the question leaned on them.
            changed = text.casefold() != self.question.casefold()
            also = tuple(paper.id for paper in last.papers.values()) if changed else ()
            self._rewritten = FollowUp(text, text, self.follow_up.also or also, depends=changed)

    def topic(self) -> str:
        """Return the question that the next follow-up may lean on."""
        follow_up = self.follow_up
        # A heuristic follow-up holds its topic already: the topic stays, and doesn't grow.
        leans = follow_up.depends and follow_up.focus == self.question
        return self.past.topic if leans else follow_up.question


def _can_be_followed(answer: Answer) -> bool:
    """Tell whether a question may follow on an answer: not on small talk, nor on a mere count."""
    return answer.kind != "talk" and (answer.kind != "library" or bool(answer.citations))


def _best(prepared: Prepared) -> float:
    """Return how likely the best sentence is to be evidence, whichever paper is preferred."""
    if not prepared.evidence:
        return 0.0
    first, request = prepared.evidence[0], prepared.request
    odds = first.score / max(1e-9, 1.0 - first.score)
    if prepared.hits[first.paper].paper.id in request.also:
        odds /= math.exp(request.leaning)
    return odds / (1.0 + odds)


def _estimated(rewrite: Rewrite) -> Usage:
    sent = sum(estimate_tokens(message.content) for message in rewrite.messages)
    return Usage(sent, estimate_tokens(rewrite.raw), estimated=True)
