"""Questions in other languages, where a model can put them into English."""

from __future__ import annotations

import asyncio

import pytest
from written_answers import GOOD, WHALES, sent

GERMAN = "Wie werden Blauwale mit wenigen Labels gezählt?"
CHINESE = "如何用很少的标签统计蓝鲸的数量?"


@pytest.mark.parametrize(
    ("question", "language"), [(GERMAN, "German"), (CHINESE, "Chinese")], ids=["German", "Chinese"]
)
def test_the_model_translates_and_the_reader_sees_what_was_understood(
    server, written, question, language
):
    server.reply(f"Sure! Here is the question:\n\n“{WHALES}”", GOOD)
    answer = written.ask(question)
    assert (answer.question, answer.standalone_question) == (question, WHALES)
    assert (answer.text, answer.abstained) == (GOOD, False)
    assert answer.notes[0] == f"Translated from {language} by test-model: “{WHALES}”"
    assert question in server.chats[0].text
    assert WHALES in sent(server)["user"]
    assert answer.usage["requests"] == 2


def test_what_is_translated_is_read_like_any_question(server, written):
    server.reply("How many papers are there?")
    answer = written.ask("Wie viele Artikel gibt es hier?")
    assert answer.kind == "library"
    assert f"{len(written)} papers" in answer.text


def test_it_can_be_awaited_and_streamed(server, written):
    server.reply(WHALES, GOOD)
    assert "".join(written.stream(GERMAN)) == GOOD
    server.reply(WHALES, GOOD)
    assert asyncio.run(written.aask(GERMAN)).standalone_question == WHALES


@pytest.mark.parametrize(
    "reply",
    [
        "Wie zählt man Blauwale mit wenigen Labels?",
        GERMAN,
        GOOD,
        "NOT-IN-THE-PAPERS",
        "Whales. " * 80,
    ],
    ids=["German", "the same", "an answer", "the sentinel", "without end"],
)
def test_what_is_no_translation_is_not_searched(server, written, reply):
    server.reply(reply)
    answer = written.ask(GERMAN)
    assert answer.abstained
    assert "searches in English" in answer.text
    assert answer.notes[0].startswith("test-model was asked to translate the question")
    assert len(server.chats) == 1


def test_a_model_that_fails_is_told_of(server, open_library):
    server.reply(status=400, error="no such thing")
    answer = open_library(llm_retries=0).ask(GERMAN)
    assert "searches in English" in answer.text
    assert answer.notes[0].startswith("The question could not be translated.")


def test_no_model_is_asked_where_quotes_are_wanted_or_the_question_is_english(server, written):
    assert "searches in English" in written.ask(GERMAN, mode="extractive").text
    assert not server.chats
    server.reply(GOOD)
    written.ask(WHALES)
    assert len(server.chats) == 1


def test_a_conversation_goes_on_in_another_language(server, written):
    chat = written.chat()
    server.reply(WHALES, GOOD)
    first = chat.ask(GERMAN)
    assert (first.question, first.standalone_question) == (GERMAN, WHALES)
    assert chat.understood == WHALES
    server.reply("And what doubles the error?", GOOD)
    second = chat.ask("Und was verdoppelt den Fehler?")
    assert second.question == "Und was verdoppelt den Fehler?"
    assert second.standalone_question == f"{WHALES} And what doubles the error?"
    assert not second.abstained
