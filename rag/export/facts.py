"""What a record holds beside title and abstract, as names and values for people to read.

Formats of documents (Markdown, Word) write them a line each, and `rag.sources.facts` reads them.
"""

from __future__ import annotations

import calendar
from typing import TYPE_CHECKING

from rag.text.dates import year_of
from rag.text.decoding import one_line
from rag.text.names import join_names

if TYPE_CHECKING:
    from rag.papers import Paper

__all__ = ["facts", "month_and_day"]


def facts(paper: Paper) -> list[tuple[str, str]]:
    """Return the names of what is known and the values, on one line each."""
    count = paper.author_count or 0
    identifiers = [one for one in dict.fromkeys((paper.id, *paper.identifiers)) if one]
    known = (
        ("Authors", join_names(paper.authors)),
        ("Authors in all", str(count) if count > len(paper.authors) else ""),
        ("Date", month_and_day(paper) or paper.date or ""),
        ("Year", str(paper.year or "") if paper.year != year_of(paper.date) else ""),
        ("Published in", paper.venue or ""),
        ("Address", paper.url or ""),
        ("Identifiers", " ".join("".join(one.split()) for one in identifiers)),
        ("Citation key", paper.key or ""),
        ("Retracted", "yes" if paper.retracted else ""),
    )
    return [(name, one_line(value)) for name, value in known if value.strip()]


def month_and_day(paper: Paper) -> str:
    """Return the day of a paper whose year no source states, as pages write it."""
    if not paper.date or not paper.date.startswith("--"):
        return ""
    month, day = paper.date.removeprefix("--").split("-")
    return f"{calendar.month_abbr[int(month)]} {int(day)}"
