"""What an endpoint's error says: in which words, whether to wait, whether less must be sent."""

from __future__ import annotations

import email.utils
import html
import json
import re
import time
from contextlib import suppress
from typing import Any

from rag.llm.replies import COMPLAINTS

__all__ = [
    "codes_of",
    "in_words",
    "is_loading",
    "is_too_long",
    "requested_wait",
    "said_by",
    "shrink_ratio",
]

_LOADING = re.compile(
    r"\b(?:loading|initiali[sz]ing)\b|\b(?:warming|starting|spinning|booting) up\b"
    r"|\bnot (?:yet )?(?:loaded|ready)\b|\bcold start",
    re.IGNORECASE,
)
_LOAD_FAILED = re.compile(
    r"\b(?:error|fail(?:ed|ure)?|unable|could not|cannot)\b(?:\W+\w+){0,3}?\W+load", re.IGNORECASE
)
_MAY_LOAD = frozenset({0, 409, 425, 429, 500, 502, 503, 504})
_TITLE = re.compile(r"<title[^<>]*>([^<]{1,200})", re.IGNORECASE)
# Every server has its own words for a prompt that is longer than the model's context. They speak
# of the context itself, or of an amount of tokens or text that is too much.
_TOO_LONG = re.compile(
    r"""\bcontext[ _-]?(?:length|window|size|limit|overflow)
    | \b(?:exceeds?|exceeded|overflows?)\ context | \bn_ctx\b | \bphysical\ batch\ size
    | (?<![a-z])max(?:imum)?[ _](?:context|model[ _]len|seq|prompt|input) | \bkv[ _-]?cache\b
    | \btokens?\ of\ context\b | \b(?:does\ not|doesn't|cannot)\ fit\b.{0,40}\bcontext\b
    | \binput_tokens\b.{0,10}\d\ ?>
    | \bprompt\ exceeds
    | \b(?:prompt|inputs?|messages?|conversation|content|query|text|string)\b
        (?:\W+\w+){0,3}?\W+too\ (?:long|large|big)
    | \brequest\ (?:body\ |entity\ )?(?:is\ )?too\ (?:large|long|big)
    | \btoo\ many\ (?:\w+\ )?tokens
    | \b(?:input|prompt|sequence)[ _](?:length|token\ count|tokens?)(?:\b|_exceeded)
    | \blength\b.{0,60}\bexceed
    | \b(?:less|fewer|more)\ than\ [\d,]+\ tokens
    | \btokens?\b(?!\ per)(?:\ (?:count|limit|length))?\b.{0,80}
        (?:exceed|must\ be\ <=|(?:longer|greater|more|less|fewer)\ than|at\ most|maximum|cannot
        |limit|\ >\ )
    | \b(?:exceeds?|exceeded|over)\b.{0,60}\b(?:tokens\b|token\ (?:count|limit))
    | \b(?:reduce|shorten|decrease)\b.{0,40}\b(?:length|prompt|input|messages?|size)\b
    | 超长|过长|超[过出].{0,20}(?:长度|上限|限制)""",
    re.IGNORECASE | re.DOTALL | re.VERBOSE,
)
_TOO_LONG_CODE = re.compile(r"context|too_(?:long|large)|tokens_limit|max_length", re.IGNORECASE)
_TOO_LARGE = re.compile(r"request (?:is )?too large", re.IGNORECASE)
_LIMIT = re.compile(
    r"(?:context (?:length|window|size)|maximum(?: \w+){0,3}|limit(?: of)?|at most|up to"
    r"|max_seq_len|must be <=|less than|>)\D{0,20}?(\d[\d,_]*\d)",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"(?<![\w.-])\d[\d,_]*\d(?![\w-]|\.\d)")
_LEAST_SIZE = 128  # tokens: smaller numbers are no size of a context or prompt
_LEAST_RATIO, _MARGIN = 0.2, 0.9


def is_loading(error: BaseException | None) -> bool:
    """Tell whether an endpoint is there and its model isn't yet."""
    if getattr(error, "status_code", None) not in _MAY_LOAD:
        return False
    said = said_by(error)
    loads = _LOADING.search(said) is not None and not _LOAD_FAILED.search(said)
    return loads or "estimated_time" in _sent(error)


def codes_of(error: Any) -> list[str]:  # noqa: ANN401 - an APIError
    """Return the code and the type of an error, as far as it has them."""
    return [str(getattr(error, name, None) or "") for name in ("code", "type")]


def said_by(error: Any) -> str:  # noqa: ANN401 - an APIError
    """Return the endpoint's own words, wherever it put them."""
    body = getattr(error, "body", None)
    if isinstance(body, dict):
        inner = body.get("error") or body
        return _words(inner) if isinstance(inner, dict) else str(inner)
    return in_words(str(body or getattr(error, "message", "")))


def in_words(sent: str) -> str:
    """Return what was sent in words: of a page that is meant for a browser, its title.

    >>> in_words("<html><title>502 Bad Gateway</title>..."), in_words("No such model.")
    ('502 Bad Gateway', 'No such model.')
    """
    if not sent.lstrip().startswith("<"):
        return sent
    title = _TITLE.search(sent)
    return html.unescape(title[1]).strip() if title else ""


def _words(body: dict[str, Any]) -> str:
    status = body.get("base_resp")
    said = next((body[name] for name in COMPLAINTS if body.get(name)), None)
    said = said or (status.get("status_msg") if isinstance(status, dict) else None)
    words = said if isinstance(said, str) else json.dumps(said or body)
    # A gateway says only that somebody else has failed, and in here what that was.
    inner = body.get("metadata")
    raw = inner.get("raw") if isinstance(inner, dict) else None
    return f"{words} {raw}" if raw else words


def _sent(error: Any) -> dict[str, Any]:  # noqa: ANN401 - an APIError
    """Return the whole object that an endpoint sent: the openai package keeps a part of it."""
    body = getattr(error, "body", None)
    with suppress(ValueError, AttributeError):
        body = json.loads(error.response.text)
    return body if isinstance(body, dict) else {}


def is_too_long(error: Any) -> bool:  # noqa: ANN401 - an APIStatusError
    """Return whether an endpoint refused a request because it exceeds the model's context."""
    status = getattr(error, "status_code", None)
    if status == 429:
        return _TOO_LARGE.search(said_by(error)) is not None
    if status not in {0, 400, 413, 422, 500}:
        return False
    if status == 413 or any(_TOO_LONG_CODE.search(code) for code in codes_of(error)):
        return True
    return _TOO_LONG.search(said_by(error)) is not None


def shrink_ratio(error: Any) -> float:  # noqa: ANN401 - an APIStatusError
    """Read from "maximum context length is 4096 tokens ... 6000 requested" how far to shrink."""
    said, body = said_by(error), getattr(error, "body", None)
    inner = body.get("error", body) if isinstance(body, dict) else None
    fields = inner if isinstance(inner, dict) else {}
    numbers = [_size(number) for number in _NUMBER.findall(said)]
    numbers = [number for number in numbers if number >= _LEAST_SIZE]
    limit = _LIMIT.search(said)
    most = _size(limit[1]) if limit else 0
    if isinstance(fields.get("n_ctx"), int) and isinstance(fields.get("n_prompt_tokens"), int):
        most, numbers = fields["n_ctx"], [fields["n_prompt_tokens"]]
    elif most not in numbers and len(set(numbers)) == 2:
        most = min(numbers)
    if not 0 < most < max(numbers, default=0):
        return 0.5
    return max(_LEAST_RATIO, _MARGIN * most / max(numbers))


def _size(number: str) -> int:
    return int(re.sub(r"\D", "", number))


def requested_wait(error: BaseException | None) -> float | None:
    """Return the seconds that an endpoint asks to wait, given as a number or as a date."""
    estimated = _sent(error).get("estimated_time")
    if isinstance(estimated, int | float):
        return float(estimated)  # until a model is loaded
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
