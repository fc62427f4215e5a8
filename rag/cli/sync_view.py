"""How the news of a sync look in a terminal or a mail."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from rag.text.decoding import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rag.library.sync import SyncReport
    from rag.papers import Paper

__all__ = ["sync_lines"]

_SHOWN = 20


def sync_lines(report: SyncReport) -> Iterator[Text]:
    """Yield what a report says that earlier ones did not: a heading and a line for each paper."""
    if report.dry_run:
        yield Text("A dry run: nothing is stored. It would be:")
    changed = [(one.paper, f": {', '.join(one.fields)}") for one in report.changed]
    retracted = {paper.id for paper in report.retracted}
    removed = {paper.id for paper in report.removed}
    yield from _section("New", [(paper, "") for paper in report.added])
    yield from _section("Retracted since", [(paper, "") for paper in report.retracted])
    yield from _section("Changed", [one for one in changed if one[0].id not in retracted])
    gone = [
        (one.paper, f": was in {', '.join(one.sources)}")
        for one in report.gone
        if not one.said_before and one.paper.id not in removed
    ]
    yield from _section("Gone from where they were (kept)", gone)
    yield from _section("Removed", [(paper, "") for paper in report.removed])
    if report.rejected:
        yield Text(f"Rejected ({len(report.rejected):,})", style="bold")
        yield from (Text(f"  {one_line(str(one))}") for one in report.rejected[:_SHOWN])
        yield from _more(len(report.rejected))


def _section(heading: str, rows: Sequence[tuple[Paper, str]]) -> Iterator[Text]:
    if not rows:
        return
    yield Text(f"{heading} ({len(rows):,})", style="bold")
    for paper, behind in rows[:_SHOWN]:
        yield Text(f"  {paper.heading or '(untitled)'} ({paper.id}){one_line(behind)}")
    yield from _more(len(rows))


def _more(count: int) -> Iterator[Text]:
    if count > _SHOWN:
        yield Text(f"  ... and {count - _SHOWN:,} more; --json lists them all.")
