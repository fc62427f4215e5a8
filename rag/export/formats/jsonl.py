"""JSON lines: all that a record holds, a paper a line, as `rag add` reads it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from rag.export.base import PaperFormat

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rag.papers import Paper

__all__ = ["JSONL"]


def _write(papers: Sequence[Paper]) -> str:
    return "".join(json.dumps(paper.as_dict(), ensure_ascii=False) + "\n" for paper in papers)


JSONL = PaperFormat(
    name="jsonl",
    label="JSON lines",
    suffixes=(".jsonl",),
    media_type="application/x-ndjson",
    write=_write,
)
