"""Read preprints of bioRxiv and medRxiv, as their API lists them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rag.sources.base import Confidence
from rag.sources.json_records import json_reader, untitled
from rag.sources.record import Record

if TYPE_CHECKING:
    from rag.sources.json_records import Values

__all__ = ["READER"]

_KEYS = frozenset({"server", "jatsxml", "author_corresponding", "rel_doi", "rel_abs"})


def _knows(values: Values) -> Confidence:
    return Confidence.MARKS if len(_KEYS & values.keys()) >= 2 else Confidence.NO


def _convert(values: Values) -> Record:
    # The lists of its collections say `rel_title`, the rest of the API says `title`.
    fields = {key.removeprefix("rel_"): value for key, value in values.items()}
    abstract = fields.get("abstract") or fields.get("abs")
    if not fields.get("title") and not abstract:
        raise untitled(values)
    return Record(
        title=fields.get("title"),
        abstract=abstract,
        authors=fields.get("authors"),
        date=fields.get("date"),
        venue=fields.get("server") or fields.get("site"),
        url=fields.get("link"),
        # `published` is the article that the preprint became; "NA" while it is none.
        ids={"doi": [fields.get("doi"), fields.get("published")]},
        retracted=str(fields.get("type")).lower() == "withdrawn",
    )


READER = json_reader(
    name="biorxiv", label="bioRxiv and medRxiv preprints", knows=_knows, convert=_convert
)
