"""How the list of papers looks, and what came of adding some."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rag.ui.markup import action, hidden, in_text, number, plain, tag

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rag.index.sync import AddReport
    from rag.papers import Paper

__all__ = ["PAGE", "message_html", "page_line", "report_html", "table_html"]

PAGE = 25  # papers of the list that are shown at once
_SHOWN_REJECTIONS = 50


def table_html(papers: Sequence[Paper], *, choosable: bool) -> str:
    """Show one page of the list.

    Args:
        papers: What is on it.
        choosable: Whether papers can be ticked.
    """
    if not papers:
        return tag("div", "No paper matches.", class_="papers empty")
    heads = ["Choose"] if choosable else []
    heads += ["Paper", "Year", "Venue"]
    head = "".join(
        tag("th", hidden(name) if name == "Choose" else name, scope="col") for name in heads
    )
    rows = "".join(_row(paper, index, choosable) for index, paper in enumerate(papers))
    caption = tag("caption", hidden("Papers of the library"))
    return tag(
        "table",
        caption,
        tag("thead", tag("tr", head)),
        tag("tbody", rows),
        class_="papers choosable" if choosable else "papers",
    )


def _row(paper: Paper, index: int, choosable: bool) -> str:
    cells = []
    if choosable:
        box = f'<input type="checkbox" class="pick" id="pick-{index}" value="{plain(paper.id)}">'
        label = tag("label", box, hidden(f"Choose {paper.heading}"), for_=f"pick-{index}")
        cells.append(tag("td", label, class_="pick"))
    title = action(in_text(paper.heading or "(untitled)"), "open", paper.id, class_="title")
    cells += [
        tag("td", title, tag("div", in_text(paper.credits), class_="byline")),
        tag("td", plain(str(paper.year or "–")), class_="year"),
        tag("td", in_text(paper.venue or "–"), class_="venue"),
    ]
    return tag("tr", *cells)


def page_line(total: int, page: int) -> str:
    """Say which part of the list is shown."""
    if not total:
        return tag("div", "0 papers", class_="page")
    first = page * PAGE + 1
    last = min(total, first + PAGE - 1)
    return tag("div", f"{first:,} to {last:,} of {plain(number(total, 'paper'))}", class_="page")


def report_html(report: AddReport) -> str:
    """Say what came of adding: counts, and everything that was rejected with the reason."""
    kind = "banner" if not report.rejected else "banner stopped"
    parts = [tag("div", tag("strong", plain(report.summary())), class_=kind, role="status")]
    rows = []
    for one in report.rejected[:_SHOWN_REJECTIONS]:
        # The server's folders are nobody's business: the name alone says which file it was.
        name = one.source.rsplit("/", 1)[-1]
        where = ", ".join(part for part in (name, one.place) if part)
        rows.append(tag("li", tag("strong", plain(where)), ": ", plain(one.reason)))
    if (more := report.rejected_count - len(rows)) > 0:
        rows.append(tag("li", f"and {more:,} more"))
    if rows:
        parts.append(tag("ul", *rows, class_="rejected"))
    return "".join(parts)


def message_html(message: str, hint: str = "", *, failed: bool = False) -> str:
    """Show a message."""
    lines = tag("strong", plain(message)) + (tag("div", plain(hint)) if hint else "")
    return tag("div", lines, class_="banner failed" if failed else "banner", role="status")
