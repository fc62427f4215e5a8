"""Real saved pages, where they lie beside the project: every paper comes in, and answers cite."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rag import Library, Settings
from rag.library.doctor import diagnose

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGES = Path(__file__).parents[2] / "shared" / "pages"

pytestmark = [
    pytest.mark.real_pages,
    pytest.mark.slow,
    pytest.mark.skipif(not PAGES.is_dir(), reason=f"there are no saved pages in {PAGES}"),
]


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory, model_cache: Path) -> Iterator[Library]:
    storage = tmp_path_factory.mktemp("pages") / "storage"
    with Library(settings=Settings(storage=storage, cache=model_cache)) as opened:
        report = opened.add(PAGES)
        assert (report.read, report.added, report.duplicates) == (351, 314, 37)
        assert report.rejected == []
        yield opened


def test_every_paper_is_there_once(library: Library) -> None:
    papers = list(library.papers())
    assert len(papers) == len({paper.id for paper in papers}) == 314
    assert sum(paper.date is not None for paper in papers) == 125
    assert sum(paper.author_count is not None for paper in papers) == 124
    assert sum(len(paper.sources) > 1 for paper in papers) > 20
    assert all(paper.title and len(paper.abstract) > 100 for paper in papers)
    assert all(check.ok for check in diagnose(library.settings))


def test_adding_the_pages_again_changes_nothing(library: Library) -> None:
    report = library.add(PAGES)
    assert (report.added, report.updated, report.unchanged) == (0, 0, 314)


def test_every_title_finds_its_paper(library: Library) -> None:
    for paper in list(library.papers())[::20]:
        assert library.search(paper.title, 1)[0].paper == paper


def test_answers_quote_verbatim(library: Library) -> None:
    for topic in ("knowledge distillation", "network pruning", "mixture of experts"):
        answer = library.ask(f"How does {topic} make models cheaper?")
        assert not answer.abstained
        for citation in answer.citations:
            assert citation.paper.abstract[citation.start : citation.end] == citation.quote
