"""Read Parquet tables, with pyarrow where it is installed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rag.sources.base import Confidence, Item, Reader
from rag.sources.document import UnreadableError
from rag.sources.table import Row, table_items
from rag.text.decoding import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

    from rag.sources.document import Document, Head

__all__ = ["READER"]

_MAGIC = b"PAR1"
_BATCH = 256  # rows


def _sniff(head: Head) -> Confidence:
    return Confidence.SIGNATURE if head.data.startswith(_MAGIC) else Confidence.NO


def _read(document: Document) -> Iterator[Item]:
    yield from table_items(_rows(document.file()), document)


def _rows(file: BinaryIO) -> Iterator[Row]:
    """Yield the names of the columns, then the rows.

    Raises:
        UnreadableError: it is damaged, or pyarrow is not installed.
    """
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as error:
        reason = "a Parquet table, which takes pyarrow to read: pip install pyarrow"
        raise UnreadableError(reason) from error
    number = 0
    try:
        table = pq.ParquetFile(file)
        names = table.schema_arrow.names
        yield "the header", names
        for batch in table.iter_batches(batch_size=_BATCH):
            columns: list[list[Any]] = [column.to_pylist() for column in batch.columns]
            for cells in zip(*columns, strict=True):
                number += 1
                yield f"row {number}", cells
    except (pa.ArrowException, OSError, ValueError) as error:
        reason = f"a Parquet table that can't be read ({one_line(str(error))[:200]})"
        raise UnreadableError(reason) from error


READER = Reader(
    name="parquet", label="Parquet tables", suffixes=(".parquet",), sniff=_sniff, read=_read
)
