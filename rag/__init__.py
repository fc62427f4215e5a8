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
    from rag.answers.answer import Answer, Citation, Sentence, Verification
    from rag.chat.conversation import Chat
    from rag.errors import LLMError, RagError
    from rag.index.sync import AddReport
    from rag.library import Library
    from rag.papers import Paper
    from rag.search.hybrid import Hit, Passage
    from rag.search.query import Filters
    from rag.settings import Settings

# Where each public name lives: nothing heavy is imported before it is used.
_HOMES = {
    "AddReport": "rag.index.sync",
    "Answer": "rag.answers.answer",
    "Chat": "rag.chat.conversation",
    "Citation": "rag.answers.answer",
    "Filters": "rag.search.query",
    "Hit": "rag.search.hybrid",
    "LLMError": "rag.errors",
    "Library": "rag.library",
    "Paper": "rag.papers",
    "Passage": "rag.search.hybrid",
    "RagError": "rag.errors",
    "Sentence": "rag.answers.answer",
    "Settings": "rag.settings",
    "Verification": "rag.answers.answer",
}

__all__ = [
    "AddReport",
    "Answer",
    "Chat",
    "Citation",
    "Filters",
    "Hit",
    "LLMError",
    "Library",
    "Paper",
    "Passage",
    "RagError",
    "Sentence",
    "Settings",
    "Verification",
    "__version__",
]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - any public name
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'rag' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
