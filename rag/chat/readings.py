"""Whether a question follows on what was said: evidence decides, and wording has a say.

A question is looked up as it stands, with the papers cited last read in any case. Where their best
sentence isn't far behind the best of any other paper, the question is taken to be about them: a
question on another subject finds sentences there that are far better. Wording shifts how far is
far: an "and" or an "it" that stands for nothing in the question speaks for a follow-up, a name that
those papers lack speaks against it. The bounds were set on the tuning half of
`benchmarks.conversations`.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from rag.evidence.names import held_in, names_in, subjects

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from rag.answers.prepare import Prepared
    from rag.papers import Paper

__all__ = ["LEANING", "Standing", "follows_on", "stands"]

LEANING = 3.5  # log-odds by which the papers cited last are preferred, once a question follows on
# How far, in log-odds, the best sentence of the papers cited last may fall behind the best of all.
_BEHIND = 4.5
_WITH_CUE = 6.5
_STRANGE_NAME = -3.0
_NEAR = 0.12  # least cosine of a question without a cue and those papers: else it's on nothing here
_EPSILON = 1e-4


class Standing(NamedTuple):
    """How the papers cited last stand beside the others.

    Attributes:
        cited: Log-odds of their best sentence; minus infinity where they have none.
        others: The same of all other papers.
        near: Cosine of the question and the nearest of them, -1 to 1.
    """

    cited: float
    others: float
    near: float


def stands(alone: Prepared, cited: Collection[str]) -> Standing:
    """Compare the papers cited last with the others that a question finds as it stands."""
    best = {True: -math.inf, False: -math.inf}
    near = -1.0
    for one in alone.evidence:
        inside = alone.hits[one.paper].paper.id in cited
        best[inside] = max(best[inside], _log_odds(one.score))
        near = max(near, one.cosine) if inside else near
    return Standing(best[True], best[False], near)


def follows_on(question: str, alone: Prepared, cited: Sequence[Paper], *, cue: bool) -> bool:
    """Tell whether a question follows on what was said.

    Args:
        question: As it was asked.
        alone: What it finds as it stands, the papers cited last among what is read.
        cited: The papers cited last.
        cue: Whether its wording leans on something said before.
    """
    if not cited:
        return cue
    standing = stands(alone, {paper.id for paper in cited})
    if standing.cited == -math.inf:
        return cue
    if not cue and standing.near < _NEAR:
        return False
    allowed = _WITH_CUE if cue else _BEHIND
    names = set(names_in(question)) & set(subjects(question))
    if names and not any(held_in(f"{paper.title}\n{paper.abstract}", names) for paper in cited):
        allowed += _STRANGE_NAME
    return standing.others - standing.cited <= allowed


def _log_odds(chance: float) -> float:
    bounded = min(max(chance, _EPSILON), 1 - _EPSILON)
    return math.log(bounded / (1 - bounded))
