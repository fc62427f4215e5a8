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

__all__ = ["Dialect", "Talk", "known_dialect"]

_REFUSED = frozenset({0, 400, 422})  # 0: an error of status 200 that names no other
_TEMPLATE_FAILED = 500  # how some servers report what a model's template doesn't take
_PARAMETERS = ("stream_options", "temperature")
_NO_STREAM = re.compile(
    r"""(?<![\w-])stream(?:ing)?\b(?!_).{0,60}\b(?:not|unsupported|disabled)\b
    | (?:\bnot|n't|\bunsupported|\bverified)\b.{0,40}(?<![\w-])stream(?:ing)?\b(?!_)""",
    re.IGNORECASE | re.DOTALL | re.VERBOSE,
)
_NO_SYSTEM = re.compile(
    r"""\b(?:system|developer)\W{1,3}(?:role|message|prompt|instruction)s?\b.{0,60}
        \b(?:not|unsupported|disabled)\b
    | (?:\bnot|n't|\bunsupported|\bunexpected|\bunknown|\binvalid)\b.{0,60}
        \b(?:system|developer)\W{1,3}(?:role|message|prompt|instruction|with)
    | \brole\W+(?:system|developer)\b.{0,40}\bnot\b
    | \b(?:unsupported|unexpected|unknown|invalid)\W+role\W+(?:system|developer)\b
    | '(?:system|developer)'.{0,20}\bnot\b
    | \broles?\ must\ alternate | \bfirst\ message\ (?:must|should)
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
    """

    limit_name: str = "max_tokens"
    left_out: frozenset[str] = frozenset()
    has_system: bool = True

    def body(
        self, messages: Sequence[Message], *, max_tokens: int, temperature: float
    ) -> dict[str, Any]:
        """Return the body of a request, but for the model's name."""
        given = messages if self.has_system else _without_system(messages)
        body: dict[str, Any] = {
            "messages": [{"role": one.role, "content": one.content} for one in given],
            self.limit_name: max_tokens,
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
        if "max_completion_tokens" in said and self.limit_name == "max_tokens":
            return replace(self, limit_name="max_completion_tokens")
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
        return notes


_KNOWN: dict[tuple[str, str], Dialect] = {}


def known_dialect(endpoint: str, model: str) -> Dialect:
    """Return what is known of a model at an endpoint; the protocol as it is written otherwise."""
    return _KNOWN.get((endpoint, model), Dialect())


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
