"""Read the words of texts that carry markup: entities, HTML, JATS and MathML, decoded once.

What only looks like markup stays: `a<b` is an inequality, and a tag that nothing closes is text.
"""

from __future__ import annotations

import html
import re
from html.entities import html5

__all__ = ["strip_markup"]

_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_TAG = re.compile(
    r"<(/?)((?:[A-Za-z][\w.-]*+:)?[A-Za-z][\w.-]*+)"
    r"(?:\s++[\w:.-]++\s*+=\s*+(?:\"[^\"]*+\"|'[^']*+'|[^\s\"'<>=]++))*+\s*+(/?)>"
)
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
# What stands alone or between blocks of text, and what stands within a line.
_BLOCKS = frozenset(
    "abstract abstracttext article blockquote body br caption center dd def-list disp-formula"
    " disp-quote div dl dt figure footer h1 h2 h3 h4 h5 h6 header hr html label li list list-item"
    " main ol p para pre script sec section simple-para style table tbody td th thead title tr"
    " ul".split()
)
_INLINE = frozenset(
    "a abbr alternatives b big bdi bdo bold cite code del dfn em emphasis ext-link fixed-case font"
    " i img inf inline-formula ins italic kbd math mark mi mn mo mrow msub msup msubsup mtext"
    " named-content nobr overline q roman s samp sans-serif sc small span strike strong"
    " styled-content sub sup tex-math tt u underline uri var wbr xref".split()
)
_ALONE = frozenset({"br", "hr", "img", "p", "li", "wbr"})  # what HTML lets stand unclosed
_HEADINGS = frozenset({"title", "h1", "h2", "h3", "h4", "h5", "h6"})
_UNSEEN = frozenset({"script", "style"})
_NO_LABEL = re.compile(r"\W*(?:abstract|summary|r[ée]sum[ée]|zusammenfassung)\W*", re.IGNORECASE)
_EXPONENT = re.compile(r"[-+\u2212]?\d+")


def strip_markup(text: str) -> str:
    """Return the words of a text, its entities decoded and its tags taken out.

    Where the whole markup was escaped (`&lt;p&gt;`), it is taken out as well; where a text has
    tags and escaped ones beside them, the escaped ones are what it speaks about. Headings within
    become labels, and a power keeps its caret.

    >>> strip_markup("<p>R&amp;D rose (p &lt; 0.01) by 10<sup>3</sup> in H<sub>2</sub>O</p>")
    ' R&D rose (p < 0.01) by 10^3 in H2O '
    >>> strip_markup("&lt;p&gt;We find a<b and c>d.&lt;/p&gt;").strip()
    'We find a<b and c>d.'
    """
    if "<" not in text and "&" not in text:
        return text
    bare, found = _remove_tags(text)
    decoded = _decode(bare)
    if found or "<" not in decoded:
        return decoded
    bare, found = _remove_tags(decoded)
    return _decode(bare) if found else decoded


def _decode(text: str) -> str:
    """Decode entities; what a publisher escaped twice again, unless it is ASCII then."""
    text = _ENTITY.sub(lambda match: _character(match[0]), text)
    return _ENTITY.sub(lambda match: _beyond_ascii(match[0]), text)


def _character(entity: str) -> str:
    """Return what an entity stands for; one that there is not stays as it is."""
    return html.unescape(entity) if entity[1] == "#" else html5.get(entity[1:], entity)


def _beyond_ascii(entity: str) -> str:
    decoded = _character(entity)
    return entity if decoded.isascii() else decoded


def _remove_tags(text: str) -> tuple[str, bool]:
    """Take out what is markup for certain; say whether there was any."""
    if "<" not in text:
        return text, False
    # Up to the last comment's end, so that a comment that is never closed costs no time.
    end = text.rfind("-->") + 3
    plain = _COMMENT.sub(" ", text[:end]) + text[end:] if end > 2 else text
    words = _Words(plain)
    at = 0
    found = plain is not text
    for match in _TAG.finditer(plain):
        name = match[2].rpartition(":")[2].lower()
        if words.is_markup(name, qualified=":" in match[2]):
            words.text(plain[at : match.start()])
            words.tag(name, closes=match[1] == "/", empty=match[3] == "/")
            at = match.end()
            found = True
    words.text(plain[at:])
    return "".join(words.parts), found


class _Words:
    """The words between tags, as they are met.

    Args:
        text: All of it: what is opened and closed somewhere in it is markup.
    """

    def __init__(self, text: str) -> None:
        self.parts: list[str] = []
        opened: set[str] = set()
        closed: set[str] = set()
        for end, name, empty in _TAG.findall(text):
            local = name.rpartition(":")[2].lower()
            if end or empty:
                closed.add(local)
            if not end:
                opened.add(local)
        self._paired = opened & closed
        # A formula that is there in TeX and in MathML is read once.
        twice = {"tex-math", "math", "alternatives"} <= self._paired
        self._unseen = {*(_UNSEEN & self._paired), *({"math"} if twice else ())}
        self._hidden = ""
        self._begun = False
        self._heading: int | None = None
        self._heads_all = False
        self._power: int | None = None

    def is_markup(self, name: str, *, qualified: bool) -> bool:
        """Say whether a tag of this name is one, and no text."""
        known = name in _BLOCKS or name in _INLINE
        return qualified or name in _ALONE or (known and name in self._paired)

    def text(self, words: str) -> None:
        """Take the words in front of a tag, or behind the last."""
        if not self._hidden:
            self.parts.append(words)
            self._begun = self._begun or bool(words.strip())

    def tag(self, name: str, *, closes: bool, empty: bool) -> None:
        """Take a tag."""
        if name in self._unseen and not empty:
            self._hidden = "" if closes else (self._hidden or name)
        if name in _HEADINGS and not empty:
            self._mark_heading(closes=closes)
        elif name == "sup" and not empty:
            self._mark_power(closes=closes)
        self.parts.append(" " if name in _BLOCKS else "")

    def _mark_heading(self, *, closes: bool) -> None:
        if not closes:
            self._heading = len(self.parts)
            self._heads_all = not self._begun
        elif self._heading is not None:
            label = "".join(self.parts[self._heading :]).strip()
            if self._heads_all and _NO_LABEL.fullmatch(label):
                label = ""
            ends = not label or label[-1] in ".:?!"
            self.parts[self._heading :] = [f" {label}" if ends else f" {label}:"]
            self._heading = None

    def _mark_power(self, *, closes: bool) -> None:
        if not closes:
            self._power = len(self.parts)
        elif self._power is not None:
            base = self.parts[self._power - 1][-1:] if self._power else ""
            exponent = "".join(self.parts[self._power :])
            if base.isdigit() and _EXPONENT.fullmatch(exponent):
                self.parts[self._power :] = [f"^{exponent}"]
            self._power = None
