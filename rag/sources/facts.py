"""Read what our own documents (Markdown, Word) say of a paper beside its title and abstract."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rag.sources.record import Record
from rag.text.names import divide_names
from rag.text.remarks import Remarks

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["FACTS", "fact_record"]

FACTS = frozenset({
    "Authors", "Authors in all", "Date", "Year", "Published in", "Address", "Identifiers",
    "Citation key", "Retracted",
})  # fmt: skip


def fact_record(title: str, abstract: str, facts: Mapping[str, str]) -> Record:
    """Return the record of a paper in a document.

    Args:
        title: Its title.
        abstract: Its abstract.
        facts: What else is said of it, by the names in `FACTS`.
    """
    identifiers = tuple(facts.get("Identifiers", "").split())
    return Record(
        title=title,
        abstract=abstract,
        authors=divide_names(facts.get("Authors", "")),
        author_count=facts.get("Authors in all"),
        date=facts.get("Date"),
        year=facts.get("Year"),
        venue=facts.get("Published in"),
        url=facts.get("Address"),
        own_id=next(iter(identifiers), None),
        retracted=facts.get("Retracted", "").lower() == "yes",
        key=facts.get("Citation key"),
        remarks=Remarks(identifiers=identifiers),
        exported=True,
    )
