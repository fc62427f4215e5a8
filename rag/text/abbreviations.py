"""Abbreviations and what they stand for, where a text spells them out behind a long form.

The algorithm is that of Schwartz and Hearst ("A simple algorithm for identifying abbreviation
definitions in biomedical text", PSB 2003): from right to left, each letter of the short form is
looked for in the words before the parenthesis, the first one at the beginning of a word.
"""

from __future__ import annotations

import re

__all__ = ["abbreviations_in"]

_SHORT = re.compile(r"\(([^\W_][\w-]{1,9})\)")
_BEFORE = re.compile(r"[\w-]+")
_NEAR = 400  # characters in front of a short form among which the long one is looked for
_LONGEST = 5  # words beyond the letters of the short form


def abbreviations_in(text: str) -> list[tuple[str, str]]:
    """Return the pairs of short and long form that a text defines, the short without a plural s.

    >>> abbreviations_in("We train with reinforcement learning (RL) and Markov chains (MCs).")
    [('RL', 'reinforcement learning'), ('MC', 'Markov chains')]
    """
    found = []
    for match in _SHORT.finditer(text):
        short = match[1]
        if not any(letter.isupper() for letter in short):
            continue
        short = short[:-1] if short.endswith("s") and short[:-1].isupper() else short
        near = max(0, match.start() - _NEAR)
        words = list(_BEFORE.finditer(text, near, match.start()))[-(len(short) + _LONGEST) :]
        if words and (full := _long_form(short, text[words[0].start() : match.start()].strip())):
            found.append((short, full))
    return found


def _long_form(short: str, before: str) -> str | None:
    at = len(before)
    for place in range(len(short) - 1, -1, -1):
        letter = short[place].lower()
        if not letter.isalnum():
            continue
        at -= 1
        while at >= 0 and (
            before[at].lower() != letter or (place == 0 and at > 0 and before[at - 1].isalnum())
        ):
            at -= 1
        if at < 0:
            return None
    full = before[at:]
    return full if len(full.split()) <= len(short) + 2 and len(full) > len(short) else None
