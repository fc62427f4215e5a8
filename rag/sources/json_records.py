"""Read records of papers from JSON, whichever service or program they are of.

A format of records is a `JsonReader`: it knows its own records, and what their fields mean. Files
mix formats (the results of two services, an array of them in an envelope), so every JSON reader
reads alike: each record goes to the format that knows it, and one that none knows to the most
general.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeAlias

from rag.sources.base import Confidence, Item, Reader, Rejection, all_readers
from rag.sources.json_stream import Envelope, JsonError, Located, json_values
from rag.sources.record import EMPTY_RESULT, BadRecordError, Record
from rag.text.decoding import one_line

if TYPE_CHECKING:
    from rag.sources.document import Document, Head

__all__ = ["JsonReader", "Values", "json_reader", "untitled"]

Values: TypeAlias = Mapping[str, Any]

# Where services and programs put their lists of records, and what those lists may stand in.
_LISTS = (
    "results", "data", "items", "notes", "papers", "works", "records", "articles", "collection",
    "recommendedPapers",
)  # fmt: skip
_OBJECTS = ("message",)
_TOTALS = ("total", "count", "totalResults", "total-results")
_ERRORS = ("error", "errors", "message", "detail", "reason")
_TITLES = ("title", "abstract", "display_name")  # what a response with an error doesn't have
_JSON = re.compile(
    r"(?:\s|(?:#|//)[^\n]*\n)*+(?:\{\s*[\"}]|\[(?:\s|(?:#|//)[^\n]*\n)*+(?:\{|null|\]\s*$))"
)
_SHOWN_KEYS = 8
_SHOWN = 40  # characters of a key, 160 of an error


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonReader(Reader):
    """A format of JSON records.

    Attributes:
        knows: Says how surely a record is in the format.
        convert: Says what a record tells of a paper; None where it is not one of a paper, but
            something that belongs to one, such as an attachment. May raise `BadRecordError`.
    """

    knows: Callable[[Values], Confidence]
    convert: Callable[[Values], Record | None]


def json_reader(
    *,
    name: str,
    label: str,
    suffixes: tuple[str, ...] = (".json", ".jsonl"),
    knows: Callable[[Values], Confidence],
    convert: Callable[[Values], Record | None],
) -> JsonReader:
    """Make the reader of a format of JSON records; see `Reader` and `JsonReader`."""
    return JsonReader(
        name=name,
        label=label,
        suffixes=suffixes,
        sniff=partial(_sniff, knows),
        read=_read,
        knows=knows,
        convert=convert,
    )


def _sniff(knows: Callable[[Values], Confidence], head: Head) -> Confidence:
    first = _first_record(head)
    if first is not None:
        return knows(first)
    return Confidence.NAME if head.suffix in {".jsonl", ".ndjson"} else Confidence.NO


@lru_cache(maxsize=1)
def _first_record(head: Head) -> Values | None:
    """Return the first record in the beginning of a document; None where it is not JSON.

    It is empty where none is whole there.
    """
    if not _JSON.match(head.text):
        return None
    for found in islice(json_values([head.text], _LISTS, _OBJECTS), 3):
        if isinstance(found, Located) and isinstance(found.value, dict):
            records = _unwrap(found.value)
            return next((one for one in records or () if isinstance(one, dict)), found.value)
    return {}


def _read(document: Document) -> Iterator[Item]:
    source, name = document.source, document.name
    formats = [reader for reader in all_readers() if isinstance(reader, JsonReader)]
    said = False
    left_out = 0
    for place, value in _records(json_values(document.text_blocks(), _LISTS, _OBJECTS)):
        try:
            record = _convert(value, formats)
            if record is None:
                left_out += 1
            else:
                said = True
                yield record.to_paper(name)
        except (BadRecordError, JsonError) as error:
            said = True
            yield Rejection(source, place, str(error))
    if not said:
        parts = f" of its own among {left_out} attachments and notes" if left_out else ""
        yield Rejection(source, "", f"it holds no paper{parts}")


def _records(values: Iterator[Located | Envelope]) -> Iterator[tuple[str, Any]]:
    """Yield the records among values, with their places; those in envelopes are numbered."""
    for found in values:
        if isinstance(found, Envelope):
            if not found.listed:
                yield f"line {found.line}", BadRecordError(_why_empty(found.rest))
            continue
        place = f"line {found.line}"
        inside = _unwrap(found.value) if isinstance(found.value, dict) else None
        if inside is None:
            yield place, found.value
        elif inside:
            yield from ((f"{place}, record {n}", one) for n, one in enumerate(inside, start=1))
        else:
            yield place, BadRecordError(_why_empty(found.value))


def _unwrap(value: Values) -> list[Any] | None:
    """Return the records in an envelope; None where a value is no envelope."""
    for key in _OBJECTS:
        inner = value.get(key)
        if isinstance(inner, dict):
            inside = _unwrap(inner)
            return [inner] if inside is None else inside
    if any(key in value for key in _TITLES):
        return None
    for key in _LISTS:
        listed = value.get(key)
        if isinstance(listed, list) and all(one is None or isinstance(one, dict) for one in listed):
            return listed
    return [] if any(value.get(key) == 0 for key in _TOTALS) else None


def _why_empty(envelope: Values) -> str:
    return _stated_error(envelope) or EMPTY_RESULT


def _convert(value: Any, formats: list[JsonReader]) -> Record | None:  # noqa: ANN401 - JSON
    if isinstance(value, ValueError):
        raise value
    if value is None:
        raise BadRecordError("null, not a JSON object: the service knows no such paper")
    if not isinstance(value, dict):
        empty = value == []
        raise BadRecordError(
            "an empty result: it lists no papers" if empty else "not a JSON object"
        )
    _, _, reader = max((reader.knows(value), -n, reader) for n, reader in enumerate(formats))
    try:
        return reader.convert(value)
    except BadRecordError as error:
        raise BadRecordError(_stated_error(value) or str(error)) from error


def _stated_error(value: Values) -> str:
    """Return what a response says went wrong; empty where it says nothing, or is a paper."""
    if any(key in value for key in _TITLES):
        return ""
    said = next((value[key] for key in _ERRORS if value.get(key)), None)
    while isinstance(said, list | dict) and said:
        said = said[0] if isinstance(said, list) else (said.get("message") or said.get("detail"))
    if not isinstance(said, str):
        return ""
    return f'the service returned an error, not papers: "{_clip(said, 4 * _SHOWN)}"'


def untitled(values: Values) -> BadRecordError:
    """Say that a record has no title, and what it has instead."""
    keys = [_clip(key, _SHOWN) for key in islice(values, _SHOWN_KEYS)]
    more = f" and {len(values) - len(keys)} more" if len(values) > len(keys) else ""
    found = f"its keys are {', '.join(keys)}{more}" if keys else "it is empty"
    return BadRecordError(f"no title: {found}; expected are title, abstract, authors, ...")


def _clip(text: str, length: int) -> str:
    text = one_line(text)
    return text if len(text) <= length else f"{text[: length - 1]}…"
