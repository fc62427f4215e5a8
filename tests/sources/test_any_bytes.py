"""Whatever a file holds, every reader gives papers or says why not; and it never raises."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag import Paper
from rag.sources import Document, Reader, Rejection, all_readers, read_document
from rag.sources.base import Confidence

CASES = Path(__file__).parents[1] / "data" / "cases"
FILES = [path.read_bytes() for path in sorted(CASES.rglob("*")) if path.is_file()]
BEGINNINGS = [
    b"", b"\xef\xbb\xbf", b"\xff\xfe", b"<?xml version='1.0'?>", b"<html>Daily Papers",
    b"PK\x03\x04", b"PAR1", b"\x1f\x8b\x08", b"BZh91AY&SY", b"%0 Book\n", b"PMID- 1\n",
    b"TY  - JOUR\n", b"PT J\n",
    b"@article{a,", b"Title,Abstract\n", b'{"title": "', b"[{", b"<xml><records><record>",
    b"<PubmedArticleSet><PubmedArticle>", b"1. A. 2020;\n\nB.\n\nPMID: 1\n", b"bytes",
]  # fmt: skip


def read(data: bytes, reader: Reader | None = None) -> list[Paper | Rejection]:
    return list(read_document(Document(io.BytesIO(data), source="a", name="a"), reader))


@pytest.mark.parametrize("reader", all_readers(), ids=lambda reader: reader.name)
@given(
    beginning=st.sampled_from(BEGINNINGS), rest=st.binary(max_size=60) | st.text().map(str.encode)
)
@settings(max_examples=60)
def test_any_bytes_give_papers_or_rejections(reader: Reader, beginning: bytes, rest: bytes) -> None:
    data = beginning + rest
    document = Document(io.BytesIO(data), source="a", name="a")
    assert isinstance(reader.sniff(document.head), Confidence)
    items = read(data, reader)
    assert all(isinstance(item, Paper | Rejection) for item in items)


@given(data=st.data())
@settings(max_examples=300)
def test_files_with_a_flaw_give_papers_or_rejections(data: st.DataObject) -> None:
    broken = bytearray(data.draw(st.sampled_from(FILES)))
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, max(0, len(broken) - 1)))
        cut = data.draw(st.integers(0, 20))
        broken[at : at + cut] = data.draw(st.binary(max_size=5))
    assert all(isinstance(item, Paper | Rejection) for item in read(bytes(broken)))
