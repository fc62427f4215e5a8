"""A loopback endpoint and libraries whose answers it writes."""

from __future__ import annotations

import pytest
from servers.openai_server import OpenAIServer

from rag import Library, Settings
from rag.llm import failures as llm_failures

KEY = "sk-loopback-0123456789"


@pytest.fixture
def server(monkeypatch):
    with OpenAIServer(api_key=KEY) as running:
        monkeypatch.setenv("OPENAI_BASE_URL", running.url)
        monkeypatch.setenv("OPENAI_API_KEY", KEY)
        yield running


@pytest.fixture
def open_library(library, stored, model_cache, server, monkeypatch):
    """Return a function that opens the stored library with a model and other settings."""
    monkeypatch.setattr(llm_failures, "_FIRST_WAIT", 0.0)
    opened = []

    def open_with(**values):
        chosen = {"cache": model_cache, "llm_model": "test-model", **values}
        opened.append(Library(settings=Settings(storage=stored, **chosen)))
        # Loading these takes longer than a test.
        opened[-1]._parts._embedder = library._parts.embedder()
        opened[-1]._parts._verifier = library._parts.verifier()
        return opened[-1]

    yield open_with
    for one in opened:
        one.close()


@pytest.fixture
def written(open_library):
    """A library whose answers the endpoint writes, with the default settings."""
    return open_library()
