"""Read the plain text of a saved Hugging Face "Daily Papers" page.

Such a page is a column of paragraphs: site chrome, then for every paper its title, its abstract
and, on some pages, a block with the number of authors (or an organisation's name) and a date.
Nothing marks which paragraph is which, and the chrome differs from page to page. So the reader
first takes out what is certainly chrome or a metadata block, and then finds the cheapest way to
read the paragraphs between as pairs of title and abstract; what fits no pair is reported.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rag.papers import Paper
from rag.sources.base import Confidence, Item, Reader, Rejection
from rag.sources.marked_text import MarkedLine, marked_lines
from rag.sources.record import Record, to_item
from rag.text.cleaning import is_nothing
from rag.text.dates import parse_page_date, year_of
from rag.text.decoding import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rag.sources.document import Document, Head

__all__ = ["READER", "read_page"]

_CHROME = re.compile(
    r"""new | get\ trending\ papers\ in\ your\ email\ inbox(?:\ once\ a\ day)?!? | (?:un)?subscribe
    | daily\ papers | by\ ?ak(?:\ and\ the\ research\ community)?
    | (?:and\ )?the\ research\ community
    | hugging\ ?face | hugging\ face'?s?\ logo.* | models | datasets | spaces | buckets | posts
    | community | docs | enterprise | pricing | solutions | log\ in | sign\ up | papers | trending
    | daily | weekly | monthly | search | previous | next | upvote | view\ all | load\ more
    | submit(?:\ paper)? | (?:system|light|dark)\ theme | company | tos | terms | privacy | about
    | careers | jobs | website | trending\ papers | ©.* | submitted\ by | collections
    | organizations
    """,
    re.IGNORECASE | re.VERBOSE,
)
_TELLTALE = re.compile(
    r"daily papers|by ?ak and the research community|get trending papers in your email inbox!?",
    re.IGNORECASE,
)
_AUTHORS = re.compile(r"(?:[-•·*]\s*)*(\d{1,3}(?:,\d{3})+|\d{1,6}) authors?", re.IGNORECASE)
_BYLINE = re.compile(r"(?P<who>.{0,120}?)\s*·\s*(?P<date>.{0,40})")
# Where the title, the abstract and the number of authors lead to.
_PAPER = re.compile(r"(?:https?://(?:huggingface\.co|hf\.co))?/papers/(\d{4}\.\d{4,5})(?:[/?#].*)?")
_MAX_TITLE = 300
_LONG = 200  # characters: a paragraph this long is prose
_SHORT = 40  # characters: nothing shorter is an abstract
_IMPOSSIBLE = 100.0
_STRAY = 3.0


@dataclass(frozen=True, slots=True)
class _Block:
    """A paragraph: its words, the number of its first line, and what its markup tells."""

    text: str
    line: int
    is_heading: bool = False
    arxiv_id: str | None = None


@dataclass(frozen=True, slots=True)
class _Byline:
    """The block under an abstract, or a part of it."""

    author_count: int | None = None
    date: str | None = None


def _sniff(head: Head) -> Confidence:
    """Look for what such a page has: its chrome, or its metadata blocks."""
    if head.xml_root:  # the page as HTML, which has the same words
        return Confidence.NO
    lines = [one_line(line.text) for line in marked_lines(head.text)]
    found = any(_TELLTALE.fullmatch(line) for line in lines) or any(
        _AUTHORS.fullmatch(line) and line.startswith("•") for line in lines
    )
    return Confidence.MARKS if found else Confidence.NO


def _read(document: Document) -> Iterator[Item]:
    yield from read_page(document.text(), document)


def read_page(text: str, document: Document) -> Iterator[Item]:
    """Yield the papers of a page in its order, and what could not be read as one.

    An organisation's name in place of the author count is not taken for an author.

    Args:
        text: The page as text, with or without the marks of Markdown.
        document: Where it comes from.
    """
    empty = True
    for run, byline in _runs(text):
        items = list(_read_run(run, document))
        last = items[-1] if items else None
        if isinstance(last, Paper):
            count, date = byline.author_count, byline.date
            items[-1] = replace(last, author_count=count, date=date, year=year_of(date))
        for item in items:
            empty = False
            yield item
    if empty:
        reason = "the page holds no papers, only what surrounds them"
        yield Rejection(document.source, "", reason)


def _runs(text: str) -> Iterator[tuple[list[_Block], _Byline]]:
    """Divide a page behind each byline into the paragraphs before it and the byline."""
    run: list[_Block] = []
    byline: _Byline | None = None
    for part in _parts(text):
        if isinstance(part, _Byline):
            known = byline or _Byline()
            byline = _Byline(part.author_count or known.author_count, part.date or known.date)
            continue
        if byline is not None:
            yield run, byline
            run, byline = [], None
        run.append(part)
    yield run, byline or _Byline()


def _parts(text: str) -> Iterator[_Block | _Byline]:
    """Split a page into paragraphs and bylines, leaving out chrome."""
    after_header = after_byline = False
    for block in _paragraphs(text):
        plain = one_line(block.text)
        byline = _read_byline(plain)
        if after_byline and byline is None and (date := parse_page_date(plain)):
            byline = _Byline(date=date)
        if byline is not None:
            yield byline
        elif _CHROME.fullmatch(plain):
            # The date of the page stands right behind its header.
            after_header = bool(_TELLTALE.fullmatch(plain)) or after_header
            continue
        elif plain and not (after_header and parse_page_date(plain)):
            yield replace(block, text=plain)
        after_header, after_byline = False, byline is not None


def _paragraphs(text: str) -> Iterator[_Block]:
    lines: list[MarkedLine] = []
    for line in [*marked_lines(text), MarkedLine("", 0)]:
        if line.text and not line.is_heading:
            if not _is_aside(line):
                lines.append(line)
            continue
        yield from _paragraph(lines)
        lines = []
        if line.text:
            yield _Block(line.text, line.number, is_heading=True, arxiv_id=_paper_of(line))


def _is_aside(line: MarkedLine) -> bool:
    """Tell whether a line is a menu's, or a link to something that is no paper."""
    if line.item != line.text and line.text not in {"·", "•"}:
        return not line.item or bool(_CHROME.fullmatch(line.item))
    return line.is_link and _paper_of(line) is None and len(line.text) < _LONG


def _paper_of(*lines: MarkedLine) -> str | None:
    """Return the arXiv id of the first paper that lines lead to."""
    links = (_PAPER.fullmatch(link) for line in lines for link in line.links)
    return next((match[1] for match in links if match), None)


def _paragraph(lines: list[MarkedLine]) -> Iterator[_Block]:
    """Yield the paragraphs of a group of lines that no blank line divides."""
    tail = len(lines)
    while tail and _is_byline_piece(lines[tail - 1].text):
        tail -= 1
    body, byline = lines[:tail], lines[tail:]
    if byline and not any("·" in line.text or _AUTHORS.fullmatch(line.text) for line in byline):
        body, byline = lines, []
    elif byline and body and byline[0].text == "·":
        # What stands before the dot is the byline's own: a name in place of the author count.
        body, byline = body[:-1], [body[-1], *byline]
    # Lines this long were not wrapped by an editor: each is a paragraph.
    if any(len(line.text) >= _LONG for line in body):
        yield from (_block(line) for line in body)
    elif body:
        yield _block(*body)
    if byline:
        yield _block(*byline)


def _block(*lines: MarkedLine) -> _Block:
    text = " ".join(line.text for line in lines)
    return _Block(text, lines[0].number, arxiv_id=_paper_of(*lines))


def _is_byline_piece(line: str) -> bool:
    return (
        line in {"·", "•"}
        or bool(_AUTHORS.fullmatch(line))
        or parse_page_date(line) is not None
        or (len(line) < _LONG and "·" in line and _read_byline(line) is not None)
    )


def _read_byline(plain: str) -> _Byline | None:
    if plain == "·":
        return _Byline()
    if len(plain) > _LONG:
        return None
    if match := _AUTHORS.fullmatch(plain):
        return _Byline(int(match[1].replace(",", "")))
    match = _BYLINE.fullmatch(plain)
    if not match:
        return None
    date = parse_page_date(match["date"])
    authors = _AUTHORS.fullmatch(match["who"])
    if date is None and not authors:
        return None
    return _Byline(int(authors[1].replace(",", "")) if authors else None, date)


def _read_run(run: list[_Block], document: Document) -> Iterator[Item]:
    """Read the paragraphs between two bylines as pairs of title and abstract."""
    for group in _cheapest_reading(run):
        first = group[0]
        if len(group) == 1:
            yield Rejection(document.source, f"line {first.line}", _why_stray(first))
            continue
        record = Record(
            title=first.text,
            abstract=" ".join(block.text for block in group[1:]),
            ids={"arxiv": [block.arxiv_id for block in group if block.arxiv_id]},
        )
        yield to_item(record, document, f"line {first.line}")


def _why_stray(block: _Block) -> str:
    shown = block.text if len(block.text) <= 60 else f"{block.text[:57]}..."
    kind = "text without a title" if len(block.text) >= _LONG else "a title without an abstract"
    return f'{kind}: "{shown}"'


def _cheapest_reading(run: list[_Block]) -> list[list[_Block]]:
    """Group paragraphs into papers (title, abstract, further paragraphs) or strays of one.

    Dynamic programming over how many paragraphs have been read; every group has a cost that says
    how unlike a paper it looks.
    """
    costs, sizes = [0.0], [0]
    for end in range(1, len(run) + 1):
        options = [
            (costs[end - size] + _cost(run[end - size : end]), size)
            for size in range(1, min(end, 4) + 1)
        ]
        cost, size = min(options)
        costs.append(cost)
        sizes.append(size)
    groups: list[list[_Block]] = []
    end = len(run)
    while end:
        groups.append(run[end - sizes[end] : end])
        end -= sizes[end]
    return groups[::-1]


def _cost(group: list[_Block]) -> float:
    if len(group) == 1:
        return _STRAY
    title, abstract, *more = group
    if any(block.is_heading for block in group[1:]) or len(_papers(group)) > 1:
        return _IMPOSSIBLE
    cost = _title_cost(title) + _abstract_cost(abstract, title)
    # A second paragraph of an abstract is rarer than the next paper, and never short.
    return cost + sum(1.0 if len(block.text) >= _LONG else _IMPOSSIBLE for block in more)


def _papers(group: list[_Block]) -> set[str]:
    return {block.arxiv_id for block in group if block.arxiv_id}


def _title_cost(title: _Block) -> float:
    text = title.text
    if len(text) > _MAX_TITLE or is_nothing(text):
        return _IMPOSSIBLE
    if title.is_heading:
        return 0.0
    return (2.5 if text.endswith(".") else 0.0) + (1.0 if len(text) >= _LONG else 0.0)


def _abstract_cost(abstract: _Block, title: _Block) -> float:
    if title.is_heading or (title.arxiv_id and title.arxiv_id == abstract.arxiv_id):
        return 0.0  # the page says which is which
    text = abstract.text
    if len(text) < _SHORT:
        return _IMPOSSIBLE
    ends = text.rstrip("\"')]}*$”’").endswith((".", "!", "?", "…", ":"))
    cost = 0.0 if len(text) >= _LONG else 0.5 if ends else 4.0
    return cost + (0.5 if len(text) < len(title.text) else 0.0)


READER = Reader(
    name="daily-papers",
    label="saved Daily Papers pages",
    suffixes=(".txt", ".text", ".md"),
    sniff=_sniff,
    read=_read,
)
