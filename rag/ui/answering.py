"""Answer one question in the chat: the words as they come, then the checked answer."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from functools import partial
from typing import TYPE_CHECKING

from rag.errors import RagError
from rag.ui.answer_view import failure_html, writing_html

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from rag.answers.answer import Answer
    from rag.ui.conversations import Conversation, Turn

__all__ = ["answer_question"]

_LOG = logging.getLogger(__name__)
_PAUSE = 0.08  # seconds between two looks of the page: faster is not seen, only sent


async def answer_question(conversation: Conversation, question: str) -> AsyncGenerator[None, None]:
    """Ask a question and keep the conversation's last turn up to date; yield when it changed.

    The answer is written in a task of its own, so that stopping it, or leaving the page, ends
    the model's work too, and everyone else's answers go on.

    Raises:
        LibraryError: an answer is still being written.
    """
    turn = conversation.begin(question)
    turn.shown = writing_html("")
    events: asyncio.Queue[str | Answer | None] = asyncio.Queue()
    task = asyncio.create_task(_write(conversation, question, events))
    # However it ends, even before it began, nobody waits for more.
    task.add_done_callback(lambda _: events.put_nowait(None))
    loop = asyncio.get_running_loop()
    conversation.stop = lambda: loop.call_soon_threadsafe(task.cancel)  # type: ignore[assignment]
    text = ""
    ended = False
    try:
        yield
        while not ended:
            pieces = [await events.get()]
            while not events.empty():
                pieces.append(events.get_nowait())
            ended = None in pieces
            text += "".join(piece for piece in pieces if isinstance(piece, str))
            for piece in pieces:
                if piece is not None and not isinstance(piece, str):
                    conversation.finish(turn, piece)
            if not ended and turn.answer is None:
                turn.shown = writing_html(
                    text,
                    understood=_understood(conversation, question),
                    numbers=conversation.chat.numbers,
                )
                yield
                await asyncio.sleep(_PAUSE)
        await _end(
            task,
            turn,
            text=text,
            understood=_understood(conversation, question),
            numbers=conversation.chat.numbers,
        )
        yield
    finally:
        conversation.stop = None
        task.cancel()
        with contextlib.suppress(BaseException):
            await task
        if turn.answer is None and 'class="caret"' in turn.shown:
            numbers = conversation.chat.numbers
            turn.shown = failure_html("Stopped.", text=text, stopped=True, numbers=numbers)


async def _write(
    conversation: Conversation, question: str, events: asyncio.Queue[str | Answer | None]
) -> None:
    async with contextlib.aclosing(conversation.chat.astream(question)) as stream:
        async for event in stream:
            events.put_nowait(event)


async def _end(
    task: asyncio.Task[None], turn: Turn, *, text: str, understood: str, numbers: dict[int, str]
) -> None:
    """Show why there is no answer, where there is none."""
    show = partial(failure_html, text=text, understood=understood, numbers=numbers)
    try:
        await task
    except asyncio.CancelledError:
        current = asyncio.current_task()
        if current is not None and current.cancelling():
            raise  # it is not the writing that is being stopped but this
        turn.shown = show("Stopped.", stopped=True)
    except RagError as error:
        turn.shown = show(error.message, error.hint)
    except Exception:  # noqa: BLE001 - the page goes on, and the log has the traceback
        _LOG.exception("A question could not be answered.")
        turn.shown = show(
            "Something unexpected went wrong.",
            "Try again; the terminal that the page was started from says more.",
        )


def _understood(conversation: Conversation, question: str) -> str:
    made = conversation.chat.understood
    return made if made and made != " ".join(question.split()) else ""
