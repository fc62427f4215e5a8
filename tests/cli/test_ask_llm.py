"""`rag ask` with a model, and `rag doctor`: what a person sees, and what programs get."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import subprocess
import sys

import pytest
from servers.openai_server import OpenAIServer, Reply

from rag import Settings
from rag.library import doctor

KEY = "sk-loopback-0123456789"
WHALES = "How are blue whales counted with few labels?"
TEXT = (
    "Blue whales are counted with only fifty labelled minutes of sound [1]. "
    "The error is 0.9 animals per hour [1]. Everybody loves whales. They sing [9]."
)
pytestmark = pytest.mark.usefixtures("stocked")


@pytest.fixture
def server(monkeypatch):
    with OpenAIServer(api_key=KEY, models=["test-model", "other-model"]) as running:
        monkeypatch.setenv("OPENAI_BASE_URL", running.url)
        monkeypatch.setenv("OPENAI_API_KEY", KEY)
        monkeypatch.setenv("RAG_LLM_MODEL", "test-model")
        yield running


def test_each_sentence_has_its_verdict_beside_it(server, rag):
    server.reply(TEXT)
    ran = rag("ask", WHALES)
    assert (ran.code, ran.err) == (0, "")
    flat = " ".join(ran.out.split())
    assert "minutes of sound [1]. [ok]" in flat
    assert "per hour [1]. [!unsupported]" in flat
    assert "Everybody loves whales. [uncited]" in flat
    assert "They sing [9?]. [!unsupported]" in flat
    assert "Checked: 1 of 4 sentences supported, 2 unsupported, 1 uncited." in flat
    assert "“The error is 0.9 animals per hour.”: The number 0.9" in flat
    assert re.search(r"Sources \[1\] Counting Whales from Hydrophones", flat)
    assert all(len(line) <= 80 for line in ran.out.splitlines())


def test_the_answer_as_json(server, rag):
    server.reply(TEXT)
    value = rag("ask", WHALES, "--json").value
    assert (value["mode"], value["model"]) == ("llm", "test-model")
    assert [s["status"] for s in value["sentences"]] == [
        "supported",
        "unsupported",
        "uncited",
        "unsupported",
    ]
    assert value["summary"].startswith("1 of 4")
    assert value["usage"]["requests"] == 1


def test_flags_choose_the_model_the_mode_and_how_strict_it_is(server, rag):
    server.reply(TEXT, TEXT)
    assert "0.9" not in rag("ask", WHALES, "--strict").out
    rag("ask", WHALES, "--model", "other-model")
    assert server.chats[-1].body["model"] == "other-model"
    assert rag("ask", WHALES, "--mode", "extractive", "--json").value["mode"] == "extractive"
    assert len(server.chats) == 2
    assert rag("ask", WHALES, "--mode", "poetic").code == 2


def test_a_failing_endpoint_is_one_line_and_a_hint(server, rag, complained, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-wrong-key-that-is-secret")
    ran = rag("ask", WHALES)
    complained(ran)
    assert "refused the key" in ran.err
    assert "sk-wrong" not in ran.err + ran.out


def test_the_fallback_quotes_and_says_so(server, rag):
    server.reply(status=401)
    ran = rag("ask", WHALES, "--fallback", "extractive")
    assert ran.code == 0
    assert "quoted instead" in " ".join(ran.out.split())


def test_a_model_without_an_endpoint(rag, complained):
    ran = rag("ask", WHALES, "--model", "some-model")
    complained(ran)
    assert "OPENAI_BASE_URL" in ran.err


def test_an_abstention_names_the_closest_papers_and_why(server, rag):
    ran = rag("ask", "Which vitamin cures the common cold in zebras?")
    flat = " ".join(ran.out.split())
    assert ran.code == 0
    assert "Closest papers" in flat
    assert "Doesn't mention" in flat or "Mentions nothing" in flat
    assert not server.chats


def test_what_a_model_sends_cannot_drive_the_terminal(server, rag):
    server.reply(
        "Whales \x1b[31msing\x1b[0m \x1b]8;;http://evil.example\x07here\x1b]8;;\x07 \x9b2J [1]."
    )
    ran = rag("ask", WHALES)
    assert "sing" in ran.out
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", ran.out)


def test_on_a_terminal_the_words_come_first_and_then_their_verdicts(server, stocked):
    server.reply(text=TEXT)
    environment = {
        **os.environ,
        "TERM": "xterm-256color",
        "COLUMNS": "80",
        "LINES": "40",
        "RAG_STORAGE": str(stocked),
    }
    del environment["NO_COLOR"]
    master, slave = pty.openpty()
    command = [sys.executable, "-c", "from rag.cli import main; main()", "ask", WHALES]
    with subprocess.Popen(command, stdout=slave, env=environment) as process:
        os.close(slave)
        shown = _read_all(master)
    assert process.returncode == 0
    streamed, _, checked = shown.partition("\x1b[J")
    assert "Everybody loves whales. They sing [9?]." in _flat(streamed)
    assert "[ok]" not in streamed
    assert "Everybody loves whales. [uncited]" in _flat(checked)
    assert "Checked: 1 of 4" in _flat(checked)


def _read_all(master):
    data = b""
    while True:
        ready, _, _ = select.select([master], [], [], 60)
        assert ready, "the command went silent"
        try:
            piece = os.read(master, 65536)
        except OSError:  # the other end is closed
            piece = b""
        if not piece:
            os.close(master)
            return data.decode("utf-8")
        data += piece


def _flat(text):
    return " ".join(re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text).split())


# --- rag doctor --------------------------------------------------------------------------------


def found(ran):
    return next(check for check in json.loads(ran.out) if check["name"] == "language model")


def test_doctor_says_what_the_endpoint_does(server, rag):
    server.reply("ready when you are")
    check = found(rag("doctor", "--json"))
    assert check["ok"]
    assert server.url in check["found"]
    assert "streams in 4 pieces" in check["found"]
    assert "counts tokens" in check["found"]
    assert KEY not in json.dumps(check)


def test_doctor_names_the_models_when_one_is_not_there(server, rag):
    server.reply(Reply(status=404))
    ran = rag("doctor", "--json")
    assert ran.code == 1
    assert not found(ran)["ok"]
    assert "other-model, test-model" in found(ran)["hint"]


def test_doctor_without_a_model_is_content(rag):
    assert found(rag("doctor", "--json"))["ok"]


MISBEHAVING = [
    (Reply(raw='{"error": {"message": "GPU lost."}}', kind="application/json"), "GPU lost"),
    (Reply(raw="<html><title>Open WebUI</title></html>", kind="text/html"), "web page.*Open WebUI"),
    (Reply(raw='{"choices": null}', kind="application/json"), "not the chat protocol.*choices"),
    (Reply(text=""), "wrote nothing"),
    (Reply(text="<think>Hm.", finish_reason="length"), "used up its"),
    (Reply(text="", reasoning="Hm."), "reasoning and no answer"),
    (Reply(text="It is", chunks=["It ", "is"], cut_after=2), "broke off"),
    (Reply(status=400, error="prompt is too long: 9000 tokens > 4096 maximum"), "too long"),
]


@pytest.mark.parametrize(("reply", "said"), MISBEHAVING)
def test_doctor_is_not_content_without_an_answer_and_says_why(server, monkeypatch, reply, said):
    monkeypatch.setattr(doctor, "_embedder", lambda _: "")  # other checks take longer than a test
    monkeypatch.setattr(doctor, "_library", lambda _: "")
    monkeypatch.setattr(doctor, "_reader", lambda _: "")
    server.reply(reply)
    check = doctor.diagnose(Settings(llm_model="test-model"))[-1]
    assert not check.ok
    assert re.search(said, check.found)
    assert "\n" not in check.found
    assert check.hint
    assert "rag doctor" not in check.hint


def test_doctor_asks_as_a_question_does_and_tells_what_is_special(server, rag):
    server.reply(
        Reply(status=400, error="System role not supported"),
        Reply(
            text="<think>Hm.</think>Each position attends to all others [1].",
            finish_reason="length",
            usage={"prompt_tokens": 60, "completion_tokens": 9},
        ),
    )
    check = found(rag("doctor", "--json"))
    assert check["ok"]
    first, second = (one.body for one in server.chats)
    assert [one["role"] for one in first["messages"]] == ["system", "user"]
    assert [one["role"] for one in second["messages"]] == ["user"]
    assert (second["max_tokens"], second["temperature"], second["stream"]) == (1000, 0.0, True)
    assert '<paper n="1">' in second["messages"][0]["content"]
    for said in ("thinks aloud", "no system message", "stopped at its limit", "cut off a part"):
        assert said in check["found"]
    assert "cited no paper" not in check["found"]


def test_a_model_that_declines_is_named_beside_the_quotes(server, rag):
    server.reply("NOT-IN-THE-PAPERS")
    ran = rag("ask", WHALES)
    flat = " ".join(ran.out.split())
    assert "Counting Whales" in flat
    assert "test-model declined: it found no answer in the papers found." in flat
    assert "don't hold an answer" not in flat
