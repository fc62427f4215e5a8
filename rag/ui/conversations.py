"""The conversations that are going on, each apart from the others, kept while the server runs."""

from __future__ import annotations

import html
import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rag.errors import LibraryError
from rag.search.query import MORE, check_question, without_command
from rag.ui.answer_view import answer_html, writing_html
from rag.ui.markup import typed

if TYPE_CHECKING:
    from collections.abc import Callable

    from rag.answers.answer import Answer
    from rag.chat.conversation import Chat
    from rag.library import Library

__all__ = ["Conversation", "Conversations", "Turn", "as_typed"]

_MOST = 500  # conversations and pages that are kept: what was quiet longest is forgotten first
_MOST_TURNS = 200
_SHORTEST_KEY = 16  # characters of the random key by which a page finds its conversation again


@dataclass(eq=False)
class Turn:
    """A question and what the page shows below it.

    Attributes:
        question: As it was typed.
        shown: HTML.
        writing: Whether the answer is being written still.
        answer: The finished answer; None while it is written, and when there will be none.
    """

    question: str
    shown: str = field(default_factory=lambda: writing_html(""))
    writing: bool = True
    answer: Answer | None = None

    def end(self, shown: str) -> None:
        """Show what has come of the question."""
        self.shown = shown
        self.writing = False


class Conversation:
    """What one person said and was answered."""

    def __init__(self, chat: Chat) -> None:
        self.chat = chat
        self.turns: list[Turn] = []
        self.stop: Callable[[], None] | None = None  # while an answer is being written

    def begin(self, question: str) -> Turn:
        """Add a question.

        Raises:
            QuestionError: it is blank or too long.
            LibraryError: the last one is still being answered, or there are too many.
        """
        check_question(question)
        if self.stop is not None:
            raise LibraryError(
                "The last question is still being answered.", hint="Wait for it, or stop it."
            )
        if len(self.turns) >= _MOST_TURNS:
            raise LibraryError(
                f"This conversation has {_MOST_TURNS} questions.", hint="Clear it to go on."
            )
        turn = Turn(question)
        self.turns.append(turn)
        return turn

    def finish(self, turn: Turn, answer: Answer) -> None:
        """Set the answer to a question."""
        if turn in self.turns:  # else the conversation was cleared meanwhile
            turn.answer = answer
            turn.end(answer_html(answer, self.turns.index(turn)))

    def rewind(self, kept: int) -> str:
        """Go back to before a turn and return its question.

        Raises:
            LibraryError: there is no such turn, or an answer is still being written.
        """
        if self.stop is not None:
            raise LibraryError(
                "The last question is still being answered.", hint="Wait for it, or stop it."
            )
        if not 0 <= kept < len(self.turns):
            raise LibraryError("That question is no longer part of the conversation.")
        question = self.turns[kept].question
        self.chat.rewind(sum(turn.answer is not None for turn in self.turns[:kept]))
        del self.turns[kept:]
        return question

    def clear(self) -> None:
        """Begin anew."""
        if self.stop is not None:
            self.stop()
        self.chat.clear()
        self.turns = []

    def answer(self, turn: int) -> Answer | None:
        """Return the answer of a turn, None where there is none."""
        return self.turns[turn].answer if 0 <= turn < len(self.turns) else None

    @property
    def last(self) -> Answer | None:
        """The last finished answer."""
        return next((turn.answer for turn in reversed(self.turns) if turn.answer), None)

    def messages(self) -> list[dict[str, str]]:
        """Return what the chat shows."""
        shown: list[dict[str, str]] = []
        for turn in self.turns:
            asked = without_command(turn.question)
            asked = f"Show more: {asked}" if turn.question.startswith(MORE) else asked
            shown.append({"role": "user", "content": typed(asked)})
            shown.append({"role": "assistant", "content": turn.shown})
        return shown


class Conversations:
    """All conversations of a server, by the random key that each page keeps.

    Args:
        library: What they are about.
    """

    def __init__(self, library: Library) -> None:
        self._library = library
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[str, str], Conversation] = OrderedDict()
        self._pages: OrderedDict[str, str] = OrderedDict()  # the key behind each session

    def open(self, key: str, session: str, user: str = "") -> Conversation:
        """Return the conversation of a page that has just been opened or loaded again.

        Args:
            key: The page's key.
            session: The name that Gradio gave to this opening of the page.
            user: Who is logged in: a key is worth nothing to anyone else.
        """
        with self._lock:
            if len(key) >= _SHORTEST_KEY:  # else too easy to guess
                self._pages[session] = key
                while len(self._pages) > _MOST:
                    self._pages.popitem(last=False)
                # A question may have come before the page was done with opening.
                early = self._kept.pop((user, session), None)
                if early is not None:
                    self._kept.setdefault((user, key), early)
        return self.of(session, user)

    def of(self, session: str, user: str = "") -> Conversation:
        """Return the conversation of a page, a new one where there is none."""
        with self._lock:
            key = self._pages.get(session, session)
            found = self._kept.pop((user, key), None) or Conversation(self._library.chat())
            self._kept[user, key] = found
            while len(self._kept) > _MOST:
                self._kept.popitem(last=False)
            return found


def as_typed(text: str) -> str:
    """Undo what `typed` did to a question that was edited in the page."""
    return html.unescape(text)
