"""Write papers in the formats that reference managers and programs read.

BibTeX is written by bibtexparser, RIS by rispy, LaTeX escapes come from pylatexenc; CSL-JSON and
JSON Lines are plain JSON. What a paper's record doesn't state is left out, never guessed.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections import Counter
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Any

from rag.errors import RagError
from rag.text.dates import year_of
from rag.text.decoding import one_line
from rag.text.latex import text_to_latex, title_to_latex

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from rag.papers import Paper

__all__ = ["EXPORT_FORMATS", "citation_keys", "export_papers"]


def export_papers(papers: Iterable[Paper], export_format: str) -> str:
    """Write papers, each once, in the order given.

    Args:
        papers: What to write; a paper that comes twice is written once.
        export_format: One of `EXPORT_FORMATS`: "bibtex", "ris", "csl" (CSL-JSON) or "jsonl" (a
            paper a line, as `rag add` reads it).

    Raises:
        RagError: the format is unknown.
    """
    writer = _WRITERS.get(export_format)
    if writer is None:
        message = f"unknown export format: {export_format!r}"
        raise RagError(message, hint=f"Formats: {', '.join(EXPORT_FORMATS)}.")
    return writer(list({paper.id: paper for paper in papers}.values()))


# Names and keys ------------------------------------------------------------------------------

# An organisation has no family name.
_ORGANISATION = re.compile(
    r"[\d&]|\b(?:and|association|collaboration|committee|company|consortium|corporation|foundation"
    r"|group|inc|institute|lab|labs|laboratory|ltd|organi[sz]ation|project|research|team"
    r"|university)\b",
    re.IGNORECASE,
)
_SUFFIX = re.compile(r"([^,]+?)\s+([JS]r\.?|II|III|IV)")
_STOP_WORDS = frozenset(
    "a an and are as at by can do does for from how in into is it of on or our the to toward"
    " towards via we what when where which who why with".split()
)
# Letters that Unicode doesn't decompose into a Latin letter and its accent.
_FOLDED = str.maketrans(
    {"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Name:
    family: str
    given: str = ""
    particle: str = ""
    suffix: str = ""

    @property
    def is_literal(self) -> bool:
        return not self.given


def _name(text: str) -> _Name:
    """Split a name into its parts as BibTeX does; an organisation stays whole."""
    from bibtexparser.middlewares.names import parse_single_name_into_parts

    text = one_line(re.sub(r"[{}\\~]", " ", text))
    if _ORGANISATION.search(text) or text.count(",") > 2:
        return _Name(family=text)
    suffix = ""
    if match := _SUFFIX.fullmatch(text):
        text, suffix = match[1], match[2]
    parts = parse_single_name_into_parts(text, strict=False)
    if not parts.first or not parts.last:
        return _Name(family=text)
    return _Name(
        family=" ".join(parts.last),
        given=" ".join(parts.first),
        particle=" ".join(parts.von),
        suffix=suffix or " ".join(parts.jr),
    )


def _fold(text: str) -> str:
    """Reduce a text to ASCII letters and digits, in lower case."""
    decomposed = unicodedata.normalize("NFKD", text.lower().translate(_FOLDED))
    return re.sub(r"[^a-z0-9]", "", decomposed)


def _title_word(title: str) -> str:
    """Return the first word of a title that says something."""
    plain = re.sub(r"\$[^$]*\$|\\[A-Za-z]+", " ", title)
    words = [word for word in map(_fold, re.split(r"[\s/:–—-]+", plain)) if word]
    return next((word for word in words if word not in _STOP_WORDS), "".join(words[:1]))


def citation_keys(papers: Sequence[Paper]) -> list[str]:
    """Return a key for each paper, such as `vaswani2017attention`.

    Keys are of the first author, the year and the title as far as they are known. Papers that
    would share a key get a letter each, in the order given; no two keys are ever equal.
    """
    plain = []
    for paper in papers:
        family = _fold(_name(paper.authors[0]).family) if paper.authors else ""
        key = f"{family}{_year(paper) or ''}{_title_word(paper.title)}"
        plain.append(key if re.search("[a-z]", key) else f"paper{key}")
    uses = Counter(plain)
    taken = {key for key in plain if uses[key] == 1}
    keys = []
    for key in plain:
        if uses[key] > 1:
            key = next(k for k in (key + _letters(n) for n in count()) if k not in taken)  # noqa: PLW2901
            taken.add(key)
        keys.append(key)
    return keys


def _letters(number: int) -> str:
    """Count in letters: a, b, ..., z, aa, ab, ..."""
    before, last = divmod(number, 26)
    return (_letters(before - 1) if before else "") + chr(ord("a") + last)


# What a record says ---------------------------------------------------------------------------

_PREPRINT = re.compile(r"\b(?:\w*rxiv|corr|preprints?|ssrn)\b", re.IGNORECASE)
# What names itself so, or by an acronym that is no journal's: "icml", "NeurIPS 2023".
_CONFERENCE = re.compile(
    r"\b(?:actes|conference|congress|findings of|meeting|symposium|workshop|advances in neural"
    r"|proceedings(?! of the (?:national academy|royal society|ieee\b)))\b"
    r"|^(?!cell|nature|science|elife|lancet|plos|pnas|jama|bmj|jmlr|tmlr|tacl|t?pami)"
    r"[a-z]{2,8}(?:[ -]?'?\d{2,4})?$",
    re.IGNORECASE,
)


def _kind(paper: Paper) -> str:
    """Name what a paper appeared as: "preprint", "conference", "journal" or "other"."""
    venue = paper.venue or ""
    if not venue:
        return "preprint" if paper.arxiv_id else "other"
    if _PREPRINT.search(venue):
        return "preprint"
    return "conference" if _CONFERENCE.search(venue) else "journal"


def _year(paper: Paper) -> int | None:
    return paper.year or year_of(paper.date)


def _date_parts(paper: Paper) -> list[int]:
    """Return the year and, where stated for that year, month and day; empty without a year."""
    year = _year(paper)
    if year is None:
        return []
    if year_of(paper.date) != year or not paper.date:
        return [year]
    return [int(part) for part in paper.date.split("-")]


def _url(paper: Paper) -> str:
    if paper.url:
        return paper.url
    if paper.doi:
        return f"https://doi.org/{paper.doi}"
    return f"https://arxiv.org/abs/{paper.arxiv_id}" if paper.arxiv_id else ""


def _pmid(paper: Paper) -> str:
    return paper.id.removeprefix("pmid:") if paper.id.startswith("pmid:") else ""


def _more_authors(paper: Paper) -> bool:
    return bool(paper.authors) and (paper.author_count or 0) > len(paper.authors)


def _authors_note(paper: Paper) -> str:
    listed, stated = len(paper.authors), paper.author_count or 0
    return f"{listed} of {stated} authors listed" if _more_authors(paper) else ""


# BibTeX ---------------------------------------------------------------------------------------

_MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()
_ENTRY_TYPES = {"conference": "inproceedings", "journal": "article"}
_VENUE_FIELDS = {"conference": "booktitle", "journal": "journal"}


def _bibtex(papers: Sequence[Paper]) -> str:
    from bibtexparser.entrypoint import write_string
    from bibtexparser.library import Library
    from bibtexparser.model import Entry, Field

    library = Library()
    for paper, key in zip(papers, citation_keys(papers), strict=True):
        fields = [Field(name, value) for name, value in _bibtex_fields(paper).items()]
        library.add(Entry(_ENTRY_TYPES.get(_kind(paper), "misc"), key, fields))
    # No further steps: the values carry their braces, but for a month, which is a macro.
    return write_string(library, unparse_stack=[])


def _bibtex_fields(paper: Paper) -> dict[str, str]:
    authors = [_bibtex_name(_name(author)) for author in paper.authors]
    year, month, *_ = [*_date_parts(paper), None, None]
    fields = {
        "title": title_to_latex(one_line(paper.title)),
        "author": " and ".join([*authors, *(["others"] if _more_authors(paper) else [])]),
        _VENUE_FIELDS.get(_kind(paper), "note"): text_to_latex(one_line(paper.venue or "")),
        "year": str(year or ""),
        "month": _MONTHS[month - 1] if month else "",
        "eprint": _verbatim(paper.arxiv_id or ""),
        "archiveprefix": "arXiv" if paper.arxiv_id else "",
        "doi": _verbatim(paper.doi or ""),
        "pmid": _pmid(paper),
        "url": _verbatim(_url(paper)),
    }
    return {
        name: value if name == "month" else f"{{{value}}}"
        for name, value in fields.items()
        if value
    }


def _bibtex_name(name: _Name) -> str:
    if name.is_literal:
        return f"{{{text_to_latex(name.family)}}}"
    family = " ".join(filter(None, [name.particle, name.family]))
    return ", ".join(text_to_latex(part) for part in (family, name.suffix, name.given) if part)


def _verbatim(text: str) -> str:
    """Keep an address or identifier as it is, but for what would break the entry."""
    return one_line(text).replace("{", "%7B").replace("}", "%7D").replace("\\", "%5C")


# RIS, CSL-JSON, JSON Lines --------------------------------------------------------------------

_RIS_TYPES = {"conference": "CPAPER", "journal": "JOUR", "preprint": "UNPB", "other": "GEN"}
_CSL_TYPES = {"conference": "paper-conference", "journal": "article-journal"}


def _ris(papers: Sequence[Paper]) -> str:
    import rispy  # type: ignore[import-untyped]

    class Writer(rispy.RisWriter):  # type: ignore[misc]
        """Without the count that rispy puts before each record: it is no part of the format."""

        def set_header(self, count: int) -> str:  # noqa: ARG002
            return ""

    keys = citation_keys(papers)
    references = [_ris_fields(*pair) for pair in zip(papers, keys, strict=True)]
    return str(rispy.dumps(references, implementation=Writer)) if references else ""


def _ris_fields(paper: Paper, key: str) -> dict[str, Any]:
    date = _date_parts(paper)
    stated = [f"{part:02d}" for part in date[1:]]
    pmid = _pmid(paper)
    fields = {
        "type_of_reference": _RIS_TYPES[_kind(paper)],
        "id": key,
        "title": one_line(paper.title),
        "authors": [_ris_name(_name(author)) for author in paper.authors],
        "year": str(date[0]) if date else "",
        "date": "/".join([str(date[0]), *stated, *[""] * (3 - len(stated))]) if stated else "",
        "secondary_title": one_line(paper.venue or ""),
        "abstract": one_line(paper.abstract),
        "doi": one_line(paper.doi or ""),
        "accession_number": f"arXiv:{paper.arxiv_id}" if paper.arxiv_id else pmid,
        "urls": [one_line(_url(paper))] if _url(paper) else [],
        "notes": [_authors_note(paper)] if _more_authors(paper) else [],
    }
    return {name: value for name, value in fields.items() if value}


def _ris_name(name: _Name) -> str:
    if name.is_literal:
        return name.family
    family = " ".join(filter(None, [name.particle, name.family]))
    return ", ".join(part for part in (family, name.given, name.suffix) if part)


def _csl(papers: Sequence[Paper]) -> str:
    items = [_csl_fields(*pair) for pair in zip(papers, citation_keys(papers), strict=True)]
    return json.dumps(items, ensure_ascii=False, indent=2) + "\n"


def _csl_fields(paper: Paper, key: str) -> dict[str, Any]:
    date = _date_parts(paper)
    is_arxiv = _kind(paper) == "preprint" and bool(paper.arxiv_id)
    fields = {
        "id": key,
        "type": _CSL_TYPES.get(_kind(paper), "article"),
        "title": one_line(paper.title),
        "author": [_csl_name(_name(author)) for author in paper.authors],
        "issued": {"date-parts": [date]} if date else None,
        "container-title": one_line(paper.venue or ""),
        "publisher": "arXiv" if is_arxiv else "",
        "number": f"arXiv:{paper.arxiv_id}" if is_arxiv else "",
        "abstract": one_line(paper.abstract),
        "DOI": paper.doi,
        "PMID": _pmid(paper),
        "URL": _url(paper),
        "note": _authors_note(paper),
    }
    return {name: value for name, value in fields.items() if value}


def _csl_name(name: _Name) -> dict[str, str]:
    if name.is_literal:
        return {"literal": name.family}
    parts = {
        "family": name.family,
        "given": name.given,
        "non-dropping-particle": name.particle,
        "suffix": name.suffix,
    }
    return {part: value for part, value in parts.items() if value}


def _jsonl(papers: Sequence[Paper]) -> str:
    return "".join(json.dumps(paper.as_dict(), ensure_ascii=False) + "\n" for paper in papers)


_WRITERS: dict[str, Callable[[Sequence[Paper]], str]] = {
    "bibtex": _bibtex,
    "ris": _ris,
    "csl": _csl,
    "jsonl": _jsonl,
}
EXPORT_FORMATS = tuple(_WRITERS)
