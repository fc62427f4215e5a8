"""Show an answer while it is written, then the same answer with its verdicts."""

from __future__ import annotations

import math
from itertools import chain
from typing import TYPE_CHECKING

from rag.cli.answer_view import answer_view
from rag.cli.common import errors, output
from rag.text.safety import for_terminal

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import Console

    from rag.answers.stream import AnswerStream

__all__ = ["show_answer"]


def show_answer(stream: AnswerStream, *, before: Callable[[], None] = lambda: None) -> None:
    """Print an answer as it comes.

    On a terminal the words appear as they come; once all are there and checked, they give way to
    the same words with their verdicts. Elsewhere the finished answer is printed once.

    Args:
        stream: The answer; closed in any case.
        before: Called ahead of the first words.
    """
    console = output()
    live = console.is_terminal and not console.is_dumb_terminal
    shown = ""
    waiting = errors().status("Looking for an answer")
    if live:
        waiting.start()
    try:
        with stream:
            first = next(stream, "")
            waiting.stop()
            before()
            for piece in chain([first], stream):
                if live:
                    shown += for_terminal(piece)
                    console.file.write(for_terminal(piece))
                    console.file.flush()
    except BaseException:
        if shown:
            console.print()
        raise
    finally:
        waiting.stop()
    _erase(console, shown)
    console.print(answer_view(stream.answer))


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
