"""Questions that take for granted what no source says: "Why was the paper retracted?"."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rag.text.decoding import one_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rag.papers import Paper

__all__ = ["false_premise"]

_RETRACTED = re.compile(
    r"^(?:why|when|who|how|what)\b.*\b(?:retract\w*|withdrawn|withdrew|withdrawal of (?:the|this)"
    r" (?:paper|article|study))\b",
    re.IGNORECASE,
)
_SAYS = re.compile(r"\b(?:retract|withdraw)", re.IGNORECASE)


def false_premise(question: str, papers: Sequence[Paper]) -> str | None:
    """Say what a question takes for granted and no source states; None where there is nothing.

    Args:
        question: As it was asked.
        papers: Those that were read for it, best first.
    """
    if not _RETRACTED.search(question) or not papers:
        return None
    if any(_SAYS.search(f"{paper.title} {paper.abstract}") for paper in papers[:3]):
        return None
    first = papers[0]
    title = one_line(first.title) or first.id
    if first.retracted:
        return f"“{title}” was retracted; no source here says more of it."
    return f"No source here says that a paper on this was retracted; the closest is “{title}”."
