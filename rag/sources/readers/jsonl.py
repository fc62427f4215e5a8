"""Read records of JSON whose fields have the usual names, whoever wrote them.

The names are `Paper`'s own, those of the BEIR layout (`_id`, `title`, `text`), and others that
data sets, scripts and libraries use, in whatever case: "Abstract", `paper_title`, `publishedAt`.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from rag.sources.base import Confidence
from rag.sources.json_records import json_reader, untitled
from rag.sources.record import Record

if TYPE_CHECKING:
    from rag.sources.json_records import Values

__all__ = ["READER"]

_NAMES: dict[str, tuple[str, ...]] = {
    "title": ("title", "display_name"),
    "abstract": ("abstract", "text", "summary", "abs", "abstract_text", "abstract_note"),
    "authors": (
        "authors", "author", "authorships", "creators", "creator", "author_names", "author_list",
    ),
    "author_count": ("author_count",),
    "date": (
        "date", "published", "publication_date", "published_date", "published_at", "date_published",
        "pub_date", "publish_date", "issued",
    ),
    "year": ("year", "publication_year", "pub_year", "published_year"),
    "venue": (
        "venue", "journal", "publication_title", "container_title", "journal_name", "book_title",
        "booktitle", "conference", "proceeding", "proceedings", "source_title", "journal_ref",
    ),
    "url": ("url_abs", "url", "link"),
    "own_id": ("id", "_id", "entry_id"),
    "type": ("type", "item_type", "publication_types", "publication_type"),
    "sources": ("sources",),
    "key": ("citation_key", "citationkey", "citekey", "bibtex_key"),
}  # fmt: skip
_RETRACTED = ("retracted", "is_retracted")
# Where records keep the ids of other services, and BEIR whatever else is known.
_INNER = ("external_ids", "externalids", "ids")
_EXPORTED = {"other_ids", "retracted", "author_count"}  # beside each other only in our export
_BOUNDARY = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|[\s.-]+")
_PREFIX = re.compile(r"(?:rel|paper|article)_(?=[a-z])")


def _knows(values: Values) -> Confidence:  # noqa: ARG001 - whatever it is
    return Confidence.SHAPE


def _convert(values: Values) -> Record:
    fields = _plain_keys(values)
    for inner in ("metadata", *_INNER):
        if isinstance(fields.get(inner), dict):
            fields = {**_plain_keys(fields[inner]), **fields}
    if not any(name in fields for name in _NAMES["title"]):
        raise untitled(values)
    found = {field: _first(fields, names) for field, names in _NAMES.items()}
    retracted = any(str(fields.get(name)).lower() in {"true", "1"} for name in _RETRACTED)
    exported = values.keys() >= _EXPORTED
    if exported:  # elsewhere a key may be anything
        found["key"] = fields.get("key")
    return Record(**found, ids=fields, retracted=retracted, exported=exported)


def _plain_keys(values: Values) -> dict[str, Any]:
    """Return the values under names in lower case, without a prefix that says what they are of."""
    plain = {_plain_key(key): value for key, value in values.items()}
    return {_without_prefix(key): value for key, value in plain.items()} | plain


@lru_cache(maxsize=1024)
def _plain_key(key: str) -> str:
    return _BOUNDARY.sub("_", key.strip()).lower()


@lru_cache(maxsize=1024)
def _without_prefix(key: str) -> str:
    return _PREFIX.sub("", key, count=1)


def _first(fields: dict[str, Any], names: tuple[str, ...]) -> Any:  # noqa: ANN401 - JSON
    return next((fields[name] for name in names if fields.get(name) not in (None, "", [])), None)


READER = json_reader(
    name="jsonl",
    label="JSON records, one a line or in an array",
    suffixes=(".jsonl", ".ndjson", ".json"),
    knows=_knows,
    convert=_convert,
)
