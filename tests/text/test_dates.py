"""Dates keep what was stated and nothing else."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.text.dates import parse_date, parse_page_date, show_date, year_of


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("Nov 7, 2024", "2024-11-07"),
        ("November 7, 2024", "2024-11-07"),
        ("nov 07, 2024", "2024-11-07"),
        ("Nov. 7, 2024", "2024-11-07"),
        ("Sept 9, 2021", "2021-09-09"),
        ("May 1, 1999", "1999-05-01"),
        ("Jan 23", "--01-23"),
        ("Jan 31, 2024 1", "2024-01-31"),
        ("Oct 6 2", "--10-06"),
        ("Oct 6 117", "--10-06"),
        ("  Jan\t23 ", "--01-23"),
        ("Feb 29", "--02-29"),
        ("Feb 29, 2024", "2024-02-29"),
        ("Feb 29, 2023", None),
        ("Feb 30", None),
        ("Jun 31, 2020", None),
        ("Jan 0", None),
        ("Janus 23", None),
        ("Layer 7", None),
        ("May", None),
        ("2024", None),
        ("Nov 7, 24", None),
        ("Nov 7, 0000", None),
        ("", None),
        ("on Nov 7, 2024", None),
    ],
)
def test_dates_of_pages(text: str, date: str | None) -> None:
    assert parse_page_date(text) == date


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("2024-03-05", "2024-03-05"),
        ("2024-3-5", "2024-03-05"),
        ("2024-03", "2024-03"),
        ("2024", "2024"),
        ("2024-03-05T17:00:00Z", "2024-03-05"),
        ("2024-03-05 17:00", "2024-03-05"),
        ("--01-23", "--01-23"),
        ("--13-23", None),
        ("Mar 5, 2024", "2024-03-05"),
        ("2019/05/03", "2019-05-03"),
        ("2019.05", "2019-05"),
        ("20190503", "2019-05-03"),
        ("2019.0", "2019"),
        ("2017///", "2017"),
        ("2013/12/05/Epub", "2013-12-05"),
        ("2021-03-00", "2021-03"),
        ("Spring 2019", "2019"),
        ("2017/Spring", "2017"),
        ("c2019", "2019"),
        ("03/05/2019", "2019"),
        ("25/05/2019", "2019-05-25"),
        ("05/25/2019", "2019-05-25"),
        ("03/2021", "2021-03"),
        ("May 2019", "2019-05"),
        ("3 May 2019", "2019-05-03"),
        ("3rd of May, 2019", "2019-05-03"),
        ("2021 Mar 5", "2021-03-05"),
        ("2019 Jan-Feb", "2019"),
        ("Mon, 2 Apr 2007 19:18:42 GMT", "2007-04-02"),
        ("Thu, 5 Apr 2007 01:18:42 +0200", "2007-04-05"),
        ("2019-2020", None),
        ("1998 Dec-1999 Jan", None),
        ("2019?", None),
        ("10 15", None),
        ("19", None),
        ("0", None),
        ("9999", None),
        ("ICLR 2024", None),
        ("20191399", None),
        ("2019-13-40", None),
        ("2024-13", None),
        ("2024-02-30", None),
        ("0000", None),
        ("soon", None),
        ("", None),
    ],
)
def test_dates_of_records(text: str, date: str | None) -> None:
    assert parse_date(text) == date


@pytest.mark.parametrize(
    ("date", "year"),
    [("2024-11-07", 2024), ("2024", 2024), ("--01-23", None), (None, None), ("", None)],
)
def test_a_year_that_is_not_stated_is_unknown(date: str | None, year: int | None) -> None:
    assert year_of(date) == year


@pytest.mark.parametrize(
    ("date", "shown"),
    [
        ("2024-11-07", "7 Nov 2024"),
        ("2024-11", "Nov 2024"),
        ("2024", "2024"),
        ("--01-03", "3 Jan (year not stated)"),
        (None, ""),
    ],
)
def test_dates_are_shown_as_far_as_they_are_known(date: str | None, shown: str) -> None:
    assert show_date(date) == shown


@given(st.dates(min_value=dt.date(1000, 1, 1)))
def test_what_a_page_shows_is_read_back(day: dt.date) -> None:
    page = f"{day:%b} {day.day}, {day.year}"
    assert parse_page_date(page) == day.isoformat()
    assert parse_page_date(f"{page} 4") == day.isoformat()
    assert parse_date(day.isoformat()) == day.isoformat()
    assert year_of(parse_page_date(page)) == day.year


@given(st.text(max_size=40))
def test_any_text_is_a_date_or_none(text: str) -> None:
    for date in (parse_date(text), parse_page_date(text)):
        assert date is None or parse_date(date) == date
        show_date(date)
        year_of(date)
