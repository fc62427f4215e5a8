"""The optional second stage of search: a reranker puts the first papers into a better order.

The first stage compares a question with papers that were encoded without knowing it. A reranker
reads both together, which is slower and, with a good one, more exact. It only reorders: what the
first stage didn't find stays unfound. There are two: a cross-encoder, which scores one paper at a
time, and a language model, which gets the question and the numbered papers in one request and
returns their numbers, best first. The latter is listwise reranking as in Sun et al., "Is ChatGPT
good at search?" (EMNLP 2023), without its sliding window: a few dozen abstracts fit one request.
"""

from __future__ import annotations

import re
import threading
from contextlib import closing
from typing import TYPE_CHECKING, Protocol

import numpy as np

from rag.errors import LLMError, RagError
from rag.llm.budget import Budget, Usage, estimate_tokens
from rag.llm.guard import Screen, quarantine
from rag.llm.messages import Message
from rag.llm.prompts import Prompts
from rag.models.cross_encoder import CrossEncoder
from rag.text.citations import find_markers

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from rag.llm.client import LLMClient
    from rag.papers import Paper
    from rag.settings import Settings

__all__ = [
    "CrossEncoderReranker",
    "LLMReranker",
    "NotRankedError",
    "Reranker",
    "Rerankers",
    "read_order",
    "rerank",
]

_LEAST = 60  # tokens: less than this says nothing of a paper
_MOST = 600  # tokens: twice an abstract; a longer text is cut
_FRAME = 20  # tokens of the tags around a paper
_LONGEST = 8_000  # characters of a reply: numbers of a hundred papers are a tenth of it
_NUMBER = re.compile(r"(?<![\d.])\d{1,4}(?![\d.]*\d)")


class NotRankedError(RagError):
    """A reranker could not judge the papers this time; the first stage's order stands."""


class Reranker(Protocol):
    """Whatever can score papers for a question, having read both."""

    @property
    def depth(self) -> int:
        """How many of the first stage's papers are reranked."""

    def scores(self, question: str, papers: Sequence[Paper]) -> NDArray[np.float64]:
        """Return the scores of papers, of shape (papers,); higher is better, in any unit.

        Args:
            question: Not blank.
            papers: In the order of the first stage; at most `depth`.

        Raises:
            NotRankedError: there are no scores to be had this time.
            SettingsError: the reranker can't work as it is set up.
        """


def rerank(reranker: Reranker, question: str, papers: Sequence[Paper]) -> tuple[list[int], str]:
    """Put papers into a reranker's order.

    Args:
        reranker: Scores the first `depth` papers; the others stay behind them as they are.
        question: Not blank.
        papers: Best first.

    Returns:
        The positions of the papers, best first, and a note for the reader: why the order is still
        that of the search, or nothing. Papers of equal scores keep their order.
    """
    order = list(range(len(papers)))
    first = papers[: reranker.depth]
    if len(first) < 2:
        return order, ""
    try:
        scores = reranker.scores(question, first)
    except NotRankedError as error:
        return order, f"Not reranked, so the order is that of the search: {error.message}"
    return [*np.argsort(-scores, kind="stable").tolist(), *order[len(first) :]], ""


class Rerankers:
    """Opens the reranker that the settings name. Safe to use from several threads.

    Args:
        settings: `rerank`, `rerank_depth`, and for `llm` its limits per question.
        open_client: Returns the language model's client.
    """

    def __init__(self, settings: Settings, open_client: Callable[[], LLMClient]) -> None:
        self._settings = settings
        self._open_client = open_client
        self._prompts = Prompts(settings.prompts_dir)
        self._lock = threading.Lock()
        self._encoder: CrossEncoder | None = None

    def get(self, budget: Budget | None = None) -> Reranker | None:
        """Return the reranker for one question; None where the settings say `off`.

        Args:
            budget: What the question may use of a language model; a new one when None.

        Raises:
            SettingsError: the language model is to rank, and none is named.
            LLMError: one is named, but no endpoint.
        """
        settings = self._settings
        if settings.rerank == "off":
            return None
        if settings.rerank == "llm":
            return LLMReranker(
                self._open_client(),
                self._prompts,
                depth=settings.rerank_depth,
                budget=budget or Budget(settings),
            )
        with self._lock:
            if self._encoder is None:
                self._encoder = CrossEncoder(settings.rerank, cache=settings.cache / "rerank")
        return CrossEncoderReranker(self._encoder, depth=settings.rerank_depth)


class CrossEncoderReranker:
    """Scores papers with a cross-encoder.

    Args:
        encoder: The model.
        depth: How many papers are reranked.
    """

    def __init__(self, encoder: CrossEncoder, *, depth: int) -> None:
        self._encoder = encoder
        self._depth = depth

    @property
    def depth(self) -> int:
        """How many of the first stage's papers are reranked."""
        return self._depth

    def scores(self, question: str, papers: Sequence[Paper]) -> NDArray[np.float64]:
        """Return the model's logits, of shape (papers,).

        Raises:
            SettingsError: fastembed is not installed, or the model can't be loaded or run.
        """
        return self._encoder.scores(
            question, [f"{paper.title}\n{paper.abstract}" for paper in papers]
        )


class LLMReranker:
    """Has a language model put papers in order.

    Args:
        client: The model.
        prompts: Holds the prompt `rerank`.
        depth: How many papers are reranked; fewer where they don't fit the model.
        budget: What the question may use and has used; the request is counted there.
    """

    def __init__(self, client: LLMClient, prompts: Prompts, *, depth: int, budget: Budget) -> None:
        self._client = client
        self._prompts = prompts
        self._depth = depth
        self._budget = budget

    @property
    def depth(self) -> int:
        """How many of the first stage's papers are reranked."""
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
        room = self._budget.room()
        blank = self._prompt(question, "", len(papers))
        blocks = _blocks(papers, room.input - estimate_tokens(blank))
        if len(blocks) < 2:
            raise NotRankedError("there is no room for the papers in what the model may be sent.")
        prompt = self._prompt(question, "\n\n".join(blocks), len(blocks))
        screen = Screen(limit=_LONGEST, prose=False)
        raw = ""
        usage: Usage | None = None
        stream = self._client.stream([Message("user", prompt)], max_tokens=room.output)
        try:
            with closing(stream) as deltas:
                for delta in deltas:
                    raw += delta.text
                    usage = delta.usage or usage
                    screen.feed(delta.text)
                    if screen.cut:
                        break
        finally:
            if raw or usage:
                estimate = Usage(estimate_tokens(prompt), estimate_tokens(raw), estimated=True)
                self._budget.record(usage or estimate)
        screen.finish()
        order = read_order(screen.text, len(blocks))
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
        text: Numbers of papers, best first, as markers; without any, bare numbers count.
        count: How many papers there were; other numbers are skipped, and so is a second mention.

    Returns:
        Positions counted from 0; empty where the text holds no number of a paper.

    >>> read_order("Best first: [3] > [1] > [3] > [9]", 3)
    [2, 0]
    >>> read_order("2, 1", 3)
    [1, 0]
    """
    numbers = [n for one in find_markers(text) for n in one.piece.numbers]
    numbers = numbers or [int(n) for n in _NUMBER.findall(text)]
    return list(dict.fromkeys(n - 1 for n in numbers if 1 <= n <= count))


def _blocks(papers: Sequence[Paper], tokens: int) -> list[str]:
    """Lay out as many papers as fit, each with an equal share of the tokens."""
    count = min(len(papers), max(0, tokens) // _LEAST)
    share = min(_MOST, tokens // count) - _FRAME if count else 0
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
