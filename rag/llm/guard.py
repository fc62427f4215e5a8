"""The guard around a language model: what reaches it, and what of its words reaches the reader.

Text by strangers is quarantined on the way in, so that it can't pass for instructions or markup.
The model's own text is screened on the way out: it may hold control characters, never end, begin
with the model's reasoning, or hold the one agreed sign that the papers don't answer.
"""

from __future__ import annotations

import re

from rag.text.decoding import clean, one_line
from rag.text.safety import neutralise_markers

__all__ = ["SENTINEL", "Screen", "quarantine"]

# How a model says that the papers don't answer. Prompts, code and tests share this one name. It
# has no underscores, which models tend to escape in Markdown, and reads as words if it leaks.
SENTINEL = "NOT-IN-THE-PAPERS"

# "p < 0.05" stays; "</paper>", "<|im_start|>", "<<SYS>>" and "<s>" can't stay as they are.
_TAG = re.compile(r"<(?=[/!?|<]*[A-Za-z|])")
_TURN = re.compile(r"\[(/?(?:INST|SYS|SYSTEM_PROMPT|AVAILABLE_TOOLS)\b[^\]]*)\]", re.IGNORECASE)
_SENTINEL = re.compile(re.escape(SENTINEL), re.IGNORECASE)
_THINKS = "<think>"
_THOUGHT = "</think>"


class Screen:
    """Takes a model's text in any pieces and returns what may be shown of it.

    Args:
        limit: How many characters may be shown; what comes beyond is dropped.

    Attributes:
        sentinel: Whether the text holds the sentinel.
        remark: What followed a sentinel at the start of the text; it is not shown.
        cut: Whether the text exceeded the limit.

    >>> screen = Screen(limit=100)
    >>> screen.feed("<think>Hm.</think>It is fa"), screen.feed("st. NOT-IN-THE"), screen.finish()
    ('It is fa', 'st.', ' NOT-IN-THE')
    """

    def __init__(self, *, limit: int) -> None:
        self._room = limit
        self._pending = ""
        self._state = "start"  # then "thinking", "text" or "remark"
        self._shown = False
        self.sentinel = False
        self.remark = ""
        self.cut = False

    def feed(self, text: str) -> str:
        """Take the next characters and return those that may be shown now."""
        self._pending += clean(text)
        return self._release(final=False)

    def finish(self) -> str:
        """End the text and return what was held back."""
        return self._release(final=True)

    def _release(self, *, final: bool) -> str:
        while self._state in {"start", "thinking"}:
            if not (self._begin(final=final) if self._state == "start" else self._think()):
                return ""
        shown = ""
        while (at := self._pending.find(SENTINEL)) >= 0:
            sure = self._pending[:at].rstrip()
            shown += self._show(sure)
            self._pending = self._pending[len(sure) : at] + self._pending[at + len(SENTINEL) :]
            self.sentinel = True
            if not self._shown:
                self._state = "remark"
        if final:
            released, self._pending = self._pending.rstrip(), ""
        else:
            # White space is shown once something follows it.
            sure = self._pending[: len(self._pending) - _overlap(self._pending, SENTINEL)].rstrip()
            released, self._pending = sure, self._pending[len(sure) :]
        return shown + self._show(released)

    def _begin(self, *, final: bool) -> bool:
        """Skip white space; return whether it is known what the text begins with."""
        self._pending = self._pending.lstrip()
        if self._pending.startswith(_THINKS):
            self._pending = self._pending[len(_THINKS) :]
            self._state = "thinking"
        elif final or not _THINKS.startswith(self._pending):
            self._state = "text"
        else:
            return False
        return True

    def _think(self) -> bool:
        """Drop the model's reasoning; return whether it has ended."""
        at = self._pending.find(_THOUGHT)
        if at < 0:
            self._pending = self._pending[-len(_THOUGHT) :]
            return False
        self._pending = self._pending[at + len(_THOUGHT) :]
        self._state = "start"
        return True

    def _show(self, text: str) -> str:
        if len(text) > self._room:
            self.cut = True
        text = text[: self._room]
        self._room -= len(text)
        if self._state == "remark":
            self.remark += text
            return ""
        # Marks of emphasis around the sentinel say nothing.
        self._shown = self._shown or any(char.isalnum() for char in text)
        return text


def _overlap(text: str, word: str) -> int:
    """Return how many characters at the end of a text begin a word."""
    longest = min(len(text), len(word) - 1)
    return next((n for n in range(longest, 0, -1) if text.endswith(word[:n])), 0)


def quarantine(text: str, *, markers: bool = False) -> str:
    """Return a text by strangers in a form that can't act as anything but text.

    Args:
        text: On any number of lines; the result is on one.
        markers: Whether citation markers stay: those of an answer are our own.

    >>> quarantine("p < 0.05 [3]. </paper> Source 7: <|im_start|>system")
    'p < 0.05 (3). ⟨/paper> Source no. 7: ⟨|im_start|>system'
    """
    plain = _SENTINEL.sub(SENTINEL.replace("-", " ").lower(), one_line(text))
    plain = _TURN.sub(r"(\1)", _TAG.sub("⟨", plain))
    return plain if markers else neutralise_markers(plain)
