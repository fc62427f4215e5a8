"""Where papers come from: one module per format, bytes in, papers out."""

from rag.sources.base import Item, Rejection
from rag.sources.files import FORMATS, read_sources

__all__ = ["FORMATS", "Item", "Rejection", "read_sources"]
