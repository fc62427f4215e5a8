"""When two records are of one paper, and when they are not."""

from __future__ import annotations

from typing import Any

import pytest
from tide_papers import GULLS, RETOLD, TIDES, TITLE

from rag import Paper
from rag.index.identity import Strength, differ, is_likely, judge, record_key
from rag.papers import title_id


def paper(title: str = TITLE, abstract: str = "", **values: Any) -> Paper:
    values.setdefault("id", title_id(title or abstract, title and abstract))
    return Paper(title=title, abstract=abstract, **values)


def one_paper(one: Paper, other: Paper) -> bool:
    assert judge(one, other).strength == judge(other, one).strength
    return bool(judge(one, other))


@pytest.mark.parametrize(
    "name",
    [
        "arxiv:2401.00001", "doi:10.5555/a.1", "pmid:99000001", "pmcid:PMC1234567",
        "acl:2020.acl-main.1", "openreview:aBcD12", "openalex:W1", "s2:" + "0" * 40, "corpusid:7",
        "wos:000999000000009",
    ],
)  # fmt: skip
def test_an_identifier_of_the_work_is_enough(name: str) -> None:
    scheme, _, bare = name.partition(":")
    verdict = judge(paper(other_ids=(name,)), paper(title="", abstract=TIDES, other_ids=(name,)))
    assert verdict
    assert bare in verdict.why
    other = f"{scheme}:{bare[:-1]}9" if bare[-1] != "9" else f"{scheme}:{bare[:-1]}8"
    assert not judge(paper(other_ids=(name,)), paper(other_ids=(other,)))


def test_an_identifier_holds_where_the_title_was_corrected_or_reworded() -> None:
    ids = {"id": "arxiv:2401.00001"}
    assert one_paper(paper("Tide Tables", **ids), paper("Tide Tabels", **ids))
    assert one_paper(paper(**ids), paper(f"{TITLE}: the Case of Forty Harbours", **ids))
    retitled = paper("Forecasts for Harbour Masters", TIDES, **ids)
    assert one_paper(paper(TITLE, TIDES, **ids), retitled)
    assert one_paper(
        paper(TITLE, TIDES, authors=("Ana Costa",), **ids),
        paper("What Gulls Want", GULLS, authors=("A. Costa",), **ids),
    )


def test_chapters_under_the_doi_of_their_book_are_papers_of_their_own() -> None:
    ids: dict[str, Any] = {"id": "doi:10.5555/book", "authors": ("Ana Costa",)}
    assert not one_paper(paper("Introduction to Tides", TIDES, **ids), paper("Gulls", GULLS, **ids))
    assert not one_paper(
        paper("Introduction to Tides", TIDES, **ids), paper("Introduction to Gulls", GULLS, **ids)
    )
    assert not one_paper(paper("Tides", **ids), paper("Winter in the Strait", **ids))
    ids["authors"] = ()
    assert not one_paper(paper("Preface", TIDES, **ids), paper("Preface", GULLS, **ids))


def test_one_identifier_may_contradict_another() -> None:
    one = paper(TITLE, TIDES, id="doi:10.5555/a", other_ids=("pmid:1",))
    assert not one_paper(one, paper(TITLE, TIDES, id="doi:10.5555/a", other_ids=("pmid:2",)))
    # A work may have a DOI for each of its versions, but not for another abstract.
    first = paper(TITLE, TIDES, id="arxiv:2401.00001", doi="10.5555/a")
    assert one_paper(first, paper(TITLE, TIDES, id="arxiv:2401.00001", doi="10.5555/b"))
    assert not one_paper(first, paper(TITLE, GULLS, id="arxiv:2401.00001", doi="10.5555/b"))


def test_a_title_alone_is_no_identity() -> None:
    assert not one_paper(paper(), paper(id="arxiv:2401.00001"))
    assert not one_paper(paper(), paper(abstract=TIDES))


@pytest.mark.parametrize(
    ("values", "strength"),
    [
        ({"abstract": TIDES}, Strength.ABSTRACT),
        ({"authors": ("Ana Costa", "Bo Ek")}, Strength.AUTHORS),
        ({"year": 2024}, Strength.YEAR),
    ],
)
def test_a_title_and_one_thing_more_is(values: dict[str, Any], strength: Strength) -> None:
    verdict = judge(paper(**values), paper(id="doi:10.5555/a", **values))
    assert verdict.strength is strength
    assert verdict.why.startswith("same title and ")
    assert not judge(paper(**values), paper("Tide Tables from Large Encoders", **values))


def test_names_of_authors_may_be_cut_short() -> None:
    full = paper(authors=("Ana Costa", "Ludwig van der Berg", "Martin Luther King Jr."))
    assert one_paper(full, paper(authors=("A. Costa", "L. van der Berg", "M. L. King")))
    assert one_paper(full, paper(authors=("Ana Costa",)))
    assert not one_paper(full, paper(authors=("Bo Ek",)))


def test_what_contradicts_a_title() -> None:
    same = {"authors": ("Ana Costa",), "year": 2024}
    assert not one_paper(paper(abstract=TIDES, **same), paper(abstract=GULLS, **same))
    assert one_paper(paper(year=2024), paper(year=2024, authors=("Ana Costa",)))
    assert not one_paper(
        paper(year=2024, authors=("Ana Costa",)), paper(year=2024, authors=("Bo Ek",))
    )
    assert not one_paper(
        paper(year=2010, authors=("Ana Costa",)), paper(year=2024, authors=("Ana Costa",))
    )
    assert not one_paper(
        paper(id="doi:10.5555/a", abstract=TIDES), paper(id="doi:10.5555/b", abstract=TIDES)
    )


def test_a_preprint_and_its_article_are_one_paper() -> None:
    preprint = paper(TITLE, TIDES, id="arxiv:2401.00001", authors=("Ana Costa",), year=2024)
    article = paper(TITLE, RETOLD, id="doi:10.5555/a", authors=("A. Costa",), year=2025)
    assert one_paper(preprint, article)
    early = paper(TITLE, TIDES, id="doi:10.1101/2024.01.01.1", authors=("Ana Costa",), year=2024)
    assert one_paper(early, article)


def test_volumes_of_a_series_are_not_one_paper() -> None:
    one = paper(TITLE, TIDES, authors=("Ana Costa",))
    assert not one_paper(one, paper(TITLE, RETOLD, authors=("Ana Costa",)))
    same = paper(TITLE, TIDES, year=1970, authors=("Ana Costa",))
    assert not one_paper(same, paper(TITLE, TIDES, year=1990, authors=("Bo Ek",)))


def test_a_heading_that_many_papers_have_needs_more() -> None:
    for title in ("Editorial", "Letter to the Editor"):
        assert not one_paper(paper(title, year=2024), paper(title, year=2024))
        by = {"authors": ("Ana Costa",)}
        assert not one_paper(paper(title, **by), paper(title, **by))
        assert one_paper(paper(title, year=2024, **by), paper(title, year=2024, **by))
        assert one_paper(paper(title, TIDES), paper(title, TIDES))


def test_numbers_that_a_service_gives_weigh_against_a_year_alone() -> None:
    one, other = (paper(other_ids=(f"openalex:W{n}",), year=2024) for n in (1, 2))
    assert not one_paper(one, other)
    one, other = (paper(abstract=TIDES, other_ids=(f"openalex:W{n}",)) for n in (1, 2))
    assert one_paper(one, other)


def test_an_abstract_of_a_word_says_nothing() -> None:
    assert not one_paper(paper(abstract=TIDES), paper(abstract="We"))
    assert one_paper(paper(abstract=TIDES, year=2024), paper(abstract="We", year=2024))
    assert one_paper(paper("Bees", "Bees fly."), paper("Bees", "Bees fly!"))
    assert not one_paper(paper("Bees", "Bees fly."), paper("Bees", "Bees sting."))


def test_different_abstracts() -> None:
    assert differ(TIDES, RETOLD)
    assert not differ(TIDES, TIDES[:90] + " ...")
    assert not differ(TIDES, TIDES.upper())
    assert not differ(TIDES, "")


def test_what_a_person_should_see() -> None:
    assert is_likely(paper(id="doi:10.5555/a"), paper("Gulls", GULLS, id="doi:10.5555/a"))
    assert is_likely(paper(TITLE, TIDES), paper(TITLE, RETOLD))
    assert is_likely(paper(), paper(TITLE, TIDES))
    assert not is_likely(paper(TITLE, TIDES), paper(TITLE, GULLS))
    assert not is_likely(paper("Editorial"), paper("Editorial", TIDES))


def test_a_record_is_known_again_by_what_it_says() -> None:
    one = paper(TITLE, TIDES)
    assert record_key(one) == record_key(paper(TITLE.upper(), TIDES, year=2024, sources=("a",)))
    assert record_key(one) != record_key(paper(TITLE, GULLS))
    assert record_key(one) != record_key(paper(TITLE, TIDES, other_ids=("pmid:1",)))
