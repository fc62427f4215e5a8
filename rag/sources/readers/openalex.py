"""Read works of OpenAlex: pages of its API, and the lines of its snapshot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rag.sources.base import Confidence
from rag.sources.json_records import json_reader, untitled
from rag.sources.record import Record

if TYPE_CHECKING:
    from rag.sources.json_records import Values

__all__ = ["READER"]

_KEYS = ("abstract_inverted_index", "authorships", "cited_by_api_url")
_PLACES = ("landing_page_url", "pdf_url")


def _knows(values: Values) -> Confidence:
    known = any(key in values for key in _KEYS) or _openalex_id(values) is not None
    return Confidence.MARKS if known else Confidence.NO


def _openalex_id(values: Values) -> str | None:
    own = values.get("id")
    return own if isinstance(own, str) and "openalex.org/" in own else None


def _convert(values: Values) -> Record:
    title = values.get("title") or values.get("display_name")
    index = values.get("abstract_inverted_index")
    if not title and not index and "abstract" not in values:
        raise untitled(values)
    ids = values.get("ids")
    places = [values.get("primary_location"), *_listed(values.get("locations"))]
    return Record(
        title=title,
        abstract=_undo(index) if isinstance(index, dict) else values.get("abstract"),
        authors=[_name(one) for one in _listed(values.get("authorships"))],
        date=values.get("publication_date"),
        year=values.get("publication_year"),
        venue=_venue(values),
        url=values.get("url"),
        ids={
            **(ids if isinstance(ids, dict) else {}),
            "doi": values.get("doi"),
            "openalex": _openalex_id(values),
            # A preprint of the work is the work; the address of its arXiv page says which.
            "arxiv": [
                place.get(key) for place in places if isinstance(place, dict) for key in _PLACES
            ],
        },
        own_id=values.get("id"),
        type=values.get("type"),
        retracted=values.get("is_retracted") is True,
    )


def _undo(index: dict[str, Any]) -> str:
    """Put the words of an inverted index back into their order."""
    words = (
        (at, word)
        for word, places in index.items()
        for at in _listed(places)
        if isinstance(at, int)
    )
    return " ".join(word for _, word in sorted(words))


def _name(authorship: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    if not isinstance(authorship, dict):
        return {}
    author = authorship.get("author")
    name = author.get("display_name") if isinstance(author, dict) else None
    return {"name": name or authorship.get("raw_author_name")}


def _venue(values: Values) -> Any:  # noqa: ANN401 - JSON
    location = values.get("primary_location")
    if isinstance(location, dict) and isinstance(location.get("source"), dict):
        return location["source"]
    return values.get("host_venue")


def _listed(value: Any) -> list[Any]:  # noqa: ANN401 - JSON
    return value if isinstance(value, list) else []


READER = json_reader(name="openalex", label="OpenAlex works", knows=_knows, convert=_convert)
