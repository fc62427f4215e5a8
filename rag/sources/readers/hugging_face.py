"""Read papers of Hugging Face's API: those of a day, and those of a search."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rag.papers import find_identifier
from rag.sources.base import Confidence
from rag.sources.json_records import json_reader, untitled
from rag.sources.record import Record

if TYPE_CHECKING:
    from rag.sources.json_records import Values

__all__ = ["READER"]

_KEYS = ("upvotes", "submittedOnDailyAt", "discussionId")


def _knows(values: Values) -> Confidence:
    paper = values.get("paper", values)
    known = isinstance(paper, dict) and any(key in paper for key in _KEYS)
    return Confidence.MARKS if known else Confidence.NO


def _convert(values: Values) -> Record:
    # Around the paper stands when and by whom it was put on the page; it has that date too.
    paper = values.get("paper", values)
    if not paper.get("title") and not paper.get("summary"):
        raise untitled(paper)
    arxiv_id = paper.get("id") if find_identifier(str(paper.get("id"))) else None
    return Record(
        title=paper.get("title"),
        abstract=paper.get("summary"),
        authors=paper.get("authors"),
        date=paper.get("publishedAt"),
        ids={"arxiv": arxiv_id},
    )


READER = json_reader(
    name="hugging-face",
    label="Hugging Face's papers, as its API lists them",
    knows=_knows,
    convert=_convert,
)
