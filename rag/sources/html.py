"""Write the words of an HTML page as Markdown: what readers of pages need of headings and links.

The standard library's parser stops with an error at some malformed pages, and takes minutes for
others of a few hundred kilobytes. Here a page takes time in proportion to its length, whatever it
holds.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import unescape
from itertools import groupby
from typing import TYPE_CHECKING

from rag.text.decoding import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Tag", "html_to_markdown", "html_tokens"]

# What ends a construct may be missing: then it goes on to the end of the page, so that no part of
# the page is looked through twice.
_MARKUP = re.compile(
    r"<!--.*?(?:-->|\Z)"
    r"|<(?P<end>/?)(?P<name>[A-Za-z][^\s/>]*)"
    r"(?P<rest>(?:[^>\"']+|\"[^\"]*(?:\"|\Z)|'[^']*(?:'|\Z))*)(?:>|\Z)"
    r"|<[!?/][^>]*(?:>|\Z)",
    re.DOTALL,
)
_ATTRIBUTE = re.compile(r"([^\s\"'>/=]+)\s*=\s*(?:\"([^\"]*)\"?|'([^']*)'?|([^\s\"'>]+))")
_UNSEEN = frozenset("iframe math noscript script select style svg template textarea title".split())
_INLINE = frozenset(
    "a abbr b bdi bdo cite code data del dfn em font i img ins kbd label mark q s samp small span"
    " strong sub sup tt u var wbr".split()
)
_SPECIAL = re.compile(r"([\[\]_*#])")
_NOT_IN_ADDRESS = re.compile(r"[\s()<>]+")


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag, with its name in lower case."""

    name: str
    is_end: bool
    rest: str

    def attribute(self, name: str) -> str:
        """Return the value of an attribute; empty where there is none."""
        for match in _ATTRIBUTE.finditer(self.rest if name in self.rest.lower() else ""):
            if match[1].lower() == name:
                return unescape(match[2] or match[3] or match[4] or "")
        return ""


def html_tokens(page: str) -> Iterator[Tag | str]:
    """Yield the tags of a page, and the text between them; nothing of scripts and drawings."""
    at = 0
    while match := _MARKUP.search(page, at):
        if match.start() > at:
            yield unescape(page[at : match.start()])
        at = match.end()
        if not match["name"]:
            continue
        tag = Tag(match["name"].lower(), bool(match["end"]), match["rest"])
        yield tag
        if tag.name in _UNSEEN and not tag.is_end and not tag.rest.endswith("/"):
            end = re.compile(rf"</{tag.name}", re.IGNORECASE).search(page, at)
            at = end.start() if end else len(page)
    if at < len(page):
        yield unescape(page[at:])


def html_to_markdown(page: str) -> str:
    r"""Return the visible text of a page: a paragraph a block, with headings, bullets and links.

    >>> html_to_markdown("<h1>A <a href='/b'>b</a></h1><p>One<br>two.</p>")
    '# A [b](/b)\n\nOne\n\ntwo.\n'
    """
    paragraphs: list[str] = []
    pieces: list[tuple[str, str]] = []  # words, and the address that they lead to
    mark = address = ""
    for token in html_tokens(page):
        if isinstance(token, str):
            pieces.append((_SPECIAL.sub(r"\\\1", token), address))
            continue
        if token.name not in _INLINE:
            paragraphs.append(_paragraph(mark, pieces))
            mark, pieces = _mark(token, mark), []
        elif token.name == "a":
            target = "" if token.is_end else token.attribute("href")
            address = _NOT_IN_ADDRESS.sub("%20", target.strip())
    paragraphs.append(_paragraph(mark, pieces))
    return "".join(f"{one}\n\n" for one in paragraphs if one).removesuffix("\n")


def _mark(tag: Tag, before: str) -> str:
    """Return what marks the paragraph behind a tag, in view of the mark of the one before."""
    if tag.name == "li":
        return "" if tag.is_end else "- "
    if len(tag.name) == 2 and tag.name[0] == "h" and tag.name[1] in "123456":
        return "" if tag.is_end else f"{'#' * int(tag.name[1])} "
    return before if before.startswith("#") else ""


def _paragraph(mark: str, pieces: list[tuple[str, str]]) -> str:
    """Join the words of a paragraph, those of one link together; empty when there are none."""
    parts: list[str] = []
    for address, group in groupby(pieces, key=lambda piece: piece[1]):
        words = "".join(piece[0] for piece in group)
        parts.append(f"[{words}]({address})" if address and words.strip() else words)
    words = one_line("".join(parts))
    return f"{mark}{words}" if words else ""
