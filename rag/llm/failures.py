"""The failures of a language model: what a client may raise, and what an endpoint's errors mean.

A client raises nothing but `LLMError` and its two kinds below; whoever asks a model needs to know
no more. The rest of the module serves clients of OpenAI-compatible endpoints: it says which
errors are worth a retry, after which wait, and how they are told to a person.
"""

from __future__ import annotations

import email.utils
import json
import re
import time
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

from rag.errors import LLMError
from rag.text.decoding import one_line

if TYPE_CHECKING:
    from collections.abc import Callable

    import tenacity

    Controller = TypeVar("Controller", bound=tenacity.BaseRetrying)

__all__ = [
    "BrokenStreamError",
    "ContextTooLongError",
    "EndpointFailures",
    "endpoint_errors",
    "is_too_long",
    "retrying",
    "said_by",
]

_LONGEST_WAIT = 60.0  # seconds: asked to wait longer, it is better to say so
_FIRST_WAIT = 0.5  # seconds; each further wait is twice as long
_LONGEST_BACKOFF = 8.0
_BUSY = frozenset({408, 409, 429, 500, 502, 503, 504, 529})
_TOO_LONG = re.compile(
    r"context[ _](?:length|window|size)|maximum context|max_model_len|too many (?:input )?tokens"
    r"|(?:prompt|input|request|message)s? (?:is|are) too (?:long|large)|reduce the length",
    re.IGNORECASE,
)
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


@cache
def endpoint_errors() -> tuple[type[Exception], ...]:
    """Return the types of exception that a request to an endpoint may raise.

    An endpoint that sends nonsense makes the openai package stumble in many ways, hence the
    built-in types.
    """
    import httpx
    import openai

    return (openai.OpenAIError, httpx.HTTPError, ValueError, TypeError, AttributeError, LookupError)


def retrying(
    kind: type[Controller],
    *,
    retries: int,
    sleep: Callable[[float], Any] | None = None,
) -> Controller:
    """Return a tenacity controller that repeats a request while that may help.

    It waits as long as the endpoint asks, else with exponential backoff; when it gives up it
    raises the last error as it is.

    Args:
        kind: `tenacity.Retrying` or `tenacity.AsyncRetrying`.
        retries: How often to try again after the first failure.
        sleep: Waits between two tries; the controller's own way of waiting when None.
    """
    import tenacity

    backoff = tenacity.wait_exponential(multiplier=_FIRST_WAIT, max=_LONGEST_BACKOFF)
    jitter = tenacity.wait_random(0, _FIRST_WAIT / 2)  # who failed together may not return together

    def wait(state: tenacity.RetryCallState) -> float:
        asked = _requested_wait(state.outcome.exception() if state.outcome else None)
        return backoff(state) + jitter(state) if asked is None else asked

    options: dict[str, Any] = {} if sleep is None else {"sleep": sleep}
    return kind(
        retry=tenacity.retry_if_exception(_may_pass),
        stop=tenacity.stop_after_attempt(retries + 1),
        wait=wait,
        reraise=True,
        **options,
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
        import openai

        if isinstance(error, openai.APITimeoutError):
            return LLMError(
                f"The model at {self.url} sent nothing for {self.timeout:g} seconds.",
                hint="Raise llm_timeout (RAG_LLM_TIMEOUT), or see whether it is running.",
            )
        if isinstance(error, openai.APIConnectionError):
            return LLMError(
                f"The endpoint {self.url} can't be reached.",
                hint="Check that it is running, and OPENAI_BASE_URL.",
            )
        if isinstance(error, openai.APIStatusError):
            return self._explain_status(error)
        if isinstance(error, openai.APIError):
            return self._quote(error, "The endpoint reported a failure", "")
        return LLMError(
            f"What {self.url} sent is not the chat protocol.",
            hint="The base address often ends in /v1. Check it with: rag doctor",
        )

    def _explain_status(self, error: Any) -> LLMError:  # noqa: ANN401 - an APIStatusError
        status = int(error.status_code)
        if is_too_long(error):
            return ContextTooLongError(
                "The papers are longer than the model's context.",
                hint="Set llm_context_window to the size of the model's context.",
                ratio=_ratio(said_by(error)),
            )
        if status == 429 and not _NO_CREDIT.isdisjoint(_codes(error)):
            return self._quote(error, "The account at the endpoint has no credit left", "")
        what, hint = self._meaning(status)
        wait = _requested_wait(error)
        if wait is not None and wait > _LONGEST_WAIT:
            hint = f"It asks to wait {wait:,.0f} seconds; ask again then."
        if status in {401, 403, 404} or status < 400:
            return LLMError(f"{what} ({status}).", hint=hint)
        return self._quote(error, f"{what} ({status})", hint)

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

    def _quote(self, error: Any, what: str, hint: str) -> LLMError:  # noqa: ANN401
        """Add the endpoint's own words to a message, without the key."""
        said = one_line(said_by(error))
        if len(self.secret) > 4:
            said = said.replace(self.secret, "***")
        return LLMError(f"{what}: {said[:200]}" if said else f"{what}.", hint=hint)


def _may_pass(error: BaseException) -> bool:
    """Return whether the same request may work later."""
    import openai

    if isinstance(error, openai.APIStatusError):
        if error.status_code not in _BUSY or not _NO_CREDIT.isdisjoint(_codes(error)):
            return False
        return not is_too_long(error) and (_requested_wait(error) or 0.0) <= _LONGEST_WAIT
    return isinstance(error, endpoint_errors())


def _codes(error: Any) -> list[str]:  # noqa: ANN401 - an APIError
    return [str(getattr(error, name, None) or "") for name in ("code", "type")]


def said_by(error: Any) -> str:  # noqa: ANN401 - an APIError
    """Return the endpoint's own words, wherever it put them."""
    body = getattr(error, "body", None)
    if isinstance(body, dict):
        inner = body.get("error", body)
        if isinstance(inner, dict):
            return str(inner.get("message") or inner.get("detail") or json.dumps(inner))
        return str(inner)
    text = str(body or getattr(error, "message", ""))
    # A page meant for a browser says nothing that fits on a line.
    return "" if text.lstrip().startswith("<") else text


def is_too_long(error: Any) -> bool:  # noqa: ANN401 - an APIStatusError
    """Return whether an endpoint refused a request because it exceeds the model's context."""
    if error.status_code not in {400, 413, 422, 500}:
        return False
    if error.status_code == 413 or any("context" in code for code in _codes(error)):
        return True
    return _TOO_LONG.search(said_by(error)) is not None


def _ratio(said: str) -> float:
    """Read from "maximum context length is 4096 tokens ... 6000 requested" how far to shrink."""
    limit = re.search(r"context (?:length|window|size)\D{0,20}(\d[\d,]*)", said, re.IGNORECASE)
    numbers = [int(number.replace(",", "")) for number in re.findall(r"\d[\d,]*", said)]
    most = int(limit[1].replace(",", "")) if limit else 0
    if not 0 < most < max(numbers, default=0):
        return 0.5
    return max(0.2, 0.9 * most / max(numbers))


def _requested_wait(error: BaseException | None) -> float | None:
    """Return the seconds that an endpoint asks to wait, given as a number or as a date."""
    headers = getattr(getattr(error, "response", None), "headers", None) or {}
    try:
        if "retry-after-ms" in headers:
            return max(0.0, float(headers["retry-after-ms"]) / 1000)
        value = headers.get("retry-after", "")
        if not value:
            return None
        if value.strip().replace(".", "", 1).isdigit():
            return float(value)
        return max(0.0, email.utils.parsedate_to_datetime(value).timestamp() - time.time())
    except (ValueError, TypeError):
        return None
