"""The language model: any endpoint that speaks OpenAI's chat protocol, and no other host.

The requests go through LlamaIndex's `OpenAILike`. Trying again, waiting as long as the endpoint
asks for, and telling a person what went wrong are done here, for answers that are streamed and
awaited alike. Redirects are not followed and proxies are not read from the environment, so that
nothing is sent to a host that nobody named.
"""

from __future__ import annotations

import os
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from rag.errors import LLMError, SettingsError
from rag.llm.budget import Usage
from rag.llm.failures import Attempt, failures

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncGenerator, Callable, Generator, Iterator, Sequence

    from llama_index.core.base.llms.types import ChatMessage, ChatResponse
    from llama_index.llms.openai_like import OpenAILike

    from rag.settings import Settings

__all__ = ["Delta", "Endpoint", "LanguageModel", "Message"]

_OPENAI = "https://api.openai.com/v1"
_NO_KEY = "none"  # local servers ask for none, and the protocol has no way to send none
_CONNECT = 10.0  # seconds: a host that is there answers sooner


class Message(NamedTuple):
    """One message to the model."""

    role: str
    content: str


@dataclass(frozen=True, slots=True)
class Delta:
    """The next piece of what a model sends.

    Attributes:
        text: The next words; reasoning is left out.
        finish: Why the model ended, when it says so: `stop`, `length`, `content_filter`, ...
        usage: The tokens of the request, when the endpoint counts them.
    """

    text: str = ""
    finish: str | None = None
    usage: Usage | None = None


@dataclass(frozen=True)
class Endpoint:
    """Where the model is, and the key that opens it.

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


class LanguageModel:
    """A chat model behind an endpoint.

    Args:
        settings: The model's name, temperature, time-out and retries.
        endpoint: Where it is; read from the environment when None.
        sleep: Waits between two tries.

    Raises:
        SettingsError: no model is named.
        LLMError: no endpoint is known.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        endpoint: Endpoint | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        if settings.llm_model is None:
            raise SettingsError(
                "No language model is named.",
                hint="Name one with --model or RAG_LLM_MODEL, and its endpoint with "
                "OPENAI_BASE_URL and OPENAI_API_KEY.",
            )
        self.name = settings.llm_model
        self.endpoint = endpoint or Endpoint.from_environment()
        self._settings = settings
        self._sleep = sleep
        self._tls: ssl.SSLContext | None = None

    def stream(
        self, messages: Sequence[Message], *, max_tokens: int
    ) -> Generator[Delta, None, None]:
        """Yield what the model answers, as it comes.

        Raises:
            ContextTooLongError: the messages are more than the model takes.
            BrokenStreamError: the answer began and then broke off.
            LLMError: there is no answer to be had.
        """
        import httpx

        attempt = self._attempt(max_tokens)
        chat = _to_chat(messages)
        # Each answer has a client of its own: closing it is what surely ends an answer that
        # nobody reads any more, and no connection goes stale between two questions.
        with httpx.Client(**self._http_options()) as client:
            model = self._build(http_client=client)
            while True:
                try:
                    with _no_surprises(self.name):
                        for response in model.stream_chat(chat, **attempt.options()):
                            delta = _read(response)
                            attempt.began = attempt.began or bool(delta.text)
                            yield delta
                    return
                except failures() as error:
                    wait = attempt.recover(error)
                self._sleep(wait)

    async def astream(
        self, messages: Sequence[Message], *, max_tokens: int
    ) -> AsyncGenerator[Delta, None]:
        """Yield what the model answers, as `stream` does, without blocking the event loop."""
        import asyncio

        import httpx

        attempt = self._attempt(max_tokens)
        chat = _to_chat(messages)
        async with httpx.AsyncClient(**self._http_options()) as client:
            model = self._build(async_http_client=client)
            while True:
                try:
                    with _no_surprises(self.name):
                        async for response in await model.astream_chat(chat, **attempt.options()):
                            delta = _read(response)
                            attempt.began = attempt.began or bool(delta.text)
                            yield delta
                    return
                except failures() as error:
                    wait = attempt.recover(error)
                await asyncio.sleep(wait)

    def list_models(self) -> list[str]:
        """Return the names of the models that the endpoint offers.

        Raises:
            LLMError: it doesn't say.
        """
        import httpx
        import openai

        client = openai.OpenAI(
            api_key=self.endpoint.key,
            base_url=self.endpoint.url,
            http_client=httpx.Client(**self._http_options()),
            max_retries=0,
        )
        try:
            with client:
                return sorted(str(model.id) for model in client.models.list())
        except failures() as error:
            raise self._attempt(1).explain(error) from error

    def _attempt(self, max_tokens: int) -> Attempt:
        return Attempt(
            model=self.name,
            url=self.endpoint.shown,
            secret=self.endpoint.key,
            retries=self._settings.llm_retries,
            max_tokens=max_tokens,
            timeout=self._settings.llm_timeout,
        )

    def _build(self, **client: Any) -> OpenAILike:  # noqa: ANN401 - one of two kinds of client
        from llama_index.llms.openai_like import OpenAILike

        with _no_surprises(self.name):
            return OpenAILike(
                model=self.name,
                api_base=self.endpoint.url,
                api_key=self.endpoint.key,
                is_chat_model=True,
                context_window=self._settings.llm_context_window,
                temperature=self._settings.llm_temperature,
                timeout=self._settings.llm_timeout,
                max_retries=0,
                **client,
            )

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


@contextmanager
def _no_surprises(model: str) -> Iterator[None]:
    """Turn LlamaIndex's refusal of some models' names into an error of ours."""
    try:
        yield
    except ValueError as error:
        if "Responses API" not in str(error):
            raise
        raise LLMError(
            f"The model {model} doesn't speak the chat protocol.",
            hint="Name a chat model; reasoning models that answer in chats are among them.",
        ) from error


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
