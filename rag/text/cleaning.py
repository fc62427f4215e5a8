"""Clean the texts of records: what helps search, and never a word of the author's.

Markup and entities are decoded once, LaTeX's accents and escapes written as text, letters
composed (NFC), and UTF-8 that was read as Windows-1252 repaired. What says that there is nothing
("No abstract available", "nan") is nothing, and a publisher's copyright line is no part of an
abstract. Cleaning what is clean changes nothing.
"""

from __future__ import annotations

import re
import unicodedata

from rag.text.decoding import one_line
from rag.text.latex import latex_to_text
from rag.text.markup import strip_markup

__all__ = ["clean_abstract", "clean_text", "is_nothing"]

# A letter of two bytes or more that was read a byte at a time.
_SUSPICIOUS = re.compile("[\u00c2-\u00f4][^\x00-\x7f]")
_LOST_QUOTE = "â€\ufffd"  # a closing quote, the only usual character whose last byte gets lost
_LIGATURES = str.maketrans(
    {"ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl", "ﬅ": "st", "ﬆ": "st", "\u00ad": None}
)
_NEEDS_FOLDING = re.compile("[\u00ad\ufb00-\ufb06]")
_NOTHING = re.compile(r"nan|null|none|undefined|n/?a|#n/a|[-–—.?_\s]*", re.IGNORECASE)
_NO_ABSTRACT = re.compile(
    r"\W*(?:(?:there is )?no abstract(?: (?:is )?(?:available|provided|found|given))?"
    r"|abstract (?:is )?(?:un|not )(?:available|provided|found)|not available|without abstract"
    r"|not applicable|abstracts?|no description(?: available)?)\W*",
    re.IGNORECASE,
)
_OPENING = re.compile(r"(?:Abstract|ABSTRACT)\s*[.:\u2013\u2014-]+\s*(?=\S)")
_SIGN = r"(?:(?:copyright\s*)?(?:©|\(c\)(?=\s*(?:19|20)\d\d))|copyright\s+(?=(?:19|20)\d\d))"
_SIGNS = ("©", "(c)", "(C)", "opyright", "OPYRIGHT")
_RIGHTS = (
    r"(?:all rights? reserved|published by|this is an open|under exclusive|exclusive licen[cs]e)"
)
# A full stop within a name ("B.V.") ends no sentence; in front of an abstract, "Ltd." does.
_COPYRIGHT_HEAD = re.compile(
    rf"{_SIGN}(?:[^.©]|\.(?=\S)){{0,160}}\.\s+(?:all rights? reserved\.\s*)?(?=\S)", re.IGNORECASE
)
_COPYRIGHT_TAIL = re.compile(
    rf"(?:^|(?<=[.!?)\]”\"'])\s?){_SIGN}"
    r"(?:[^.©]|\.(?=\S)|(?:(?<=Ltd)|(?<=Inc)|(?<=Co)|(?<=\.V)|(?<=\.A)|(?<=Corp))\.){0,160}\.?"
    rf"(?:\s*{_RIGHTS}(?:[^.©]|\.(?=\S)){{0,160}}\.?){{0,2}}$",
    re.IGNORECASE,
)


def is_nothing(text: str) -> bool:
    """Say whether a value only says that there is none: `nan`, `N/A`, `-`.

    >>> is_nothing("NaN"), is_nothing(" - "), is_nothing("Nan Li")
    (True, True, False)
    """
    return _NOTHING.fullmatch(text.strip()) is not None


def clean_text(text: str) -> str:
    r"""Return a text on one line, cleaned; empty when it only says that there is none.

    >>> print(clean_text("Towns &amp; R&amp;D:\n H<sub>2</sub>O after Schr{\\\"o}dinger"))
    Towns & R&D: H2O after Schrödinger
    >>> clean_text("DenkmÃ¤ler der Musik")
    'Denkmäler der Musik'
    """
    text = latex_to_text(strip_markup(text))
    if not text.isascii():
        text = unicodedata.normalize("NFC", _repair(text))
        if _NEEDS_FOLDING.search(text):
            text = text.translate(_LIGATURES)
    text = one_line(text)
    return "" if is_nothing(text) else text


def clean_abstract(text: str) -> str:
    """Return an abstract on one line, cleaned, without the line of its copyright.

    >>> clean_abstract("Abstract: Roofs hold 2.4 kPa. © 2020 Elsevier B.V. All rights reserved.")
    'Roofs hold 2.4 kPa.'
    >>> clean_abstract("[No abstract available]")
    ''
    """
    text = clean_text(text)
    if any(sign in text for sign in _SIGNS):
        text = _COPYRIGHT_TAIL.sub("", text).rstrip()
        head = _COPYRIGHT_HEAD.match(text)
        text = text[head.end() :] if head else text
    opening = _OPENING.match(text)
    text = text[opening.end() :] if opening else text
    return "" if _NO_ABSTRACT.fullmatch(text) else text


def _repair(text: str) -> str:
    """Undo that UTF-8 was read as Windows-1252 or its like, where that is certain."""
    if not _SUSPICIOUS.search(text):
        return text
    import ftfy

    return ftfy.fix_encoding(text.replace(_LOST_QUOTE, "”"))
