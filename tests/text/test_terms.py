"""The terms by which texts are compared."""

from __future__ import annotations

import math

import pytest

from rag.text.terms import rarity, terms
from rag.text.words import ASKING, GRAMMAR


def test_forms_case_and_accents_fall_together() -> None:
    assert terms("The Rivers' Naïve rivers") == ["the", "river", "naiv", "river"]


def test_names_are_told_from_the_words_that_they_are_made_of() -> None:
    assert set(terms("SCoRe")) - set(terms("score"))
    assert set(terms("SCoRe")) >= set(terms("score"))
    assert set(terms("LLMs")) & set(terms("LLM"))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("tumours", "tumor"),
        ("initialise", "initialized"),
        ("modelling behaviour", "modeling behavior"),
        ("β-cells", "beta cells"),
        ("pre-training", "pretraining"),
        ("a data set", "a dataset"),
        ("two corpora, matrices", "corpus matrix"),
        ("submatrices", "submatrix"),
    ],
)
def test_spellings_fall_together(one: str, other: str) -> None:
    assert set(terms(other)) <= set(terms(one))


def test_words_of_letters_and_digits_give_their_pieces() -> None:
    assert terms("p53 and IL6") == ["p53", "p", "53", "and", "il6", "il"]
    assert terms("In 1990 we saw 3 of 12 bees.") == terms("in 1990 we saw 3 of 12 bee")


@pytest.mark.parametrize("text", ["", " ", "?!", "7" * 5_000, "x" * 100_000])
def test_what_is_no_word_has_no_term(text: str) -> None:
    assert terms(text) == []


def test_grammar_can_be_left_out() -> None:
    assert terms("Which of these does the doe eat?", grammar=False) == ["doe", "eat"]
    assert terms(" ".join(GRAMMAR), grammar=False) == []
    assert terms("A5 paper", grammar=False) == ["a5", "paper"]


def test_a_question_is_made_with_grammar_and_more() -> None:
    assert GRAMMAR < ASKING


class Shelf:
    def document_frequency(self, asked: list[str]) -> tuple[list[int], int]:
        return [{"rare": 1, "common": 9, "everywhere": 10, "gone": 12}[one] for one in asked], 10


def test_terms_weigh_more_the_fewer_papers_hold_them() -> None:
    rare, common, everywhere, gone = rarity(["rare", "common", "everywhere", "gone"], Shelf())
    assert rare == pytest.approx(math.log(11 / 1.5))
    assert rare > common > everywhere > gone > 0
