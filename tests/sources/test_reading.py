"""Files, folders and globs are found, their format is guessed, and failures are reported."""

from __future__ import annotations

import gzip
import json
import os
from typing import TYPE_CHECKING

import pytest

from rag import Paper
from rag.errors import LibraryError
from rag.sources import Rejection, all_readers, read_sources

if TYPE_CHECKING:
    from pathlib import Path

PAGE = (
    "Daily Papers\n\nA Title on a Page\n\n"
    + "The page says what the paper found, in enough words to be an abstract of it. " * 3
)
LINE = json.dumps({"title": "A Title in a Line", "abstract": "A short text."})


def titles(*sources: str | Path, **options: str) -> list[str]:
    items = read_sources(sources, **options)
    return [item.title if isinstance(item, Paper) else f"! {item.reason}" for item in items]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    folder = tmp_path / "papers"
    (folder / "below" / "deeper").mkdir(parents=True)
    (folder / "b.txt").write_text(PAGE)
    (folder / "a.jsonl").write_text(LINE)
    (folder / "below" / "deeper" / "c").write_text(LINE)
    (folder / ".hidden").write_text("secret")
    (folder / ".git").mkdir()
    (folder / ".git" / "config").write_text("secret")
    return folder


def test_the_format_is_guessed_from_the_content(tree: Path) -> None:
    swapped = tree / "page.jsonl"
    swapped.write_text(PAGE)
    assert titles(swapped) == ["A Title on a Page"]
    assert titles(tree / "below" / "deeper" / "c") == ["A Title in a Line"]


def test_a_folder_stands_for_every_file_below_it_but_hidden_ones(tree: Path) -> None:
    assert titles(tree) == ["A Title in a Line", "A Title on a Page", "A Title in a Line"]


def test_globs(tree: Path) -> None:
    assert titles(f"{tree}/*.txt") == ["A Title on a Page"]
    assert titles(f"{tree}/**/c") == ["A Title in a Line"]
    assert len(titles(f"{tree}/*")) == 2


def test_a_file_whose_name_is_a_pattern_is_taken_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "papers[1].jsonl"
    file.write_text(LINE)
    assert titles(file) == ["A Title in a Line"]


def test_several_sources_in_their_order(tree: Path) -> None:
    found = titles(tree / "b.txt", tree / "missing", tree / "a.jsonl")
    assert found == ["A Title on a Page", "! no such file or folder", "A Title in a Line"]


def test_a_home_folder_may_be_written_as_a_tilde(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tree))
    assert titles("~/a.jsonl") == ["A Title in a Line"]


def test_papers_name_the_file_and_its_folder_only(tree: Path) -> None:
    (item,) = read_sources([tree / "a.jsonl"])
    assert item.sources == ("papers/a.jsonl",) if isinstance(item, Paper) else False


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("missing.txt", "no such file"),
        ("*.nothing", "no such file"),
        ("https://example.org/papers", "papers can be fetched by addresses of"),
        ("arxiv:9912.00012", "nothing is fetched from the web here"),
        ("", "name is empty"),
        ("a\x00b", ""),
        ("x" * 5000, ""),
    ],
)
def test_what_is_not_there(source: str, reason: str) -> None:
    (item,) = read_sources([source])
    assert isinstance(item, Rejection)
    assert reason in item.reason


def test_an_empty_folder(tmp_path: Path) -> None:
    folder = tmp_path / "empty"
    folder.mkdir()
    assert titles(folder) == ["! the folder holds no files"]


def test_a_link_that_leads_nowhere(tmp_path: Path) -> None:
    folder = tmp_path / "links"
    folder.mkdir()
    (folder / "gone").symlink_to(tmp_path / "nowhere")
    assert len(titles(folder)) == 1
    assert titles(folder)[0].startswith("! can't be read")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_a_file_without_permission(tmp_path: Path) -> None:
    file = tmp_path / "closed.jsonl"
    file.write_text(LINE)
    file.chmod(0)
    assert titles(file) == ["! not readable: permission denied"]


def test_something_that_is_no_file_does_not_block(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    found = titles(tmp_path / "pipe")
    assert len(found) == 1
    assert found[0].startswith("! ")


def test_one_bad_file_never_ends_the_reading(tree: Path) -> None:
    (tree / "aa.bin").write_bytes(bytes(range(256)))
    (tree / "ab.txt").write_text("")
    found = titles(tree)
    assert [title for title in found if not title.startswith("!")] == [
        "A Title in a Line",
        "A Title on a Page",
        "A Title in a Line",
    ]
    assert len([title for title in found if title.startswith("!")]) == 2


def test_a_person_may_know_the_format_better(tmp_path: Path) -> None:
    file = tmp_path / "bare.txt"
    file.write_text(PAGE.removeprefix("Daily Papers\n\n"))
    assert titles(file)[0].startswith("! in none of the formats")
    assert titles(file, format="daily-papers") == ["A Title on a Page"]
    assert titles(file, format="jsonl")[0].startswith("! not JSON")


def test_a_format_that_there_is_not_is_told_before_anything_is_read() -> None:
    with pytest.raises(LibraryError, match="no format 'pages'") as caught:
        read_sources(["missing.txt"], format="pages")
    names = ", ".join(reader.name for reader in all_readers())
    assert caught.value.hint == f"Formats are: {names}."


def test_a_name_decides_only_where_the_content_says_nothing(tmp_path: Path) -> None:
    file = tmp_path / "papers.jsonl"
    file.write_text(f"made by a script\n{LINE}\n")
    assert titles(file) == ["! not JSON (Expecting value)", "A Title in a Line"]
    packed = tmp_path / "papers.jsonl.gz"
    packed.write_bytes(gzip.compress(file.read_bytes()))
    assert titles(packed) == titles(file)
    file.write_text("<!DOCTYPE html>\n<p>Not found</p>\n")
    assert titles(file)[0].startswith("! this is HTML: ")


def test_a_page_too_large_to_be_one_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rag.sources.document._MAX_WHOLE", 100_000)
    file = tmp_path / "huge.txt"
    file.write_text(PAGE + "\n\nWords without an end. " * 10_000)
    assert titles(file)[0].startswith("! larger than")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32"])
def test_json_lines_of_wide_characters(tmp_path: Path, encoding: str) -> None:
    file = tmp_path / "wide.jsonl"
    file.write_bytes(f"{LINE}\r\n{LINE}\n".encode(encoding))
    assert titles(file) == ["A Title in a Line"] * 2


def test_json_lines_with_a_bom_and_windows_line_ends(tmp_path: Path) -> None:
    file = tmp_path / "bom.jsonl"
    file.write_bytes(b"\xef\xbb\xbf" + f"{LINE}\r\n{LINE}\r\n".encode())
    assert titles(file) == ["A Title in a Line"] * 2
