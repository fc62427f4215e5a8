"""What a paper's record says, in the parts that reference managers ask for.

What it doesn't state is left out, never guessed.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Literal, TypeAlias

from rag.text.dates import year_of
from rag.text.decoding import one_line
from rag.text.names import EAST_ASIAN, ORGANISATION, turn_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rag.papers import Paper

__all__ = [
    "Kind",
    "Name",
    "address",
    "authors_note",
    "citation_keys",
    "date_parts",
    "has_more_authors",
    "kind_of",
    "pmid",
    "retraction_note",
    "split_name",
    "stated_date",
]

Kind: TypeAlias = Literal["preprint", "conference", "journal", "other"]

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
class Name:
    """An author's name in its parts; that of an organisation is all `family`."""

    family: str
    given: str = ""
    particle: str = ""
    suffix: str = ""

    @property
    def is_literal(self) -> bool:
        """Whether it stays whole: that of an organisation, or of one word."""
        return not self.given

    @property
    def full_family(self) -> str:
        """The family name with its particle: `van Beethoven`."""
        return f"{self.particle} {self.family}".strip()


def split_name(text: str) -> Name:
    """Split a name into its parts as BibTeX does; an organisation stays whole."""
    from bibtexparser.middlewares.names import parse_single_name_into_parts

    text = turn_name(one_line(re.sub(r"[{}\\~]", " ", text)))
    if ORGANISATION.search(text) or text.count(",") > 2:
        return Name(family=text)
    if EAST_ASIAN.search(text):  # the family name comes first when it is said, too
        family, _, given = text.partition(" ")
        return Name(family=family, given=given)
    suffix = ""
    if match := _SUFFIX.fullmatch(text):
        text, suffix = match[1], match[2]
    parts = parse_single_name_into_parts(text, strict=False)
    if not parts.first or not parts.last:
        return Name(family=text)
    return Name(
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
        family = _fold(split_name(paper.authors[0]).family) if paper.authors else ""
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
    known = (one for one in paper.identifiers if one.startswith("pmid:"))
    return next(known, "").removeprefix("pmid:")


def has_more_authors(paper: Paper) -> bool:
    """Tell whether a paper has more authors than its record lists."""
    return bool(paper.authors) and (paper.author_count or 0) > len(paper.authors)


def retraction_note(paper: Paper) -> str:
    """Say that a paper was retracted, as bibliographies print it; empty where it was not."""
    return "RETRACTED" if paper.retracted else ""


def authors_note(paper: Paper) -> str:
    """Say how many authors are listed; empty when all are."""
    listed, stated = len(paper.authors), paper.author_count or 0
    return f"{listed} of {stated} authors listed" if has_more_authors(paper) else ""
