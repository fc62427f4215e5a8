"""Libraries from before: ids that were hashes of a title, or what a file called its record."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from tide_papers import TIDES, TITLE

from rag import Library
from rag.index.sync import add_papers
from rag.papers import Paper, title_id

if TYPE_CHECKING:
    from pathlib import Path

    from rag import Settings

FEED_ENTRY = {
    "id": "http://arxiv.org/abs/2401.00001v2",
    "title": TITLE,
    "summary": TIDES,
    "authors": ["Ana Costa", "Bo Ek"],
    "published": "2024-01-02",
}


def write(folder: Path, name: str, record: dict[str, Any]) -> Path:
    """Write a record into a file below a folder of its own."""
    file = folder / "in" / name
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps(record) + "\n", "utf-8")
    return file


def store_as_before(library: Library, paper: Paper) -> None:
    """Store a paper as it was stored before papers kept a history, under an id of then."""
    library.add_papers([Paper(id="arxiv:1", title="x", abstract="")])
    index, embedder = library._parts.index(), library._parts.embedder()
    with index.writing():
        add_papers([paper], index, embedder)
        index.remove(list(index.catalog.get(["arxiv:1"]).values()))
        ids = [one for one, _, _ in index.store.rows_since(0)]
        (metadata,) = (metadata for _, _, metadata in index.store.rows_since(0))
        record = json.loads(metadata["record"])
        assert "history" not in record
        assert record["id"] == paper.id
        assert ids == [f"{paper.id}#0"]
    library.close()


@pytest.mark.parametrize(
    "old_id", [title_id(TITLE), "7", "smith2020"], ids=["title", "number", "key"]
)
def test_a_paper_is_found_under_its_old_id(
    tiny_library: Library, tmp_path: Path, tiny_settings: Settings, old_id: str
) -> None:
    old = Paper(id=old_id, title=TITLE, abstract=TIDES, sources=("in/a.jsonl",))
    store_as_before(tiny_library, old)
    with Library(settings=tiny_settings) as opened:
        assert [one.id for one in opened.papers()] == [old_id]
        same = {"id": 7, "title": TITLE, "abstract": TIDES}
        report = opened.add(write(tmp_path, "a.jsonl", same))
        assert (report.read, report.unchanged, report.added) == (1, 1, 0)
        (now,) = opened.papers()
        assert (now, now.history) == (old, old.history)
        opened.add(write(tmp_path, "b.jsonl", FEED_ENTRY))
        (now,) = opened.papers()
        assert (now.id, now.arxiv_id) == (old_id, "2401.00001")


def test_a_paper_that_was_merged_of_two_sources(
    tiny_library: Library, tmp_path: Path, tiny_settings: Settings
) -> None:
    sources = ("in/a.jsonl", "in/b.jsonl")
    old = Paper(id=title_id(TITLE), title=TITLE, abstract=TIDES, year=2024, sources=sources)
    store_as_before(tiny_library, old)
    with Library(settings=tiny_settings) as opened:
        opened.add(write(tmp_path, "a.jsonl", {"title": TITLE, "abstract": TIDES}))
        assert list(opened.papers()) == [old]
        opened.add(write(tmp_path, "b.jsonl", {"title": TITLE, "year": 2024}))
        assert list(opened.papers()) == [old]
