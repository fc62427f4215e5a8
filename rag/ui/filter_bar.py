"""Which papers are searched: the fields to narrow it down, and the line that always says so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import gradio as gr

from rag.errors import QuestionError
from rag.search.query import Filters
from rag.ui.markup import action, in_text, number, plain, tag

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rag.library import Library

__all__ = ["FilterFields", "filter_line", "read_filters"]

DATED = {"Any": None, "With a date": True, "Without a date": False}
_EARLIEST, _LATEST = 1000, 9999


@dataclass
class FilterFields:
    """The fields of a filter, in the order in which `read_filters` takes them."""

    year_from: gr.Number
    year_to: gr.Number
    author: gr.Textbox
    venue: gr.Textbox
    source: gr.Textbox
    dated: gr.Radio
    ids: gr.State

    @classmethod
    def build(cls) -> FilterFields:
        """Add the fields to the page."""
        with gr.Row():
            year_from = gr.Number(label="From year", precision=0, value=None, min_width=110)
            year_to = gr.Number(label="To year", precision=0, value=None, min_width=110)
            author = gr.Textbox(label="Author", max_lines=1, min_width=130, max_length=200)
            venue = gr.Textbox(label="Venue", max_lines=1, min_width=130, max_length=200)
            source = gr.Textbox(label="Source", max_lines=1, min_width=130, max_length=200)
        dated = gr.Radio(list(DATED), value="Any", label="Date of the paper")
        return cls(year_from, year_to, author, venue, source, dated, gr.State(None))

    def all(self) -> list[Any]:
        """Return the fields, as inputs or outputs of an event."""
        return [
            self.year_from,
            self.year_to,
            self.author,
            self.venue,
            self.source,
            self.dated,
            self.ids,
        ]

    @staticmethod
    def empty() -> list[Any]:
        """Return what lifts the filter."""
        return [None, None, "", "", "", "Any", None]


def read_filters(
    year_from: float | None,
    year_to: float | None,
    author: str,
    venue: str,
    source: str,
    dated: str,
    ids: Sequence[str] | None,
) -> Filters | None:
    """Return the filter that the fields describe, None for all papers.

    Raises:
        QuestionError: a year is none, or the years contradict each other.
    """
    years = [int(year) if year else None for year in (year_from, year_to)]
    if any(year is not None and not _EARLIEST <= year <= _LATEST for year in years):
        raise QuestionError("A year has four digits.", hint="Mend the filter, or clear it.")
    filters = Filters(
        year_from=years[0],
        year_to=years[1],
        author=(author or "").strip() or None,
        venue=(venue or "").strip() or None,
        source=(source or "").strip() or None,
        has_date=DATED.get(dated),
        ids=tuple(ids) if ids else None,
    )
    return filters or None


def filter_line(library: Library, filters: Filters | None) -> str:
    """Say in one line which papers are searched."""
    total = len(library)
    if filters is None:
        return tag("div", f"Searching all {plain(number(total, 'paper'))}", class_="filtered")
    count = library.count(filters)
    words = in_text(filters.describe())
    if filters.ids is not None and len(filters.ids) == 1:
        title = in_text(library.paper(filters.ids[0]).heading)
        words = words.replace("1 chosen papers", f"only “{title}”")
    shown = f"Searching {count:,} of {plain(number(total, 'paper'))}: {words}"
    lift = action("Clear filters", "unfilter")
    return tag("div", tag("span", shown), lift, class_="filtered on")
