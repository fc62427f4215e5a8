"""Word documents, written by python-docx: a list of papers, an answer, or a conversation.

Paragraphs have styles of their own, based on Word's, by which `rag add` knows them again.
"""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING, Any

from rag.errors import LibraryError
from rag.export.base import AnswerFormat, ConversationFormat, PaperFormat
from rag.export.facts import facts
from rag.papers import way_out, way_out_label
from rag.text.decoding import one_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rag.export.protocols import ExportedAnswer, ExportedSentence
    from rag.papers import Paper

__all__ = ["ANSWER", "CONVERSATION", "PAPERS"]

# The styles of our own, and those that they look like.
_STYLES = {
    "Paper Title": "Heading 2",
    "Paper Fact": "Normal",
    "Paper Abstract": "Normal",
    "Answer Question": "Heading 1",
    "Answer Sentence": "Normal",
    "Answer Quote": "Quote",
}
_MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_ILLEGAL = re.compile("[\ufffe\uffff]")  # in XML; controls are gone from one line
_COLOURS = {
    "supported": "1B7F3B",
    "weak": "8A6100",
    "doubtful": "8A6100",
    "uncited": "8A6100",
    "misattributed": "7B2D8E",
    "unsupported": "B3261E",
}
_GREY = "5F6368"


class _Page:
    """A document that is being written; all text in it is shown as it is."""

    def __init__(self) -> None:
        try:
            import docx
        except ImportError as error:
            raise LibraryError(
                "Word documents take python-docx to write.",
                hint="Install the extra `word`, or: pip install python-docx",
            ) from error
        from docx.enum.style import WD_STYLE_TYPE

        self._document = docx.Document()
        for name, like in _STYLES.items():
            style = self._document.styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH)
            style.base_style = self._document.styles[like]
            style.quick_style = True

    def add(self, text: str, style: str = "Normal") -> Any:  # noqa: ANN401 - python-docx has no types
        """Add a paragraph and return it."""
        return self._document.add_paragraph(_plain(text), style=style)

    def add_link(self, paragraph: Any, paper: Paper) -> None:  # noqa: ANN401 - as above
        """Add to a paragraph the way out to a paper."""
        from docx.opc.constants import RELATIONSHIP_TYPE
        from docx.oxml import OxmlElement
        from docx.oxml.ns import qn

        to = self._document.part.relate_to(
            way_out(paper), RELATIONSHIP_TYPE.HYPERLINK, is_external=True
        )
        link = OxmlElement("w:hyperlink")
        link.set(qn("r:id"), to)
        run = paragraph.add_run(way_out_label(paper))
        run.font.underline = True
        link.append(run._r)  # noqa: SLF001 - python-docx has no other way to make a link
        paragraph._p.append(link)  # noqa: SLF001

    def content(self) -> bytes:
        """Return the file."""
        file = io.BytesIO()
        self._document.core_properties.author = "rag export"
        self._document.save(file)
        return file.getvalue()


def _plain(text: str) -> str:
    return _ILLEGAL.sub("\ufffd", one_line(text))


def _write_papers(papers: Sequence[Paper]) -> bytes:
    page = _Page()
    for paper in papers:
        page.add(paper.title, "Paper Title")
        for name, value in facts(paper):
            line = page.add("", "Paper Fact")
            line.add_run(f"{name}: ").bold = True
            line.add_run(_plain(value))
        page.add_link(page.add(""), paper)
        if paper.abstract:
            page.add(paper.abstract, "Paper Abstract")
    return page.content()


def _write_answers(answers: Sequence[ExportedAnswer]) -> bytes:
    page = _Page()
    for answer in answers:
        _add_answer(page, answer)
    return page.content()


def _add_answer(page: _Page, answer: ExportedAnswer) -> None:
    page.add(answer.question, "Answer Question")
    if answer.standalone_question != answer.question:
        page.add(f"Understood as: {answer.standalone_question}").runs[0].italic = True
    if answer.sentences:
        for sentence in answer.sentences:
            _add_sentence(page, sentence)
    else:
        page.add(answer.text, "Answer Sentence")
    if answer.mode == "llm" and answer.sentences:
        page.add(f"Checked: {answer.summary}.")
    if answer.certainty:
        page.add(f"Confidence: {answer.certainty}.")
    if answer.abstained and answer.closest:
        _add_closest(page, answer)
    for note in answer.notes:
        page.add(f"Note: {note}")
    if answer.papers:
        page.add("References", "Heading 2")
    for n, paper in sorted(answer.papers.items()):
        _add_reference(page, n, paper, answer)


def _add_closest(page: _Page, answer: ExportedAnswer) -> None:
    page.add("Closest papers", "Heading 2")
    reasons = [*answer.shortfalls, *[""] * len(answer.closest)]
    for paper, why in zip(answer.closest, reasons, strict=False):
        said = f"{paper.heading} ({paper.id})" + (f": {why}. " if why else ". ")
        page.add_link(page.add(said), paper)


def _add_sentence(page: _Page, sentence: ExportedSentence) -> None:
    """Add a sentence, what it cites, and what checking it gave."""
    from docx.shared import RGBColor

    line = page.add(sentence.text, "Answer Sentence")
    cited = [str(n) for n in sentence.citations] + [f"{n}?" for n in sentence.unknown]
    if cited:
        line.add_run(f" [{', '.join(cited)}]")
    verdict = line.add_run(f" ({sentence.status})")
    verdict.bold = True
    verdict.font.color.rgb = RGBColor.from_string(_COLOURS.get(sentence.status, _GREY))
    if sentence.reasons and sentence.status != "supported":
        line.add_run(f" {_plain('; '.join(sentence.reasons))}").italic = True


def _add_reference(page: _Page, n: int, paper: Paper, answer: ExportedAnswer) -> None:
    names = paper.credits if paper.authors else ""
    parts = [names, paper.heading or "(untitled)", paper.venue, paper.when, paper.id]
    said = ". ".join(one_line(part).removesuffix(".") for part in parts if part)
    page.add_link(page.add(f"[{n}] {said}. "), paper)
    for citation in answer.citations:
        if citation.n == n and citation.quote:
            page.add(f"“{citation.quote}”", "Answer Quote")


PAPERS = PaperFormat(
    name="docx", label="Word", suffixes=(".docx",), media_type=_MEDIA_TYPE, write=_write_papers
)
ANSWER = AnswerFormat(
    name="docx",
    label="Word",
    suffixes=(".docx",),
    media_type=_MEDIA_TYPE,
    write=lambda answer: _write_answers([answer]),
)
CONVERSATION = ConversationFormat(
    name="docx", label="Word", suffixes=(".docx",), media_type=_MEDIA_TYPE, write=_write_answers
)
