"""Numbers, units and quoted phrases are compared by value, not by spelling."""

from __future__ import annotations

import pytest

from rag.verification.quantities import (
    changed_quantity,
    find_quantities,
    find_quotes,
    holds_phrase,
    missing_quantities,
    normalise,
    without_markers,
)


def missing(claim: str, evidence: str, **options: list[int]) -> list[str]:
    firm, soft = missing_quantities(claim, [evidence], **options)
    return [quantity.text for quantity in firm + soft]


@pytest.mark.parametrize(
    ("claim", "evidence"),
    [
        ("It has 1,000 layers.", "A network of 1000 layers is built."),
        ("It has 1k layers.", "A network of 1,000 layers is built."),
        ("It has 1.5 billion weights.", "The 1.5B weights are shared."),
        ("It has 340M weights.", "There are 340 million weights."),
        ("Half of it, 50%, is masked.", "A share of 0.5 is masked."),
        ("A share of 0.5 is masked.", "Masking removes 50 percent."),
        ("It reaches 50%.", "About half of the cases are solved."),
        ("Costs fall by 50 %.", "The cost is halved."),
        ("It reaches 94.2%.", "An accuracy of 94.2 is reached."),
        ("It reaches 94.2 percent.", "It reaches 94.23%."),
        ("It reaches 94%.", "It reaches 94.2%."),
        ("About 28 points are gained.", "A gain of 27.6 points is seen."),
        ("It runs for 90 minutes.", "It runs for 1.5 hours."),
        ("It lasts six months.", "It lasts 6 months."),
        ("It lasts 24 hours.", "It lasts one day."),
        ("It lasts 24 h.", "It lasts 1 day."),
        ("A dose of 5 mg is given.", "A dose of 5mg is given."),
        ("A dose of 0.005 g is given.", "A dose of 5 mg is given."),
        ("Scores range from 76 to 85%.", "Scores were 76-85%."),
        ("Scores were 76\N{EN DASH}85%.", "Scores range from 76.3% to 85.4%."),
        ("A ratio of 1.75 is found.", "A ratio of 1\N{MIDDLE DOT}75 is found."),
        ("It is twenty-five times as fast.", "A 25-fold speed-up is measured."),
        ("It doubles the speed, by 2x.", "Twice the speed is measured."),
        ("Two hundred users took part.", "There were 200 users."),
        ("One of the methods wins.", "The second method wins."),
        ("GPT-3 and IL-18 are named.", "Nothing is counted here."),
        ("The 3D model is shown [2].", "A model is shown."),
        ("It works (Source 3) and ends [1, 2].", "It works."),
        ("It works\N{SUPERSCRIPT TWO}.", "It works."),
        ("The first and the 2nd run agree.", "Runs agree."),
    ],
)
def test_the_same_number_is_found_however_it_is_written(claim: str, evidence: str) -> None:
    assert missing(claim, evidence) == []


@pytest.mark.parametrize(
    ("claim", "evidence", "number"),
    [
        ("It reaches 95.2%.", "It reaches 94.2%.", "95.2%"),
        ("It has 7 layers.", "It has 17 layers.", "7"),
        ("It has 1,200 users.", "It has 12,000 users.", "1,200"),
        ("A dose of 5 mg is given.", "A dose of 5 kg is given.", "5"),
        ("It lasts 5 days.", "It lasts 5 weeks.", "5"),
        ("It falls by 5%.", "It took 5 hours.", "5%"),
        ("It has 340 million weights.", "It has 340 weights.", "340 million"),
        ("It lasts eight months.", "It lasts 6 months.", "eight"),
        ("It is tested in 2019.", "It is tested in 2020.", "2019"),
        ("Scores range from 76 to 89%.", "Scores were 76-85%.", "89%"),
        ("It reaches 9%.", "It reaches 9.4%.", "9%"),
    ],
)
def test_another_number_or_unit_is_missing(claim: str, evidence: str, number: str) -> None:
    assert missing(claim, evidence) == [number]


def test_what_the_writer_may_have_counted_only_casts_doubt() -> None:
    firm, soft = missing_quantities("The two papers agree.", ["Agreement is found."])
    assert (firm, [quantity.text for quantity in soft]) == ([], ["two"])


def test_a_counted_noun_with_another_number_is_no_matter_of_counting() -> None:
    firm, _ = missing_quantities("Three stages are used.", ["The method has two stages."])
    assert [quantity.text for quantity in firm] == ["Three"]


def test_the_year_of_a_cited_paper_counts_as_stated() -> None:
    assert missing("In 2019 it was shown.", "It is shown.", years=[2019]) == []
    assert missing("In 2018 it was shown.", "It is shown.", years=[2019]) == ["2018"]


def test_numbers_are_read_with_unit_and_place() -> None:
    text = "After 3.5 days [4], 41.8 BLEU and 70% were reached."
    found = find_quantities(text)
    assert [(q.value, q.unit) for q in found] == [(3.5, "day"), (41.8, "bleu"), (70.0, "%")]
    assert all(text[q.start :].startswith(q.text) for q in found)


def test_numbers_of_several_sources_count_together() -> None:
    firm, _ = missing_quantities("It rose from 12 to 19.", ["It was 12.", "It was 19."])
    assert firm == []


def test_a_number_changed_in_a_copied_sentence_is_seen_though_it_occurs_elsewhere() -> None:
    source = "The small net reaches 71 points on the first task and stays level on the others."
    copied = "The small net reaches 64 points on the first task and stays level on the others."
    assert changed_quantity(copied, source) == "64"
    assert changed_quantity(source, source) is None
    assert changed_quantity("Nothing of this is like 64 the other one.", source) is None


def test_quoted_phrases_are_found_in_any_quotation_marks() -> None:
    text = 'They say "one two", “three four”, ‘five six’ and don\'t stop.'
    assert find_quotes(text) == ["one two", "three four", "five six"]


def test_phrases_are_looked_up_whatever_case_quotes_and_white_space() -> None:
    text = "It is a  Cheap\nand “robust” method."
    assert holds_phrase(text, "cheap and “robust” method,")
    assert not holds_phrase(text, "cheap and robust")


def test_normalising_keeps_the_length() -> None:
    text = "ﬁve 1·75 − “so” …½ ∼2 µm"  # noqa: RUF001
    assert len(normalise(text)) == len(text)
    assert len(without_markers("so [1, 2] it 【3】 is")) == len("so [1, 2] it 【3】 is")


@pytest.mark.parametrize(
    ("claim", "evidence"),
    [
        ("It formed 1100 million years ago.", "An age of 1100 Myr is found."),
        ("It formed 1.1 billion years ago.", "An age of 1100 Myr is found."),
        ("The error is 10%.", "an error of $\\sim$10\\%"),
        ("The error is 10%.", "a sim10% error"),
        ("There were 2,000 runs.", "2{,}000 runs"),
        ("It holds 1.5 million items.", "$1.5\\times10^6$ items"),
        ("It holds 1.5 million items.", "1.5 × 10⁶ items"),  # noqa: RUF001 - as papers write it
        ("A rate of 0.0001 was used.", "a rate of $10^{-4}$"),
        ("It has 3.1 million parameters.", "3.12M parameters"),
        ("It takes three times less memory.", "a third of the memory"),
        ("It was tried on over 100 sets.", "127 sets"),
        ("Fewer than 5% were lost.", "3.9% were lost"),
    ],
)
def test_one_number_in_two_ways_of_writing_is_the_same(claim, evidence):
    assert missing_quantities(claim, [evidence]) == ([], [])


@pytest.mark.parametrize(
    ("claim", "evidence"),
    [
        ("It was tried on over 100 sets.", "400 sets"),
        ("It was tried on over 100 sets.", "97 sets"),
        ("Fewer than 5% were lost.", "7% were lost"),
        ("It formed 1100 million years ago.", "An age of 1100 kyr is found."),
        ("It holds 1.5 million items.", "$1.5\\times10^5$ items"),
    ],
)
def test_another_number_is_missing(claim, evidence):
    firm, _ = missing_quantities(claim, [evidence])
    assert firm


@pytest.mark.parametrize("claim", ["It fell by 12 points.", "It is 5 times as fast."])
def test_a_number_that_can_be_worked_out_only_casts_doubt(claim):
    firm, soft = missing_quantities(claim, ["from 50 to 38 points, in 10 s where it took 50 s"])
    assert firm == []
    assert soft
