"""Ask research-paper abstracts a question; get an answer that leads to the exact words.

>>> from rag import Library                       # doctest: +SKIP
>>> library = Library("storage")                  # doctest: +SKIP
>>> library.add("pages/")                         # doctest: +SKIP
>>> print(library.ask("How is ... measured?").text)  # doctest: +SKIP
"""

from __future__ import annotations

import importlib
import os
from typing import TYPE_CHECKING, Any

from rag.version import __version__

# No library that this one stands on may report anything to anyone, or look for updates.
for _switch, _value in {
    "ANONYMIZED_TELEMETRY": "False",
    "GRADIO_ANALYTICS_ENABLED": "False",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "ORT_DISABLE_TELEMETRY": "1",
}.items():
    os.environ.setdefault(_switch, _value)

if TYPE_CHECKING:
    from rag.answers.answer import Answer, Citation, Retrieved, Sentence, Verification
    from rag.answers.stream import AnswerStream, AsyncAnswerStream
    from rag.answers.survey import Survey, SurveyCell, SurveyRow
    from rag.chat.conversation import Chat
    from rag.errors import (
        EmbedderError,
        LibraryError,
        LibraryNotFoundError,
        LLMError,
        ManifestMismatchError,
        PaperNotFoundError,
        QuestionError,
        RagError,
        SettingsError,
        StorageError,
    )
    from rag.index.mending import Duplicates, Likely, Merged
    from rag.index.sync import AddReport, Difference
    from rag.library import Library
    from rag.library.backup import Backup
    from rag.library.llama_index import HybridRetriever, LibraryQueryEngine
    from rag.library.map import PaperMap
    from rag.library.overview import Overview
    from rag.library.sources import Source
    from rag.library.sync import ChangedPaper, GonePaper, SyncReport
    from rag.library.zotero import SentReport
    from rag.papers import History, Paper, Part
    from rag.search.hybrid import Hit, Passage, SearchResult
    from rag.search.query import Filters
    from rag.settings import Settings
    from rag.sources import Rejection

# Where each public name lives: nothing heavy is imported before it is used.
_HOMES = {
    "AddReport": "rag.index.sync",
    "Answer": "rag.answers.answer",
    "AnswerStream": "rag.answers.stream",
    "AsyncAnswerStream": "rag.answers.stream",
    "Backup": "rag.library.backup",
    "ChangedPaper": "rag.library.sync",
    "Chat": "rag.chat.conversation",
    "Difference": "rag.index.sync",
    "Duplicates": "rag.index.mending",
    "Citation": "rag.answers.answer",
    "EmbedderError": "rag.errors",
    "Filters": "rag.search.query",
    "GonePaper": "rag.library.sync",
    "History": "rag.papers",
    "Hit": "rag.search.hybrid",
    "HybridRetriever": "rag.library.llama_index",
    "LLMError": "rag.errors",
    "Library": "rag.library",
    "LibraryError": "rag.errors",
    "LibraryNotFoundError": "rag.errors",
    "LibraryQueryEngine": "rag.library.llama_index",
    "Likely": "rag.index.mending",
    "ManifestMismatchError": "rag.errors",
    "Merged": "rag.index.mending",
    "Overview": "rag.library.overview",
    "Paper": "rag.papers",
    "PaperMap": "rag.library.map",
    "PaperNotFoundError": "rag.errors",
    "Part": "rag.papers",
    "Passage": "rag.search.hybrid",
    "QuestionError": "rag.errors",
    "RagError": "rag.errors",
    "Rejection": "rag.sources",
    "Retrieved": "rag.answers.answer",
    "SearchResult": "rag.search.hybrid",
    "Sentence": "rag.answers.answer",
    "SentReport": "rag.library.zotero",
    "Settings": "rag.settings",
    "SettingsError": "rag.errors",
    "Source": "rag.library.sources",
    "StorageError": "rag.errors",
    "Survey": "rag.answers.survey",
    "SurveyCell": "rag.answers.survey",
    "SurveyRow": "rag.answers.survey",
    "SyncReport": "rag.library.sync",
    "Verification": "rag.answers.answer",
}

__all__ = [
    "AddReport",
    "Answer",
    "AnswerStream",
    "AsyncAnswerStream",
    "Backup",
    "ChangedPaper",
    "Chat",
    "Citation",
    "Difference",
    "Duplicates",
    "EmbedderError",
    "Filters",
    "GonePaper",
    "History",
    "Hit",
    "HybridRetriever",
    "LLMError",
    "Library",
    "LibraryError",
    "LibraryNotFoundError",
    "LibraryQueryEngine",
    "Likely",
    "ManifestMismatchError",
    "Merged",
    "Overview",
    "Paper",
    "PaperMap",
    "PaperNotFoundError",
    "Part",
    "Passage",
    "QuestionError",
    "RagError",
    "Rejection",
    "Retrieved",
    "SearchResult",
    "SentReport",
    "Sentence",
    "Settings",
    "SettingsError",
    "Source",
    "StorageError",
    "Survey",
    "SurveyCell",
    "SurveyRow",
    "SyncReport",
    "Verification",
    "__version__",
]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - any public name
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'rag' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
