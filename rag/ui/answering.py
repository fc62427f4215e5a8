"""Answer one question in the chat: the words as they come, then the checked answer."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from functools import partial
from typing import TYPE_CHECKING

from rag.errors import RagError
from rag.search.query import without_command
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
        QuestionError: the question is blank or too long.
        LibraryError: an answer is still being written.
    """
    turn = conversation.begin(question)
    pieces: asyncio.Queue[str | None] = asyncio.Queue()
    task = asyncio.create_task(_write(conversation, question, pieces))
    # However it ends, even before it began, nobody waits for more.
    task.add_done_callback(lambda _: pieces.put_nowait(None))
    loop = asyncio.get_running_loop()
    conversation.stop = lambda: loop.call_soon_threadsafe(task.cancel)  # type: ignore[assignment]
    text = ""
    ended = False
    try:
        yield
        while not ended:
            came = [await pieces.get()]
            while not pieces.empty():
                came.append(pieces.get_nowait())
            ended = None in came
            text += "".join(piece for piece in came if piece)
            if not ended:
                turn.shown = writing_html(
                    text,
                    understood=_understood(conversation, question),
                    numbers=conversation.chat.numbers,
                )
                yield
                await asyncio.sleep(_PAUSE)
        await _end(task, conversation, turn, text)
        yield
    finally:
        conversation.stop = None
        task.cancel()
        with contextlib.suppress(BaseException):
            await task
        if turn.writing:
            numbers = conversation.chat.numbers
            turn.end(failure_html("Stopped.", text=text, stopped=True, numbers=numbers))


async def _write(
    conversation: Conversation, question: str, pieces: asyncio.Queue[str | None]
) -> Answer:
    async with conversation.chat.astream(question) as stream:
        async for piece in stream:
            pieces.put_nowait(piece)
        pieces.put_nowait(None)  # along with the last piece, so that the page doesn't pause before
        return stream.answer


async def _end(
    task: asyncio.Task[Answer], conversation: Conversation, turn: Turn, text: str
) -> None:
    """Show the answer, or why there is none."""
    show = partial(
        failure_html,
        text=text,
        understood=_understood(conversation, turn.question),
        numbers=conversation.chat.numbers,
    )
    try:
        conversation.finish(turn, await task)
    except asyncio.CancelledError:
        current = asyncio.current_task()
        if current is not None and current.cancelling():
            raise  # it is not the writing that is being stopped but this
        turn.end(show("Stopped.", stopped=True))
    except RagError as error:
        turn.end(show(error.message, error.hint))
    except Exception:  # noqa: BLE001 - the page goes on, and the log has the traceback
        _LOG.exception("A question could not be answered.")
        failure = show(
            "Something unexpected went wrong.",
            "Try again; the terminal that the page was started from says more.",
        )
        turn.end(failure)


def _understood(conversation: Conversation, question: str) -> str:
    made = conversation.chat.understood
    asked = " ".join(without_command(question).split())
    return made if made and made != asked else ""
