"""Read the lines of arXiv's snapshot, the file of metadata that it publishes on Kaggle."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rag.sources.base import Confidence
from rag.sources.json_records import json_reader, untitled
from rag.sources.record import Record, says_withdrawn

if TYPE_CHECKING:
    from rag.sources.json_records import Values

__all__ = ["READER"]

_KEYS = frozenset({"authors_parsed", "versions", "submitter", "categories", "update_date"})
_FIVE_DIGITS = 1501  # from January 2015 on


def _knows(values: Values) -> Confidence:
    return Confidence.MARKS if len(_KEYS & values.keys()) >= 2 else Confidence.NO


def _convert(values: Values) -> Record:
    if not values.get("title") and not values.get("abstract"):
        raise untitled(values)
    return Record(
        title=values.get("title"),
        abstract=values.get("abstract"),
        # The list of parsed names leaves out collaborations.
        authors=values.get("authors") or values.get("authors_parsed"),
        date=_first_version(values),
        venue=values.get("journal-ref"),
        ids={"arxiv": _arxiv_id(values.get("id")), "doi": _dois(values.get("doi"))},
        retracted=says_withdrawn(values.get("comments")),
    )


def _first_version(values: Values) -> Any:  # noqa: ANN401 - JSON
    versions = values.get("versions")
    first = versions[0] if isinstance(versions, list) and versions else None
    return first.get("created") if isinstance(first, dict) else None


def _arxiv_id(value: Any) -> Any:  # noqa: ANN401 - JSON
    """Give back the zeros that an id loses where a program takes it for a number: 704.001."""
    if not isinstance(value, float):
        return value
    month, _, number = str(value).partition(".")
    month = month.zfill(4)
    return f"{month}.{number.ljust(5 if int(month) >= _FIVE_DIGITS else 4, '0')}"


def _dois(value: Any) -> Any:  # noqa: ANN401 - JSON
    return value.split() if isinstance(value, str) else value


READER = json_reader(
    name="arxiv-snapshot", label="arXiv's snapshot", knows=_knows, convert=_convert
)
