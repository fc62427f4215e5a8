"""An answer written for elsewhere."""

from __future__ import annotations

import json

import pytest

from rag import Answer, Citation, Paper, Sentence
from rag.answers.answer import Retrieved
from rag.errors import LibraryError

BEES = Paper(
    id="arxiv:9902.00002",
    title="Bees <img src=x onerror=alert(1)>",
    abstract="Bees balance load. They dance.",
    authors=("Ann Li", "Bo Ek", "Cy Oz", "Di Un"),
    year=2021,
    url="https://example.org/bees",
)
OTHER = Paper(id="a:2", title="Not cited", abstract="Nothing.")
ANSWER = Answer(
    question="Do bees balance load?",
    standalone_question="Do honeybees balance load?",
    text="Bees balance load [1]. They sing ![x](http://evil.example/y.png) [1, 9?].",
    sentences=(
        Sentence("Bees balance load.", "supported", (1,), quotes=(0,), start=0, end=22),
        Sentence("They sing.", "unsupported", (1,), (9,), ("it cites [9]",), (1,), OTHER, 23, 71),
    ),
    citations=(
        Citation(1, BEES, "Bees balance load.", 0, 18, 0.9),
        Citation(1, BEES, "They dance.", 19, 30, 0.2),
    ),
    confidence=0.9,
    mode="llm",
    model="test-model",
    usage={"input_tokens": 10, "output_tokens": 5, "requests": 1},
    parameters={"temperature": 0.0},
    prompt_hash="ab" * 32,
    retrieved=(Retrieved("arxiv:9902.00002", 0.8), Retrieved("a:2", 0.4)),
    notes=("From the answer cache.",),
)


def test_markdown_has_footnotes_and_the_outcome_of_the_check():
    text = ANSWER.export("markdown")
    assert text.startswith(
        "## Do bees balance load?\n\n*Understood as: Do honeybees balance load?*"
    )
    assert "Bees balance load [^1]." in text
    assert "[^1][9?]." in text
    assert "> Checked: 1 of 2 sentences supported, 1 unsupported." in text
    assert "> Confidence: unsure." in text  # no surer than the share that is supported
    assert "> - unsupported: “They sing.” it cites [9]" in text
    assert "[^1]: Ann Li, Bo Ek, Cy Oz et al." in text
    assert "> Note: From the answer cache." in text


def test_markdown_shows_nothing_that_runs_or_loads():
    text = ANSWER.export("markdown")
    assert "<img" not in text
    assert "![" not in text


def test_exactly_the_cited_papers_are_exported():
    assert ANSWER.export("bibtex").count("@") == 1
    assert [entry["title"] for entry in json.loads(ANSWER.export("csl"))] == [BEES.title]
    assert json.loads(ANSWER.export("jsonl"))["id"] == BEES.id
    assert ANSWER.export("ris").count("TY  -") == 1


def test_the_provenance_holds_what_made_the_answer():
    record = json.loads(ANSWER.export("provenance"))
    assert record["question"] == "Do bees balance load?"
    assert record["standalone_question"] == "Do honeybees balance load?"
    assert record["retrieved"] == [
        {"id": "arxiv:9902.00002", "score": 0.8, "n": 1},
        {"id": "a:2", "score": 0.4, "n": None},
    ]
    assert record["prompt_sha256"] == "ab" * 32
    assert (record["model"], record["parameters"]) == ("test-model", {"temperature": 0.0})
    assert record["usage"]["input_tokens"] == 10
    assert [s["status"] for s in record["sentences"]] == ["supported", "unsupported"]
    assert record["sentences"][1]["better"] == "a:2"
    assert record["papers"]["1"]["content_sha256"] == BEES.content_hash()


def test_a_quoted_answer_keeps_the_brackets_of_its_quotes():
    quote = "As in [1] and [2], bees balance load."
    paper = Paper(id="a:3", title="T", abstract=quote)
    answer = Answer(
        question="Q?",
        standalone_question="Q?",
        text=f"“{quote}” [1]",
        citations=(Citation(1, paper, quote, 0, len(quote), 0.9),),
    )
    assert f"“{quote}” [^1]" in answer.export("markdown")


def test_an_abstention_names_the_closest_papers_and_why():
    answer = Answer(
        question="Q?",
        standalone_question="Q?",
        text="No.",
        abstained=True,
        closest=(OTHER,),
        shortfalls=("doesn't mention “bees”",),
    )
    assert "- *Not cited* (a:2): doesn't mention “bees”" in answer.export("markdown")


def test_an_unknown_format_is_refused():
    with pytest.raises(LibraryError, match="no format 'pages'"):
        ANSWER.export("pages")
