"""Archives are looked through as streams, their places named, and bombs refused."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import tarfile
import zipfile
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rag import Paper
from rag.sources import Document, Rejection, read_document, read_sources

if TYPE_CHECKING:
    from pathlib import Path


def line(title: str) -> bytes:
    return json.dumps({"title": title, "abstract": "A short text."}).encode() + b"\n"


def zipped(files: dict[str, bytes], *, packing: int = zipfile.ZIP_DEFLATED) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", packing) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return data.getvalue()


def tarred(files: dict[str, bytes]) -> bytes:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return data.getvalue()


def read(data: bytes) -> list[Paper | Rejection]:
    return list(read_document(Document(io.BytesIO(data), source="a.zip", name="folder/a.zip")))


def titles(data: bytes) -> list[str]:
    return [item.title if isinstance(item, Paper) else str(item) for item in read(data)]


FILES = {"one.jsonl": line("First"), "below/two.jsonl": line("Second")}


@pytest.mark.parametrize(
    "data",
    [
        zipped(FILES),
        zipped(FILES, packing=zipfile.ZIP_STORED),
        tarred(FILES),
        gzip.compress(tarred(FILES)),
        bz2.compress(tarred(FILES)),
        zipped({"inner.tar.gz": gzip.compress(tarred(FILES))}),
        tarred({"a.gz": gzip.compress(FILES["one.jsonl"]), "b.zip": zipped({"c": line("Second")})}),
    ],
)
def test_every_file_of_an_archive_is_read(data: bytes) -> None:
    assert titles(data) == ["First", "Second"]


def test_papers_and_rejections_say_in_which_file_they_are() -> None:
    inner = zipped({"bad.jsonl": line("Good") + b"{broken\n", "a.pdf": b"%PDF-1.5\n\0"})
    paper, broken, pdf = read(tarred({"deep/inner.zip": inner}))
    assert isinstance(paper, Paper)
    assert paper.sources == ("folder/a.zip/deep/inner.zip/bad.jsonl",)
    assert isinstance(broken, Rejection)
    assert (broken.source, broken.place) == ("a.zip", "deep/inner.zip, bad.jsonl, line 2")
    assert pdf == Rejection("a.zip", "deep/inner.zip, a.pdf", "this is a PDF")


def test_the_suffix_within_a_compression_counts() -> None:
    items = read_document(
        Document(
            io.BytesIO(gzip.compress(b"# a remark\n" + line("First"))),
            source="a",
            name="folder/papers.jsonl.gz",
        )
    )
    assert [item.title for item in items if isinstance(item, Paper)] == ["First"]


def test_hidden_files_are_left_out() -> None:
    data = zipped({"__MACOSX/._one.jsonl": b"\0\1", ".DS_Store": b"x", **FILES})
    assert titles(data) == ["First", "Second"]
    assert titles(zipped({".hidden": b"x"})) == ["a.zip: the archive holds no files"]


def test_a_file_larger_than_what_is_kept_of_its_beginning() -> None:
    many = b"".join(line(f"Paper number {number}") for number in range(9_000))
    assert len(many) > 500_000
    for data in (zipped({"many.jsonl": many}), gzip.compress(tarred({"many.jsonl": many}))):
        assert titles(data)[::8_999] == ["Paper number 0", "Paper number 8999"]


# --- what is damaged or meant to do harm ------------------------------------------------------


def test_a_file_that_is_cut_off_gives_what_came_before() -> None:
    many = b"".join(line(f"Paper {number} {number**9}") for number in range(9_000))
    packed = gzip.compress(many)
    *papers, last = read(packed[: len(packed) // 2])
    assert len(papers) > 2_000
    assert isinstance(last, Rejection)
    assert last.place == f"after {len(papers):,} papers"
    assert last.reason.startswith("damaged, can't be unpacked")


def test_a_damaged_file_keeps_no_other_from_being_read() -> None:
    data = bytearray(zipped(FILES, packing=zipfile.ZIP_STORED))
    at = data.index(b"A short text.")
    data[at] ^= 1  # the checksum of the first file is wrong now
    found = titles(bytes(data))
    assert found[-1] == "Second"
    assert any("one.jsonl" in one and "damaged" in one for one in found)


def test_a_file_without_a_name_keeps_no_other_from_being_read() -> None:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("lost.jsonl", line("Lost"))
        archive.writestr("kept.jsonl", line("Kept"))
        archive.filelist[0].filename = ""  # as the directory of the archive tells it
    lost, kept = read(data.getvalue())
    assert isinstance(lost, Rejection)
    assert lost.place == "(a file without a name)"
    assert isinstance(kept, Paper)
    assert kept.title == "Kept"


def test_a_locked_archive() -> None:
    data = bytearray(zipped(FILES))
    for at in (6, data.index(b"PK\x01\x02") + 8):  # the flags of the first file
        data[at] |= 1
    assert titles(bytes(data)) == ["a.zip, one.jsonl: locked with a password", "Second"]


def test_a_bomb_is_refused() -> None:
    bomb = gzip.compress(bytes(110 * 2**20))
    (rejected,) = read(gzip.compress(bomb))
    assert isinstance(rejected, Rejection)
    zeros = b'{"title": "' + b"0" * 20_000_000
    bomb = zipped({f"{number}.jsonl": zeros for number in range(8)})
    *_, last = read(bomb)
    assert isinstance(last, Rejection)
    assert "unpacks to more than 200 times its size" in last.reason


def test_archives_in_archives_without_an_end() -> None:
    data = zipped(FILES)
    for _ in range(4):
        data = zipped({"again.zip": data})
    (rejected,) = read(data)
    assert isinstance(rejected, Rejection)
    assert "archives within archives" in rejected.reason


def test_too_many_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rag.sources.archives._MAX_FILES", 1)
    assert titles(zipped(FILES)) == ["First", "a.zip, after 1 paper: holds more than 1 files"]


def test_nothing_is_written_to_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "empty"
    folder.mkdir()
    monkeypatch.chdir(folder)
    (tmp_path / "a.tar").write_bytes(tarred({"../evil.jsonl": line("First")}))
    assert [
        str(item) for item in read_sources([tmp_path / "a.tar"]) if not isinstance(item, Paper)
    ] == []
    assert list(folder.iterdir()) == []
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.tar", "empty"]


@given(
    st.sampled_from([zipped(FILES), gzip.compress(tarred(FILES)), bz2.compress(line("A"))]),
    st.data(),
)
@example(zipped(FILES), None)
def test_a_damaged_archive_never_ends_in_an_error(data: bytes, draw: st.DataObject | None) -> None:
    broken = bytearray(data)
    if draw is not None:
        at = draw.draw(st.integers(0, len(broken) - 1))
        broken[at] = draw.draw(st.integers(0, 255))
        del broken[draw.draw(st.integers(at, len(broken))) :]
    assert all(isinstance(item, Paper | Rejection) for item in read(bytes(broken)))
