"""Choose the embedder that the settings name."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rag.errors import EmbedderError
from rag.models.encoder import SentenceEncoder, WeightFiles, default_weights

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np
    from llama_index.core.base.embeddings.base import BaseEmbedding
    from numpy.typing import NDArray

    from rag.models.encoder import EncodeTokens
    from rag.settings import Settings

__all__ = ["Embedder", "find_weights", "open_embedder"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Embedder:
    """An embedding model and what chunking and searching need to know of it.

    Attributes:
        name: Names the model and its weights; two embedders of one name give the same vectors.
        dimension: Length of its vectors.
        max_tokens: Its input limit, special tokens included.
        precision: `int8` or `fp32`.
        model: The LlamaIndex model.
        count_tokens: Counts the tokens of a text, without special ones.
        encode: Embeds texts straight into an array of shape (texts, dimension).
        encode_tokens: Embeds texts and each of their tokens; yields them with their places.
    """

    name: str
    dimension: int
    max_tokens: int
    precision: str
    model: BaseEmbedding
    count_tokens: Callable[[str], int]
    encode: Callable[[Sequence[str]], NDArray[np.float32]]
    encode_tokens: EncodeTokens


def find_weights(settings: Settings) -> WeightFiles:
    """Find the files of the embedder that the settings name.

    Raises:
        EmbedderError: there is no such embedder.
    """
    if settings.embedder == "minilm":
        return default_weights()
    folder = Path(settings.embedder).expanduser()
    if not folder.is_dir():
        raise EmbedderError(
            f"There is no embedder {settings.embedder!r}.",
            hint="It is `minilm`, or a folder with model.safetensors, config.json, tokenizer.json.",
        )
    return WeightFiles(folder, folder.resolve().name, None)


def open_embedder(settings: Settings) -> Embedder:
    """Load the embedder that the settings name.

    Raises:
        EmbedderError: it is missing or damaged.
    """
    weights = find_weights(settings)
    encoder = SentenceEncoder(weights, settings.cache, quantize=settings.quantize)
    from rag.models.local_embedding import LocalEmbedding

    return Embedder(
        name=weights.key(),
        dimension=encoder.dimension,
        max_tokens=encoder.max_tokens,
        precision=encoder.precision,
        model=LocalEmbedding(encoder),
        count_tokens=encoder.count_tokens,
        encode=encoder.encode,
        encode_tokens=encoder.encode_tokens,
    )
