"""One answer in the making: what to ask of the model, and what becomes of what it sends.

Nothing here waits for anything, so that streamed and awaited answers are made by the same code.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import threading
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rag.answers.abstention import FAR_OFF, NO_ANSWER, STRONG
from rag.answers.answer import Answer
from rag.answers.checking import check_text, left_out_note, without_failed
from rag.answers.cited_sentences import split_claims
from rag.answers.context import build_context
from rag.answers.quoting import abstain, quote
from rag.errors import LLMError
from rag.llm.budget import Usage, cut_note, estimate_tokens
from rag.llm.cache import CachedText
from rag.llm.client import Delta
from rag.llm.dialects import known_room, remember_room
from rag.llm.failures import BrokenStreamError, ContextTooLongError, finish_note, no_answer
from rag.llm.guard import SENTINEL, Screen, declines, quarantine
from rag.llm.messages import Message
from rag.text.citations import (
    CitationParser,
    CitationPiece,
    TextPiece,
    parse_citations,
    renumber,
)
from rag.text.decoding import one_line
from rag.verification.claims import makes_claim

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from rag.answers.checking import Checked
    from rag.answers.cited_sentences import CitedSentence
    from rag.answers.prepare import Prepared
    from rag.llm.client import LLMClient
    from rag.llm.prompts import Prompts
    from rag.papers import Paper
    from rag.settings import Settings
    from rag.text.citations import Numbering, Piece
    from rag.verification.verifier import Verifier

__all__ = ["Draft", "Request", "Tools", "request_messages"]

_LEAST_EVIDENCE = 120  # tokens: with less there is nothing to answer from
_SHRINKS = 4
_CHARACTERS = 12  # shown per token at the most: a model that never ends is cut


@dataclass(frozen=True, slots=True)
class Tools:
    """What a draft works with; shared by all answers of a library."""

    model: LLMClient
    prompts: Prompts
    verifier: Verifier
    settings: Settings


@dataclass(frozen=True, slots=True)
class Request:
    """One request to the model.

    Attributes:
        messages: What is sent.
        max_tokens: How much may be written.
    """

    messages: tuple[Message, ...]
    max_tokens: int


class _Reply:
    """What has come of one request so far."""

    def __init__(self, limit: int, sources: Mapping[int, str]) -> None:
        self.screen = Screen(limit=limit)
        self.sources = sources  # the paper id behind each number that the model was given
        self.parser = CitationParser(sources=sources)
        self.raw = ""
        self.reasoned = False
        self.shown = ""
        self.finish: str | None = None
        self.usage: Usage | None = None
        self.cached = False


class Draft:
    """An answer in the making.

    Args:
        tools: What it works with.
        prepared: The question and the papers found for it.

    Attributes:
        open: Whether the model has to be asked (again).
    """

    def __init__(self, tools: Tools, prepared: Prepared) -> None:
        self._tools = tools
        self._prepared = prepared
        self._numbering = prepared.request.numbering
        # Numbers are for good once the answer stands: until then a copy gives them out.
        self._trial = self._numbering.trial()
        self._budget = prepared.request.budget
        self._notes: list[str] = []
        self._timings = dict(prepared.timings)
        # Tokens of evidence, once the endpoint has refused more.
        self._most = known_room(tools.model.endpoint, tools.model.name)
        self._shrinks = 0
        self._broken = ""  # why the reply broke off
        self._ready: Answer | None = None
        self._quoted = False
        self.open = True
        least = min(tools.settings.abstain_below, FAR_OFF)
        if prepared.confidence < least or not prepared.hits:
            self._end_with(abstain(prepared))

    # --- asking the model -------------------------------------------------------------------

    def request(self) -> Request:
        """Return what to send to the model next.

        Raises:
            LLMError: the limits leave no room for it.
        """
        room = self._budget.room()
        blank = self._messages("", 0)
        budget = room.input - sum(estimate_tokens(message.content) for message in blank)
        if self._most is not None:
            budget = min(budget, self._most)
        if budget < _LEAST_EVIDENCE:
            raise LLMError(
                "There is no room for the papers in what the model may be sent.",
                hint="Raise llm_context_window or the limits per question, or ask more briefly.",
            )
        hits, evidence = self._prepared.bearing(self._tools.settings.llm_max_papers)
        self._context = build_context([hit.paper for hit in hits], evidence, budget=budget)
        messages = self._messages(self._context.text, len(self._context.papers))
        self._request = Request(messages, room.output)
        sources = {n: paper.id for n, paper in enumerate(self._context.papers, start=1)}
        self._reply = _Reply(_CHARACTERS * room.output, sources)
        # Papers that are new to the check can be read while the model writes.
        self._warming = threading.Thread(
            target=_warm, args=(self._tools.verifier, self._context.papers), daemon=True
        )
        self._warming.start()
        self._asked = time.perf_counter()
        return self._request

    def _messages(self, evidence: str, count: int) -> tuple[Message, ...]:
        return request_messages(self._tools.prompts, self._prepared.question, evidence, count)

    def cache_key(self) -> str:
        """Return the name of the request in the answer cache."""
        model, settings = self._tools.model, self._tools.settings
        return _hash(
            [
                model.endpoint,
                model.name,
                settings.llm_temperature,
                self._request.max_tokens,
                self._request.messages,
            ]
        )

    # --- taking what it sends ---------------------------------------------------------------

    def take(self, delta: Delta) -> str:
        """Take the next piece from the model and return what may be shown of it."""
        reply = self._reply
        if delta.text and not reply.raw:
            self._timings["first_token"] = time.perf_counter() - self._asked
        reply.finish = delta.finish or reply.finish
        reply.usage = delta.usage or reply.usage
        reply.raw += delta.text
        reply.reasoned = reply.reasoned or bool(delta.reasoning)
        return self._show(reply.screen.feed(delta.text))

    def take_cached(self, kept: CachedText) -> str:
        """Take a whole text that was kept from an earlier request."""
        self._reply.cached = True
        self._notes.append("From the answer cache.")
        return self.take(Delta(kept.text, kept.finish))

    @property
    def settled(self) -> bool:
        """Whether the answer stands without what the model wrote."""
        return self._ready is not None or self._quoted

    @property
    def _held(self) -> bool:
        """Whether words are shown only when the whole is checked: they may change until then."""
        return self._tools.settings.strict or self._tools.settings.repair

    @property
    def _has_words(self) -> bool:
        """Whether the reply holds an answer, or the word that there is none."""
        return bool(self._reply.shown.strip()) or self._reply.screen.sentinel

    @property
    def full(self) -> bool:
        """Whether nothing more may be shown, so that the model need not go on."""
        return self._reply.screen.cut

    def close(self) -> str:
        """Take the end of what the model sends, and return what was held back.

        Raises:
            LLMError: the model wrote nothing.
        """
        reply = self._reply
        rest = self._show(reply.screen.finish(), final=True)
        self._count()
        if not self._has_words:
            reasoned, limit = reply.reasoned or reply.screen.thinks, self._request.max_tokens
            self.fail(no_answer(reply.finish, reasoned=reasoned, limit=limit, sent=reply.raw))
            return rest
        if self._shrinks and self._most is not None:
            remember_room(self._tools.model.endpoint, self._tools.model.name, self._most)
        self._timings["generation"] = time.perf_counter() - self._asked
        self._note_the_end()
        self.open = False
        return rest

    def fail(self, error: LLMError) -> str:
        """Decide what becomes of the answer after a failure, and return what was held back.

        Raises:
            LLMError: there is no answer to be had.
        """
        if isinstance(error, ContextTooLongError) and self._shrink(error.ratio):
            return ""
        if isinstance(error, BrokenStreamError):
            rest = self._show(self._reply.screen.finish(), final=True)
            if self._has_words:
                self._broken = f"{error.message} The end of the answer is missing."
                return rest + self.close()
        if self._tools.settings.fallback != "extractive":
            raise error
        answer = quote(self._prepared, self._tools.settings, self._tools.verifier.reader)
        why = f"The model gave no answer, so the papers are quoted instead. {error.message}"
        self._end_with(replace(answer, notes=(*answer.notes, why), usage=self._budget.as_dict()))
        return ""

    def _show(self, text: str, *, final: bool = False) -> str:
        reply = self._reply
        if reply.screen.withdrawn:  # what was shown turns out to have been a thought
            reply.parser, reply.shown = CitationParser(sources=reply.sources), ""
            self._trial = self._numbering.trial()
        pieces = [*reply.parser.feed(text), *(reply.parser.finish() if final else ())]
        shown = _join(renumber(pieces, sources=reply.sources, numbering=self._trial))
        reply.shown += shown
        return "" if self._held else shown

    def _shrink(self, ratio: float) -> bool:
        self._shrinks += 1
        self._most = int(self._context.tokens * ratio)
        return self._shrinks <= _SHRINKS and self._most >= _LEAST_EVIDENCE

    def _count(self) -> None:
        reply = self._reply
        if reply.cached:
            return
        sent = [message.content for message in self._request.messages]
        if reply.usage is None:
            read = sum(map(estimate_tokens, sent))
            reply.usage = Usage(read, estimate_tokens(reply.raw), estimated=True)
        elif note := cut_note(sent, reply.usage):
            self._notes.append(note)
        self._budget.record(reply.usage)

    def _note_the_end(self) -> None:
        reply = self._reply
        if reply.screen.cut:
            self._notes.append("The model wrote without end: the answer was cut.")
        elif note := self._broken or finish_note(reply.finish, limit=self._request.max_tokens):
            self._notes.append(note)

    # --- the finished answer ----------------------------------------------------------------

    def keep(self) -> CachedText | None:
        """Return what the answer cache should keep: whole answers alone."""
        if self._ready is not None or self._reply.cached or self.full:
            return None
        whole = self._reply.finish == "stop" and not self._broken
        return CachedText(self._reply.raw, "stop") if whole else None

    def answer(self) -> Answer:
        """Check what was written and return the finished answer."""
        if self._ready is not None:
            return self._ready
        shown = self._reply.shown.rstrip()
        if self._reply.screen.sentinel and not _cites(shown):
            return self._declined(shown, self._reply.screen.remark)
        if declines(shown) and not any(_needs_source(one) for one in split_claims(shown)):
            return self._declined("", shown)
        started = time.perf_counter()
        self._warming.join()
        answer = self._checked(shown)
        if answer.abstained:
            return answer
        for paper_id in self._trial.shown if not self._tools.settings.strict else ():
            self._numbering.number(paper_id)
        self._timings["verification"] = time.perf_counter() - started
        return replace(answer, timings=self._timings)

    def tail(self, answer: Answer) -> str:
        """Return the part of a finished answer's text that has not been shown yet."""
        return answer.text if self._held or self.settled or not self._reply.shown.strip() else ""

    def _checked(self, text: str) -> Answer:
        checked = self._check(text, self._trial)
        if not self._tools.settings.strict:
            return self._written(text, checked)
        kept = without_failed(text, checked.sentences)
        if not _cites(kept):
            return self._abstain("", "Nothing that the model wrote passed the check.")
        if kept != text:
            self._notes.append(left_out_note(checked.sentences))
        # Papers that only those sentences cited have no number.
        sources = {n: paper_id for paper_id, n in self._trial.shown.items()}
        pieces = parse_citations(kept)
        kept = _join(renumber(pieces, sources=sources, numbering=self._numbering))
        return self._written(kept, self._check(kept, self._numbering))

    def _check(self, text: str, numbering: Numbering) -> Checked:
        papers = {paper.id: paper for paper in self._context.papers}
        numbered = {n: papers[one] for one, n in numbering.shown.items() if one in papers}
        return check_text(text, numbered, self._context.papers, self._tools.verifier)

    def _written(self, text: str, checked: Checked) -> Answer:
        prepared = self._prepared
        return self._stamped(
            Answer(
                question=prepared.question,
                standalone_question=prepared.question,
                text=text,
                sentences=checked.sentences,
                citations=checked.citations,
                confidence=prepared.confidence,
                notes=(*prepared.notes, *self._context.notes(), *self._notes, *checked.notes),
                retrieved=prepared.retrieved,
            )
        )

    def _declined(self, text: str, remark: str) -> Answer:
        """Return what becomes of an answer that the model found none for.

        Where the evidence is strong it is quoted: small models decline what they could answer.
        """
        name = self._tools.model.name
        why = f"{name} declined: it found no answer in the papers found."
        said = [f"{name} adds: {one_line(remark)[:400]}"] if remark.strip() else []
        if not text and self._prepared.confidence >= STRONG:
            quoted = quote(self._prepared, self._tools.settings, self._tools.verifier.reader)
            self._quoted = not quoted.abstained
        said = [*self._context.notes(), *said]  # it may not have been given what answers
        if not self._quoted:
            return replace(self._abstain(text, why, *said), declined_by=name)
        why += " The sentences that best answer the question are quoted instead."
        return replace(
            self._stamped(quoted),
            mode="extractive",
            model=None,
            declined_by=name,
            notes=(why, *quoted.notes, *self._notes, *said),
        )

    def _abstain(self, text: str, *why: str) -> Answer:
        answer = self._stamped(abstain(self._prepared))
        notes = (*self._prepared.notes, *self._notes, *why)
        return replace(answer, text=text or NO_ANSWER, notes=notes)

    def _stamped(self, answer: Answer) -> Answer:
        tools = self._tools
        return replace(
            answer,
            mode="llm",
            model=tools.model.name,
            usage=self._budget.as_dict(),
            timings=self._timings,
            prompt_hash=_hash(self._request.messages),
            parameters={
                "endpoint": tools.model.endpoint,
                "temperature": tools.settings.llm_temperature,
                "max_tokens": self._request.max_tokens,
                "context_window": tools.settings.llm_context_window,
                "strict": tools.settings.strict,
            },
        )

    def _end_with(self, answer: Answer) -> None:
        self._ready = answer
        self.open = False


def request_messages(
    prompts: Prompts, question: str, evidence: str, count: int
) -> tuple[Message, ...]:
    """Return what a model is sent to answer a question.

    Args:
        prompts: What it is told.
        question: As it was searched.
        evidence: The numbered blocks of papers.
        count: How many papers they hold.
    """
    task = prompts.fill(
        "question",
        evidence=evidence,
        question=quarantine(question),
        count="paper" if count == 1 else f"{count} papers",
        sentinel=SENTINEL,
    )
    return Message("system", prompts.fill("answer", sentinel=SENTINEL)), Message("user", task)


def _warm(verifier: Verifier, papers: Sequence[Paper]) -> None:
    # What goes wrong here goes wrong in the check as well, and is told there; a program that ends
    # meanwhile, after a model that failed, takes away what this needs.
    with contextlib.suppress(Exception):
        verifier.learn(papers)


def _join(pieces: Iterable[Piece]) -> str:
    return "".join(one.text if isinstance(one, TextPiece) else one.raw for one in pieces)


def _cites(text: str) -> bool:
    return any(isinstance(piece, CitationPiece) for piece in parse_citations(text))


def _needs_source(sentence: CitedSentence) -> bool:
    return bool(sentence.numbers or sentence.unknown) or makes_claim(sentence.text)


def _hash(values: object) -> str:
    return hashlib.sha256(json.dumps(values, ensure_ascii=False).encode()).hexdigest()
