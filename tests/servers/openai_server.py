"""A loopback server that speaks OpenAI's protocol and answers as a test tells it to.

    with OpenAIServer() as server:
        server.reply("Depth helps [1].")
        server.reply(status=429, headers={"Retry-After": "0"}, error="slow down")
        client = OpenAI(base_url=server.url, api_key="any")

Chat requests take one scripted reply each, in order. Embeddings are computed: the same text has
the same vector, and texts that share words have similar ones. Everything received is recorded.
"""

from __future__ import annotations

import base64
import hashlib
import json
import math
import re
import socket
import struct
import threading
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator, Mapping, Sequence

__all__ = ["OpenAIServer", "Reply", "Request"]

_PATIENCE = 30.0  # seconds until a reply whose event a forgetful test never sets is given up


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One scripted answer.

    Attributes:
        text: What the model says; may be empty.
        chunks: How the text is cut when it streams; by default word by word.
        reasoning: Sent as `reasoning_content`, before the text.
        refusal: Sent in place of the text, in the field the protocol has for refusals.
        finish_reason: As the protocol names it: "stop", "length", "content_filter".
        usage: Token counts; by default the words of the request and of the text.
        status: An HTTP status; anything but 200 is answered with an error object.
        headers: Sent with the response, such as Retry-After.
        error: The error's message, or the whole error object; a default fits the status.
        delay_event: The reply waits until the test sets it.
        delay_after: How many chunks are streamed before that wait, those of the reasoning
            included; 0 is before the first byte.
        cut_after: How many chunks are streamed, counted likewise, before the connection is
            dropped; without streaming, half of the body is sent.
        malformed: A stream has an event that is no JSON behind its first chunk; a whole
            response is no JSON.
        context_limit: A request of more words than this gets a context-length error, and the
            reply waits for a smaller one.
        raw: A body that is sent as it stands, in place of all that.
        kind: The content type of that body.
    """

    text: str = ""
    chunks: Sequence[str] | None = None
    reasoning: str = ""
    refusal: str | None = None
    finish_reason: str | None = "stop"
    usage: Mapping[str, int] | None = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    error: str | Mapping[str, Any] | None = None
    delay_event: threading.Event | None = None
    delay_after: int = 0
    cut_after: int | None = None
    malformed: bool = False
    context_limit: int | None = None
    raw: str | None = None
    kind: str = "text/event-stream"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request as it came in; header names in lower case, the body decoded from JSON."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: Any

    @property
    def text(self) -> str:
        """The text of all messages of a chat request."""
        return "\n".join(_content(message) for message in self.body.get("messages", []))


def _content(message: Mapping[str, Any]) -> str:
    content = message.get("content") or ""
    return (
        content if isinstance(content, str) else " ".join(part.get("text", "") for part in content)
    )


_ERRORS = {
    400: ("invalid_request_error", None, "The request is invalid."),
    401: ("invalid_request_error", "invalid_api_key", "Incorrect API key provided."),
    404: ("invalid_request_error", "model_not_found", "The model does not exist."),
    429: ("requests", "rate_limit_exceeded", "Rate limit reached."),
    500: ("server_error", None, "The server had an error."),
}


class _Drop(Exception):  # noqa: N818 - not an error: the script says so
    """The connection is to be dropped here."""


class OpenAIServer:
    """The server, as a context manager; it listens on a free loopback port.

    Args:
        api_key: Required of every request where given; else any key, or none, will do.
        models: What the models endpoint lists. Chats don't check the name.
        dimension: Length of the embedding vectors, unless the request asks for fewer.
        batch_limit: Texts that one embedding request may hold.
        tls: The context of a server that speaks TLS, with its certificate.
        default: Given when no scripted reply is left; without it that is an error 500.
    """

    def __init__(
        self,
        *,
        api_key: str | None = None,
        models: Sequence[str] = ("test-model",),
        dimension: int = 32,
        batch_limit: int = 2048,
        default: Reply | str | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.api_key = api_key
        self.models = tuple(models)
        self.dimension = dimension
        self.batch_limit = batch_limit
        self.default = _as_reply(default)
        self.tls = tls
        self.requests: list[Request] = []
        self.disconnects = 0
        self.disconnected = threading.Event()
        self._lock = threading.Lock()
        self._replies: deque[Reply] = deque()
        self._embedding_replies: deque[Reply] = deque()
        self._connections: set[socket.socket] = set()
        self._closing = threading.Event()

    def __enter__(self) -> Self:
        self._http = _Listener(self)
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        self._http.shutdown()
        self._thread.join()
        with self._lock:
            connections = list(self._connections)
        for connection in connections:
            _hang_up(connection)
        self._http.server_close()

    @property
    def url(self) -> str:
        """The base URL, as OPENAI_BASE_URL takes it."""
        scheme = "http" if self.tls is None else "https"
        return f"{scheme}://127.0.0.1:{self._http.server_address[1]}/v1"

    def reply(self, *replies: Reply | str, **options: Any) -> None:
        """Script answers to the next chat requests: texts, replies, or the fields of one reply."""
        with self._lock:
            self._replies.extend(_as_replies(replies, options))

    def reply_to_embeddings(self, *replies: Reply, **options: Any) -> None:
        """Script failures of the next embedding requests; a reply of status 200 lets one pass."""
        with self._lock:
            self._embedding_replies.extend(_as_replies(replies, options))

    @property
    def chats(self) -> list[Request]:
        """The chat requests received, in order."""
        return self._received("/chat/completions")

    @property
    def embeddings(self) -> list[Request]:
        """The embedding requests received, in order."""
        return self._received("/embeddings")

    @property
    def unused(self) -> int:
        """How many scripted replies no request has taken."""
        with self._lock:
            return len(self._replies) + len(self._embedding_replies)

    def _received(self, ending: str) -> list[Request]:
        with self._lock:
            return [request for request in self.requests if request.path.endswith(ending)]

    def _take(self, request: Request) -> Reply:
        with self._lock:
            if not self._replies:
                return self.default or Reply(status=500, error="the test scripted no more replies")
            limit = self._replies[0].context_limit
            words = len(request.text.split())
            if limit is not None and words > limit:
                return Reply(status=400, error=_context_error(limit, words))
            return self._replies.popleft()

    def _take_for_embeddings(self) -> Reply:
        with self._lock:
            return self._embedding_replies.popleft() if self._embedding_replies else Reply()

    def _wait(self, reply: Reply) -> None:
        """Wait for the test, but not beyond the life of the server."""
        if reply.delay_event is None:
            return
        for _ in range(int(_PATIENCE / 0.05)):
            if reply.delay_event.wait(0.05) or self._closing.is_set():
                break
        if self._closing.is_set() and not reply.delay_event.is_set():
            raise _Drop


def _as_reply(reply: Reply | str | None) -> Reply | None:
    return Reply(text=reply) if isinstance(reply, str) else reply


def _as_replies(replies: Sequence[Reply | str], options: Mapping[str, Any]) -> list[Reply]:
    made = [Reply(text=reply) if isinstance(reply, str) else reply for reply in replies]
    return [*made, Reply(**options)] if options else made


def _context_error(limit: int, words: int) -> dict[str, Any]:
    return {
        "message": f"This model's maximum context length is {limit} tokens. However, your messages"
        f" resulted in {words} tokens. Please reduce the length of the messages.",
        "type": "invalid_request_error",
        "param": "messages",
        "code": "context_length_exceeded",
    }


def _hang_up(connection: socket.socket) -> None:
    with suppress(OSError):  # the client may have been first
        connection.shutdown(socket.SHUT_RDWR)


class _Listener(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, script: OpenAIServer) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.script = script
        if script.tls is not None:
            # The handshake is left to the thread that reads, so that a refusal stops nobody else.
            self.socket = script.tls.wrap_socket(
                self.socket, server_side=True, do_handshake_on_connect=False
            )

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that hang up: stopping an answer is part of the tests."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Listener

    def setup(self) -> None:
        super().setup()
        with self.server.script._lock:
            self.server.script._connections.add(self.connection)

    def finish(self) -> None:
        with self.server.script._lock:
            self.server.script._connections.discard(self.connection)
        super().finish()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Keep the test's output to the test."""

    def do_GET(self) -> None:
        self._handle({"/v1/models": self._models})

    def do_POST(self) -> None:
        self._handle({"/v1/chat/completions": self._chat, "/v1/embeddings": self._embed})

    def _handle(self, routes: Mapping[str, Any]) -> None:
        script = self.server.script
        data = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        path, _, query = self.path.partition("?")
        body = json.loads(data) if data else None
        request = Request(method=self.command, path=path, query=query, headers=headers, body=body)
        with script._lock:
            script.requests.append(request)
        try:
            if script.api_key and headers.get("authorization") != f"Bearer {script.api_key}":
                self._fail(Reply(status=401))
            elif path in routes:
                routes[path](request)
            else:
                self._fail(Reply(status=404, error=f"Unknown request URL: {self.command} {path}."))
        except _Drop:
            self.close_connection = True
            _hang_up(self.connection)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True
            with script._lock:
                script.disconnects += 1
            script.disconnected.set()

    def _models(self, request: Request) -> None:
        listed = [
            {"id": name, "object": "model", "created": 0, "owned_by": "tests"}
            for name in self.server.script.models
        ]
        self._send({"object": "list", "data": listed})

    def _chat(self, request: Request) -> None:
        reply = self.server.script._take(request)
        if reply.delay_after == 0:
            self.server.script._wait(reply)
        if reply.raw is not None:
            data = reply.raw.encode()
            self._start(reply, reply.kind, {"Content-Length": str(len(data))})
            self.wfile.write(data)
        elif reply.status != 200:
            self._fail(reply)
        elif request.body.get("stream"):
            self._stream(request, reply)
        else:
            self._send(_completion(request, reply), reply)

    def _embed(self, request: Request) -> None:
        script, body = self.server.script, request.body
        reply = script._take_for_embeddings()
        script._wait(reply)
        given = body["input"]
        texts = (
            [given] if isinstance(given, str) or (given and isinstance(given[0], int)) else given
        )
        if reply.status != 200:
            self._fail(reply)
        elif not texts or len(texts) > script.batch_limit:
            message = (
                f"Invalid 'input': expected 1 to {script.batch_limit} items, got {len(texts)}."
            )
            self._fail(Reply(status=400, error=message))
        else:
            length = int(body.get("dimensions") or script.dimension)
            packed = body.get("encoding_format") == "base64"
            vectors = [_vector(str(text), length) for text in texts]
            words = sum(len(str(text).split()) for text in texts)
            data = [
                {"object": "embedding", "index": index, "embedding": _packed(v) if packed else v}
                for index, v in enumerate(vectors)
            ]
            usage = {"prompt_tokens": words, "total_tokens": words}
            self._send(
                {"object": "list", "data": data, "model": body["model"], "usage": usage}, reply
            )

    def _fail(self, reply: Reply) -> None:
        kind, code, message = _ERRORS.get(reply.status, ("server_error", None, "An error."))
        error = reply.error
        if error is None or isinstance(error, str):
            error = {"message": error or message, "type": kind, "param": None, "code": code}
        self._send({"error": error}, reply)

    def _send(self, content: Any, reply: Reply | None = None) -> None:
        reply = reply or Reply()
        data = b'{"broken": ' if reply.malformed else json.dumps(content).encode()
        self._start(reply, "application/json", {"Content-Length": str(len(data))})
        if reply.cut_after is not None:
            self.wfile.write(data[: len(data) // 2])
            raise _Drop
        self.wfile.write(data)

    def _start(self, reply: Reply, kind: str, headers: Mapping[str, str]) -> None:
        self.send_response(reply.status)
        for name, value in {"Content-Type": kind, **headers, **reply.headers}.items():
            self.send_header(name, value)
        self.end_headers()

    def _stream(self, request: Request, reply: Reply) -> None:
        self._start(reply, "text/event-stream", {"Transfer-Encoding": "chunked"})
        for index, event in enumerate(_events(request, reply)):
            if reply.cut_after is not None and index > reply.cut_after:
                raise _Drop
            if index == reply.delay_after > 0:
                self.server.script._wait(reply)
            self._write_event(json.dumps(event))
            if reply.malformed and index == 1:
                self._write_event('{"broken": ')
        self._write_event("[DONE]")
        self.wfile.write(b"0\r\n\r\n")

    def _write_event(self, data: str) -> None:
        event = f"data: {data}\n\n".encode()
        self.wfile.write(f"{len(event):x}\r\n".encode() + event + b"\r\n")
        self.wfile.flush()


def _usage(request: Request, reply: Reply) -> dict[str, int]:
    if reply.usage is not None:
        return dict(reply.usage)
    given, said = len(request.text.split()), len(reply.text.split())
    return {"prompt_tokens": given, "completion_tokens": said, "total_tokens": given + said}


def _completion(request: Request, reply: Reply) -> dict[str, Any]:
    message = {
        "role": "assistant",
        "content": reply.text if reply.refusal is None else None,
        "refusal": reply.refusal,
    }
    if reply.reasoning:
        message["reasoning_content"] = reply.reasoning
    choice = {"index": 0, "message": message, "finish_reason": reply.finish_reason}
    return {
        **_frame(request, "chat.completion"),
        "choices": [choice],
        "usage": _usage(request, reply),
    }


def _events(request: Request, reply: Reply) -> Iterator[dict[str, Any]]:
    """Yield the events of a stream; the first names the role, the n-th carries chunk n."""

    def event(delta: Mapping[str, Any], finish_reason: str | None = None) -> dict[str, Any]:
        choice = {"index": 0, "delta": dict(delta), "finish_reason": finish_reason}
        return {**_frame(request, "chat.completion.chunk"), "choices": [choice]}

    yield event({"role": "assistant", "content": ""})
    for part in re.findall(r"\S+\s*", reply.reasoning):
        yield event({"reasoning_content": part})
    if reply.refusal is not None:
        yield event({"refusal": reply.refusal})
    else:
        chunks = re.findall(r"\s*\S+|\s+$", reply.text) if reply.chunks is None else reply.chunks
        for chunk in chunks:
            yield event({"content": chunk})
    yield event({}, reply.finish_reason)
    if (request.body.get("stream_options") or {}).get("include_usage"):
        frame = _frame(request, "chat.completion.chunk")
        yield {**frame, "choices": [], "usage": _usage(request, reply)}


def _frame(request: Request, kind: str) -> dict[str, Any]:
    return {"id": "chatcmpl-test", "object": kind, "created": 0, "model": request.body["model"]}


def _vector(text: str, length: int) -> list[float]:
    """Add up a fixed direction for each word, so that texts that share words are similar."""
    total = [0.0] * length
    for word in re.findall(r"\w+", text.lower()) or [""]:
        seed = hashlib.shake_256(word.encode()).digest(length)
        total = [value + (byte - 127.5) for value, byte in zip(total, seed, strict=True)]
    norm = math.sqrt(sum(value * value for value in total))
    return [value / norm for value in total]


def _packed(vector: Sequence[float]) -> str:
    return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()
