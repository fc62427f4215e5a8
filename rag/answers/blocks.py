"""The blocks of a Markdown text: paragraphs, list items, headings, rows of tables, code."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rag.text.fences import Line

__all__ = ["QUOTED", "Block", "BlockKind", "find_blocks"]

BlockKind: TypeAlias = Literal["prose", "item", "heading", "row", "code"]

QUOTED = re.compile(r"[ \t]*(?:>[ \t]?)+")
_RULE = re.compile(r"\s*(?:([-*_])(?:[ \t]*\1){2,}|=+)\s*")
_HEADING = re.compile(r"[ ]{0,3}#{1,6}[ \t]+")
# A whole line in bold is a heading, unless it is long or ends like a sentence.
_BOLD_LINE = re.compile(r"[ \t]*(\*\*|__)[^*_\[]{1,80}(?<![.!?])\1:?[ \t]*")
_ITEM = re.compile(r"[ \t>]*(?:[-*+•]|\d{1,3}[.)])[ \t]+(?:\[[ xX]\][ \t]+)?")
_ROW = re.compile(r"[ \t>]*\|.*\|[ \t]*")
_ROW_RULE = re.compile(r"[ \t>]*+\|?(?:[ \t]*+:?-++:?[ \t]*+\|)++(?:[ \t]*+:?-++:?)?[ \t]*+")


class Block(NamedTuple):
    """One block: `text[start:end]`, without what marks it as one.

    Attributes:
        start: Where it begins.
        end: Where it ends.
        kind: What it is.
        is_row: Whether it is a row of a table, its head included.
    """

    start: int
    end: int
    kind: BlockKind
    is_row: bool = False


def find_blocks(lines: Sequence[Line]) -> Iterator[Block]:
    """Yield the blocks of a text.

    Args:
        lines: The text, line by line, with what fences say of each.
    """
    block: Block | None = None
    in_table = False
    for (start, line, is_code), (_, following, _) in pairwise([*_bodies(lines), (0, "", False)]):
        end = start + len(line)
        if not is_code:
            begun = _begin(line, following, in_table=in_table)
            in_table = bool(line) and (in_table or _ROW_RULE.fullmatch(line) is not None)
        elif block and block.kind == "code":
            begun = None
        else:
            begun = (0, "code", False)
        joins = {"code"} if is_code else {"prose", "item"}
        if line and begun is None and block and block.kind in joins:
            block = block._replace(end=end)
            continue
        if not line and is_code:
            continue
        if block:
            yield block
        skip, kind, is_row = begun or (_length(QUOTED, line), "prose", False)
        block = Block(start + skip, end, kind, is_row) if line else None
    if block:
        yield block


def _bodies(lines: Sequence[Line]) -> Iterator[tuple[int, str, bool]]:
    """Yield each line's offset, its text, empty where it only divides, and whether it is code."""
    at = 0
    for line in lines:
        body = line.text.rstrip()
        is_code = line.kind == "code"
        divides = not body.strip(" \t>") or (not is_code and _RULE.fullmatch(body))
        yield at, body if line.kind in {"text", "code"} and not divides else "", is_code
        at += len(line.text)


def _begin(line: str, following: str, *, in_table: bool) -> tuple[int, BlockKind, bool] | None:
    """Return what a line begins; None for running text.

    Returns:
        How many of its characters mark it as such, its kind, and whether it is of a table.
    """
    if skip := _length(_HEADING, line):
        return skip, "heading", False
    if _BOLD_LINE.fullmatch(line):
        return 0, "heading", False
    if skip := _length(_ITEM, line):
        return skip, "item", False
    if "|" not in line:
        return None
    if _ROW_RULE.fullmatch(line):
        return len(line), "row", True
    is_head = _ROW_RULE.fullmatch(following) is not None
    is_row = is_head or in_table or _ROW.fullmatch(line)
    return (0, "heading" if is_head else "row", True) if is_row else None


def _length(pattern: re.Pattern[str], line: str) -> int:
    match = pattern.match(line)
    return match.end() if match else 0
