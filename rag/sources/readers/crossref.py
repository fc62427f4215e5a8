"""Read works of Crossref: responses of its API, and the records of its public data file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rag.sources.base import Confidence
from rag.sources.json_records import json_reader, untitled
from rag.sources.record import Record

if TYPE_CHECKING:
    from rag.sources.json_records import Values

__all__ = ["READER"]

_KEYS = ("is-referenced-by-count", "reference-count", "published-print", "published-online")
# In which order dates count: `created` and `deposited` are those of the record.
_DATES = ("issued", "published", "published-print", "published-online", "posted")


def _knows(values: Values) -> Confidence:
    known = "DOI" in values and (
        isinstance(values.get("title"), list) or any(key in values for key in _KEYS)
    )
    return Confidence.MARKS if known else Confidence.NO


def _convert(values: Values) -> Record:
    title = _title(values)
    if not title and not values.get("abstract"):
        raise untitled(values)
    return Record(
        title=title,
        abstract=values.get("abstract"),
        authors=values.get("author"),
        date=next((values[key] for key in _DATES if _is_stated(values.get(key))), None),
        venue=values.get("container-title"),
        ids={"doi": values.get("DOI")},
        type=values.get("type"),
        retracted=any(
            isinstance(update, dict) and update.get("type") in {"retraction", "withdrawal"}
            for update in values.get("updated-by") or ()
        ),
    )


def _title(values: Values) -> str:
    """Return the title, with the subtitle that Crossref keeps apart."""
    title, subtitle = (_first(values.get(key)) for key in ("title", "subtitle"))
    apart = title and subtitle and subtitle.casefold() not in title.casefold()
    return f"{title}: {subtitle}" if apart else title


def _first(value: Any) -> str:  # noqa: ANN401 - JSON
    if isinstance(value, list):
        value = value[0] if value else None
    return value if isinstance(value, str) else ""


def _is_stated(date: Any) -> bool:  # noqa: ANN401 - JSON
    parts = date.get("date-parts") if isinstance(date, dict) else None
    return isinstance(parts, list) and any(isinstance(one, list) and any(one) for one in parts)


READER = json_reader(name="crossref", label="Crossref works", knows=_knows, convert=_convert)
