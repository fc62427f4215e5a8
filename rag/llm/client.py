"""The client of a language model: what is asked of every one, and the one that is built in.

`LLMClient` is all that answers, reranking and conversations know of a model; any object that has
its methods can be given to `Library(llm=...)`. The built-in client speaks to any endpoint with
OpenAI's chat protocol, and to no other host, through the openai package: redirects are not followed
and proxies are not read from the environment, so that nothing is sent to a host that nobody named.
What comes back is read by `rag.llm.replies`, since few endpoints keep to the protocol.
"""

from __future__ import annotations

import json
import os
import ssl
from contextlib import AsyncExitStack, ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import parse_qsl

from rag.errors import LLMError, SettingsError
from rag.llm.dialects import Talk
from rag.llm.failures import EndpointFailures, endpoint_errors, retrying
from rag.llm.messages import Message
from rag.llm.replies import Delta, NoProtocolError, ReplyReader

if TYPE_CHECKING:
    from collections.abc import (
        AsyncGenerator,
        AsyncIterator,
        Callable,
        Generator,
        Iterable,
        Iterator,
        Sequence,
    )
    from pathlib import Path

    from rag.settings import Settings

__all__ = ["Delta", "Endpoint", "LLMClient", "Message", "OpenAIClient", "open_client"]

_OPENAI = "https://api.openai.com/v1"
_NO_KEY = "none"  # local servers ask for none, and the protocol has no way to send none
_CONNECT = 10.0  # seconds: a host that is there answers sooner


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
        url: Base address, such as `http://127.0.0.1:11434/v1`; a query goes with every request.
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
    def base(self) -> str:
        """The address without its query."""
        return self.url.partition("?")[0].rstrip("/").removesuffix("/chat/completions")

    @property
    def query(self) -> dict[str, str]:
        """The query of the address, such as the version that Azure wants to be told."""
        return dict(parse_qsl(self.url.partition("?")[2], keep_blank_values=True))

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
        import openai
        import tenacity

        talk = Talk(self._endpoint.shown, self._name)
        retry = self._retrying(tenacity.Retrying, sleep=self._sleep)
        adapt = tenacity.Retrying(retry=tenacity.retry_if_exception(talk.adapt), reraise=True)
        # Each reply has an HTTP client of its own: closing it is what surely stops a model whose
        # reply nobody reads any more, and no connection goes stale between two questions.
        with ExitStack() as stack:
            with self._explained():
                client = stack.enter_context(openai.OpenAI(**self._options("Client")))

            def begin() -> tuple[list[Delta], Iterator[Delta]]:
                with ExitStack() as failed:
                    sent = client.chat.completions.with_streaming_response.create(
                        model=self._name, **self._body(talk, messages, max_tokens)
                    )
                    deltas = _read(failed.enter_context(sent).iter_bytes())
                    head = []
                    for delta in deltas:
                        head.append(delta)
                        if delta.text:
                            break
                    stack.push(failed.pop_all())
                return head, deltas

            with self._explained():
                head, rest = retry(adapt, begin)
            talk.remember()
            yield from head
            with self._broken_off():
                yield from rest

    async def astream(
        self, messages: Sequence[Message], *, max_tokens: int
    ) -> AsyncGenerator[Delta, None]:
        """Yield what `stream` yields, without blocking the event loop."""
        import openai
        import tenacity

        talk = Talk(self._endpoint.shown, self._name)
        retry = self._retrying(tenacity.AsyncRetrying)
        adapt = tenacity.AsyncRetrying(retry=tenacity.retry_if_exception(talk.adapt), reraise=True)
        async with AsyncExitStack() as stack:
            with self._explained():
                options = self._options("AsyncClient")
                client = await stack.enter_async_context(openai.AsyncOpenAI(**options))

            async def begin() -> tuple[list[Delta], AsyncGenerator[Delta, None]]:
                async with AsyncExitStack() as failed:
                    sent = client.chat.completions.with_streaming_response.create(
                        model=self._name, **self._body(talk, messages, max_tokens)
                    )
                    response = await failed.enter_async_context(sent)
                    deltas = _aread(response.iter_bytes())
                    failed.push_async_callback(deltas.aclose)
                    head = []
                    async for delta in deltas:
                        head.append(delta)
                        if delta.text:
                            break
                    stack.push_async_exit(failed.pop_all())
                return head, deltas

            begun: tuple[list[Delta], AsyncGenerator[Delta, None]]
            with self._explained():
                begun = await retry(adapt, begin)
            head, rest = begun
            talk.remember()
            for delta in head:
                yield delta
            with self._broken_off():
                async for delta in rest:
                    yield delta

    def list_models(self) -> list[str]:
        """Return the names of the models that the endpoint offers.

        Raises:
            LLMError: it doesn't say.
        """
        import openai

        with self._explained(), openai.OpenAI(**self._options("Client")) as client:
            sent = client.models.with_raw_response.list().text
            try:
                return sorted(str(model["id"]) for model in json.loads(sent)["data"])
            except (ValueError, TypeError, LookupError) as error:
                raise NoProtocolError(sent) from error

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
            raise self._failures.broken_off(error) from error

    def _retrying(self, kind: Any, **options: Any) -> Any:  # noqa: ANN401 - one of two controllers
        settings = self._settings
        return retrying(
            kind, retries=settings.llm_retries, patience=settings.llm_timeout, **options
        )

    def _body(self, talk: Talk, messages: Sequence[Message], max_tokens: int) -> dict[str, Any]:
        temperature = self._settings.llm_temperature
        return talk.dialect.body(messages, max_tokens=max_tokens, temperature=temperature)

    def _options(self, kind: str) -> dict[str, Any]:
        """Return the options of the openai package's client.

        Args:
            kind: The name of the httpx client that it is to use.
        """
        import httpx

        if self._tls is None:
            # Reading the certificates takes longer than anything else about a client.
            self._tls = _certificates(self._settings.llm_ca_file)
        waits = self._settings.llm_timeout
        timeout = httpx.Timeout(waits, connect=min(_CONNECT, waits))
        query = self._endpoint.query
        # Azure's older addresses want their version in the query, and the key in a header.
        headers = {"api-key": self._endpoint.key} if "api-version" in query else {}
        return {
            "api_key": self._endpoint.key,
            "base_url": self._endpoint.base,
            "default_query": query,
            "default_headers": headers,
            "max_retries": 0,
            "timeout": timeout,
            "http_client": getattr(httpx, kind)(
                timeout=timeout, follow_redirects=False, trust_env=False, verify=self._tls
            ),
        }


def _certificates(own: Path | None) -> ssl.SSLContext:
    """Return the certificates to trust: the usual ones, and those of a file of one's own.

    Raises:
        SettingsError: the file can't be used.
    """
    import httpx

    context = httpx.create_ssl_context(trust_env=False)
    if own is not None:
        try:
            context.load_verify_locations(cafile=own.expanduser())
        except (OSError, ssl.SSLError) as error:
            why = error.strerror or "it holds no certificate"
            raise SettingsError(
                f"The certificates in {own} can't be read: {why}.",
                hint="Set llm_ca_file (RAG_LLM_CA_FILE) to a file in PEM format.",
            ) from error
    return context


def _read(sent: Iterable[bytes]) -> Iterator[Delta]:
    reader = ReplyReader()
    for data in sent:
        yield from reader.feed(data)
        if reader.done:
            break
    yield from reader.finish()


async def _aread(sent: AsyncIterator[bytes]) -> AsyncGenerator[Delta, None]:
    reader = ReplyReader()
    async for data in sent:
        for delta in reader.feed(data):
            yield delta
        if reader.done:
            break
    for delta in reader.finish():
        yield delta
