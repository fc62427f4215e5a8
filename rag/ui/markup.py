"""From text that others wrote to HTML that the page shows.

Gradio renders a message or a panel as Markdown, cleans the HTML in it, and typesets formulas
between backslash parentheses. What is built here relies on none of that for safety: every text
is escaped, and nothing in it can end the block of HTML that it stands in, so that no Markdown in
it is ever read.
"""

from __future__ import annotations

import html
import re
from functools import cache
from typing import TYPE_CHECKING, TypeAlias
from urllib.parse import quote, urlsplit

from rag.text.latex import FORMULA
from rag.text.safety import for_terminal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markdown_it import MarkdownIt

__all__ = [
    "LATEX",
    "Insert",
    "action",
    "hidden",
    "in_text",
    "number",
    "outward",
    "plain",
    "rich",
    "tag",
    "typed",
]

# The only delimiters that the page typesets: a dollar is a dollar wherever no formula was found.
LATEX: list[dict[str, str | bool]] = [{"left": "\\(", "right": "\\)", "display": False}]

Insert: TypeAlias = tuple[int, int, str]  # text[start:end] gives way to this HTML

_PRIVATE = re.compile("[\ue000-\uf8ff]")
_TOKEN = re.compile("\ue000([0-9]+)\ue001")
_SPECIAL_IN_MARKDOWN = re.compile(r"[\\`*_{}\[\]()#+.!|<>&~$:-]")


def plain(text: str) -> str:
    """Return a text as HTML, on one line, for places where formulas are not typeset."""
    escaped = html.escape(" ".join(for_terminal(text).split()), quote=True)
    # A backslash would open a formula; an entity is shown as the same character and opens none.
    return escaped.replace("\\", "&#92;")


def in_text(text: str) -> str:
    r"""Return a text as HTML, on one line, with its formulas ready for typesetting.

    >>> in_text("At $O(n)$ for $5 & <b>")
    'At \\(O(n)\\) for $5 &amp; &lt;b&gt;'
    """
    text = " ".join(for_terminal(text).split(" ")).replace("\n", " ")
    parts: list[str] = []
    at = 0
    for match in FORMULA.finditer(text):
        parts += [_escape(text[at : match.start()]), _formula(match[1] or match[2])]
        at = match.end()
    return "".join([*parts, _escape(text[at:])])


def _escape(text: str) -> str:
    return html.escape(text, quote=True).replace("\\", "&#92;")


def _formula(inner: str) -> str:
    return f"\\({html.escape(inner, quote=False)}\\)"


def rich(text: str, inserts: Sequence[Insert] = (), *, markdown: bool) -> str:
    """Return a longer text as HTML: paragraphs, and what little Markdown an LLM writes.

    Args:
        text: With blank lines between paragraphs.
        inserts: HTML for places in the text, in order and apart.
        markdown: Whether emphasis, lists, headings and code are read; links, images and HTML
            never are.
    """
    text = _PRIVATE.sub("\ufffd", text)
    kept: list[str] = []

    def keep(piece: str) -> str:
        kept.append(piece)
        return f"\ue000{len(kept) - 1}\ue001"

    spans = [*inserts]
    taken = [(start, end) for start, end, _ in inserts]
    # What is to be inserted within a formula wins: the formula stays as it was typed.
    spans += [
        (*match.span(), _formula(match[1] or match[2]))
        for match in FORMULA.finditer(text)
        if not any(start < match.end() and match.start() < end for start, end in taken)
    ]
    marked, at = "", 0
    for start, end, piece in sorted(spans, key=lambda one: one[:2]):
        marked += for_terminal(text[at:start]) + keep(piece)
        at = end
    marked += for_terminal(text[at:])
    if markdown:
        page = _reader().render(marked)
        page = page.replace("<p>", '<div class="p">').replace("</p>", "</div>")
    else:
        blocks = (block for block in re.split(r"\n\s*\n", marked) if block.strip())
        page = "".join(f'<div class="p">{html.escape(block)}</div>' for block in blocks)
    # A blank line would end the HTML and let Markdown in.
    page = page.replace("\\", "&#92;").replace("\n", "&#10;")
    return _TOKEN.sub(lambda match: kept[int(match[1])], page)


@cache
def _reader() -> MarkdownIt:
    from markdown_it import MarkdownIt

    reader = MarkdownIt("commonmark", {"html": False}).enable("table")
    return reader.disable(["image", "link", "autolink", "reference", "html_block", "html_inline"])


def typed(text: str) -> str:
    """Return what a person typed as Markdown that shows it as it is, and can be edited again.

    Where Markdown or HTML would read a character, its entity stands; `html.unescape` gives the
    text back.
    """
    text = for_terminal(text).replace("\n", " ")
    return _SPECIAL_IN_MARKDOWN.sub(lambda match: f"&#{ord(match[0])};", text)


def tag(name: str, *content: str, **attributes: str | None) -> str:
    """Build an element; content is HTML, attributes are text and left out when None.

    >>> tag("a", "x", class_="b", href="#c")
    '<a class="b" href="#c">x</a>'
    """
    given = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{plain(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    return f"<{name}{given}>{''.join(content)}</{name}>"


def action(label: str, *path: str | int, class_: str = "act", title: str | None = None) -> str:
    """Build a link that the page's script hands to the server as an action.

    Args:
        label: HTML.
        path: What to do, and to what.
        class_: How it looks.
        title: What is shown on hover.
    """
    target = "/".join(quote(str(part), safe="") for part in path)
    return tag("a", label, class_=class_, href=f"#rag/{target}", title=title)


def outward(label: str, address: str | None) -> str:
    """Build a link to another site, or the bare label where the address is none to follow."""
    try:
        fine = address is not None and urlsplit(address).scheme in {"http", "https"}
    except ValueError:
        fine = False
    if not fine:
        return label
    return tag("a", label, href=address, target="_blank", rel="noopener noreferrer nofollow")


def hidden(text: str) -> str:
    """Build words for those who listen to the page and don't see it."""
    return tag("span", plain(text), class_="sr")


def number(count: int, noun: str, plural: str | None = None) -> str:
    """Say how many: `1 paper`, `1,204 papers`."""
    return f"{count:,} {noun if count == 1 else plural or f'{noun}s'}"
