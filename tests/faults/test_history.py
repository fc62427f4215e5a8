"""The same papers give the same answers, whatever the way there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from faults.conftest import many

from rag import Library
from rag.text.terms import terms

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from rag import Settings

QUESTIONS = ["Which paper compares kites with glaciers?", "violins over 14 years", "beetles"]


def all_that_is_told(library: Library) -> list[Any]:
    """What searches and answers say, to the last bit."""
    index = library._parts.index()
    told: list[Any] = [index.keyword.document_frequency(terms("kites glaciers violins years"))]
    for question in QUESTIONS:
        found = library.search(question, 25)
        told.append([(hit.paper.id, hit.score, hit.cosine, hit.bm25) for hit in found])
        told.append([(one.quote, one.paper.id) for one in library.ask(question).citations])
    return told


@pytest.mark.parametrize("way", ["pieces", "removed", "changed", "rebuilt", "tokens"])
def test_the_way_does_not_matter(
    tiny_settings: Settings, tmp_path: Path, write: Callable[..., Path], way: str
) -> None:
    records = many(60)
    with Library(settings=tiny_settings) as straight:
        straight.add(write("all.jsonl", records))
        expected = all_that_is_told(straight)
    settings = tiny_settings.model_copy(update={"storage": tmp_path / "other"})
    with Library(settings=settings) as library:
        if way == "pieces":
            for start in (40, 0, 20):
                library.add(write("all.jsonl", records[start : start + 20]))
        elif way == "removed":
            library.add(write("all.jsonl", [*many(90)[60:], *records]))
            library.remove(*(f"x:{number}" for number in range(60, 90)))
        elif way == "changed":
            other = [{**one, "abstract": f"Kites. {one['abstract']} Glaciers."} for one in records]
            library.add(write("all.jsonl", other[:30]))
            library.add(write("all.jsonl", records))
        else:
            library.add(write("all.jsonl", records))
        if way == "rebuilt":
            library.rebuild()
        if way == "tokens":
            library.close()
            for file in (settings.storage / "cache").glob("tokens.sqlite*"):
                file.unlink()
        assert all_that_is_told(library) == expected
