"""RIS, which most reference managers read; written by rispy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rag.export.base import PaperFormat
from rag.export.fields import (
    address,
    citation_keys,
    kind_of,
    pmid,
    remarks,
    retraction_note,
    split_name,
    stated_date,
)
from rag.text.decoding import one_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rag.papers import Paper

__all__ = ["RIS"]

_TYPES = {"conference": "CPAPER", "journal": "JOUR", "preprint": "UNPB", "other": "GEN"}


def _write(papers: Sequence[Paper]) -> str:
    import rispy  # type: ignore[import-untyped]

    class Writer(rispy.RisWriter):  # type: ignore[misc]
        """Without the count that rispy puts before each record: it is no part of the format."""

        def set_header(self, count: int) -> str:  # noqa: ARG002
            return ""

    keys = citation_keys(papers)
    references = [_fields(*pair) for pair in zip(papers, keys, strict=True)]
    return str(rispy.dumps(references, implementation=Writer)) if references else ""


def _fields(paper: Paper, key: str) -> dict[str, Any]:
    year, *rest = stated_date(paper) or [None]
    stated = [f"{part:02d}" for part in rest if part]
    told = ("doi", "arxiv" if paper.arxiv_id else "pmid")
    fields = {
        "type_of_reference": _TYPES[kind_of(paper)],
        "id": key,
        "title": one_line(paper.title),
        "authors": [split_name(author).turned for author in paper.authors],
        "year": str(year or ""),
        "date": "/".join([str(year or ""), *stated, *[""] * (3 - len(stated))]) if stated else "",
        "secondary_title": one_line(paper.venue or ""),
        "abstract": one_line(paper.abstract),
        "doi": one_line(paper.doi or ""),
        "accession_number": f"arXiv:{paper.arxiv_id}" if paper.arxiv_id else pmid(paper),
        "name_of_database": "PubMed" if pmid(paper) and not paper.arxiv_id else "",
        "urls": [one_line(address(paper))] if address(paper) else [],
        "notes": [*filter(None, [retraction_note(paper)]), *remarks(paper, told)],
    }
    return {name: value for name, value in fields.items() if value}


RIS = PaperFormat(
    name="ris",
    label="RIS",
    suffixes=(".ris",),
    media_type="application/x-research-info-systems",
    write=_write,
)
