r"""Show text that others wrote: papers, file names, the words of an LLM.

Such text may hold terminal escape sequences, HTML, images that report who reads them, links that
run code, or brackets that pass for our citations. Each function here takes the power out of it
for one place and leaves the words as they are; headings and LaTeX stay.
"""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

from rag.text.markers import (
    MARKER_OPENERS,
    MENTION_LETTERS,
    MENTION_OPENERS,
    RAISED_DIGITS,
    marker_at,
    mention_at,
    raises,
    superscript_cites,
)

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["for_markdown", "for_terminal", "neutralise_markers"]

# ECMA-48: control strings (OSC, DCS, SOS, PM, APC) run to BEL or ST, control sequences (CSI) to a
# final byte; each has a form behind ESC and another among the C1 controls. One that begins within
# another ends it: else each of many without an end would be looked through to the end of the text.
_CONTROL_STRING = re.compile(
    r"(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x90\x98\x9c-\x9f\n]*+(?:\x07|\x1b\\|\x9c)"
)
_CONTROL_SEQUENCE = re.compile(r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?")
_ESCAPE = re.compile(r"\x1b[ -/]*[0-~]?")
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
# Bidirectional controls, and characters that nobody sees: the zero-width space and its like, and
# the tag characters in which instructions for an LLM can be hidden. The joiners that emoji and
# Indic scripts need stay.
_INVISIBLE = re.compile(
    "[\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff\U000e0000-\U000e007f]"
)
_LINE_ENDS = re.compile("\r\n?|[\u2028\u2029\x85]")
_SURROGATES = re.compile("[\ud800-\udfff]")

_WORDS = r"\[((?:[^\[\]\\]|\\.){0,300})\]"
_TITLE = r"\"[^\"]*\"|'[^']*'|\([^()]*\)"
_TARGET = (
    r"\(\s*(<[^<>\n]*>|[^\s()<>]*(?:\([^\s()<>]*\)[^\s()<>]*)*)" + rf"(?:\s+(?:{_TITLE}))?\s*\)"
)
# "Wonderful![1][2]" is no image: what an image refers to by a number stays as it is.
_REFERENCE = r"\[(?:[^\[\]]*[^\d,;\s\[\]-][^\[\]]*)?\]"
_IMAGE = re.compile(rf"!{_WORDS}(?:{_TARGET}|{_REFERENCE})", re.DOTALL)
_IMAGE_TAG = re.compile(r"<(?:img|image)\b([^<>]*)>", re.IGNORECASE)
_DESCRIPTION = re.compile(r"\balt\s*=\s*(?:\"([^\"]*)\"|'([^']*)')", re.IGNORECASE)
_LINK = re.compile(_WORDS + _TARGET, re.DOTALL)
_PLAIN_LINK = r"https?://[\w.~:/?#@!&'*+,;=%-]+"
_AUTOLINK = re.compile(rf"<({_PLAIN_LINK})>")
# What leads somewhere: a scheme, a path, a fragment. "[X](t)" in a formula leads nowhere.
_LEADS = re.compile(r"\s*(?:[a-z][a-z0-9+.-]+:|\.{0,2}/|[#?])", re.IGNORECASE)
# What draws a box or leaves a space as large as it is told.
_SIZED = re.compile(
    r"\\(rule|raisebox|(?:[hv]space\*?|m?kern|[hm]skip)(?=[\s{]*[+-]?[\d.]*\d{3}))", re.IGNORECASE
)
_NUMBERED = re.compile(r"[\d\s,;-]+")  # the text of a citation, whose brackets stay
_OTHER_TARGET = re.compile(rf"\](?=\()(?!\({_PLAIN_LINK}\))")
_PREFIX = r"^([ \t>]*(?:(?:[-*+]|\d{1,9}[.)])[ \t>]+)*"
_DEFINITION = re.compile(_PREFIX + r"\[(?:[^\[\]\\]|\\.){0,1000}\]):", re.MULTILINE | re.DOTALL)
# Renderers take formulas out, render, and put them back as they were: in an address or in the
# name of a code block's language, that would be inside an attribute.
_ADDRESS = re.compile(r"(?:(?:https?|ftp)://|www\.)\S*", re.IGNORECASE)
_LANGUAGE = re.compile(_PREFIX + r"(?:`{3,}|~{3,}))([^\n]*`|[^\n]*$)", re.MULTILINE)
_DIAGRAM = re.compile(r"\s*mermaid\b", re.IGNORECASE)  # which a browser would run
_TAG = re.compile(r"<(?=[A-Za-z/!?])")
_NAMED = re.compile(
    r"\b(?!and\b|to\b)([a-z]{2,})\.?[ \t\xa0\u3000]*(?:[:：=#_-]|(?:id|n)[:=]?|№)?"
    r"[ \t\xa0\u3000]*[\"']?(?=\d)",
    re.IGNORECASE,
)
_LABEL = re.compile(r"\b((?:source|paper)s?)[ \t\xa0]*(?=[0-9]{1,3}[ \t]*:)", re.IGNORECASE)
_AROUND = re.compile(
    rf"^(?:\\cite[pt]?{{|\\?[{re.escape(MARKER_OPENERS)}])|\\?[\])】］〕〗⟧）}}]\Z"
)
_LOWERED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
_MEETS = tuple("^$<\\")
_NO_LIST = re.compile(r"[^\d,;&\u2010-\u2015~-]+")
_STARTS = re.compile(
    rf"[{re.escape(MARKER_OPENERS)}{RAISED_DIGITS}]"
    rf"|(?<![\w-])[{MENTION_LETTERS}](?=[A-Za-z]{{4,9}}[ \xa0])"
)


def for_terminal(text: str) -> str:
    r"""Return a text that a terminal shows and doesn't obey.

    Escape and control sequences go with all they carry (the address of a hyperlink, the text of a
    window title), control characters but newline and tab go, and so do bidirectional controls and
    invisible characters.

    >>> for_terminal("\x1b]8;;http://example.org\x07a \x1b[31mred\x1b[0m word\x1b]8;;\x07\r\n")
    'a red word\n'
    """
    text = _ESCAPE.sub("", _CONTROL_SEQUENCE.sub("", _CONTROL_STRING.sub("", text)))
    text = _CONTROLS.sub("", _LINE_ENDS.sub("\n", text))
    return _SURROGATES.sub("\ufffd", _INVISIBLE.sub("", text))


def for_markdown(text: str) -> str:
    """Return a text that can be shown as Markdown without HTML, images or links to trouble.

    HTML is shown as it was typed. An image, in whatever syntax, becomes its description. A link
    to an http(s) address stays, without its title; any other becomes its text; definitions of
    reference links have no effect. What isn't well formed enough to be rewritten is taken apart
    by one space, which Markdown respects and LaTeX ignores.

    >>> for_markdown("See ![a plot](http://example.org/p.png), [this](javascript:go()) & <b>.")
    'See a plot, this & &lt;b>.'
    """
    text = _IMAGE_TAG.sub(_description, for_terminal(text))
    text = _AUTOLINK.sub(r"\1", text)
    # From the inside out: an image may be the text of a link.
    for _ in range(4):
        text = _LINK.sub(_rewrite_link, _IMAGE.sub(r"\1", text))
    text = _ADDRESS.sub(_rewrite_address, _LANGUAGE.sub(_rewrite_language, text))
    # Last, so that nothing above can put together again what is taken apart here.
    text = _DEFINITION.sub(r"\1 :", text.replace("![", "! ["))
    text = _SIZED.sub(r"\1", text)
    return _TAG.sub("&lt;", _OTHER_TARGET.sub("] ", text))


def _description(match: re.Match[str]) -> str:
    found = _DESCRIPTION.search(match[1])
    return (found[1] or found[2] or "") if found else ""


def _rewrite_link(match: re.Match[str]) -> str:
    words, target = match[1], html.unescape(match[2].strip("<>"))
    address = target.replace("(", "%28").replace(")", "%29").replace("$", "%24")
    if re.fullmatch(_PLAIN_LINK, address):
        return f"[{words}]({address})"
    if not _LEADS.match(target):
        return match[0]
    return f"[{words}]" if _NUMBERED.fullmatch(words) else words


def _rewrite_address(match: re.Match[str]) -> str:
    return match[0].replace("$", "%24").replace("\\", "%5C")


def _rewrite_language(match: re.Match[str]) -> str:
    language = re.sub(r"[$\\\"]", "", match[2])
    return match[1] + _DIAGRAM.sub("text", language, count=1)


def neutralise_markers(text: str) -> str:
    """Rewrite what a paper's own text has in common with our citations.

    Brackets that are numbered like a citation become parentheses, "Source 7" becomes "Source no.
    7", a superscript reference gets a caret. So an LLM that is given the text, or that quotes it,
    can't cite a source of ours by it: nothing in the result is read as a marker.

    >>> neutralise_markers("Shown in [12, 14] and found by Lee² (Source 7), in [0, 1].")
    'Shown in (12, 14) and found by Lee^2 (Source no. 7), in [0, 1].'
    """
    text = _LABEL.sub(r"\1 no. ", text)
    # What the first pass puts into parentheses may stand where the second would take it for one.
    return _rewritten(_rewritten(text, _without_marker), _without_mention)


def _rewritten(text: str, rewrite: Callable[[str, int, str], tuple[str, str]]) -> str:
    """Rewrite what may be read as a marker.

    Args:
        text: Any text.
        rewrite: Takes a text, a place in it and the rewritten text before; returns what stands
            there and what to write instead, or nothing twice.
    """
    result = ""
    at = 0
    for start in (match.start() for match in _STARTS.finditer(text)):
        if start < at:
            continue
        result += text[at:start]
        raw, rewritten = rewrite(text, start, result[-80:])
        result += rewritten
        at = start + len(raw)
    return result + text[at:]


def _without_marker(text: str, at: int, before: str) -> tuple[str, str]:
    first = text[at]
    if raises(text, at):
        raw = marker_at(text, at) if superscript_cites(before) else ""
        follows = text[at + len(raw) :][:1]
        gap = " " if follows in _MEETS or follows.isdigit() else ""  # "^1^" would cite
        return raw, f"^{_NO_LIST.sub('', raw.translate(_LOWERED))}{gap}" if raw else ""
    raw = marker_at(text, at) if first in MARKER_OPENERS else ""
    inner = _AROUND.sub("", raw)
    plain = _NAMED.sub(r"\1 no. ", inner.replace("^", ""))
    return raw, f"({plain})" if raw else ""


def _without_mention(text: str, at: int, before: str) -> tuple[str, str]:
    lead, raw = mention_at(text, at, before) if text[at] in MENTION_OPENERS else ("", "")
    if lead:
        return lead + raw, f"{lead}no. {raw}"
    return raw, f"(no. {raw[1:-1]})" if raw else ""
