"""`rag chat`: questions and commands, line by line."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import sys
import threading

import pytest
from servers.openai_server import OpenAIServer
from typer.testing import CliRunner

WHALES = "How are blue whales counted with few labels?"
pytestmark = pytest.mark.usefixtures("stocked")


@pytest.fixture
def talk():
    from rag.cli import common
    from rag.cli.app import app

    def run(*lines, flags=()):
        for console in (common.output, common.errors):
            console.cache_clear()
        return CliRunner().invoke(app, ["chat", *flags], input="\n".join(lines) + "\n")

    return run


def flat(text):
    return " ".join(text.split())


def test_a_follow_up_is_understood_and_shown(talk):
    ran = talk(WHALES, "And what doubles the error?")
    out = flat(ran.stdout)
    assert ran.exit_code == 0
    assert f"Understood as: {WHALES} And what doubles the error?" in out
    assert "Ship noise below 60 hertz doubles the error." in out
    assert out.count("Understood as") == 1


def test_sources_keep_their_numbers_and_can_be_listed(talk):
    out = flat(talk(WHALES, "/sources").stdout)
    listed = out.rpartition("Sources")[2]
    assert "[1] Counting Whales from Hydrophones" in listed


def test_before_any_answer_there_are_no_sources(talk):
    assert "No paper has been cited yet." in talk("/sources").stdout


@pytest.mark.parametrize(
    ("name", "holds"),
    [
        ("talk.md", "[^1]: "),
        ("papers.bib", "@"),
        ("papers.ris", "TY  -"),
        ("papers.csl", '"title"'),
        ("papers.csl.json", '"title"'),
        ("papers.jsonl", "arxiv:9905.00005"),
        ("talk.json", "standalone_question"),
    ],
)
def test_saving(talk, tmp_path, name, holds):
    ran = talk(WHALES, f"/save {tmp_path / name}")
    assert ran.exit_code == 0
    assert holds in (tmp_path / name).read_text("utf-8")


def test_filters_are_shown_set_and_lifted(talk):
    ran = talk("/filters year=2020 dated=yes", "/filters", WHALES, "/filters off", WHALES)
    out = flat(ran.stdout)
    assert "Papers used: year 2020, with a date." in out
    assert "Papers used: all." in out
    between = out.split("Papers used: all.")
    assert "Counting Whales" not in between[0]
    assert "Counting Whales" in between[1]


def test_clear_begins_anew(talk):
    out = flat(talk(WHALES, "/clear", "And what doubles the error?").stdout)
    assert "Cleared." in out
    assert "Understood as" not in out


def test_quit_ends_it(talk):
    assert "Counting Whales" not in talk("/quit", WHALES).stdout


def test_help_names_the_commands(talk):
    out = talk("/help").stdout
    for name in ("/sources", "/save", "/filters", "/clear", "/quit"):
        assert name in out


@pytest.mark.parametrize(
    "line",
    ["/dance", "/save file.pages", "/save /no/such/folder/talk.md", "/filters colour=red",
     "/filters year=soon", "/filters year=2024-2020", '/filters author="Ann'],
)  # fmt: skip
def test_a_wrong_command_is_told_and_the_talk_goes_on(talk, line):
    ran = talk(line, WHALES)
    assert "Error: " in ran.stderr
    assert "Hint: " in ran.stderr
    assert "Counting Whales" in ran.stdout
    assert ran.exit_code == 1


def test_an_empty_library_says_how_to_add_papers(rag, complained, monkeypatch, tmp_path):
    monkeypatch.setenv("RAG_STORAGE", str(tmp_path / "nothing"))
    complained(rag("chat"))


def test_ctrl_c_stops_the_answer_and_not_the_program(stocked):
    hold = threading.Event()
    with OpenAIServer() as server:
        server.reply(text="Whales sing on and on. " * 500, delay_event=hold, delay_after=4)
        environment = {
            **os.environ,
            "OPENAI_BASE_URL": server.url,
            "RAG_LLM_MODEL": "test-model",
            "TERM": "xterm",
            "LINES": "50",
        }
        master, slave = pty.openpty()
        command = [sys.executable, "-c", "from rag.cli import main; main()", "chat"]
        terminal = {"stdin": slave, "stdout": slave, "stderr": slave}
        with subprocess.Popen(command, **terminal, env=environment) as process:
            os.close(slave)
            try:
                talk_and_stop(process, Screen(master), lambda keys: os.write(master, keys))
            finally:
                hold.set()
                process.kill()
        os.close(master)


def talk_and_stop(process, screen, press):
    screen.wait_for(">")
    press(f"{WHALES}\r".encode())
    screen.wait_for("Whales sing")
    for _ in range(3):
        # Python drops an interrupt that comes within a finalizer; a person presses the keys again.
        process.send_signal(signal.SIGINT)
        if screen.shows("Stopped.", seconds=15):
            break
    else:
        pytest.fail("It was never stopped.")
    press(b"/sources\r")
    screen.wait_for("No paper has been cited yet.")
    press(b"\x1b[A\r")  # the arrow brings back the last line
    screen.wait_for("No paper has been cited yet.")
    press(b"/quit\r")
    assert process.wait(30) == 0


class Screen:
    """What a program has written to a terminal since it was last looked at."""

    def __init__(self, master):
        self._master = master
        self._text = ""

    def shows(self, words, *, seconds):
        """Tell whether some words come before nothing has come for so long."""
        while words not in self._text:
            ready, _, _ = select.select([self._master], [], [], seconds)
            if not ready:
                return False
            self._text += os.read(self._master, 65536).decode("utf-8", "replace")
        self._text = self._text.partition(words)[2]
        return True

    def wait_for(self, words):
        assert self.shows(words, seconds=60), f"{words!r} never came: {self._text[-2000:]!r}"


def test_with_a_model_the_chat_goes_through_it(talk, monkeypatch):
    with OpenAIServer() as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        server.reply(
            "Ship noise below 60 hertz doubles the error [1].",
            "What doubles the error of counting whales?",
            "Ship noise below 60 hertz doubles the error [1].",
        )
        ran = talk(WHALES, "and what doubles it?", flags=["--model", "test-model"])
    out = flat(ran.stdout)
    assert "Understood as: What doubles the error of counting whales?" in out
    assert out.count("Checked: 1 of 1 sentence supported.") == 2
