"""What judging a sentence beside evidence gives, and whatever can do so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Judgement", "Reader"]


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a reader makes of one sentence beside evidence.

    Attributes:
        supports: How likely the evidence supports it, 0 to 1.
        contradicts: How likely the evidence contradicts it, 0 to 1.
        doubts: For stretches of the sentence, as offsets `(start, end)`, how likely the evidence
            leaves them unsupported, 0 to 1; in order, and empty from a reader that doesn't tell.
    """

    supports: float
    contradicts: float
    doubts: tuple[tuple[int, int, float], ...] = ()


class Reader(Protocol):
    """Whatever can tell whether evidence supports a sentence."""

    @property
    def name(self) -> str:
        """What it is called where a reader sees who gave a verdict."""

    def load(self) -> None:
        """Make sure that it can be used.

        Raises:
            RagError: the model can't be had or used.
        """

    def judge(self, pairs: Sequence[tuple[str, str]]) -> list[Judgement]:
        """Judge pairs of a sentence and the evidence for it, in their order.

        Raises:
            RagError: the model can't be had or used.
        """
