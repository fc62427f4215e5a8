"""Where papers come from: one module a format, bytes in, papers out."""

from rag.sources.base import Item, Reader, Rejection, all_readers
from rag.sources.document import Document
from rag.sources.files import UPLOADS, file_suffixes, read_sources
from rag.sources.reading import read_document
from rag.sources.table import TABLE_FIELDS

__all__ = [
    "TABLE_FIELDS",
    "UPLOADS",
    "Document",
    "Item",
    "Reader",
    "Rejection",
    "all_readers",
    "file_suffixes",
    "read_document",
    "read_sources",
]
