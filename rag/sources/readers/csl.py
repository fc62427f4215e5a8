"""Read CSL-JSON, in which reference managers and citation processors exchange items."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from rag.sources.base import Confidence
from rag.sources.json_records import json_reader, untitled
from rag.sources.record import Record, notes_retraction
from rag.text.remarks import read_remarks

if TYPE_CHECKING:
    from rag.sources.json_records import Values

__all__ = ["READER", "ids_in_notes"]

_NAMED = re.compile(r"\b(arXiv|PMID|PMCID|DOI)\s*:\s*(\S+)", re.IGNORECASE)


def ids_in_notes(*notes: Any) -> dict[str, str]:  # noqa: ANN401 - JSON
    """Return the identifiers that people and programs keep in notes: `PMID: 123`.

    >>> ids_in_notes("arXiv:2401.00001 [cs]", None)
    {'arxiv': '2401.00001'}
    """
    texts = (note.partition("Names: ")[0] for note in notes if isinstance(note, str))
    found = (match for text in texts for match in _NAMED.finditer(text))
    return {match[1].lower(): match[2] for match in found}


# What an item may be made of that has neither a date nor a place where it appeared.
_VARIABLES = frozenset({
    "DOI", "PMCID", "PMID", "URL", "abstract", "author", "id", "note", "number", "publisher",
    "status", "title", "type",
})  # fmt: skip


def _knows(values: Values) -> Confidence:
    known = isinstance(values.get("issued"), dict) or "container-title" in values
    known = known or {"id", "title", "type"} <= values.keys() <= _VARIABLES
    return Confidence.MARKS if known else Confidence.NO


def _is_year(issued: Any) -> bool:  # noqa: ANN401 - JSON
    parts = issued.get("date-parts") if isinstance(issued, dict) else None
    first = parts[0] if isinstance(parts, list) and parts else None
    return isinstance(first, list) and len(first) == 1


def _convert(values: Values) -> Record:
    if not values.get("title") and not values.get("abstract"):
        raise untitled(values)
    note = values.get("note")
    issued = values.get("issued")
    return Record(
        title=values.get("title"),
        abstract=values.get("abstract"),
        authors=values.get("author"),
        date=None if _is_year(issued) else issued,
        year=issued if _is_year(issued) else None,
        venue=values.get("container-title") or values.get("event-title"),
        url=values.get("URL"),
        ids={
            **{key: values[key] for key in ("DOI", "PMID", "PMCID") if values.get(key)},
            **ids_in_notes(note, values.get("number")),
        },
        own_id=values.get("id"),
        type=values.get("type"),
        key=values.get("citation-key") or values.get("id"),
        remarks=read_remarks([note] if isinstance(note, str) else []),
        retracted=notes_retraction(note, values.get("status")),
    )


READER = json_reader(
    name="csl",
    label="CSL-JSON items",
    suffixes=(".json", ".csl", ".jsonl"),
    knows=_knows,
    convert=_convert,
)
