"""Answers that a model wraps in JSON: `{"answer": "It is fast [1].", "citations": [1]}`.

Small models, and those that were trained to call functions, write objects unasked; in a fence, as
a list of statements, or cut off where their tokens end. A reader is to see the text in them.
"""

from __future__ import annotations

import ast
import json
import re
from contextlib import suppress
from typing import Any

from rag.text.citations import CitationPiece, marker, parse_citations
from rag.text.sentences import sentence_spans

__all__ = ["Unwrapper"]

_LEAD = r"\s*(?:(?:`{3,}|~{3,})[ \t]*(?:json[a-z0-9]{0,2}|python)?[ \t]*\n\s*|json[ \t]*\n\s*)?"
_OPENS = re.compile(rf"{_LEAD}(?=\{{\s*[\"']|\[\s*[{{\"'])", re.IGNORECASE)
_MAY_OPEN = re.compile(
    rf"\s*(?:`{{0,2}}|~{{0,2}}|(?:`{{3,}}|~{{3,}})[ \t]*[a-z0-9]{{0,6}}[ \t]*|j|js|jso|json[ \t]*)"
    rf"|{_LEAD}(?:[{{\[]\s*)?",
    re.IGNORECASE,
)
_STRING = re.compile(r'"(?:[^"\\]|\\.)*(?:"|\Z)|,\s*(?=[}\]])', re.DOTALL)
_FENCE = re.compile(r"\s*(?:`{3,}|~{3,})[ \t]*(?:\n|\Z)")
_MAY_BE_FENCE = re.compile(r"\s*(?:`*|~*)[ \t]*")
# Where the text of an answer, or of a part of it, is found; the likeliest first.
_TEXTS = (
    *("answer", "final_answer", "finalanswer", "response", "reply", "text", "content", "output"),
    *("result", "statement", "sentence", "claim", "summary", "question", "standalone_question"),
    *("rewritten_question", "standalone", "rewritten", "query", "ranking", "order", "message"),
)
_PARTS = ("answers", "sentences", "statements", "claims", "findings", "points", "results", "items")
_INNER = ("arguments", "parameters", "properties", "data", "final", "json")
_CITES = ("citations", "citation", "sources", "source", "papers", "paper", "references", "refs")
_IDS = ("n", "id", "number", "index", "source", "paper", "citation", "ref")
_STOPPED = re.compile(r"[.!?:][\"'”’)*]*(?:\s*\[[^\[\]]*\])*\s*\Z")
_NUMBER = re.compile(r"\d{1,3}")
_MOST = 60_000  # characters of an object: what is longer is shown as it comes


class Unwrapper:
    r"""Takes an answer in any pieces and returns its text, without the object that it comes in.

    >>> unwrapper = Unwrapper()
    >>> unwrapper.feed('{"answer": "It is fast [1]. And'), unwrapper.feed(' small [2].", "n": 1}')
    ('It is fast [1]. And', ' small [2].')
    """

    def __init__(self) -> None:
        self._held = ""
        self._given = ""  # of the text in the object
        self._wrapped = False
        self._closed = False  # whether the object has ended
        self._settled = False

    def feed(self, text: str) -> str:
        """Take the next characters and return those that are certain."""
        return text if self._settled else self._take(text, final=False)

    def finish(self) -> str:
        """End the text and return the rest."""
        return "" if self._settled else self._take("", final=True)

    def _take(self, text: str, *, final: bool) -> str:
        self._held += text
        if not self._wrapped:
            match = _OPENS.match(self._held)
            if not match:
                may = not final and _MAY_OPEN.fullmatch(self._held)
                return "" if may else self._let_go()
            self._wrapped, self._held = True, self._held[match.end() :]
        shown = "" if self._closed else self._unwrap(final=final)
        return shown + (self._close(final=final) if self._closed else "")

    def _let_go(self) -> str:
        self._settled = True
        text, self._held = self._held, ""
        return text

    def _close(self, *, final: bool) -> str:
        """Pass over the fence behind an object."""
        if not final and _MAY_BE_FENCE.fullmatch(self._held):
            return ""
        if fence := _FENCE.match(self._held):
            self._held = "\n" + self._held[fence.end() :]
        return self._let_go()

    def _unwrap(self, *, final: bool) -> str:
        if len(self._held) > _MOST:
            return self._let_go()
        found, end = _whole(self._held)
        if end is None:
            found = _part(self._held)
            if found is None:
                # It was no JSON after all, or is none any more.
                waits = self._given or (self._held[1:].lstrip().startswith("'") and not final)
                return "" if waits else self._let_go()
        text, ends = _text(found), final or end is not None
        if not text:
            return self._let_go() if ends and not _is_hollow(found) else ""
        if not ends:
            # A list is put together, and what cites nothing is given its sources, at the end.
            plain = isinstance(_plain(found), str) and (self._given or _cites(text))
            return self._next(text) if plain else ""
        self._held = self._held[end:] if end is not None else ""
        self._closed = True
        return self._next(_cited(text, found))

    def _next(self, text: str) -> str:
        """Return what a text has more than was returned of it."""
        more = text[len(self._given) :] if text.startswith(self._given) else ""
        self._given += more
        return more


def _whole(text: str) -> tuple[Any, int | None]:
    """Return the object at the start of a text and where it ends; None where it doesn't yet."""
    try:
        return json.JSONDecoder(strict=False).raw_decode(text)
    except (ValueError, RecursionError):
        return None, None


def _part(text: str) -> Any:  # noqa: ANN401 - whatever JSON holds
    """Return what is there of an object, also of one that isn't quite JSON; None if it is none."""
    from pydantic import TypeAdapter

    try:
        return TypeAdapter(Any).validate_json(
            _STRING.sub(_mended, text), experimental_allow_partial="trailing-strings"
        )
    except ValueError:
        written = text.rstrip("`~ \t\n")
        if written.endswith(("}", "]")):  # perhaps as Python writes it
            with suppress(ValueError, SyntaxError, RecursionError, MemoryError):
                return ast.literal_eval(written)
    return None


def _mended(match: re.Match[str]) -> str:
    """Escape the line ends in a string, and take away a comma that nothing follows."""
    return match[0].replace("\n", "\\n") if match[0][0] == '"' else ""


def _is_hollow(found: Any) -> bool:  # noqa: ANN401 - whatever JSON holds
    """Tell whether an object has a place for an answer, and nothing in it."""
    return isinstance(found, dict) and any(str(name).lower() in _TEXTS for name in found)


def _plain(found: Any) -> Any:  # noqa: ANN401 - whatever JSON holds
    """Return the text in an object, or the list of its parts; None where there is neither."""
    if not isinstance(found, dict):
        return found if isinstance(found, list) else None
    named = {str(name).lower().replace(" ", "_").replace("-", "_"): found[name] for name in found}
    for name in (*_TEXTS, *_PARTS):
        value = named.get(name)
        if value and isinstance(value, str | list):
            return value
        if isinstance(value, dict) and (inner := _plain(value)):
            return inner
    for name in _INNER:
        if isinstance(named.get(name), dict) and (inner := _plain(named[name])):
            return inner
    texts = [value for value in found.values() if isinstance(value, str) and " " in value.strip()]
    return texts[0] if len(texts) == len(found) == 1 else None


def _text(found: Any) -> str:  # noqa: ANN401 - whatever JSON holds
    value = _plain(found)
    if isinstance(value, list):
        parts = [one if isinstance(one, str) else _cited(_text(one), one) for one in value]
        stopped = (part if _STOPPED.search(part) else f"{part}." for part in parts)
        value = " ".join(part for part in stopped if part != ".")
    return value if isinstance(value, str) else ""


def _cited(text: str, found: Any) -> str:  # noqa: ANN401 - whatever JSON holds
    """Return a text with the numbers that its object cites, unless it has its own."""
    if not text or not isinstance(found, dict):
        return text
    if _cites(text):
        return text
    named = {str(name).lower(): value for name, value in found.items()}
    listed = next((named[name] for name in _CITES if named.get(name)), None)
    numbers = list(dict.fromkeys(_numbers(listed)))
    if not numbers:
        return text
    for _, end in reversed(sentence_spans(text)):
        body = text[:end].rstrip()
        stop = body[-1:] if body.endswith((".", "!", "?")) else ""
        text = f"{body.removesuffix(stop)} {marker(numbers)}{stop}{text[end:]}"
    return text


def _cites(text: str) -> bool:
    return any(isinstance(piece, CitationPiece) for piece in parse_citations(text))


def _numbers(value: Any) -> list[int]:  # noqa: ANN401 - whatever JSON holds
    """Return the numbers of sources in what an object lists them as."""
    if isinstance(value, bool) or value is None:
        return []
    if isinstance(value, int):
        return [value] if 0 < value < 1000 else []
    if isinstance(value, str):
        return [int(one) for one in _NUMBER.findall(value)] if len(value) < 12 else []
    if isinstance(value, dict):
        value = [next((value[name] for name in _IDS if name in value), None)]
    return [number for one in value for number in _numbers(one)] if isinstance(value, list) else []
