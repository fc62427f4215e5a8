"""The questions on the saved pages still point at the sentences that they were written for."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from pathlib import Path

import pytest

from rag.papers import Paper, title_key
from rag.sources import read_sources
from rag.text.sentences import sentence_spans

ROOT = Path(__file__).parents[2]
PAGES = ROOT.parent / "shared" / "pages"
# When a change of the reader or the splitter moves sentences, the positions in the file have to
# move with them. This is the hash of the sentences that they should lead to.
SENTENCES = "8b0043912273ecf3"


@pytest.fixture(scope="module")
def records() -> list[dict]:
    path = ROOT / "benchmarks" / "pages_questions.jsonl"
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def test_every_kind_is_in_both_splits(records: list[dict]) -> None:
    assert len({record["id"] for record in records}) == len(records) == 280
    kinds = Counter((record["kind"], record["split"]) for record in records)
    assert kinds["single", "test"] == 27
    for kind in ("single", "several", "follow-up", "near-miss", "off-topic"):
        assert kinds[kind, "test"] >= 4
        assert kinds[kind, "tuning"] >= 8


def test_the_file_holds_titles_and_positions_only(records: list[dict]) -> None:
    for record in records:
        for evidence in record["evidence"]:
            assert set(evidence) == {"paper", "sentence"}
            assert evidence["paper"] in record["papers"]


@pytest.mark.real_pages
def test_the_positions_lead_to_the_sentences(records: list[dict]) -> None:
    if not PAGES.is_dir():
        pytest.skip(f"the saved pages are not in {PAGES}")
    papers: dict[str, Paper] = {}
    for item in read_sources([PAGES]):
        if isinstance(item, Paper):
            papers.setdefault(title_key(item.title), item)
    sentences = []
    for record in records:
        for evidence in record["evidence"]:
            abstract = papers[title_key(evidence["paper"])].abstract
            start, end = sentence_spans(abstract)[evidence["sentence"]]
            sentences.append(abstract[start:end])
    assert hashlib.sha256("\n".join(sentences).encode()).hexdigest()[:16] == SENTENCES
