"""A retracted paper says so wherever it is shown or cited."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rag import Library, Paper, Settings
from rag.ui.library_view import table_html
from rag.ui.source_view import card_html

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

QUESTION = "By how much did olive oil cut events?"
WARNED = "RETRACTED: Olive oil and the small heart"


@pytest.fixture(scope="module")
def retracted(
    data: Path, tmp_path_factory: pytest.TempPathFactory, model_cache: Path
) -> Callable[[], Library]:
    """Return a function that opens a library with two retracted papers and one that is not."""
    settings = Settings(storage=tmp_path_factory.mktemp("retracted") / "storage", cache=model_cache)
    with Library(settings=settings) as library:
        library.add(data / "cases" / "49-retracted")
    return lambda: Library(settings=settings)


def test_the_library_keeps_it(retracted: Callable[[], Library]) -> None:
    with retracted() as library:
        assert {paper.doi: paper.retracted for paper in library.papers()} == {
            "10.5555/ret.1": True,
            "10.5555/ret.2": True,
            "10.5555/ret.3": False,
        }
        assert library.paper("10.5555/ret.2").as_dict()["retracted"] is True


def test_answers_say_it_beside_the_quote(retracted: Callable[[], Library]) -> None:
    with retracted() as library:
        answer = library.ask(QUESTION)
        assert "30%" in answer.text
        assert answer.notes[0] == "[1] was retracted: “Olive oil and the small heart”."
        checked = library.verify("Olive oil cuts events by 30% [1].", papers=["10.5555/ret.2"])
        assert checked.notes[0] == answer.notes[0]
        sound = library.verify("Retractions rose [1].", papers=["10.5555/ret.3"])
        assert not any("retracted" in note for note in sound.notes)
        (node,) = library.as_retriever(k=1).retrieve(QUESTION)
        assert node.node.metadata["title"] == WARNED


def test_pages_and_exports_say_it(retracted: Callable[[], Library]) -> None:
    with retracted() as library:
        paper = library.paper("10.5555/ret.2")
    assert WARNED in card_html(paper)
    assert WARNED in table_html([paper], choosable=False)
    with retracted() as library:
        assert WARNED in library.ask(QUESTION).export("markdown")


@pytest.mark.parametrize(
    ("name", "mark"),
    [
        ("bibtex", "note = {RETRACTED}"),
        ("ris", "N1  - RETRACTED"),
        ("csl", '"note": "RETRACTED"'),
        ("jsonl", '"retracted": true'),
    ],
)
def test_reference_managers_are_told(
    retracted: Callable[[], Library], name: str, mark: str
) -> None:
    with retracted() as library:
        assert mark in library.export(["doi:10.5555/ret.2"], name)
        assert mark not in library.export(["doi:10.5555/ret.3"], name)


def test_a_title_that_says_it_already_is_left_alone() -> None:
    def heading(title: str, *, retracted: bool = True) -> str:
        return Paper(id="x:1", title=title, abstract="", retracted=retracted).heading

    assert heading("Bees") == "RETRACTED: Bees"
    assert heading("RETRACTED: Bees") == "RETRACTED: Bees"
    assert heading("[Retracted] Bees") == "[Retracted] Bees"
    assert heading("") == "RETRACTED"
    assert heading("Bees", retracted=False) == "Bees"
