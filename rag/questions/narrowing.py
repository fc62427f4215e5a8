"""Filters in words: "since 2023", "by Ana Costa", "at NeurIPS" say which papers are meant.

What is read is taken out of the question and becomes a filter, which the answer shows and which
can be lifted. A year may as well belong to the matter ("How has the ice changed since 1990?"): it
is a filter only where the question asks for papers or for several ways. A name is an author where
the catalogue knows one of that name, or where it says "papers by".
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import TYPE_CHECKING

from rag.questions.several import asks_for_papers
from rag.search.query import Filters

if TYPE_CHECKING:
    from collections.abc import Callable

    from rag.index.catalog import Catalog

__all__ = ["Narrowing", "narrow"]

_YEAR = r"(?P<{}>(?:19|20)\d\d)"
_A, _B = _YEAR.format("a"), _YEAR.format("b")
_PAPERS = (
    r"(?:papers?|articles?|publications?|preprints?|stud(?:y|ies)|works?|research|literature"
    r"|surveys?|reviews?|abstracts?)"
)
_MADE = r"(?:published|written|released|submitted|posted|dated|appeared|appearing|printed|authored)"
_ABOUT_PAPERS = re.compile(
    rf"\b(?:{_PAPERS}|{_MADE}|methods|approaches|techniques)\b", re.IGNORECASE
)
# How a stretch of years is said, and which years it leaves. Those marked `near` are read only
# right behind a word for papers: "in 2020" is mostly when something happened.
_SPANS: tuple[
    tuple[re.Pattern[str], bool, Callable[[int, int], tuple[int | None, int | None]]], ...
]
_SPANS = tuple(
    (re.compile(rf"\b{pattern}(?![-\w])", re.IGNORECASE), near, years)
    for pattern, near, years in (
        (rf"(?:between|from) {_A} (?:and|to|until|till|through) {_B}", False, lambda a, b: (a, b)),
        (rf"(?:(?:in|from|of|during|for) )?{_A} ?[-\u2013] ?{_B}", False, lambda a, b: (a, b)),
        (rf"(?:since|starting (?:in|from)) {_A}", False, lambda a, _: (a, None)),
        (
            rf"(?:from|in) {_A} (?:on(?=\s*(?:[,.?!]|$))|onwards?|and later|or later)",
            False,
            lambda a, _: (a, None),
        ),
        (rf"{_A} (?:or|and) (?:later|newer|after)", False, lambda a, _: (a, None)),
        (rf"(?:after|later than|newer than|past) {_A}", False, lambda a, _: (a + 1, None)),
        (rf"(?:before|prior to|older than|earlier than) {_A}", False, lambda a, _: (None, a - 1)),
        (rf"(?:until|till|up to|through) {_A}", False, lambda a, _: (None, a)),
        (rf"{_A} (?:or|and) (?:earlier|older|before)", False, lambda a, _: (None, a)),
        (rf"(?:in|from|of|during) (?:the year )?{_A}", True, lambda a, _: (a, a)),
        (rf"(?<!\w ){_A}(?= {_PAPERS}\b)", False, lambda a, _: (a, a)),
    )
)
_LAST_YEARS = re.compile(
    r"\b(?:(?:in|from|of|during|over|within) )?(?:the )?(?:last|past|previous) "
    r"(?P<n>\d{1,2}|two|three|four|five|ten|few|couple of) years\b",
    re.IGNORECASE,
)
_THIS_YEAR = re.compile(r"\b(?:(?:in|from|of|during) )?(?P<which>this|last) year\b", re.IGNORECASE)
_COUNTS = {"two": 2, "three": 3, "four": 4, "five": 5, "ten": 10, "few": 3, "couple of": 2}
_NAME = (
    r"(?P<name>(?:[^\W\d_a-z][\w.'\u2019-]*|(?:van|von|der|den|de|la|del|di|da|dos|el|al|bin|ibn|ter)"
    r"(?= ))(?: (?:[^\W\d_a-z][\w.'\u2019-]*|(?:van|von|der|den|de|la|del|di|da|dos|el|al|bin"
    r"|ibn|ter)"
    r"(?= )))*)"
)
_AND_OTHERS = r"(?:,? et al\.?|,? and (?:colleagues|co-?workers|others))?(?:['\u2019]s)?"
_AUTHOR = re.compile(
    rf"\b(?i:{_PAPERS} (?:that (?:are|were) )?(?:{_MADE} )?by|{_MADE} by|(?:with|by) (?:the"
    rf" )?author)"
    rf" {_NAME}{_AND_OTHERS}"
)
_BY = re.compile(rf"\b(?:by|(?i:{_PAPERS}) (?:of|from)) {_NAME}{_AND_OTHERS}")
_LOWER_AUTHOR = re.compile(
    rf"\b(?:{_PAPERS} (?:{_MADE} )?by|{_MADE} by) (?P<name>[^\W\d_][\w'\u2019-]+(?: (?!and\b"
    rf"|et\b)[^\W\d_][\w'\u2019-]+)?)"
    rf"{_AND_OTHERS}",
    re.IGNORECASE,
)
_WROTE = re.compile(
    rf"\b(?:did|has|have|do|does) {_NAME}{_AND_OTHERS} (?=(?:write|written|publish\w*|author\w*)\b)"
)
_VENUE = re.compile(
    rf"\b(?P<lead>{_PAPERS}|{_MADE}|presented|accepted)(?P<gap> (?:at|in|by|from|of)) (?:the )?"
    r"(?P<name>[^\W\d_][\w&.'\u2019-]*(?: (?!(?:that|which|who|on|about|since|before|after"
    r"|in)\b)[\w&.'\u2019-]+){0,4})",
    re.IGNORECASE,
)
_VENUE_PAPERS = re.compile(rf"\b(?P<name>[^\W\d_a-z][\w&-]*)(?= {_PAPERS}\b)")


@dataclass(frozen=True, slots=True)
class Narrowing:
    """A question without the words that say which papers are meant, and what they say.

    Attributes:
        text: The question without them.
        filters: What they say; None where there are none.
    """

    text: str
    filters: Filters | None = None


def narrow(
    question: str, catalog: Catalog, *, today: date | None = None, of_papers: bool = False
) -> Narrowing:
    """Read the filters that a question states in words.

    Args:
        question: On one line.
        catalog: Knows authors and venues.
        today: What "last year" is counted from; the present day when None.
        of_papers: Whether papers are asked for, however it is worded.
    """
    text, filters = question, Filters()
    about_papers = of_papers or bool(_ABOUT_PAPERS.search(question)) or asks_for_papers(question)
    text, filters = _read_years(
        text, filters, about_papers=about_papers, today=today or datetime.now().astimezone().date()
    )
    text, filters = _read_author(text, filters, catalog)
    text, filters = _read_venue(text, filters, catalog)
    return Narrowing(_tidy(text) if text != question else question, filters or None)


def _read_years(
    text: str, filters: Filters, *, about_papers: bool, today: date
) -> tuple[str, Filters]:
    if not about_papers:
        return text, filters
    for pattern, near, years in _SPANS:
        for match in pattern.finditer(text):
            found = match.groupdict()
            first, last = years(int(found["a"]), int(found.get("b") or 0))
            if near and not _behind_papers(text, match.start()):
                continue
            return _cut(text, match), replace(filters, year_from=first, year_to=last)
    if lasting := _LAST_YEARS.search(text):
        said = lasting["n"].lower()
        count = _COUNTS.get(said) or int(said)
        return _cut(text, lasting), replace(filters, year_from=today.year - count)
    if named := _THIS_YEAR.search(text):
        year = today.year - (named["which"].lower() == "last")
        return _cut(text, named), replace(filters, year_from=year, year_to=year)
    return text, filters


_NEAR = re.compile(
    rf"\b(?:{_PAPERS}|{_MADE}|methods|approaches|techniques|anything|any)(?: (?:that|which))?"
    r"(?: (?:are|were|was|is|there|here))*(?: (?:also|only|came out))*$",
    re.IGNORECASE,
)


def _behind_papers(text: str, at: int) -> bool:
    return bool(_NEAR.search(text[:at].rstrip()))


def _read_author(text: str, filters: Filters, catalog: Catalog) -> tuple[str, Filters]:
    for pattern, clear in ((_AUTHOR, True), (_BY, False), (_WROTE, False), (_LOWER_AUTHOR, False)):
        match = pattern.search(text)
        if match is None:
            continue
        name = match["name"].removesuffix("'s").removesuffix("\u2019s").strip(" .,")
        known = catalog.count_author(name)
        if known or (clear and not _is_venue(name, catalog)):
            start = match.start("name")
            # "papers by Li": the papers stay in the question.
            before = re.search(r"\b(?:by|of|from|(?:with|by) (?:the )?author)\s*$", text[:start])
            cut = before.start() if before else start
            rest = f"{text[:cut].rstrip()} {text[match.end() :].lstrip()}"
            return rest, replace(filters, author=name)
    return text, filters


def _is_venue(name: str, catalog: Catalog) -> bool:
    return catalog.count_venue(name) > 0


def _read_venue(text: str, filters: Filters, catalog: Catalog) -> tuple[str, Filters]:
    if match := _VENUE.search(text):
        words = match["name"].split()
        for length in range(len(words), 0, -1):  # the longest name that there is
            name = " ".join(words[:length]).strip(" .,?!'\u2019")
            if len(name) > 2 and _is_venue(name, catalog):
                end = match.start("name") + len(" ".join(words[:length]))
                rest = f"{text[: match.start('gap')]} {text[end:].lstrip()}"
                return rest, replace(filters, venue=name)
    for match in _VENUE_PAPERS.finditer(text):
        if len(match["name"]) > 2 and _is_venue(match["name"], catalog):
            return _cut(text, match), replace(filters, venue=match["name"])
    return text, filters


def _cut(text: str, match: re.Match[str]) -> str:
    return f"{text[: match.start()].rstrip(' ,')} {text[match.end() :].lstrip(' ,')}"


_TAIL = re.compile(
    rf"(?:\s+(?:that|which))?(?:\s+(?:are|were|was|is|have been))?(?:\s+{_MADE})?\s*([?.!]*)\s*$",
    re.IGNORECASE,
)
_DANGLING = re.compile(
    rf"\b(?P<noun>{_PAPERS})(?: (?:that|which))?(?: (?:are|were|was|is|have been))? {_MADE}"
    r"(?= (?:that|which|on|about|study|use|deal|show|report|consider|propose)\b|\s*[?.!]*$)",
    re.IGNORECASE,
)


def _tidy(text: str) -> str:
    """Mend what is left of a question from which words were taken."""
    text = " ".join(text.split())
    text = re.sub(r"\s+([?.!,;:])", r"\1", text)
    text = _DANGLING.sub(lambda match: match["noun"], text)
    text = _TAIL.sub(lambda match: match[1], text)
    text = text.strip(" ,;:")
    return text[:1].upper() + text[1:]
