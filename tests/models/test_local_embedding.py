"""The local encoder as a LlamaIndex embedding."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any

import pytest

from rag.models.encoder import SentenceEncoder
from rag.models.local_embedding import LocalEmbedding

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize(
    "embed",
    [
        lambda model: model.aget_query_embedding("bees"),
        lambda model: model.aget_text_embedding("bees"),
        lambda model: model.aget_text_embedding_batch(["bees", "whales"]),
    ],
    ids=["query", "text", "texts"],
)
def test_awaiting_it_leaves_the_event_loop_free(
    encoder: SentenceEncoder,
    embed: Callable[[LocalEmbedding], Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model = LocalEmbedding(encoder)
    expected = asyncio.run(embed(model))
    go = threading.Event()
    encode = SentenceEncoder.encode

    def wait(self: SentenceEncoder, texts: Any) -> Any:
        assert go.wait(10), "the event loop was blocked"
        return encode(self, texts)

    monkeypatch.setattr(SentenceEncoder, "encode", wait)

    async def run() -> Any:
        embedding = asyncio.ensure_future(embed(model))
        await asyncio.sleep(0)
        go.set()
        return await embedding

    assert asyncio.run(run()) == expected
