"""Read what an endpoint sends to a chat request, byte by byte, whatever it makes of the protocol.

The protocol is a stream of server-sent events whose data are JSON objects. Endpoints also send
plain JSON in its place, one object a line, events without data, content in parts, no choices where
a list of them is due, an error with status 200, or a page for browsers. What can be understood is
read; of the rest the words are kept, so that a person can be told.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from rag.llm.budget import Usage

__all__ = ["Delta", "NoProtocolError", "ReplyReader", "ReportedError"]

_MOST = 100_000  # characters of what is no protocol that are kept
_WHOLE = {"stop", "end_turn", "eos", "eos_token", "stop_sequence", "complete", "completed", "done"}
_LENGTH = {"length", "max_tokens", "max_output_tokens", "model_length", "max_length"}
_FILTERED = {"content_filter", "safety", "recitation", "sensitive", "prohibited_content"}


@dataclass(frozen=True, slots=True)
class Delta:
    """The next piece of a model's reply.

    Attributes:
        text: The next words; reasoning is left out.
        finish: Why the model stopped, when it says so: `stop`, `length`, `content_filter`, ...
        usage: The tokens of the request, when they are counted.
        reasoning: The next words of its reasoning, which are no part of an answer.
    """

    text: str = ""
    finish: str | None = None
    usage: Usage | None = None
    reasoning: str = ""


class ReportedError(Exception):
    """An endpoint reports an error in a reply of status 200.

    Attributes:
        body: The error, as it was sent.
        status_code: The HTTP status that it names; 0 where it names none.
        code: Its code, if it has one.
        type: Its type, if it has one.
    """

    def __init__(self, body: Any) -> None:  # noqa: ANN401 - whatever was sent
        super().__init__(body)
        self.body = body
        inner = body.get("error", body) if isinstance(body, dict) else body
        found = inner if isinstance(inner, dict) else {}
        self.code, self.type = found.get("code"), found.get("type")
        numbers = (str(found.get(name)) for name in ("status", "status_code", "code"))
        self.status_code = next((int(number) for number in numbers if number.isdecimal()), 0)


class NoProtocolError(Exception):
    """An endpoint sends something else than the chat protocol.

    Attributes:
        said: What it sent, if anything.
    """

    def __init__(self, said: str = "") -> None:
        super().__init__(said)
        self.said = said


class ReplyReader:
    r"""Takes the bytes of a reply in any pieces and returns what they say.

    Attributes:
        done: Whether the reply has said that it ends here.

    >>> reader = ReplyReader()
    >>> [d.text for d in reader.feed(b'data: {"choices": [{"delta": {"content": "Hi"}}]}\n\n')]
    ['Hi']
    """

    def __init__(self) -> None:
        self._line: list[bytes] = []  # the beginning of a line
        self._data: list[str] = []  # lines of an event that are no JSON by themselves
        self._strange: list[str] = []  # lines that belong to no event
        self._size = 0  # characters of them
        self._understood = False  # whether anything was of the protocol
        self._wrote = False
        self.done = False

    def feed(self, data: bytes) -> list[Delta]:
        """Take the next bytes and return the deltas that are now known.

        Raises:
            ReportedError: the endpoint reports an error.
            NoProtocolError: an event makes no sense.
        """
        deltas: list[Delta] = []
        *ends, rest = data.split(b"\n")
        for end in ends:
            line = b"".join([*self._line, end])
            self._line = []
            deltas += self._take(line.rstrip(b"\r").decode("utf-8", "replace"))
        self._line.append(rest)
        return deltas

    def finish(self) -> list[Delta]:
        """End the reply and return the rest of it.

        Raises:
            ReportedError: the endpoint reports an error.
            NoProtocolError: it sent nothing, or something else.
        """
        deltas = self.feed(b"\n\n")
        said = "\n".join(self._strange).strip().removeprefix("\ufeff")
        if not self._understood and said:
            found = _parse(said)
            for one in found if isinstance(found, list) else [found]:
                deltas += self._read(one)
        if not self._understood:
            raise NoProtocolError(said)
        return deltas

    def _take(self, line: str) -> list[Delta]:
        if line.startswith("data:"):
            return self._take_data(line[5:].strip())
        if not line.strip():
            event, self._data = "\n".join(self._data), []
            if event and (found := _parse(event)) is None:
                raise NoProtocolError(event)
            return self._read(found) if event else []
        if line.startswith((":", "event:", "id:", "retry:")):
            return []
        if not self._strange and isinstance(found := _parse(line), dict):
            return self._read(found)
        self._keep(line)
        return []

    def _take_data(self, data: str) -> list[Delta]:
        if not data or self.done:
            return []
        if data == "[DONE]":
            self._understood = self.done = True
            return []
        # Many endpoints leave out the empty line between two events.
        if not self._data and (found := _parse(data)) is not None:
            return self._read(found)
        self._data.append(data)
        return []

    def _read(self, sent: Any) -> list[Delta]:  # noqa: ANN401 - whatever JSON holds
        """Read one object of a stream, or a whole reply."""
        if not isinstance(sent, dict):
            self._keep(json.dumps(sent))
            return []
        choices = sent.get("choices")
        if sent.get("error") or sent.get("object") == "error" or _complains(sent):
            raise ReportedError(sent)
        if choices is None and "choices" not in sent and not sent.get("usage"):
            self._keep(json.dumps(sent))
            return []
        self._understood = True
        choice = next((one for one in choices or [] if isinstance(one, dict)), {})
        if choice.get("error"):
            raise ReportedError(choice)
        # Some send the whole message once more at the end.
        message = choice.get("delta") or ({} if self._wrote else choice.get("message"))
        text, reasoning = _words(message if isinstance(message, dict) else {})
        if not message and isinstance(choice.get("text"), str):
            text = choice["text"]
        self._wrote = self._wrote or bool(text)
        return [Delta(text, _finish(choice.get("finish_reason")), _usage(sent), reasoning)]

    def _keep(self, line: str) -> None:
        if self._size < _MOST:
            self._strange.append(line[:_MOST])
            self._size += len(line)


def _parse(text: str) -> Any:  # noqa: ANN401 - whatever JSON holds
    """Return what JSON says; None where it isn't any."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _complains(sent: dict[str, Any]) -> bool:
    """Tell whether an object that is no reply says what is wrong."""
    if "choices" in sent:
        return False
    return any(isinstance(sent.get(name), str | list) for name in ("message", "detail", "errors"))


def _words(message: dict[str, Any]) -> tuple[str, str]:
    """Return the text of a message or delta, and its reasoning."""
    text, reasoning = _parts(message.get("content"))
    if isinstance(refusal := message.get("refusal"), str):
        text += refusal
    for name in ("reasoning_content", "reasoning", "thinking"):
        if isinstance(thought := message.get(name), str):
            return text, reasoning + thought
    return text, reasoning


def _parts(content: Any) -> tuple[str, str]:  # noqa: ANN401 - whatever JSON holds
    """Return the text of a content that may come in parts, and its reasoning."""
    if isinstance(content, str):
        return content, ""
    text = reasoning = ""
    for part in content if isinstance(content, list) else [content]:
        if isinstance(part, str):
            text += part
        elif isinstance(part, dict):
            inner = part.get("text", part.get("content"))
            said = inner.get("value") if isinstance(inner, dict) else inner
            thought = part.get("thinking", part.get("reasoning"))
            if part.get("type") in {"thinking", "reasoning"}:
                reasoning += "".join(_parts(thought if thought is not None else said))
            elif isinstance(said, str):
                text += said
    return text, reasoning


def _finish(reason: Any) -> str | None:  # noqa: ANN401 - whatever JSON holds
    """Return why a model stopped, in the words of the protocol where they fit."""
    if not isinstance(reason, str) or not reason:
        return None
    low = reason.lower()
    kinds = {"stop": _WHOLE, "length": _LENGTH, "content_filter": _FILTERED}
    return next((name for name, words in kinds.items() if low in words), reason)


def _usage(sent: dict[str, Any]) -> Usage | None:
    counted = sent.get("usage")
    if not isinstance(counted, dict):
        return None
    read, wrote = counted.get("prompt_tokens"), counted.get("completion_tokens")
    return Usage(read, wrote if isinstance(wrote, int) else 0) if isinstance(read, int) else None
