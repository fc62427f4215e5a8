"""An answer while it is written, and the one body of code behind its two forms.

The steps from a question to an answer are written once, as a coroutine. Whatever waits goes
through a `Backend`, which does it in the calling thread or beside an event loop; whatever a reader
may see goes through `show`. A stream runs the coroutine from one shown text to the next:
`AnswerStream` without an event loop, `AsyncAnswerStream` on the one that is running.
"""

from __future__ import annotations

import asyncio
import types
from contextlib import closing, suppress
from functools import partial
from typing import TYPE_CHECKING, Any, ParamSpec, Protocol, Self, TypeAlias, TypeVar

from rag.errors import RagError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Coroutine, Generator, Sequence

    from rag.answers.answer import Answer
    from rag.llm.client import Delta, LLMClient, Message

    Steps: TypeAlias = Coroutine[Any, Any, Answer]
    Body: TypeAlias = Callable[["Backend"], Steps]

__all__ = ["AnswerStream", "AsyncAnswerStream", "Backend", "complete", "show"]

P = ParamSpec("P")
R = TypeVar("R")


class Backend(Protocol):
    """How the steps of an answer wait for what takes time."""

    async def run(self, work: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> R:
        """Return what a function that blocks returns."""
        ...

    def deltas(
        self, model: LLMClient, messages: Sequence[Message], *, max_tokens: int
    ) -> AsyncGenerator[Delta, None]:
        """Yield what a model answers; closing the generator stops the model."""
        ...


class _Blocking:
    """Waits in the calling thread, so that nothing but `show` ever suspends the steps."""

    async def run(self, work: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> R:
        return work(*args, **kwargs)

    async def deltas(
        self, model: LLMClient, messages: Sequence[Message], *, max_tokens: int
    ) -> AsyncGenerator[Delta, None]:
        with closing(model.stream(messages, max_tokens=max_tokens)) as deltas:
            for delta in deltas:
                yield delta


class _Concurrent:
    """Waits beside an event loop: in its threads, and in its own time for the model."""

    async def run(self, work: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> R:
        return await asyncio.to_thread(work, *args, **kwargs)

    def deltas(
        self, model: LLMClient, messages: Sequence[Message], *, max_tokens: int
    ) -> AsyncGenerator[Delta, None]:
        return model.astream(messages, max_tokens=max_tokens)


@types.coroutine
def show(text: str) -> Generator[str, None, None]:
    """Hand text to the reader of the stream, and go on when the next one is asked for."""
    if text:
        yield text


def complete(body: Callable[[Backend], Coroutine[Any, Any, R]]) -> R:
    """Run steps that show nothing in the calling thread, and return what they end with."""
    steps = body(_Blocking())
    try:
        steps.send(None)
    except StopIteration as end:
        result: R = end.value
        return result
    finally:
        steps.close()
    raise AssertionError("steps that show something need a stream")


class _ReaderLeft(BaseException):
    """Ends steps that nobody reads: they may wait while they clean up, as `close` forbids."""


class _Outcome:
    """What has come of a stream so far."""

    def __init__(self) -> None:
        self.answer: Answer | None = None

    def get(self) -> Answer:
        if self.answer is None:
            raise RagError(
                "The answer is not finished.",
                hint="Read its stream to the end first, or call finish(), which does so.",
            )
        return self.answer


class AnswerStream:
    """An answer while it is written: iterating it gives the text as it comes.

    The pieces, joined, are the text of the finished `answer`. Closing the stream, or leaving its
    `with` block, stops the model; so does letting go of it. Nothing begins before the first piece
    is asked for.

        with library.stream("How ...?") as stream:
            for text in stream:
                print(text, end="")
        print(stream.answer.summary)
    """

    def __init__(self, body: Body) -> None:
        self._outcome = _Outcome()
        self._pieces = _read(body, self._outcome)

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> str:
        return next(self._pieces)

    @property
    def answer(self) -> Answer:
        """The finished answer.

        Raises:
            RagError: the stream was not read to its end.
        """
        return self._outcome.get()

    def finish(self) -> Answer:
        """Read what is left of the stream, and return the finished answer.

        Raises:
            RagError: the stream was closed before its end.
        """
        for _ in self:
            pass
        return self.answer

    def close(self) -> None:
        """Stop the model, where it is still writing."""
        self._pieces.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


class AsyncAnswerStream:
    """An answer while it is written, as `AnswerStream` is, without blocking the event loop.

        async with library.astream("How ...?") as stream:
            async for text in stream:
                print(text, end="")
        print(stream.answer.summary)

    A stream that is let go of is closed when the event loop next turns.
    """

    def __init__(self, body: Body) -> None:
        self._outcome = _Outcome()
        self._pieces = _aread(body, self._outcome)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> str:
        return await anext(self._pieces)

    @property
    def answer(self) -> Answer:
        """The finished answer.

        Raises:
            RagError: the stream was not read to its end.
        """
        return self._outcome.get()

    async def finish(self) -> Answer:
        """Read what is left of the stream, and return the finished answer.

        Raises:
            RagError: the stream was closed before its end.
        """
        async for _ in self:
            pass
        return self.answer

    async def aclose(self) -> None:
        """Stop the model, where it is still writing."""
        await self._pieces.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.aclose()


# The generators know the outcome but not the stream: a stream that is let go of is then closed at
# once, and doesn't wait for the collector of circles while the model goes on.


def _read(body: Body, outcome: _Outcome) -> Generator[str, None, None]:
    steps = body(_Blocking())
    try:
        while True:
            yield steps.send(None)
    except StopIteration as end:
        outcome.answer = end.value
    finally:
        steps.close()


async def _aread(body: Body, outcome: _Outcome) -> AsyncGenerator[str, None]:
    steps = body(_Concurrent())
    advance = partial(steps.send, None)
    while (text := await _until_shown(steps, advance, outcome)) is not None:
        try:
            yield text
        except GeneratorExit:
            with suppress(_ReaderLeft):
                await _until_shown(steps, partial(steps.throw, _ReaderLeft()), outcome)
            raise


@types.coroutine
def _until_shown(
    steps: Steps, advance: Callable[[], object], outcome: _Outcome
) -> Generator[Any, Any, str | None]:
    """Run steps until they show something, and hand the event loop whatever else they await.

    Args:
        steps: What is run.
        advance: Sends or throws into the steps what they wait for.
        outcome: Where the answer is left, which they end with.

    Returns:
        The text; None at the end.
    """
    try:
        while not isinstance(awaited := advance(), str):
            try:
                value = yield awaited
            except BaseException as error:  # noqa: BLE001 - the steps' own to deal with
                advance = partial(steps.throw, error)
            else:
                advance = partial(steps.send, value)
    except StopIteration as end:
        outcome.answer = end.value
        return None
    return awaited
