"""What an export format is, which there are, and writing something in one of them.

A format is an object in a module of `rag.export.formats`. Everything that offers formats (the
command line, `/save` in the chat, the page's menus, the documentation) iterates over the functions
here. There are formats of papers, of an answer, of a conversation and of a survey; the last three
can be exported in those of papers too, which then hold exactly the papers in them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from rag.export.protocols import ExportedAnswer, ExportedSurvey
from rag.papers import Paper
from rag.registry import choose, discover

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "AnswerFormat",
    "ConversationFormat",
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

_FORMATS = "rag.export.formats"
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportFormat(Generic[T]):
    """A way to write something for elsewhere.

    Attributes:
        name: What people type, as in `rag export --format bibtex`.
        label: What menus call it.
        suffixes: The endings that its files may have, the usual one first.
        media_type: What it is to a browser.
        stem: What its files are called before the ending.
        write: Returns the text of a file, or its bytes where it is none of text.
    """

    name: str
    label: str
    suffixes: tuple[str, ...]
    media_type: str
    stem: str
    write: Callable[[T], str | bytes]

    @property
    def file_name(self) -> str:
        """What a file of this format is called where nobody says otherwise."""
        return self.stem + self.suffixes[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperFormat(ExportFormat[Sequence[Paper]]):
    """A way to write papers, in their order; none of them comes twice."""

    stem: str = "papers"


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerFormat(ExportFormat[ExportedAnswer]):
    """A way to write an answer."""

    stem: str = "answer"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationFormat(ExportFormat[Sequence[ExportedAnswer]]):
    """A way to write the answers of a conversation, in their order."""

    stem: str = "conversation"


@dataclass(frozen=True, slots=True, kw_only=True)
class SurveyFormat(ExportFormat[ExportedSurvey]):
    """A way to write the table of a survey."""

    stem: str = "survey"


def paper_formats() -> tuple[PaperFormat, ...]:
    """Return the formats of papers, in order of name."""
    return discover(_FORMATS, PaperFormat)


def answer_formats() -> tuple[AnswerFormat | PaperFormat, ...]:
    """Return the formats of an answer: those of its own, then those of the papers it cites.

    A format that is of both is the answer's.
    """
    own = discover(_FORMATS, AnswerFormat)
    return (*own, *_other_papers(own))


def conversation_formats() -> tuple[ConversationFormat | PaperFormat, ...]:
    """Return the formats of a conversation: those of its own, then those of the cited papers.

    A format that is of both is the conversation's.
    """
    own = discover(_FORMATS, ConversationFormat)
    return (*own, *_other_papers(own))


def _other_papers(own: Sequence[ExportFormat[Any]]) -> tuple[PaperFormat, ...]:
    taken = {one.name for one in own}
    return tuple(one for one in paper_formats() if one.name not in taken)


def survey_formats() -> tuple[SurveyFormat | PaperFormat, ...]:
    """Return the formats of a survey: those of its own, then those of the papers in it."""
    own = discover(_FORMATS, SurveyFormat)
    return (*own, *_other_papers(own))


def export_papers(papers: Iterable[Paper], name: str) -> str | bytes:
    """Write papers in the order given, each once.

    Args:
        papers: What to write.
        name: The name of one of `paper_formats`.

    Raises:
        LibraryError: there is no such format.
    """
    chosen = choose(name, paper_formats())
    return chosen.write(list({paper.id: paper for paper in papers}.values()))


def export_answer(answer: ExportedAnswer, name: str) -> str | bytes:
    """Write an answer, or exactly the papers that it cites.

    Args:
        answer: The answer.
        name: The name of one of `answer_formats`.

    Raises:
        LibraryError: there is no such format.
    """
    chosen = choose(name, answer_formats())
    if isinstance(chosen, AnswerFormat):
        return chosen.write(answer)
    return export_papers(answer.papers.values(), name)


def export_conversation(answers: Sequence[ExportedAnswer], name: str) -> str | bytes:
    """Write a conversation, or exactly the papers that are cited in it.

    Args:
        answers: In their order.
        name: The name of one of `conversation_formats`.

    Raises:
        LibraryError: there is no such format.
    """
    chosen = choose(name, conversation_formats())
    if isinstance(chosen, ConversationFormat):
        return chosen.write(answers)
    papers = {n: paper for answer in answers for n, paper in answer.papers.items()}
    return export_papers((papers[n] for n in sorted(papers)), name)


def export_survey(survey: ExportedSurvey, name: str) -> str | bytes:
    """Write the table of a survey, or the papers in it.

    Args:
        survey: The survey.
        name: The name of one of `survey_formats`.

    Raises:
        LibraryError: there is no such format.
    """
    chosen = choose(name, survey_formats())
    if isinstance(chosen, SurveyFormat):
        return chosen.write(survey)
    return export_papers((row.paper for row in survey.rows), name)
