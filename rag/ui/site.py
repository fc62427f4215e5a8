"""What all parts of the page share."""

from __future__ import annotations

import asyncio
import base64
import itertools
import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

import gradio as gr

from rag.errors import RagError
from rag.ui.conversations import Conversations
from rag.ui.markup import plain

if TYPE_CHECKING:
    from collections.abc import Callable

    from rag.export import ExportFormat
    from rag.library import Library
    from rag.papers import Paper
    from rag.ui.conversations import Conversation
    from rag.ui.options import ServeOptions

__all__ = ["Shared", "Site", "warn"]

T = TypeVar("T")

_LOG = logging.getLogger(__name__)
_SERIAL = itertools.count(1)
_EXAMPLES = 4
_LOOKED_AT, _TRIED = 500, 24  # papers and questions among which they are sought
_JOBS = 8  # adding and drawing at the same time; more wait in line
_LOOK = 0.1  # seconds between two looks whether the examples are found
_LONGEST_NAME = 32  # characters before the colon of a title that pass for a method's name


@dataclass(frozen=True)
class Shared:
    """Components that several tabs write to.

    Attributes:
        sources: The panel with papers.
        bridge: What hands clicks to the server and commands to the page.
    """

    sources: gr.Markdown
    bridge: gr.HTML


@dataclass
class Site:
    """A library on the web.

    Attributes:
        library: The papers.
        options: How it is served.
        conversations: Who is talking.
        warm: Set once all is loaded that the first question needs, and the examples are found.
        closing: Whether the server is ending, and with it what goes on in the background.
    """

    library: Library
    options: ServeOptions
    conversations: Conversations = field(init=False)
    warm: threading.Event = field(default_factory=threading.Event)
    closing: bool = False
    _examples: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _began: bool = False
    _jobs: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(_JOBS, "rag-ui-jobs"), repr=False
    )

    def __post_init__(self) -> None:
        self.conversations = Conversations(self.library)

    def conversation(self, request: gr.Request) -> Conversation:
        """Return the conversation of a page."""
        return self.conversations.of(request.session_hash or "", request.username or "")

    def open_conversation(self, key: str, request: gr.Request) -> Conversation:
        """Return the conversation of a page that has just been opened, by the key that it keeps."""
        return self.conversations.open(key, request.session_hash or "", request.username or "")

    def warm_up(self, *, after: float = 0.0) -> None:
        """Load in the background what the first question would have to wait for.

        Args:
            after: Seconds to wait before, so that a page that is being opened comes first.
        """
        timer = threading.Timer(after, self._warm_up)
        timer.daemon = True
        timer.start()

    def _warm_up(self) -> None:
        with self._lock:
            if self._began:
                return
            self._began = True
        try:
            if len(self.library):
                self.library.warm_up()
                self._examples = self._find_examples()
        except RagError as error:
            _LOG.warning("%s", error.message)
        except Exception:  # noqa: BLE001 - the page works without
            if not self.closing:
                _LOG.exception("Warming up failed.")
        finally:
            self.warm.set()

    def examples(self) -> list[str]:
        """Return questions that this very library answers; none before they are found."""
        return list(self._examples)

    async def examples_once_found(self, *, wait: float) -> list[str]:
        """Return the same, after some seconds at most, without a thread that waits for them."""
        until = asyncio.get_running_loop().time() + wait
        while not self.warm.is_set() and asyncio.get_running_loop().time() < until:
            await asyncio.sleep(_LOOK)
        return self.examples()

    async def in_background(self, job: Callable[[], T]) -> T:
        """Run what may take minutes, apart from the threads that find answers."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._jobs, job)

    def _find_examples(self) -> list[str]:
        """Ask about the methods that titles name, where the paper is what a search finds."""
        forms = itertools.cycle(
            ("What does {} propose?", "How well does {} work?", "What is {} compared with?")
        )
        step = max(1, len(self.library) // _LOOKED_AT)
        named = (
            (paper, name.strip())
            for paper in itertools.islice(self.library.papers(), 0, None, step)
            for name, colon, _ in [paper.title.partition(":")]
            if colon and len(name) <= _LONGEST_NAME and paper.abstract
        )
        tried = ((paper, next(forms).format(name)) for paper, name in named)
        fit = (
            question
            for paper, question in itertools.islice(tried, _TRIED)
            if self._answers(question, paper)
        )
        return list(itertools.islice(fit, _EXAMPLES))

    def _answers(self, question: str, paper: Paper) -> bool:
        """Tell whether quoting answers a question from a paper; no model is ever asked for it."""
        if self.library.settings.rerank == "llm":
            return True
        answer = self.library.ask(question, mode="extractive")
        return not answer.abstained and answer.citations[0].paper.id == paper.id

    @staticmethod
    def command(do: str, **details: Any) -> Any:  # noqa: ANN401 - a component's update
        """Return a command to the page, as the bridge's new value."""
        # A number makes the same command twice two commands.
        return gr.HTML(command={"do": do, "serial": next(_SERIAL), **details})

    @classmethod
    def save_command(cls, chosen: ExportFormat[Any], content: str | bytes, said: str) -> Any:  # noqa: ANN401 - as above
        """Return the command that has the browser save a file of a format."""
        if isinstance(content, bytes):
            held = {"base64": base64.b64encode(content).decode()}
        else:
            held = {"text": content}
        return cls.command("save", name=chosen.file_name, type=chosen.media_type, said=said, **held)


def warn(error: RagError | str) -> None:
    """Show an error in a corner of the page."""
    if isinstance(error, RagError):
        error = f"{error.message} {error.hint}".strip()
    gr.Warning(plain(error), title="Note")
