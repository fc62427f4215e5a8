"""What was changed between two nearly equal sentences."""

from __future__ import annotations

from difflib import SequenceMatcher
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["edits"]

_ALIGNED = 0.75  # the share of our words that must stand in theirs in the same order
_SHORTEST = 5


def edits(ours: Sequence[str], theirs: Sequence[str]) -> list[tuple[list[str], list[str]]]:
    """Align two sentences and return what stands in our words' places in theirs.

    What is put in front of a sentence taken over doesn't make it another: the first words may
    differ without counting against their likeness.

    Returns:
        Pairs of our words and theirs, either of which may be empty; nothing at all where the
        sentences aren't alike. What theirs says beyond the end of ours is left out.
    """
    if len(ours) < _SHORTEST:
        return []
    matcher = SequenceMatcher(None, ours, theirs, autojunk=False)
    matched = sum(block.size for block in matcher.get_matching_blocks())
    changes = [op for op in matcher.get_opcodes() if op[0] != "equal"]
    opening = max((b for _, a, b, _, _ in changes if a == 0), default=0)
    if matched < _SHORTEST or matched < _ALIGNED * (len(ours) - min(opening, 6)):
        return []
    return [
        (list(ours[a:b]), list(theirs[c:d])) for _, a, b, c, d in changes if b < len(ours) or b > a
    ]
