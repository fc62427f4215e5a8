"""The guard around a language model: what reaches it, and what of its words reaches the reader.

Text by strangers is quarantined on the way in, so that it can't pass for instructions or markup.
The model's own text is screened on the way out, whatever it was asked for: it may hold control
characters, reasoning, a template's tokens, fences, a preamble, JSON around it, or the one agreed
sign that the papers don't answer, and it may never end.
"""

from __future__ import annotations

import re

from rag.llm.preambles import Preamble
from rag.llm.turns import Turns
from rag.llm.wrapping import Unwrapper
from rag.text.decoding import clean, one_line
from rag.text.fences import Unfencer
from rag.text.safety import neutralise_markers

__all__ = ["SENTINEL", "Screen", "declines", "quarantine"]

# How a model says that the papers don't answer. Prompts, code and tests share this one name. It
# has no underscores, which models tend to escape in Markdown, and reads as words if it leaks.
SENTINEL = "NOT-IN-THE-PAPERS"

# "p < 0.05" stays; "</paper>", "<|im_start|>", "<<SYS>>" and "<s>" can't stay as they are.
_TAG = re.compile(r"[<◁](?=[/!?|<｜]{0,3}[A-Za-z|｜])")
_TURN = re.compile(
    r"\[(/?(?:INST|SYS|SYSTEM_PROMPT|AVAILABLE_TOOLS|THINK)\b[^\]]*)\]", re.IGNORECASE
)

# The sentinel as models spell it: with other dashes, underscores or spaces, escaped, in lower
# case, for a word like "papers", and between marks. With nothing but spaces between its words it
# is told from prose by its capitals, or by standing alone in the first line.
_DASHES = r"\-\u2010-\u2015\u2212\uff0d_\\"
_JOINT = rf"(?: ?[{_DASHES}]+ ?)"
_ANY_JOINT = rf"[ {_DASHES}]{{0,4}}"
_NOUNS = ("paper", "abstract", "source", "article", "document", "text")
_NOUN = f"(?:{'|'.join(_NOUNS)})s?"
_OPENS = (
    r"(?:(?:[#>*_`~\"“”'‘«(<\[{$]|(?<![^\W_])[-•][ \t]|(?<=[#>])[ \t]){0,6}"
    r"(?:\\[a-z]{4,6}\{){0,2})"
)
_CLOSES = r"(?:[*_`~\"”'’»)>\]}$]{0,6}[.:!]?[*_`~\"”'’»)>\]}$]{0,2})"
_SENTINEL = re.compile(
    rf"{_OPENS}(?:(?:not{_JOINT}(?:found{_JOINT})?in{_JOINT}(?:the(?:{_JOINT}| ))?"
    rf"(?:(?:provided|given){_JOINT})?{_NOUN}"
    rf"|(?-i:NOT{_ANY_JOINT}IN{_ANY_JOINT}(?:THE{_ANY_JOINT})?(?:{'|'.join(_NOUNS).upper()})S?"
    rf"|NotIn(?:The)?Papers?))(?![^\W_])|(?-i:{SENTINEL})){_CLOSES}",
    re.IGNORECASE,
)
_JOINTS = re.compile(rf"(?<=[a-z])[{_DASHES}]+(?=[a-z])", re.IGNORECASE)
_ALONE = re.compile(rf"{_OPENS}not in the {_NOUN}{_CLOSES}[ \t]*(?:\n|\Z)", re.IGNORECASE)


def _growing(items: list[str]) -> str:
    """Return what matches the start of a sequence, however far it goes."""
    pattern = ""
    for item in reversed(items):
        pattern = f"(?:{item}{pattern})?"
    return pattern


def _spelled(*words: str) -> list[str]:
    joint = rf"[ {_DASHES}]{{0,6}}"
    return [item for word in words for item in (*word, joint)][:-1]


_IN_DOUBT = re.compile(
    rf"{_OPENS}(?:\\[a-z]{{0,6}}|"
    + "|".join(
        _growing([*_spelled("not", *found, "in", *the, *given, noun), "s?", _CLOSES, "[ ]*"])
        for noun in _NOUNS
        for the in (("the",), ())
        for found in (("found",), ())
        for given in (("provided",), ("given",), ())
    )
    + r")\Z",
    re.IGNORECASE,
)
_LONGEST = 80  # characters of the sentinel with all that may stand around it


# How a model says the same in words of its own, and nothing else.
_NAMES = (
    rf"(?:the |these |those |any of the |your )?(?:(?:provided|given|available|above) )*{_NOUN}"
)
_SAY = (
    r"(?:answer|address|contain|discuss|give|have|hold|include|mention|offer|provide|report|say"
    r"|speak|specify|state|tell)"
)
_NOT = r"(?: not|n[’']t)"
_DECLINES = re.compile(
    rf"\b(?:{_NAMES}|they) (?:do|does|did){_NOT} (?:\w+ )?{_SAY}\b"
    rf"|\b(?:none|neither) of {_NAMES} (?:\w+ )?{_SAY}\w*\b|\bno {_NOUN} (?:\w+ )?{_SAY}s?\b"
    rf"|\bi (?:(?:do|ca|could){_NOT}|cannot|am unable to) (?:know|find|answer)"
    r"|\b(?:no|not enough|insufficient) (?:\w+ )?(?:answer|evidence|information|mention)\b.*\bin "
    rf"{_NAMES}|\bnot (?:\w+ )?(?:answered|addressed|discussed|found|mentioned|stated) (?:in|by) "
    rf"{_NAMES}|\Aunanswerable\b|\An/?a\W*\Z|\Aunknown\W*\Z",
    re.IGNORECASE,
)
_LONGEST_REFUSAL = 300  # characters: who writes more has something to say


def declines(text: str) -> bool:
    """Tell whether a reply without citations says that the papers don't answer, in its own words.

    >>> declines("The abstracts do not mention this."), declines("Tea shortens sleep.")
    (True, False)
    """
    return len(text) <= _LONGEST_REFUSAL and bool(_DECLINES.search(text.strip()))


class Screen:
    """Takes a model's text in any pieces and returns what may be shown of it.

    Args:
        limit: How many characters may be shown; what comes beyond is dropped.
        prose: Whether prose was asked for, so that an object of JSON is only what it came in.

    Attributes:
        text: All that may be shown so far.
        withdrawn: Whether all that was shown before the last piece has turned out to be a thought:
            nothing but what came with that piece may be shown.
        sentinel: Whether the text holds the sentinel.
        remark: What followed a sentinel at the start of the text; it is not shown.
        cut: Whether the text exceeded the limit.

    >>> screen = Screen(limit=100)
    >>> screen.feed("<think>Hm.</think>It is fast"), screen.feed(". NOT-IN-THE"), screen.finish()
    ('It is fast', '.', ' NOT-IN-THE')
    """

    def __init__(self, *, limit: int, prose: bool = True) -> None:
        self._limit = limit
        self._prose = prose
        self._turns = Turns(limit=limit)
        self.withdrawn = False
        self._begin()

    def _begin(self) -> None:
        self._stages: list[_Peel | Unwrapper] = [_Peel()]
        if self._prose:
            self._stages += [Unwrapper(), _Peel()]  # of a text that came in an object
        self._room = self._limit
        self._pending = ""
        self._spaces: list[str] = []
        self._shown: list[str] = []
        self._remarks: list[str] = []
        self._has_words = False
        self.sentinel = False
        self.cut = False

    @property
    def text(self) -> str:
        """All that may be shown so far."""
        return "".join(self._shown)

    @property
    def remark(self) -> str:
        """What followed a sentinel at the start of the text."""
        return "".join(self._remarks)

    @property
    def thinks(self) -> bool:
        """Whether the model's text held a thought."""
        return self._turns.thinks

    def feed(self, text: str) -> str:
        """Take the next characters and return those that may be shown now."""
        return self._advance(self._turns.feed(clean(text)), final=False)

    def finish(self) -> str:
        """End the text and return what was held back."""
        return self._advance(self._turns.finish(), final=True)

    def _advance(self, text: str, *, final: bool) -> str:
        self.withdrawn = self._turns.withdrawn and bool(self._shown)
        if self._turns.withdrawn:
            self._begin()
        for stage in self._stages:
            text = stage.feed(text) + (stage.finish() if final else "")
        self._pending += text
        return self._release(final=final)

    def _release(self, *, final: bool) -> str:
        shown = ""
        while match := self._find_sentinel(final=final):
            shown += self._show(self._pending[: match.start()])
            rest = self._pending[match.end() :]
            # What stands on both sides of it can't be another.
            joins = rest[:1].isalnum() or rest[:1] in {"-", "_", "\\"}
            gap = " " if joins and not match[0].endswith("\n") else ""
            self._pending = gap + rest
            self.sentinel = True
        doubt = len(self._pending)
        if not final and (found := _IN_DOUBT.search(self._pending, max(0, doubt - _LONGEST))):
            doubt = found.start()
        sure, self._pending = self._pending[:doubt], self._pending[doubt:]
        return shown + self._show(sure)

    def _find_sentinel(self, *, final: bool) -> re.Match[str] | None:
        """Return the next sentinel, if what comes later can't make it another."""
        match = None
        if not self._shown and not self.sentinel:
            match = _ALONE.match(self._pending)
        match = match or _SENTINEL.search(self._pending)
        grows = match and match.end() == len(self._pending) and not match[0].endswith("\n")
        return None if grows and not final else match

    def _show(self, text: str) -> str:
        """Take text that is no sentinel; white space is shown once something follows it."""
        words = text.rstrip()
        if not words:
            self._spaces.append(text)
            return ""
        spaces, self._spaces = "".join(self._spaces), [text[len(words) :]]
        text = spaces + words
        if len(text) > self._room:
            self.cut = True
        text = text[: self._room]
        self._room -= len(text)
        if self.sentinel and not self._has_words:
            self._remarks.append(text)
            return ""
        # Marks of emphasis around the sentinel say nothing.
        self._has_words = self._has_words or any(char.isalnum() for char in text)
        if text:
            self._shown.append(text)
        return text


class _Peel:
    """Takes a text in any pieces and returns it without fences of prose, and without a preamble."""

    def __init__(self) -> None:
        self._fences = Unfencer()
        self._preamble = Preamble()

    def feed(self, text: str) -> str:
        return self._strip(self._fences.feed(text))

    def finish(self) -> str:
        rest = self._strip(self._fences.finish())
        return rest + ("" if self._preamble.settled else self._preamble.finish())

    def _strip(self, text: str) -> str:
        return text if self._preamble.settled else self._preamble.feed(text)


def quarantine(text: str, *, markers: bool = False) -> str:
    """Return a text by strangers in a form that can't act as anything but text.

    Args:
        text: On any number of lines; the result is on one.
        markers: Whether citation markers stay: those of an answer are our own.

    >>> quarantine("p < 0.05 [3]. </paper> Source 7: <|im_start|>system")
    'p < 0.05 (3). ⟨/paper> Source no. 7: ⟨|im_start|>system'
    """
    plain = _SENTINEL.sub(lambda match: _JOINTS.sub(" ", match[0]).lower(), one_line(text))
    plain = _TURN.sub(r"(\1)", _TAG.sub("⟨", plain))
    return plain if markers else neutralise_markers(plain)
