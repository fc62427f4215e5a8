"""What a paper's record says, in the parts that reference managers ask for.

What it doesn't state is left out, never guessed.
"""

from __future__ import annotations

import re
from collections import Counter
from itertools import count
from typing import TYPE_CHECKING, Literal, TypeAlias

from rag.papers import title_id
from rag.text.citekeys import is_key, key_letters, plain_key
from rag.text.cleaning import clean_abstract, clean_text
from rag.text.dates import year_of
from rag.text.decoding import one_line
from rag.text.names import Name, read_names, split_name
from rag.text.remarks import Remarks, write_remarks

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from rag.papers import Paper

__all__ = [
    "Kind",
    "Name",
    "address",
    "citation_keys",
    "date_parts",
    "has_more_authors",
    "kind_of",
    "pmid",
    "remarks",
    "retraction_note",
    "split_name",
    "stated_date",
]

Kind: TypeAlias = Literal["preprint", "conference", "journal", "other"]


def citation_keys(papers: Sequence[Paper]) -> list[str]:
    """Return a key for each paper: the one that people gave it, else as `vaswani2017attention`.

    Keys that are made are of the first author, the year and the title as far as they are known.
    Papers that would share a key get a letter each, in the order given, but for the first to which
    people gave it; no two keys are ever equal.
    """
    own = [paper.key if paper.key and is_key(paper.key) else "" for paper in papers]
    wanted = [key or _made_key(paper) for key, paper in zip(own, papers, strict=True)]
    uses = Counter(wanted)
    taken = {key for key, count in uses.items() if count == 1} | {*own}
    given: set[str] = set()
    keys = []
    for key, kept in zip(wanted, own, strict=True):
        if uses[key] > 1 and not (kept and key not in given):
            key = next(k for k in (key + key_letters(n) for n in count()) if k not in taken)  # noqa: PLW2901
            taken.add(key)
        given.add(key)
        keys.append(key)
    return keys


def _made_key(paper: Paper) -> str:
    return plain_key(paper.authors[0] if paper.authors else "", _year(paper), paper.title)


_PREPRINT = re.compile(r"\b(?:\w*rxiv|corr|preprints?|ssrn)\b", re.IGNORECASE)
# What names itself so, or by an acronym that is no journal's: "icml", "NeurIPS 2023".
_CONFERENCE = re.compile(
    r"\b(?:actes|conference|congress|findings of|meeting|symposium|workshop|advances in neural"
    r"|proceedings(?! of the (?:national academy|royal society|ieee\b)))\b"
    r"|^(?!cell|nature|science|elife|lancet|plos|pnas|jama|bmj|jmlr|tmlr|tacl|t?pami)"
    r"[a-z]{2,8}(?:[ -]?'?\d{2,4})?$",
    re.IGNORECASE,
)


def kind_of(paper: Paper) -> Kind:
    """Say what a paper appeared as, from its venue."""
    venue = paper.venue or ""
    if not venue:
        return "preprint" if paper.arxiv_id else "other"
    if _PREPRINT.search(venue):
        return "preprint"
    return "conference" if _CONFERENCE.search(venue) else "journal"


def _year(paper: Paper) -> int | None:
    return paper.year or year_of(paper.date)


def date_parts(paper: Paper) -> list[int]:
    """Return the year and, where stated for that year, month and day; empty without a year."""
    year = _year(paper)
    if year is None:
        return []
    if year_of(paper.date) != year or not paper.date:
        return [year]
    return [int(part) for part in paper.date.split("-")]


def stated_date(paper: Paper) -> list[int | None]:
    """Return what `date_parts` does; of a day whose year no source states, no year, month and day.

    Formats that can say so keep such a day.
    """
    parts: list[int | None] = list(date_parts(paper))
    if not parts and paper.date and paper.date.startswith("--"):
        return [None, *(int(part) for part in paper.date.removeprefix("--").split("-"))]
    return parts


def address(paper: Paper) -> str:
    """Return where to read a paper; empty when that is not known, or its DOI tells it."""
    if paper.url:
        return paper.url
    return f"https://arxiv.org/abs/{paper.arxiv_id}" if paper.arxiv_id else ""


def pmid(paper: Paper) -> str:
    """Return the PubMed id of a paper; empty when none is known."""
    known = (one.removeprefix("pmid:") for one in paper.identifiers if one.startswith("pmid:"))
    # Others would be no id of PubMed's, and might end the field that they are written in.
    return next((one for one in known if one.isascii() and one.isdigit()), "")


def has_more_authors(paper: Paper) -> bool:
    """Tell whether a paper has more authors than its record lists."""
    return bool(paper.authors) and (paper.author_count or 0) > len(paper.authors)


def retraction_note(paper: Paper) -> str:
    """Say that a paper was retracted, as bibliographies print it; empty where it was not."""
    return "RETRACTED" if paper.retracted else ""


def remarks(paper: Paper, told: Collection[str] = ("arxiv", "doi", "pmid")) -> list[str]:
    """Return what else has to be said for a paper to come back as it is, a line each.

    From the identifiers that a format has fields for, the paper's own id follows as a rule; what
    is read is cleaned, and names are read as people write them.

    Args:
        paper: The paper.
        told: The kinds of identifiers that the record has in fields of their own.
    """
    known = {one.partition(":")[0]: one for one in reversed(paper.identifiers)}
    follows = next(
        (known[kind] for kind in ("arxiv", "doi", "pmid", "acl") if kind in known),
        title_id(paper.title or paper.abstract, paper.title and paper.abstract),
    )
    is_plain = (
        paper.id == follows
        and {known[kind] for kind in told if kind in known}.issuperset(paper.identifiers)
        and not _OF_BOOK.search(paper.doi or "")
    )
    abstract, *texts = map(one_line, (paper.abstract, paper.title, paper.venue or ""))
    as_they_stand = clean_abstract(abstract) != abstract or any(
        clean_text(text) != text for text in texts
    )
    year, date = _year(paper), paper.date or ""
    # A date of another year than the record's, and one that is no more than its year.
    is_lost = year is not None and (year_of(date) != year or date == str(year))
    return write_remarks(
        Remarks(
            listed=len(paper.authors),
            author_count=paper.author_count,
            identifiers=() if is_plain else _in_words(paper.id, *paper.identifiers),
            date=date if is_lost else "",
            authors=paper.authors if _change_when_read(paper.authors) else (),
            as_they_stand=as_they_stand,
        )
    )


# DOIs of books and journals count only where the record says that it is of one.
_OF_BOOK = re.compile(r"97[89](?:-?\d){10}|\d{4}-\d{3}[\dx]", re.IGNORECASE)


def _in_words(*identifiers: str) -> list[str]:
    """Return what can stand in a list between blanks, each once; nothing without the first."""
    fit = [one for one in dict.fromkeys(identifiers) if ":" in one and not re.search(r"\s", one)]
    return fit if fit[:1] == [identifiers[0]] else []


def _change_when_read(authors: Sequence[str]) -> bool:
    """Tell whether names would come back as others from where they stand in parts."""
    names = [split_name(author) for author in authors]
    turned = [name.turned for name in names]
    mapped = [
        {"literal": name.family}
        if name.is_literal
        else {"family": name.full_family, "given": name.given, "suffix": name.suffix}
        for name in names
    ]
    odd = re.compile(r"[{}\\]|\band\b|\bothers\b", re.IGNORECASE)
    return any(odd.search(author) for author in authors if " | " not in author) or not (
        read_names(turned) == read_names(mapped) == tuple(authors)
    )
