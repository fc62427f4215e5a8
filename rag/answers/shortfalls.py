"""Why the papers that come closest don't answer, in words that a reader can check.

A reason must be a real one. A word that only relates the subjects ("differ"), or that the paper has
in another form or spelling ("initialises", "initialization"), is none.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rag.evidence.names import either, held_in, names_in, subjects
from rag.text.words import ASKING, RELATING, stem

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rag.papers import Paper

__all__ = ["shortfalls"]

_NAMED = 4  # subjects that a shortfall lists: a longer list says no more
_SOUGHT = re.compile(r"[^\W_]+")
_JOINT = re.compile(r"(?<=\w)[-\u2010-\u2015](?=\w)")
_SHORTEST = 4  # letters that a stem needs to be taken for the beginning of another
_ENDING = 2  # letters by which that may be longer
_RELATING = frozenset(stem(word) for word in RELATING | ASKING)


def shortfalls(question: str, papers: Sequence[Paper]) -> tuple[str, ...]:
    """Say of each paper what the question asks for and it doesn't mention.

    Args:
        question: As it was searched.
        papers: The papers that come closest.

    Returns:
        One phrase a paper, to be read behind its title.
    """
    names = set(names_in(question))
    words = [word for word in subjects(question) if word in names or not _relates(word)]
    return tuple(_shortfall(question, words, paper) for paper in papers)


def _relates(word: str) -> bool:
    return all(stem(part) in _RELATING for part in _SOUGHT.findall(word.casefold()))


def _shortfall(question: str, words: Sequence[str], paper: Paper) -> str:
    text = f"{paper.title}\n{paper.abstract}"
    stems = _stems(text)
    held = held_in(text, words) | {word for word in words if _occurs(word, stems)}
    held = either(question, held)
    missing = [word for word in words if word not in held]
    if not missing:
        return "is on the subject, but no sentence of it answers this"
    if len(missing) == len(words) > 1:
        return "mentions nothing that the question names"
    named = [f"“{word}”" for word in missing[:_NAMED]]
    listed = named[0] if len(named) == 1 else f"{', '.join(named[:-1])} or {named[-1]}"
    return f"doesn't mention {listed}"


def _stems(text: str) -> set[str]:
    """Return the stems of a text's words; of joined words ("fine-tuned") also that of the whole."""
    apart, joined = _JOINT.sub(" ", text.casefold()), _JOINT.sub("", text.casefold())
    return {stem(word) for form in (apart, joined) for word in _SOUGHT.findall(form)}


def _occurs(word: str, stems: set[str]) -> bool:
    plain = word.casefold()
    forms = [_SOUGHT.findall(_JOINT.sub(joint, plain)) for joint in (" ", "")]
    return any(all(_has(stem(part), stems) for part in parts) for parts in forms if parts)


def _has(sought: str, stems: set[str]) -> bool:
    """Tell whether a stem is there; of two forms one may keep more of its ending."""
    return sought in stems or any(
        one.startswith(sought) or sought.startswith(one)
        for one in stems
        if min(len(one), len(sought)) >= _SHORTEST and abs(len(one) - len(sought)) <= _ENDING
    )
