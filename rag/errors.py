"""The errors a person can meet, each with one line on what happened and a hint what to do.

Everything that the library raises on purpose is a `RagError`. The command line prints `message`
and `hint`; Python callers see both in `str(error)`.
"""

from __future__ import annotations

__all__ = [
    "EmbedderError",
    "LLMError",
    "LibraryError",
    "LibraryNotFoundError",
    "ManifestMismatchError",
    "PaperNotFoundError",
    "QuestionError",
    "RagError",
    "SettingsError",
    "StorageError",
]


class RagError(Exception):
    """An error with a message for a person and a hint what to do about it."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n{self.hint}" if self.hint else self.message


class SettingsError(RagError):
    """A setting has an unknown name or a value that can't be used."""


class QuestionError(RagError):
    """The question is empty or too long to be one."""


class LibraryError(RagError):
    """The library can't do what was asked in the state that it is in."""


class StorageError(LibraryError):
    """The storage folder or the Chroma server can't be used."""


class LibraryNotFoundError(LibraryError):
    """There is no library in the storage folder yet: nothing has been added."""


class ManifestMismatchError(LibraryError):
    """The index on disk was built in another way than the settings ask for."""


class PaperNotFoundError(LibraryError):
    """No paper in the library has this id."""


class EmbedderError(RagError):
    """The embedding model is missing, damaged, or failed."""


class LLMError(RagError):
    """The language model can't be reached, refused, or gave nothing that can be used."""
