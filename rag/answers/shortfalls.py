"""Say why the closest papers don't answer a question: which of its subjects they don't mention."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rag.evidence.names import subjects

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rag.papers import Paper

__all__ = ["shortfalls"]

_NAMED = 4  # words: a longer list says no more


def shortfalls(
    question: str, papers: Sequence[Paper], terms: Callable[[str], Sequence[str]]
) -> tuple[str, ...]:
    """Say of each paper what the question asks for and it doesn't mention.

    Args:
        question: As it was searched.
        papers: The papers that come closest.
        terms: Reduces a text to the terms by which words are compared.

    Returns:
        One phrase a paper, to be read behind its title.
    """
    words = {word: frozenset(terms(word)) for word in subjects(question)}
    return tuple(_shortfall(words, paper, terms) for paper in papers)


def _shortfall(
    words: dict[str, frozenset[str]], paper: Paper, terms: Callable[[str], Sequence[str]]
) -> str:
    held = set(terms(f"{paper.title} {paper.abstract}"))
    missing = [word for word, wanted in words.items() if not wanted <= held]
    if not missing:
        return "is on the subject, but no sentence of it answers this"
    if len(missing) == len(words) > 1:
        return "mentions nothing that the question names"
    named = [f"“{word}”" for word in missing[:_NAMED]]
    listed = named[0] if len(named) == 1 else f"{', '.join(named[:-1])} or {named[-1]}"
    return f"doesn't mention {listed}"
