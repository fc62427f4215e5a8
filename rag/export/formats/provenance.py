"""JSON: how an answer came about, or each answer of a conversation; and the table of a survey."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from rag.export.base import AnswerFormat, ConversationFormat, SurveyFormat
from rag.version import __version__

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rag.export.protocols import ExportedAnswer
    from rag.papers import Paper

__all__ = ["ANSWER", "CONVERSATION", "SURVEY"]


def _write(answer: ExportedAnswer) -> str:
    return _json(_record(answer))


def _write_all(answers: Sequence[ExportedAnswer]) -> str:
    return _json([_record(answer) for answer in answers])


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"


def _record(answer: ExportedAnswer) -> dict[str, Any]:
    numbers = {paper.id: n for n, paper in answer.papers.items()}
    return {
        "made_by": f"abstract-rag {__version__}",
        "question": answer.question,
        "standalone_question": answer.standalone_question,
        "mode": answer.mode,
        "model": answer.model,
        "declined_by": answer.declined_by,
        "parameters": answer.parameters,
        "prompt_sha256": answer.prompt_hash,
        "usage": answer.usage,
        "timings": answer.timings,
        "confidence": answer.confidence,
        "certainty": answer.certainty,
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
    return {
        "id": paper.id,
        "title": paper.title,
        "retracted": paper.retracted,
        "content_sha256": paper.content_hash(),
    }


ANSWER = AnswerFormat(
    name="provenance",
    label="Provenance",
    stem="provenance",
    suffixes=(".json",),
    media_type="application/json",
    write=_write,
)
CONVERSATION = ConversationFormat(
    name="json",
    label="JSON",
    suffixes=(".json",),
    media_type="application/json",
    write=_write_all,
)
SURVEY = SurveyFormat(
    name="json",
    label="JSON",
    suffixes=(".json",),
    media_type="application/json",
    write=lambda survey: _json(survey.as_dict()),
)
