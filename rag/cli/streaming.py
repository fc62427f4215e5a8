"""Show an answer while it is written, then the same answer with its verdicts."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from rag.cli.common import errors, output
from rag.cli.render import answer_view
from rag.text.safety import for_terminal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from rich.console import Console

    from rag.answers.answer import Answer

__all__ = ["show_answer"]


def show_answer(
    events: Iterable[str | Answer], *, before: Callable[[], None] = lambda: None
) -> Answer:
    """Print an answer as it comes.

    On a terminal the words appear as they come; once all are there and checked, they give way to
    the same words with their verdicts. Elsewhere the finished answer is printed once.

    Args:
        events: Pieces of text, then the answer.
        before: Called ahead of the first words.
    """
    console = output()
    live = console.is_terminal and not console.is_dumb_terminal
    shown = ""
    began = False
    answer: Answer | None = None
    waiting = errors().status("Looking for an answer")
    if live:
        waiting.start()
    try:
        for event in events:
            if not began:
                began = True
                waiting.stop()
                before()
            if not isinstance(event, str):
                answer = event
            elif live:
                shown += for_terminal(event)
                console.file.write(for_terminal(event))
                console.file.flush()
    finally:
        waiting.stop()
        if shown and answer is None:
            console.print()
    if answer is None:
        raise RuntimeError("the stream ended without an answer")
    _erase(console, shown)
    console.print(answer_view(answer))
    return answer


def _erase(console: Console, shown: str) -> None:
    """Take back what was shown, where all of it is still on the screen."""
    from rich.cells import cell_len

    if not shown:
        return
    rows = sum(max(1, math.ceil(cell_len(line) / console.width)) for line in shown.split("\n"))
    if rows >= console.height:
        # It has scrolled away: the checked answer follows below.
        console.print("\n")
        return
    up = f"\x1b[{rows - 1}A" if rows > 1 else ""
    console.file.write(f"\r{up}\x1b[J")
