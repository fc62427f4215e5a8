"""Words that turn a sentence round, and those that only look so."""

from __future__ import annotations

import pytest

from rag.verification.opposites import turned_words

STATED = "We propose statistical weight scaling to improve robustness compared to the usual method."


@pytest.mark.parametrize(
    ("claim", "turned"),
    [
        ("They propose statistical weight scaling to improve robustness.", False),
        ("We propose statistical weight scaling to reduce robustness compared to the usual.", True),
        ("We propose statistical weight scaling not to improve robustness compared to it.", True),
        # "low" belongs to the name, and "improves" is what stands there.
        (
            "Weight Scaling for Low-bit Models is a method that improves robustness compared to the"
            " usual method.",
            False,
        ),
    ],
)
def test_a_turn_is_a_word_in_the_place_of_its_opposite(claim: str, turned: bool) -> None:
    assert (turned_words(claim, STATED) is not None) is turned
