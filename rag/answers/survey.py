"""A survey: every paper that fits a question, one a row, with what each says and where it says so.

A row has the sentence that answers best, the first number in it and the direction of what it
reports, where it has them; each of these is a stretch of the abstract, so that it can be looked up.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from rag.answers.listing import fitting
from rag.evidence.ranker import PaperFit
from rag.questions.reading import read_question
from rag.search.query import combine
from rag.verification.quantities import find_quantities

if TYPE_CHECKING:
    from rag.answers.prepare import AnswerRequest, Retrieval
    from rag.papers import Paper
    from rag.search.query import Filters

__all__ = ["Survey", "SurveyCell", "SurveyRow", "survey"]

_UP = (
    r"increas\w*|rais(?:e[sd]?|ing)|improv\w*|enhanc\w*|outperform\w*|surpass\w*|exceed\w*|gain(?:s|ed)?"
    r"|boost\w*|higher|faster|better|larger|greater|superior|accelerat\w*|speed\w*[ -]?up\w*"
    r"|doubl\w*"
)
_DOWN = (
    r"decreas\w*|reduc\w*|lower(?:s|ed|ing)?|drop(?:s|ped)?|declin\w*|degrad\w*|worse\w*|slower"
    r"|smaller|fewer|less|halv\w*|shrink\w*|cut(?:s|ting)?|sav(?:e[sd]?|ing)|mitigat\w*|prevent\w*"
)
_DIRECTION = re.compile(rf"\b(?:(?P<up>{_UP})|(?P<down>{_DOWN}))\b", re.IGNORECASE)

_YEAR = re.compile(r"(?:19|20)\d\d")  # of an event, or of a work that is cited


@dataclass(frozen=True, slots=True)
class SurveyCell:
    """A stretch of an abstract: `abstract[start:end] == text`.

    Attributes:
        text: The words.
        start: Offset of their first character.
        end: Offset behind their last character.
    """

    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SurveyRow:
    """What one paper says.

    Attributes:
        paper: The paper.
        says: The sentence that answers best.
        number: The first number that it states; None where it states none.
        direction: The word that tells whether something rises or falls; None where there is none.
        change: `up` or `down`, as that word says; empty where there is none.
        fit: The score of the paper in the search; higher is better.
    """

    paper: Paper
    says: SurveyCell
    number: SurveyCell | None
    direction: SurveyCell | None
    change: str
    fit: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """All papers that fit a question.

    Attributes:
        question: As it was asked.
        rows: One a paper, those that fit best first.
        filters: Which papers were used; None for all.
        notes: What a reader should know, such as papers that were left out.
    """

    question: str
    rows: tuple[SurveyRow, ...]
    filters: Filters | None = None
    notes: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return the fields as plain values, ready for JSON."""
        return asdict(self)

    def export(self, format: str = "markdown") -> str | bytes:  # noqa: A002 - as the command line calls it
        """Write the table for elsewhere.

        Args:
            format: The name of a format of a survey, `markdown`, `csv` or `json`, or of papers,
                such as `bibtex`.

        Raises:
            LibraryError: there is no such format; the hint lists those that there are.
        """
        from rag.export import export_survey

        return export_survey(self, format)


def survey(request: AnswerRequest, retrieval: Retrieval) -> Survey:
    """Find every paper that fits a question, and what each says of it.

    Args:
        request: The question, or only a subject.
        retrieval: Finds papers and evidence.
    """
    reading = read_question(request.question, retrieval.catalog, of_papers=True)
    filters = combine(request.filters, reading.filters)
    text = reading.text
    fits, out, notes = fitting(replace(request, question=text, filters=filters), reading, retrieval)
    papers = [hit.paper for hit in fits]
    ranked = retrieval.ranker.rank(
        text, papers, fits=[PaperFit(score=hit.score, bm25=hit.bm25) for hit in fits]
    )
    best: dict[int, tuple[int, int]] = {}
    for one in ranked:
        best.setdefault(one.paper, (one.start, one.end))
    rows = [
        _row(hit.paper, *best[place], fit=hit.score)
        for place, hit in enumerate(fits)
        if place in best
    ]
    said = list(notes)
    if reading.filters:
        said.insert(0, f"Only papers that the question asks for: {reading.filters.describe()}.")
    if out:
        listed = "; ".join(paper.title or paper.id for paper in out)
        said.append(f"Left out, as the question says ({' or '.join(reading.without)}): {listed}.")
    return Survey(
        question=request.question, rows=tuple(rows), filters=filters or None, notes=tuple(said)
    )


def _row(paper: Paper, start: int, end: int, *, fit: float) -> SurveyRow:
    sentence = paper.abstract[start:end]
    number = None
    for one in find_quantities(sentence):
        # One that was read from a formula stands there in other characters.
        end_of_number = one.start + len(one.text)
        stands = sentence[one.start : end_of_number] == one.text and not one.spelled
        if stands and (one.unit or one.noun or not _YEAR.fullmatch(one.text)):
            number = _cell(paper, start + one.start, start + end_of_number)
            break
    match = _DIRECTION.search(sentence)
    direction = _cell(paper, start + match.start(), start + match.end()) if match else None
    change = "" if match is None else "up" if match["up"] else "down"
    return SurveyRow(
        paper=paper,
        says=_cell(paper, start, end),
        number=number,
        direction=direction,
        change=change,
        fit=fit,
    )


def _cell(paper: Paper, start: int, end: int) -> SurveyCell:
    return SurveyCell(paper.abstract[start:end], start, end)
