"""Take the links and headings out of text that a page was saved as, and keep what they tell.

Markdown writes `[words](address)` and `# heading`; Firefox writes `words <address>`; plain text has
neither, and stays as it is. Lines keep their numbers.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["MarkedLine", "marked_lines"]

# Characters that no text has stand around the number of a link, and behind its words.
_RESERVED = re.compile("[\ue000-\ue002]")
_MARK = re.compile("(\ue000\\d+\ue001|\ue002)")
_END, _EMPTY_LINK = "\ue002", "\ue001\ue002"
_FRONT_MATTER = re.compile(r"\s*---[ \t]*\n(?:.*\n){0,100}?---[ \t]*\n")
_ADDRESS = r"<?([^\s<>()]*(?:\([^\s<>()]*\)[^\s<>()]*)*)>?(?:\s+\"[^\"\n]*\")?"
_IMAGE = re.compile(rf"!\[[^\[\]]*\]\({_ADDRESS}\)")
# Its words may go over several lines, but not over a blank one.
_LINK = re.compile(
    r"(?<!\\)\[((?:[^\[\]\\\n]|\\[^\n]|\\?\n(?!\s*\n)|\[[^\[\]\n]*\]){0,5000})\]\("
    + _ADDRESS
    + r"\)"
)
_ANGLED = re.compile(r"(?<!\s)(\s*+)<(https?://[^\s<>]+)>")
_HEADING = re.compile(r"#{1,6}\s+(.*?)\s*#*")
_HEADING_LINE = re.compile(r"^[ \t]*#{1,6}[ \t]+\S", re.MULTILINE)
_BULLET = re.compile(r"(?:[-*+•·](?:\s+|$))+")
_HARD_BREAK = re.compile(r"\\+$")
_ESCAPED = re.compile(r"\\([_*\[\]#])")
_BOLD = re.compile(r"(?<![\w*])\*\*(?=\S)(.+?)(?<=\S)\*\*(?![\w*])")


@dataclass(frozen=True, slots=True)
class MarkedLine:
    """A line without its markup.

    Attributes:
        text: The words, without white space around them.
        number: Which line it is, counted from 1.
        links: The addresses that its words lead to.
        is_heading: Whether it was marked as a heading.
        is_link: Whether all of it was a link, or a link stands at its end that all of it may be.
    """

    text: str
    number: int
    links: tuple[str, ...] = ()
    is_heading: bool = False
    is_link: bool = False

    @property
    def item(self) -> str:
        """The words without a bullet in front."""
        return _BULLET.sub("", self.text, count=1)


def marked_lines(text: str) -> list[MarkedLine]:
    r"""Return the lines of a text.

    >>> marked_lines("## [A title](https://example.org/a)")[0].links
    ('https://example.org/a',)
    >>> marked_lines("A title\n <https://example.org/a>")[0].is_link
    True
    """
    text = _RESERVED.sub("", text)
    if front := _FRONT_MATTER.match(text):
        text = "\n" * front[0].count("\n") + text[front.end() :]
    marked, addresses = _mark_links(text)
    is_markdown = "](" in text or bool(_HEADING_LINE.search(text))
    lines: list[MarkedLine] = []
    link: str | None = None  # which goes on from the line before
    for number, line in enumerate(marked.split("\n"), start=1):
        kept, outside = "", ""
        links = [] if link is None else [link]
        for piece in _MARK.split(line):
            if _MARK.fullmatch(piece):
                link = addresses[int(piece[1:-1])] if piece != _END else None
                links += [link] if link is not None else []
                continue
            kept += piece
            outside += piece if link is None else ""
        ends_in_link = line.rstrip().endswith(_EMPTY_LINK)
        is_link = bool(links) and (ends_in_link or not outside.strip(" \t#"))
        heading = _HEADING.fullmatch(kept.strip()) if is_markdown else None
        words = heading[1] if heading else kept.strip()
        if is_markdown:
            words = _ESCAPED.sub(r"\1", _BOLD.sub(r"\1", _HARD_BREAK.sub("", words))).strip()
        lines.append(MarkedLine(words, number, tuple(links), bool(heading), is_link))
    return lines


def _mark_links(text: str) -> tuple[str, list[str]]:
    """Put marks around the words of links in place of their addresses, which are returned too."""
    addresses: list[str] = []

    def mark(words: str, address: str) -> str:
        if words.strip().isdecimal():
            return ""  # a counter beside what the page says
        addresses.append(address)
        return f"\ue000{len(addresses) - 1}\ue001{words}\ue002"

    text = _IMAGE.sub("", text)
    text = _LINK.sub(lambda match: mark(match[1], match[2]), text)
    # White space before the address stays, behind the mark, so that lines keep their numbers.
    text = _ANGLED.sub(lambda match: mark("", match[2]) + match[1], text)
    return text, addresses
