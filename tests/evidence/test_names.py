"""What a question is about, and whether a text has it."""

from __future__ import annotations

import pytest

from rag.evidence.names import either, held_in, names_in, subjects


@pytest.mark.parametrize(
    ("question", "names"),
    [
        ("Does Wav2Small beat BERT in French?", ("Wav2Small", "BERT", "French")),
        ("How many bees hum?", ()),
        ("Bees or wasps?", ()),
        ("HoneyNet: what is it?", ("HoneyNet",)),
        ("What does GPT-4o reach on MMLU with 7 shots?", ("GPT-4o", "MMLU", "7")),
        ("Can I trust it?", ()),
        ("“Which hive hums?”", ()),
    ],
)
def test_names_are_told_by_how_they_are_written(question: str, names: tuple[str, ...]) -> None:
    assert names_in(question) == names


def test_the_words_that_make_a_question_are_not_what_it_is_about() -> None:
    assert subjects("What did the paper show about bees, and why do bees hum?") == ("bees", "hum")
    assert subjects("Which one is it?") == ()


@pytest.mark.parametrize(
    ("name", "held"),
    [
        ("HoneyNet", True),
        ("honeynet-2", False),
        ("HMM", True),  # abbreviates words of the text
        ("HMMs", True),
        ("HMX", False),
        ("hmm", False),  # no abbreviation: it isn't written as one
        ("WaspNet", False),
        ("HoneyNet's", True),
        ("HoneyNet-based", True),
    ],
)
def test_a_text_has_a_name_as_it_is_or_as_the_words_it_abbreviates(name: str, held: bool) -> None:
    text = "HoneyNet learns hidden Markov models of a hive"
    assert held_in(text, [name]) == ({name} if held else set())


@pytest.mark.parametrize(
    ("text", "held"),
    [
        ("We learn from the feedback of a human keeper", False),  # no such word: LFHK
        ("Learning from human feedback", True),  # a function word has no letter
        ("Learning. Human feedback", False),  # of two sentences
        ("Learning-based human-like feedback", False),
    ],
)
def test_an_abbreviation_stands_for_words_in_a_row(text: str, held: bool) -> None:
    assert held_in(text, ["LHF"]) == ({"LHF"} if held else set())


@pytest.mark.parametrize("written", ["TLR4", "TLR-4", "TLR–4", "TLR 4"])
@pytest.mark.parametrize("asked", ["TLR4", "TLR-4"])
def test_a_name_is_the_same_however_letters_and_digits_are_joined(asked: str, written: str) -> None:
    assert held_in(f"Bees lack {written} altogether.", [asked]) == {asked}


@pytest.mark.parametrize("asked", ["TLR4", "TLR-4"])
def test_another_number_makes_another_name(asked: str) -> None:
    assert held_in("Bees have TLR2, as 4 wasps do.", [asked]) == set()


@pytest.mark.parametrize(
    ("question", "held", "found"),
    [
        ("Bees or wasps?", {"wasps"}, {"Bees", "wasps"}),
        ("Is there BLEU, ROUGE or METEOR?", {"BLEU"}, {"BLEU", "ROUGE", "METEOR"}),
        ("Bees and wasps?", {"wasps"}, {"wasps"}),
        ("Bees or wasps?", set(), set()),
    ],
)
def test_one_of_several_alternatives_is_enough(
    question: str, held: set[str], found: set[str]
) -> None:
    assert either(question, held) == found
