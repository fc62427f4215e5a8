"""Names come out as people say them, however a source writes them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.text.names import divide_names, join_names, read_names, turn_name


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Ana Costa", ["Ana Costa"]),
        ("Costa, Ana", ["Ana Costa"]),
        ("van der Berg, Ludwig", ["Ludwig van der Berg"]),
        ("King, Martin Luther, Jr.", ["Martin Luther King Jr."]),
        ("Costa, Ana and Berg, Ludwig van der", ["Ana Costa", "Ludwig van der Berg"]),
        ("Garcia Lopez, Juan and Costa, Ana", ["Juan Garcia Lopez", "Ana Costa"]),
        ("Wang, L. and Li, X. and Ek, B.", ["L. Wang", "X. Li", "B. Ek"]),
        ("Costa, Ana and {The TIDE Consortium}", ["Ana Costa", "The TIDE Consortium"]),
        ("Ana Costa, Bo Ek, Cy Fu", ["Ana Costa", "Bo Ek", "Cy Fu"]),
        ("Ana Costa, Bo Ek, and Cy Fu", ["Ana Costa", "Bo Ek", "Cy Fu"]),
        ("Ana Costa & Bo Ek", ["Ana Costa", "Bo Ek"]),
        ("Costa, A.; Ek, B.", ["A. Costa", "B. Ek"]),
        ("Gatica, G.N., Sequeira, F.A.", ["G.N. Gatica", "F.A. Sequeira"]),
        ("Costa A, van der Berg LJ, TIDE Group", ["A Costa", "LJ van der Berg", "TIDE Group"]),
        ("Costa A", ["A Costa"]),
        ("H. Smith, Jr., B. Lee", ["H. Smith Jr.", "B. Lee"]),
        ("A. Costa et al.", ["A. Costa"]),
        ("['Ana Costa', 'Bo Ek']", ["Ana Costa", "Bo Ek"]),
        ("Ana Costa (1) and Bo Ek (2) ((1) A College, (2) B)", ["Ana Costa", "Bo Ek"]),
        ("C. Bal\\'azs, C.-P. Yuan and the STAR Collaboration",
         ["C. Balázs", "C.-P. Yuan", "STAR Collaboration"]),
        ("山田, 太郎; 佐藤花子", ["山田 太郎", "佐藤花子"]),
        ("Madonna", ["Madonna"]),
        ("nan", []),
        ("", []),
    ],
)  # fmt: skip
def test_names_in_one_text(text: str, names: list[str]) -> None:
    assert read_names(text) == tuple(names)


@pytest.mark.parametrize(
    ("value", "names"),
    [
        (["Costa, Ana", "Group, Anna", "R. Research"], ["Ana Costa", "Anna Group", "R. Research"]),
        (["Costa A", "O'Brien S", "TIDE Consortium"], ["A Costa", "S O'Brien", "TIDE Consortium"]),
        (["Costa A", "Bo Ek"], ["Costa A", "Bo Ek"]),
        (["Garcia Lopez, Juan Carlos"], ["Juan Carlos Garcia Lopez"]),
        (["Juan Carlos III"], ["Juan Carlos III"]),
        (["Maria Anderson and Bo Ek", "Smith, J.; Jones, K."],
         ["Maria Anderson", "Bo Ek", "J. Smith", "K. Jones"]),
        (["Institute of Bees and Whales"], ["Institute of Bees and Whales"]),
        (["Bees, Whales and Partners, Inc."], ["Bees, Whales and Partners, Inc."]),
        ([{"family": "Costa", "given": "Ana"}, {"literal": "TIDE"}], ["Ana Costa", "TIDE"]),
        ([{"family": "Fontaine", "given": "Jean", "non-dropping-particle": "de La"}],
         ["Jean de La Fontaine"]),
        ([{"first": "Martin", "middle": ["K."], "last": "Ek", "suffix": "Jr"}],
         ["Martin K. Ek Jr"]),
        ([{"firstName": "Åse", "lastName": "Sørli"}], ["Åse Sørli"]),
        ([{"author": {"display_name": "Ana Costa"}}], ["Ana Costa"]),
        ([{"author_name": "A. Costa"}, {"name": "Bo Ek", "hidden": False}], ["A. Costa", "Bo Ek"]),
        ({"name": "Ana Costa"}, ["Ana Costa"]),
        ([None, 3, {}, "", {"x": 1}], []),
        (["{", "}", "{}", "Ana Costa"], ["Ana Costa"]),
        (7, []),
        (None, []),
    ],
)  # fmt: skip
def test_names_in_lists(value: Any, names: list[str]) -> None:
    assert read_names(value) == tuple(names)


def test_a_name_is_turned_by_its_comma() -> None:
    assert turn_name("Costa, Ana") == "Ana Costa"
    assert turn_name("Ana Costa") == "Ana Costa"


@given(st.text(max_size=60) | st.lists(st.text(max_size=20), max_size=4))
def test_names_of_any_text_are_on_one_line_and_not_empty(value: Any) -> None:
    for name in read_names(value):
        assert name
        assert name == " ".join(name.split())


@pytest.mark.parametrize("names", ["{}", ["{}", "{ }"], [{"literal": "{}"}]])
def test_empty_braces_name_nobody(names: object) -> None:
    assert read_names(names) == ()


def test_names_in_one_text_are_divided_as_they_were_joined() -> None:
    names = ["Ana Costa", "Ek; Fu", "a\\", "\\;", "King, Inc."]
    assert divide_names(join_names(names)) == names
