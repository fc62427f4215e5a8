"""Dates as sources state them, which is often in part.

A date is kept as ISO 8601 text with only the parts that were stated: `2024-11-07`, `2024-11`,
`2024`, or `--01-23` for a month and day whose year the source leaves out. Nothing is guessed.
"""

from __future__ import annotations

import datetime as dt
import re

__all__ = ["parse_date", "parse_page_date", "show_date", "year_of"]

_MONTHS = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
]
_SHORT = [month[:3] for month in _MONTHS]
# The year first, behind it as much as is stated, and perhaps a time: ISO 8601, and RIS's slashes.
_YEAR_FIRST = re.compile(
    r"(\d{4})(?:([-/.])(\d{0,2})(?:\2(\d{0,2})(?:/[^/]*)?)?)?(?:\.0+)?(?:[T ]\d.*)?"
)
_YEAR_LAST = re.compile(r"(?:(\d{1,2})[-/.])?(\d{1,2})[-/.](\d{4})")
_COMPACT = re.compile(r"(\d{4})(\d\d)(\d\d)")
_PARTIAL = re.compile(r"--(\d{2})-(\d{2})")
# A saved page puts a bare number (comments, votes) behind some dates: it is no part of the date.
_PAGE = re.compile(r"([A-Za-z]{3,9})\.? (\d{1,2})(?:, (\d{4}))?(?: \d{1,6})?")
_YEARS = range(1400, 2101)  # what a number is taken for a year by itself
# What may stand beside a year, a month and a day without casting doubt on them.
_BESIDE = frozenset(
    "spring summer autumn fall winter season quarter q1 q2 q3 q4 c copyright published epub print"
    " issue early mid late gmt utc z st nd rd th of mon tue tues wed thu thur thurs fri sat sun"
    " monday tuesday wednesday thursday friday saturday sunday".split()
)
_TIME = re.compile(r"\b\d{1,2}:\d\d(?::\d\d(?:\.\d+)?)?(?:\s*(?:[ap]m\b|[+-]\d{4}\b))?")
_TOKEN = re.compile(r"[^\W\d_]+\d?(?!\d)|\d+")
_MAX_DATE = 100  # characters: what is longer is no date
_LEAP_YEAR = 2000  # checks a day against a month when the year isn't known


def _build(year: int | None, month: int | None, day: int | None) -> str | None:
    try:
        dt.date(
            _LEAP_YEAR if year is None else year,
            1 if month is None else month,
            1 if day is None else day,
        )
    except ValueError:
        return None
    if year is None:
        return f"--{month:02d}-{day:02d}"
    if month is None and year not in _YEARS:
        return None
    parts = [f"{year:04d}", *(f"{part:02d}" for part in (month, day) if part)]
    return "-".join(parts)


def parse_page_date(text: str) -> str | None:
    """Read a date as a web page writes it; None when the text is not a date.

    >>> parse_page_date("Jan 31, 2024 1"), parse_page_date("Oct 6 2"), parse_page_date("Layer 7")
    ('2024-01-31', '--10-06', None)
    """
    match = _PAGE.fullmatch(" ".join(text.split()))
    month = _month(match[1].lower()) if match else None
    if not match or month is None:
        return None
    return _build(int(match[3]) if match[3] else None, month, int(match[2]))


def parse_date(text: str) -> str | None:
    """Read a date in whatever plain form; None when the year is not plain.

    Where day and month can't be told apart, the year alone is kept.

    >>> parse_date("2024-03-05T17:00:00Z"), parse_date("2019/Spring"), parse_date("3 May 2019")
    ('2024-03-05', '2019', '2019-05-03')
    >>> parse_date("03/05/2019"), parse_date("25/05/2019"), parse_date("soon")
    ('2019', '2019-05-25', None)
    """
    text = text.strip()
    if match := _PARTIAL.fullmatch(text):
        return _build(None, int(match[1]), int(match[2]))
    if match := _YEAR_FIRST.fullmatch(text):
        # Zeros stand for a month or day that is not known.
        month, day = (int(part or 0) or None for part in (match[3], match[4]))
        return _build(int(match[1]), month, day if month else None)
    if match := _COMPACT.fullmatch(text):
        year, month, day = map(int, match.groups())
        return _build(year, month, day) if year in _YEARS else None
    if match := _YEAR_LAST.fullmatch(text):
        return _parse_year_last(*match.groups())
    return parse_page_date(text) or _parse_words(text)


def _parse_year_last(first: str | None, second: str, year: str) -> str | None:
    if first is None:
        return _build(int(year), int(second), None)
    one, other = int(first), int(second)
    if one > 12 or one == other:
        return _build(int(year), other, one)
    return _build(int(year), one, other) if other > 12 else _build(int(year), None, None)


def _parse_words(text: str) -> str | None:
    """Read a text that has one year in it, and nothing that is no part of a date."""
    if len(text) > _MAX_DATE or "?" in text:
        return None
    years: set[int] = set()
    months: set[int] = set()
    days: set[int] = set()
    for token in _TOKEN.findall(_TIME.sub(" ", text.lower())):
        if token.isdecimal():
            number = int(token)
            (years if len(token) == 4 and number in _YEARS else days).add(number)
        elif (month := _month(token)) is not None:
            months.add(month)
        elif token not in _BESIDE:
            return None
    if len(years) != 1 or any(not 1 <= day <= 31 for day in days):
        return None
    (year,) = years
    month = months.pop() if len(months) == 1 else None
    day = days.pop() if month and len(days) == 1 else None
    return _build(year, month, day)


def _month(name: str) -> int | None:
    """Return the number of a month from its name, whole or short."""
    short = name[:3]
    if short not in _SHORT or name not in (short, "sept", _MONTHS[_SHORT.index(short)]):
        return None
    return _SHORT.index(short) + 1


def year_of(date: str | None) -> int | None:
    """Return the year that a date states, if it states one."""
    return int(date[:4]) if date and not date.startswith("--") else None


def show_date(date: str | None) -> str:
    """Write a date for a reader.

    >>> show_date("2024-11-07"), show_date("--01-23"), show_date("2024"), show_date(None)
    ('7 Nov 2024', '23 Jan (year not stated)', '2024', '')
    """
    if not date:
        return ""
    if date.startswith("--"):
        _, _, month, day = date.split("-")
        return f"{int(day)} {_SHORT[int(month) - 1].title()} (year not stated)"
    year, *rest = date.split("-")
    words = [_SHORT[int(rest[0]) - 1].title()] if rest else []
    day_words = [str(int(rest[1]))] if len(rest) > 1 else []
    return " ".join([*day_words, *words, year])
