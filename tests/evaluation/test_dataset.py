"""Reading a set in the BEIR layout, also one that is not as it should be."""

from __future__ import annotations

import gzip
import json
import shutil
from typing import TYPE_CHECKING

import pytest

from rag.evaluation.dataset import load_retrieval_set
from rag.evaluation.files import EvaluationError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def folder(data: Path, tmp_path: Path) -> Path:
    """A copy of the labelled set that a test may spoil."""
    return shutil.copytree(data / "labelled", tmp_path / "labelled")


def test_what_cannot_count_is_left_out_and_counted(folder: Path) -> None:
    dataset = load_retrieval_set(folder, "test")
    assert list(dataset.queries) == ["q1", "q2", "q3", "q4", "q5"]
    assert dataset.judgements["q4"] == {"heron-1": 1, "heron-2": 2}
    assert dataset.left_out == {
        "queries without a relevant document": 1,
        "queries without a text": 1,
        "relevant documents missing in the corpus": 1,
    }


def test_papers_lead_back_to_the_ids_of_the_corpus(folder: Path) -> None:
    documents = load_retrieval_set(folder, "test").documents
    assert documents["arxiv:2101.00001"] == "2101.00001"
    assert documents["doi:10.5555/kitchen.2"] == "10.5555/Kitchen.2"
    (lamp,) = (one for one, own in documents.items() if own == "lamp-1")
    assert lamp.startswith("title:polishing-without-scratches-")


def test_a_gzipped_corpus_is_read(folder: Path) -> None:
    plain = load_retrieval_set(folder, "test").documents
    corpus = folder / "corpus.jsonl"
    (folder / "corpus.jsonl.gz").write_bytes(gzip.compress(corpus.read_bytes()))
    corpus.unlink()
    assert load_retrieval_set(folder, "test").documents == plain


def test_bad_and_repeated_documents_are_counted(folder: Path) -> None:
    records = [{"_id": "none", "title": "", "text": ""}, {"_id": "owl-1", "title": "Owls again"}]
    with (folder / "corpus.jsonl").open("a") as corpus:
        corpus.writelines(f"{json.dumps(record)}\n" for record in records)
        corpus.write("not json\n")
    left_out = load_retrieval_set(folder, "test").left_out
    assert left_out["documents that can't be read as papers"] == 2
    assert left_out["documents with an id that an earlier one has"] == 1


def test_a_query_too_long_to_ask_is_cut(folder: Path) -> None:
    with (folder / "queries.jsonl").open("a") as queries:
        queries.write(json.dumps({"_id": "q7", "text": "owl " * 2000}) + "\n")
    dataset = load_retrieval_set(folder, "test")
    assert len(dataset.queries["q7"]) == 4000
    assert dataset.left_out["queries cut to what a question may have"] == 1


def test_the_header_may_be_missing(folder: Path) -> None:
    (folder / "qrels" / "bare.tsv").write_text("q1\tlamp-1\t1\n")
    assert load_retrieval_set(folder, "bare").judgements == {"q1": {"lamp-1": 1}}


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("corpus.jsonl", None, "no corpus.jsonl"),
        ("corpus.jsonl", "", "holds no documents"),
        ("queries.jsonl", None, "no file .*queries.jsonl"),
        ("queries.jsonl", "", "No query of the split"),
        ("queries.jsonl", '{"_id": "q1"\n', "line 1, is not a JSON object"),
        ("qrels/test.tsv", None, "no split 'test'"),
        ("qrels/test.tsv", "query-id\tcorpus-id\tscore\n", "no judgements"),
        ("qrels/test.tsv", "query-id\tcorpus-id\tscore\nq1 lamp-1 1\n", "line 2, is not a query"),
        ("qrels/test.tsv", "query-id\tcorpus-id\tscore\nq1\tlamp-1\tyes\n", "line 2, is not"),
        ("queries.jsonl", b"\xff\xfe\x00", "not UTF-8"),
        (
            "queries.jsonl",
            gzip.compress(b'{"_id": "q1", "text": "a"}\n' * 99, mtime=0)[:40],
            "can't be read",
        ),
    ],
)
def test_a_broken_set_is_explained(
    folder: Path, name: str, content: str | bytes | None, message: str
) -> None:
    path = folder / name
    path.unlink()
    if content is not None:
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(EvaluationError, match=message) as caught:
        load_retrieval_set(folder, "test")
    assert caught.value.hint
    assert "\n" not in caught.value.message


def test_other_splits_are_named(folder: Path) -> None:
    with pytest.raises(EvaluationError) as caught:
        load_retrieval_set(folder, "dev")
    assert "Splits here: test" in caught.value.hint
