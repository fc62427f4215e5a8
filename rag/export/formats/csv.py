"""CSV: a table of papers for spreadsheets and programs, all that a record holds in its columns."""

from __future__ import annotations

import csv
import io
import re
from typing import TYPE_CHECKING

from rag.export.base import PaperFormat
from rag.text.decoding import one_line
from rag.text.names import join_names

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rag.papers import Paper

__all__ = ["CSV"]

_COLUMNS = (
    "title", "abstract", "authors", "author_count", "date", "year", "venue", "url", "doi",
    "arxiv_id", "other_ids", "retracted", "citation_key", "id",
)  # fmt: skip
# What spreadsheets run as a formula; an apostrophe makes it text, there and for our reader.
_FORMULA = re.compile(r"'*[=+\-@]")


def _write(papers: Sequence[Paper]) -> str:
    if not papers:
        return ""
    text = io.StringIO()
    text.write("\ufeff")  # or Excel takes accents for something else
    rows = csv.writer(text, lineterminator="\r\n")
    rows.writerow(_COLUMNS)
    rows.writerows([_cell(value) for value in _row(paper)] for paper in papers)
    return text.getvalue()


def _row(paper: Paper) -> list[str]:
    values = paper.as_dict()
    values["authors"] = join_names(paper.authors)
    values["other_ids"] = " ".join(paper.other_ids)
    values["citation_key"] = paper.key
    values["retracted"] = "true" if paper.retracted else ""
    return ["" if values[name] is None else one_line(str(values[name])) for name in _COLUMNS]


def _cell(text: str) -> str:
    return f"'{text}" if _FORMULA.match(text) else text


CSV = PaperFormat(
    name="csv", label="CSV", suffixes=(".csv",), media_type="text/csv; charset=utf-8", write=_write
)
