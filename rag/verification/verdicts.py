"""What checking a sentence gives."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["RULES", "Evidence", "SentenceVerdict", "Status"]

RULES = "rules"


class Status(StrEnum):
    """What checking a sentence gave.

    `unsupported` is proven by rules, or cites what doesn't exist; `doubtful` and `weak` are what
    a model believes, and ask to be compared with the paper.
    """

    SUPPORTED = "supported"
    WEAK = "weak"
    DOUBTFUL = "doubtful"
    UNSUPPORTED = "unsupported"
    MISATTRIBUTED = "misattributed"
    UNCITED = "uncited"
    UNCHECKED = "unchecked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """The words that come closest to a sentence: `papers[paper].abstract[start:end]`.

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
        score: How sure the verifier is that the sentence is supported, 0 to 1.
        evidence: The words that come closest to it, the best first.
        better: Index of the paper that supports it better, when it is misattributed.
        by: What settled it: `rules`, or the name of the model.
        spans: The stretches of the sentence that are not supported, as offsets `(start, end)`.
    """

    status: Status
    reasons: tuple[str, ...] = ()
    score: float = 0.0
    evidence: tuple[Evidence, ...] = ()
    better: int | None = None
    by: str = RULES
    spans: tuple[tuple[int, int], ...] = ()
