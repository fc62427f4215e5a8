"""Evidence decides whether a question follows on what was said."""

from __future__ import annotations

import pytest

from rag import Library, Paper, Settings

WHALES = "How are blue whales counted with few labels?"
WHALE_ID = "arxiv:9905.00005"


@pytest.mark.parametrize(
    "question",
    ["and how accurate is it?", "What doubles the error?", "How many labels are enough?"],
)
def test_what_the_papers_cited_last_answer_is_about_them(library, question):
    chat = library.chat()
    chat.ask(WHALES)
    answer = chat.ask(question)
    assert answer.standalone_question.startswith(WHALES)
    assert answer.citations[0].paper.id == WHALE_ID


@pytest.mark.parametrize(
    "question",
    [
        "How do foraging bees balance load in data centres?",
        "And how is bread doneness told from the colour of a crust?",
        "Who painted the ceiling of the Sistine Chapel?",
    ],
)
def test_what_other_papers_answer_better_stands_alone(library, question):
    chat = library.chat()
    chat.ask(WHALES)
    assert chat.ask(question).standalone_question == question


def test_small_talk_does_not_end_a_subject(library):
    chat = library.chat()
    chat.ask(WHALES)
    thanks = chat.ask("thanks!")
    assert (thanks.kind, thanks.citations, chat.understood) == ("talk", (), "thanks!")
    answer = chat.ask("And what doubles the error?")
    assert answer.standalone_question == f"{WHALES} And what doubles the error?"
    assert answer.citations[0].paper.id == WHALE_ID


def test_a_question_about_the_library_follows_on_nothing(library):
    chat = library.chat()
    chat.ask(WHALES)
    assert chat.ask("And how many papers are there?").kind == "library"


def test_a_filter_in_a_follow_up_narrows_the_question_before(library):
    chat = library.chat()
    chat.ask("Which papers study recall in long documents?")
    answer = chat.ask("And only those since 2024?")
    assert answer.filters_read.year_from == 2024
    assert all(paper.year >= 2024 for paper in answer.papers.values())


def test_a_literal_question_follows_on_nothing(library):
    chat = library.chat()
    chat.ask(WHALES)
    answer = chat.ask("/literal And what doubles the error?")
    assert answer.standalone_question == "And what doubles the error?"


def test_no_model_is_asked_about_small_talk(server, written):
    chat = written.chat()
    server.reply("Ship noise below 60 hertz doubles the error [1].")
    chat.ask(WHALES)
    assert chat.ask("thanks!").kind == "talk"
    assert len(server.chats) == 1


def test_a_rewrite_that_finds_less_is_not_used(server, written):
    chat = written.chat()
    noise = "Ship noise below 60 hertz doubles the error [1]."
    server.reply(noise, "Who painted the error of the Sistine Chapel in 1512?", noise)
    chat.ask(WHALES)
    answer = chat.ask("And what doubles the error?")
    assert answer.standalone_question == f"{WHALES} And what doubles the error?"
    assert any("finds less" in note for note in answer.notes)


def test_of_the_papers_named_last_one_can_be_asked_for(library):
    chat = library.chat()
    listed = chat.ask("Which papers study recall of facts in long documents?")
    ids = {paper.id for paper in listed.papers.values()}
    assert len(ids) >= 2
    newest = chat.ask("Which of them is the newest?")
    assert newest.kind == "library"
    assert {paper.id for paper in newest.papers.values()} < ids
    counted = chat.ask("And how many of these papers are from 2023?")
    assert set(counted.filters.ids) <= ids


def test_a_count_does_not_end_a_subject(library):
    chat = library.chat()
    chat.ask(WHALES)
    assert chat.ask("How many papers are there?").kind == "library"
    answer = chat.ask("And what doubles the error?")
    assert answer.standalone_question == f"{WHALES} And what doubles the error?"


def test_who_wrote_it_and_when_is_asked_of_the_paper_cited_first(library):
    chat = library.chat()
    first = chat.ask(WHALES).citations[0].paper
    who = chat.ask("And who wrote it?")
    assert (who.kind, list(who.papers.values())) == ("library", [first])
    assert all(name in who.text for name in first.authors)
    when = chat.ask("When was the paper published?")
    assert str(first.year) in when.text


def test_what_a_follow_up_rules_out_narrows_the_list_before(tmp_path, model_cache):
    with Library(settings=Settings(storage=tmp_path, cache=model_cache)) as library:
        library.add_papers(
            Paper(id=f"test:{n}", title=f"Counting Birds {n}", abstract=abstract)
            for n, abstract in enumerate(
                ["Birds are counted by drones.", "Birds are counted by ear.", "Birds are counted."]
            )
        )
        chat = library.chat()
        assert chat.ask("Which papers count birds?").kind == "list"
        answer = chat.ask("only those without drones")
        assert answer.kind == "list"
        assert "test:0" not in {paper.id for paper in answer.papers.values()}
        assert answer.papers
        assert not any("mentions" in note for note in answer.notes)
