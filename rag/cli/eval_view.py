"""How the figures of a labelled set look in a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rich.console import RenderableType

    from rag.evaluation.answers import AnswerReport, Figures
    from rag.evaluation.report import EvalReport
    from rag.evaluation.retrieval import RetrievalReport

__all__ = ["eval_view"]


def eval_view(report: EvalReport) -> RenderableType:
    """Lay out a report: one table for each thing that was measured."""
    from rag.evaluation.answers import EVIDENCE_METRICS

    what = "queries" if report.retrieval else "questions"
    head = f"{report.dataset}, {report.split}: {report.queries:,} {what}, {report.mode}"
    head += f", read again by {report.rerank}" if report.rerank != "off" else ""
    parts: list[RenderableType] = [Text(head, style="bold")]
    if report.retrieval:
        parts += _retrieval(report.retrieval)
    if report.evidence:
        parts.append(_heading(f"Evidence in the right abstract: {report.evidence.count:,} pairs"))
        parts.append(_figures(report.evidence, EVIDENCE_METRICS))
    if report.answers:
        parts += _answers(report.answers)
    if report.left_out:
        parts.append(_heading("What the set lacks"))
        parts.append(_grid([[f"{count:,}", what] for what, count in report.left_out.items()]))
    return Group(*parts)


def _retrieval(report: RetrievalReport) -> list[RenderableType]:
    rows = [[n, _number(v), _span(report.intervals[n])] for n, v in report.metrics.items()]
    for row, name in zip(rows, report.metrics, strict=True):
        if compared := report.comparison.get(name):
            row += [f"{compared.difference:+.4f}", _span(compared.interval, sign="+")]
            row.append(_p(compared.p))
    titles = ["", "mean", "95% interval"]
    titles += ["difference", "95% interval", "p"] if report.comparison else []
    pace = f"Search: {report.latency['p50']:.0f} ms (p50), {report.latency['p95']:.0f} ms (p95)"
    return [_grid(rows, titles), Text(pace, style="dim")]


def _answers(report: AnswerReport) -> list[RenderableType]:
    from rag.evaluation.answers import ANSWER_METRICS

    parts: list[RenderableType] = [_heading(f"Answers: {report.overall.count:,} questions")]
    parts.append(_figures(report.overall, ANSWER_METRICS))
    if len(report.kinds) > 1:
        names = [name for name in ANSWER_METRICS if name not in {"AURC", "ECE"}]
        rows = [
            [kind, f"{figures.count:,}"]
            + [f"{figures.metrics[n]:.2f}" if n in figures.metrics else "-" for n in names]
            for kind, figures in report.kinds.items()
        ]
        parts += [
            _heading("By kind"),
            _grid(rows, ["", "n", *(n.replace("-", "\n") for n in names)]),
        ]
    if report.curve:
        rows = [
            [f"{point.coverage:.0%}", f"{point.risk:.1%}", f"{point.confidence:.2f}"]
            for point in report.curve
        ]
        parts.append(_heading("When only the surest questions are answered"))
        parts.append(_grid(rows, ["answered", "wrong", "confidence from"]))
    if report.calibration:
        rows = [
            [
                point.words,
                f"{point.count:,}",
                f"{point.confidence:.2f}",
                f"{point.answerable:.0%}",
                f"{point.right:.0%}",
            ]
            for point in report.calibration
        ]
        parts.append(_heading("How sure the answers given were"))
        parts.append(_grid(rows, ["", "n", "confidence", "have an answer", "right paper first"]))
    return parts


def _figures(figures: Figures, meanings: dict[str, str]) -> Table:
    rows = [
        [name, _number(figures.metrics[name]), _span(figures.intervals.get(name)), meaning]
        for name, meaning in meanings.items()
        if name in figures.metrics
    ]
    return _grid(rows, ["", "", "95% interval", ""])


def _heading(text: str) -> Text:
    return Text(f"\n{text}", style="bold")


def _grid(rows: Iterable[Sequence[str]], titles: Sequence[str] = ()) -> Table:
    rows = list(rows)
    table = Table(
        box=None, show_header=bool(titles), pad_edge=False, padding=(0, 2, 0, 0), header_style="dim"
    )
    for number in range(max(map(len, rows), default=0)):
        title = titles[number] if number < len(titles) else ""
        numeric = all(_is_number(row[number]) for row in rows)
        table.add_column(title, justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        table.add_row(*row)
    return table


def _is_number(text: str) -> bool:
    return text.strip("-+<%").replace(".", "").replace(",", "").isdecimal() or text == "-"


def _number(value: float) -> str:
    return f"{value:.4f}"


def _span(interval: tuple[float, float] | None, sign: str = "") -> str:
    return f"{interval[0]:{sign}.3f} to {interval[1]:{sign}.3f}" if interval else ""


def _p(value: float) -> str:
    return "<0.001" if value < 0.001 else f"{value:.3f}"
