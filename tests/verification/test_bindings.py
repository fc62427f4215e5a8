"""Two numbers of a sentence that have changed places, as far as it can be proven."""

from __future__ import annotations

import pytest

from rag.verification.bindings import exchanged_quantities

STATED = {
    "pump": "The new pump is 31% faster and uses 18% less water.",
    "scores": "Its precision is 0.91, while its recall reaches 0.74.",
    "groups": "We followed 24 nurses (12 women) and 10 doctors.",
    "order": "Heat and noise fell by 12% and 30%, respectively.",
    "rise": "Accuracy rises from 71% to 75%, and speed by 12%.",
    "apart": "Precision is 0.91.",
}


@pytest.mark.parametrize(
    ("text", "stated", "exchanged"),
    [
        ("The pump is 18% faster and uses 31% less water.", "pump", ("18%", "31%")),
        ("The pump uses 31% less water, and is 18% faster.", "pump", ("31%", "18%")),
        ("It reaches a precision of 0.74 and a recall of 0.91.", "scores", ("0.74", "0.91")),
        ("Ten nurses and 24 doctors took part.", "groups", ("Ten", "24")),
    ],
)
def test_numbers_that_changed_places_are_found(
    text: str, stated: str, exchanged: tuple[str, str]
) -> None:
    assert exchanged_quantities(text, [STATED[stated]]) == exchanged


@pytest.mark.parametrize(
    ("text", "stated"),
    [
        ("The pump is 31% faster and uses 18% less water.", "pump"),
        ("With 18% less water, the pump runs 31% faster.", "pump"),
        ("Water falls by 18%, and pumping is quicker by 31%.", "pump"),
        ("Recall is 0.74 and precision 0.91.", "scores"),
        ("Twenty-four nurses and ten doctors were followed.", "groups"),
        ("Noise fell by 12% and heat by 30%.", "order"),  # wrong, and not for sure to be seen
        ("Speed rises by 12%, and accuracy from 71% to 75%.", "rise"),
        ("Precision is 0.74 and recall 0.91.", "apart"),
        ("The pump is 18% quicker.", "pump"),
        ("", "pump"),
    ],
)
def test_where_it_is_not_sure_nothing_is_said(text: str, stated: str) -> None:
    assert exchanged_quantities(text, [STATED[stated]]) is None


def test_an_abstract_that_says_it_elsewhere_proves_nothing() -> None:
    stated = [STATED["pump"], "In winter the pump is 18% faster and uses 31% less water."]
    assert exchanged_quantities("The pump is 18% faster and uses 31% less water.", stated) is None
