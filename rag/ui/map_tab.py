"""The map: the library as a picture, drawn in the background and kept."""

from __future__ import annotations

import logging
import threading
from collections.abc import AsyncGenerator  # noqa: TC003 - Gradio reads the annotations
from typing import TYPE_CHECKING, Any

import gradio as gr

from rag.errors import RagError
from rag.ui.library_view import message_html
from rag.ui.markup import number, plain, tag
from rag.ui.plots import MAX_POINTS, map_plot

if TYPE_CHECKING:
    from rag.library.map import PaperMap
    from rag.papers import Paper
    from rag.ui.site import Shared, Site

__all__ = ["MapTab"]

_LOG = logging.getLogger(__name__)
_COLOURS = {"Year": "year", "Source": "source"}


class MapTab:
    """The tab and its events.

    Args:
        site: What the page is about.
        shared: Components outside the tab.
    """

    def __init__(self, site: Site, shared: Shared) -> None:
        self._site = site
        self._shared = shared
        # One picture is drawn at a time, whoever asks; the library keeps the result.
        self._drawing = threading.Lock()
        self._build()

    def _build(self) -> None:
        with gr.Row(elem_id="map-tools"):
            self.colour = gr.Radio(list(_COLOURS), value="Year", label="Colour", min_width=200)
            self.again = gr.Button("Draw again", size="sm", min_width=110, elem_id="draw")
        self.said = gr.Markdown(elem_id="map-said", container=False)
        self.plot = gr.Plot(show_label=False, elem_id="map")

    def wire(self, tab: gr.Tab) -> None:
        """Draw when the tab is opened, and when asked to."""
        options: dict[str, Any] = {
            "inputs": self.colour,
            "outputs": [self.said, self.plot],
            "show_progress": "hidden",
            "concurrency_limit": 4,
            "api_visibility": "private",
        }
        for event in (tab.select, self.colour.change, self.again.click):
            event(self._draw, **options)

    async def _draw(
        self, colour: str, request: gr.Request
    ) -> AsyncGenerator[tuple[Any, Any], None]:
        yield (
            message_html("Drawing the map …", "A large library takes some minutes once."),
            gr.skip(),
        )
        try:
            drawn, papers = await self._site.in_background(self._drawn)
        except RagError as error:
            yield message_html(error.message, error.hint, failed=True), None
            return
        except Exception:  # noqa: BLE001 - the page goes on, the log has the traceback
            _LOG.exception("The map could not be drawn.")
            yield message_html("The map could not be drawn.", "Try again.", failed=True), None
            return
        last = self._site.conversation(request).last
        cited = [paper.id for paper in last.papers.values()] if last else []
        figure = map_plot(drawn, papers, colour=_COLOURS.get(colour, "year"), cited=cited)
        yield _caption(len(drawn.ids), len(cited)), figure

    def _drawn(self) -> tuple[PaperMap, dict[str, Paper]]:
        with self._drawing:
            drawn = self._site.library.map()
        return drawn, {paper.id: paper for paper in self._site.library.papers()}


def _caption(count: int, cited: int) -> str:
    said = f"{number(count, 'paper')}; those on one subject lie close together."
    if count > MAX_POINTS:
        said += f" {MAX_POINTS:,} of them are drawn."
    if cited:
        said += f" Stars: the {number(cited, 'paper')} that the last answer cites."
    return tag("div", plain(f"{said} Choose a point to open the paper."), class_="page")
