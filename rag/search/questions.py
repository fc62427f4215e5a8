"""What may be asked."""

from __future__ import annotations

from rag.errors import QuestionError
from rag.text.decoding import one_line

__all__ = ["MAX_QUESTION", "check_question"]

MAX_QUESTION = 4_000  # characters: longer than any question, shorter than a pasted paper


def check_question(question: str) -> str:
    """Return a question on one line.

    Raises:
        QuestionError: it is blank or too long.
    """
    text = one_line(question)
    if not text:
        raise QuestionError("The question is empty.", hint='Ask one: rag ask "How does ... work?"')
    if len(text) > MAX_QUESTION:
        raise QuestionError(
            f"The question has {len(text):,} characters; {MAX_QUESTION:,} is the most.",
            hint="Ask about one thing; a text to look for can be cut to its first paragraphs.",
        )
    return text
