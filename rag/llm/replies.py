"""Read what an endpoint sends to a chat request, byte by byte, whatever it makes of the protocol.

The protocol is a stream of server-sent events whose data are JSON objects. Endpoints also send
plain JSON in its place, one object a line, events without data, content in parts, no choices where
a list of them is due, an error with status 200, or a page for browsers. What can be understood is
read; of the rest the words are kept, so that a person can be told.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rag.llm.budget import Usage

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["COMPLAINTS", "Delta", "NoProtocolError", "ReplyReader", "ReportedError"]

_MOST = 100_000  # characters of what is no protocol that are kept
_LINE_END = re.compile(rb"\r\n|\n|\r(?!\Z)")  # a stream may use any of the three
_WHOLE = {"stop", "end_turn", "eos", "eos_token", "stop_sequence", "complete", "completed", "done"}
_LENGTH = {"length", "max_tokens", "max_output_tokens", "model_length", "max_length"}
# Where an object that is no reply says what is wrong.
COMPLAINTS = ("message", "detail", "errors", "msg", "error_message", "error_msg", "reason")
_WRAPPERS = ("data", "result", "response", "body")  # of gateways, around the protocol
_PARTS = ("text", "content", "parts", "refusal")
_THOUGHT_PARTS = ("thinking", "reasoning", "summary")
_THOUGHTS = ("reasoning_content", "reasoning", "thinking", "thoughts", "reasoning_details")
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
        statuses = (int(number) for number in numbers if re.fullmatch(r"[1-5]\d\d", number))
        self.status_code = next(statuses, 0)


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

    Words that came before an error are returned before the error is raised.

    Attributes:
        done: Whether the reply has said that it ends here.

    >>> reader = ReplyReader()
    >>> [d.text for d in reader.feed(b'data: {"choices": [{"delta": {"content": "Hi"}}]}\n\n')]
    ['Hi']
    """

    def __init__(self) -> None:
        self._line: list[bytes] = []  # the beginning of a line
        self._event = ""  # the name of the event, where it has one
        self._data: list[str] = []  # lines of an event that are no JSON by themselves
        self._strange: list[str] = []  # lines that belong to no event
        self._hollow: list[str] = []  # objects that could be replies and hold nothing
        self._size = 0  # characters of both
        self._understood = False  # whether anything was of the protocol
        self._wrote = False
        self._index: Any = None  # of the choice that is read
        self._called = False  # whether the model asked for a tool
        self._stopped = False  # whether it has said why it stopped
        self.done = False

    def feed(self, data: bytes) -> Iterator[Delta]:
        """Take the next bytes and yield the deltas that are now known.

        Raises:
            ReportedError: the endpoint reports an error.
            NoProtocolError: an event makes no sense.
        """
        *ends, rest = _LINE_END.split(b"".join([*self._line, data]) if self._half() else data)
        if self._half():
            self._line = []
        for end in ends:
            line = b"".join([*self._line, end])
            self._line = []
            yield from self._take(line.decode("utf-8", "replace"))
        self._line.append(rest)

    def _half(self) -> bool:
        """Tell whether the line may have ended: a carriage return may be half of a line end."""
        return bool(self._line) and self._line[-1].endswith(b"\r")

    def finish(self) -> Iterator[Delta]:
        """End the reply and yield the rest of it.

        Raises:
            ReportedError: the endpoint reports an error.
            NoProtocolError: it sent nothing, or something else.
        """
        if not self.done:
            yield from self.feed(b"\n\n")
        said = "\n".join(self._strange).strip().removeprefix("\ufeff")
        found = _parse(said) if said and not self.done else None
        if not self._understood or (isinstance(found, dict) and _complains(found)):
            for one in found if isinstance(found, list) else [found]:
                yield from self._read(one) if isinstance(one, dict) else ()
        if self._understood:
            if said and not self._stopped and not self.done:
                raise NoProtocolError(said)
        elif said or self._hollow or not self.done:
            raise NoProtocolError(said or "\n".join(self._hollow))

    def _take(self, line: str) -> Iterator[Delta]:
        if self.done:
            return
        line = line.strip().removeprefix("\ufeff")
        name, _, value = line.partition(":")
        name, value = name.lower(), value.strip()
        while name == "data" and value.lower().startswith("data:"):  # framed twice on its way
            value = value[len("data:") :].strip()
        if name == "data":
            yield from self._take_data(value)
        elif not line:
            event, self._data, name = "\n".join(self._data), [], self._event
            self._event = ""
            if event:
                yield from self._take_event(event, name)
        elif name == "event":
            self._event = value.lower()
        elif name == "error":
            raise ReportedError({"error": _parse(value) or value})
        elif name not in {"", "id", "retry"}:
            found = None if self._strange else _parse(line)
            if isinstance(found, dict):
                yield from self._read(found)
            else:
                self._keep(self._strange, line)

    def _take_data(self, data: str) -> Iterator[Delta]:
        if data.strip("[] ").upper() == "DONE":
            self.done = True
        # Many endpoints leave out the empty line between two events.
        elif data and not self._data and _parse(data) is not None:
            name, self._event = self._event, ""
            yield from self._take_event(data, name)
        elif data:
            self._data.append(data)

    def _take_event(self, data: str, name: str) -> Iterator[Delta]:
        found = _parse(data)
        if name == "error":
            inner = found.get("error") if isinstance(found, dict) else None
            raise ReportedError(found if inner else {"error": found or data})
        if found is None:
            raise NoProtocolError(data)
        yield from self._read(found)

    def _read(self, sent: Any) -> Iterator[Delta]:  # noqa: ANN401 - whatever JSON holds
        """Read one object of a stream, or a whole reply."""
        if not isinstance(sent, dict):
            self._keep(self._strange, json.dumps(sent))
            return
        wrapped = (sent.get(name) for name in _WRAPPERS) if "choices" not in sent else ()
        sent = next((one for one in wrapped if isinstance(one, dict) and "choices" in one), sent)
        choices = sent.get("choices")
        listed = [one for one in _listed(choices) if isinstance(one, dict)]
        # One answer is wanted, whatever was asked for at the endpoint.
        self._index = listed[0].get("index") if listed and self._index is None else self._index
        choice = next((one for one in listed if one.get("index") == self._index), None)
        usage = _usage(sent)
        if choice is not None:
            self._understood = True
            yield self._read_choice(choice, usage)
        elif usage is not None:
            yield Delta(usage=usage)
        if sent.get("error") or sent.get("object") == "error" or _complains(sent):
            raise ReportedError(sent)
        if choice is None and not listed:
            known = "choices" in sent or usage is not None
            self._keep(self._hollow if known else self._strange, json.dumps(sent))
        elif choice is not None and choice.get("error"):
            raise ReportedError(choice)

    def _read_choice(self, choice: dict[str, Any], usage: Usage | None) -> Delta:
        # Some send the whole message once more at the end.
        message = choice.get("delta") or (None if self._wrote else choice.get("message"))
        if isinstance(message, str):
            message = {"content": message}
        message = message if isinstance(message, dict) else {}
        text, reasoning = _words(message)
        if not message and isinstance(choice.get("text"), str):
            text = choice["text"]
        self._wrote = self._wrote or bool(text)
        calls = message.get("tool_calls") or message.get("function_call")
        self._called = self._called or bool(calls)
        finish = _finish(choice.get("finish_reason"))
        self._stopped = self._stopped or finish is not None
        if finish == "stop" and self._called and not self._wrote:
            finish = "tool_calls"
        return Delta(text, finish, usage, reasoning)

    def _keep(self, where: list[str], line: str) -> None:
        if self._size < _MOST:
            where.append(line[:_MOST])
            self._size += len(line)


def _listed(choices: Any) -> list[Any]:  # noqa: ANN401 - whatever JSON holds
    """Return the choices of a reply, also where they are numbered or there is but one."""
    if isinstance(choices, dict) and not choices.keys() & {"delta", "message", "text"}:
        return list(choices.values())
    return choices if isinstance(choices, list) else [choices]


def _parse(text: str) -> Any:  # noqa: ANN401 - whatever JSON holds
    """Return what JSON says; None where it isn't any."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _complains(sent: dict[str, Any]) -> bool:
    """Tell whether an object says what is wrong in place of a reply."""
    status = sent.get("base_resp")
    if isinstance(status, dict) and status.get("status_code"):
        return True
    if sent.get("choices"):
        return False
    return bool(sent.get("error")) or any(
        isinstance(sent.get(name), str | list) and sent[name] for name in COMPLAINTS
    )


def _words(message: dict[str, Any]) -> tuple[str, str]:
    """Return the text of a message or delta, and its reasoning."""
    text, reasoning = _parts(message.get("content"))
    if isinstance(refusal := message.get("refusal"), str):
        text += refusal
    thoughts = ("".join(_parts(message.get(name))) for name in _THOUGHTS)
    return text, reasoning + next((one for one in thoughts if one), "")


def _parts(content: Any) -> tuple[str, str]:  # noqa: ANN401 - whatever JSON holds
    """Return the text of a content that may come in parts, and its reasoning."""
    if isinstance(content, str):
        return content, ""
    text = reasoning = ""
    for part in content if isinstance(content, list) else [content]:
        if isinstance(part, str):
            text += part
        elif isinstance(part, dict):
            said = next((part[name] for name in _PARTS if part.get(name) is not None), None)
            said = said.get("value") if isinstance(said, dict) and "value" in said else said
            thought = next((part[name] for name in _THOUGHT_PARTS if part.get(name)), said)
            if part.get("type") in {"thinking", "reasoning", "thought"} or part.get("thought"):
                reasoning += "".join(_parts(thought))
            elif said is not None:
                more, thoughts = _parts(said)
                text, reasoning = text + more, reasoning + thoughts
    return text, reasoning


def _finish(reason: Any) -> str | None:  # noqa: ANN401 - whatever JSON holds
    """Return why a model stopped, in the words of the protocol where they fit."""
    if not isinstance(reason, str) or reason.lower() in {"", "null", "none"}:
        return None
    low = reason.lower()
    kinds = {"stop": _WHOLE, "length": _LENGTH, "content_filter": _FILTERED}
    return next((name for name, words in kinds.items() if low in words), reason)


def _usage(sent: dict[str, Any]) -> Usage | None:
    counted = sent.get("usage")
    if not isinstance(counted, dict):
        return None
    read, wrote = (
        next((n for name in names if isinstance(n := counted.get(name), int | float)), 0)
        for names in (("prompt_tokens", "input_tokens"), ("completion_tokens", "output_tokens"))
    )
    # No request has no tokens: who reports none doesn't count them.
    return Usage(int(read), int(wrote)) if read > 0 else None
