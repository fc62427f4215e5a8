"""`rag papers --duplicates`, `rag merge` and `rag split`: seeing and mending what is one paper."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

TEA = {"title": "Brewing Tea in a Cold Cellar", "year": 2020, "authors": ["Ana Costa"]}
MILD = "Eleven hours in a cellar give the mildest cup of tea that we have ever tasted or sold."
MILDER = "The mildest cup of tea takes eleven hours in a cellar; we have tasted and sold others."


@pytest.fixture(autouse=True)
def _tiny(
    monkeypatch: pytest.MonkeyPatch,
    tiny_encoder: Path,
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    monkeypatch.setenv("RAG_EMBEDDER", str(tiny_encoder))
    monkeypatch.setenv("RAG_CACHE", str(tmp_path_factory.getbasetemp() / "tiny-models"))
    monkeypatch.setenv("RAG_STORAGE", str(tmp_path / "storage"))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def tea(tmp_path: Path) -> Path:
    """Two records of one paper, and a third that may be one of it."""
    records = (
        {**TEA, "id": "arxiv:2001.00001", "abstract": MILD},
        {**TEA, "id": "arxiv:2001.00001v2", "abstract": MILDER},
        {**TEA, "id": "doi:10.5555/tea", "pmid": 77, "arxiv": "2001.00002", "abstract": MILD},
    )
    folder = tmp_path / "in"
    folder.mkdir()
    for name, record in zip("abc", records, strict=True):
        (folder / f"{name}.jsonl").write_text(json.dumps(record))
    return folder


def test_what_was_merged_and_what_was_not(rag: Callable[..., object], tea: Path) -> None:
    ran = rag("add", tea)
    assert ran.out == "3 read, 2 added, 1 duplicates.\n"
    assert ran.err.startswith('Merged: 1 record was merged although the abstracts differ ("Brewing')
    assert len(ran.err.splitlines()) == 1
    ran = rag("papers", "--duplicates")
    assert (ran.code, ran.err) == (0, "")
    assert "1 paper was read in several places or forms." in ran.out
    assert "in/b.jsonl; same arXiv id (2001.00001); another abstract" in ran.out
    assert "1 pair of papers may be one and were not merged." in ran.out
    assert "same title, but the arXiv ids differ" in ran.out
    found = rag("papers", "--duplicates", "--json").value
    (merged,), (likely,) = found["merged"], found["likely"]
    assert [one["record"]["abstract"] for one in merged["records"]] == [MILD, MILDER]
    assert [one["other_abstract"] for one in merged["records"]] == [False, True]
    assert {one["id"] for one in likely["papers"]} == {"arxiv:2001.00001", "doi:10.5555/tea"}
    assert "Merged with arxiv:2001.00001" in rag("show", "2001.00001").out


def test_merging_and_splitting(rag: Callable[..., object], tea: Path) -> None:
    rag("add", tea)
    ran = rag("merge", "2001.00001", "10.5555/tea")
    assert (ran.code, ran.out) == (
        0, "Merged: Brewing Tea in a Cold Cellar (arxiv:2001.00001)\n",
    )  # fmt: skip
    assert rag("add", tea).out == "3 read, 0 added, 1 unchanged, 2 duplicates.\n"
    ran = rag("split", "arxiv:2001.00001", "pmid:77")
    assert ran.code == 0
    assert [line.rsplit(" ", 1)[1] for line in ran.out.splitlines()] == [
        "(arxiv:2001.00001)", "(doi:10.5555/tea)",
    ]  # fmt: skip
    ran = rag("merge", "doi:10.5555/tea", "arxiv:2001.00001", "--json")
    assert ran.value["id"] == "doi:10.5555/tea"
    assert len(rag("split", "doi:10.5555/tea", "--json").value) == 3
    assert rag("add", tea).out == "3 read, 0 added, 3 unchanged.\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ("merge", "2001.00001"),
        ("merge", "2001.00001", "2001.99999"),
        ("split", "10.5555/tea"),
        ("split", "2001.99999"),
        ("split", "2001.00001", "pmid:1"),
        ("split", "2001.00001", "2001.00001"),
    ],
)
def test_what_can_not_be_done_is_said(
    rag: Callable[..., object],
    complained: Callable[..., None],
    tea: Path,
    arguments: tuple[str, ...],
) -> None:
    rag("add", tea)
    complained(rag(*arguments))
    assert len(rag("papers", "--json").value) == 2


def test_without_a_library(rag: Callable[..., object], complained: Callable[..., None]) -> None:
    for arguments in (("papers", "--duplicates"), ("merge", "a", "b"), ("split", "a")):
        complained(rag(*arguments))


def test_nothing_was_merged(rag: Callable[..., object], tea: Path) -> None:
    rag("add", tea / "a.jsonl")
    ran = rag("papers", "--duplicates")
    assert "0 papers were read in several places" in ran.out
    assert "0 pairs of papers may be one" in ran.out


def test_rejected_records_are_kept_until_their_source_is_read_again(
    rag: Callable[..., object], tea: Path
) -> None:
    ran = rag("rejects")
    assert (ran.code, ran.out, ran.err) == (0, "", "Nothing is rejected.\n")
    bad = tea / "bad.jsonl"
    bad.write_text('{"title": "A Paper That Is Read"}\n{broken\n')
    rag("add", "in", "missing.jsonl")
    ran = rag("rejects")
    assert ran.code == 0
    lines = ran.out.splitlines()
    assert lines[0].startswith(f"{bad}, line 2: not JSON")
    assert lines[1] == f"{tea.parent / 'missing.jsonl'}: no such file or folder"
    assert [set(one) for one in rag("rejects", "--json").value] == [
        {"source", "place", "reason"}
    ] * 2
    bad.write_text('{"title": "A Paper That Is Read"}\n')
    rag("add", bad)
    assert len(rag("rejects", "--json").value) == 1
