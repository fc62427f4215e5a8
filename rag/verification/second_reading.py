"""What a second reader may change: it settles what the fitted models only estimated.

What rules have settled stays: a sentence that is copied, or whose number, quotation or direction
is another, is not put to a vote. So does what the first check calls unsupported or misattributed.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from rag.verification.verdicts import MODELS, SentenceVerdict, Status

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rag.models.nli import Entailment
    from rag.verification.reading import Reading

__all__ = ["read_again"]

_SUPPORTS = 0.5  # from here on it supports a sentence that was weak
_FAILS = 0.2  # below this it doesn't support it; between the two the sentence stays weak
_CONTRADICTS = 0.5
_QUOTED = 3  # sentences of each paper, where several are cited


def read_again(
    readings: Sequence[Reading], verdicts: Sequence[SentenceVerdict], reader: Entailment
) -> list[SentenceVerdict]:
    """Let a second reader judge the sentences that the fitted models let pass.

    Raises:
        SettingsError: the reader can't be had or used.
    """
    passed = {Status.SUPPORTED, Status.WEAK}
    asked = [i for i, one in enumerate(verdicts) if one.by == MODELS and one.status in passed]
    settled = list(verdicts)
    if not asked:
        return settled
    found = reader.scores(
        [_premise(readings[index]) for index in asked],
        [readings[index].parts.text for index in asked],
    )
    for index, (supports, contradicts) in zip(asked, found.tolist(), strict=True):
        settled[index] = _settled(verdicts[index], supports, contradicts, reader.name)
    return settled


def _premise(reading: Reading) -> str:
    """Return what a claim is read against: an abstract, or of several the sentences that matter."""
    cited = reading.cited
    if len(cited) == 1:
        paper = reading.views[cited[0]].paper
        return f"{paper.title}. {paper.abstract}"
    best = (
        reading.sentence(index, row)
        for index in cited
        for _, row in reading.ranked(index)[:_QUOTED]
    )
    return " ".join(best)


def _settled(
    verdict: SentenceVerdict, supports: float, contradicts: float, name: str
) -> SentenceVerdict:
    fails = ""
    if contradicts >= _CONTRADICTS:
        fails = f"{name} finds that what it cites contradicts it ({contradicts:.0%})"
    elif verdict.status is Status.WEAK and supports < _FAILS:
        fails = f"{name} doesn't find it in what it cites ({supports:.0%})"
    if fails:
        status, score = Status.UNSUPPORTED, min(verdict.score, supports)
        return replace(verdict, status=status, reasons=(fails,), score=score, by=name)
    if verdict.status is Status.WEAK and supports >= _SUPPORTS:
        score = max(verdict.score, supports)
        return replace(verdict, status=Status.SUPPORTED, reasons=(), score=score, by=name)
    return verdict
