"""Read tables of separated values: commas, semicolons, tabs or bars, told from the header."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

from rag.sources.base import Confidence, Item, Reader, Rejection
from rag.sources.table import LOOKED_AT, Row, find_columns, table_items

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from rag.sources.document import Document, Head

__all__ = ["READER", "separated_rows"]

_DELIMITERS = ",;\t|"
_SUFFIXES = (".csv", ".tsv", ".tab")


def _sniff(head: Head) -> Confidence:
    if max(_known(head.text, delimiter, {}) for delimiter in _DELIMITERS) > 1:
        return Confidence.MARKS
    return Confidence.NAME if head.suffix in _SUFFIXES else Confidence.NO


def _known(text: str, delimiter: str, wanted: Mapping[str, str]) -> int:
    """Count the columns that are known in the header that a delimiter gives."""
    lines = text.split("\n", LOOKED_AT)[:LOOKED_AT]
    rows = separated_rows(lines, delimiter, "")
    return max(
        (len(find_columns(row[1], wanted)) for row in rows if isinstance(row, tuple)), default=0
    )


def _read(document: Document) -> Iterator[Item]:
    text, wanted = document.head.text, document.columns
    first = text.split("\n", 1)[0]
    delimiter = max(_DELIMITERS, key=lambda one: (_known(text, one, wanted), first.count(one)))
    rows = separated_rows(document.text_lines(), delimiter, document.source)
    yield from table_items(rows, document)


def separated_rows(lines: Iterable[str], delimiter: str, source: str) -> Iterator[Row | Rejection]:
    """Yield the rows in lines of separated values, each with the line that it begins on.

    A field may go over lines in quotes. What can't be read is rejected in the name of a source.
    """
    reader = csv.reader(map(_with_line_feed, lines), delimiter=delimiter)
    while True:
        place = f"line {reader.line_num + 1}"
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield Rejection(source, place, f"not a row ({error}): perhaps a quote is not closed")
            continue
        yield place, cells


def _with_line_feed(line: str) -> str:
    # A bare return is no line end where lines end in line feeds, but the module takes it for one.
    return line.rstrip("\r\n").replace("\r", " ") + "\n"


READER = Reader(
    name="csv",
    label="tables of separated values",
    suffixes=_SUFFIXES,
    sniff=_sniff,
    read=_read,
)
