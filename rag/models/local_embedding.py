"""The local sentence encoder as a LlamaIndex embedding model."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from llama_index.core.base.embeddings.base import BaseEmbedding
from pydantic import PrivateAttr

if TYPE_CHECKING:
    from rag.models.encoder import SentenceEncoder

__all__ = ["LocalEmbedding"]


class LocalEmbedding(BaseEmbedding):
    """A LlamaIndex `BaseEmbedding` over a `SentenceEncoder`: no torch, no network.

    Args:
        encoder: The encoder; its vectors are unit vectors, so that dot products are cosines.
    """

    _encoder: SentenceEncoder = PrivateAttr()

    def __init__(self, encoder: SentenceEncoder) -> None:
        # The encoder sorts what it is given by length before it makes batches of its own, so it
        # wants many texts at once.
        super().__init__(model_name=encoder.weights.name, embed_batch_size=512)
        self._encoder = encoder

    @classmethod
    def class_name(cls) -> str:
        """Return the name under which LlamaIndex serialises the class."""
        return "LocalEmbedding"

    def _get_text_embeddings(self, texts: list[str]) -> list[list[float]]:
        vectors: list[list[float]] = self._encoder.encode(texts).tolist()
        return vectors

    def _get_text_embedding(self, text: str) -> list[float]:
        return self._get_text_embeddings([text])[0]

    def _get_query_embedding(self, query: str) -> list[float]:
        return self._get_text_embeddings([query])[0]

    # The encoder computes: awaiting it must not keep the event loop from everything else.

    async def _aget_text_embeddings(self, texts: list[str]) -> list[list[float]]:
        return await asyncio.to_thread(self._get_text_embeddings, texts)

    async def _aget_text_embedding(self, text: str) -> list[float]:
        return (await self._aget_text_embeddings([text]))[0]

    async def _aget_query_embedding(self, query: str) -> list[float]:
        return (await self._aget_text_embeddings([query]))[0]
