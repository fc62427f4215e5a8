"""Saved responses of public services, where they lie beside the project: none is misread."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from rag import Paper
from rag.sources import Rejection, read_sources

SAVED = Path(__file__).parents[3] / "shared" / "data" / "records"
pytestmark = pytest.mark.skipif(not SAVED.is_dir(), reason=f"there are no responses in {SAVED}")


def entries() -> list[dict[str, Any]]:
    listed = SAVED / "manifest.jsonl"
    return [json.loads(line) for line in listed.read_text().splitlines()] if SAVED.is_dir() else []


@pytest.mark.parametrize("entry", entries(), ids=lambda entry: entry["file"])
def test_papers_empties_and_errors_are_told_apart(entry: dict[str, Any]) -> None:
    file = SAVED / entry["file"]
    items = list(read_sources([file]))
    papers = [item for item in items if isinstance(item, Paper)]
    rejected = [item for item in items if isinstance(item, Rejection)]
    if entry.get("status", 200) != 200:
        assert not papers
        assert all("the service returned an error" in one.reason for one in rejected)
        assert len(rejected) == 1
        return
    text = file.read_text("utf-8")
    if entry.get("n_items") == 0 or "feed_empty" in entry["file"]:
        assert [one.reason for one in rejected] == ["an empty result: it lists no papers"]
        assert not papers
        return
    assert items
    for one in rejected:
        assert one.reason.startswith(("no title: its keys are", "null", "an empty result"))
    if "title" in text and not rejected and "n_items" in entry and entry["n_items"] > 1:
        assert len(papers) == entry["n_items"]
    assert all(paper.title for paper in papers)
    assert all(paper.retracted in {True, False} for paper in papers)
