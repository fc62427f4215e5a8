"""The budget of one question: what it may use of a language model, and what it has used."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from rag.errors import LLMError

if TYPE_CHECKING:
    from rag.settings import Settings

__all__ = ["Budget", "Room", "Usage", "estimate_tokens"]

_MARGIN = 64  # tokens that an endpoint adds around messages
_LEAST_OUTPUT = 16
_PRICED = 1_000_000  # prices are those of a million tokens


class Room(NamedTuple):
    """The most tokens that the next request may have in each direction."""

    input: int
    output: int


@dataclass(frozen=True, slots=True)
class Usage:
    """The tokens of one request.

    Attributes:
        input_tokens: How many the model read.
        output_tokens: How many it wrote, reasoning included.
        estimated: Whether they are estimates, because the endpoint doesn't count.
    """

    input_tokens: int
    output_tokens: int
    estimated: bool = False


class Budget:
    """Keeps all requests of one question together within the limits that are set.

    Args:
        settings: The model's context window, the limits and the prices.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._used: list[Usage] = []

    def room(self) -> Room:
        """Return how large the next request may be.

        Raises:
            LLMError: the limits leave no room for another request.
        """
        settings = self._settings
        output = settings.llm_max_output_tokens
        total = settings.llm_context_window
        if settings.llm_max_tokens_per_question is not None:
            total = min(total, settings.llm_max_tokens_per_question - self._tokens())
        output = min(output, total // 3)
        input_ = total - output - _MARGIN
        if settings.llm_max_cost_per_question is not None:
            input_, output = self._within_cost(settings.llm_max_cost_per_question, input_, output)
        if output < _LEAST_OUTPUT or input_ <= 0:
            raise LLMError(
                "The limits on tokens and cost leave no room to ask the model.",
                hint="Raise llm_max_tokens_per_question or llm_max_cost_per_question.",
            )
        return Room(input_, output)

    def record(self, usage: Usage) -> None:
        """Count a request that was made."""
        self._used.append(usage)

    def as_dict(self) -> dict[str, float]:
        """Return the use so far in the form of `Answer.usage`; empty before the first request."""
        if not self._used:
            return {}
        used: dict[str, float] = {
            "input_tokens": sum(usage.input_tokens for usage in self._used),
            "output_tokens": sum(usage.output_tokens for usage in self._used),
            "requests": len(self._used),
        }
        if self._prices() is not None:
            used["cost"] = round(self._cost(), 8)
        if any(usage.estimated for usage in self._used):
            used["estimated"] = True
        return used

    def _within_cost(self, limit: float, input_: int, output: int) -> tuple[int, int]:
        """Shrink a request so that it can't cost more than is left, however much is written."""
        read_price, write_price = self._prices() or (0.0, 0.0)
        left = max(0.0, limit - self._cost()) * _PRICED
        if write_price:
            output = min(output, int(left / 2 / write_price))
        if read_price:
            input_ = min(input_, int((left - output * write_price) / read_price) - _MARGIN)
        return input_, output

    def _tokens(self) -> int:
        return sum(usage.input_tokens + usage.output_tokens for usage in self._used)

    def _prices(self) -> tuple[float, float] | None:
        read, write = self._settings.llm_price_input, self._settings.llm_price_output
        return None if read is None or write is None else (read, write)

    def _cost(self) -> float:
        read, write = self._prices() or (0.0, 0.0)
        spent = sum(one.input_tokens * read + one.output_tokens * write for one in self._used)
        return spent / _PRICED


def estimate_tokens(text: str) -> int:
    """Estimate how many tokens a text has, rather too many than too few.

    Every model has a tokenizer of its own, and most of them can't be had without a download. A
    token of English is about four bytes long; three and a half leave room for formulas and
    numbers. Bytes are counted, not characters, so that the estimate holds for other scripts too.

    >>> estimate_tokens("Attention is all you need.")
    8
    """
    return math.ceil(len(text.encode("utf-8", errors="replace")) / 3.5)
