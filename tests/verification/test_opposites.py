"""Words that turn a sentence round, and those that only look so."""

from __future__ import annotations

import pytest

from rag.verification.opposites import turned_words

REST = (
    " robustness compared to the usual scale-based method, and guided annealing that freezes the"
    " weights of which it is sure and calms those that swing."
)
STATED = f"We propose statistical weight scaling to improve{REST}"


@pytest.mark.parametrize(
    ("claim", "turned"),
    [
        (f"They propose statistical weight scaling, which improves{REST}", False),
        (f"We propose statistical weight scaling to reduce{REST}", True),
        (f"We propose statistical weight scaling not to improve{REST}", True),
        # "low" belongs to the name, and "improves" is what stands there.
        (f"Weight Scaling for Low-bit Models is a method that improves{REST}", False),
    ],
)
def test_a_turn_is_a_word_in_the_place_of_its_opposite(claim: str, turned: bool) -> None:
    assert (turned_words(claim, STATED) is not None) is turned
