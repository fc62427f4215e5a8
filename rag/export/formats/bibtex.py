"""BibTeX, written by bibtexparser, with LaTeX escapes from pylatexenc."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rag.export.base import PaperFormat
from rag.export.fields import (
    Name,
    address,
    citation_keys,
    has_more_authors,
    kind_of,
    pmid,
    remarks,
    retraction_note,
    split_name,
    stated_date,
)
from rag.text.decoding import one_line
from rag.text.latex import prose_to_latex, text_to_latex, title_to_latex

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rag.papers import Paper

__all__ = ["BIBTEX"]

_MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()
_ENTRY_TYPES = {"conference": "inproceedings", "journal": "article"}
_VENUE_FIELDS = {"conference": "booktitle", "journal": "journal"}
_BRACES = re.compile(r"[^{}]*(?:\{[^{}]*\}[^{}]*)*")  # none, or some that balance


def _write(papers: Sequence[Paper]) -> str:
    from bibtexparser.entrypoint import write_string
    from bibtexparser.library import Library
    from bibtexparser.model import Entry, Field

    library = Library()
    for paper, key in zip(papers, citation_keys(papers), strict=True):
        fields = [Field(name, value) for name, value in _fields(paper).items()]
        library.add(Entry(_ENTRY_TYPES.get(kind_of(paper), "misc"), key, fields))
    # No further steps: the values carry their braces, but for a month, which is a macro.
    return write_string(library, unparse_stack=[])


def _fields(paper: Paper) -> dict[str, str]:
    authors = [_name(split_name(author)) for author in paper.authors]
    year, month, day, *_ = [*stated_date(paper), None, None, None]
    venue = one_line(paper.venue or "")
    fields = {
        "title": title_to_latex(one_line(paper.title)),
        "author": " and ".join([*authors, *(["others"] if has_more_authors(paper) else [])]),
        _VENUE_FIELDS.get(kind_of(paper), "howpublished"): text_to_latex(venue),
        "year": str(year or ""),
        "month": _MONTHS[month - 1] if month else "",
        "day": str(day or ""),
        "eprint": _verbatim(paper.arxiv_id or ""),
        "archiveprefix": "arXiv" if paper.arxiv_id else "",
        "doi": _verbatim(paper.doi or ""),
        "pmid": pmid(paper),
        "url": _verbatim(address(paper)),
        "note": retraction_note(paper),
        # Which bibliographies don't print.
        "annote": text_to_latex(" / ".join(remarks(paper))),
        "abstract": prose_to_latex(one_line(paper.abstract)),
    }
    return {
        name: value if name == "month" else f"{{{value}}}"
        for name, value in fields.items()
        if value
    }


def _name(name: Name) -> str:
    if name.is_literal:
        return f"{{{text_to_latex(name.family)}}}"
    parts = (name.full_family, name.suffix, name.given)
    return ", ".join(text_to_latex(part) for part in parts if part)


def _verbatim(text: str) -> str:
    """Keep an address or identifier as it is, but for what would break the entry."""
    text = one_line(text).replace("\\", "%5C")
    if _BRACES.fullmatch(text):
        return text
    return text.replace("{", "%7B").replace("}", "%7D")


BIBTEX = PaperFormat(
    name="bibtex",
    label="BibTeX",
    suffixes=(".bib",),
    media_type="application/x-bibtex",
    write=_write,
)
