"""Are two records of one paper?

They are when an identifier of the work agrees and nothing contradicts it, or when the title does
and authors, year or abstract with it. A title alone is no identity; nor is what a file calls a
record, of which nothing arrives here. Where records might be of one paper and are not taken for it,
the verdict says what keeps them apart.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import IntEnum
from typing import TYPE_CHECKING

from rag.papers import is_preprint, title_key

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rag.papers import Paper

__all__ = [
    "Strength",
    "Verdict",
    "at_odds",
    "closeness",
    "differ",
    "is_likely",
    "judge",
    "record_key",
    "says_little",
]

_LABELS = {
    "arxiv": "arXiv id",
    "doi": "DOI",
    "pmid": "PMID",
    "pmcid": "PMCID",
    "acl": "ACL Anthology id",
    "openreview": "OpenReview id",
    "openalex": "OpenAlex id",
    "s2": "Semantic Scholar id",
    "corpusid": "Semantic Scholar corpus id",
    "wos": "Web of Science id",
}
# A work has one of each; services that number works themselves often number one twice.
_ONE_A_WORK = ("arxiv", "doi", "pmid", "pmcid", "acl")
_NUMBERED = ("openalex", "s2", "corpusid", "wos")
_BEGINNING = 300  # characters of an abstract that tell whose it is
_FEW = 8  # words: a shorter text says whose it is only if it is the same
# The words that two abstracts share where they are one: between twins (.9 and more) and the volumes
# of a series (.74 at most) in labelled sets.
_ALIKE = 0.8
_REWORDED = 0.4  # an abstract written anew for the journal still shares as many
_SHORT_TITLE = 15  # characters: a shorter one ("Introduction") says nothing about identity
_HEADINGS = frozenset(
    "letter to the editor|letters to the editor|book review|book reviews|editorial board|"
    "editorial comment|table of contents|conference report|guest editorial|introduction to the "
    "special issue|preface to the special issue|in this issue|reply to the editor|authors reply|"
    "author correction|publisher correction|list of contributors|annual report|research in brief|"
    "news and views|concluding remarks|opening remarks|general discussion".split("|")
)
_LIKE_TITLES = 0.6  # of letters in a row, or of the shorter title's words


class Strength(IntEnum):
    """How surely two records are of one paper."""

    NO = 0
    YEAR = 1  # title and year agree
    AUTHORS = 2  # title and authors do
    ABSTRACT = 3  # title and abstract do
    NUMBER = 4  # a service gave both the same number
    IDENTIFIER = 5  # arXiv id, DOI, PMID, ... agree
    SAME = 6  # they say the same, word for word


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether two records are of one paper.

    Attributes:
        strength: How surely they are; `NO` when they are not.
        why: What agrees, or what keeps them apart although something does; empty when nothing
            speaks for one paper.
    """

    strength: Strength
    why: str = ""

    def __bool__(self) -> bool:
        return self.strength > Strength.NO


_NO = Verdict(Strength.NO)


def judge(one: Paper, other: Paper) -> Verdict:
    """Tell whether two records are of one paper, and why."""
    ours, theirs = _by_scheme(one), _by_scheme(other)
    shared = [
        f"{scheme}:{bare}" for scheme, ids in ours.items() for bare in sorted(ids & theirs[scheme])
    ]
    clashing = _clash(ours, theirs, _ONE_A_WORK)
    if shared:
        return _judge_identified(one, other, shared, clashing)
    if title_key(one.title) != title_key(other.title) or not title_key(one.title):
        return _NO
    if clashing:
        return Verdict(Strength.NO, f"same title, but {_differ(clashing)}")
    return _judge_titled(one, other, _clash(ours, theirs, _NUMBERED))


def at_odds(one: Paper, other: Paper) -> bool:
    """Tell whether two papers can't be one, whatever a third record says that links them."""
    if clash(one, other):
        return True
    abstracts = _compare(one.abstract, other.abstract)
    if abstracts is not None and abstracts >= _ALIKE:
        return False
    authors = _agree(one, other)
    if authors is False or not _like_titles(one.title, other.title):
        return True
    years_differ = bool(one.year and other.year) and abs((one.year or 0) - (other.year or 0)) > 1
    unlike = abstracts is not None and abstracts < _REWORDED
    return not authors and (years_differ or unlike)


def clash(one: Paper, other: Paper) -> bool:
    """Tell whether identifiers say that two papers are not one.

    Different DOIs don't where another identifier agrees: a work may have one for each version.
    """
    ours, theirs = _by_scheme(one), _by_scheme(other)
    found = _clash(ours, theirs, _ONE_A_WORK)
    return bool(found) and (
        found != ["doi"] or not any(ours[scheme] & theirs[scheme] for scheme in _ONE_A_WORK)
    )


def differ(one: str, other: str) -> bool:
    """Tell whether two abstracts say different things: neither is missing or cut from the other."""
    ours, theirs = title_key(one), title_key(other)
    shorter, longer = sorted((ours, theirs), key=len)
    return bool(shorter) and not longer.startswith(shorter)


def closeness(one: Paper, other: Paper) -> float:
    """Say how alike two papers are in title and abstract, from 0 to 2, to choose among several."""
    same_title = title_key(one.title) == title_key(other.title)
    return same_title + (_compare(one.abstract, other.abstract) or 0.0)


def record_key(record: Paper) -> str:
    """Return what stays the same of a record when its source is read again."""
    beginning = title_key(record.abstract[:_BEGINNING])
    content = json.dumps([record.identifiers, title_key(record.title), beginning])
    return f"record:{hashlib.sha256(content.encode()).hexdigest()[:16]}"


def is_likely(one: Paper, other: Paper) -> bool:
    """Tell whether a person should see that two papers were not taken for one."""
    if not set(one.identifiers).isdisjoint(other.identifiers):
        return True
    if says_little(one.title) or title_key(one.title) != title_key(other.title):
        return False
    abstracts = _compare(one.abstract, other.abstract)
    authors = _agree(one, other)
    return bool(authors) or (authors is None and (abstracts is None or abstracts >= _REWORDED))


def says_little(title: str) -> bool:
    """Tell whether a title is one that many papers have: short, or a heading such as "Preface"."""
    key = title_key(title)
    return len(key) < _SHORT_TITLE or key in _HEADINGS


# --- by identifiers -------------------------------------------------------------------------


def _by_scheme(paper: Paper) -> defaultdict[str, set[str]]:
    found: defaultdict[str, set[str]] = defaultdict(set)
    for identifier in paper.identifiers:
        scheme, _, bare = identifier.partition(":")
        found[scheme].add(bare)
    return found


def _clash(
    ours: defaultdict[str, set[str]], theirs: defaultdict[str, set[str]], schemes: Iterable[str]
) -> list[str]:
    """Return the kinds of identifiers of which both have some, and none in common."""
    return [
        scheme
        for scheme in schemes
        if ours[scheme]
        and theirs[scheme]
        and not ours[scheme] & theirs[scheme]
        and not (scheme == "doi" and _of_two_stages(ours[scheme], theirs[scheme]))
    ]


def _of_two_stages(ours: set[str], theirs: set[str]) -> bool:
    """Tell whether one side's DOIs are a preprint's and the other's an article's."""
    stages = [{is_preprint(doi) for doi in dois} for dois in (ours, theirs)]
    return all(len(stage) == 1 for stage in stages) and stages[0] != stages[1]


def _judge_identified(one: Paper, other: Paper, shared: list[str], clashing: list[str]) -> Verdict:
    best = min(shared, key=lambda name: (name.partition(":")[0] not in _ONE_A_WORK, name))
    scheme, _, bare = best.partition(":")
    what = f"same {_LABELS.get(scheme, scheme)} ({bare})"
    strength = Strength.IDENTIFIER if scheme in _ONE_A_WORK else Strength.NUMBER
    abstracts = _compare(one.abstract, other.abstract)
    alike = abstracts is not None and abstracts >= _ALIKE
    unlike = abstracts is not None and abstracts < _REWORDED
    authors = _agree(one, other)
    # A DOI may be that of the book of which both are chapters, by one author even.
    vouched = authors is True and scheme != "doi"
    if clashing and (unlike or clashing != ["doi"]):  # a work may have a DOI for each version
        against = _differ(clashing)
    elif _same_titles(one.title, other.title):
        is_another = unlike and says_little(one.title) and not authors
        against = "the abstracts are different" if is_another else ""
    elif _like_titles(one.title, other.title):
        is_chapter = unlike or (authors is False and not alike)
        against = "titles and abstracts are different" if is_chapter and not vouched else ""
    else:
        confirmed = (alike or vouched) and not clashing
        against = "" if confirmed else "the titles are different"
    return Verdict(Strength.NO, f"{what}, but {against}") if against else Verdict(strength, what)


def _differ(schemes: list[str]) -> str:
    return " and ".join(f"the {_LABELS[scheme]}s" for scheme in schemes) + " differ"


# --- by title -------------------------------------------------------------------------------


def _judge_titled(one: Paper, other: Paper, numbered: list[str]) -> Verdict:
    """Judge two records of one title of which no identifier speaks for or against one paper."""
    abstracts = _compare(one.abstract, other.abstract)
    authors = _agree(one, other)
    years = abs(one.year - other.year) if one.year and other.year else None
    agreed = years == 0 and not numbered
    others = [
        *(["authors"] if authors is False else []),
        *(["years"] if years and years > 1 else []),  # a preprint comes out the year before
    ]
    if abstracts is not None and abstracts >= _ALIKE:
        # A series may describe each of its volumes in the same words.
        if len(others) < 2:
            return Verdict(Strength.ABSTRACT, "same title and abstract")
    elif abstracts is not None and not (_is_later_version(one, other) and abstracts >= _REWORDED):
        others = ["abstracts"]
    if others:
        what = " and ".join(others)
        return Verdict(Strength.NO, f"same title, but the {what} are different")
    if authors and (years == 0 or not says_little(one.title)):
        return Verdict(Strength.AUTHORS, "same title and authors")
    if agreed and not says_little(one.title):
        return Verdict(Strength.YEAR, "same title and year")
    return Verdict(Strength.NO, "same title, but nothing else says that they are one")


def _is_later_version(one: Paper, other: Paper) -> bool:
    """Tell whether one record may be of the preprint and the other of the article.

    The volumes of a series have one title and editor, and prefaces that are much alike; they have
    no identifiers in the records of old, or years of their own.
    """
    in_time = bool(one.year and other.year) and abs((one.year or 0) - (other.year or 0)) <= 1
    return in_time and bool(one.identifiers or other.identifiers) and _agree(one, other) is True


def _same_titles(one: str, other: str) -> bool:
    ours, theirs = title_key(one), title_key(other)
    return not ours or not theirs or ours == theirs


def _like_titles(one: str, other: str) -> bool:
    """Tell whether two titles may be of one paper: reworded, mistyped or cut short."""
    if _same_titles(one, other):
        return True
    ours, theirs = title_key(one), title_key(other)
    words = [set(key.split()) for key in (ours, theirs)]
    shorter = min(map(len, words))
    if shorter >= 3 and len(words[0] & words[1]) >= _LIKE_TITLES * shorter:
        return True
    return SequenceMatcher(None, ours, theirs, autojunk=False).ratio() >= _LIKE_TITLES


def _compare(one: str, other: str) -> float | None:
    """Return the part of the shorter abstract's words that the other has too.

    None when one is missing, or so short that it says nothing.
    """
    ours, theirs = (title_key(text[:_BEGINNING]) for text in (one, other))
    if not ours or not theirs:
        return None
    if ours == theirs:
        return 1.0
    words = [set(key.split()) for key in (ours, theirs)]
    shorter = min(map(len, words))
    if shorter < _FEW:
        first, second = sorted((ours, theirs), key=len)
        return None if second.startswith(first) else 0.0
    return len(words[0] & words[1]) / shorter


def _agree(one: Paper, other: Paper) -> bool | None:
    """Tell whether the authors of two records are the same; None where one names none."""
    ours, theirs = (_family_names(paper) for paper in (one, other))
    if not ours or not theirs:
        return None
    common = len(ours & theirs)
    if 2 * common >= min(len(ours), len(theirs)):
        return True
    return None if common else False


def _family_names(paper: Paper) -> set[str]:
    """Return the last words of the authors' names, as far as they are told from a suffix."""
    found: set[str] = set()
    for name in paper.authors:
        words = [word for word in title_key(name).split() if word not in {"jr", "sr", "ii", "iii"}]
        longer = [word for word in words if len(word) > 1]
        found.update((longer or words)[-1:])
    return found
