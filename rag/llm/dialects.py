"""What each endpoint makes of the chat protocol: which parameters and roles it takes.

Endpoints differ, and say so only by refusing a request. What one has refused is left out, renamed
or put elsewhere, and the request is sent again. What was found in this way is remembered for as
long as the program runs, so that it isn't found again with every question.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from rag.llm.complaints import is_too_long, said_by

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rag.llm.messages import Message

__all__ = ["Dialect", "Talk", "known_dialect", "known_room", "remember_room"]

_REFUSED = frozenset({0, 400, 422})  # 0: an error of status 200 that names no other
_TEMPLATE_FAILED = 500  # how some servers report what a model's template doesn't take
_PARAMETERS = ("stream_options", "temperature")
_NO_STREAM = re.compile(
    r"""(?<![\w-])stream(?:ing)?\b(?!_).{0,60}\b(?:not|unsupported|disabled)\b
    | (?:\bnot|n't|\bunsupported|\bverified)\b.{0,40}(?<![\w-])stream(?:ing)?\b(?!_)
    | (?<![\w-])stream\W{1,3}(?:must|should)\ be\ false""",
    re.IGNORECASE | re.DOTALL | re.VERBOSE,
)
_UNKNOWN_LIMIT = re.compile(
    r"\b(?:unknown|unsupported|unrecogni[sz]ed|unexpected)\b[^.]{0,40}\bmax_tokens\b"
    r"|\bmax_tokens\b.{0,40}\b(?:extra inputs?|not (?:supported|permitted))\b",
    re.IGNORECASE,
)
_LESS_OUTPUT = re.compile(
    r"""\bmax_(?:completion_|output_|new_)?tokens\b.{0,80}?
        (?:at\ most|<=|less\ than\ or\ equal\ to|up\ to|cannot\ exceed
        |maximum(?:\ value)?(?:\ of|\ is|:)?|range\D{0,40}\[\d+,)\ {0,2}(\d[\d,]*)""",
    re.IGNORECASE | re.DOTALL | re.VERBOSE,
)
_NO_SYSTEM = re.compile(
    r"""\b(?:system|developer)[\W_]{1,3}(?:role|message|prompt|instruction)s?\b.{0,60}
        \b(?:not|unsupported|disabled|invalid)\b
    | (?:\bno|\bnot|n't|\bcannot|\bunsupported|\bunexpected|\bunknown|\binvalid)\b.{0,60}
        \b(?:system|developer)[\W_]{1,3}(?:role|message|prompt|instruction|with)
    | \brole\W+(?:system|developer)\b.{0,40}\b(?:not|unsupported|invalid)\b
    | \b(?:unsupported|unexpected|unknown|(?:in)?valid)\W+(?:message\W+)?role\b
    | '(?:system|developer)'.{0,30}\b(?:not|unsupported|invalid)\b
    | \broles?\ must\ alternate | \broles?\ other\ than | \bstart\ with\ a\ user\b
    | \bfirst\ message\ (?:must|should) | \bexpected\W+user\b
    | \bonly\ (?:the\ )?\W?user\W{1,4}(?:and|or|assistant)\b | \bgot\W+system\b
    | \b(?:must|should)\ be\ (?:one\ of\ )?\W{0,3}user\b""",
    re.IGNORECASE | re.DOTALL | re.VERBOSE,
)


@dataclass(frozen=True)
class Dialect:
    """How an endpoint wants to be asked.

    Attributes:
        limit_name: What it calls the number of tokens that may be written.
        left_out: The parameters that it refuses.
        has_system: Whether it takes system messages; else they go into the first user message.
        most_output: How many tokens may be asked for at the most, where it says so.
    """

    limit_name: str = "max_tokens"
    left_out: frozenset[str] = frozenset()
    has_system: bool = True
    most_output: int | None = None

    def body(
        self, messages: Sequence[Message], *, max_tokens: int, temperature: float
    ) -> dict[str, Any]:
        """Return the body of a request, but for the model's name."""
        given = messages if self.has_system else _without_system(messages)
        body: dict[str, Any] = {
            "messages": [{"role": one.role, "content": one.content} for one in given],
            self.limit_name: min(max_tokens, self.most_output or max_tokens),
            "temperature": temperature,
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        return {name: value for name, value in body.items() if name not in self.left_out}

    def adapted(self, error: BaseException) -> Dialect | None:
        """Return the dialect that avoids what was refused; None where that isn't known."""
        status = getattr(error, "status_code", None)
        if status not in {*_REFUSED, _TEMPLATE_FAILED} or is_too_long(error):
            return None
        said = f"{getattr(error, 'param', None) or ''} {said_by(error)}"
        if self.has_system and _NO_SYSTEM.search(said):
            return replace(self, has_system=False)
        if status not in _REFUSED:
            return None
        named = "max_completion_tokens" in said or _UNKNOWN_LIMIT.search(said)
        if named and self.limit_name == "max_tokens":
            return replace(self, limit_name="max_completion_tokens")
        less = _LESS_OUTPUT.search(said)
        if less and self.most_output is None:
            return replace(self, most_output=int(less[1].replace(",", "")))
        refused = [name for name in _PARAMETERS if name in said]
        if not refused and _NO_STREAM.search(said):
            refused = ["stream", "stream_options"]
        new = [name for name in refused if name not in self.left_out]
        return replace(self, left_out=self.left_out | set(new)) if new else None

    def notes(self) -> list[str]:
        """Say what is special about it."""
        notes = [f"takes no {name}" for name in sorted(self.left_out)]
        if self.limit_name != "max_tokens":
            notes.append(f"calls max_tokens {self.limit_name}")
        if not self.has_system:
            notes.append("takes no system message: the rules stand in the user's")
        if self.most_output is not None:
            notes.append(f"writes {self.most_output:,} tokens at the most")
        return notes


_KNOWN: dict[tuple[str, str], Dialect] = {}
_ROOMS: dict[tuple[str, str], int] = {}


def known_dialect(endpoint: str, model: str) -> Dialect:
    """Return what is known of a model at an endpoint; the protocol as it is written otherwise."""
    return _KNOWN.get((endpoint, model), Dialect())


def known_room(endpoint: str, model: str) -> int | None:
    """Return how many tokens of papers a model took after it had refused more; None if unknown."""
    return _ROOMS.get((endpoint, model))


def remember_room(endpoint: str, model: str, tokens: int) -> None:
    """Keep how many tokens of papers a model took after it had refused more."""
    _ROOMS[endpoint, model] = tokens


class Talk:
    """Finds the dialect in which one request succeeds.

    Args:
        endpoint: The address, as it is shown.
        model: The model's name.
    """

    def __init__(self, endpoint: str, model: str) -> None:
        self._key = (endpoint, model)
        self.dialect = known_dialect(endpoint, model)

    def adapt(self, error: BaseException) -> bool:
        """Change the dialect after a refusal; return whether to send the request again."""
        adapted = self.dialect.adapted(error)
        self.dialect = adapted or self.dialect
        return adapted is not None

    def remember(self) -> None:
        """Keep the dialect for further requests: this one has succeeded."""
        _KNOWN[self._key] = self.dialect


def _without_system(messages: Sequence[Message]) -> Sequence[Message]:
    """Put what the system says before what the user says first."""
    rules = [one.content for one in messages if one.role == "system"]
    others = [one for one in messages if one.role != "system"]
    first = others[0]._replace(content="\n\n".join([*rules, others[0].content])) if others else None
    return [first, *others[1:]] if first else others
