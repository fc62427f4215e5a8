"""Any embedding model will do for search; evidence and the check keep their own encoder."""

from __future__ import annotations

import asyncio
import json
import math
import re
import threading
import zlib
from contextlib import closing
from typing import TYPE_CHECKING

import numpy as np
import pytest
from llama_index.core.base.embeddings.base import BaseEmbedding
from pydantic import Field
from servers.openai_server import OpenAIServer, Reply

from rag import Library, Settings
from rag.errors import EmbedderError, ManifestMismatchError, SettingsError
from rag.index.paper_index import PaperIndex
from rag.library.doctor import diagnose
from rag.models.embedder import LocalEmbedding, open_embedder
from rag.settings import load_settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rag.models.encoder import SentenceEncoder

QUESTION = "How far do rubidium oscillators drift?"


class HashEmbedding(BaseEmbedding):
    """Adds up a direction for each long word, and notes what it is asked for."""

    max_length: int = 80
    passages: list[str] = Field(default_factory=list)
    questions: list[str] = Field(default_factory=list)

    def _vector(self, text: str) -> list[float]:
        seeds = [zlib.crc32(word.encode()) for word in re.findall(r"\w{5,}", text.lower())]
        return [sum(math.sin(seed * place) for seed in seeds) for place in range(1, 65)]

    def _get_text_embedding(self, text: str) -> list[float]:
        self.passages.append(text)
        return self._vector(text)

    def _get_query_embedding(self, query: str) -> list[float]:
        self.questions.append(query)
        return self._vector(query)

    async def _aget_query_embedding(self, query: str) -> list[float]:
        return self._get_query_embedding(query)


@pytest.fixture
def model() -> HashEmbedding:
    return HashEmbedding(model_name="hash-64")


@pytest.fixture
def settings(tmp_path: Path, model_cache: Path) -> Settings:
    return Settings(storage=tmp_path / "storage", cache=model_cache)


@pytest.fixture
def hashed(settings: Settings, model: HashEmbedding, data: Path) -> Iterator[Library]:
    with Library(settings=settings, embedder=model) as library:
        library.add(data / "papers.jsonl")
        yield library


def test_a_model_of_ones_own_is_added_searched_and_asked(
    hashed: Library, model: HashEmbedding
) -> None:
    assert len(hashed) == 12
    assert len(model.passages) == hashed.status()["chunks"] > 12
    (hit,) = hashed.find(QUESTION, 1, mode="dense").hits
    assert "rubidium" in hit.passage.text.lower()
    answer = hashed.ask(QUESTION)
    assert not answer.abstained
    for one in answer.citations:
        assert one.paper.abstract[one.start : one.end] == one.quote
    assert set(model.questions) - {QUESTION} <= {"dimension"}
    assert len(model.passages) == hashed.status()["chunks"]


def test_the_library_records_the_model_and_the_encoder_beside_it(
    hashed: Library, encoder: SentenceEncoder
) -> None:
    status = hashed.status()
    assert (status["embedder"], status["dimension"]) == ("hash-64", 64)
    assert status["encoder"] == encoder.name
    with (
        Library(settings=hashed.settings) as other,
        pytest.raises(ManifestMismatchError, match="hash-64"),
    ):
        other.search(QUESTION)


def test_tokens_come_from_the_encoder_whatever_the_model(
    hashed: Library, model: HashEmbedding
) -> None:
    before = hashed.ask(QUESTION)
    hashed.close()
    (hashed.settings.storage / "cache" / "tokens.sqlite").unlink()
    embedded = len(model.passages)
    after = hashed.ask(QUESTION)
    assert (after.text, after.confidence) == (before.text, before.confidence)
    assert len(model.passages) == embedded
    with closing(PaperIndex(hashed.settings)) as index:
        assert len(index.tokens) > 0


def test_passages_keep_within_the_limit_of_the_model(hashed: Library, model: HashEmbedding) -> None:
    embedder = open_embedder(hashed.settings, model)
    assert embedder.max_tokens == 80
    assert all(embedder.count_tokens(text) <= 80 for text in model.passages)
    assert max(len(text.split()) for text in model.passages) > 30


def test_vectors_have_length_one(settings: Settings, model: HashEmbedding) -> None:
    embedder = open_embedder(settings, model)
    for row in embedder.embed_passages(["Beetles came.", "Beetles slept near lamps."]):
        assert np.linalg.norm(row) == pytest.approx(1)
    assert np.linalg.norm(embedder.embed_query("Beetles?")) == pytest.approx(1)
    assert embedder.embed_passages([]) == []


def test_rebuilding_takes_another_model(hashed: Library, data: Path, model: HashEmbedding) -> None:
    other = HashEmbedding(model_name="hash-again")
    with Library(settings=hashed.settings, embedder=other) as library:
        with pytest.raises(ManifestMismatchError):
            library.add(data / "papers.jsonl")
        assert library.rebuild() == 12
        assert library.status()["embedder"] == "hash-again"
        assert library.search(QUESTION, 1)


def test_a_model_without_a_name_is_refused(settings: Settings) -> None:
    with pytest.raises(EmbedderError, match="no name") as caught:
        open_embedder(settings, HashEmbedding())
    assert "model_name" in caught.value.hint


def test_a_model_that_takes_a_few_words_only_is_refused(settings: Settings) -> None:
    with pytest.raises(EmbedderError, match="20 tokens"):
        open_embedder(settings, HashEmbedding(model_name="short", max_length=20))


def test_the_local_model_leaves_the_event_loop_free(encoder: SentenceEncoder) -> None:
    model = LocalEmbedding(encoder)
    threads: list[str] = []

    async def embed() -> list[float]:
        encode = encoder.encode

        def noting(texts: list[str]) -> object:
            threads.append(threading.current_thread().name)
            return encode(texts)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(encoder, "encode", noting)
            await model.aget_text_embedding("bees")
            return await model.aget_query_embedding("bees")

    assert asyncio.run(embed()) == model.get_query_embedding("bees")
    assert threading.current_thread().name not in threads
    assert len(threads) == 2


# --- an endpoint ----------------------------------------------------------------------------


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenAIServer]:
    with OpenAIServer(api_key="sk-secret", batch_limit=32) as running:
        monkeypatch.setenv("OPENAI_BASE_URL", running.url)
        monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
        yield running


def remote(settings: Settings, **values: object) -> Settings:
    return settings.model_copy(update={"embedder": "openai:test-embedding", **values})


def test_an_endpoint_embeds_passages_and_questions(
    server: OpenAIServer, settings: Settings, data: Path
) -> None:
    with Library(settings=remote(settings)) as library:
        library.add(data / "papers.jsonl", data / "page.txt")
        status = library.status()
        assert (status["embedder"], status["dimension"]) == ("openai:test-embedding", 32)
        (hit,) = library.find(QUESTION, 1, mode="dense").hits
        assert "rubidium" in hit.passage.text.lower()
        answer = library.ask(QUESTION)
    assert not answer.abstained
    given = [request.body["input"] for request in server.embeddings]
    assert {request.body["model"] for request in server.embeddings} == {"test-embedding"}
    assert given.count(["dimension"]) == 1
    assert sum(map(len, given)) == status["chunks"] + 3
    assert not server.chats


def test_passages_are_sent_in_batches(server: OpenAIServer, settings: Settings) -> None:
    texts = [f"Beetle number {number}." for number in range(70)]
    embedder = open_embedder(remote(settings))
    rows = embedder.embed_passages(texts)
    assert len(rows) == 70
    assert [len(request.body["input"]) for request in server.embeddings] == [32, 32, 6]
    assert rows[69] == pytest.approx(embedder.embed_query(texts[69]), abs=1e-6)


def test_an_endpoint_of_its_own_never_sees_the_other_key(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-the-language-model")
    with OpenAIServer() as own:
        settings = remote(settings, embedding_base_url=own.url)
        open_embedder(settings).embed_query("bees")
        monkeypatch.setenv("RAG_EMBEDDING_API_KEY", "sk-own")
        open_embedder(settings).embed_query("bees")
    assert [request.headers["authorization"] for request in own.embeddings] == [
        "Bearer none",
        "Bearer sk-own",
    ]


@pytest.mark.parametrize(
    ("reply", "said", "hint"),
    [
        (Reply(status=401), "refused the key", "OPENAI_API_KEY"),
        (Reply(status=404), "test-embedding", "RAG_EMBEDDER"),
        (Reply(status=400, error="too long, sk-secret"), "too long, ***", "embedding_max_tokens"),
        (Reply(status=302), "failed (302)", ""),
        (Reply(malformed=True), "no embeddings", "/v1"),
    ],
)
def test_what_goes_wrong_is_said_without_the_key(
    server: OpenAIServer, settings: Settings, reply: Reply, said: str, hint: str
) -> None:
    server.reply_to_embeddings(reply)
    with pytest.raises(EmbedderError) as caught:
        open_embedder(remote(settings)).embed_query("bees")
    assert said in caught.value.message
    assert hint in caught.value.hint
    assert "sk-secret" not in str(caught.value)


def test_a_busy_endpoint_is_asked_again(server: OpenAIServer, settings: Settings) -> None:
    server.reply_to_embeddings(status=429, headers={"Retry-After-Ms": "1"})
    assert open_embedder(remote(settings)).embed_query("bees").shape == (32,)
    assert len(server.embeddings) == 2


def test_an_endpoint_that_is_not_there(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "http://user:word@127.0.0.1:9/v1")
    with pytest.raises(EmbedderError, match="can't be reached") as caught:
        open_embedder(remote(settings)).embed_query("bees")
    assert "word" not in caught.value.message


def test_an_endpoint_has_to_be_named(settings: Settings) -> None:
    with pytest.raises(EmbedderError, match="no endpoint") as caught:
        open_embedder(remote(settings))
    assert "OPENAI_API_KEY" in caught.value.hint
    with pytest.raises(EmbedderError, match="names no model"):
        open_embedder(remote(settings, embedder="openai:"))
    with pytest.raises(SettingsError, match="http"):
        load_settings(embedding_base_url="localhost:8000")


def test_the_doctor_asks_the_endpoint(server: OpenAIServer, settings: Settings) -> None:
    checks = {check.name: check for check in diagnose(remote(settings))}
    assert "openai:test-embedding, 32 dimensions" in checks["embedding model"].found
    server.reply_to_embeddings(status=401)
    checks = {check.name: check for check in diagnose(remote(settings))}
    assert not checks["embedding model"].ok


def test_the_key_is_in_nothing_that_is_written_down(
    server: OpenAIServer, settings: Settings
) -> None:
    model = open_embedder(remote(settings)).model
    assert "sk-secret" not in repr(model) + json.dumps(model.to_dict())
