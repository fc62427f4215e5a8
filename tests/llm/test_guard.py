"""What of a model's words is shown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.llm.guard import SENTINEL, Screen

SAMPLES = [
    "It is fast [1]. It is small.",
    f"{SENTINEL}\nThe papers are about bread.",
    f"  <think>Is it {SENTINEL}?</think>\n\nIt is fast.",
    f"<think>a</think> <think>b</think> It is. {SENTINEL}",
    "NOT-IN-THE-PAPER, but nearly. NOT-IN",
    "<thin ice> is not a thought.",
    "Bell \x07 and \x1b[31mred\x1b[0m \u202eflipped.",
    "trailing space  \n\n",
]


def screened(pieces, limit=10_000):
    screen = Screen(limit=limit)
    shown = "".join([*(screen.feed(piece) for piece in pieces), screen.finish()])
    return shown, screen


@pytest.mark.parametrize("text", SAMPLES)
def test_how_the_text_is_cut_makes_no_difference(text):
    whole, first = screened([text])
    for at in range(len(text) + 1):
        shown, screen = screened([text[:at], text[at:]])
        assert (shown, screen.sentinel, screen.remark) == (whole, first.sentinel, first.remark)
    assert screened(list(text))[0] == whole


@given(st.lists(st.sampled_from([*"NOT-IN-THE-PAPERS <think>/\n.", SENTINEL, "word"]), max_size=40))
def test_no_text_shows_the_sentinel_or_is_made_up(pieces):
    shown, _ = screened(pieces)
    assert SENTINEL not in shown
    assert len(shown) <= len("".join(pieces))


def test_the_sentinel_first_hides_what_follows():
    shown, screen = screened([SAMPLES[1]])
    assert shown.strip() == ""
    assert screen.sentinel
    assert "about bread" in screen.remark


def test_the_sentinel_behind_words_is_taken_out():
    shown, screen = screened([f"It is fast. {SENTINEL}"])
    assert shown == "It is fast."
    assert screen.sentinel
    assert not screen.remark


def test_thoughts_are_left_out():
    assert screened([SAMPLES[2]])[0] == "It is fast."


def test_a_thought_that_never_ends_shows_nothing_and_is_not_kept():
    screen = Screen(limit=100)
    for _ in range(1000):
        assert screen.feed("<think>on and on ") == ""
    assert screen.finish() == ""
    assert len(screen._pending) < 100


def test_no_control_character_gets_through():
    shown, _ = screened([SAMPLES[6]])
    assert "\x1b" not in shown
    assert "\x07" not in shown
    assert "\u202e" not in shown


def test_the_limit_cuts():
    shown, screen = screened(["word " * 100], limit=12)
    assert len(shown) == 12
    assert screen.cut
