"""CSL-JSON, which citation processors such as pandoc's read."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from rag.export.base import PaperFormat
from rag.export.facts import month_and_day
from rag.export.fields import (
    Name,
    address,
    citation_keys,
    date_parts,
    kind_of,
    pmid,
    remarks,
    retraction_note,
    split_name,
)
from rag.text.decoding import one_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rag.papers import Paper

__all__ = ["CSL"]

_TYPES = {"conference": "paper-conference", "journal": "article-journal"}


def _write(papers: Sequence[Paper]) -> str:
    items = [_fields(*pair) for pair in zip(papers, citation_keys(papers), strict=True)]
    return json.dumps(items, ensure_ascii=False, indent=2) + "\n"


def _fields(paper: Paper, key: str) -> dict[str, Any]:
    is_arxiv = kind_of(paper) == "preprint" and bool(paper.arxiv_id)
    told = ("doi", "pmid", *(["arxiv"] if is_arxiv else []))
    fields = {
        "id": key,
        "type": _TYPES.get(kind_of(paper), "article"),
        "title": one_line(paper.title),
        "author": [_name(split_name(author)) for author in paper.authors],
        "issued": _issued(paper),
        "container-title": one_line(paper.venue or ""),
        "publisher": "arXiv" if is_arxiv else "",
        "number": f"arXiv:{paper.arxiv_id}" if is_arxiv else "",
        "abstract": one_line(paper.abstract),
        "DOI": paper.doi,
        "PMID": pmid(paper),
        "URL": address(paper),
        "status": "retracted" if paper.retracted else "",
        "note": "\n".join([*filter(None, [retraction_note(paper)]), *remarks(paper, told)]),
    }
    return {name: value for name, value in fields.items() if value or name == "title"}


def _issued(paper: Paper) -> dict[str, Any] | None:
    parts, day = date_parts(paper), month_and_day(paper)
    return {"date-parts": [parts]} if parts else {"literal": day} if day else None


def _name(name: Name) -> dict[str, str]:
    if name.is_literal:
        return {"literal": name.family}
    parts = {
        "family": name.family,
        "given": name.given,
        "non-dropping-particle": name.particle,
        "suffix": name.suffix,
    }
    return {part: value for part, value in parts.items() if value}


CSL = PaperFormat(
    name="csl",
    label="CSL-JSON",
    suffixes=(".csl.json", ".csl"),
    media_type="application/vnd.citationstyles.csl+json",
    write=_write,
)
