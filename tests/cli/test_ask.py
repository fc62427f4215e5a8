"""`rag ask` and `rag search`: answers on standard output, for people and for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("stocked")

QUESTION = "How much do waggle packets shorten the longest queue?"


def test_the_answer_quotes_and_names_its_source(rag: Callable[..., object]) -> None:
    ran = rag("ask", QUESTION)
    assert (ran.code, ran.err) == (0, "")
    flat = " ".join(ran.out.split())
    assert "cut the longest request queue by 44%" in flat
    assert "[1]" in flat
    assert "Honeybee Routing: Foraging Rules that Balance Load" in flat
    assert "arxiv:9902.00002" in flat
    assert "Miriam Okafor" in flat
    assert "Confidence: fairly confident (0." in flat


def test_the_answer_as_json(rag: Callable[..., object]) -> None:
    ran = rag("ask", QUESTION, "--json")
    assert (ran.code, ran.err) == (0, "")
    names = {
        "question", "standalone_question", "text", "sentences", "citations", "abstained",
        "closest", "mode", "model", "usage", "timings",
    }  # fmt: skip
    assert names <= set(ran.value)
    assert ran.value["question"] == QUESTION
    assert ran.value["mode"] == "extractive"
    assert ran.value["abstained"] is False
    first = ran.value["citations"][0]
    assert first["paper"]["abstract"][first["start"] : first["end"]] == first["quote"]
    assert first["n"] == 1
    assert {"text", "status", "citations"} <= set(ran.value["sentences"][0])


def test_abstaining_is_an_answer_not_a_failure(rag: Callable[..., object]) -> None:
    ran = rag("ask", "What is the capital of Mongolia?")
    assert (ran.code, ran.err) == (0, "")
    assert "don't hold an answer" in ran.out
    assert "losest papers" in ran.out
    ran = rag("ask", "What is the capital of Mongolia?", "--json")
    assert ran.value["abstained"] is True
    assert ran.value["closest"]
    assert ran.value["citations"] == []


def test_search_lists_papers_best_first(rag: Callable[..., object]) -> None:
    ran = rag("search", "whales", "-k", "3")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.lstrip().startswith("1. Counting Whales from Hydrophones")
    assert "3. " in ran.out
    assert "4. " not in ran.out


def test_search_as_json(rag: Callable[..., object]) -> None:
    hits = rag("search", "whales", "--count", "4", "--json").value
    assert len(hits) == 4
    assert [hit["rank"] for hit in hits] == [1, 2, 3, 4]
    assert {"rank", "score", "paper", "passage"} <= set(hits[0])
    assert set(hits[0]["passage"]) == {"text", "start", "end"}
    assert hits[0]["paper"]["title"].startswith("Counting Whales")


@pytest.mark.parametrize(
    ("options", "ids"),
    [
        (["--year", "2018"], {"pmid:9990004"}),
        (["--year", "2018-2019"], {"pmid:9990004", "arxiv:9901.00001"}),
        (["--year", "-2019"], {"pmid:9990004", "arxiv:9901.00001"}),
        (["--year", "2024-"], {"arxiv:9907.00007", "acl:X24-99.8"}),
        (["--author", "virtanen"], {"acl:X24-99.8"}),
        (["--venue", "ocean"], {"arxiv:9905.00005"}),
        (["--id", "pmid:9990004", "--id", "acl:X24-99.8"], {"pmid:9990004", "acl:X24-99.8"}),
        (["--undated"], {"title:frost-on-solar-panels-a-field-note"}),
        (["--dated", "--author", "liu"], {"arxiv:9910.00010"}),
        (["--source", "page.txt", "--year", "2024"], {"arxiv:9907.00007"}),
    ],
)
def test_filters(rag: Callable[..., object], options: list[str], ids: set[str]) -> None:
    hits = rag("search", "results", "--json", *options).value
    assert {hit["paper"]["id"] for hit in hits} == ids
    answer = rag("ask", "What are the results?", "--json", *options).value
    used = {paper["id"] for paper in answer["closest"]}
    used |= {citation["paper"]["id"] for citation in answer["citations"]}
    assert used <= ids


def test_papers_without_a_year_are_mentioned(rag: Callable[..., object]) -> None:
    ran = rag("search", "results", "--year", "2020-")
    assert "2 papers" in ran.out
    assert "not known" in ran.out


def test_filters_that_match_nothing_are_said(rag: Callable[..., object]) -> None:
    ran = rag("search", "results", "--author", "nobody")
    assert ran.code == 0
    assert "No paper matches" in ran.out
    assert rag("search", "results", "--author", "nobody", "--json").value == []


@pytest.mark.parametrize(
    "arguments",
    [
        ("ask", QUESTION),
        ("ask", "How well do models recall facts hidden in long documents?"),
        ("ask", "What is the capital of Mongolia?"),
        ("ask", "What are the results?", "--year", "2020-"),
        ("search", "results", "-k", "12"),
        ("show", "arxiv:9911.00011"),
        ("show", "arxiv:9912.00012"),
        ("status",),
        ("doctor",),
        ("--help",),
        ("ask", "--help"),
        ("add", "--help"),
    ],
)
def test_no_line_is_wider_than_80_columns_and_none_has_colour(
    rag: Callable[..., object], arguments: tuple[str, ...]
) -> None:
    ran = rag(*arguments)
    assert ran.code == 0
    assert max(map(len, ran.out.splitlines())) <= 80
    assert "\x1b" not in ran.out + ran.err


def test_narrow_terminals_lose_nothing(
    rag: Callable[..., object], monkeypatch: pytest.MonkeyPatch
) -> None:
    wide = rag("ask", QUESTION).out
    monkeypatch.setenv("COLUMNS", "30")
    narrow = rag("ask", QUESTION).out
    assert "".join(narrow.split()) == "".join(wide.split())


def test_what_papers_say_can_not_write_to_the_terminal(
    rag: Callable[..., object], tmp_path: Path
) -> None:
    import json

    escape = "\x1b]0;owned\x07\x1b[2J\x9b31m\u202e[bold]x[/bold] :smile: "
    file = tmp_path / "escapes.jsonl"
    record = {
        "id": "x:escape",
        "title": f"Hedgehogs {escape} at Night",
        "abstract": f"Hedgehogs {escape} cross 14 roads in a summer night on average.",
        "authors": [f"Ann {escape}"],
        "venue": f"V {escape}",
        "url": f"https://example.org/{escape}",
    }
    file.write_text(json.dumps(record))
    assert rag("add", file).code == 0
    for arguments in (
        ("ask", "How many roads do hedgehogs cross in a summer night?"),
        ("search", "hedgehogs at night"),
        ("show", "x:escape"),
        ("papers",),
        ("remove", "--yes", "x:escape"),
    ):
        ran = rag(*arguments)
        assert ran.code == 0
        assert "edgehogs" in ran.out
        assert "[bold]" in ran.out  # shown as it was typed
        assert not {"\x1b", "\x07", "\x9b", "\u202e"} & set(ran.out + ran.err)
