"""Read MEDLINE's format, in which PubMed exports citations as `.nbib` files."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rag.sources.base import Confidence, Item, Reader
from rag.sources.record import Record, to_item
from rag.sources.tagged import Syntax, TaggedRecord, tagged_records

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rag.sources.document import Document, Head

__all__ = ["READER"]

_SYNTAX = Syntax(
    tag=re.compile(r"(?=.{4}-)([A-Z][A-Z0-9]{1,3}) {0,2}-(?: (.*))?"),
    begin="PMID",
    begin_is_needed=False,
    blank_ends=True,
)
_START = re.compile(r"\s*PMID ?- ?\d")


def _sniff(head: Head) -> Confidence:
    return Confidence.SIGNATURE if _START.match(head.text) else Confidence.NO


def _read(document: Document) -> Iterator[Item]:
    for found in tagged_records(document, _SYNTAX):
        yield to_item(_record(found), document, f"line {found.line}")


def _record(found: TaggedRecord) -> Record:
    locations = [*found.all("LID"), *found.all("AID")]
    return Record(
        title=found.first("TI", "BTI", "TT"),
        abstract="\n".join(found.all("AB")),
        authors=[*found.all("FAU", "AU"), *found.all("CN")],
        date=found.first("DP"),
        venue=found.first("JT", "TA", "BTI"),
        ids={
            "pmid": found.first("PMID"),
            "doi": [value for value in locations if value.endswith("[doi]")],
            "pmcid": found.first("PMC"),
        },
        own_id=f"pmid:{found.first('PMID')}",
        type=found.all("PT"),
    )


READER = Reader(
    name="nbib",
    label="PubMed's MEDLINE format",
    suffixes=(".nbib", ".medline"),
    sniff=_sniff,
    read=_read,
)
