"""Texts of records are cleaned: what helps search goes in, and no word of the author's is lost."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.text.cleaning import clean_abstract, clean_text, is_nothing


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("  Two\nlines\t&amp; more ", "Two lines & more"),
        ("Zoe\u0308 and \ufb01sh, hy\u00adphens", "Zoë and fish, hyphens"),
        ("Denkm\u00c3\u00a4ler \u00e2\u20ac\u201c na\u00c3\u00afve", "Denkmäler – naïve"),
        ("at most $\u00ce\u00b1$ and $\u00cf\u0080$", "at most $\u03b1$ and $\u03c0$"),
        ("a \u00e2\u20ac\u0153quote\u00e2\u20ac\ufffd", "a “quote”"),
        ("Ångström, São Paulo, 5 µm ± 1", "Ångström, São Paulo, 5 µm ± 1"),
        ("Schr{\\\"o}dinger's $\\'x$", "Schrödinger's $\\'x$"),
        ("nan", ""),
        ("N/A", ""),
        ("Nan Li's method", "Nan Li's method"),
    ],
)
def test_texts(text: str, expected: str) -> None:
    assert clean_text(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "No abstract available.", "[No abstract available]", "Abstract not available", "nan",
        "null", "-", "ABSTRACT", "", "No abstract provided",
        "© 2020 Elsevier Ltd. All rights reserved.",
    ],
)  # fmt: skip
def test_what_says_that_there_is_no_abstract_is_none(text: str) -> None:
    assert clean_abstract(text) == ""


@pytest.mark.parametrize(
    "tail",
    [
        "© 2020 Elsevier B.V. All rights reserved.",
        "© 2020 Elsevier",
        "©2020",
        "Copyright © 2018 IEEE.",
        "(C) 2017 Elsevier Inc. All rights reserved.",
        "© 2019 John Wiley & Sons, Ltd.",
        "© 2020, The Author(s), under exclusive licence to Springer Nature B.V.",
        "Copyright 2015 The Authors. Published by Elsevier Ltd. All rights reserved.",
    ],
)
def test_the_line_of_the_copyright_is_no_part_of_an_abstract(tail: str) -> None:
    assert clean_abstract(f"Roofs hold 2.4 kPa. {tail}") == "Roofs hold 2.4 kPa."
    assert clean_abstract(f"Roofs hold 2.4 kPa.{tail}") == "Roofs hold 2.4 kPa."


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("© 2015 Elsevier Ltd. All rights reserved. We roof.", "We roof."),
        ("© 2015 IEEE. We roof. We rest.", "We roof. We rest."),
        ("Abstract: We roof.", "We roof."),
        ("ABSTRACT - We roof.", "We roof."),
    ],
)
def test_what_stands_in_front_of_an_abstract(text: str, expected: str) -> None:
    assert clean_abstract(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "We use images © 2015 Google. They help.",
        "It holds. © 2015 Google images were used. They improve results by 5%.",
        "As (a) 2011, (b) 2012 and (c) 2013 harvests show.",
        "Abstract interpretation proves it.",
        "BACKGROUND: Few roofs. RESULTS: 12 of 20.",
        "Copyright law changed in 2019. We ask why.",
    ],
)
def test_the_words_of_an_author_stay(text: str) -> None:
    assert clean_abstract(text) == text


@given(
    st.text(st.characters(categories=["L", "N", "P", "Z"], exclude_characters="&\\"), max_size=60)
)
def test_what_is_clean_stays_as_it_is(text: str) -> None:
    once = clean_abstract(text)
    assert clean_abstract(once) == once or "©" in text or "<" in text


@given(st.text(max_size=80))
def test_any_text_is_cleaned_to_one_line(text: str) -> None:
    for clean in (clean_text(text), clean_abstract(text)):
        assert clean == " ".join(clean.split())
        assert is_nothing(clean) == (not clean)
