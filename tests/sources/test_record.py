"""From what a record says to a paper: its id, other identifiers, dates, abstract, retraction."""

from __future__ import annotations

from typing import Any

import pytest

from rag.papers import title_id
from rag.sources.record import BadRecordError, Record


def paper(**values: Any) -> Any:
    return Record(**{"title": "A Title", "abstract": "Words.", **values}).to_paper("here")


TITLED = title_id("A Title", "Words.")


@pytest.mark.parametrize(
    ("ids", "own_id", "expected"),
    [
        ({"doi": "10.5555/A", "ArXiv": "2003.99999v2"}, None, "arxiv:2003.99999"),
        ({"PubMed": 123, "DOI": "https://doi.org/10.5555/A."}, None, "doi:10.5555/a"),
        ({"pmid": 123.0, "ACL": "P96-1044"}, None, "pmid:123"),
        ({"ACL": "p96-1044"}, None, "acl:P96-1044"),
        ({"CorpusId": 7, "openalex": "https://openalex.org/W1"}, None, TITLED),
        ({"doi": "10.48550/arXiv.2003.99999"}, None, "arxiv:2003.99999"),
        ({"doi": "10.5555/x [doi]"}, None, "doi:10.5555/x"),
        ({"doi": "nan", "pmid": float("nan"), "arxiv": None}, None, TITLED),
        ({"doi": "none of it", "arxiv": "12.5", "pmid": "PMC1", "s2": "short"}, None, TITLED),
        ({"doi": "10.5555/x"}, "acl:P96-1044", "acl:P96-1044"),
        ({"doi": "10.5555/x"}, "title:mine-123456", "title:mine-123456"),
        ({"doi": "10.5555/x"}, "https://openalex.org/W1", "doi:10.5555/x"),
        ({}, "https://arxiv.org/abs/math/0702001v1", "arxiv:math/0702001"),
        ({}, "WOS:000999000000009", TITLED),
        ({}, "Costa2024", TITLED),
        ({}, 17, TITLED),
    ],
)
def test_the_id_is_what_identifies_the_work_best(
    ids: dict[str, Any], own_id: Any, expected: str
) -> None:
    assert paper(ids=ids, own_id=own_id).id == expected


def test_all_that_identifies_the_work_is_kept() -> None:
    made = paper(
        ids={
            "DOI": ["10.5555/x", "10.5555/Y"], "ArXiv": "2003.99999", "PubMed": "12",
            "PubMedCentral": "34", "CorpusId": 56, "MAG": "78", "DBLP": "conf/x",
            "openreview": "aB-cD12", "s2": "0123456789" * 4,
        },
        own_id="https://openalex.org/w1",
    )  # fmt: skip
    assert (made.doi, made.arxiv_id) == ("10.5555/x", "2003.99999")
    assert made.other_ids == (
        "corpusid:56", "doi:10.5555/y", "openalex:W1", "openreview:aB-cD12", "pmcid:PMC34",
        "pmid:12", "s2:" + "0123456789" * 4,
    )  # fmt: skip
    assert {*made.identifiers} == {made.id, "doi:10.5555/x", *made.other_ids}


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://doi.org/10.5555/x", "doi:10.5555/x"),
        ("https://www.biorxiv.org/content/10.1101/2020.09.09.2v2.full", "doi:10.1101/2020.09.09.2"),
        ("https://huggingface.co/papers/2409.91074", "arxiv:2409.91074"),
        ("https://aclanthology.org/P96-1044/", "acl:P96-1044"),
        ("https://pubmed.ncbi.nlm.nih.gov/12/", "pmid:12"),
        ("https://doi.org/10.5555/A%3Cb%3E", "doi:10.5555/a<b>"),
        ("mailto:someone", TITLED),
        ("https://example.org/10.5555", TITLED),
    ],
)  # fmt: skip
def test_an_address_identifies_too(url: str, expected: str) -> None:
    made = paper(url=url)
    assert made.id == expected
    assert made.url == url


@pytest.mark.parametrize(
    ("doi", "kind", "venue", "is_own"),
    [
        ("10.1007/978-3-319-24574-4", "book-chapter", None, False),
        ("10.1007/978-3-319-24574-4", None, "A Book", False),
        ("10.1007/978-3-319-24574-4", "book", "A Series", True),
        ("10.1007/978-3-319-24574-4", None, None, True),
        ("10.1007/978-3-319-24574-4_28", "book-chapter", "A Book", True),
        ("10.1002/(issn)1097-4571", "article-journal", "A Journal", False),
        ("10.5555/1234567890", "article-journal", "A Journal", True),
        ("10.5555/1234-5678-x", "article-journal", "A Journal", True),
    ],
)
def test_the_doi_of_a_book_or_a_journal_is_not_that_of_its_part(
    doi: str, kind: str | None, venue: str | None, is_own: bool
) -> None:
    made = paper(ids={"doi": doi}, type=kind, venue=venue)
    assert made.id == (f"doi:{doi}" if is_own else TITLED)
    assert (made.doi is not None) == is_own


def test_the_acl_is_named_by_its_dois() -> None:
    assert paper(ids={"doi": "10.18653/v1/P19-1001"}).other_ids == ("acl:P19-1001",)
    assert paper(ids={"doi": "10.18653/v1/2020.acl-main.1"}).other_ids == ("acl:2020.acl-main.1",)


@pytest.mark.parametrize(
    ("date", "year", "expected"),
    [
        (1700000000, None, ("2023-11-14", 2023)),
        (1700000000000, None, ("2023-11-14", 2023)),
        ({"date-parts": [["2024", 1]]}, None, ("2024-01", 2024)),
        ({"date-parts": [[2019, 5, 3]]}, None, ("2019-05-03", 2019)),
        ({"date-parts": [[None]]}, None, (None, None)),
        ({"raw": "Spring 2019"}, None, ("2019", 2019)),
        ({"year": 2019, "month": 5}, None, ("2019-05", 2019)),
        ("03/05/2019", None, ("2019", 2019)),
        (None, 2019.0, (None, 2019)),
        (None, "c2019", (None, 2019)),
        (None, 20190503, ("2019-05-03", 2019)),
        (None, 19, (None, None)),
        (None, 0, (None, None)),
        (None, True, (None, None)),
        ("soon", 2019, (None, 2019)),
        ("--05-20", None, ("--05-20", None)),
        ("2018-12-30", 2019, ("2018-12-30", 2019)),
        (float("nan"), float("inf"), (None, None)),
    ],
)
def test_dates_and_years(date: Any, year: Any, expected: tuple[str | None, int | None]) -> None:
    made = paper(date=date, year=year)
    assert (made.date, made.year) == expected


@pytest.mark.parametrize(
    ("abstract", "expected"),
    [
        (["One.", "Two."], "One. Two."),
        ([{"section": "Abstract", "text": "One."}, {"text": "Two."}], "One. Two."),
        ([{"label": "AIM", "text": "One."}, {"label": "RESULT:", "text": "Two."}],
         "AIM: One. RESULT: Two."),
        ([{"label": "AIM", "text": "AIM: One."}], "AIM: One."),
        ({"Aim": "One.", "Result": "Two."}, "Aim: One. Result: Two."),
        ([], ""),
        (float("nan"), ""),
        ("[No abstract available]", ""),
    ],
)  # fmt: skip
def test_abstracts_in_parts(abstract: Any, expected: str) -> None:
    assert paper(abstract=abstract).abstract == expected


@pytest.mark.parametrize(
    ("values", "retracted"),
    [
        ({"retracted": True}, True),
        ({"title": "RETRACTED: Bees"}, True),
        ({"title": "[Retracted] Bees"}, True),
        ({"title": "Retracted Article: Bees"}, True),
        ({"title": "WITHDRAWN: Bees"}, True),
        ({"title": "Bees (Retracted article. See vol. 5, pg. 3, 2010)"}, True),
        ({"type": ["Journal Article", "Retracted Publication"]}, True),
        ({"abstract": "This paper has been withdrawn by the author."}, True),
        ({"title": "Retraction: Bees"}, False),
        ({"title": "Retracted papers in the literature on bees"}, False),
        ({"title": "Withdrawn children and bees"}, False),
        ({"abstract": "We ask why this paper was withdrawn."}, False),
        ({"type": ["Retraction of Publication"]}, False),
    ],
)
def test_retractions(values: dict[str, Any], retracted: bool) -> None:
    assert paper(**values).retracted is retracted


def test_texts_are_cleaned_and_nothing_is_none() -> None:
    made = paper(title="R&amp;D", venue="Small <i>Nets</i>", url="nan", authors="nan")
    assert (made.title, made.venue, made.url, made.authors) == ("R&D", "Small Nets", None, ())
    assert paper(venue={"name": "A Journal"}).venue == "A Journal"
    assert paper(venue=["A Journal", "A. J."]).venue == "A Journal"
    assert paper(venue="null").venue is None


def test_what_a_library_wrote_is_taken_as_it_is() -> None:
    made = paper(
        title="Of &amp; and <i>tags</i>", authors=["Costa A"], own_id="old-1", exported=True
    )
    assert (made.id, made.title, made.authors) == (
        "old-1",
        "Of &amp; and <i>tags</i>",
        ("Costa A",),
    )


@pytest.mark.parametrize("title", [None, "", "nan", "<p></p>", []])
def test_a_record_without_title_and_abstract_is_no_paper(title: Any) -> None:
    with pytest.raises(BadRecordError, match="neither title nor abstract"):
        paper(title=title, abstract="No abstract available.")
