"""The figures of a library and its map, drawn so that they can be read in light and dark."""

from __future__ import annotations

import textwrap
from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from plotly.graph_objects import Figure

    from rag.library.map import PaperMap
    from rag.library.overview import Overview
    from rag.papers import Paper

__all__ = ["MAX_POINTS", "bar_plots", "map_plot"]

MAX_POINTS = 20_000  # more than a screen can tell apart, and about what a browser draws at once
_INK = "#7c8698"  # grey that is readable on white and on near black
_ACCENT = "#4f7cdb"
_CITED = "#e4572e"
_PALETTE = (
    "#4f7cdb", "#2a9d8f", "#e0a030", "#8a63d2", "#d1607f", "#5fa8d3", "#7fae3c", "#b5835a",
)  # fmt: skip
_KINDS = 7  # sources that get a colour of their own


def bar_plots(overview: Overview) -> tuple[Figure, Figure, Figure]:
    """Draw papers by year, papers by source, and the words of titles."""
    years = dict(overview.years)
    if years:
        years = {year: years.get(year, 0) for year in range(min(years), max(years) + 1)}
    by_year = {str(year): count for year, count in years.items()}
    if overview.undated:
        by_year["no year"] = overview.undated
    return (
        _bars(by_year, upright=True),
        _bars(dict(list(overview.sources.items())[:12]), upright=False),
        _bars(dict(list(overview.words.items())[:15]), upright=False),
    )


def _bars(counts: Mapping[str, int], *, upright: bool) -> Figure:
    from plotly import graph_objects as go

    names, values = list(counts), list(counts.values())
    shown = [_safe(textwrap.shorten(name, 32, placeholder="…")) for name in names]
    if upright:
        bars = go.Bar(x=shown, y=values, marker_color=_ACCENT)
    else:
        bars = go.Bar(x=values[::-1], y=shown[::-1], orientation="h", marker_color=_ACCENT)
    figure = go.Figure(bars)
    figure.update_layout(**_layout(top=44), height=320, bargap=0.25)
    figure.update_xaxes(type="category" if upright else "linear", gridcolor="rgba(124,134,152,.2)")
    figure.update_yaxes(
        type="linear" if upright else "category", gridcolor="rgba(124,134,152,.2)", automargin=True
    )
    return figure


def map_plot(
    drawn: PaperMap, papers: Mapping[str, Paper], *, colour: str, cited: Collection[str] = ()
) -> Figure:
    """Draw the map of the library.

    Args:
        drawn: Where each paper lies.
        papers: What is known of them; those that are missing are left out.
        colour: `year` or `source`.
        cited: Ids of papers to be marked.
    """
    from plotly import graph_objects as go

    rows = _sample(drawn, cited)
    shown = [(drawn.ids[row], drawn.points[row]) for row in rows if drawn.ids[row] in papers]
    ids = [one for one, _ in shown]
    points = np.array([point for _, point in shown]).reshape(-1, 2)
    known = [papers[one] for one in ids]
    figure = go.Figure()
    for trace in _traces(known, points, colour):
        figure.add_trace(trace)
    marked = [index for index, one in enumerate(ids) if one in set(cited)]
    if marked:
        figure.add_trace(
            go.Scattergl(
                x=points[marked, 0],
                y=points[marked, 1],
                mode="markers",
                name="cited",
                marker={"size": 16, "symbol": "star", "color": _CITED},
                text=[_hover(known[index]) for index in marked],
                customdata=[ids[index] for index in marked],
                hovertemplate="%{text}<extra>cited</extra>",
            )
        )
    figure.update_layout(**_layout(), height=560, dragmode="pan")
    figure.update_layout(legend={"orientation": "h", "y": -0.02}, showlegend=len(figure.data) > 1)
    for update in (figure.update_xaxes, figure.update_yaxes):
        update(visible=False, fixedrange=False)
    figure.update_yaxes(scaleanchor="x", scaleratio=1)
    return figure


def _sample(drawn: PaperMap, cited: Collection[str]) -> Sequence[int]:
    count = len(drawn.ids)
    if count <= MAX_POINTS:
        return range(count)
    chosen = set(np.random.default_rng(0).choice(count, MAX_POINTS, replace=False).tolist())
    chosen |= {row for row, one in enumerate(drawn.ids) if one in set(cited)}
    return sorted(chosen)


def _traces(papers: Sequence[Paper], points: Any, colour: str) -> list[Any]:  # noqa: ANN401
    if colour == "source":
        names = [paper.sources[0] if paper.sources else "unknown" for paper in papers]
        own = [name for name, _ in Counter(names).most_common(_KINDS)]
        groups: dict[str, list[int]] = {name: [] for name in own}
        for row, name in enumerate(names):
            groups.setdefault(name if name in own else "other", []).append(row)
        return [
            _points(papers, points, rows, name=name, marker={"color": _PALETTE[index]})
            for index, (name, rows) in enumerate(groups.items())
        ]
    dated = [row for row, paper in enumerate(papers) if paper.year]
    other = [row for row, paper in enumerate(papers) if not paper.year]
    traces = []
    if other:
        traces.append(_points(papers, points, other, name="no year", marker={"color": _INK}))
    if dated:
        marker = {
            "color": [papers[row].year for row in dated],
            "colorscale": "Viridis",
            "showscale": True,
            "colorbar": {"title": "Year", "thickness": 12, "tickformat": "d", "outlinewidth": 0},
        }
        traces.append(_points(papers, points, dated, name="with a year", marker=marker))
    return traces


def _points(
    papers: Sequence[Paper],
    points: Any,  # noqa: ANN401 - an array
    rows: list[int],
    *,
    name: str,
    marker: dict[str, Any],
) -> Any:  # noqa: ANN401 - plotly is not typed here
    from plotly import graph_objects as go

    size = 9 if len(papers) < 1_000 else 5
    return go.Scattergl(
        x=points[rows, 0],
        y=points[rows, 1],
        mode="markers",
        name=_safe(textwrap.shorten(name, 32, placeholder="…")),
        marker={"size": size, "opacity": 0.85, **marker},
        text=[_hover(papers[row]) for row in rows],
        customdata=[papers[row].id for row in rows],
        hovertemplate="%{text}<extra></extra>",
    )


def _hover(paper: Paper) -> str:
    lines = textwrap.wrap(paper.heading or "(untitled)", 60)[:3]
    year = f"<br>{paper.year}" if paper.year else ""
    return "<br>".join(_safe(line) for line in lines) + year


def _safe(text: str) -> str:
    """Take from a text what plotly would read as markup or a template."""
    for char, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("$", "&#36;")):
        text = text.replace(char, entity)
    return text.replace("%{", "% {")


def _layout(top: int = 10) -> dict[str, Any]:
    return {
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"color": _INK, "family": "system-ui, sans-serif", "size": 13},
        "margin": {"l": 10, "r": 10, "t": top, "b": 10},
        "hoverlabel": {"align": "left"},
    }
