"""Read Excel workbooks: the sheets in which a column holds titles, row by row."""

from __future__ import annotations

import warnings
import zipfile
import zlib
from itertools import chain, groupby, islice
from typing import TYPE_CHECKING, Any

from rag.sources.base import Confidence, Item, Reader, Rejection
from rag.sources.document import TooLargeError, UnreadableError
from rag.sources.kinds import ZIP, zipped_kind
from rag.sources.table import LOOKED_AT, find_columns, table_items
from rag.text.decoding import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import BinaryIO

    from rag.sources.document import Document, Head

__all__ = ["READER"]

_MAX_UNPACKED = 2**30  # bytes: the texts of a workbook are held in memory
# What openpyxl raises at workbooks that are damaged, or written in ways of their own.
_ERRORS = (
    ArithmeticError, AssertionError, AttributeError, EOFError, LookupError, NotImplementedError,
    OSError, RuntimeError, SyntaxError, TypeError, ValueError, zipfile.BadZipFile, zlib.error,
)  # fmt: skip


def _sniff(head: Head) -> Confidence:
    is_workbook = head.data.startswith(ZIP) and zipped_kind(head.data) == "an Excel workbook"
    return Confidence.SIGNATURE if is_workbook else Confidence.NO


def _read(document: Document) -> Iterator[Item]:
    found = False
    first: list[Item] = []  # what is said of the first sheet that has rows, if none has titles
    for _, group in groupby(_cells(document.file()), key=lambda row: row[0]):
        rows = ((f"sheet {sheet!r}, row {number}", cells) for sheet, number, cells in group)
        above = list(islice(rows, LOOKED_AT))
        items = table_items(chain(above, rows), document)
        if any(find_columns(cells, document.columns) for _, cells in above):
            found = True
            yield from items
        else:
            first = first or list(items)
    if not found:
        yield from first or [Rejection(document.source, "", "the workbook is empty")]


def _cells(file: BinaryIO) -> Iterator[tuple[str, int, Sequence[Any]]]:
    """Yield the rows of a workbook: the name of the sheet, the row's number, what it holds.

    Raises:
        UnreadableError: it is damaged, or its parts unpack to more than 1 GB.
    """
    try:
        with zipfile.ZipFile(file) as parts:
            unpacked = sum(part.file_size for part in parts.infolist())
    except _ERRORS as error:
        raise _damaged(error) from error
    if unpacked > _MAX_UNPACKED:
        raise TooLargeError(f"a workbook that unpacks to more than {_MAX_UNPACKED >> 30} GB")
    rows = _open(file)
    while True:
        try:
            # It warns of styles and of dates, which matter to none of what is read.
            with warnings.catch_warnings(action="ignore"):
                row = next(rows)
        except StopIteration:
            return
        except _ERRORS as error:
            raise _damaged(error) from error
        yield row


def _damaged(error: Exception) -> UnreadableError:
    reason = one_line(str(error))[:200]
    return UnreadableError(f"an Excel workbook that can't be read ({reason})")


def _open(file: BinaryIO) -> Iterator[tuple[str, int, Sequence[Any]]]:
    from openpyxl import load_workbook

    workbook = load_workbook(file, read_only=True, data_only=True)
    for sheet in workbook.worksheets:
        sheet.reset_dimensions()  # which some programs state wrongly
        for number, cells in enumerate(sheet.iter_rows(values_only=True), start=1):
            yield sheet.title, number, cells


READER = Reader(
    name="xlsx", label="Excel workbooks", suffixes=(".xlsx", ".xlsm"), sniff=_sniff, read=_read
)
