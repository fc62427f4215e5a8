"""What can go wrong with an endpoint: when to try again, and what to tell a person."""

from __future__ import annotations

import email.utils
import json
import random
import re
import time
from functools import cache
from typing import Any

from rag.errors import LLMError
from rag.text.decoding import one_line

__all__ = ["Attempt", "BrokenStreamError", "ContextTooLongError", "failures"]

_LONGEST_WAIT = 60.0  # seconds: asked to wait longer, it is better to say so
_FIRST_WAIT = 0.5
_BUSY = frozenset({408, 409, 429, 500, 502, 503, 504, 529})
_TOO_LONG = re.compile(
    r"context[ _](?:length|window|size)|maximum context|max_model_len|too many (?:input )?tokens"
    r"|(?:prompt|input|request|message)s? (?:is|are) too (?:long|large)|reduce the length",
    re.IGNORECASE,
)
_NO_CREDIT = frozenset({"insufficient_quota", "billing_hard_limit_reached"})


class ContextTooLongError(LLMError):
    """The messages are more than the model takes.

    Attributes:
        ratio: By how much they must shrink, where the endpoint tells; else one half.
    """

    ratio: float = 0.5


class BrokenStreamError(LLMError):
    """The answer began and then broke off."""


@cache
def failures() -> tuple[type[Exception], ...]:
    """Return what asking an endpoint may raise.

    An endpoint that sends nonsense makes the client stumble in many ways, hence the plain errors.
    """
    import httpx
    import openai

    return (openai.OpenAIError, httpx.HTTPError, ValueError, TypeError, AttributeError, LookupError)


class Attempt:
    """Decides, after each failure of one request, whether to try again, and how.

    Args:
        model: Name of the model.
        url: Address of the endpoint, as it may be shown.
        secret: The key, which an endpoint's message may repeat and we never do.
        retries: How often to try again.
        max_tokens: How much the model may write.
        timeout: Seconds to wait for the next words.

    Attributes:
        began: Whether words have come: then there is no trying again.
    """

    def __init__(
        self, *, model: str, url: str, secret: str, retries: int, max_tokens: int, timeout: float
    ) -> None:
        self._model = model
        self._url = url
        self._secret = secret
        self._left = retries
        self._wait = _FIRST_WAIT
        self._timeout = timeout
        self._max_tokens = max_tokens
        self._limit_name = "max_tokens"
        self._dropped: set[str] = set()
        self.began = False

    def options(self) -> dict[str, Any]:
        """Return the parameters of the next try.

        Endpoints differ in what they accept: what one has refused is left out.
        """
        import httpx
        import openai

        options: dict[str, Any] = {
            "timeout": httpx.Timeout(self._timeout, connect=min(10.0, self._timeout)),
            self._limit_name: self._max_tokens,
            "stream_options": {"include_usage": True},
        }
        for name in self._dropped:
            options.pop(name, None)
        if "temperature" in self._dropped:
            options["temperature"] = openai.omit
        return options

    def recover(self, error: Exception) -> float:
        """Return how many seconds to wait before trying again.

        Raises:
            ContextTooLongError: the messages must shrink.
            BrokenStreamError: words have come already.
            LLMError: trying again is no use.
        """
        if self.began:
            raise BrokenStreamError(
                "The model's answer broke off.", hint="Ask again for the whole of it."
            ) from error
        if self._adapt(error):
            return 0.0
        told = self.explain(error)
        if isinstance(told, ContextTooLongError) or not self._left or not _may_pass(error):
            raise told from error
        wait = _asked_wait(error)
        if wait is not None and wait > _LONGEST_WAIT:
            raise LLMError(
                told.message, hint=f"It asks to wait {wait:,.0f} seconds; ask again then."
            ) from error
        self._left -= 1
        if wait is None:
            # Many programs that failed together should not try again together.
            wait = self._wait * random.uniform(0.75, 1.25)  # noqa: S311 - no secret
            self._wait = min(8.0, self._wait * 2)
        return wait

    def explain(self, error: Exception) -> LLMError:
        """Say what went wrong, and what to do, in words for a person."""
        import openai

        if isinstance(error, openai.APITimeoutError):
            return LLMError(
                f"The model at {self._url} sent nothing for {self._timeout:g} seconds.",
                hint="Raise llm_timeout (RAG_LLM_TIMEOUT), or see whether it is running.",
            )
        if isinstance(error, openai.APIConnectionError):
            return LLMError(
                f"The endpoint {self._url} can't be reached.",
                hint="Check that it is running, and OPENAI_BASE_URL.",
            )
        if isinstance(error, openai.APIStatusError):
            return self._explain_status(error)
        if isinstance(error, openai.APIError):
            return self._refused(error, "The endpoint reported a failure", "")
        return LLMError(
            f"What {self._url} sent is not the chat protocol.",
            hint="The base address often ends in /v1. Check it with: rag doctor",
        )

    def _explain_status(self, error: Any) -> LLMError:  # noqa: ANN401 - an APIStatusError
        status = int(error.status_code)
        if _is_too_long(error):
            told = ContextTooLongError(
                "The papers are more than the model takes.",
                hint="Set llm_context_window to what it takes.",
            )
            told.ratio = _ratio(_said(error))
            return told
        if status == 429 and not _NO_CREDIT.isdisjoint(_codes(error)):
            return self._refused(error, "The account at the endpoint has no credit left", "")
        what, hint = self._meaning(status)
        if status in {401, 403, 404} or status < 400:
            return LLMError(f"{what} ({status}).", hint=hint)
        return self._refused(error, f"{what} ({status})", hint)

    def _meaning(self, status: int) -> tuple[str, str]:
        where = f"The endpoint {self._url}"
        meanings = {
            401: (f"{where} refused the key", "Set OPENAI_API_KEY to a key that is valid there."),
            404: (
                f"{where} knows no model {self._model!r}, or no chat",
                "Check --model, and that OPENAI_BASE_URL ends as it should, often in /v1.",
            ),
            429: (f"{where} is busy", "Ask again in a while."),
        }
        meanings[403] = meanings[401]
        if status < 400:
            hint = "Redirects are not followed: set OPENAI_BASE_URL to where it really is."
            return f"{where} sends on to another address", hint
        if status in _BUSY:
            return meanings.get(status, (f"{where} failed", "Ask again in a while."))
        return meanings.get(status, (f"{where} refused the request", "See: rag doctor"))

    def _refused(self, error: Any, what: str, hint: str) -> LLMError:  # noqa: ANN401
        said = one_line(_said(error))
        if len(self._secret) > 4:
            said = said.replace(self._secret, "***")
        return LLMError(f"{what}: {said[:200]}" if said else f"{what}.", hint=hint)

    def _adapt(self, error: Any) -> bool:  # noqa: ANN401 - whatever was raised
        """Leave out or rename a parameter that the endpoint doesn't know; tell whether it helps."""
        if getattr(error, "status_code", None) not in {400, 422} or _is_too_long(error):
            return False
        said = f"{getattr(error, 'param', '')} {_said(error)}"
        if "max_completion_tokens" in said and self._limit_name == "max_tokens":
            self._limit_name = "max_completion_tokens"
            return True
        for name in ("stream_options", "temperature"):
            if name in said and name not in self._dropped:
                self._dropped.add(name)
                return True
        return False


def _may_pass(error: Any) -> bool:  # noqa: ANN401 - whatever was raised
    """Tell whether the same request may work later."""
    import openai

    if isinstance(error, openai.APIStatusError):
        return error.status_code in _BUSY and _NO_CREDIT.isdisjoint(_codes(error))
    return True


def _codes(error: Any) -> list[str]:  # noqa: ANN401 - an APIError
    return [str(getattr(error, name, None) or "") for name in ("code", "type")]


def _said(error: Any) -> str:  # noqa: ANN401 - an APIError
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


def _is_too_long(error: Any) -> bool:  # noqa: ANN401 - an APIStatusError
    if error.status_code not in {400, 413, 422, 500}:
        return False
    if error.status_code == 413 or any("context" in code for code in _codes(error)):
        return True
    return _TOO_LONG.search(_said(error)) is not None


def _ratio(said: str) -> float:
    """Read from "maximum context length is 4096 tokens ... 6000 requested" how far to shrink."""
    limit = re.search(r"context (?:length|window|size)\D{0,20}(\d[\d,]*)", said, re.IGNORECASE)
    numbers = [int(number.replace(",", "")) for number in re.findall(r"\d[\d,]*", said)]
    most = int(limit[1].replace(",", "")) if limit else 0
    if not 0 < most < max(numbers, default=0):
        return 0.5
    return max(0.2, 0.9 * most / max(numbers))


def _asked_wait(error: Any) -> float | None:  # noqa: ANN401 - whatever was raised
    """Return how many seconds the endpoint asks to wait: a number, or a date."""
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
