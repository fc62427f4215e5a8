"""What checking a sentence gives."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["MODELS", "RULES", "Evidence", "SentenceVerdict", "Status"]

RULES, MODELS = "rules", "models"


class Status(StrEnum):
    """What checking a sentence gave."""

    SUPPORTED = "supported"
    WEAK = "weak"
    UNSUPPORTED = "unsupported"
    MISATTRIBUTED = "misattributed"
    UNCITED = "uncited"


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """The words that support a sentence: `papers[paper].abstract[start:end]`.

    Attributes:
        paper: Index into the papers given.
        start: Offset of the first character in the abstract.
        end: Offset behind the last one.
        score: How well they support it, 0 to 1.
    """

    paper: int
    start: int
    end: int
    score: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SentenceVerdict:
    """What checking a sentence gave, and why.

    Attributes:
        status: The outcome.
        reasons: What a reader should know, in short sentences; empty when all is well.
        score: How sure the gate is that the sentence is supported, 0 to 1.
        evidence: The words that support it best, the best first.
        better: Index of the paper that supports it better, when it is misattributed.
        by: What settled it: `rules`, the fitted `models`, or the name of a second reader.
    """

    status: Status
    reasons: tuple[str, ...] = ()
    score: float = 0.0
    evidence: tuple[Evidence, ...] = ()
    better: int | None = None
    by: str = RULES
