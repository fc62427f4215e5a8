"""`rag verify`: check a text by anyone."""

from __future__ import annotations

import json

import pytest
from entailers import write_entailer
from typer.testing import CliRunner

GOOD = "Ship noise below 60 hertz doubles the error [1]."
BAD = "Ship noise below 75 hertz doubles the error [1]."
WHALES = "arxiv:9905.00005"
pytestmark = pytest.mark.usefixtures("stocked")


@pytest.fixture
def text(tmp_path):
    def write(content, name="answer.txt"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def test_each_sentence_is_shown_with_its_status_reasons_and_words(rag, text):
    ran = rag("verify", text(f"{GOOD} {BAD} Whales are dear to all of us."), "--paper", WHALES)
    flat = " ".join(ran.out.split())
    assert (ran.code, ran.err) == (0, "")
    assert "[ok] Ship noise below 60 hertz doubles the error. [1] “Ship noise below 60" in flat
    assert "[!unsupported] Ship noise below 75 hertz doubles the error. The number 75" in flat
    assert "[uncited] Whales are dear to all of us. It cites nothing." in flat
    assert "Checked: 1 of 3 sentences supported, 1 unsupported, 1 uncited." in flat
    assert "Sources [1] Counting Whales" in flat
    assert all(len(line) <= 80 for line in ran.out.splitlines())


def test_what_could_not_be_checked_is_counted_and_shown(rag, text):
    path = text(f"{GOOD}\n\n```python\nx = whales(3)\n```\n")
    flat = " ".join(rag("verify", path, "--paper", WHALES).out.split())
    assert "[not checked] x = whales(3)" in flat
    assert "Checked: 1 of 2 sentences supported, 1 unchecked." in flat
    assert "Not checked: 1 passage, since code can't be compared with an abstract." in flat
    value = rag("verify", path, "-p", WHALES, "--json", "--fail-on", "unchecked")
    assert value.code == 1
    assert [one["status"] for one in value.value["sentences"]] == ["supported", "unchecked"]


def test_the_outcome_as_json(rag, text):
    value = rag("verify", text(BAD), "-p", WHALES, "--json").value
    assert value["sentences"][0]["status"] == "unsupported"
    assert value["summary"] == "0 of 1 sentence supported, 1 unsupported"


@pytest.mark.parametrize(
    ("content", "fail_on", "code"),
    [
        (GOOD, ["unsupported", "uncited"], 0),
        (BAD, ["unsupported"], 1),
        (BAD, ["uncited"], 0),
        (BAD, [], 0),
        (BAD, ["nonsense"], 2),
    ],
)
def test_the_exit_code_can_tell(rag, text, content, fail_on, code):
    flags = [part for status in fail_on for part in ("--fail-on", status)]
    assert rag("verify", text(content), "--paper", WHALES, *flags).code == code


def test_papers_from_a_file_need_no_library(rag, text, monkeypatch, tmp_path):
    monkeypatch.setenv("RAG_STORAGE", str(tmp_path / "nowhere"))
    record = {"id": "x:1", "title": "Tea", "abstract": "Tea is hot. Tea calms 40 cats."}
    papers = text(json.dumps(record), "papers.jsonl")
    ran = rag("verify", text("Tea calms 40 cats [1]."), "--papers", papers)
    assert "[ok]" in ran.out
    assert not (tmp_path / "nowhere").exists()


def test_references_at_the_end_name_the_papers(rag, text):
    ran = rag("verify", text(f"{GOOD}\n\n## References\n\n1. {WHALES}\n"))
    assert "1 of 1 sentence supported" in ran.out


def test_a_text_can_come_through_a_pipe():
    from rag.cli.app import app

    ran = CliRunner().invoke(app, ["verify", "-", "--paper", WHALES], input=GOOD)
    assert ran.exit_code == 0
    assert "[ok]" in ran.stdout


@pytest.mark.parametrize("content", [b"\x00\x01\x02binary", None])
def test_a_file_that_cannot_be_read(rag, text, complained, content):
    complained(rag("verify", text(content) if content else "no-such-file.txt", "-p", WHALES))


def test_no_papers_and_unknown_papers(rag, text, complained):
    complained(rag("verify", text(GOOD)))
    complained(rag("verify", text(GOOD), "--paper", "arxiv:0000.00000"))
    assert rag("verify", text(GOOD), "--paper", WHALES, "--papers", text("", "p.jsonl")).code == 2


def test_escapes_in_a_text_do_not_reach_the_terminal(rag, text):
    ran = rag(
        "verify",
        text("Ship \x1b[31mnoise\x1b[0m is \x1b]0;title\x07loud everywhere [1]."),
        "-p",
        WHALES,
    )
    assert "\x1b" not in ran.out
    assert "\x07" not in ran.out


def test_another_model_can_judge_for_once(rag, text, tmp_path):
    reader = write_entailer(tmp_path / "my-model", ["ship", "noise", "sixty"])
    told = "Violet noise of ships below 60 hertz doubles the error [1]."
    ran = rag("verify", text(told), "--paper", WHALES, "--nli", reader)
    flat = " ".join(ran.out.split())
    assert (ran.code, ran.err) == (0, "")
    assert "[compare]" in flat
    assert "What it cites may say otherwise" in flat
    assert "1 sentence was judged by my-model." in flat


def test_a_model_that_is_not_there(rag, text, tmp_path, complained):
    told = "Noise from ships below 60 hertz doubles the error [1]."
    complained(rag("verify", text(told), "--paper", WHALES, "--nli", tmp_path / "nothing"))


def test_the_help_loses_no_marker(rag):
    told = " ".join(rag("verify", "--help").out.replace("│", " ").split())
    assert "the one that the text cites as n." in told
