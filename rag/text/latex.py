"""Write plain text as LaTeX that BibTeX can read: escapes, accents, formulas, capitals kept."""

from __future__ import annotations

import re
import unicodedata
from functools import cache

__all__ = ["FORMULA", "text_to_latex", "title_to_latex"]

# Pandoc's rule for formulas, so that prices stay prices; and the other pair of delimiters.
FORMULA = re.compile(
    r"(?<![\\$])\$(?=[^\s$])((?:[^$\\]|\\.)*?)(?<=[^\s$\\])\$(?![\d$])|\\\((.+?)\\\)"
)
# BibTeX counts braces and doesn't see a backslash before one, so that a brace is best spelled out.
_SPECIAL = {
    **{char: f"\\{char}" for char in "%&#_$"},
    "\\": r"{\textbackslash}",
    "{": r"{\textbraceleft}",
    "}": r"{\textbraceright}",
    "~": r"{\textasciitilde}",
    "^": r"{\textasciicircum}",
    "<": r"{\textless}",
    ">": r"{\textgreater}",
    "|": r"{\textbar}",
}
_WORD = re.compile(r"[^\W_](?:[\w.+'\u2019/-]*[^\W_])?")
# Capitals within a word, beside a digit, or alone before or after a hyphen: BERT, T5, U-Net.
_CAPITALS = re.compile(r"\w[A-Z]|[A-Z]\w*\d|\d\w*[A-Z]|\b[A-Z]-|-[A-Z]\b")


def text_to_latex(text: str) -> str:
    r"""Escape a text so that LaTeX prints what it says; its braces always balance.

    >>> print(text_to_latex("50% of Zoë & {x"))
    50\% of Zo{\"e} \& {\textbraceleft}x
    """
    text = unicodedata.normalize("NFC", text)
    return "".join(_SPECIAL.get(c, c) if c.isascii() else _encode(c) for c in text)


def title_to_latex(title: str) -> str:
    r"""Escape a title; formulas stay, and capitals that no style may lower stand in braces.

    >>> print(title_to_latex("On BERT at $O(n^2)$ for $5"))
    On {BERT} at {$O(n^2)$} for \$5
    """
    parts: list[str] = []
    at = 0
    for match in FORMULA.finditer(title):
        formula = _formula_to_latex(match[1] or match[2])
        if formula:
            parts += [_words_to_latex(title[at : match.start()]), f"{{${formula}$}}"]
            at = match.end()
    return "".join([*parts, _words_to_latex(title[at:])])


def _words_to_latex(text: str) -> str:
    parts: list[str] = []
    at = 0
    for match in _WORD.finditer(text):
        word = text_to_latex(match[0])
        kept = f"{{{word}}}" if _CAPITALS.search(match[0]) else word
        parts += [text_to_latex(text[at : match.start()]), kept]
        at = match.end()
    return "".join([*parts, text_to_latex(text[at:])])


def _formula_to_latex(formula: str) -> str:
    """Return a formula fit for a BibTeX field; empty when its braces don't balance."""
    depth = 0
    for char in formula:
        depth += (char == "{") - (char == "}")
        if depth < 0:
            return ""
    escaped = re.sub(r"(?<!\\)([%#&])", r"\\\1", formula) if depth == 0 else ""
    return "".join(char if char.isascii() else _encode(char) for char in escaped)


@cache
def _encode(char: str) -> str:
    """Return a character that isn't ASCII as LaTeX, or as it is where LaTeX has no name for it."""
    from pylatexenc.latexencode import UnicodeToLatexEncoder  # type: ignore[import-untyped]

    encoder = UnicodeToLatexEncoder(
        replacement_latex_protection="braces-all",
        unknown_char_policy="keep",
        unknown_char_warning=False,
    )
    return str(encoder.unicode_to_latex(char))
