"""Papers, answers and conversations written for elsewhere: one module a format."""

from rag.export.base import (
    ExportFormat,
    PaperFormat,
    answer_formats,
    conversation_formats,
    export_answer,
    export_conversation,
    export_papers,
    paper_formats,
)

__all__ = [
    "ExportFormat",
    "PaperFormat",
    "answer_formats",
    "conversation_formats",
    "export_answer",
    "export_conversation",
    "export_papers",
    "paper_formats",
]
