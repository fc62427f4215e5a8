"""The library: the object that every face talks to."""

from __future__ import annotations

from rag.library.library import Library

__all__ = ["Library"]
