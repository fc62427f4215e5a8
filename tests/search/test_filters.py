"""Filters leave exactly the papers that match, and say what they left out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from rag import Filters
from rag.errors import QuestionError

if TYPE_CHECKING:
    from pathlib import Path

    from rag import Library

QUESTION = "How well does it work in practice?"


def found(library: Library, **filters: object) -> set[str]:
    chosen = Filters(**filters)  # type: ignore[arg-type]
    return {hit.paper.id for hit in library.search(QUESTION, 50, filters=chosen)}


def expected(library: Library, keep: object) -> set[str]:
    return {paper.id for paper in library.papers() if keep(paper)}  # type: ignore[operator]


@pytest.mark.parametrize(
    ("filters", "keep"),
    [
        ({"year_from": 2022}, lambda p: p.year and p.year >= 2022),
        ({"year_from": 0}, lambda p: p.year),
        ({"year_to": 2019}, lambda p: p.year and p.year <= 2019),
        ({"year_from": 2020, "year_to": 2021}, lambda p: p.year in {2020, 2021}),
        ({"year_from": 2021, "year_to": 2021}, lambda p: p.year == 2021),
        ({"venue": "LONG inputs"}, lambda p: p.venue == "Workshop on Long Inputs"),
        ({"author": "lind"}, lambda p: "Jonas Lind" in p.authors),
        ({"author": "Emil Novak"}, lambda p: "Emil Novak" in p.authors),
        ({"source": "page.txt"}, lambda p: any("page.txt" in s for s in p.sources)),
        ({"ids": ("arxiv:9906.00006", "x:none")}, lambda p: p.id == "arxiv:9906.00006"),
        ({"has_date": True}, lambda p: p.date or p.year),
        ({"has_date": False}, lambda p: not p.date and not p.year),
        ({"author": "Novak", "year_to": 2021}, lambda p: p.id == "arxiv:9911.00011"),
        ({"venue": "100%_"}, lambda _: False),
        ({"author": "nobody at all"}, lambda _: False),
        ({"ids": ()}, lambda _: False),
    ],
)  # fmt: skip
def test_what_a_filter_leaves(library: Library, filters: dict[str, object], keep: object) -> None:
    assert found(library, **filters) == expected(library, keep)


def test_names_with_letters_beyond_ascii(tiny_library: Library, tmp_path: object) -> None:
    from pathlib import Path

    file = Path(str(tmp_path)) / "a.jsonl"
    file.write_text('{"id": "x:1", "title": "T", "authors": ["ÉMILE ŠŤASTNÝ"], "venue": "Ærø"}\n')
    tiny_library.add(file)
    assert found(tiny_library, author="émile šťastný") == {"x:1"}
    assert found(tiny_library, venue="ærø") == {"x:1"}


def test_k_papers_wherever_k_match(library: Library) -> None:
    everything = len(library)
    for k in (1, 5, everything, everything + 5):
        assert len(library.search(QUESTION, k)) == min(k, everything)
    for filters in (Filters(year_from=2021), Filters(source="page.txt"), Filters(author="a")):
        matching = len(library.search(QUESTION, 50, filters=filters))
        assert matching > 2
        for k in (1, 2, matching):
            assert len(library.search(QUESTION, k, filters=filters)) == k


def test_papers_without_a_year_are_left_out_with_a_note(library: Library) -> None:
    unknown = [paper for paper in library.papers() if paper.year is None]
    assert len(unknown) == 2
    (note,) = library.find(QUESTION, filters=Filters(year_from=1900)).notes
    assert "2 papers" in note
    one_unknown = Filters(year_to=2030, source="page.txt", has_date=True)
    (note,) = library.find(QUESTION, filters=one_unknown).notes
    assert "1 paper " in note
    assert library.find(QUESTION, filters=Filters(year_from=1900, venue="Archives")).notes == ()
    assert library.find(QUESTION, filters=Filters(source="page.txt")).notes == ()
    assert library.find(QUESTION).notes == ()


def test_a_contradiction_is_refused(library: Library) -> None:
    with pytest.raises(QuestionError, match="2024") as caught:
        library.search(QUESTION, filters=Filters(year_from=2024, year_to=2021))
    assert "2021-2024" in caught.value.hint


def test_no_filter_is_false_and_any_filter_is_true() -> None:
    assert not Filters()
    assert Filters(year_from=2020)
    assert Filters(has_date=False)
    assert Filters(ids=())


@pytest.mark.parametrize(
    ("filters", "words"),
    [
        (Filters(), ""),
        (Filters(year_from=2020, year_to=2021), "years 2020 to 2021"),
        (Filters(year_to=2021), "year 2021 or earlier"),
        (Filters(venue="V", source="S"), 'venue "V", source "S"'),
        (Filters(ids=("a", "b")), "2 chosen papers"),
        (Filters(has_date=False), "without a date"),
    ],
)
def test_filters_in_words(filters: Filters, words: str) -> None:
    assert filters.describe() == words


def test_a_filter_that_leaves_much_finds_what_one_that_leaves_little_finds(
    tiny_library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where much is left, the search looks further and drops; else it names what may be found."""
    words = ("whale", "sonar", "krill", "tide", "loaf")
    lines = [
        f'{{"id": "x:{n}", "title": "{words[n % 5]} {n}", "year": {2000 + n % 7 % 2},'
        f' "abstract": "{words[n % 3]} {words[n % 4]} {n}"}}\n'
        for n in range(420)
    ]
    file = tmp_path / "many.jsonl"
    file.write_text("".join(lines))
    tiny_library.add(file)
    modes: tuple[Any, ...] = ("hybrid", "dense", "keyword")

    def ranked() -> list[list[str]]:
        results = (
            tiny_library.find("whale sonar", 40, filters=Filters(year_from=2001), mode=mode)
            for mode in modes
        )
        return [[hit.paper.id for hit in result.hits] for result in results]

    dropped = ranked()
    monkeypatch.setattr("rag.search.hybrid._MUCH", 0)
    assert dropped == ranked()
    assert all(len(ids) == 40 for ids in dropped)
