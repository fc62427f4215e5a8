"""`rag add`, `remove` and `rebuild`: what they report, and where."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture(autouse=True)
def _tiny(
    monkeypatch: pytest.MonkeyPatch, tiny_encoder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    monkeypatch.setenv("RAG_EMBEDDER", str(tiny_encoder))
    monkeypatch.setenv("RAG_CACHE", str(tmp_path_factory.getbasetemp() / "tiny-models"))


def test_the_report_is_one_line(rag: Callable[..., object], data: Path) -> None:
    ran = rag("add", data / "papers.jsonl", data / "page.txt")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == "18 read, 12 added, 6 duplicates.\n"
    ran = rag("add", data / "papers.jsonl", data / "page.txt")
    assert ran.code == 0
    assert ran.out == "18 read, 0 added, 12 unchanged, 6 duplicates.\n"


def test_the_report_as_json(rag: Callable[..., object], data: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.jsonl"
    bad.write_text('{"title": "A Paper That Is Read", "abstract": "Well."}\n{broken\n')
    ran = rag("add", "--json", data / "page.txt", bad)
    assert ran.code == 0
    assert set(ran.value) == {
        "read", "added", "updated", "unchanged", "duplicates", "rejected", "rejected_more",
        "differing", "differing_more", "notes",
    }  # fmt: skip
    assert (ran.value["read"], ran.value["added"], ran.value["updated"]) == (7, 7, 0)
    (rejected,) = ran.value["rejected"]
    assert set(rejected) == {"source", "place", "reason"}
    assert (rejected["source"], rejected["place"]) == (str(bad), "line 2")


def test_what_was_rejected_goes_to_standard_error(
    rag: Callable[..., object], data: Path, tmp_path: Path
) -> None:
    bad = tmp_path / "bad.jsonl"
    bad.write_text('{"title": "A Paper That Is Read"}\n' + "{broken\n" * 25)
    ran = rag("add", bad)
    assert ran.code == 0
    assert ran.out == "1 read, 1 added, 25 rejected.\n"
    lines = ran.err.splitlines()
    assert len(lines) == 11
    assert lines[0].startswith(f"Rejected: {bad}, line 2: not JSON")
    assert "15 more" in lines[-1]


def test_one_source_that_gives_nothing_fails_the_command_but_not_the_rest(
    rag: Callable[..., object], data: Path, tmp_path: Path
) -> None:
    ran = rag("add", data / "page.txt", tmp_path / "missing.txt")
    assert ran.code == 1
    assert ran.out == "6 read, 6 added, 1 rejected.\n"
    assert "Error: " in ran.err
    assert "missing.txt" in ran.err
    assert rag("papers", "--json").value


def test_the_sample_needs_no_file(rag: Callable[..., object]) -> None:
    ran = rag("add", "--sample", "--json")
    assert (ran.code, ran.err) == (0, "")
    assert ran.value["added"] == ran.value["read"] >= 55


def test_the_storage_by_flag_and_by_environment(
    rag: Callable[..., object], data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert rag("add", data / "page.txt", "--storage", tmp_path / "flag").code == 0
    assert (tmp_path / "flag" / "chroma").is_dir()
    monkeypatch.setenv("RAG_STORAGE", str(tmp_path / "environment"))
    assert rag("add", data / "page.txt").code == 0
    assert (tmp_path / "environment" / "chroma").is_dir()


def test_a_format_that_a_person_knows_better(
    rag: Callable[..., object], tmp_path: Path, data: Path
) -> None:
    lines = (data / "page.txt").read_text("utf-8").split("\n")
    bare = tmp_path / "bare.txt"
    bare.write_text("\n".join(lines[12:15]) + "\n", "utf-8")
    assert rag("add", bare).code == 1
    ran = rag("add", "--format", "daily-papers", bare)
    assert (ran.code, ran.out) == (0, "1 read, 1 added.\n")


def test_columns_that_a_person_knows_better(rag: Callable[..., object], tmp_path: Path) -> None:
    table = tmp_path / "table.csv"
    table.write_text('Bezeichnung,"Inhalt, kurz",Jahr\nEin Titel,Ein Text.,2020\n')
    ran = rag("add", table)
    assert ran.code == 1
    assert "name it as in --map title=COLUMN; its columns are: Bezeichnung, Inhalt, kurz" in ran.err
    ran = rag("add", "--map", "title=Bezeichnung,abstract=Inhalt, kurz", table)
    assert (ran.code, ran.out) == (0, "1 read, 1 added.\n")
    (paper,) = rag("papers", "--json").value
    assert (paper["title"], paper["abstract"], paper["year"]) == ("Ein Titel", "Ein Text.", 2020)


@pytest.mark.parametrize("columns", ["titel=A", "A", "title=A,B=C"])
def test_fields_that_there_are_not_are_wrong_usage(
    rag: Callable[..., object], tmp_path: Path, columns: str
) -> None:
    ran = rag("add", "--map", columns, tmp_path / "missing.csv")
    assert ran.code == 2
    assert "Usage" in ran.err


def test_a_report_lists_the_first_thousand_rejections_and_counts_the_rest(
    rag: Callable[..., object], tmp_path: Path
) -> None:
    file = tmp_path / "bad.jsonl"
    file.write_text("{broken\n" * 1200 + '{"title": "A Paper That Is Read"}\n' + "{broken\n" * 5)
    ran = rag("add", file, "--json")
    assert ran.value["added"] == 1
    assert (len(ran.value["rejected"]), ran.value["rejected_more"]) == (1000, 205)
    ran = rag("add", file)
    assert ran.out == "1 read, 0 added, 1 unchanged, 1,205 rejected.\n"
    assert ran.err.splitlines()[-1] == "... and 1,195 more; --json lists the first of them."


def test_papers_in_an_archive(rag: Callable[..., object], data: Path) -> None:
    ran = rag("add", data / "cases" / "21-binary" / "papers.zip", "--json")
    assert (ran.code, ran.value["added"]) == (0, 1)
    (paper,) = rag("papers", "--json").value
    assert paper["sources"] == ["21-binary/papers.zip/papers.jsonl"]


def test_removing(rag: Callable[..., object], data: Path) -> None:
    rag("add", data / "papers.jsonl")
    ran = rag("remove", "9911.00011")
    assert (ran.code, ran.out) == (1, "")
    assert "--yes" in ran.err
    ran = rag("remove", "--yes", "9911.00011", "pmid:9990004")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.splitlines()[0] == (
        "Removed: Bounds on the Price of Fair Queues (arxiv:9911.00011)"
    )
    ran = rag("remove", "--yes", "--json", "acl:X24-99.8")
    assert [paper["id"] for paper in ran.value] == ["acl:X24-99.8"]
    assert len(rag("papers", "--json").value) == 9


def test_rebuilding_with_another_embedder(
    rag: Callable[..., object],
    data: Path,
    make_encoder: Callable[..., Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    complained: Callable[..., None],
) -> None:
    rag("add", data / "papers.jsonl")
    monkeypatch.setenv("RAG_EMBEDDER", str(make_encoder(tmp_path / "other", hidden=16)))
    ran = rag("search", "bees")
    complained(ran)
    assert "rag rebuild" in ran.err
    ran = rag("rebuild")
    assert (ran.code, ran.out) == (0, "12 papers embedded again.\n")
    assert rag("search", "bees", "--json").value


def test_names_of_files_can_not_write_to_the_terminal(
    rag: Callable[..., object], tmp_path: Path
) -> None:
    folder = tmp_path / "names"
    folder.mkdir()
    (folder / "a\x1b]0;owned\x07b\x1b[2J.txt").write_text("nothing")
    (folder / "good.jsonl").write_text(json.dumps({"title": "A Paper", "abstract": "Text."}))
    ran = rag("add", folder)
    assert ran.code == 0
    assert "Rejected: " in ran.err
    assert "\x1b" not in ran.err + ran.out
    assert "\x07" not in ran.err + ran.out
