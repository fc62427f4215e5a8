"""The chat: questions, answers as they are written, and what narrows the search."""

from __future__ import annotations

from collections.abc import AsyncGenerator  # noqa: TC003 - Gradio reads the annotations
from typing import TYPE_CHECKING, Any

import gradio as gr

from rag.errors import RagError
from rag.export import conversation_formats
from rag.search.query import MAX_QUESTION
from rag.ui.answering import answer_question
from rag.ui.conversations import as_typed
from rag.ui.filter_bar import FilterFields, filter_line, read_filters
from rag.ui.markup import LATEX, action, number, plain, tag
from rag.ui.site import warn
from rag.ui.source_view import empty_html, sources_html

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rag.search.query import Filters
    from rag.ui.conversations import Conversation
    from rag.ui.site import Shared, Site

__all__ = ["OPENED", "ChatTab"]

_QUOTES = ""  # the writer's name when no model writes
_AT_ONCE = 16  # answers that are written at the same time; more wait in line
# What the page shows when it is opened may be under way still, and must not come after an answer:
# it would take its place. A question of that moment is sent once the page is there.
OPENED = "() => { window.ragOpened = true; }"
_ONCE_OPENED = """async (...given) => {
  for (let tries = 0; tries < 200 && !window.ragOpened; tries++) {
    await new Promise((go) => setTimeout(go, 50));
  }
  return given;
}"""


class ChatTab:
    """The chat and its events.

    Args:
        site: What the page is about.
        shared: Components outside the tab.
    """

    def __init__(self, site: Site, shared: Shared) -> None:
        self._site = site
        self._shared = shared
        self._build()
        self._wire()

    def _build(self) -> None:
        self.chat = gr.Chatbot(
            label="Conversation",
            elem_id="chat",
            height="calc(100dvh - 330px)",
            min_height=320,
            latex_delimiters=LATEX,
            buttons=[],
            editable="user",
            placeholder=_placeholder(self._site),
            group_consecutive_messages=False,
            layout="panel",
            show_label=False,
            allow_file_downloads=False,
        )
        self.examples = gr.Markdown(elem_id="examples", container=False)
        self.line = gr.Markdown(latex_delimiters=LATEX, elem_id="filtered", container=False)
        with gr.Row(elem_id="ask-row", equal_height=True):
            self.question = gr.Textbox(
                label="Question",
                show_label=False,
                placeholder="Ask the papers …  (Enter sends)",
                elem_id="question",
                lines=1,
                max_lines=4,
                max_length=MAX_QUESTION,
                autofocus=True,
                scale=8,
                container=False,
            )
            self.ask = gr.Button("Ask", variant="primary", scale=1, min_width=84, elem_id="ask")
            self.stop = gr.Button(
                "Stop", variant="stop", scale=1, min_width=84, visible=False, elem_id="stop"
            )
        with gr.Accordion("Filters, model, export", open=False, elem_id="options"):
            self.fields = FilterFields.build()
            with gr.Row():
                self.writer = self._build_writer()
                self.clear_filters = gr.Button("Clear filters", min_width=120, size="sm")
                self.clear = gr.Button("Clear conversation", min_width=120, size="sm")
            self.export = gr.Markdown(_export_links(), container=False)

    def _build_writer(self) -> gr.Dropdown:
        configured = self._site.library.settings.llm_model
        models = dict.fromkeys(filter(None, (configured, *self._site.options.models)))
        choices = [("Quote the papers (no model)", _QUOTES)]
        choices += [(f"Write with {model}", model) for model in models]
        return gr.Dropdown(
            choices,
            value=configured or _QUOTES,
            label="How to answer",
            interactive=len(choices) > 1,
            info=None if models else "No model is configured: see rag doctor.",
            elem_id="writer",
        )

    def _wire(self) -> None:
        shared, fields = self._shared, self.fields.all()
        settings = [self.writer, *fields]
        running = [
            self.chat,
            self.examples,
            self.question,
            self.ask,
            self.stop,
            shared.sources,
            self.line,
        ]
        options: dict[str, Any] = {
            "outputs": running,
            "concurrency_limit": _AT_ONCE,
            "concurrency_id": "answers",
            "show_progress": "hidden",
            "api_visibility": "private",
            # A question that is sent while the page still tidies up after the last one counts.
            "trigger_mode": "multiple",
        }
        for begin in (self.question.submit, self.ask.click):
            begin(self._ask, [self.question, *settings], js=_ONCE_OPENED, **options)
        self.chat.retry(self._retry, settings, **options)
        self.chat.edit(self._edit, settings, **options)
        quick: dict[str, Any] = {
            "queue": False,
            "show_progress": "hidden",
            "api_visibility": "private",
        }
        self.stop.click(self._stop, None, None, **quick)
        cleared = [self.chat, self.examples, shared.sources]
        self.clear.click(self._clear, None, cleared, **quick)
        self.chat.clear(self._clear, None, cleared, **quick)
        for field in fields[:-1]:
            changed = getattr(field, "blur", None) if field is not self.fields.dated else None
            (changed or field.change)(self._describe, fields, self.line, **quick)
            if submit := getattr(field, "submit", None):
                submit(self._describe, fields, self.line, **quick)
        self.clear_filters.click(self._lift, None, [*fields, self.line], **quick)

    # --- what the page shows when it is opened or filters change ------------------------------

    def opened(self, conversation: Conversation) -> list[Any]:
        """Return messages, sources and the line of the filter for a page that was just opened."""
        last = conversation.last
        chat = gr.Chatbot(
            value=conversation.messages(),  # type: ignore[arg-type]
            placeholder=_placeholder(self._site),
        )
        return [chat, sources_html(last) if last else empty_html(), self._line(None)]

    async def offered(self, request: gr.Request) -> str:
        """Return the example questions, once they are found."""
        examples = await self._site.examples_once_found(wait=30.0)
        return "" if self._site.conversation(request).turns else _examples(examples)

    def describe_ids(self, *fields: Any) -> str:  # noqa: ANN401 - the fields' values
        """Return the line of the filter."""
        return self._describe(*fields)

    def _describe(self, *fields: Any) -> str:  # noqa: ANN401
        try:
            return self._line(read_filters(*fields))
        except RagError as error:
            return tag("div", f"{error.message} {error.hint}", class_="filtered on")

    def _line(self, filters: Filters | None) -> str:
        try:
            return filter_line(self._site.library, filters)
        except RagError as error:
            return tag("div", f"{error.message} {error.hint}", class_="filtered on")

    def _lift(self) -> list[Any]:
        return [*FilterFields.empty(), self._line(None)]

    # --- questions ----------------------------------------------------------------------------

    async def _ask(
        self,
        question: str,
        writer: str,
        request: gr.Request,
        *fields: Any,  # noqa: ANN401 - the filter's fields
    ) -> AsyncGenerator[dict[Any, Any], None]:
        conversation = self._site.conversation(request)
        async for update in self._run(conversation, question, writer, fields):
            yield update

    async def _retry(
        self,
        data: gr.RetryData,
        writer: str,
        request: gr.Request,
        *fields: Any,  # noqa: ANN401
    ) -> AsyncGenerator[dict[Any, Any], None]:
        conversation = self._site.conversation(request)
        async for update in self._again(conversation, data.index, None, writer, fields):
            yield update

    async def _edit(
        self,
        data: gr.EditData,
        writer: str,
        request: gr.Request,
        *fields: Any,  # noqa: ANN401
    ) -> AsyncGenerator[dict[Any, Any], None]:
        conversation = self._site.conversation(request)
        question = as_typed(str(data.value))
        async for update in self._again(conversation, data.index, question, writer, fields):
            yield update

    async def _again(
        self,
        conversation: Conversation,
        index: int | tuple[int, int],
        question: str | None,
        writer: str,
        fields: tuple[Any, ...],
    ) -> AsyncGenerator[dict[Any, Any], None]:
        """Ask once more, forgetting what came after."""
        message = index if isinstance(index, int) else index[0]
        try:
            before = conversation.rewind(message // 2)
        except RagError as error:
            warn(error)
            yield {self.chat: conversation.messages()}
            return
        async for update in self._run(conversation, question or before, writer, fields):
            yield update

    async def _run(
        self, conversation: Conversation, question: str, writer: str, fields: tuple[Any, ...]
    ) -> AsyncGenerator[dict[Any, Any], None]:
        if not question.strip():
            yield {self.chat: conversation.messages()}
            return
        try:
            filters = read_filters(*fields)
            chat = conversation.chat
            chat.filters = filters
            chat.mode = "llm" if writer else "extractive"
            chat.model = writer or None
            first = True
            async for _ in answer_question(conversation, question):
                update: dict[Any, Any] = {self.chat: conversation.messages()}
                if first:
                    first = False
                    update |= {
                        self.examples: "",
                        self.question: "",
                        self.ask: gr.Button(visible=False),
                        self.stop: gr.Button(visible=True),
                    }
                yield update
        except RagError as error:
            warn(error)
            yield {self.chat: conversation.messages()}
            return
        answer = conversation.turns[-1].answer if conversation.turns else None
        yield {
            self.chat: conversation.messages(),
            self.ask: gr.Button(visible=True),
            self.stop: gr.Button(visible=False),
            self._shared.sources: sources_html(answer) if answer else empty_html(),
            self.line: self._line(filters),
        }

    def _stop(self, request: gr.Request) -> None:
        stop = self._site.conversation(request).stop
        if stop is not None:
            stop()

    def _clear(self, request: gr.Request) -> list[Any]:
        conversation = self._site.conversation(request)
        conversation.clear()
        return [conversation.messages(), _examples(self._site.examples()), empty_html()]


def _placeholder(site: Site) -> str:
    try:
        count = len(site.library)
    except RagError:
        count = 0
    if not count:
        return "## The library is empty\n\nAdd papers in the tab *Library*, or with `rag add FILE`."
    papers = number(count, "paper")
    return (
        f"## Ask {papers}\n\nEvery sentence of an answer is checked against the abstract that it "
        "cites. Choose a number to see the exact words."
    )


def _examples(questions: Sequence[str]) -> str:
    """Show questions to try."""
    links = [action(plain(one), "try", one) for one in questions]
    return tag("div", "Try: ", *links, class_="acts") if links else ""


def _export_links() -> str:
    links = [
        action(one.label, "keep", one.name, title=f"Download {one.file_name}")
        for one in conversation_formats()
    ]
    return tag("div", "Download the conversation: ", *links, class_="acts")
