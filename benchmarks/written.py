"""The abstracts that written sentences are about, looked up in the data beside the project."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING

from rag.papers import Paper

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

__all__ = ["read_abstracts"]


def read_abstracts(data: Path, ids: Collection[str]) -> dict[str, Paper]:
    """Return the papers of the ids that the data hold.

    Args:
        data: Folder with `scifact`, `cranfield`, `cisi` and `abstracts-140k.jsonl.gz`.
        ids: `scifact:17` and the like; any other id is one of the 140,315 abstracts.
    """
    wanted = set(ids)
    return {paper.id: paper for paper in _all(data, wanted) if paper.id in wanted}


def _all(data: Path, wanted: Collection[str]) -> Iterator[Paper]:
    for name in ("scifact", "cranfield", "cisi"):
        corpus = data / name / "corpus.jsonl"
        if any(one.startswith(f"{name}:") for one in wanted) and corpus.exists():
            with corpus.open(encoding="utf-8") as lines:
                for row in map(json.loads, lines):
                    yield Paper(id=f"{name}:{row['_id']}", title=row["title"], abstract=row["text"])
    large = data / "abstracts-140k.jsonl.gz"
    if large.exists():
        with gzip.open(large, "rt", encoding="utf-8") as lines:
            for row in map(json.loads, lines):
                yield Paper(id=row["id"], title=row["title"], abstract=row["abstract"])
