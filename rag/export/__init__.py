"""Papers, answers, conversations and surveys written for elsewhere: one module a format."""

from rag.export.base import (
    ExportFormat,
    PaperFormat,
    SurveyFormat,
    answer_formats,
    conversation_formats,
    export_answer,
    export_conversation,
    export_papers,
    export_survey,
    paper_formats,
    survey_formats,
)

__all__ = [
    "ExportFormat",
    "PaperFormat",
    "SurveyFormat",
    "answer_formats",
    "conversation_formats",
    "export_answer",
    "export_conversation",
    "export_papers",
    "export_survey",
    "paper_formats",
    "survey_formats",
]
