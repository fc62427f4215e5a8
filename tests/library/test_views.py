"""What a reader looks at: pages of the list, figures, similar papers, the map."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from rag import Filters, Library, LibraryError, PaperMap, PaperNotFoundError, QuestionError

if TYPE_CHECKING:
    from pathlib import Path


def test_pages_join_to_the_whole_list_in_order(library: Library) -> None:
    pages = [library.browse(limit=4, offset=start) for start in range(0, len(library), 4)]
    listed = [paper for papers, _ in pages for paper in papers]
    assert {paper.id for paper in listed} == {paper.id for paper in library.papers()}
    assert [paper.title.casefold() for paper in listed] == sorted(
        paper.title.casefold() for paper in library.papers()
    )
    assert {total for _, total in pages} == {len(library)}


def test_years_run_either_way_and_unknown_ones_come_last(library: Library) -> None:
    up, _ = library.browse(sort="year", limit=1000)
    down, _ = library.browse(sort="year", descending=True, limit=1000)
    known = [paper.year for paper in up if paper.year is not None]
    assert known == sorted(known)
    assert len(set(known)) > 1
    assert [paper.year for paper in down if paper.year is not None] == known[::-1]
    assert up[-1].year is None
    assert down[-1].year is None


def test_a_list_is_narrowed_by_words_of_title_and_authors(library: Library) -> None:
    paper = next(paper for paper in library.papers() if paper.authors and " " in paper.title)
    word = max(paper.title.split(), key=len)
    surname = paper.authors[0].split()[-1]
    found, total = library.browse(f"{surname.upper()} {word}")
    assert paper.id in {one.id for one in found}
    assert total == len(found) < len(library)
    assert library.browse("zzz-no-such-word") == ([], 0)
    assert library.browse("%_'\"")[1] == len(library)  # holds no word at all


def test_figures_add_up(library: Library) -> None:
    figures = library.overview()
    assert figures.papers == len(library) == sum(figures.years.values()) + figures.undated
    assert list(figures.years) == sorted(figures.years)
    assert sum(figures.sources.values()) >= figures.papers
    assert not {"the", "of", "for"} & set(figures.words)
    assert figures.words


def test_a_filter_is_counted(library: Library) -> None:
    years = [paper.year for paper in library.papers() if paper.year]
    count = library.count(Filters(year_from=max(years)))
    assert count == years.count(max(years))
    assert library.count(Filters()) == len(library)


def test_similar_papers_leave_out_the_paper_itself(library: Library) -> None:
    paper = next(iter(library.papers()))
    found = library.similar(paper.id, 3)
    assert len(found) == 3
    assert paper.id not in {hit.paper.id for hit in found}
    with pytest.raises(PaperNotFoundError):
        library.similar("arxiv:0000.00000")


def test_the_sentences_of_papers_are_ranked_for_a_question(library: Library) -> None:
    whales, bread = "arxiv:9905.00005", "doi:10.5555/oven.2020.7"
    found = library.evidence("How well does a camera judge bread?", [whales, library.paper(bread)])
    assert {(one.n, one.paper.id) for one in found} == {(1, whales), (2, bread)}
    assert all(one.paper.abstract[one.start : one.end] == one.quote for one in found)
    quotes = sorted((one.start, one.quote) for one in found if one.n == 2)
    assert " ".join(quote for _, quote in quotes) == library.paper(bread).abstract
    scores = [one.score for one in found]
    assert scores == sorted(scores, reverse=True)
    assert found[0].n == 2
    with pytest.raises(PaperNotFoundError):
        library.evidence("What?", ["arxiv:0000.00000"])
    with pytest.raises(QuestionError):
        library.evidence(" ", [whales])


def test_what_was_removed_can_be_put_back(storage: Path) -> None:
    with Library(storage) as library:
        before = {paper.id: paper for paper in library.papers()}
        removed = library.remove(*list(before)[:2])
        assert len(library) == len(before) - 2
        report = library.add_papers(removed)
        assert (report.added, report.rejected) == (2, [])
        assert {paper.id: paper for paper in library.papers()} == before


def test_the_map_places_every_paper_and_is_kept(storage: Path) -> None:
    with Library(storage) as library:
        drawn = library.map()
        assert drawn.ids == tuple(paper.id for paper in library.papers())
        assert drawn.points.shape == (len(library), 2)
        assert np.isfinite(drawn.points).all()
        assert np.abs(drawn.points).max() == pytest.approx(1.0, abs=1e-5)
        file = storage / "cache" / "map.npz"
        stamp = file.stat().st_mtime_ns
        assert np.array_equal(library.map().points, drawn.points)
        assert file.stat().st_mtime_ns == stamp
        library.remove(drawn.ids[0])
        assert library.map().ids == drawn.ids[1:]
        file.write_bytes(b"damaged")
        assert isinstance(library.map(), PaperMap)


def test_a_map_of_few_papers_is_a_row(storage: Path) -> None:
    with Library(storage) as library:
        library.remove(*[paper.id for paper in list(library.papers())[2:]])
        assert library.map().points.shape == (2, 2)


def test_there_is_no_map_without_a_library(tmp_path: Path) -> None:
    with Library(tmp_path / "none") as library, pytest.raises(LibraryError):
        library.map()
