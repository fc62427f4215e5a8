"""How papers look in a terminal: at 80 columns, and without colour too."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group
from rich.padding import Padding
from rich.style import Style
from rich.table import Table
from rich.text import Text

from rag.papers import has_page, way_out
from rag.text.decoding import one_line
from rag.text.safety import for_terminal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from rich.console import RenderableType

    from rag.index.mending import Duplicates
    from rag.index.sync import AddReport
    from rag.papers import Paper
    from rag.search.hybrid import Hit

__all__ = [
    "duplicates_lines",
    "facts_view",
    "hits_view",
    "numbered",
    "paper_lines",
    "paper_view",
    "report_lines",
    "sources_view",
]

_SHOWN_REJECTIONS = 10


def paper_lines(paper: Paper, *, link: bool = True) -> Text:
    """Return what names a paper: title, authors, id, and an address that leads to it.

    Args:
        paper: The paper.
        link: Whether the address is shown also where the paper's own is known; in terminals that
            have links the id is one in any case.
    """
    text = Text(for_terminal(paper.heading) or "(untitled)", style="bold")
    if paper.byline:
        text.append(f"\n{for_terminal(paper.byline)}", style="not bold")
    out = way_out(paper)
    text.append("\n")
    text.append(for_terminal(paper.id), style=Style(bold=False, dim=True, link=out))
    if link or not has_page(paper):
        text.append(f"\n{out}", style="not bold dim")
    return text


def numbered(rows: Iterable[tuple[str, RenderableType]]) -> Table:
    """Lay out rows with their numbers or marks in front."""
    table = Table.grid(padding=(0, 1))
    table.add_column(justify="right", no_wrap=True)
    table.add_column(overflow="fold")
    for index, (label, row) in enumerate(rows):
        if index:
            table.add_row()
        table.add_row(label, row)
    return table


def sources_view(papers: Mapping[int, Paper]) -> list[RenderableType]:
    """Lay out cited papers by their numbers."""
    if not papers:
        return []
    rows = ((f"[{n}]", paper_lines(paper)) for n, paper in sorted(papers.items()))
    return [Text("\nSources\n", style="bold"), numbered(rows)]


def hits_view(hits: Sequence[Hit], notes: Sequence[str] = ()) -> RenderableType:
    """Lay out search results: each paper with the passage that was found."""
    rows = []
    for hit in hits:
        passage = Text(_clip(hit.passage.text, 240), style="dim")
        rows.append((f"{hit.rank}.", Group(paper_lines(hit.paper, link=False), passage)))
    return Group(numbered(rows), *(Text(f"\n{note}", style="dim") for note in notes))


def paper_view(paper: Paper) -> RenderableType:
    """Lay out all that is known of one paper."""
    abstract = Padding(Text(paper.abstract or "(no abstract)"), (1, 0, 0, 0))
    origin = [Text("\nRead from: " + ", ".join(paper.sources), style="dim")]
    if paper.other_ids:
        origin.append(Text("Also known as: " + ", ".join(paper.other_ids), style="dim"))
    for part in paper.history.parts[1:]:
        line = f"Merged with {part.record.id} of {', '.join(part.record.sources)}: {part.why}"
        origin.append(Text(line, style="dim"))
    return Group(paper_lines(paper), abstract, *origin)


def facts_view(rows: Iterable[tuple[str, str]]) -> RenderableType:
    """Lay out names and values."""
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True, style="bold")
    table.add_column(overflow="fold")
    for name, value in rows:
        table.add_row(name, value)
    return table


def duplicates_lines(found: Duplicates) -> Iterator[Text]:
    """Say what was merged and why, and what may be duplicates."""
    count = len(found.merged)
    papers = "1 paper was" if count == 1 else f"{count:,} papers were"
    yield Text(f"{papers} read in several places or forms.", style="bold")
    for one in found.merged:
        yield Text(f"\n{one.paper.heading or '(untitled)'}\n{one.paper.id}")
        for part in one.parts:
            notes = [part.why] if part.why else []
            if one.has_other_abstract(part):
                notes.append("another abstract")
            sources = ", ".join(part.record.sources)
            yield Text("; ".join([f"  {part.record.id}, {sources}", *notes]), style="dim")
    count = len(found.likely)
    pairs = "1 pair of papers" if count == 1 else f"{count:,} pairs of papers"
    yield Text(f"\n{pairs} may be one and were not merged.", style="bold")
    for pair in found.likely:
        ids = "\n".join(paper.id for paper in pair.papers)
        yield Text(f"\n{pair.papers[0].heading or '(untitled)'}\n{ids}")
        yield Text(f"  {pair.why}", style="dim")
    if found.merged or found.likely:
        yield Text("\nMend them with: rag split ID RECORD, rag merge ID ID")


def report_lines(report: AddReport) -> tuple[Text, list[Text]]:
    """Sum up what came of adding: one line, and a line for each of the first rejections."""
    shown_first = report.rejected[:_SHOWN_REJECTIONS]
    lines = [Text(_differing(report))] if report.differing else []
    # The name of a file is whatever somebody called it.
    lines += [Text(f"Rejected: {one_line(str(one))}") for one in shown_first]
    more = report.rejected_count - len(shown_first)
    if more > 0:
        all_of_them = "the first of them" if report.rejected_more else "them all"
        lines.append(Text(f"... and {more:,} more; --json lists {all_of_them}."))
    return Text(report.summary()), lines


def _differing(report: AddReport) -> str:
    count = report.differing_count
    records = "1 record was" if count == 1 else f"{count:,} records were"
    first = one_line(_clip(report.differing[0].title, 60))
    return (
        f'Merged: {records} merged although the abstracts differ ("{first}"); '
        "rag papers --duplicates tells why."
    )


def _clip(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1].rsplit(" ", 1)[0] + " …"
