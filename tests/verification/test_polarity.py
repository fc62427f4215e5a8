"""Negation and direction are read apart from the words that sentences share."""

from __future__ import annotations

import pytest

from rag.verification.polarity import FEATURES, compare_signs, edited_sign, read_signs

SOURCE = "The new sampler reduces the variance of the gradient without slowing the training down."


def compared(claim: str, *evidence: str) -> dict[str, float]:
    signs = [(read_signs(text), 1.0) for text in evidence]
    return dict(zip(FEATURES, compare_signs(read_signs(claim), signs), strict=True))


@pytest.mark.parametrize(
    "text",
    [
        "Warm-up does not help.",
        "It isn't better.",
        "There is no gain.",
        "The pruned net fails to converge.",
        "Neither loss matters.",
        "It is unable to count.",
        "It works without labels.",
        "It is untrue that depth helps.",
        "Training no longer diverges.",
    ],
)
def test_negations_are_found(text: str) -> None:
    assert read_signs(text).negations


@pytest.mark.parametrize(
    "text",
    [
        "It is not only fast but also small.",
        "There were no less than nine runs.",
        "The notion of a knot is noted.",
        "Whether or not it rains, it runs.",
    ],
)
def test_what_only_looks_like_a_negation_is_none(text: str) -> None:
    assert not read_signs(text).negations


@pytest.mark.parametrize(
    ("word", "sign"),
    [
        ("increases", 1), ("higher", 1), ("outperforms", 1), ("more", 1), ("improved", 1),
        ("decreased", -1), ("lower", -1), ("underperforms", -1), ("fewer", -1), ("worse", -1),
        ("suppresses", -1), ("halves", -1),
    ],
)  # fmt: skip
def test_directions_are_found(word: str, sign: int) -> None:
    assert [cue.sign for cue in read_signs(f"The model {word} it.").directions] == [sign]


def test_no_direction_is_seen_in_neutral_words() -> None:
    assert not read_signs("A hypothesis about hyperplanes is described.").directions


@pytest.mark.parametrize(
    "claim",
    [
        SOURCE.replace("reduces", "does not reduce"),
        SOURCE.replace("reduces", "increases"),
        SOURCE.replace("reduces", "never reduces"),
        SOURCE.replace("without", "while"),
        f"There is no evidence that {SOURCE[0].lower()}{SOURCE[1:]}",
        f"It is not the case that {SOURCE[0].lower()}{SOURCE[1:]}",
    ],
)
def test_a_sign_changed_in_a_copied_sentence_is_seen(claim: str) -> None:
    assert edited_sign(claim, SOURCE) is not None


def test_a_prefix_that_turns_the_sense_is_seen() -> None:
    source = "The proposed bound is stable under small changes of the input data."
    assert edited_sign(source.replace("stable", "unstable"), source) == "stable"


def test_a_negation_taken_out_is_seen() -> None:
    source = "Longer training does not improve the accuracy of the small student network."
    claim = "Longer training does improve the accuracy of the small student network."
    assert edited_sign(claim, source) == "not"


@pytest.mark.parametrize(
    "claim",
    [
        SOURCE,
        SOURCE.replace("new sampler", "sampler"),
        SOURCE.replace("slowing the training down", "making training slow"),
        f"The authors report that {SOURCE[0].lower()}{SOURCE[1:]}",
        "An entirely different statement about the cost of labels and of memory.",
    ],
)
def test_harmless_changes_turn_nothing(claim: str) -> None:
    assert edited_sign(claim, SOURCE) is None


def test_a_denial_that_moved_is_still_there() -> None:
    source = "All other images of the batch act as negatives, so no memory bank is needed."
    claim = "It needs no memory bank, as all other images of the batch act as negatives."
    assert edited_sign(claim, source) is None


def test_a_denial_that_nothing_bears_out_stands_out() -> None:
    evidence = "Gradient clipping keeps the training of deep recurrent nets stable."
    denied = compared("Gradient clipping does not keep deep recurrent nets stable.", evidence)
    affirmed = compared("Gradient clipping keeps deep recurrent nets stable.", evidence)
    assert denied["denied, not met"] > 0.5
    assert not any(value for name, value in affirmed.items() if name.startswith("denied"))


def test_a_denial_that_the_evidence_shares_is_met() -> None:
    met = compared(
        "The pruned network does not lose accuracy.", "Pruning the network costs no accuracy."
    )
    unmet = compared(
        "The pruned network does not lose accuracy.", "Pruning the network costs much accuracy."
    )
    assert met["denied, not met"] < unmet["denied, not met"]


def test_directions_about_the_same_words_are_compared() -> None:
    evidence = "Label smoothing lowers the calibration error of the classifier."
    opposite = compared("Label smoothing increases the calibration error.", evidence)
    same = compared("Label smoothing reduces the calibration error.", evidence)
    assert opposite["aligned conflict"] > 0.5 > opposite["aligned agreement"]
    assert same["aligned agreement"] > 0.5 > same["aligned conflict"]


def test_a_negated_direction_counts_as_its_opposite() -> None:
    evidence = "Label smoothing lowers the calibration error of the classifier."
    turned = compared("Label smoothing does not lower the calibration error.", evidence)
    assert turned["aligned conflict"] > turned["aligned agreement"]


def test_what_a_study_asked_is_no_evidence_of_what_it_found() -> None:
    asked = "We examine whether label smoothing increases the calibration error."
    found = "Label smoothing lowered the calibration error."
    signs = compared("Label smoothing lowers the calibration error.", asked, found)
    assert signs["aligned conflict"] == 0


def test_no_evidence_gives_no_signs() -> None:
    assert compare_signs(read_signs("It does not work."), []) == [0.0] * len(FEATURES)
