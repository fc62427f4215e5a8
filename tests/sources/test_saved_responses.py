"""Saved responses of public services, where they lie beside the project: none is misread.

What each holds is told here without the readers, so that no paper is left out or invented: papers,
records without a title, empty results and errors are counted apart.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from defusedxml import ElementTree

from rag import Paper
from rag.papers import title_key
from rag.sources import Rejection, read_sources
from rag.text.cleaning import clean_text

if TYPE_CHECKING:
    from collections.abc import Iterator

SAVED = Path(__file__).parents[3] / "shared" / "data" / "records"
pytestmark = pytest.mark.skipif(not SAVED.is_dir(), reason=f"there are no responses in {SAVED}")
LISTS = ("data", "results", "recommendedPapers")
INNER = ("paper", "citingPaper", "citedPaper", "matchedPaper")


def entries() -> list[dict[str, Any]]:
    listed = SAVED / "manifest.jsonl"
    return [json.loads(line) for line in listed.read_text().splitlines()] if SAVED.is_dir() else []


def plain(text: str) -> str:
    return title_key(clean_text(text))  # which tests of its own look after


def records(file: Path) -> Iterator[tuple[str, bool]]:
    """Yield the title of each record, empty where it has none, and whether it has an abstract."""
    if file.suffix == ".xml":
        for element in ElementTree.parse(file).iter():
            name = element.tag.rpartition("}")[2]
            inside = {one.tag.rpartition("}")[2]: "".join(one.itertext()) for one in element.iter()}
            if name == "entry":
                yield inside.get("title", ""), bool(inside.get("summary", "").strip())
            elif name == "PubmedArticle":
                yield inside.get("ArticleTitle", ""), "AbstractText" in inside
        return
    value = json.loads(file.read_text("utf-8"))
    if isinstance(value, dict):
        alone = [] if value.get("total") == 0 else [value]
        value = next((value[key] for key in LISTS if isinstance(value.get(key), list)), alone)
    for record in value:
        held = record or {}
        held = next((held[key] for key in INNER if isinstance(held.get(key), dict)), held)
        abstract = (
            held.get("abstract") or held.get("abstract_inverted_index") or held.get("summary")
        )
        yield held.get("title") or held.get("display_name") or "", bool(abstract)


def test_the_manifest_names_every_file() -> None:
    files = {path.relative_to(SAVED).as_posix() for path in SAVED.rglob("*.*") if path.is_file()}
    assert files - {"manifest.jsonl"} == {entry["file"] for entry in entries()}


@pytest.mark.parametrize("entry", entries(), ids=lambda entry: entry["file"])
def test_papers_empties_and_errors_are_told_apart(entry: dict[str, Any]) -> None:
    file = SAVED / entry["file"]
    items = list(read_sources([file]))
    papers = [item for item in items if isinstance(item, Paper)]
    rejected = [item for item in items if isinstance(item, Rejection)]
    if entry.get("status", 200) != 200:
        assert [("the service returned an error" in one.reason) for one in rejected] == [True]
        assert not papers
        return
    held = list(records(file))
    if not held or entry.get("n_items") == 0:
        assert [one.reason for one in rejected] == ["an empty result: it lists no papers"]
        assert not papers
        return
    titled = [(plain(title), abstract) for title, abstract in held if title]
    assert [plain(paper.title) for paper in papers] == [title for title, _ in titled]
    assert [bool(paper.abstract) for paper in papers] == [abstract for _, abstract in titled]
    # What has no title is said, record by record; one that is no paper's names its keys.
    assert len(rejected) == len(held) - len(titled)
    for one in rejected:
        assert one.reason.startswith(("no title: its keys are", "null"))
