"""How the list of papers looks, what came of adding some, and what was merged."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rag.ui.markup import action, hidden, in_text, number, plain, tag

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rag.index.mending import Duplicates, Merged
    from rag.index.sync import AddReport
    from rag.papers import Paper
    from rag.sources import Rejection

__all__ = ["PAGE", "doubtful_html", "message_html", "page_line", "report_html", "table_html"]

PAGE = 25  # papers of the list that are shown at once
_SHOWN_REJECTIONS = 50
_SHOWN_DUPLICATES = 50


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
    cells += [
        tag("td", _link(paper), tag("div", in_text(paper.credits), class_="byline")),
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
    rows = [
        tag("li", tag("strong", plain(_place(one))), ": ", plain(one.reason))
        for one in report.rejected[:_SHOWN_REJECTIONS]
    ]
    if (more := report.rejected_count - len(rows)) > 0:
        rows.append(tag("li", f"and {more:,} more"))
    if report.differing:
        count = number(report.differing_count, "record")
        told = f"{count} merged although the abstracts differ: see Duplicates and rejected records."
        parts.append(tag("div", plain(told), class_="byline"))
    if rows:
        parts.append(tag("ul", *rows, class_="rejected"))
    return "".join(parts)


def doubtful_html(found: Duplicates, rejected: Sequence[Rejection]) -> str:
    """Show what was merged and why, what may be a duplicate, and what gave no paper."""
    merged = [_merged(one) for one in found.merged[:_SHOWN_DUPLICATES]]
    likely = [
        tag(
            "li",
            *(tag("div", _link(paper), " ", _id(paper)) for paper in pair.papers),
            tag("div", plain(pair.why), class_="byline"),
        )
        for pair in found.likely[:_SHOWN_DUPLICATES]
    ]
    reasons = [tag("li", plain(f"{_place(one)}: {one.reason}")) for one in rejected]
    reasons = reasons[-_SHOWN_REJECTIONS:]
    return tag(
        "div",
        _section("Read in several places or forms", merged, len(found.merged)),
        _section("May be one paper, and were not merged", likely, len(found.likely)),
        _section("Gave no paper", reasons, len(rejected)),
        class_="doubtful",
    )


def _section(title: str, rows: Sequence[str], count: int) -> str:
    left = [tag("li", f"and {count - len(rows):,} more")] if count > len(rows) else []
    listed = tag("ul", *rows, *left) if rows else tag("div", "None.", class_="byline")
    return tag("h3", plain(f"{title} ({count:,})")) + listed


def _merged(one: Merged) -> str:
    records = []
    for part in one.parts:
        notes = [part.why] if part.why else []
        notes += ["another abstract"] if one.has_other_abstract(part) else []
        told = "; ".join([", ".join(part.record.sources), *notes])
        records.append(tag("div", plain(told), class_="byline"))
    return tag("li", tag("div", _link(one.paper), " ", _id(one.paper)), *records)


def _link(paper: Paper) -> str:
    return action(in_text(paper.heading or "(untitled)"), "open", paper.id, class_="title")


def _id(paper: Paper) -> str:
    return tag("span", plain(paper.id), class_="byline")


def _place(rejection: Rejection) -> str:
    # The server's folders are nobody's business: the name alone says which file it was.
    name = rejection.source.rsplit("/", 1)[-1]
    return ", ".join(part for part in (name, rejection.place) if part)


def message_html(message: str, hint: str = "", *, failed: bool = False) -> str:
    """Show a message."""
    lines = tag("strong", plain(message)) + (tag("div", plain(hint)) if hint else "")
    return tag("div", lines, class_="banner failed" if failed else "banner", role="status")
