"""The client of a language model: what is asked of every one, and the one that is built in.

`LLMClient` is all that answers, reranking and conversations know of a model; any object that has
its methods can be given to `Library(llm=...)`. The built-in client speaks to any endpoint with
OpenAI's chat protocol, and to no other host, through LlamaIndex's `OpenAILike`: redirects are not
followed and proxies are not read from the environment, so that nothing is sent to a host that
nobody named.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from rag.errors import LLMError, SettingsError
from rag.llm.budget import Usage
from rag.llm.failures import (
    BrokenStreamError,
    EndpointFailures,
    endpoint_errors,
    is_too_long,
    retrying,
    said_by,
)

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncGenerator, Callable, Generator, Iterator, Sequence

    from llama_index.core.base.llms.types import ChatMessage, ChatResponse
    from llama_index.llms.openai_like import OpenAILike

    from rag.settings import Settings

__all__ = ["Delta", "Endpoint", "LLMClient", "Message", "OpenAIClient", "open_client"]

_OPENAI = "https://api.openai.com/v1"
_NO_KEY = "none"  # local servers ask for none, and the protocol has no way to send none
_CONNECT = 10.0  # seconds: a host that is there answers sooner


class Message(NamedTuple):
    """One message to the model."""

    role: str
    content: str


@dataclass(frozen=True, slots=True)
class Delta:
    """The next piece of a model's reply.

    Attributes:
        text: The next words; reasoning is left out.
        finish: Why the model stopped, when it says so: `stop`, `length`, `content_filter`, ...
        usage: The tokens of the request, when they are counted.
    """

    text: str = ""
    finish: str | None = None
    usage: Usage | None = None


class LLMClient(Protocol):
    """A chat model, wherever it runs.

    Failures are raised as `LLMError`: as `ContextTooLongError` where the messages have to shrink,
    as `BrokenStreamError` where the reply broke off after its first words. A client retries by
    itself what is worth it; closing a stream stops the model.
    """

    @property
    def name(self) -> str:
        """The model's name, as answers state it."""

    @property
    def endpoint(self) -> str:
        """Where the model runs, fit to be shown: without keys or passwords."""

    def stream(
        self, messages: Sequence[Message], *, max_tokens: int
    ) -> Generator[Delta, None, None]:
        """Yield the model's reply as it comes.

        Args:
            messages: The conversation, at most one system message first.
            max_tokens: How many tokens the model may write, its reasoning included.
        """

    def astream(
        self, messages: Sequence[Message], *, max_tokens: int
    ) -> AsyncGenerator[Delta, None]:
        """Yield what `stream` yields, without blocking the event loop."""

    def list_models(self) -> list[str]:
        """Return the names of the models that can be had at the same endpoint."""


def open_client(settings: Settings, model: str | None = None) -> LLMClient:
    """Open the client of a language model.

    Args:
        settings: The model's name, temperature, time-out and retries.
        model: Its name where it isn't the one of the settings.

    Raises:
        SettingsError: no model is named.
        LLMError: no endpoint is known.
    """
    if model is not None:
        settings = settings.model_copy(update={"llm_model": model})
    return OpenAIClient(settings)


@dataclass(frozen=True)
class Endpoint:
    """The address of a model, and the key that opens it.

    Attributes:
        url: Base address, such as `http://127.0.0.1:11434/v1`.
        key: The key; never stored, and left out of what is printed.
    """

    url: str
    key: str

    def __repr__(self) -> str:
        return f"Endpoint(url={self.shown!r})"

    @classmethod
    def from_environment(cls) -> Endpoint:
        """Read `OPENAI_BASE_URL` and `OPENAI_API_KEY`.

        Raises:
            LLMError: neither is set.
            SettingsError: the address is none.
        """
        url = os.environ.get("OPENAI_BASE_URL", "").strip().rstrip("/")
        key = os.environ.get("OPENAI_API_KEY", "").strip()
        if not url and not key:
            raise LLMError(
                "A model is named, but no endpoint.",
                hint="Set OPENAI_API_KEY, or OPENAI_BASE_URL for a server of your own.",
            )
        if url and not url.startswith(("http://", "https://")):
            raise SettingsError(
                "OPENAI_BASE_URL is not an address.", hint="It begins with http:// or https://."
            )
        return cls(url or _OPENAI, key or _NO_KEY)

    @property
    def shown(self) -> str:
        """The address without a password that it may hold."""
        scheme, _, rest = self.url.partition("://")
        host, slash, path = rest.partition("/")
        return f"{scheme}://{host.rpartition('@')[2]}{slash}{path.partition('?')[0]}"


class OpenAIClient:
    """The client of any endpoint with OpenAI's chat protocol.

    Args:
        settings: The model's name, temperature, time-out and retries.
        endpoint: Where it is; read from the environment when None.
        sleep: Waits between two tries of `stream`; `time.sleep` when None.

    Raises:
        SettingsError: no model is named.
        LLMError: no endpoint is known.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        endpoint: Endpoint | None = None,
        sleep: Callable[[float], None] | None = None,
    ) -> None:
        if settings.llm_model is None:
            raise SettingsError(
                "No language model is named.",
                hint="Name one with --model or RAG_LLM_MODEL, and its endpoint with "
                "OPENAI_BASE_URL and OPENAI_API_KEY.",
            )
        self._name = settings.llm_model
        self._endpoint = endpoint or Endpoint.from_environment()
        self._settings = settings
        self._sleep = sleep
        self._tls: ssl.SSLContext | None = None
        self._failures = EndpointFailures(
            model=self._name,
            url=self._endpoint.shown,
            timeout=settings.llm_timeout,
            secret=self._endpoint.key,
        )

    @property
    def name(self) -> str:
        """The model's name."""
        return self._name

    @property
    def endpoint(self) -> str:
        """The endpoint's address, without a password that it may hold."""
        return self._endpoint.shown

    # A request is repeated until its first word has come. What comes behind that word may have
    # been shown already, so a failure there ends the reply.

    def stream(
        self, messages: Sequence[Message], *, max_tokens: int
    ) -> Generator[Delta, None, None]:
        """Yield the model's reply as it comes.

        Raises:
            ContextTooLongError: the messages are longer than the model's context.
            BrokenStreamError: the reply began and then broke off.
            LLMError: there is no reply to be had.
        """
        import httpx
        import tenacity

        parameters = _Parameters(max_tokens, self._settings.llm_timeout)
        retry = retrying(tenacity.Retrying, retries=self._settings.llm_retries, sleep=self._sleep)
        adapt = tenacity.Retrying(retry=tenacity.retry_if_exception(parameters.adapt), reraise=True)
        chat = _to_chat(messages)
        # Each reply has an HTTP client of its own: closing it is what surely stops a model whose
        # reply nobody reads any more, and no connection goes stale between two questions.
        with httpx.Client(**self._http_options()) as http:
            model = self._build(http_client=http)

            def begin() -> tuple[list[Delta], Iterator[Delta]]:
                deltas = map(_read, model.stream_chat(chat, **parameters.options()))
                head: list[Delta] = []
                for delta in deltas:
                    head.append(delta)
                    if delta.text:
                        break
                return head, deltas

            with self._explained():
                head, rest = retry(adapt, begin)
            yield from head
            with self._broken_off():
                yield from rest

    async def astream(
        self, messages: Sequence[Message], *, max_tokens: int
    ) -> AsyncGenerator[Delta, None]:
        """Yield what `stream` yields, without blocking the event loop."""
        import httpx
        import tenacity

        parameters = _Parameters(max_tokens, self._settings.llm_timeout)
        retry = retrying(tenacity.AsyncRetrying, retries=self._settings.llm_retries)
        adapt = tenacity.AsyncRetrying(
            retry=tenacity.retry_if_exception(parameters.adapt), reraise=True
        )
        chat = _to_chat(messages)
        async with httpx.AsyncClient(**self._http_options()) as http:
            model = self._build(async_http_client=http)

            async def begin() -> tuple[list[Delta], AsyncGenerator[ChatResponse, None]]:
                responses = await model.astream_chat(chat, **parameters.options())
                head: list[Delta] = []
                async for response in responses:
                    head.append(_read(response))
                    if head[-1].text:
                        break
                return head, responses

            begun: tuple[list[Delta], AsyncGenerator[ChatResponse, None]]
            with self._explained():
                begun = await retry(adapt, begin)
            head, rest = begun
            for delta in head:
                yield delta
            with self._broken_off():
                async for response in rest:
                    yield _read(response)

    def list_models(self) -> list[str]:
        """Return the names of the models that the endpoint offers.

        Raises:
            LLMError: it doesn't say.
        """
        import httpx
        import openai

        client = openai.OpenAI(
            api_key=self._endpoint.key,
            base_url=self._endpoint.url,
            http_client=httpx.Client(**self._http_options()),
            max_retries=0,
        )
        with self._explained(), client:
            return sorted(str(model.id) for model in client.models.list())

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Turn the errors of a request into one that a person understands."""
        try:
            yield
        except endpoint_errors() as error:
            raise self._failures.explain(error) from error

    @contextmanager
    def _broken_off(self) -> Iterator[None]:
        """Turn the errors of a reply that has begun into one."""
        try:
            yield
        except endpoint_errors() as error:
            raise BrokenStreamError(
                "The model's answer broke off.", hint="Ask again for the whole of it."
            ) from error

    def _build(self, **client: Any) -> OpenAILike:  # noqa: ANN401 - one of two kinds of client
        from llama_index.llms.openai_like import OpenAILike

        try:
            return OpenAILike(
                model=self._name,
                api_base=self._endpoint.url,
                api_key=self._endpoint.key,
                is_chat_model=True,
                context_window=self._settings.llm_context_window,
                temperature=self._settings.llm_temperature,
                timeout=self._settings.llm_timeout,
                max_retries=0,
                **client,
            )
        except ValueError as error:  # LlamaIndex keeps a list of models without a chat protocol
            raise LLMError(
                f"The model {self._name} doesn't speak the chat protocol.",
                hint="Name a chat model; reasoning models that answer in chats are among them.",
            ) from error

    def _http_options(self) -> dict[str, Any]:
        import httpx

        if self._tls is None:
            # Reading the certificates takes longer than anything else about a client.
            self._tls = httpx.create_ssl_context(trust_env=False)
        timeout = httpx.Timeout(self._settings.llm_timeout, connect=_CONNECT)
        return {
            "timeout": timeout,
            "follow_redirects": False,
            "trust_env": False,
            "verify": self._tls,
        }


class _Parameters:
    """The parameters of a request. Endpoints differ: what one has refused is left out.

    Args:
        max_tokens: How much the model may write.
        timeout: Seconds to wait for the next words.
    """

    def __init__(self, max_tokens: int, timeout: float) -> None:
        self._max_tokens = max_tokens
        self._timeout = timeout
        self._limit_name = "max_tokens"
        self._refused: set[str] = set()

    def options(self) -> dict[str, Any]:
        """Return the parameters of the next try."""
        import httpx
        import openai

        options: dict[str, Any] = {
            "timeout": httpx.Timeout(self._timeout, connect=min(_CONNECT, self._timeout)),
            self._limit_name: self._max_tokens,
            "stream_options": {"include_usage": True},
        }
        for name in self._refused:
            options.pop(name, None)
        if "temperature" in self._refused:
            options["temperature"] = openai.omit
        return options

    def adapt(self, error: BaseException) -> bool:
        """Leave out or rename a parameter that was refused; return whether there was one."""
        if getattr(error, "status_code", None) not in {400, 422} or is_too_long(error):
            return False
        said = f"{getattr(error, 'param', '')} {said_by(error)}"
        if "max_completion_tokens" in said and self._limit_name == "max_tokens":
            self._limit_name = "max_completion_tokens"
            return True
        for name in ("stream_options", "temperature"):
            if name in said and name not in self._refused:
                self._refused.add(name)
                return True
        return False


def _to_chat(messages: Sequence[Message]) -> list[ChatMessage]:
    from llama_index.core.base.llms.types import ChatMessage

    return [ChatMessage(role=message.role, content=message.content) for message in messages]


def _read(response: ChatResponse) -> Delta:
    raw = response.raw
    choices = getattr(raw, "choices", None) or []
    refusal = getattr(choices[0].delta, "refusal", None) if choices else None
    finish = choices[0].finish_reason if choices else None
    counted = getattr(raw, "usage", None)
    usage = None
    if counted is not None and counted.prompt_tokens is not None:
        usage = Usage(int(counted.prompt_tokens), int(counted.completion_tokens or 0))
    return Delta((response.delta or "") + (refusal or ""), finish, usage)
