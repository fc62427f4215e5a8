"""One question through a real language model, where one is there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from written_answers import WHALES

from benchmarks.llm_server import ALIAS, find_weights, missing, serving
from rag import Library, Settings
from rag.llm.guard import SENTINEL

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.slow
def test_a_real_model_answers_a_question(
    stored: Path, model_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if lacking := missing():
        pytest.skip(f"no real model here: {lacking}")
    with serving(find_weights(), context=4096) as address:
        monkeypatch.setenv("OPENAI_BASE_URL", address)
        settings = Settings(
            storage=stored,
            cache=model_cache,
            llm_model=ALIAS,
            llm_context_window=4096,
            llm_max_output_tokens=200,
            llm_max_papers=2,
            llm_timeout=600,
        )
        with Library(settings=settings) as library:
            stream = library.stream(WHALES)
            pieces, answer = list(stream), stream.answer
    assert "".join(pieces) == answer.text
    assert answer.usage["input_tokens"] > 800
    assert answer.usage["output_tokens"] > 5
    assert "estimated" not in answer.usage
    assert SENTINEL not in answer.text
    assert "<|" not in answer.text
    assert not answer.abstained
    assert answer.sentences
    assert (answer.mode, answer.model) == ("llm", ALIAS) or answer.declined_by == ALIAS
