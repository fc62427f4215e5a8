"""What gave no paper is kept with the library, until its source is read again."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from rag import Library, Rejection, StorageError
from rag.library.rejects import Rejects

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def library(tiny_library: Library) -> Library:
    return tiny_library


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "in"
    made.mkdir()
    return made


def write(file: Path, *, bad: int = 1, good: int = 1) -> Path:
    lines = [
        json.dumps({"title": f"{file.stem} number {n}", "abstract": "Well."}) for n in range(good)
    ]
    file.write_text("\n".join([*lines, *["{broken"] * bad]) + "\n")
    return file


def places(library: Library) -> list[tuple[str, str]]:
    return [(one.source.rsplit("/", 1)[-1], one.place) for one in library.rejects()]


def test_a_source_replaces_what_it_gave_before(library: Library, folder: Path) -> None:
    for name in ("a.jsonl", "b.jsonl"):
        write(folder / name)
    library.add(folder)
    assert places(library) == [("a.jsonl", "line 2"), ("b.jsonl", "line 2")]
    library.add(write(folder / "b.jsonl", bad=2))
    assert places(library) == [("a.jsonl", "line 2"), ("b.jsonl", "line 2"), ("b.jsonl", "line 3")]
    library.add(write(folder / "b.jsonl", bad=0))
    assert places(library) == [("a.jsonl", "line 2")]
    write(folder / "a.jsonl", bad=0)
    library.add(f"{folder}/*.jsonl")
    assert library.rejects() == []


def test_a_source_is_the_same_however_it_is_named(
    library: Library, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write(folder / "a.jsonl")
    library.add(file)
    monkeypatch.chdir(folder)
    library.add("a.jsonl")
    (rejected,) = library.rejects()
    assert rejected.source == str(file)
    assert rejected.reason.startswith("not JSON")


def test_a_folder_that_only_has_the_beginning_of_a_name_in_common(
    library: Library, tmp_path: Path
) -> None:
    for name in ("data", "data2"):
        (tmp_path / name).mkdir()
        write(tmp_path / name / "a.jsonl")
    library.add(tmp_path / "data", tmp_path / "data2")
    write(tmp_path / "data" / "a.jsonl", bad=0)
    library.add(tmp_path / "data")
    (rejected,) = library.rejects()
    assert rejected.source == str(tmp_path / "data2" / "a.jsonl")


def test_a_source_that_was_missing_or_gave_nothing(library: Library, folder: Path) -> None:
    library.add(write(folder / "a.jsonl", bad=0))
    library.add(folder / "late.jsonl")
    library.add("arxiv:2401.00001")
    assert [one.source for one in library.rejects()] == [
        str(folder / "late.jsonl"), "arxiv:2401.00001",
    ]  # fmt: skip
    library.add(write(folder / "late.jsonl", bad=0))
    assert [one.source for one in library.rejects()] == ["arxiv:2401.00001"]


def test_no_library_is_made_for_what_was_rejected(library: Library, folder: Path) -> None:
    library.add(write(folder / "a.jsonl", good=0))
    assert library.rejects() == []
    assert not library.settings.storage.exists()


def test_the_list_outlives_the_cache_and_its_own_damage(library: Library, folder: Path) -> None:
    library.add(write(folder / "a.jsonl"))
    library.close()
    kept = library.settings.storage / "rejects.jsonl"
    kept.write_text("no record\n[1]\n" + kept.read_text() + '{"source": "cut o')
    assert places(library) == [("a.jsonl", "line 2")]
    kept.write_bytes(b"\xff\xfe")
    with pytest.raises(StorageError):
        library.rejects()


def test_the_last_ones_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rag.library.rejects._KEPT", 3)
    rejects = Rejects(tmp_path)
    for number in range(5):
        source = f"/in/{number}.bib"
        rejects.update([source], [Rejection(source, "line 1", "it is \udcff no text")])
    assert [one.source for one in rejects.read()] == [f"/in/{number}.bib" for number in (2, 3, 4)]


def test_what_was_handed_in_keeps_the_name_that_it_had(tmp_path: Path) -> None:
    rejects = Rejects(tmp_path)
    for number in range(2):
        source = f"/srv/rag-upload-{number}x/upload/a.bib"
        rejects.update([source], [Rejection(source, "line 1", f"broken {number}")])
    assert rejects.read() == [Rejection("upload/a.bib", "line 1", "broken 1")]
