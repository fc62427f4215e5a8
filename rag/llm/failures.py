"""The failures of a language model: what a client may raise, and what an endpoint's errors mean.

A client raises nothing but `LLMError` and its two kinds below; whoever asks a model needs to know
no more. The rest of the module serves clients of OpenAI-compatible endpoints: it says which
errors are worth a retry, after which wait, and how they are told to a person, and what it means
when a model stops without having answered.
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

from rag.errors import LLMError
from rag.llm.complaints import (
    codes_of,
    in_words,
    is_loading,
    is_too_long,
    requested_wait,
    said_by,
    shrink_ratio,
)
from rag.llm.replies import NoProtocolError, ReportedError
from rag.text.decoding import one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import tenacity

    Controller = TypeVar("Controller", bound=tenacity.BaseRetrying)

__all__ = [
    "BrokenStreamError",
    "ContextTooLongError",
    "EndpointFailures",
    "endpoint_errors",
    "finish_note",
    "no_answer",
    "retrying",
]

_LONGEST_WAIT = 60.0  # seconds: asked to wait longer, it is better to say so
_FIRST_WAIT = 0.5  # seconds; each further wait is twice as long
_LONGEST_BACKOFF = 8.0
_BUSY = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})
_NO_CREDIT = frozenset({"insufficient_quota", "billing_hard_limit_reached"})


class ContextTooLongError(LLMError):
    """The messages are longer than the model's context.

    Attributes:
        ratio: The fraction to which they must shrink, as far as the endpoint tells; else one half.
    """

    def __init__(self, message: str, *, hint: str = "", ratio: float = 0.5) -> None:
        super().__init__(message, hint=hint)
        self.ratio = ratio


class BrokenStreamError(LLMError):
    """The answer began and then broke off."""


def no_answer(finish: str | None, *, reasoned: bool, limit: int, sent: str = "") -> LLMError:
    """Return the error for a reply that ended without a word of an answer.

    Args:
        finish: Why the model stopped.
        reasoned: Whether it sent reasoning.
        limit: How many tokens it might write.
        sent: What it sent besides, of which nothing can be shown.
    """
    if finish == "length":
        return LLMError(
            f"The model used up its {limit:,} tokens before it wrote a word.",
            hint="Raise llm_max_output_tokens: reasoning counts as writing.",
        )
    if finish == "content_filter":
        return LLMError("The endpoint's content filter withheld the answer.", hint=_OTHERWISE)
    if finish in _TOOLS:
        return LLMError("The model asked for a tool instead of answering.", hint=_OTHERWISE)
    if reasoned:
        return LLMError(
            "The model sent its reasoning and no answer.",
            hint="Raise llm_max_output_tokens, or look how the server tells the two apart.",
        )
    if sent.strip():
        what = one_line(sent)[:80]
        return LLMError(f"The model sent no words of an answer, only: {what}", hint=_OTHERWISE)
    ended = "" if finish in {None, "stop"} else f" It stopped for this reason: {finish}."
    return LLMError(f"The model wrote nothing.{ended}", hint=_OTHERWISE)


_OWN_AUTHORITY = (
    "If it is your own authority's, set llm_ca_file (RAG_LLM_CA_FILE) to that authority's "
    "certificate, a file in PEM format."
)
_OTHER_NAME = "Set OPENAI_BASE_URL to the name that the certificate was made for."
# By OpenSSL's numbers: before its time, after it, for another name, for another address.
_ABOUT_CERTIFICATES = {
    9: "Check the clock of this machine.",
    10: "Renew the certificate of the server, and check the clock of this machine.",
    62: _OTHER_NAME,
    64: _OTHER_NAME,
}
_OTHERWISE = "Ask in other words, or try another model."
_TOOLS = frozenset({"tool_calls", "function_call"})


def finish_note(finish: str | None, *, limit: int) -> str:
    """Say what a reader must know of why a model stopped; nothing where it was done.

    Args:
        finish: Why it stopped, in the words of the protocol.
        limit: How many tokens it might write.
    """
    if finish == "stop":
        return ""
    if finish == "length":
        return f"The model stopped at its limit of {limit} tokens: the end is missing."
    if finish == "content_filter":
        return "The endpoint's content filter cut the answer."
    if finish in _TOOLS:
        return "The model stopped to ask for a tool: the end may be missing."
    if finish is None:
        return "The endpoint didn't say that the answer is whole: the end may be missing."
    return f"The model stopped for this reason: {one_line(finish)[:80]}. The end may be missing."


@cache
def endpoint_errors() -> tuple[type[Exception], ...]:
    """Return the types of exception that a request to an endpoint may raise."""
    import httpx
    import openai

    return (
        *(openai.OpenAIError, httpx.HTTPError, ReportedError, NoProtocolError),
        *(httpx.InvalidURL, UnicodeError),  # an address or a key that can't be sent
    )


def retrying(
    kind: type[Controller],
    *,
    retries: int,
    patience: float,
    sleep: Callable[[float], Any] | None = None,
) -> Controller:
    """Return a tenacity controller that repeats a request while that may help.

    It waits as long as the endpoint asks, else with exponential backoff; when it gives up it
    raises the last error as it is. A model that is still being loaded is waited for.

    Args:
        kind: `tenacity.Retrying` or `tenacity.AsyncRetrying`.
        retries: How often to try again after the first failure.
        patience: Seconds to wait in all while the model is being loaded.
        sleep: Waits between two tries; the controller's own way of waiting when None.
    """
    import tenacity

    backoff = tenacity.wait_exponential(multiplier=_FIRST_WAIT, max=_LONGEST_BACKOFF)
    jitter = tenacity.wait_random(0, _FIRST_WAIT / 2)  # who failed together may not return together
    loading = 0  # tries that found the model being loaded

    def wait(state: tenacity.RetryCallState) -> float:
        asked = requested_wait(state.outcome.exception() if state.outcome else None)
        return backoff(state) + jitter(state) if asked is None else asked

    def stop(state: tenacity.RetryCallState) -> bool:
        nonlocal loading
        if state.outcome and is_loading(state.outcome.exception()):
            loading += 1
            waited = max(state.idle_for, state.seconds_since_start or 0.0)
            return waited + state.upcoming_sleep > patience
        return state.attempt_number - loading > retries

    options: dict[str, Any] = {} if sleep is None else {"sleep": sleep}
    return kind(
        retry=tenacity.retry_if_exception(_may_pass), stop=stop, wait=wait, reraise=True, **options
    )


@dataclass(frozen=True, slots=True)
class EndpointFailures:
    """Says what the errors of one endpoint mean.

    Attributes:
        model: The model's name.
        url: The endpoint's address, as it may be shown.
        timeout: Seconds to wait for the next words.
        secret: The key, which an endpoint's message may repeat; it is masked.
    """

    model: str
    url: str
    timeout: float
    secret: str = field(repr=False)

    def explain(self, error: BaseException) -> LLMError:
        """Return an error that tells a person what went wrong and what to do."""
        import httpx
        import openai

        if isinstance(error, openai.APITimeoutError | httpx.TimeoutException):
            return LLMError(
                f"The model at {self.url} sent nothing for {self.timeout:g} seconds.",
                hint="See whether it is running. One that only reads slowly needs a higher"
                " llm_timeout (RAG_LLM_TIMEOUT) or fewer papers (llm_max_papers).",
            )
        if isinstance(error, openai.APIConnectionError | httpx.TransportError):
            return self._explain_connection(error)
        if isinstance(error, openai.APIStatusError | ReportedError):
            return self._explain_status(error)
        if isinstance(error, NoProtocolError):
            return self._explain_reply(error.said)
        if isinstance(error, httpx.InvalidURL | UnicodeError):
            return LLMError(
                f"The address {self.url} or the key can't be sent: they hold strange characters.",
                hint="Check OPENAI_BASE_URL and OPENAI_API_KEY.",
            )
        return self._quote(said_by(error), "The endpoint reported a failure", "")

    def broken_off(self, error: BaseException) -> BrokenStreamError:
        """Return the error for a reply that has begun."""
        why = self._masked(self._what_broke(error))[:200].rstrip(".")
        return BrokenStreamError(
            f"The model's answer broke off: {why}.", hint="Ask again for the whole of it."
        )

    def _what_broke(self, error: BaseException) -> str:
        import httpx
        import openai

        if isinstance(error, openai.APITimeoutError | httpx.TimeoutException):
            return f"nothing more came for {self.timeout:g} seconds"
        if isinstance(error, NoProtocolError):
            said = in_words(error.said)
            return f"what came then is not the chat protocol: {said}" if said else "a web page came"
        if isinstance(error, ReportedError):
            return said_by(error)
        return "the connection was closed"

    def _explain_connection(self, error: BaseException) -> LLMError:
        causes = list(_causes(error))
        for cause in causes:
            if isinstance(cause, ssl.SSLCertVerificationError):
                why = cause.verify_message.rstrip(".") or "it can't be verified"
                hint = _ABOUT_CERTIFICATES.get(cause.verify_code, _OWN_AUTHORITY)
                return LLMError(f"The certificate of {self.url} isn't trusted: {why}.", hint=hint)
            if isinstance(cause, ssl.SSLError):
                return LLMError(
                    f"The endpoint {self.url} can't be reached: it doesn't speak TLS as expected.",
                    hint="Check whether OPENAI_BASE_URL should begin with http:// or https://.",
                )
        system = next((one for one in causes if isinstance(one, OSError) and one.strerror), None)
        why = f": {str(system.strerror).lower()}" if system is not None else ""
        return LLMError(
            f"The endpoint {self.url} can't be reached{why}.",
            hint="Check that it is running, and OPENAI_BASE_URL.",
        )

    def _explain_reply(self, said: str) -> LLMError:
        hint = "The base address often ends in /v1. Check it with: rag doctor"
        if not said:
            return LLMError(f"{self.url} sent an empty reply.", hint=hint)
        if said.lstrip().startswith("<"):
            what = f"{self.url} sent a web page, which is not the chat protocol"
            return self._quote(in_words(said), what, hint)
        return self._quote(said, f"What {self.url} sent is not the chat protocol", hint)

    def _explain_status(self, error: Any) -> LLMError:  # noqa: ANN401 - one of two kinds
        status = int(error.status_code)
        said = said_by(error)
        if is_too_long(error):
            too_long = self._quote(said, "The papers are longer than the model's context", "")
            return ContextTooLongError(
                too_long.message,
                hint="Set llm_context_window to the size of the model's context.",
                ratio=shrink_ratio(error),
            )
        if not status and not is_loading(error):
            return self._quote(
                said, f"The endpoint {self.url} reported an error", "See: rag doctor"
            )
        if status == 429 and not _NO_CREDIT.isdisjoint(codes_of(error)):
            return self._quote(said, "The account at the endpoint has no credit left", "")
        what, hint = self._meaning(status)
        wait = requested_wait(error)
        if is_loading(error):
            what = f"The model at {self.url} is still being loaded"
            hint = "Ask again in a while, or raise llm_timeout (RAG_LLM_TIMEOUT)."
        if wait is not None and wait > _LONGEST_WAIT:
            hint = f"It asks to wait {wait:,.0f} seconds; ask again then."
        # What is said of a key may repeat the greater part of it.
        silent = status == 401 or status < 400
        return self._quote("" if silent else said, f"{what} ({status})", hint)

    def _meaning(self, status: int) -> tuple[str, str]:
        where = f"The endpoint {self.url}"
        meanings = {
            401: (f"{where} refused the key", "Set OPENAI_API_KEY to a key that is valid there."),
            404: (
                f"{where} knows no model {self.model!r}, or no chat",
                "Check --model, and that OPENAI_BASE_URL ends as it should, often in /v1.",
            ),
            429: (f"{where} is busy", "Ask again in a while."),
        }
        meanings[403] = meanings[401]
        if status < 400:
            hint = "Redirects are not followed: set OPENAI_BASE_URL to where it really is."
            return f"{where} redirects to another address", hint
        if status in _BUSY:
            return meanings.get(status, (f"{where} failed", "Ask again in a while."))
        return meanings.get(status, (f"{where} refused the request", "See: rag doctor"))

    def _quote(self, said: str, what: str, hint: str) -> LLMError:
        """Add the endpoint's own words to a message, without the key."""
        said = self._masked(said)
        return LLMError(f"{what}: {said[:200]}" if said else f"{what}.", hint=hint)

    def _masked(self, said: str) -> str:
        said = one_line(said)
        return said.replace(self.secret, "***") if len(self.secret) > 4 else said


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and what it came from, the nearest first."""
    seen: set[int] = set()
    found: BaseException | None = error
    while found is not None and id(found) not in seen:
        seen.add(id(found))
        yield found
        found = found.__cause__ or found.__context__


def _may_pass(error: BaseException) -> bool:
    """Return whether the same request may work later."""
    import httpx
    import openai

    if isinstance(error, openai.APIStatusError | ReportedError):
        passes = error.status_code in _BUSY or is_loading(error)
        if not passes or not _NO_CREDIT.isdisjoint(codes_of(error)):
            return False
        return not is_too_long(error) and (requested_wait(error) or 0.0) <= _LONGEST_WAIT
    trusted = not any(isinstance(one, ssl.SSLError) for one in _causes(error))
    return trusted and isinstance(error, openai.APIConnectionError | httpx.TransportError)
