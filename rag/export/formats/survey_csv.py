"""CSV: the table of a survey, for spreadsheets."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from rag.export.base import SurveyFormat

if TYPE_CHECKING:
    from rag.export.protocols import ExportedCell, ExportedSurvey

__all__ = ["SURVEY"]

_COLUMNS = (
    "id", "title", "authors", "year", "says", "says_start", "says_end", "number", "number_start",
    "number_end", "direction", "direction_start", "direction_end", "change",
)  # fmt: skip
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def _write(survey: ExportedSurvey) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(_COLUMNS)
    for row in survey.rows:
        paper = row.paper
        facts = (paper.id, paper.heading, "; ".join(paper.authors), str(paper.year or ""))
        cells = [*_cell(row.says), *_cell(row.number), *_cell(row.direction)]
        writer.writerow([_harmless(value) for value in (*facts, *cells, row.change)])
    return out.getvalue()


def _cell(cell: ExportedCell | None) -> tuple[str, str, str]:
    return (cell.text, str(cell.start), str(cell.end)) if cell else ("", "", "")


def _harmless(value: str) -> str:
    """Keep a spreadsheet from taking a paper's words for a formula."""
    return f"'{value}" if value.startswith(_FORMULA) else value


SURVEY = SurveyFormat(
    name="csv", label="CSV", suffixes=(".csv",), media_type="text/csv", write=_write
)
