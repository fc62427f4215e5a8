"""What an endpoint's error says: in which words, whether to wait, whether less must be sent."""

from __future__ import annotations

import email.utils
import json
import re
import time
from typing import Any

__all__ = ["codes_of", "is_loading", "is_too_long", "requested_wait", "said_by", "shrink_ratio"]

_LOADING = re.compile(
    r"\bloading\b|\bwarming up\b|\bstarting up\b|\bnot (?:yet )?(?:loaded|ready)\b", re.IGNORECASE
)
# Every server has its own words for a prompt that is longer than the model's context. They speak
# of the context itself, or of an amount of tokens or text that is too much.
_TOO_LONG = re.compile(
    r"""\bcontext[ _-]?(?:length|window|size|limit|overflow)
    | \b(?:exceeds?|exceeded|overflows?)\ context | \bn_ctx\b | \bphysical\ batch\ size
    | \bmax(?:imum)?[ _](?:context|model[ _]len|seq|prompt|input)
    | \b(?:prompt|inputs?|messages?|conversation|content|query|text)\b
        (?:\W+\w+){0,3}?\W+too\ (?:long|large|big)
    | \brequest\ (?:body\ |entity\ )?(?:is\ )?too\ (?:large|long|big)
    | \btoo\ many\ (?:\w+\ )?tokens
    | \b(?:input|prompt|sequence)\ (?:length|token\ count|tokens?)\b | \blength\b.{0,60}\bexceed
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
    if getattr(error, "status_code", None) not in {500, 503}:
        return False
    return _LOADING.search(said_by(error)) is not None


def codes_of(error: Any) -> list[str]:  # noqa: ANN401 - an APIError
    """Return the code and the type of an error, as far as it has them."""
    return [str(getattr(error, name, None) or "") for name in ("code", "type")]


def said_by(error: Any) -> str:  # noqa: ANN401 - an APIError
    """Return the endpoint's own words, wherever it put them."""
    body = getattr(error, "body", None)
    if isinstance(body, dict):
        inner = body.get("error", body)
        if isinstance(inner, dict):
            return _words(inner)
        return str(inner)
    text = str(body or getattr(error, "message", ""))
    # A page meant for a browser says nothing that fits on a line.
    return "" if text.lstrip().startswith("<") else text


def _words(body: dict[str, Any]) -> str:
    said = body.get("message") or body.get("detail") or body.get("errors")
    words = said if isinstance(said, str) else json.dumps(said or body)
    # A gateway says only that somebody else has failed, and in here what that was.
    inner = body.get("metadata")
    raw = inner.get("raw") if isinstance(inner, dict) else None
    return f"{words} {raw}" if raw else words


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
    body = getattr(error, "body", None)
    if isinstance(body, dict) and isinstance(body.get("estimated_time"), int | float):
        return float(body["estimated_time"])  # until a model is loaded
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
