"""The prompts: ours, and those of a user."""

from __future__ import annotations

from pathlib import Path

import pytest
from llama_index.core import PromptTemplate

from rag.answers.cited_sentences import split_claims
from rag.errors import SettingsError
from rag.llm.guard import SENTINEL
from rag.llm.prompts import Prompts
from rag.verification.claims import makes_claim

MAPPED = {"evidence": "context", "question": "query"}
BUNDLED = Path(__file__).parents[2] / "prompts"


@pytest.mark.parametrize("name", ["answer", "question", "rerank", "standalone"])
def test_every_prompt_is_there_and_explained(name):
    assert Prompts().fill(name)
    assert f"`{name}.txt`" in (BUNDLED / "README.md").read_text("utf-8")


def test_no_prompt_spells_out_the_sentinel_itself():
    for path in BUNDLED.glob("*.txt"):
        assert SENTINEL not in path.read_text("utf-8")


def test_the_example_of_an_answer_keeps_the_rules_and_passes_for_one():
    example = Prompts().fill("answer", sentinel=SENTINEL).splitlines()[-1]
    sentences = split_claims(example)
    assert len(sentences) >= 3
    told = [one for one in sentences if makes_claim(one.text)]
    assert told
    assert all(one.numbers for one in told)


def test_what_the_abstracts_leave_open_needs_no_citation():
    assert not makes_claim("The abstracts don't say whether longer naps help more.")


def test_what_is_filled_in_is_not_read_again():
    filled = Prompts().fill(
        "question", evidence="{question} {x}", question="{evidence}?", count="2"
    )
    assert "{question} {x}" in filled
    assert "{evidence}?" in filled


def test_a_template_may_name_its_variables_otherwise():
    prompts = Prompts()
    mapped = PromptTemplate("{context}: {query}?", template_var_mappings=MAPPED)
    prompts.set("question", mapped)
    assert (
        prompts.fill("question", evidence="E {query}", question="Q", count="1") == "E {query}: Q?"
    )


def test_a_template_that_lacks_a_variable_is_refused_and_the_old_one_stays():
    prompts = Prompts()
    before = prompts.fill("question")
    with pytest.raises(SettingsError, match=r"lacks \{evidence\}"):
        prompts.set("question", PromptTemplate("{question}?"))
    assert prompts.fill("question") == before


def test_braces_that_mean_nothing_stay(tmp_path):
    (tmp_path / "answer.txt").write_text('Write {"a": 1} or {other} or {sentinel}.', "utf-8")
    assert Prompts(tmp_path).fill("answer", sentinel="S") == 'Write {"a": 1} or {other} or S.'


def test_a_folder_of_ones_own_replaces_what_it_holds(tmp_path, open_library, server):
    (tmp_path / "answer.txt").write_text("Answer like a pirate, or say {sentinel}.", "utf-8")
    server.reply("Arr [1].")
    open_library(prompts_dir=tmp_path).ask("How are blue whales counted with few labels?")
    system, user = server.chats[0].body["messages"]
    assert system["content"] == f"Answer like a pirate, or say {SENTINEL}."
    assert "<question>" in user["content"]


@pytest.mark.parametrize(
    ("content", "message"),
    [("No place at all.", r"lacks \{sentinel\}"), (b"\xff\xfe\x00", "can't be read")],
)
def test_a_prompt_that_cannot_work_is_refused(tmp_path, content, message):
    data = content if isinstance(content, bytes) else content.encode()
    (tmp_path / "answer.txt").write_bytes(data)
    with pytest.raises(SettingsError, match=message):
        Prompts(tmp_path).fill("answer")


def test_a_folder_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(SettingsError, match="no folder"):
        Prompts(tmp_path / "nowhere").fill("answer")
