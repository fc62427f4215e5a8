"""Answers and conversations written for elsewhere: Markdown with footnotes, and provenance."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from rag.errors import LibraryError
from rag.export.papers import EXPORT_FORMATS, export_papers
from rag.text.citations import TextPiece, parse_citations
from rag.text.safety import for_markdown
from rag.version import __version__

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rag.export.protocols import ExportedAnswer
    from rag.papers import Paper

__all__ = ["ANSWER_FORMATS", "export_answer", "export_conversation"]

ANSWER_FORMATS = ("markdown", "provenance")
_BEHIND_QUOTE = re.compile(r"(?<=” )\[(\d{1,3})\]")


def export_answer(answer: ExportedAnswer, export_format: str) -> str:
    """Write an answer, or exactly the papers that it cites.

    Args:
        answer: The answer.
        export_format: One of `ANSWER_FORMATS` or of `EXPORT_FORMATS`.

    Raises:
        LibraryError: there is no such format.
    """
    if export_format == "provenance":
        return _json(_provenance(answer))
    if export_format == "markdown":
        return _markdown([answer])
    return _papers(answer.papers, export_format, ANSWER_FORMATS)


def export_conversation(answers: Sequence[ExportedAnswer], export_format: str) -> str:
    """Write a conversation, or exactly the papers that are cited in it.

    Args:
        answers: In order.
        export_format: `markdown`, `json` (a list of provenance records), or one of
            `EXPORT_FORMATS`.

    Raises:
        LibraryError: there is no such format.
    """
    if export_format == "json":
        return _json([_provenance(answer) for answer in answers])
    if export_format == "markdown":
        return _markdown(answers)
    papers = {n: paper for answer in answers for n, paper in answer.papers.items()}
    return _papers(dict(sorted(papers.items())), export_format, ("markdown", "json"))


def _papers(papers: Mapping[int, Paper], export_format: str, others: Sequence[str]) -> str:
    if export_format in EXPORT_FORMATS:
        return export_papers(papers.values(), export_format)
    formats = ", ".join([*others, *EXPORT_FORMATS])
    raise LibraryError(f"There is no format {export_format!r}.", hint=f"Formats are: {formats}.")


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"


def _markdown(answers: Sequence[ExportedAnswer]) -> str:
    """Write answers as one Markdown text, with the papers they cite as footnotes."""
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
        f"- *{_plain(paper.title)}* ({paper.id}): {_plain(why)}"
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
    parts = [names, f"*{_plain(paper.title)}*", paper.venue, paper.when, paper.url, paper.id]
    shown = (part if part is parts[1] else _plain(part) for part in parts if part)
    return ". ".join(part.removesuffix(".") for part in shown)


def _plain(text: str) -> str:
    return " ".join(for_markdown(text).split())


def _provenance(answer: ExportedAnswer) -> dict[str, Any]:
    numbers = {paper.id: n for n, paper in answer.papers.items()}
    return {
        "made_by": f"abstract-rag {__version__}",
        "question": answer.question,
        "standalone_question": answer.standalone_question,
        "mode": answer.mode,
        "model": answer.model,
        "parameters": answer.parameters,
        "prompt_sha256": answer.prompt_hash,
        "usage": answer.usage,
        "timings": answer.timings,
        "confidence": answer.confidence,
        "abstained": answer.abstained,
        "retrieved": [
            {"id": one.id, "score": one.score, "n": numbers.get(one.id)} for one in answer.retrieved
        ],
        "papers": {str(n): _identity(paper) for n, paper in answer.papers.items()},
        "text": answer.text,
        "summary": answer.summary,
        "sentences": [
            {
                "text": one.text,
                "status": one.status,
                "citations": list(one.citations),
                "unknown": list(one.unknown),
                "reasons": list(one.reasons),
                "quotes": list(one.quotes),
                "better": one.better.id if one.better else None,
            }
            for one in answer.sentences
        ],
        "quotes": [
            {"n": c.n, "quote": c.quote, "start": c.start, "end": c.end, "score": c.score}
            for c in answer.citations
        ],
        "notes": list(answer.notes),
    }


def _identity(paper: Paper) -> Mapping[str, Any]:
    return {"id": paper.id, "title": paper.title, "content_sha256": paper.content_hash()}
