"""Markdown: a list of papers; an answer or a conversation with its papers as footnotes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rag.export.base import AnswerFormat, ConversationFormat, PaperFormat, SurveyFormat
from rag.export.facts import facts
from rag.papers import way_out, way_out_label
from rag.text.citations import find_markers
from rag.text.markdown import PAPERS_MARK, to_markdown
from rag.text.safety import for_markdown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rag.export.protocols import ExportedAnswer, ExportedCell, ExportedSurvey
    from rag.papers import Paper
    from rag.text.citations import CitationPiece

__all__ = ["ANSWER", "CONVERSATION", "PAPERS", "SURVEY"]


def _write(answers: Sequence[ExportedAnswer]) -> str:
    papers: dict[int, Paper] = {}
    parts: list[str] = []
    for answer in answers:
        papers.update(answer.papers)
        parts += [f"## {_plain(answer.question)}", *_understood(answer), _footnoted(answer)]
        parts += _closest(answer) + _check(answer) + _sure(answer) + _notes(answer)
    notes = [f"[^{n}]: {_reference(paper)}" for n, paper in sorted(papers.items())]
    return "\n\n".join([*parts, *notes]) + "\n"


def _understood(answer: ExportedAnswer) -> list[str]:
    if answer.standalone_question == answer.question:
        return []
    return [f"*Understood as: {_plain(answer.standalone_question)}*"]


def _footnoted(answer: ExportedAnswer) -> str:
    text, written, at = for_markdown(answer.text), "", 0
    for one in find_markers(text):
        # What stands in brackets inside a quote is the paper's own.
        if answer.mode == "extractive" and not text[: one.start].endswith("” "):
            continue
        written += text[at : one.start] + _footnotes(one.piece, answer.papers)
        at = one.end
    return written + text[at:]


def _footnotes(piece: CitationPiece, papers: Mapping[int, Paper]) -> str:
    known = "".join(f"[^{n}]" for n in piece.numbers if n in papers)
    strange = [*(n for n in piece.numbers if n not in papers), *piece.unknown]
    return known + (f"[{', '.join(f'{n}?' for n in strange)}]" if strange else "")


def _closest(answer: ExportedAnswer) -> list[str]:
    if not answer.abstained or not answer.closest:
        return []
    lines = [
        f"- *{_plain(paper.heading)}* ({paper.id}): {_plain(why)} {_link(paper)}"
        for paper, why in zip(answer.closest, answer.shortfalls, strict=False)
    ]
    return ["Closest papers:", "\n".join(lines)]


def _check(answer: ExportedAnswer) -> list[str]:
    if answer.mode != "llm" or not answer.sentences:
        return []
    lines = [f"> Checked: {answer.summary}."]
    lines += [
        f"> - {one.status}: “{_plain(one.text)}” {_plain('; '.join(one.reasons))}".rstrip()
        for one in answer.sentences
        if one.status != "supported"
    ]
    return ["\n".join(lines)]


def _sure(answer: ExportedAnswer) -> list[str]:
    return [f"> Confidence: {answer.certainty}."] if answer.certainty else []


def _notes(answer: ExportedAnswer) -> list[str]:
    return [f"> Note: {_plain(note)}" for note in answer.notes]


def _reference(paper: Paper) -> str:
    names = paper.credits if paper.authors else ""
    parts = [names, f"*{_plain(paper.heading)}*", paper.venue, paper.when, paper.id]
    shown = (part if part is parts[1] else _plain(part) for part in parts if part)
    said = ". ".join(part.removesuffix(".") for part in shown)
    return f"{said}. {_link(paper)}"


def _link(paper: Paper) -> str:
    return f"[{way_out_label(paper)}]({way_out(paper)})"


def _plain(text: str) -> str:
    return " ".join(for_markdown(text).split())


def _write_papers(papers: Sequence[Paper]) -> str:
    if not papers:
        return ""
    parts = [PAPERS_MARK, *(part for paper in papers for part in _listed(paper))]
    return "\n\n".join(parts) + "\n"


def _listed(paper: Paper) -> list[str]:
    """Return a heading, what is known, a way out, and the abstract."""
    lines = [f"- {name}: {to_markdown(value)}" for name, value in facts(paper)]
    lines.append(f"- {_link(paper)}")
    title, abstract = to_markdown(paper.title), to_markdown(paper.abstract)
    return [f"## {title}".strip(), "\n".join(lines), *([abstract] if abstract else [])]


PAPERS = PaperFormat(
    name="markdown",
    label="Markdown",
    suffixes=(".md", ".markdown"),
    media_type="text/markdown",
    write=_write_papers,
)


def _survey(survey: ExportedSurvey) -> str:
    """Write a table; behind each cell stand its offsets in the abstract."""
    rows = [
        (
            f"{_plain(row.paper.heading) or row.paper.id} ({row.paper.id})",
            str(row.paper.year or ""),
            _cell(row.says),
            _cell(row.number),
            f"{_cell(row.direction)}{f' ({row.change})' if row.change else ''}",
        )
        for row in survey.rows
    ]
    head = ("paper", "year", "says", "number", "direction")
    table = [head, tuple("---" for _ in head), *rows]
    lines = "\n".join(
        f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |" for row in table
    )
    notes = [f"> Note: {_plain(note)}" for note in survey.notes]
    return "\n\n".join([f"## {_plain(survey.question)}", lines, *notes]) + "\n"


def _cell(cell: ExportedCell | None) -> str:
    return f"{_plain(cell.text)} [{cell.start}:{cell.end}]" if cell else ""


ANSWER = AnswerFormat(
    name="markdown",
    label="Markdown",
    suffixes=(".md", ".markdown"),
    media_type="text/markdown",
    write=lambda answer: _write([answer]),
)
CONVERSATION = ConversationFormat(
    name="markdown",
    label="Markdown",
    suffixes=(".md", ".markdown"),
    media_type="text/markdown",
    write=_write,
)
SURVEY = SurveyFormat(
    name="markdown",
    label="Markdown",
    suffixes=(".md", ".markdown"),
    media_type="text/markdown",
    write=_survey,
)
