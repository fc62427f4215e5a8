"""How a sentence is put together: taken over word for word, stitched from pieces, broken off.

These signs need no reading of what the sentence means. A sentence found verbatim in what it cites
is right whatever else is said of it; one whose first half ends in the middle of one sentence of
the abstract and goes on in the middle of another says what neither says; and one that breaks off
says nothing that could be checked.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rag.text.words import RUN, normalise, tokens_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from collections.abc import Set as AbstractSet

__all__ = ["broken_off", "is_stitched", "is_verbatim"]

_SHORTEST_QUOTE = 4  # words; anything shorter occurs by chance
_SIDE = 5  # words that each of two pieces must have


def is_verbatim(words: Sequence[str], text: str) -> bool:
    """Tell whether a text holds a sentence word for word, whatever the marks and white space.

    Args:
        words: Those of the sentence, in one spelling.
        text: Words in the same spelling, with a blank before and behind each.
    """
    return len(words) >= _SHORTEST_QUOTE and f" {' '.join(words)} " in text


def is_stitched(sentence: str, sources: Sequence[AbstractSet[tuple[str, ...]]]) -> bool:
    """Tell whether a sentence joins runs of words from different sentences in mid-clause.

    Joining two statements at a comma or a conjunction is how one writes; joining the beginning of
    one with the end of another is how meaning gets lost.

    Args:
        sentence: The sentence.
        sources: The runs of words of each sentence that it may have been taken from.
    """
    placed = tokens_of(sentence)
    words = [word for word, _ in placed]
    if len(words) < 2 * RUN:
        return False
    owners = _owners(words, sources)
    covered = [bool(owner) for owner in owners]
    counts = sorted(sum(k in owner for owner in owners) for k in range(len(sources)))
    alone = counts[-1] if counts else 0
    if sum(covered) < 0.75 * len(words) or alone > 0.85 * sum(covered) or alone <= RUN:
        return False
    return any(
        not _is_joint(sentence[placed[before][1] : placed[after][1]], words[before : after + 1])
        for before, after in _switches(owners)
    )


def _owners(
    words: Sequence[str], sources: Sequence[AbstractSet[tuple[str, ...]]]
) -> list[set[int]]:
    """Return, for each word, which sources hold a run of words that it is part of."""
    owners: list[set[int]] = [set() for _ in words]
    for at in range(len(words) - RUN + 1):
        run = tuple(words[at : at + RUN])
        holders = {index for index, runs in enumerate(sources) if run in runs}
        for place in range(at, at + RUN):
            owners[place] |= holders
    return owners


def _switches(owners: Sequence[set[int]]) -> list[tuple[int, int]]:
    """Return the places (last word before, first word behind) where the sources change."""
    found = []
    before, current = -1, set[int]()
    for place, owner in enumerate(owners):
        if not owner:
            continue
        behind = sum(map(bool, owners[place : place + _SIDE]))
        if current and not owner & current:
            if sum(map(bool, owners[:place])) >= _SIDE and behind == _SIDE:
                found.append((before, place))
            current = owner
        else:
            current = owner & current if current else owner
        before = place
    return found


def _is_joint(between: str, words: Sequence[str]) -> bool:
    """Tell whether two statements may meet here: at a mark or a conjunction."""
    if re.search(r"[,;:()\u2013\u2014]|\s-", between):
        return True
    return any(word in {"and", "but", "while", "whereas", "or", "which", "that"} for word in words)


_ARTICLE = r"(?:a|an|the|its|their|our)"
_BE = r"(?:is|are|was|were)"
_FINITE = rf"(?:{_BE}|has|have|had|does|did)"
_MODAL = r"(?:can|could|may|might|will|would|shall|should|must)"
_PREPOSITION = r"(?:of|in|on|at|by|for|from|with|into|between|among|during|through|via|to)"
# Pairs of neighbouring words that no English sentence holds.
_IMPOSSIBLE = re.compile(
    rf"\b(?:{_ARTICLE} (?:{_FINITE}"
    rf"|{_PREPOSITION}(?! (?:vivo|vitro|situ|silico|utero|vacuo))|and|or"
    rf"|but|that|which|an(?! la)|a(?! (?:priori|posteriori|la)))"
    rf"|(?:of|into|between|among|during|via) (?:{_FINITE}|{_MODAL})"
    rf"|{_BE} (?:{_FINITE}|{_MODAL})|(?:has|have|had) (?:{_BE}|has|have|does|{_MODAL})"
    rf"|{_MODAL} (?:{_BE}|has|had|does|did|{_MODAL})"
    rf"|to (?:{_BE}|has|had|does|did|of|{_MODAL}))(?![\w-])"
)
_CUT_OFF = re.compile(r"(?:^|\s)(?:a|an|the|of|and|or|but|its|their|than|into|with)\s*\.?\s*$")


def broken_off(sentence: str) -> str | None:
    """Return the words at which a sentence breaks off, or None for one that reads on."""
    plain = normalise(sentence).strip()
    if match := _IMPOSSIBLE.search(plain):
        return match[0]
    if match := _CUT_OFF.search(plain):
        return match[0].strip()
    return None
