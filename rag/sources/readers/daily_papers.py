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

from rag.papers import Paper, title_id
from rag.sources.base import Confidence, Item, Reader, Rejection
from rag.text.dates import parse_page_date, year_of
from rag.text.decoding import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rag.sources.document import Document, Head

__all__ = ["READER"]

_CHROME = re.compile(
    r"""new | get\ trending\ papers\ in\ your\ email\ inbox!? | (?:un)?subscribe | daily\ papers
    | by\ ?ak(?:\ and\ the\ research\ community)? | (?:and\ )?the\ research\ community
    | hugging\ ?face | models | datasets | spaces | buckets | posts | community | docs
    | enterprise | pricing | solutions | log\ in | sign\ up | papers | trending | daily | weekly
    | monthly | search | previous | next | upvote | view\ all | load\ more | submit(?:\ paper)?
    | (?:system|light|dark)\ theme | company | tos | terms | privacy | about | careers | jobs
    | website | trending\ papers | ©.* | submitted\ by | collections | organizations
    """,
    re.IGNORECASE | re.VERBOSE,
)
_TELLTALE = re.compile(
    r"daily papers|by ?ak and the research community|get trending papers in your email inbox!?",
    re.IGNORECASE,
)
_AUTHORS = re.compile(r"(?:[•·*]\s*)?(\d{1,3}(?:,\d{3})+|\d{1,6}) authors?", re.IGNORECASE)
_BYLINE = re.compile(r"(?P<who>.{0,120}?)\s*·\s*(?P<date>.{0,40})")
_MAX_TITLE = 300
_LONG = 200  # characters: a paragraph this long is prose
_SHORT = 40  # characters: nothing shorter is an abstract
_IMPOSSIBLE = 100.0
_STRAY = 3.0


@dataclass(frozen=True, slots=True)
class _Block:
    """A paragraph and the number of its first line."""

    text: str
    line: int


@dataclass(frozen=True, slots=True)
class _Byline:
    """The block under an abstract."""

    author_count: int | None
    date: str | None


def _sniff(head: Head) -> Confidence:
    """Look for what such a page has: its chrome, or its metadata blocks."""
    if head.xml_root:  # the page as HTML, which has the same words
        return Confidence.NO
    lines = [line.strip() for line in head.text.splitlines()]
    found = any(_TELLTALE.fullmatch(one_line(line)) for line in lines) or any(
        _AUTHORS.fullmatch(line) and line.startswith("•") for line in lines
    )
    return Confidence.MARKS if found else Confidence.NO


def _read(document: Document) -> Iterator[Item]:
    """Yield the papers of a page in its order, and what could not be read as one.

    An organisation's name in place of the author count is not taken for an author.
    """
    source, name = document.source, document.name
    empty = True
    run: list[_Block] = []
    for part in [*_parts(document.text()), None]:
        if isinstance(part, _Block):
            run.append(part)
            continue
        items = list(_read_run(run, source, name))
        run = []
        last = items[-1] if items else None
        if isinstance(last, Paper) and part is not None:
            year = year_of(part.date)
            items[-1] = replace(last, author_count=part.author_count, date=part.date, year=year)
        for item in items:
            empty = False
            yield item
    if empty:
        yield Rejection(source, "", "the page holds no papers, only what surrounds them")


def _parts(text: str) -> Iterator[_Block | _Byline]:
    """Split a page into paragraphs and bylines, leaving out chrome."""
    after_header = False
    for block in _paragraphs(text):
        plain = one_line(block.text)
        byline = _read_byline(plain)
        if byline is not None:
            yield byline
        elif _CHROME.fullmatch(plain):
            # The date of the page stands right behind its header.
            after_header = bool(_TELLTALE.fullmatch(plain)) or after_header
            continue
        elif plain and not (after_header and parse_page_date(plain)):
            yield _Block(plain, block.line)
        after_header = False


def _paragraphs(text: str) -> Iterator[_Block]:
    lines: list[tuple[int, str]] = []
    for number, line in enumerate([*text.split("\n"), ""], start=1):
        if line.strip():
            lines.append((number, line.strip()))
            continue
        yield from _paragraph(lines)
        lines = []


def _paragraph(lines: list[tuple[int, str]]) -> Iterator[_Block]:
    """Yield the paragraphs of a group of lines that no blank line divides."""
    tail = len(lines)
    while tail and _is_byline_piece(lines[tail - 1][1]):
        tail -= 1
    body, byline = lines[:tail], lines[tail:]
    if byline and not any("·" in line or _AUTHORS.fullmatch(line) for _, line in byline):
        body, byline = lines, []
    elif byline and body and byline[0][1] == "·":
        # What stands before the dot is the byline's own: a name in place of the author count.
        body, byline = body[:-1], [body[-1], *byline]
    # Lines this long were not wrapped by an editor: each is a paragraph.
    if any(len(line) >= _LONG for _, line in body):
        yield from (_Block(line, number) for number, line in body)
    elif body:
        yield _Block(" ".join(line for _, line in body), body[0][0])
    if byline:
        yield _Block(" ".join(line for _, line in byline), byline[0][0])


def _is_byline_piece(line: str) -> bool:
    return (
        line in {"·", "•"}
        or bool(_AUTHORS.fullmatch(line))
        or parse_page_date(line) is not None
        or (len(line) < _LONG and "·" in line and _read_byline(line) is not None)
    )


def _read_byline(plain: str) -> _Byline | None:
    if len(plain) > _LONG:
        return None
    if match := _AUTHORS.fullmatch(plain):
        return _Byline(int(match[1].replace(",", "")), None)
    match = _BYLINE.fullmatch(plain)
    if not match:
        return None
    date = parse_page_date(match["date"])
    authors = _AUTHORS.fullmatch(match["who"])
    if date is None and not authors:
        return None
    return _Byline(int(authors[1].replace(",", "")) if authors else None, date)


def _read_run(run: list[_Block], source: str, name: str) -> Iterator[Item]:
    """Read the paragraphs between two bylines as pairs of title and abstract."""
    for group in _cheapest_reading(run):
        first = group[0]
        if len(group) == 1:
            yield Rejection(source, f"line {first.line}", _why_stray(first))
            continue
        abstract = " ".join(block.text for block in group[1:])
        yield Paper(id=title_id(first.text), title=first.text, abstract=abstract, sources=(name,))


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
    title, abstract, *more = (block.text for block in group)
    cost = _title_cost(title) + _abstract_cost(abstract, title)
    # A second paragraph of an abstract is rarer than the next paper, and never short.
    return cost + sum(1.0 if len(text) >= _LONG else _IMPOSSIBLE for text in more)


def _title_cost(text: str) -> float:
    if len(text) > _MAX_TITLE:
        return _IMPOSSIBLE
    return (2.5 if text.endswith(".") else 0.0) + (1.0 if len(text) >= _LONG else 0.0)


def _abstract_cost(text: str, title: str) -> float:
    if len(text) < _SHORT:
        return _IMPOSSIBLE
    ends = text.rstrip("\"')]}*$”’").endswith((".", "!", "?", "…", ":"))
    cost = 0.0 if len(text) >= _LONG else 0.5 if ends else 4.0
    return cost + (0.5 if len(text) < len(title) else 0.0)


READER = Reader(
    name="daily-papers",
    label="saved Daily Papers pages",
    suffixes=(".txt", ".text", ".md"),
    sniff=_sniff,
    read=_read,
)
