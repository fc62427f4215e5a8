"""The grammar of citation markers, shared by what reads them and what keeps them out of evidence.

A marker is `[1]`, `[1, 2]`, `[1; 3]`, `[1-3]`, `[Source 1]`, `(Source 1)`, `(Sources 1 and 2)`,
`【1】`, `【1†source】` or a superscript. Its numbers run from 1 to 999, so that neither a year nor
the interval [0, 1] is one. `[4?]` is how a reference to a paper that was never given is written.
"""

from __future__ import annotations

import re

__all__ = [
    "LONGEST_MARKER",
    "MARKER_OPENERS",
    "RAISED_DIGITS",
    "could_become_marker",
    "marker_at",
    "marker_numbers",
    "superscript_cites",
    "without_markers",
]

LONGEST_MARKER = 64  # characters: what is longer is text, so that little is ever held back
MARKER_OPENERS = "[(【"
RAISED_DIGITS = "¹²³⁴⁵⁶⁷⁸⁹"
_WIDEST = 50  # sources in one range: what is wider is an interval

_S = r"[ \t\xa0]*"
_N = "[1-9][0-9]{0,2}"
_DASH = f"{_S}(?:[-\u2010-\u2015\u2212]|to){_S}"
_ITEM = rf"(?:(?:source|paper)s?:?{_S})?{_N}(?:{_DASH}{_N}|\?)?"
_LIST = rf"{_S}{_ITEM}(?:{_S}(?:[,;&]{_S}(?:and{_S})?|and{_S}){_ITEM})*{_S}"
_GRAMMAR = {
    "[": (re.compile(rf"\[{_LIST}\]", re.IGNORECASE), "]"),
    "【": (re.compile(rf"【{_LIST}(?:†[^】\n]*)?】", re.IGNORECASE), "】"),
    # Only the word tells a citation in parentheses from the number of an equation or a list item.
    "(": (re.compile(rf"\({_S}(?:see{_S})?(?=[sp]){_LIST}\)", re.IGNORECASE), ")"),
}
# The start of a marker is one when some ending completes it, and these are all the endings that
# the grammar knows, up to the choice of a number.
_WORDS = ("see source 1", "paper 1", "and 1", "to 1")
_ENDINGS = sorted({word[i:] for word in _WORDS for i in range(len(word) + 1)}, key=len)
_NUMBERS = re.compile(rf"({_N})(?:{_DASH}({_N})|(\?))?", re.IGNORECASE)

_LOWERED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
_R = "[¹²³⁴-⁹][⁰¹²³⁴-⁹]{0,2}"
# A letter or sign behind the digits makes them part of a formula, an ion or an isotope.
_SUPERSCRIPT = re.compile(rf"{_R}(?:⁻{_R})?(?![\w⁺⁻⁼⁽⁾])")
_SUPERSCRIPT_START = re.compile(rf"{_R}(?:⁻(?:{_R})?)?")

# A superscript cites behind a word, a space or a mark of punctuation, and is an exponent behind
# a variable, a unit or a digit. A NUL stands for a marker that was taken out.
_BEFORE_NOTE = re.compile(r"(?:^|[\s\0.,;:!?%*\"'”\u2019»]|(?<![^\W_])[^\W\d_⁰¹²³⁴-⁹]{3,})\Z")
_BEFORE_EXPONENT = re.compile(
    r"\b(?:chi|cos|eta|exp|feet|foot|inch|log|max|meters?|metres?|miles?|min|phi|psi|rho|sec|sin"
    r"|tan|tau)\Z",
    re.IGNORECASE,
)


def marker_at(text: str, at: int) -> str:
    """Return the marker that begins at an offset, judged by its own characters; else nothing.

    >>> marker_at("as shown [1, 3-5].", 9), marker_at("in [0, 1]", 3)
    ('[1, 3-5]', '')
    """
    if text[at] in RAISED_DIGITS:
        match = _SUPERSCRIPT.match(text, at)
    else:
        match = _GRAMMAR[text[at]][0].match(text, at, at + LONGEST_MARKER)
    return match[0] if match and marker_numbers(match[0]) else ""


def could_become_marker(text: str) -> bool:
    """Tell whether a text that begins with an opener may yet grow into a marker, or be another.

    >>> could_become_marker("[1, "), could_become_marker("[si"), could_become_marker("word")
    (True, False, False)
    """
    if text[0] in RAISED_DIGITS:
        return _SUPERSCRIPT_START.fullmatch(text) is not None
    if text[0] not in _GRAMMAR or len(text) >= LONGEST_MARKER:
        return False
    pattern, closer = _GRAMMAR[text[0]]
    return any(pattern.fullmatch(text + ending + closer) for ending in _ENDINGS)


def superscript_cites(before: str) -> bool:
    """Tell whether a superscript behind this text is a citation, not an exponent.

    >>> superscript_cites("as they found"), superscript_cites("12 km"), superscript_cites("chi")
    (True, False, False)
    """
    return bool(_BEFORE_NOTE.search(before)) and not _BEFORE_EXPONENT.search(before)


def marker_numbers(raw: str) -> tuple[tuple[int, ...], tuple[int, ...]] | None:
    """Return the numbers that a marker cites, each once, and those it says stand for no source.

    None when a range runs backwards or is too wide to be meant.

    >>> marker_numbers("[2, 4-6]"), marker_numbers("[1, 9?]"), marker_numbers("[5-95]")
    (((2, 4, 5, 6), ()), ((1,), (9,)), None)
    """
    known: dict[int, None] = {}
    unknown: dict[int, None] = {}
    for first, last, doubted in _NUMBERS.findall(raw.translate(_LOWERED).partition("†")[0]):
        low, high = int(first), int(last or first)
        if not low <= high < low + _WIDEST:
            return None
        (unknown if doubted else known).update(dict.fromkeys(range(low, high + 1)))
    return tuple(known), tuple(unknown)


_MARKER = re.compile(
    r"\[\s*(?:(?:source|paper|ref|doc)\w*\s*)?\d+(?:\s*[-,;–]\s*\d+)*\s*\]|【[^】]{0,20}】"
    r"|\(\s*(?:source|paper|ref|doc)\w*\s*\d+(?:\s*[-,;–]\s*\d+)*\s*\)|[⁰¹²³⁴-⁹]+",
    re.IGNORECASE,
)


def without_markers(text: str) -> str:
    """Blank out bracketed citation markers; the length stays, so offsets do too."""
    return _MARKER.sub(lambda match: " " * len(match[0]), text)
