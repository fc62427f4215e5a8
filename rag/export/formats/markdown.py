"""Markdown: an answer or a conversation, with the papers that it cites as footnotes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rag.export.base import AnswerFormat, ConversationFormat, SurveyFormat
from rag.text.citations import TextPiece, parse_citations
from rag.text.safety import for_markdown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rag.export.protocols import ExportedAnswer, ExportedCell, ExportedSurvey
    from rag.papers import Paper

__all__ = ["ANSWER", "CONVERSATION", "SURVEY"]

_BEHIND_QUOTE = re.compile(r"(?<=” )\[(\d{1,3})\]")


def _write(answers: Sequence[ExportedAnswer]) -> str:
    papers: dict[int, Paper] = {}
    parts: list[str] = []
    for answer in answers:
        papers.update(answer.papers)
        parts += [f"## {_plain(answer.question)}", *_understood(answer), _footnoted(answer)]
        parts += _closest(answer) + _check(answer) + _notes(answer)
    notes = [f"[^{n}]: {_reference(paper)}" for n, paper in sorted(papers.items())]
    return "\n\n".join([*parts, *notes]) + "\n"


def _understood(answer: ExportedAnswer) -> list[str]:
    if answer.standalone_question == answer.question:
        return []
    return [f"*Understood as: {_plain(answer.standalone_question)}*"]


def _footnoted(answer: ExportedAnswer) -> str:
    papers = answer.papers
    if answer.mode == "extractive":
        # What stands in brackets inside a quote is the paper's own.
        return _BEHIND_QUOTE.sub(r"[^\1]", for_markdown(answer.text))
    text = ""
    for piece in parse_citations(for_markdown(answer.text)):
        if isinstance(piece, TextPiece):
            text += piece.text
            continue
        known = "".join(f"[^{n}]" for n in piece.numbers if n in papers)
        strange = [*(n for n in piece.numbers if n not in papers), *piece.unknown]
        text += known + (f"[{', '.join(f'{n}?' for n in strange)}]" if strange else "")
    return text


def _closest(answer: ExportedAnswer) -> list[str]:
    if not answer.abstained or not answer.closest:
        return []
    lines = [
        f"- *{_plain(paper.heading)}* ({paper.id}): {_plain(why)}"
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


def _notes(answer: ExportedAnswer) -> list[str]:
    return [f"> Note: {_plain(note)}" for note in answer.notes]


def _reference(paper: Paper) -> str:
    names = paper.credits if paper.authors else ""
    parts = [names, f"*{_plain(paper.heading)}*", paper.venue, paper.when, paper.url, paper.id]
    shown = (part if part is parts[1] else _plain(part) for part in parts if part)
    return ". ".join(part.removesuffix(".") for part in shown)


def _plain(text: str) -> str:
    return " ".join(for_markdown(text).split())


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
