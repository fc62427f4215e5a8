"""Where papers come from: one module a format, one a service of the web; bytes in, papers out."""

from rag.sources.base import Failure, Item, Reader, Rejection, all_readers
from rag.sources.document import Document
from rag.sources.files import document_name, file_suffixes, read_sources
from rag.sources.reading import read_document
from rag.sources.table import TABLE_FIELDS

__all__ = [
    "TABLE_FIELDS",
    "Document",
    "Failure",
    "Item",
    "Reader",
    "Rejection",
    "all_readers",
    "document_name",
    "file_suffixes",
    "read_document",
    "read_sources",
]
