"""Read a labelled set in the BEIR layout: a corpus, queries, and judgements of pairs of them.

    corpus.jsonl      {"_id", "title", "text"} on each line; also gzipped
    queries.jsonl     {"_id", "text"} on each line
    qrels/SPLIT.tsv   query id, document id and grade, between tabs, below a header line

The layout is that of BEIR (Thakur et al., 2021).
"""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from rag.evaluation.files import (
    FORMATS_HINT,
    EvaluationError,
    read_lines,
    read_records,
    text_of,
)
from rag.papers import Paper
from rag.search.query import MAX_QUESTION
from rag.sources import Document
from rag.sources.readers import jsonl
from rag.text.decoding import one_line

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Judgements", "RetrievalSet", "find_corpus", "load_retrieval_set"]

Judgements: TypeAlias = dict[str, dict[str, int]]  # query id -> document id -> grade


@dataclass(frozen=True, slots=True, kw_only=True)
class RetrievalSet:
    """A corpus with queries whose relevant documents are known.

    Attributes:
        name: Name of the folder.
        folder: The folder.
        split: Which judgements were read.
        corpus: The file of documents.
        fingerprint: Hash of that file's content.
        queries: Text of each query that counts, by id.
        judgements: Grades of each such query; above 0 is relevant.
        documents: Id of each paper that the corpus gives, and the corpus's own id of it.
        left_out: What could not be used and how often, in words; only what occurred.
    """

    name: str
    folder: Path
    split: str
    corpus: Path
    fingerprint: str
    queries: dict[str, str]
    judgements: Judgements
    documents: dict[str, str]
    left_out: dict[str, int] = field(default_factory=dict)


def find_corpus(folder: Path) -> Path | None:
    """Return the corpus of a folder, plain or gzipped; None where there is none."""
    candidates = (folder / "corpus.jsonl", folder / "corpus.jsonl.gz")
    return next((path for path in candidates if path.is_file()), None)


def load_retrieval_set(folder: Path, split: str) -> RetrievalSet:
    """Read a set and drop what can't count.

    A query counts when it has a text and at least one relevant document. A relevant document that
    the corpus lacks stays relevant, as trec_eval has it: nothing can find it.

    Raises:
        EvaluationError: a file is missing or can't be read, or no query is left.
    """
    corpus = find_corpus(folder)
    if corpus is None:
        absent = "corpus.jsonl in" if folder.exists() else "file or folder"
        raise EvaluationError(f"There is no {absent} {folder}.", hint=FORMATS_HINT)
    everything = _read_judgements(folder, split)
    texts = _read_queries(folder / "queries.jsonl")
    documents, unusable, repeated = _read_documents(corpus)
    relevant = {q: g for q, g in everything.items() if any(grade > 0 for grade in g.values())}
    queries = {one: texts[one] for one in relevant if texts.get(one)}
    if not queries:
        raise EvaluationError(
            f"No query of the split {split!r} has both a text and a relevant document.",
            hint=f"Compare the ids in queries.jsonl and qrels/{split}.tsv. {FORMATS_HINT}",
        )
    known = set(documents.values())
    judgements = {one: everything[one] for one in queries}
    missing = sum(
        document not in known and grade > 0
        for grades in judgements.values()
        for document, grade in grades.items()
    )
    left_out = {
        "queries without a relevant document": len(everything) - len(relevant),
        "queries without a text": len(relevant) - len(queries),
        "queries cut to what a question may have": sum(
            len(text) > MAX_QUESTION for text in queries.values()
        ),
        "relevant documents missing in the corpus": missing,
        "documents that can't be read as papers": unusable,
        "documents with an id that an earlier one has": repeated,
    }
    return RetrievalSet(
        name=folder.resolve().name,
        folder=folder,
        split=split,
        corpus=corpus,
        fingerprint=_fingerprint(corpus),
        queries={one: text[:MAX_QUESTION] for one, text in queries.items()},
        judgements=judgements,
        documents=documents,
        left_out={what: count for what, count in left_out.items() if count},
    )


def _read_judgements(folder: Path, split: str) -> Judgements:
    path = folder / "qrels" / f"{split}.tsv"
    if not path.is_file():
        splits = sorted(one.stem for one in (folder / "qrels").glob("*.tsv"))
        known = f"Splits here: {', '.join(splits)}." if splits else FORMATS_HINT
        raise EvaluationError(f"There is no split {split!r}: no file {path}.", hint=known)
    judgements: Judgements = {}
    for index, (number, line) in enumerate(read_lines(path)):
        columns = [column.strip() for column in line.split("\t")]
        grade = _grade(columns[2]) if len(columns) == 3 else None
        if grade is not None and all(columns):
            judgements.setdefault(columns[0], {})[columns[1]] = grade
        elif index > 0:
            raise EvaluationError(
                f"{path}, line {number}, is not a query id, a document id and a whole number"
                " between tabs.",
                hint=FORMATS_HINT,
            )
    if not judgements:
        raise EvaluationError(f"{path} holds no judgements.", hint=FORMATS_HINT)
    return judgements


def _grade(text: str) -> int | None:
    try:
        return int(text)
    except ValueError:
        return None


def _read_queries(path: Path) -> dict[str, str]:
    queries: dict[str, str] = {}
    for _, record in read_records(path):
        queries[text_of(record, "_id", "id")] = one_line(text_of(record, "text", "question"))
    return queries


def _read_documents(corpus: Path) -> tuple[dict[str, str], int, int]:
    """Map the ids that papers get to the corpus's own; count unusable and repeated documents."""
    documents: dict[str, str] = {}
    met: set[str] = set()
    unusable = repeated = 0
    for _, line in read_lines(corpus):
        # The reader that fills the library decides what is a paper, and which id it gets.
        document = Document(io.BytesIO(line.encode()), source="", name="")
        paper = next(jsonl.READER.read(document), None)
        if not isinstance(paper, Paper):
            unusable += 1
            continue
        own_id = _own_id(line) or paper.id
        if paper.id in documents or own_id in met:
            repeated += 1
        else:
            documents[paper.id] = own_id
            met.add(own_id)
    if not documents:
        raise EvaluationError(f"{corpus} holds no documents.", hint=FORMATS_HINT)
    return documents, unusable, repeated


def _own_id(line: str) -> str:
    import json

    return text_of(json.loads(line), "_id", "id")


def _fingerprint(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
