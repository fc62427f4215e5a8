r"""Text as Markdown that shows it as it is, and back: nothing in it is read as markup.

Formulas stay as they are typed where nothing in them could be anything else, so that what shows
formulas shows them.
"""

from __future__ import annotations

import re

from rag.text.decoding import one_line
from rag.text.latex import FORMULA

__all__ = ["PAPERS_MARK", "from_markdown", "to_markdown"]

# What our lists of papers begin with, unseen when they are shown.
PAPERS_MARK = "<!-- papers written by rag export -->"

_SPECIAL = re.compile(r"[\\`*_\[\]<>&#|~!^]|(?<=[Ww])(?=ww\.)|(?<=\w)(?=://)")
# What begins a list, a quotation or a heading's underline at the beginning of a line.
_OPENING = re.compile(r"[-+=]|\d+(?=[.)])")
_ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])|<!---->")
_UNSAFE_FORMULA = re.compile(r"[<>`!]|\]\s*[\[(]|://|www\.")


def to_markdown(text: str) -> str:
    r"""Return a text on one line as Markdown.

    >>> print(to_markdown("1. An [x](y) & a_b at $O(n_1)$ <img>"))
    1\. An \[x\](y) \& a\_b at $O(n_1)$ \<img\>
    """
    text = one_line(text)
    for formulas in (True, False):
        written = _write(text, formulas=formulas)
        if from_markdown(written) == text:
            break
    return written


def _write(text: str, *, formulas: bool) -> str:
    parts: list[str] = []
    at = 0
    for match in FORMULA.finditer(text) if formulas else ():
        if not _UNSAFE_FORMULA.search(match[0]):
            parts += [_escape(text[at : match.start()]), match[0]]
            at = match.end()
    written = "".join([*parts, _escape(text[at:])])
    opening = _OPENING.match(written)
    if not opening:
        return written
    at = opening.end() if opening[0].isdigit() else 0
    return f"{written[:at]}\\{written[at:]}"


def _escape(text: str) -> str:
    # An empty comment keeps addresses from becoming links.
    return _SPECIAL.sub(lambda match: f"\\{match[0]}" if match[0] else "<!---->", text)


def from_markdown(text: str) -> str:
    """Return the text that `to_markdown` wrote."""
    parts: list[str] = []
    at = 0
    for match in FORMULA.finditer(text):
        parts += [_unescape(text[at : match.start()]), match[0]]
        at = match.end()
    return "".join([*parts, _unescape(text[at:])])


def _unescape(text: str) -> str:
    return _ESCAPED.sub(lambda match: match[1] or "", text)
