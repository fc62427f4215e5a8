"""Embedders: what turns texts into vectors, for the index and for questions.

Search takes any LlamaIndex embedding model. Evidence and verification compare texts token by
token, which takes the vectors of tokens too: those always come from a local encoder. Where the
local encoder is the embedding model as well, one pass gives both.
"""

from __future__ import annotations

import asyncio
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from llama_index.core.base.embeddings.base import BaseEmbedding
from pydantic import PrivateAttr

from rag.errors import EmbedderError
from rag.models.encoder import SentenceEncoder, WeightFiles, default_weights
from rag.models.token_vectors import unit

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from rag.models.encoder import EncodedText
    from rag.settings import Settings

__all__ = ["Embedder", "LocalEmbedding", "embedder_name", "find_weights", "open_embedder"]

_ENDPOINT = "openai:"
_LEAST_TOKENS = 64  # of an input: a shorter one has no room for a title and a sentence
_MARGIN = 1.25  # how many tokens a model's own tokenizer may make of one of LlamaIndex's


class LocalEmbedding(BaseEmbedding):
    """A LlamaIndex embedding model over a `SentenceEncoder`: no torch, no network.

    Args:
        encoder: The encoder; its vectors are unit vectors, so that dot products are cosines.
    """

    _encoder: SentenceEncoder = PrivateAttr()

    def __init__(self, encoder: SentenceEncoder) -> None:
        # The encoder shares out among the cores what it is given, so it wants much at once.
        super().__init__(model_name=encoder.name, embed_batch_size=512)
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

    async def _aget_text_embedding(self, text: str) -> list[float]:
        return await asyncio.to_thread(self._get_text_embedding, text)

    async def _aget_query_embedding(self, query: str) -> list[float]:
        return await asyncio.to_thread(self._get_query_embedding, query)


class Embedder:
    """An embedding model, the encoder of tokens beside it, and what indexing must know of both.

    Args:
        encoder: Encodes tokens.
        model: Embeds passages and questions; the encoder does when None.
        name: Names the model; its own name when None.
        max_tokens: Its input limit, special tokens included, where it has no `max_length`.

    Attributes:
        encoder: The encoder of tokens.
        model: The LlamaIndex embedding model.
        name: Names the model and its weights; two embedders of one name give the same vectors.
        max_tokens: Its input limit, special tokens included.
        one_pass: Whether the encoder is the embedding model as well.

    Raises:
        EmbedderError: the model has no name, or takes too short an input.
    """

    def __init__(
        self,
        encoder: SentenceEncoder,
        model: BaseEmbedding | None = None,
        *,
        name: str | None = None,
        max_tokens: int = 512,
    ) -> None:
        self.encoder = encoder
        self.one_pass = model is None
        self.model = model or LocalEmbedding(encoder)
        self.name = name or self.model.model_name
        self.max_tokens = (
            encoder.max_tokens
            if self.one_pass
            else int(getattr(model, "max_length", None) or max_tokens)
        )
        if self.name == BaseEmbedding.model_fields["model_name"].default:
            raise EmbedderError(
                f"The embedder {type(self.model).__name__} has no name.",
                hint="Give it a model_name: the library records it, so that the vectors of two "
                "models are never mixed.",
            )
        if self.max_tokens < _LEAST_TOKENS:
            raise EmbedderError(
                f"The embedder {self.name} takes {self.max_tokens} tokens, which is too few.",
                hint=f"A passage needs {_LEAST_TOKENS} at the least.",
            )

    @cached_property
    def dimension(self) -> int:
        """Length of the vectors; a model that isn't local is asked once."""
        return self.encoder.dimension if self.one_pass else len(self.embed_query("dimension"))

    def count_tokens(self, text: str) -> int:
        """Count the tokens of a text, without special ones.

        What another model makes of a text isn't known: the count of LlamaIndex's tokenizer is
        raised by a quarter.
        """
        if self.one_pass:
            return self.encoder.count_tokens(text)
        from llama_index.core.utils import get_tokenizer

        return int(_MARGIN * len(get_tokenizer()(text)))

    def embed_query(self, text: str) -> NDArray[np.float32]:
        """Embed a question: a unit vector of shape (dimension,)."""
        return unit(np.asarray(self.model.get_query_embedding(text), np.float32))

    def embed_passages(self, texts: Sequence[str]) -> list[NDArray[np.float32]]:
        """Embed passages: a unit vector of shape (dimension,) for each."""
        if self.one_pass:
            return list(self.encoder.encode(texts))
        rows = self.model.get_text_embedding_batch(list(texts))
        return [unit(np.asarray(row, np.float32)) for row in rows]

    def encode_tokens(self, texts: Sequence[str]) -> Iterator[tuple[int, EncodedText]]:
        """Encode texts and each of their tokens, as the encoder does."""
        return self.encoder.encode_tokens(texts)


def find_weights(settings: Settings) -> WeightFiles:
    """Find the files of the local encoder that the settings name.

    Raises:
        EmbedderError: there is no such encoder.
    """
    if settings.embedder == "minilm" or settings.embedder.startswith(_ENDPOINT):
        return default_weights()
    folder = Path(settings.embedder).expanduser()
    if not folder.is_dir():
        raise EmbedderError(
            f"There is no embedder {settings.embedder!r}.",
            hint="It is `minilm`, a folder with model.safetensors, config.json, tokenizer.json, or "
            "`openai:` and the name of a model.",
        )
    return WeightFiles(folder, folder.resolve().name, None)


def embedder_name(settings: Settings) -> str:
    """Name the embedder of the settings, as `Embedder.name` does, without loading it.

    Raises:
        EmbedderError: there is no such embedder.
    """
    if settings.embedder.startswith(_ENDPOINT):
        return settings.embedder
    return find_weights(settings).key()


def open_embedder(settings: Settings, model: BaseEmbedding | None = None) -> Embedder:
    """Load an embedding model and the encoder beside it.

    Args:
        settings: Name the model, where none is given, and the encoder.
        model: Any LlamaIndex embedding model.

    Raises:
        EmbedderError: the model or the encoder is missing or damaged, or can't be used.
    """
    encoder = SentenceEncoder(find_weights(settings), settings.cache, quantize=settings.quantize)
    name = None
    if model is None and settings.embedder.startswith(_ENDPOINT):
        from rag.models.openai_embedding import OpenAIEmbedding

        name = settings.embedder
        model = OpenAIEmbedding.from_environment(
            name.removeprefix(_ENDPOINT), settings.embedding_base_url
        )
    return Embedder(encoder, model, name=name, max_tokens=settings.embedding_max_tokens)
