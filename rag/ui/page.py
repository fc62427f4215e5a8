"""The page: its head, its tabs, the panel with papers, and what a click in them does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import gradio as gr

from rag.errors import RagError
from rag.export import answer_formats, conversation_formats
from rag.registry import choose
from rag.ui.chat_tab import OPENED, ChatTab
from rag.ui.endpoints import add_endpoints
from rag.ui.library_tab import LibraryTab
from rag.ui.map_tab import MapTab
from rag.ui.markup import LATEX, action, tag
from rag.ui.site import Shared, Site, warn
from rag.ui.source_view import empty_html, single_html, sources_html
from rag.ui.theme import script
from rag.ui.uploads import KEPT, Page

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rag.library import Library
    from rag.ui.options import ServeOptions

__all__ = ["build_page"]

TITLE = "Ask the abstracts"
# Each tab of the browser keeps a random key of its own, through reloads and no longer.
_KEY = """() => {
  let key = null;
  try { key = sessionStorage.getItem('rag-conversation'); } catch { key = window.ragKey; }
  if (!key) {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    key = [...bytes].map((one) => one.toString(16).padStart(2, '0')).join('');
    try { sessionStorage.setItem('rag-conversation', key); } catch { window.ragKey = key; }
  }
  return [key];
}"""


def build_page(library: Library, options: ServeOptions) -> tuple[gr.Blocks, Site]:
    """Build the page over a library.

    Args:
        library: The papers; may be empty.
        options: What is allowed.
    """
    site = Site(library, options)
    with Page(
        title=TITLE, analytics_enabled=False, fill_width=True, delete_cache=(KEPT // 4, KEPT)
    ) as page:
        _Page(site).build(page)
        add_endpoints(site)
    page.queue(max_size=64, default_concurrency_limit=8)
    return page, site


class _Page:
    """The parts of the page and the events between them."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def build(self, page: gr.Blocks) -> None:
        """Add everything to the page."""
        sent_key = gr.Textbox(visible=False)
        gr.HTML(self._head(), elem_id="head", js_on_load=None)
        with gr.Row(elem_id="main"):
            with gr.Column(scale=13, min_width=320, elem_id="work"):
                # Made first, shown second: the tabs' events write to it.
                sources = gr.Markdown(
                    empty_html(),
                    latex_delimiters=LATEX,
                    elem_id="sources",
                    container=False,
                    render=False,
                )
                bridge = gr.HTML(
                    "",
                    html_template="<span></span>",
                    js_on_load=script(),
                    command={},
                    elem_id="bridge",
                )
                shared = Shared(sources, bridge)
                with gr.Tabs():
                    with gr.Tab("Chat", id="chat"):
                        self.chat = ChatTab(self._site, shared)
                    with gr.Tab("Library", id="library") as library_tab:
                        self.library = LibraryTab(self._site, shared)
                    with gr.Tab("Map", id="map") as map_tab:
                        self.map = MapTab(self._site, shared)
            with gr.Column(scale=8, min_width=300, elem_id="side"):
                sources.render()  # type: ignore[no-untyped-call]
        self.map.wire(map_tab)
        quick: dict[str, Any] = {
            "queue": False,
            "show_progress": "hidden",
            "api_visibility": "private",
        }
        bridge.click(
            self._act,
            self.chat.fields.all(),
            [bridge, sources, *self.chat.fields.all(), self.chat.line],
            **quick,
        )
        library_tab.select(
            self.library.same_page,
            [self.library.words, self.library.sort, self.library.page],
            [self.library.table, self.library.where, self.library.page],
            **quick,
        )
        page.load(
            self._opened,
            sent_key,
            [self.chat.chat, sources, self.chat.line],
            js=_KEY,
            **quick,
        ).then(
            self.chat.offered,
            None,
            self.chat.examples,
            js=OPENED,
            **quick,
        )

    def _head(self) -> str:
        theme = action("Light or dark", "theme", class_="act")
        badge = tag("span", "read-only", class_="badge") if self._site.options.read_only else ""
        said = '<span id="said" class="sr" role="status" aria-live="polite"></span>'
        title = tag("h1", TITLE)
        return tag("header", title, badge, tag("nav", theme), said, class_="rag-head")

    def _opened(self, sent_key: str, request: gr.Request) -> list[Any]:
        """Show a conversation again after a reload, or an empty one."""
        conversation = self._site.open_conversation(sent_key, request)
        self._site.warm_up(after=0.2)  # when this answer is on its way
        return self.chat.opened(conversation)

    # --- what a click on one of our own links does -------------------------------------------

    def _act(self, data: gr.EventData, request: gr.Request, *fields: Any) -> list[Any]:  # noqa: ANN401
        unchanged: list[Any] = [gr.skip()] * (len(fields) + 3)
        path = (data._data or {}).get("path")  # noqa: SLF001 - the way to a custom event's data
        if (
            not isinstance(path, list)
            or not all(isinstance(part, str) for part in path)
            or not path
        ):
            return unchanged
        verb, *rest = path
        try:
            if verb in {"only", "unfilter"}:
                return self._narrow(rest if verb == "only" else None)
            shown, command = self._look(verb, rest, request)
        except RagError as error:
            warn(error)
            return unchanged
        except (ValueError, IndexError):  # a link of an answer that is gone, or made up
            warn("There is nothing behind this link any more.")
            return unchanged
        unchanged[0] = command
        if shown is not None:
            unchanged[1] = shown
        return unchanged

    def _narrow(self, ids: Sequence[str] | None) -> list[Any]:
        """Ask about one paper only, or about all again."""
        fields = self.chat.fields.empty()
        if ids:
            fields[-1] = (self._site.library.paper(ids[0]).id,)
        line = self.chat.describe_ids(*fields)
        said = "Questions are about this paper only." if ids else "Questions are about all papers."
        return [self._site.command("ask", said=said), gr.skip(), *fields, line]

    def _look(self, verb: str, rest: Sequence[str], request: gr.Request) -> tuple[str | None, Any]:
        """Return what the panel shows, None for no change, and what the page does."""
        command, library = self._site.command, self._site.library
        if verb == "open":
            return single_html(library.paper(rest[0])), command("reveal")
        if verb == "more":
            paper = library.paper(rest[0])
            similar = [hit.paper for hit in library.similar(paper.id, 6)]
            return single_html(paper, similar=similar), command("reveal")
        conversation = self._site.conversation(request)
        if verb == "keep":
            kept = choose(rest[0], conversation_formats())
            content = conversation.chat.export(kept.name)
            return None, self._site.save_command(kept, content, "Downloaded.")
        answer = conversation.answer(int(rest[0]))
        if answer is None:
            raise ValueError(verb)
        if verb == "cite":
            n, sentence = int(rest[1]), int(rest[2])
            if sentence >= len(answer.sentences) or sentence < 0:
                raise ValueError(verb)
            return sources_html(answer, n=n, sentence=sentence), command("reveal")
        if verb == "copy":
            return None, command("copy", text=answer.export("markdown"), said="Copied.")
        if verb == "save":
            saved = choose(rest[1], answer_formats())
            return None, self._site.save_command(saved, answer.export(saved.name), "Downloaded.")
        raise ValueError(verb)
