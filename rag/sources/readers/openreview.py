"""Read notes of OpenReview: submissions as both versions of its API return them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from rag.sources.base import Confidence
from rag.sources.json_records import json_reader, untitled
from rag.sources.record import Record

if TYPE_CHECKING:
    from rag.sources.json_records import Values

__all__ = ["READER"]

_YEAR = re.compile(r"\byear\s*=\s*[{\"]?(\d{4})")


def _knows(values: Values) -> Confidence:
    known = isinstance(values.get("content"), dict) and (
        "forum" in values or "invitation" in values
    )
    return Confidence.MARKS if known else Confidence.NO


def _convert(values: Values) -> Record | None:
    # The second version of the API wraps each value; the first has it as it is.
    content = {
        key: one.get("value") if isinstance(one, dict) else one
        for key, one in values["content"].items()
    }
    if not content.get("title"):
        if values.get("id") != values.get("forum"):
            return None  # a review, a comment or a decision
        raise untitled(content)
    forum = values.get("forum") or values.get("id")
    entry = content.get("_bibtex")
    year = _YEAR.search(entry) if isinstance(entry, str) else None
    return Record(
        title=content["title"],
        abstract=content.get("abstract"),
        authors=content.get("authors"),
        date=_published(values),
        year=year[1] if year else None,
        venue=content.get("venue"),
        url=f"https://openreview.net/forum?id={forum}" if forum else None,
        ids={"openreview": forum},
    )


def _published(values: Values) -> Any:  # noqa: ANN401 - JSON
    """Return when the paper was published; when it was submitted is another date."""
    return values.get("pdate")


READER = json_reader(
    name="openreview", label="OpenReview submissions", knows=_knows, convert=_convert
)
