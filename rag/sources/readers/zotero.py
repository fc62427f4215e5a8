"""Read items of Zotero: its own JSON, its web API's, and what Better BibTeX exports."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from rag.sources.base import Confidence
from rag.sources.json_records import json_reader, untitled
from rag.sources.readers.csl import ids_in_notes
from rag.sources.record import Record, notes_retraction
from rag.text.remarks import read_remarks

if TYPE_CHECKING:
    from rag.sources.json_records import Values

__all__ = ["READER"]

# What belongs to an item, and is no paper.
_PARTS = frozenset({"attachment", "note", "annotation"})
_KEY = re.compile(r"^\s*citation key\s*:\s*(\S+)", re.IGNORECASE | re.MULTILINE)
_VENUES = (
    "publicationTitle", "proceedingsTitle", "bookTitle", "conferenceName", "university",
    "institution", "repository",
)  # fmt: skip


def _item(values: Values) -> Values:
    """Return the item itself: the web API puts it under `data`."""
    data = values.get("data")
    return data if isinstance(data, dict) else values


def _knows(values: Values) -> Confidence:
    return Confidence.MARKS if "itemType" in _item(values) else Confidence.NO


def _convert(values: Values) -> Record | None:
    item = _item(values)
    if item.get("itemType") in _PARTS or item.get("deleted"):
        return None
    if not item.get("title") and not item.get("abstractNote"):
        raise untitled(item)
    return Record(
        title=item.get("title"),
        abstract=item.get("abstractNote"),
        authors=[one for one in _creators(item) if one.get("creatorType") in {"author", None}],
        date=item.get("date"),
        venue=next((item[key] for key in _VENUES if item.get(key)), None),
        url=item.get("url"),
        ids={
            **{key: item[key] for key in ("DOI", "PMID", "PMCID") if item.get(key)},
            **ids_in_notes(item.get("extra"), item.get("archiveID"), item.get("number")),
        },
        type=item.get("itemType"),
        retracted=notes_retraction(item.get("extra")),
        key=item.get("citationKey") or item.get("citekey") or _key_in(item.get("extra")),
        remarks=read_remarks([extra] if isinstance(extra := item.get("extra"), str) else []),
    )


def _key_in(extra: Any) -> str | None:  # noqa: ANN401 - JSON
    """Return the citation key that people and Better BibTeX keep in notes."""
    found = _KEY.search(extra) if isinstance(extra, str) else None
    return found[1] if found else None


def _creators(item: Values) -> list[dict[str, Any]]:
    creators = item.get("creators")
    return [one for one in creators if isinstance(one, dict)] if isinstance(creators, list) else []


READER = json_reader(
    name="zotero",
    label="Zotero items, Better BibTeX's too",
    knows=_knows,
    convert=_convert,
)
