"""Say why the closest papers don't answer a question: which of its subjects they don't mention."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rag.evidence.names import held_in, subjects

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rag.papers import Paper

__all__ = ["shortfalls"]

_NAMED = 4  # words: a longer list says no more


def shortfalls(question: str, papers: Sequence[Paper]) -> tuple[str, ...]:
    """Say of each paper what the question asks for and it doesn't mention.

    Args:
        question: As it was searched.
        papers: The papers that come closest.

    Returns:
        One phrase a paper, to be read behind its title.
    """
    words = subjects(question)
    return tuple(_shortfall(words, paper) for paper in papers)


def _shortfall(words: Sequence[str], paper: Paper) -> str:
    held = held_in(f"{paper.title}\n{paper.abstract}", words)
    missing = [word for word in words if word not in held]
    if not missing:
        return "is on the subject, but no sentence of it answers this"
    if len(missing) == len(words) > 1:
        return "mentions nothing that the question names"
    named = [f"“{word}”" for word in missing[:_NAMED]]
    listed = named[0] if len(named) == 1 else f"{', '.join(named[:-1])} or {named[-1]}"
    return f"doesn't mention {listed}"
