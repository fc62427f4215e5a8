"""Reading the first papers again: with a cross-encoder, or with the language model that is set up.

The model gets the question and the numbered papers in one request and sends back their numbers,
best first: listwise reranking as in Sun et al., "Is ChatGPT good at search?" (EMNLP 2023), without
its sliding window, since a few dozen abstracts fit into one request.
"""

from __future__ import annotations

import re
import threading
from contextlib import closing
from typing import TYPE_CHECKING

import numpy as np

from rag.errors import LLMError
from rag.llm.budget import Spending, Usage, estimate_tokens
from rag.llm.client import LanguageModel, Message
from rag.llm.guard import Screen, quarantine
from rag.llm.prompts import Prompts
from rag.search.rerank import CrossEncoder, NotRankedError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from rag.papers import Paper
    from rag.search.rerank import Reranker
    from rag.settings import Settings

__all__ = ["LLMReranker", "Rerankers", "read_order"]

_LEAST = 60  # tokens: less than this says nothing of a paper
_MOST = 600  # tokens: twice an abstract; a longer text is cut
_FRAME = 20  # tokens of the tags around a paper
_LONGEST = 8_000  # characters of a reply: numbers of a hundred papers are a tenth of it
_BRACKETED = re.compile(r"\[\s*(\d{1,4})\s*\]")
_NUMBER = re.compile(r"(?<![\d.])\d{1,4}(?![\d.]*\d)")


class Rerankers:
    """Gives out the reranker that the settings name.

    Args:
        settings: `rerank`, `rerank_depth`, and for `llm` which model, within which limits.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._encoder: CrossEncoder | None = None
        self._tools: tuple[LanguageModel, Prompts] | None = None

    def get(self, spending: Spending | None = None) -> Reranker | None:
        """Return the reranker for one question; None where the settings say `off`.

        Args:
            spending: What the question may use of a language model; new limits when None.

        Raises:
            SettingsError: the language model is to rank, and none is named.
            LLMError: one is named, but no endpoint.
        """
        settings = self._settings
        if settings.rerank == "off":
            return None
        with self._lock:
            if settings.rerank != "llm":
                self._encoder = self._encoder or CrossEncoder(
                    settings.rerank, depth=settings.rerank_depth, cache=settings.cache / "rerank"
                )
                return self._encoder
            if self._tools is None:
                self._tools = (LanguageModel(settings), Prompts(settings.prompts_dir))
        model, prompts = self._tools
        return LLMReranker(
            model, prompts, depth=settings.rerank_depth, spending=spending or Spending(settings)
        )


class LLMReranker:
    """Has a language model put papers in order.

    Args:
        model: The model.
        prompts: Holds the prompt `rerank`.
        depth: How many papers are read again; fewer where they don't fit the model.
        spending: What the question may use and has used; the request is counted there.
    """

    def __init__(
        self, model: LanguageModel, prompts: Prompts, *, depth: int, spending: Spending
    ) -> None:
        self._model = model
        self._prompts = prompts
        self._depth = depth
        self._spending = spending

    @property
    def depth(self) -> int:
        """How many of the first stage's papers are read again."""
        return self._depth

    def scores(self, question: str, papers: Sequence[Paper]) -> NDArray[np.float64]:
        """Return minus the place that the model gave each paper, of shape (papers,).

        Papers that the model left out come behind the others, in the order they had.

        Raises:
            NotRankedError: the model failed, or sent no order.
        """
        try:
            order = self._ask(question, papers)
        except LLMError as error:
            raise NotRankedError(error.message) from error
        rest = [number for number in range(len(papers)) if number not in order]
        scores = np.empty(len(papers))
        scores[[*order, *rest]] = -np.arange(len(papers), dtype=np.float64)
        return scores

    def _ask(self, question: str, papers: Sequence[Paper]) -> list[int]:
        room = self._spending.room()
        blank = self._prompt(question, "", len(papers))
        blocks = _blocks(papers, room.input - estimate_tokens(blank))
        if len(blocks) < 2:
            raise NotRankedError("there is no room for the papers in what the model may be sent.")
        prompt = self._prompt(question, "\n\n".join(blocks), len(blocks))
        screen = Screen(limit=_LONGEST)
        text = raw = ""
        usage: Usage | None = None
        stream = self._model.stream([Message("user", prompt)], max_tokens=room.output)
        try:
            with closing(stream) as deltas:
                for delta in deltas:
                    raw += delta.text
                    usage = delta.usage or usage
                    text += screen.feed(delta.text)
                    if screen.cut:
                        break
        finally:
            if raw or usage:
                estimate = Usage(estimate_tokens(prompt), estimate_tokens(raw), estimated=True)
                self._spending.record(usage or estimate)
        order = read_order(text + screen.finish(), len(blocks))
        if not order:
            raise NotRankedError("what the model sent is no order of the papers.")
        return order

    def _prompt(self, question: str, papers: str, count: int) -> str:
        return self._prompts.fill(
            "rerank", question=quarantine(question), papers=papers, count=str(count)
        )


def read_order(text: str, count: int) -> list[int]:
    """Read the order that a model sent.

    Args:
        text: Numbers of papers, best first, in square brackets; without any, bare numbers count.
        count: How many papers there were; other numbers are passed over, and so is a second
            mention.

    Returns:
        Positions counted from 0; empty where the text holds no number of a paper.

    >>> read_order("Best first: [3] > [1] > [3] > [9]", 3)
    [2, 0]
    >>> read_order("2, 1", 3)
    [1, 0]
    """
    said = _BRACKETED.findall(text) or _NUMBER.findall(text)
    return list(dict.fromkeys(int(n) - 1 for n in said if 1 <= int(n) <= count))


def _blocks(papers: Sequence[Paper], budget: int) -> list[str]:
    """Lay out as many papers as fit, each with an equal share of the room."""
    count = min(len(papers), max(0, budget) // _LEAST)
    share = min(_MOST, budget // count) - _FRAME if count else 0
    return [
        f'<paper n="{number}">\n{_clip(paper, share)}\n</paper>'
        for number, paper in enumerate(papers[:count], start=1)
    ]


def _clip(paper: Paper, tokens: int) -> str:
    text = f"{quarantine(paper.title)[:400]}\n{quarantine(paper.abstract)}"
    while estimate_tokens(text) > tokens:
        # Scripts of more bytes a character need a second cut.
        text = text[: len(text) * tokens // estimate_tokens(text) - 1].rstrip()
    return text
