"""`--rerank`, as a person uses it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from cross_encoders import write_cross_encoder

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

QUESTION = "counting whales with hydrophones; not about Norway"
FROST = "title:frost-on-solar-panels-a-field-note"
pytestmark = pytest.mark.usefixtures("stocked")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_cross_encoder(tmp_path_factory.mktemp("encoders") / "norway", ["norway"])


def test_search_and_ask_put_first_what_the_model_prefers(rag: Any, model: Path) -> None:
    assert rag("search", QUESTION, "--json").value[0]["paper"]["id"] != FROST
    found = rag("search", QUESTION, "--rerank", model, "--json")
    assert (found.code, found.err) == (0, "")
    assert found.value[0]["paper"]["id"] == FROST
    asked = rag("ask", QUESTION, "--rerank", model, "--json").value
    assert asked["retrieved"][0]["id"] == FROST


def test_the_environment_sets_it_and_a_flag_undoes_it(
    rag: Any, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAG_RERANK", str(model))
    assert rag("search", QUESTION, "--json").value[0]["paper"]["id"] == FROST
    assert rag("search", QUESTION, "--rerank", "off", "--json").value[0]["paper"]["id"] != FROST


@pytest.mark.parametrize("name", ["no/such-model", "llm"])
def test_a_reranker_that_is_not_there_is_one_line_and_a_hint(
    rag: Any, complained: Callable[..., None], name: str
) -> None:
    complained(rag("search", QUESTION, "--rerank", name))


def test_eval_measures_with_it(
    rag: Any,
    model: Path,
    data: Path,
    tiny_encoder: Path,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setenv("RAG_EMBEDDER", str(tiny_encoder))
    monkeypatch.setenv("RAG_CACHE", str(tmp_path))
    labelled = data / "labelled"
    ran = rag("eval", labelled, "--rerank", model, "--no-answers", "--json")
    assert json.loads(ran.out)["rerank"] == str(model)
    assert "read again by" in rag("eval", labelled, "--rerank", model, "--no-answers").out
    assert "rerank" not in rag("eval", labelled, "--no-answers", "--json").value
    assert rag("eval", labelled, "--rerank", model, "--mode", "dense").code == 2
