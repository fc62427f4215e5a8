"""Read records of Semantic Scholar: its API's, those of its bulk data sets, and S2ORC's.

The bulk data sets keep titles (`papers`) and abstracts (`abstracts`) apart, under one `corpusid`.
A record of either is a paper; which belong together is for the library to find.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from rag.sources.base import Confidence
from rag.sources.json_records import json_reader, untitled
from rag.sources.record import Record

if TYPE_CHECKING:
    from rag.sources.json_records import Values

__all__ = ["READER"]

_KEYS = (
    "paperId", "corpusid", "corpusId", "externalIds", "externalids", "openaccessinfo",
    "s2FieldsOfStudy", "citingPaper", "citedPaper",
)  # fmt: skip
_INNER = ("citingPaper", "citedPaper")
_SHA = 40  # characters of a paper's id


def _knows(values: Values) -> Confidence:
    snippet = "snippet" in values and isinstance(values.get("paper"), dict)
    s2orc = "paper_id" in values and "acl_id" in values
    known = snippet or s2orc or any(key in values for key in _KEYS)
    return Confidence.MARKS if known else Confidence.NO


def _convert(values: Values) -> Record:
    inner = next((values[key] for key in _INNER if isinstance(values.get(key), dict)), None)
    if inner is None and "snippet" in values:
        inner = values["paper"]  # of which the snippet is a piece, not the abstract
    if isinstance(inner, dict):
        return _convert(inner)
    title, abstract = values.get("title"), values.get("abstract")
    if isinstance(values.get("content"), dict):
        title, abstract = (_annotated(values["content"], name) for name in ("title", "abstract"))
    if not title and not abstract:
        raise untitled(values)
    return Record(
        title=title,
        abstract=abstract,
        authors=values.get("authors"),
        date=_either(values, "publicationDate", "publicationdate"),
        year=values.get("year"),
        venue=values.get("venue") or values.get("journal"),
        url=values.get("url"),
        ids=_ids(values),
        type=_either(values, "publicationTypes", "publicationtypes"),
    )


def _either(values: Values, *keys: str) -> Any:  # noqa: ANN401 - JSON
    return next((values[key] for key in keys if values.get(key) is not None), None)


def _ids(values: Values) -> dict[str, Any]:
    access = values.get("openaccessinfo")
    sources = (values, access if isinstance(access, dict) else {})
    external = (_either(source, "externalIds", "externalids") for source in sources)
    ids = {key: one for found in external if isinstance(found, dict) for key, one in found.items()}
    own = values.get("paperId")
    # S2ORC calls a corpus id the paper's, and names the other ids beside it.
    corpus = _either(values, "corpusid", "corpusId") or values.get("paper_id")
    beside = {key: values[key] for key in ("doi", "arxiv_id", "acl_id", "pmc_id") if key in values}
    return {
        **{key: one for key, one in ids.items() if one is not None},
        **beside,
        "s2": own if isinstance(own, str) and len(own) == _SHA else None,
        "corpusid": corpus if str(corpus).isdecimal() else None,
    }


def _annotated(content: dict[str, Any], name: str) -> str:
    """Return the stretches of S2ORC's text that an annotation names."""
    text, annotations = content.get("text"), content.get("annotations")
    if not isinstance(text, str) or not isinstance(annotations, dict):
        return ""
    try:
        spans = json.loads(annotations.get(name) or "[]")
        return "\n".join(text[int(one["start"]) : int(one["end"])] for one in spans)
    except (ValueError, TypeError, KeyError, RecursionError):
        return ""


READER = json_reader(
    name="semantic-scholar",
    label="Semantic Scholar records, and S2ORC's",
    knows=_knows,
    convert=_convert,
)
