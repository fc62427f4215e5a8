"""Follow-ups made whole without a language model."""

from __future__ import annotations

import pytest

from rag import Answer, Citation, Paper
from rag.chat.follow_ups import make_standalone

BEES = Paper(
    id="a:1",
    title="Honeybee Routing: Balancing Load",
    abstract="Bees balance load in small data centres. Waggle packets use little of the network.",
)
OVEN = Paper(id="a:2", title="Crust Colour as a Sensor", abstract="A camera judges loaves.")
TOPIC = "How do foraging rules balance load?"
LAST = Answer(
    question=TOPIC,
    standalone_question=TOPIC,
    text="They balance it [1]. A camera does not [2].",
    citations=(
        Citation(1, BEES, BEES.abstract[:39], 0, 39, 0.9),
        Citation(2, OVEN, OVEN.abstract, 0, len(OVEN.abstract), 0.5),
    ),
)


def understood(question, *, last=LAST):
    return make_standalone(question, topic=TOPIC, last=last, sources={1: BEES, 2: OVEN})


@pytest.mark.parametrize(
    "question",
    [
        "And its memory cost?",
        "How much does it cost?",
        "Which data sets did they use?",
        "What are the limitations of this method?",
        "Does the method scale?",
        "What about sudden spikes?",
        "So what's the fix?",
        "Any weaknesses?",
        "Why does this work?",
        "How large are the packets?",
        "Is it possible to run it on phones?",
    ],
)
def test_what_leans_on_the_last_turn_is_joined_to_its_subject(question):
    follow_up = understood(question)
    assert follow_up.depends
    assert follow_up.question == f"{TOPIC} {question}"
    assert follow_up.focus == question
    assert follow_up.also == ("a:1", "a:2")


@pytest.mark.parametrize(
    "question",
    [
        "What is dropout?",
        "How are diffusion models sampled faster?",
        "Which papers study hallucination in language models?",
        "Is it possible to prune transformers without retraining?",
        "Does BERT lose accuracy when its layers are pruned?",
        "Do transformers forget what they read in long documents?",
        "How does quantisation of weights work in vision networks?",
    ],
)
def test_what_stands_alone_stays_as_it_is(question):
    follow_up = understood(question)
    assert not follow_up.depends
    assert (follow_up.question, follow_up.also) == (question, ())


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("What does [2] measure?", "What does “Crust Colour as a Sensor” measure?"),
        ("What does paper 2 measure?", "What does “Crust Colour as a Sensor” measure?"),
        ("And [^2]?", "And “Crust Colour as a Sensor”?"),
        ("Is it so in 【2】?", "Is it so in “Crust Colour as a Sensor”?"),
        ("Summarise the second paper.", "Summarise “Crust Colour as a Sensor”."),
        ("Summarise the last one.", "Summarise “Crust Colour as a Sensor”."),
    ],
)
def test_a_source_that_is_named_is_written_out(question, expected):
    follow_up = understood(question)
    assert follow_up.question == expected
    assert follow_up.also == ("a:2",)


@pytest.mark.parametrize("named", ["[1, 2]", "[1][2]", "papers 1 and 2", "sources 1, 2"])
def test_several_sources_are_all_written_out(named):
    follow_up = understood(f"How do {named} differ?")
    assert follow_up.also == ("a:1", "a:2")
    assert "“Honeybee Routing: Balancing Load”" in follow_up.question
    assert "“Crust Colour as a Sensor” differ?" in follow_up.question


def test_a_number_that_no_source_has_stays():
    assert "[9]" in understood("What does [9] measure?").question


def test_after_an_abstention_the_subject_is_still_known():
    nothing = Answer(question=TOPIC, standalone_question=TOPIC, text="No.", abstained=True)
    follow_up = understood("And its cost?", last=nothing)
    assert follow_up.question.startswith(TOPIC)
    assert follow_up.also == ()


def test_an_endless_subject_is_cut():
    follow_up = make_standalone("And its cost?", topic="word " * 500, last=LAST, sources={})
    assert len(follow_up.question) < 450
    assert follow_up.question.endswith("And its cost?")
