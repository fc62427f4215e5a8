"""The library: the list of papers, adding and removing some, and figures."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Sequence  # noqa: TC003 - Gradio reads the annotations
from typing import TYPE_CHECKING, Any

import gradio as gr

from rag.errors import RagError
from rag.export import paper_formats
from rag.registry import choose
from rag.sources import all_readers, file_suffixes
from rag.ui.library_view import (
    PAGE,
    doubtful_html,
    message_html,
    page_line,
    report_html,
    table_html,
)
from rag.ui.markup import LATEX, number
from rag.ui.site import warn
from rag.ui.uploads import MAX_PASTED, handed_in

if TYPE_CHECKING:
    from rag.index.catalog import Sort
    from rag.index.sync import AddReport
    from rag.papers import Paper
    from rag.ui.site import Shared, Site

__all__ = ["LibraryTab"]

_LOG = logging.getLogger(__name__)
_SORTS: dict[str, tuple[Sort, bool]] = {
    "Title, A to Z": ("title", False),
    "Title, Z to A": ("title", True),
    "Newest first": ("year", True),
    "Oldest first": ("year", False),
}
_MOST_EXPORTED = 20_000  # papers that are handed to the page at once; more on the command line
# The ids of the papers that are ticked on the page.
_TICKED = """(_, ...rest) => [
  JSON.stringify([...document.querySelectorAll('#papers input.pick:checked')].map(b => b.value)),
  ...rest]"""
_QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}


class LibraryTab:
    """The tab and its events.

    Args:
        site: What the page is about.
        shared: Components outside the tab.
    """

    def __init__(self, site: Site, shared: Shared) -> None:
        self._site = site
        self._shared = shared
        self._changes = not site.options.read_only
        self._build()
        self._wire()

    def _build(self) -> None:
        with gr.Accordion("Add papers", open=False, visible=self._changes, elem_id="add"):
            with gr.Row():
                self.files = gr.File(
                    label=f"Files: {', '.join(reader.label for reader in all_readers())}",
                    file_count="multiple",
                    file_types=file_suffixes(),
                    height=170,
                )
                self.pasted = gr.Textbox(
                    label="Or paste the text of such a file",
                    lines=6,
                    max_lines=6,
                    max_length=MAX_PASTED,
                )
            self.add = gr.Button("Add", variant="primary", elem_id="add-button")
            self.report = gr.Markdown(elem_id="add-report", container=False)
        with gr.Row(elem_id="list-tools"):
            self.words = gr.Textbox(
                label="Find in titles and authors", max_lines=1, max_length=200, scale=3
            )
            self.sort = gr.Dropdown(
                list(_SORTS), value=next(iter(_SORTS)), label="Order", scale=1, min_width=150
            )
        self.table = gr.Markdown(latex_delimiters=LATEX, elem_id="papers", container=False)
        with gr.Row(elem_id="pages", equal_height=True):
            self.before = gr.Button("Previous", size="sm", min_width=90)
            self.where = gr.Markdown(elem_id="where", container=False)
            self.after = gr.Button("Next", size="sm", min_width=90)
        self.page = gr.State(0)
        self.ticked = gr.Textbox(visible=False)
        with gr.Row(elem_id="list-acts", equal_height=True):
            self.format = gr.Dropdown(
                [(one.label, one.name) for one in paper_formats()],
                value="bibtex",
                label="Export as",
                min_width=130,
            )
            self.export = gr.Button("Export ticked, or all that match", size="sm", min_width=180)
            self.remove = gr.Button(
                "Remove ticked", variant="stop", size="sm", min_width=120, visible=self._changes
            )
            self.undo = gr.Button("Undo", size="sm", min_width=90, visible=False, elem_id="undo")
        self.removed = gr.State([])
        self.done = gr.Markdown(elem_id="list-report", container=False)
        with gr.Accordion(
            "Duplicates and rejected records", open=False, elem_id="doubtful"
        ) as self.doubts:
            self.doubtful = gr.Markdown(latex_delimiters=LATEX, container=False)
        with gr.Accordion("Statistics", open=False, elem_id="statistics") as self.statistics:
            with gr.Row():
                self.years = gr.Plot(label="Papers by year", min_width=280)
                self.sources = gr.Plot(label="Papers by source", min_width=280)
            self.frequent = gr.Plot(label="Words of the titles, by papers")

    def _wire(self) -> None:
        shown = [self.table, self.where, self.page]
        look = [self.words, self.sort, self.page]
        gone = [self.removed, self.undo, self.done]
        for changed in (self.words.change, self.sort.change):
            changed(self.first_page, look[:2], shown, trigger_mode="always_last", **_QUIET)
        self.before.click(self._turn_back, look, shown, **_QUIET)
        self.after.click(self._turn_on, look, shown, **_QUIET)
        self.export.click(
            self._export,
            [self.ticked, self.format, self.words, self.sort],
            [self._shared.bridge, self.done],
            js=_TICKED,
            **_QUIET,
        )
        self.statistics.expand(
            self._figures, None, [self.years, self.sources, self.frequent], **_QUIET
        )
        self.doubts.expand(self._show_doubtful, None, self.doubtful, **_QUIET)
        if not self._changes:
            return
        self.remove.click(self._remove, [self.ticked, self.removed], gone, js=_TICKED, **_QUIET)
        self.undo.click(self._put_back, self.removed, gone, **_QUIET)
        self.done.change(self.same_page, look, shown, **_QUIET)
        self.add.click(
            self._add,
            [self.files, self.pasted],
            [self.report, self.add, self.files, self.pasted],
            concurrency_limit=4,
            **_QUIET,
        ).then(self.same_page, look, shown, **_QUIET)

    # --- the list -----------------------------------------------------------------------------

    def first_page(self, words: str, sort: str) -> list[Any]:
        """Show the list from its beginning."""
        return self.same_page(words, sort, 0)

    def same_page(self, words: str, sort: str, page: int) -> list[Any]:
        """Show the list again, as it is now."""
        order, descending = _SORTS.get(sort, ("title", False))
        try:
            papers, total = self._site.library.browse(
                words or "", sort=order, descending=descending, limit=PAGE, offset=page * PAGE
            )
        except RagError as error:
            return [message_html(error.message, error.hint), "", 0]
        if total and not papers:  # some were removed meanwhile
            return self.same_page(words, sort, (total - 1) // PAGE)
        return [table_html(papers, choosable=True), page_line(total, page), page]

    def _turn_back(self, words: str, sort: str, page: int) -> list[Any]:
        return self.same_page(words, sort, max(0, page - 1))

    def _turn_on(self, words: str, sort: str, page: int) -> list[Any]:
        return self.same_page(words, sort, page + 1)

    def _figures(self) -> tuple[Any, Any, Any]:
        from rag.ui.plots import bar_plots

        try:
            return bar_plots(self._site.library.overview())
        except RagError as error:
            warn(error)
            return None, None, None

    def _show_doubtful(self) -> str:
        library = self._site.library
        try:
            return doubtful_html(library.duplicates(), library.rejects())
        except RagError as error:
            return message_html(error.message, error.hint)

    def _export(self, ticked: str, name: str, words: str, sort: str) -> list[Any]:
        try:
            chosen = choose(name, paper_formats())
            ids = _ids(ticked)
            if not ids:
                order, descending = _SORTS.get(sort, ("title", False))
                papers, total = self._site.library.browse(
                    words or "", sort=order, descending=descending, limit=_MOST_EXPORTED
                )
                if total > _MOST_EXPORTED:
                    raise RagError(
                        f"{total:,} papers are too many for the page.",
                        hint=f"Use the command line: rag export --format {name}",
                    )
                ids = [paper.id for paper in papers]
            content = self._site.library.export(ids, name)
        except RagError as error:
            return [gr.skip(), message_html(error.message, error.hint, failed=True)]
        said = f"Exported {number(len(ids), 'paper')}."
        return [self._site.save_command(chosen, content, said), message_html(said)]

    # --- changes ------------------------------------------------------------------------------

    def _remove(self, ticked: str, removed: list[list[Paper]]) -> list[Any]:
        ids = _ids(ticked)
        if not self._changes or not ids:
            message = message_html("Nothing is ticked.", "Tick the papers that are to go.")
            return [removed, gr.skip(), message]
        try:
            gone = self._site.library.remove(*ids)
        except RagError as error:
            return [removed, gr.skip(), message_html(error.message, error.hint, failed=True)]
        removed = [*removed, gone]
        said = f"Removed {number(len(gone), 'paper')}."
        return [removed, _undo_button(removed), message_html(said, "Undo puts them back.")]

    def _put_back(self, removed: list[list[Paper]]) -> list[Any]:
        if not self._changes or not removed:
            return [removed, gr.Button(visible=False), ""]
        try:
            self._site.library.add_papers(removed[-1])
        except RagError as error:
            return [removed, gr.skip(), message_html(error.message, error.hint, failed=True)]
        said = f"Put back {number(len(removed[-1]), 'paper')}."
        removed = removed[:-1]
        return [removed, _undo_button(removed), message_html(said)]

    async def _add(
        self, files: Sequence[str] | None, pasted: str
    ) -> AsyncGenerator[tuple[Any, ...], None]:
        """Add what was handed in, saying how far it got; yield report, button, files and text."""
        if not self._changes:
            yield message_html("The library is read-only here.", failed=True), *[gr.skip()] * 3
            return
        busy = gr.Button("Adding …", interactive=False)
        yield message_html("Reading …"), busy, gr.skip(), gr.skip()
        read: asyncio.Queue[int] = asyncio.Queue()
        loop = asyncio.get_running_loop()

        def add() -> AddReport:
            def progress(count: int) -> None:
                loop.call_soon_threadsafe(read.put_nowait, count)

            with handed_in(files or [], pasted or "") as sources:
                return self._site.library.add(*sources, remember=False, progress=progress)

        task = asyncio.create_task(self._site.in_background(add))
        while not task.done():
            counting = asyncio.create_task(read.get())
            await asyncio.wait({task, counting}, return_when=asyncio.FIRST_COMPLETED)
            if counting.done():
                shown = message_html(f"Read {number(counting.result(), 'paper')} …")
                yield shown, busy, gr.skip(), gr.skip()
            counting.cancel()
        ready = gr.Button("Add", interactive=True)
        try:
            yield report_html(task.result()), ready, None, ""
        except RagError as error:
            yield message_html(error.message, error.hint, failed=True), ready, *[gr.skip()] * 2
        except Exception:  # noqa: BLE001 - the page goes on, the log has the traceback
            _LOG.exception("Adding failed.")
            message = message_html("Something unexpected went wrong.", "Try again.", failed=True)
            yield message, ready, *[gr.skip()] * 2


def _ids(ticked: str) -> list[str]:
    """Read the ids that the page sends."""
    import json

    try:
        found = json.loads(ticked or "[]")
    except ValueError:
        return []
    return [str(one) for one in found if isinstance(one, str)][:PAGE]


def _undo_button(removed: Sequence[Sequence[Paper]]) -> gr.Button:
    if not removed:
        return gr.Button(visible=False)
    return gr.Button(f"Undo: put back {number(len(removed[-1]), 'paper')}", visible=True)
