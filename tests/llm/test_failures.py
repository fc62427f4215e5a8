"""What can go wrong while a model writes, and what comes of it."""

from __future__ import annotations

import asyncio
import threading

import pytest
from servers.openai_server import Reply
from written_answers import GOOD, WHALES

from rag import Settings
from rag.errors import LLMError
from rag.llm.client import OpenAIClient

FOR_GOOD = [
    (Reply(status=401), "refused the key"),
    (Reply(status=403), "refused the key"),
    (Reply(status=404), "no model 'test-model'"),
    (Reply(status=429, error={"message": "No money.", "code": "insufficient_quota"}), "no credit"),
    (Reply(status=400, error="Bad roles."), "Bad roles"),
    (Reply(status=307, headers={"Location": "http://127.0.0.2:9/v1"}), "another address"),
    (Reply(text=""), "wrote nothing"),
    (Reply(text="", reasoning="Let me think about this.", finish_reason="length"), "used up"),
    (Reply(text="Never seen", malformed=True, chunks=[]), "not the chat protocol"),
]


@pytest.mark.parametrize("awaited", [False, True])
@pytest.mark.parametrize(("reply", "message"), FOR_GOOD)
def test_what_fails_for_good_is_said_in_one_line(server, open_library, reply, message, awaited):
    server.reply(reply)
    library = open_library(llm_retries=0)
    with pytest.raises(LLMError, match=message) as caught:
        asyncio.run(library.aask(WHALES)) if awaited else library.ask(WHALES)
    assert "\n" not in caught.value.message
    assert len(server.chats) == 1


@pytest.mark.parametrize("awaited", [False, True])
@pytest.mark.parametrize("status", [429, 500, 503])
def test_what_may_pass_is_tried_again(server, written, status, awaited):
    server.reply(Reply(status=status, headers={"Retry-After": "0"}), Reply(text=GOOD))
    answer = asyncio.run(written.aask(WHALES)) if awaited else written.ask(WHALES)
    assert answer.text == GOOD
    assert len(server.chats) == 2


def test_trying_again_has_an_end(server, open_library):
    server.reply(*[Reply(status=500, error="Out of memory.")] * 3)
    with pytest.raises(LLMError, match=r"failed \(500\): Out of memory"):
        open_library(llm_retries=2).ask(WHALES)
    assert len(server.chats) == 3


def test_retry_after_is_honoured_and_bounded(server):
    waits = []
    settings = Settings(llm_model="test-model", llm_retries=2)
    model = OpenAIClient(settings, sleep=waits.append)
    server.reply(
        Reply(status=429, headers={"Retry-After": "7"}),
        Reply(status=429, headers={"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}),
        Reply(text="Done."),
    )
    text = "".join(d.text for d in model.stream([], max_tokens=50))
    assert (text, waits) == ("Done.", [7.0, 0.0])
    server.reply(Reply(status=429, headers={"Retry-After": "3600"}))
    with pytest.raises(LLMError) as caught:
        list(model.stream([], max_tokens=50))
    assert "3,600 seconds" in caught.value.hint
    assert len(waits) == 2


@pytest.mark.parametrize(
    ("reply", "wait"),
    [
        (Reply(status=503, error="Loading model"), None),
        (Reply(status=503, error="The model is warming up."), None),
        (
            Reply(
                status=503,
                raw='{"error": "Model m is currently loading", "estimated_time": 12.5}',
                kind="application/json",
            ),
            12.5,
        ),
        (Reply(raw='{"error": "model is still loading"}', kind="application/json"), None),
    ],
)
def test_a_model_that_is_being_loaded_is_waited_for(server, reply, wait):
    waits = []
    settings = Settings(llm_model="test-model", llm_retries=0, llm_timeout=30)
    model = OpenAIClient(settings, sleep=waits.append)
    server.reply(reply, reply, Reply(text="Done."))
    assert "".join(d.text for d in model.stream([], max_tokens=50)) == "Done."
    assert len(waits) == 2
    assert wait is None or waits == [wait, wait]


def test_a_model_that_could_not_be_loaded_is_not(server):
    waits = []
    model = OpenAIClient(Settings(llm_model="test-model", llm_retries=0), sleep=waits.append)
    for said in ("error loading model", "Failed to load: error while loading the weights"):
        server.reply(Reply(status=500, error=said))
        with pytest.raises(LLMError, match=said):
            list(model.stream([], max_tokens=50))
    assert not waits


def test_the_wait_for_a_model_has_an_end(server):
    waits = []
    settings = Settings(llm_model="test-model", llm_retries=0, llm_timeout=30)
    model = OpenAIClient(settings, sleep=waits.append)
    loading = '{"error": "Loading", "estimated_time": 12}'
    server.reply(*[Reply(status=503, raw=loading, kind="application/json")] * 3)
    with pytest.raises(LLMError, match="still being loaded"):
        list(model.stream([], max_tokens=50))
    assert waits == [12.0, 12.0]
    long = '{"error": "Loading", "estimated_time": 600}'
    server.reply(Reply(status=503, raw=long, kind="application/json"))
    with pytest.raises(LLMError) as caught:
        list(model.stream([], max_tokens=50))
    assert "600 seconds" in caught.value.hint


def test_without_retry_after_the_waits_grow(server):
    waits = []
    model = OpenAIClient(Settings(llm_model="m", llm_retries=3), sleep=waits.append)
    server.reply(*[Reply(status=503)] * 3, Reply(text="Done."))
    assert "".join(d.text for d in model.stream([], max_tokens=50)) == "Done."
    assert 0 < waits[0] < waits[1] < waits[2] < 4


def test_a_slow_first_byte_times_out(server, open_library):
    hold = threading.Event()
    server.reply(text=GOOD, delay_event=hold)
    with pytest.raises(LLMError, match=r"sent nothing for 0\.2 seconds"):
        open_library(llm_timeout=0.2, llm_retries=0).ask(WHALES)
    hold.set()


def test_an_endpoint_that_is_not_there(open_library, monkeypatch):
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    with pytest.raises(LLMError, match=r"http://127\.0\.0\.1:9/v1 can't be reached"):
        open_library(llm_retries=1).ask(WHALES)


@pytest.mark.parametrize("awaited", [False, True])
@pytest.mark.parametrize("broken", [{"cut_after": 5}, {"malformed": True}])
def test_what_came_before_a_stream_broke_off_is_kept_flagged_and_checked(
    server, written, broken, awaited
):
    server.reply(
        text="", chunks=["Ship noise below 60 hertz doubles the error [1]. ", *"It ofte"], **broken
    )
    answer = asyncio.run(written.aask(WHALES)) if awaited else written.ask(WHALES)
    assert answer.text.startswith("Ship noise below 60 hertz doubles the error [1].")
    assert any("broke off" in note for note in answer.notes)
    assert answer.sentences[0].status == "supported"
    assert len(server.chats) == 1


def test_a_stream_that_breaks_before_the_first_word_is_tried_again(server, written):
    server.reply(Reply(text=GOOD, cut_after=0), Reply(text=GOOD))
    assert written.ask(WHALES).text == GOOD
    assert len(server.chats) == 2


@pytest.mark.parametrize(
    "text", ["Okay, ship noise doubles the error [1]", "Sure! It doubles it [1"]
)
def test_words_that_were_held_back_when_a_stream_broke_off_are_shown(server, written, text):
    server.reply(text="", chunks=[text, " more"], cut_after=1)
    answer = written.ask(WHALES)
    assert text.removeprefix("Sure! ") in answer.text
    assert any("the connection was closed" in note for note in answer.notes)


def test_an_answer_that_met_its_limit_says_so(server, written):
    server.reply(text=GOOD, finish_reason="length")
    assert any("limit of 1000 tokens" in note for note in written.ask(WHALES).notes)


@pytest.mark.parametrize(
    ("finish", "said"),
    [
        ("content_filter", "content filter"),
        ("SAFETY", "content filter"),
        ("MAX_TOKENS", "at its limit"),
        ("tool_calls", "ask for a tool"),
        ("abort", "for this reason: abort"),
        ("insufficient_system_resource", "insufficient_system_resource"),
        (None, "didn't say that the answer is whole"),
    ],
)
def test_why_a_model_stopped_is_told_unless_it_was_done(server, written, finish, said):
    server.reply(text=GOOD, finish_reason=finish)
    answer = written.ask(WHALES)
    assert answer.text == GOOD
    assert any(said in note for note in answer.notes)


@pytest.mark.parametrize("finish", ["stop", "STOP", "end_turn", "eos_token", "COMPLETE"])
def test_every_word_for_being_done_needs_no_note(server, written, finish):
    server.reply(text=GOOD, finish_reason=finish)
    assert not written.ask(WHALES).notes


def test_an_endless_answer_is_cut_and_the_model_stopped(server, open_library):
    server.reply(text="", chunks=["Ship noise doubles the error [1]. "] * 5000)
    answer = open_library(llm_max_output_tokens=100).ask(WHALES)
    assert len(answer.text) <= 1200
    assert any("without end" in note for note in answer.notes)
    assert server.disconnected.wait(10)


def test_reasoning_is_not_part_of_the_answer(server, written):
    server.reply(
        Reply(text=GOOD, reasoning="The user wants [5] whales."),
        Reply(text=f"<think>Is it [3]? NOT SURE.</think>\n\n{GOOD}"),
    )
    assert written.ask(WHALES).text == GOOD
    assert written.ask(WHALES).text == GOOD


@pytest.mark.parametrize("awaited", [False, True])
def test_a_request_that_is_too_long_is_sent_again_with_less(server, written, awaited):
    server.reply(text=GOOD, context_limit=650)
    answer = asyncio.run(written.aask(WHALES)) if awaited else written.ask(WHALES)
    assert answer.text == GOOD
    assert len(server.chats) >= 2
    assert len(server.chats[-1].text) < len(server.chats[0].text)
    assert any(note.startswith(("Left out", "Shortened")) for note in answer.notes)


def test_a_context_that_holds_nothing_is_an_error(server, written):
    server.reply(text=GOOD, context_limit=10)
    with pytest.raises(LLMError, match="longer than the model"):
        written.ask(WHALES)


def test_parameters_that_an_endpoint_does_not_know_are_left_out(server, written):
    server.reply(
        Reply(status=400, error={"message": "Unknown: stream_options", "param": "stream_options"}),
        Reply(status=400, error={"message": "Use 'max_completion_tokens' instead of max_tokens."}),
        Reply(status=400, error={"message": "Only the default is allowed", "param": "temperature"}),
        Reply(text=GOOD),
    )
    answer = written.ask(WHALES)
    assert answer.text == GOOD
    body = server.chats[-1].body
    assert not {"stream_options", "max_tokens", "temperature"} & body.keys()
    assert body["max_completion_tokens"] == 1000
    assert answer.usage["estimated"]


def test_the_fallback_quotes_and_says_so(server, open_library):
    server.reply(Reply(status=401))
    answer = open_library(fallback="extractive").ask(WHALES)
    assert answer.mode == "extractive"
    assert answer.citations
    assert any("refused the key" in note for note in answer.notes)


def test_the_fallback_serves_where_no_endpoint_is_named(open_library, monkeypatch):
    monkeypatch.delenv("OPENAI_BASE_URL")
    monkeypatch.delenv("OPENAI_API_KEY")
    answer = open_library(fallback="extractive").ask(WHALES)
    assert answer.mode == "extractive"
    assert any("no endpoint" in note for note in answer.notes)
    with pytest.raises(LLMError, match="no endpoint"):
        open_library().ask(WHALES)
