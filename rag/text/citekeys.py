"""Citation keys: how one is made from what is known of a work, and what is one that people made."""

from __future__ import annotations

import re
import unicodedata

from rag.text.names import split_name

__all__ = ["is_key", "key_letters", "plain_key"]

_STOP_WORDS = frozenset(
    "a an and are as at by can do does for from how in into is it of on or our the to toward"
    " towards via we what when where which who why with".split()
)
# Letters that Unicode doesn't decompose into a Latin letter and its accent.
_FOLDED = str.maketrans(
    {"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th"}
)
# What BibTeX and its relatives take; a number alone names a record, and so does "ITEM-1", which
# Mendeley writes.
_KEY = re.compile(r"(?=.*[A-Za-z])(?!ITEM-\d+$|https?:)[\w:.+/?!*&;<>|-]{2,100}", re.ASCII)


def is_key(text: str) -> bool:
    """Say whether a text can stand as a key wherever keys are written."""
    return _KEY.fullmatch(text) is not None


def plain_key(author: str, year: int | None, title: str) -> str:
    """Make a key such as `vaswani2017attention` of the first author, the year and the title.

    >>> plain_key("Łukasz Kaiser", 2017, "On the Depth of Nets")
    'kaiser2017depth'
    """
    family = _fold(split_name(author).family) if author else ""
    key = f"{family}{year or ''}{_title_word(title)}"
    return key if re.search("[a-z]", key) else f"paper{key}"


def key_letters(number: int) -> str:
    """Count in letters: a, b, ..., z, aa, ab, ..."""
    before, last = divmod(number, 26)
    return (key_letters(before - 1) if before else "") + chr(ord("a") + last)


def _fold(text: str) -> str:
    """Reduce a text to ASCII letters and digits, in lower case."""
    decomposed = unicodedata.normalize("NFKD", text.lower().translate(_FOLDED))
    return re.sub(r"[^a-z0-9]", "", decomposed)


def _title_word(title: str) -> str:
    """Return the first word of a title that says something."""
    plain = re.sub(r"\$[^$]*\$|\\[A-Za-z]+", " ", title)
    words = [word for word in map(_fold, re.split(r"[\s/:–—-]+", plain)) if word]
    return next((word for word in words if word not in _STOP_WORDS), "".join(words[:1]))
