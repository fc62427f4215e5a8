"""What a model says before it says anything: "Sure! Here is the answer:", "Assistant:"."""

from __future__ import annotations

import re

__all__ = ["Preamble"]

_ROLES = ("assistant", "ai", "bot", "chatbot", "answer", "final answer", "my answer", "response")
_COURTESIES = (
    *("sure", "sure thing", "certainly", "of course", "absolutely", "great question"),
    *("good question", "okay", "ok", "alright", "happy to help", "glad to help"),
    *("i'd be happy to help", "i'd be glad to help", "thank you for your question"),
)
_HERES = ("here is", "here are", "here's", "here’s", "below is", "below are")
# What is announced is the reply itself, not something that the papers say.
_REPLY = (
    r"(?:answers?|responses?|reply|summary|overview|explanation|question|query|rewrite|rewritten"
    r"|standalone|version|ranking|ranked|order|list|breakdown)"
)
_MARKS = r"[#>*_ ]{0,8}"
_SIGN = r"[*_ ]{0,4}[:：][*_ ]{0,4}\s*"
_LONGEST = 200  # characters of an announcement


def _any(phrases: tuple[str, ...]) -> str:
    return "|".join(map(re.escape, sorted(phrases, key=len, reverse=True)))


def _starts(phrases: tuple[str, ...]) -> str:
    """Return what matches the start of any phrase."""
    return _any(tuple({phrase[:n] for phrase in phrases for n in range(1, len(phrase) + 1)}))


_HERE = rf"(?:{_any(_HERES)})\b[^\n:\[\]]{{0,{_LONGEST}}}"
_PREAMBLES = (
    re.compile(rf"{_MARKS}(?:{_any(_ROLES)}){_SIGN}", re.IGNORECASE),
    re.compile(rf"#{{1,6}} (?:{_any(_ROLES)})[ \t]*\n\s*", re.IGNORECASE),
    re.compile(r"(?:assistant|model)[ \t]*\n\s*"),
    re.compile(rf"(?:{_any(_COURTESIES)})[.!]+\s+", re.IGNORECASE),
    re.compile(rf"(?:{_any(_COURTESIES)})[,:]?\s+(?={_HERE}:)", re.IGNORECASE),
    re.compile(
        rf"(?=[^\n:]{{0,{_LONGEST}}}\b{_REPLY}\b){_HERE}:[*_]*"
        r"(?:[ \t]*\n\s*|\s+(?=(?-i:[^\sa-z])))",
        re.IGNORECASE,
    ),
)
_IN_DOUBT = re.compile(
    rf"{_MARKS}(?:{_starts(_ROLES)})?(?:(?:{_any(_ROLES)})(?:[*_ ]{{0,4}}|{_SIGN}|[ \t]*\n\s*))?"
    r"|(?:assistant|model)[ \t]*\n?\s*|mode?l?|mo?"
    rf"|(?:{_any(_COURTESIES)})[.!,:]*\s*(?:{_starts(_HERES)})?|(?:{_starts(_COURTESIES)})"
    rf"|(?:(?:{_any(_COURTESIES)})[,:]?\s+)?(?:{_starts(_HERES)}|{_HERE}(?::[*_]*\s*)?)",
    re.IGNORECASE,
)


class Preamble:
    r"""Takes the beginning of an answer in any pieces and returns it without its preamble.

    Attributes:
        settled: Whether the answer has begun, so that nothing more has to be looked at.

    >>> preamble = Preamble()
    >>> preamble.feed("Sure! Here is the "), preamble.feed("answer:\n\nIt is fast.")
    ('', 'It is fast.')
    """

    def __init__(self) -> None:
        self._beginning = ""
        self.settled = False

    def feed(self, text: str) -> str:
        """Take the next characters and return those of the answer."""
        self._beginning += text
        return self._strip(final=False)

    def finish(self) -> str:
        """End the text and return the rest; what is nothing but a preamble is returned as it is."""
        return "" if self.settled else self._strip(final=True)

    def _strip(self, *, final: bool) -> str:
        rest = self._beginning.lstrip()
        while rest and (final or not _IN_DOUBT.fullmatch(rest)):
            matches = (pattern.match(rest) for pattern in _PREAMBLES)
            end = next((match.end() for match in matches if match), 0)
            if not end or (final and not rest[end:].strip()):
                self.settled = True
                return rest
            rest = rest[end:].lstrip()
        self._beginning = rest
        return ""
