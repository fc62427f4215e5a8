"""The reader in torch, for fitting alone: `rag.models.reader` runs what this writes, without torch.

Its parameters have the names that they have in the file of weights: those of a BERT encoder, and
the heads. Word and position embeddings stay as they are in all-MiniLM-L6-v2, and are not written.
Everything is computed as in the graph of `rag.models.reader`; at the end of a fit the two are
compared.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch.nn import functional

from benchmarks.reader_examples import UNKNOWN, Row, Tokens
from rag.models.bert_graph import BertConfig
from rag.models.encoder import default_weights
from rag.models.judging import Judgement

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    Tensor = Any  # torch.Tensor: torch is no dependency of the checks
    Pairs = Sequence[tuple[str, str]]

__all__ = [
    "DROPOUT",
    "Batch",
    "ReaderModel",
    "TorchReader",
    "collate",
    "load_body",
    "write_weights",
]

DROPOUT = 0.1
_BATCH = 32  # pairs, where nothing is fitted


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows side by side.

    Attributes:
        ids: Word pieces, shape (rows, tokens); likewise the next three.
        types: 0 for the sentence, 1 for the evidence.
        mask: Whether a token is there.
        unsupported: Of the tokens of the sentence 1 or 0; `UNKNOWN` of all others.
        share: What each token of the sentence counts in its mean, shape (rows, 1, tokens).
        labels: Shape (rows,).
    """

    ids: Tensor
    types: Tensor
    mask: Tensor
    unsupported: Tensor
    share: Tensor
    labels: Tensor


def collate(rows: Sequence[Row], device: str) -> Batch:
    """Put rows into a batch."""
    shape = (len(rows), max(len(row.ids) for row in rows))
    ids, types = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
    mask, share = np.zeros(shape, np.bool_), np.zeros(shape, np.float32)
    unsupported = np.full(shape, UNKNOWN, np.float32)
    for place, row in enumerate(rows):
        end = len(row.ids)
        ids[place, :end] = row.ids
        types[place, row.length + 2 : end] = 1
        mask[place, :end] = True
        share[place, 1 : 1 + row.length] = 1 / max(1, row.length)
        unsupported[place, 1 : 1 + row.length] = row.unsupported
    labels = np.array([row.label for row in rows], np.int64)
    arrays = (ids, types, mask, unsupported, share[:, np.newaxis], labels)
    return Batch(*(torch.from_numpy(array).to(device) for array in arrays))


def load_body() -> tuple[dict[str, Tensor], BertConfig]:
    """Return the published weights of all-MiniLM-L6-v2 and its shape.

    Raises:
        EmbedderError: they are missing, or aren't the published ones.
    """
    from safetensors.torch import load_file

    files = default_weights()
    files.check()
    return load_file(files.folder / "model.safetensors"), BertConfig.read(
        files.folder / "config.json"
    )


class ReaderModel:
    """The encoder and its heads.

    Args:
        body: Weights of the encoder, by name.
        config: Its shape.
        seed: For the heads, which begin at random.
        device: Where it is computed.

    Attributes:
        weights: What is fitted, by name.
        device: Where it is computed.
    """

    def __init__(
        self, body: dict[str, Tensor], config: BertConfig, *, seed: int, device: str
    ) -> None:
        self._config, self.device = config, device
        self._words = body["embeddings.word_embeddings.weight"].to(device)
        self._positions = body["embeddings.position_embeddings.weight"].to(device)
        kept = ("encoder.", "embeddings.LayerNorm.", "embeddings.token_type_embeddings.")
        start = {name: value for name, value in body.items() if name.startswith(kept)}
        start |= _heads(config.hidden_size, torch.Generator().manual_seed(seed))
        self.weights: dict[str, Tensor] = {
            name: value.detach().to(device, torch.float32, copy=True).requires_grad_()
            for name, value in start.items()
        }

    def load(self, weights: dict[str, Tensor]) -> None:
        """Take the values of weights from elsewhere."""
        with torch.no_grad():
            for name, value in self.weights.items():
                value.copy_(weights[name])

    def run(self, batch: Batch, dropout: float = 0.0) -> tuple[Tensor, Tensor]:
        """Return the logits of the heads, shape (rows, 4), and of the tokens, (rows, tokens).

        They are those of supported, not said, contradicted; answers; and whether the evidence
        leaves the token unsupported.
        """
        with torch.autocast(self.device, torch.bfloat16):
            hidden = self._words[batch.ids] + self._positions[: batch.ids.shape[1]]
            types = functional.embedding(
                batch.types, self.weights["embeddings.token_type_embeddings.weight"]
            )
            hidden = _drop(self._norm("embeddings", hidden + types), dropout)
            for index in range(self._config.layers):
                hidden = self._layer(f"encoder.layer.{index}", hidden, batch.mask, dropout)
            mean = (batch.share.to(hidden.dtype) @ hidden).squeeze(1)
            both = torch.cat([hidden[:, 0], mean], dim=-1)
            pooled = _drop(torch.tanh(self._dense("pool", both)), dropout)
            logits = self._dense("heads", pooled)
            spans = hidden @ self.weights["span.weight"] + self.weights["span.bias"]
        return logits.float(), spans.float()

    def _layer(self, name: str, hidden: Tensor, mask: Tensor, dropout: float) -> Tensor:
        rows, tokens, size = hidden.shape
        heads = self._config.heads

        def project(part: str) -> Tensor:
            flat = self._dense(f"{name}.attention.self.{part}", hidden)
            return flat.view(rows, tokens, heads, size // heads).transpose(1, 2)

        query, key, value = (project(part) for part in ("query", "key", "value"))
        # Written out: on processors it is quicker in bfloat16 than torch's fused attention.
        scores = query @ key.transpose(-1, -2) * (size // heads) ** -0.5
        share = scores.masked_fill(~mask[:, None, None, :], -1e4).softmax(dim=-1)
        read = (share.to(value.dtype) @ value).transpose(1, 2).reshape(rows, tokens, size)
        read = _drop(self._dense(f"{name}.attention.output.dense", read), dropout)
        hidden = self._norm(f"{name}.attention.output", hidden + read)
        wide = functional.gelu(self._dense(f"{name}.intermediate.dense", hidden))
        narrow = _drop(self._dense(f"{name}.output.dense", wide), dropout)
        return self._norm(f"{name}.output", hidden + narrow)

    def _dense(self, name: str, inputs: Tensor) -> Tensor:
        return functional.linear(
            inputs, self.weights[f"{name}.weight"], self.weights[f"{name}.bias"]
        )

    def _norm(self, name: str, inputs: Tensor) -> Tensor:
        parts = [self.weights[f"{name}.LayerNorm.{part}"] for part in ("weight", "bias")]
        size, epsilon = inputs.shape[-1:], self._config.layer_norm_eps
        return functional.layer_norm(inputs, size, *parts, epsilon)


class TorchReader:
    """A model that is being fitted, asked as the reader of the package is."""

    def __init__(self, model: ReaderModel, tokens: Tokens) -> None:
        self._model, self._tokens = model, tokens

    def judge(self, pairs: Pairs) -> list[Judgement]:
        """Judge pairs of a sentence and the evidence for it, in their order."""
        found: list[Judgement | None] = [None] * len(pairs)
        for place, offsets, logits, spans in self._run(pairs):
            chances = torch.softmax(logits[:3], dim=-1).tolist()
            doubts = torch.sigmoid(spans[1 : 1 + len(offsets)]).tolist()
            found[place] = Judgement(
                supports=chances[0],
                contradicts=chances[2],
                doubts=tuple((*span, doubt) for span, doubt in zip(offsets, doubts, strict=True)),
            )
        return [one for one in found if one is not None]

    def answers(self, pairs: Pairs) -> NDArray[np.float64]:
        """Tell how likely evidence answers a question, shape (pairs,)."""
        found = np.zeros(len(pairs))
        for place, _, logits, _ in self._run(pairs):
            found[place] = float(torch.sigmoid(logits[3]))
        return found

    def _run(self, pairs: Pairs) -> Iterator[tuple[int, list[tuple[int, int]], Tensor, Tensor]]:
        encoded = self._tokens.pairs(pairs)
        order = sorted(range(len(pairs)), key=lambda place: len(encoded[place][0].ids))
        for start in range(0, len(order), _BATCH):
            places = order[start : start + _BATCH]
            batch = collate([encoded[place][0] for place in places], self._model.device)
            with torch.no_grad():
                logits, spans = self._model.run(batch)
            for row, place in enumerate(places):
                yield place, encoded[place][1], logits[row], spans[row]


def write_weights(model: ReaderModel, out: Path, facts: dict[str, Any]) -> None:
    """Write what was fitted, as `rag.models.reader` reads it.

    Matrices of the encoder are stored in int8 with a scale for each output, all else in 16 bits.

    Args:
        model: What was fitted.
        out: The file.
        facts: What is known of the fit, stored beside the weights as JSON.
    """
    from safetensors.numpy import save_file

    stored: dict[str, NDArray[Any]] = {}
    for name, weight in model.weights.items():
        value: NDArray[np.float32] = weight.detach().cpu().numpy()
        if name.startswith("encoder.") and value.ndim == 2:
            scale = np.abs(value).max(axis=1) / 127 + 1e-12
            stored[name] = np.round(value / scale[:, np.newaxis]).astype(np.int8)
            stored[f"{name}.scale"] = scale.astype(np.float32)
        else:
            stored[name] = value.astype(np.float16)
    out.parent.mkdir(parents=True, exist_ok=True)
    # One entry: several would be written in any order, and no two fits give the same file.
    save_file(stored, out, metadata={"fit": json.dumps(facts, sort_keys=True)})
    out.chmod(0o644)  # it is written for its owner alone, and the wheel would keep that


def _heads(size: int, draw: Any) -> dict[str, Tensor]:  # noqa: ANN401 - torch.Generator
    def uniform(inputs: int, *shape: int) -> Tensor:
        return (2 * torch.rand(*shape, generator=draw) - 1) * inputs**-0.5

    return {
        "pool.weight": uniform(2 * size, size, 2 * size),
        "pool.bias": uniform(2 * size, size),
        "heads.weight": uniform(size, 4, size),
        "heads.bias": uniform(size, 4),
        "span.weight": uniform(size, size),
        "span.bias": uniform(size, 1),
    }


def _drop(inputs: Tensor, dropout: float) -> Tensor:
    return functional.dropout(inputs, dropout) if dropout else inputs
