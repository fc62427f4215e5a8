"""`rag export`: papers for reference managers."""

from __future__ import annotations

import json

import pytest

pytestmark = pytest.mark.usefixtures("stocked")
BEES, WHALES = "arxiv:9902.00002", "arxiv:9905.00005"


def test_named_papers_in_their_order(rag):
    ran = rag("export", "--format", "csl", WHALES, "9902.00002")
    assert (ran.code, ran.err) == (0, "")
    titles = [entry["title"] for entry in ran.value]
    assert [title[:8] for title in titles] == ["Counting", "Honeybee"]


def test_all_papers_by_default_as_bibtex(rag):
    count = len(rag("papers", "--json").value)
    ran = rag("export")
    assert sum(line.startswith("@") for line in ran.out.splitlines()) == count


@pytest.mark.parametrize(("name", "sign"), [("bibtex", "@"), ("ris", "TY  - "), ("jsonl", "{")])
def test_every_format(rag, name, sign):
    assert rag("export", "-f", name, BEES).out.startswith(sign)


def test_json_lines_can_be_added_again(rag, tmp_path):
    path = tmp_path / "all.jsonl"
    assert rag("export", "-f", "jsonl", "-o", path).out == ""
    lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    report = rag("add", path, "--storage", tmp_path / "copy", "--json").value
    assert report["added"] == len(lines)
    assert not report["rejected"]


def test_what_cannot_be_exported_is_told(rag, complained, tmp_path):
    complained(rag("export", "arxiv:0000.00000"))
    complained(rag("export", BEES, "--output", tmp_path / "no" / "such" / "folder.bib"))
