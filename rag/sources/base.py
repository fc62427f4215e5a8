"""What a reader hands on: papers, and what it could not take."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from rag.papers import Paper

__all__ = ["Item", "Rejection"]


@dataclass(frozen=True, slots=True)
class Rejection:
    """A piece of input that gave no paper.

    Attributes:
        source: The file or name that was asked for.
        place: Where in it, such as `line 12`; empty when it is the whole of it.
        reason: Why, in words for the person who has to mend it.
    """

    source: str
    place: str
    reason: str

    def __str__(self) -> str:
        where = f"{self.source}, {self.place}" if self.place else self.source or '""'
        return f"{where}: {self.reason}"


Item: TypeAlias = Paper | Rejection
