"""What is sent to a language model."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["Message"]


class Message(NamedTuple):
    """One message to the model."""

    role: str
    content: str
