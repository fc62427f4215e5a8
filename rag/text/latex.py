"""Between plain text and LaTeX: escapes, accents and formatting, whichever way round."""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "FORMULA",
    "field_to_text",
    "latex_to_text",
    "prose_to_latex",
    "text_to_latex",
    "title_to_latex",
]

# Pandoc's rule for formulas, so that prices stay prices; and the other pair of delimiters, of which
# one without an end is looked through no further than a formula is long.
FORMULA = re.compile(
    r"(?<![\\$])\$(?=[^\s$])((?:[^$\\]|\\.)*?)(?<=[^\s$\\])\$(?![\d$])|\\\((.{1,1000}?)\\\)"
)
# What reads, writes, runs, or makes other commands; `^^5c` is another way to write a backslash.
_ACTING = re.compile(
    r"\\(?:input|include|(?:immediate|write|open(?:in|out)|read|special|shipout|output|endinput)"
    r"(?![a-z])|csname|expandafter|noexpand|[egx]?def(?![a-z])|let(?![a-z])|future|catcode|lccode"
    r"|uccode|active|directlua|lua|latelua|usepackage|RequirePackage|document|(?:re)?newcommand"
    r"|providecommand|newenvironment|every|jobname|verbatim|lstinput|loop(?![a-z])|scantokens"
    r"|begin\s*\{(?:filecontents|verbatim|lstlisting|document))|\^\^"
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
# The letters that an accent stands on without braces: others are escaped quotes or code.
_SIGNS = {
    "`": ("\u0300", "aeiou"),
    "'": ("\u0301", "aceilnorsuyz"),
    "^": ("\u0302", "acegijosuwy"),
    "~": ("\u0303", "aino"),
    '"': ("\u0308", "aeiouy"),
    "=": ("\u0304", ""),
    ".": ("\u0307", "iz"),
    "u": ("\u0306", ""),
    "v": ("\u030c", ""),
    "H": ("\u030b", ""),
    "c": ("\u0327", ""),
    "d": ("\u0323", ""),
    "b": ("\u0331", ""),
    "k": ("\u0328", ""),
    "r": ("\u030a", ""),
}
_ACCENT = (
    r"\\(?:([`'^~\"=.])\s*(?:\{\s*(\\[ij]|[^\W\d_])\s*\}|(\\[ij](?![A-Za-z])|[A-Za-z]))"
    r"|([uvHcdbkr])(?:\s*\{\s*(\\[ij]|[^\W\d_])\s*\}|(?<![db])\s+([A-Za-z])))"
)
_ACCENTED = re.compile(rf"\{{{_ACCENT}\}}|{_ACCENT}")
_LETTERS = {
    "ss": "ß", "ae": "æ", "AE": "Æ", "oe": "œ", "OE": "Œ", "aa": "å", "AA": "Å", "o": "ø", "O": "Ø",
    "l": "ł", "L": "Ł", "i": "\u0131", "j": "\u0237", "dh": "ð", "DH": "Ð", "th": "þ", "TH": "Þ",
    "dj": "đ", "DJ": "Đ",
}  # fmt: skip
_LETTER = re.compile(
    rf"\{{\\({'|'.join(_LETTERS)})\s*\}}|\\({'|'.join(_LETTERS)})(?:\{{\}}|\s|(?![A-Za-z]))"
)
# Programs that escape quotes too often write "it\'s" and \"so\".
_ESCAPED_APOSTROPHE = re.compile(r"(?<=[A-Za-z])\\'(?=(?:s|t|d|m|re|ve|ll)\b)")
_CLOSING_QUOTE = re.compile(r"\\\"(?![A-Za-z{\\])")
_ESCAPED = re.compile(r"\\([%&#_])")
_FORMATTED = re.compile(
    r"\\(?:emph|text(?:bf|it|sc|tt|rm|sf|sl|up|md|normal)|underline|mbox|url)\s*\{([^{}]*)\}"
    r"|\{\\(?:em|it|bf|sc|tt|rm|sf|sl)\s+([^{}]*)\}"
)
_NESTED = 4  # formatting within formatting
_WORD = re.compile(r"[^\W_](?:[\w.+'\u2019/-]*[^\W_])?")
# Capitals within a word, beside a digit, or alone before or after a hyphen: BERT, T5, U-Net.
_CAPITALS = re.compile(r"\w[A-Z]|\b[A-Z]\w*\d|\b[A-Z]-|-[A-Z]\b")


def text_to_latex(text: str) -> str:
    r"""Escape a text so that LaTeX prints what it says; its braces always balance.

    >>> print(text_to_latex("50% of Zoë & {x"))
    50\% of Zo{\"e} \& {\textbraceleft}x
    """
    text = unicodedata.normalize("NFC", text)
    return "".join(_SPECIAL.get(c, c) if c.isascii() else _encode(c) for c in text)


def prose_to_latex(text: str) -> str:
    r"""Escape a text as `text_to_latex` does, but for its formulas, which stay.

    >>> print(prose_to_latex("At $O(n^2)$ for $5 & less"))
    At {$O(n^2)$} for \$5 \& less
    """
    return _around_formulas(text, text_to_latex)


def title_to_latex(title: str) -> str:
    r"""Escape a title; formulas stay, and capitals that no style may lower stand in braces.

    >>> print(title_to_latex("On BERT at $O(n^2)$ for $5"))
    On {BERT} at {$O(n^2)$} for \$5
    """
    return _around_formulas(title, _words_to_latex)


def _around_formulas(text: str, write: Callable[[str], str]) -> str:
    parts: list[str] = []
    at = 0
    for match in FORMULA.finditer(text):
        formula = _formula_to_latex(match[1] or match[2])
        if formula:
            opening, closing = ("$", "$") if match[1] else ("\\(", "\\)")
            parts += [write(text[at : match.start()]), f"{{{opening}{formula}{closing}}}"]
            at = match.end()
    return "".join([*parts, write(text[at:])])


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
    """Return a formula fit for a BibTeX field.

    Empty when its braces don't balance, and when it would do more than be typeset: who compiles a
    bibliography doesn't expect a title to read files or to run programs.
    """
    if _ACTING.search(formula):
        return ""
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
    latex = str(encoder.unicode_to_latex(char))
    # The encoder writes some letters as others that look like them.
    return latex if field_to_text(latex) == char else char


def latex_to_text(text: str) -> str:
    r"""Write accents, escapes and formatting of LaTeX as plain text; formulas stay as they are.

    What has no equivalent in plain text stays too, and so do braces that only group.

    >>> print(latex_to_text(r"Schr{\"o}dinger and Poincar\'e: \emph{92.9\%} of $\'e_{\%}$"))
    Schrödinger and Poincaré: 92.9% of $\'e_{\%}$
    """
    if "\\" not in text:
        return text
    parts: list[str] = []
    at = 0
    for match in FORMULA.finditer(text):
        parts += [_latex_words_to_text(text[at : match.start()]), match[0]]
        at = match.end()
    return "".join([*parts, _latex_words_to_text(text[at:])])


def _latex_words_to_text(text: str) -> str:
    if "\\" not in text:
        return text
    text = _ESCAPED_APOSTROPHE.sub("'", text)
    quotes = _CLOSING_QUOTE.search(text) is not None
    text = _ACCENTED.sub(lambda match: _accented(match, quotes=quotes), text)
    text = _LETTER.sub(lambda match: _LETTERS[match[1] or match[2]], text)
    for _ in range(_NESTED):
        text, found = _FORMATTED.subn(lambda match: match[1] or match[2] or "", text)
        if not found:
            break
    return _ESCAPED.sub(r"\1", text)


def _accented(match: re.Match[str], *, quotes: bool) -> str:
    """Return a letter with its accent, or what was matched where it is no accent."""
    first = 1 if match[1] or match[4] else 7  # within braces, or without
    sign = match[first] or match[first + 3]
    grouped = match[first + 1] or match[first + 4] or match[first + 5]
    letter = (grouped or match[first + 2]).removeprefix("\\")
    accent, bare = _SIGNS[sign]
    if not grouped and (letter.lower() not in bare or (quotes and sign == '"')):
        return match[0]
    return unicodedata.normalize("NFC", ("i" if letter == "\u0131" else letter) + accent)


# What stands for itself until braces that only group are taken out.
_KEPT = {"{": "\ue000", "}": "\ue001", "\\": "\ue002", "$": "\ue003", "~": "\ue006"}
_KEPT_BACK = str.maketrans({kept: char for char, kept in _KEPT.items()})
_RESERVED = re.compile("[\ue000-\ue006]")
_NEEDS_READING = re.compile(r"[\\{}~]")
_SIGN = re.compile(r"\\([{}$]|[~^](?=\{\}))")
_SPACE = re.compile(r"\\(?:\\(?:\[[^\]]*\])?|[ ,;:\n])")
_NO_SPACE = re.compile(r"\\[-/!@]")
_ENVIRONMENT = re.compile(r"\\(?:begin|end)\s*\{\w*\*?\}")
_MACRO = re.compile(r"\\([A-Za-z]+)(?:\{\}|(\s*(?=\{)))?")
_NAMED = {
    "textbraceleft": "{", "textbraceright": "}", "textbackslash": "\\", "textdollar": "$",
    "textless": "<", "textgreater": ">", "textbar": "|", "textunderscore": "_",
    "textasciitilde": "~", "textasciicircum": "^", "ensuremath": "", "noindent": "", "par": " ",
    "newline": " ", "item": " ", "LaTeX": "LaTeX", "TeX": "TeX", "copyright": "©",
    "S": "§", "P": "¶", "euro": "€", "pounds": "£", "degree": "°",
}  # fmt: skip


def field_to_text(value: str) -> str:
    r"""Write the value of a BibTeX field as plain text; formulas stay as they are.

    >>> print(field_to_text(r"{BERT}-like: 50\% of {\O}stby's $\alpha$ {\textless} \{x\}"))
    BERT-like: 50% of Østby's $\alpha$ < {x}
    """
    if not _NEEDS_READING.search(value):
        return value
    formulas: list[str] = []

    def put_aside(match: re.Match[str]) -> str:
        formulas.append(match[0])
        return f"\ue004{len(formulas) - 1}\ue005"

    text = FORMULA.sub(put_aside, _RESERVED.sub("", value))
    text = _SIGN.sub(lambda match: _KEPT.get(match[1], match[1]), text)
    text = _NO_SPACE.sub("", _SPACE.sub(" ", _ENVIRONMENT.sub(" ", text)))
    text = _MACRO.sub(_named, latex_to_text(text))
    text = re.sub(r"(?<=\S)~(?=\S)", " ", text)  # a blank at which no line breaks
    text = re.sub(r"[{}]", "", text).translate(_KEPT_BACK)
    return re.sub("\ue004(\\d+)\ue005", lambda match: formulas[int(match[1])], text)


def _named(match: re.Match[str]) -> str:
    """Return what a macro stands for: of one that nobody knows its argument, or itself."""
    meant = _symbol(match[1])
    if meant is None:
        return match[0] if match[2] is None else ""
    return meant


@cache
def _symbol(name: str) -> str | None:
    if name in _NAMED:
        return _KEPT.get(_NAMED[name], _NAMED[name])
    from pylatexenc.latex2text import (  # type: ignore[import-untyped]
        get_default_latex_context_db,
    )

    spec = get_default_latex_context_db().get_macro_spec(name)
    meant = None if spec is None else spec.simplify_repl
    return meant if isinstance(meant, str) and "%" not in meant else None
