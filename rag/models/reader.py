"""The reader: a small cross-encoder that reads a sentence and evidence together.

It has the body of all-MiniLM-L6-v2, whose word and position embeddings it shares with the sentence
encoder, and layers and heads of its own, fitted by `python -m benchmarks.reader_fit` and shipped as
int8 in `weights/reader.safetensors`. The heads tell

- of a sentence: supported, not said, or contradicted by the evidence (natural language inference
  as in Bowman et al. 2015, on sentences as assistants write them about abstracts);
- of each word of it: whether the evidence leaves it unsupported (token-level detection as in
  LettuceDetect, Kovács and Recski 2025);
- of a question: whether the evidence answers it.

It runs in ONNX Runtime through the graph builder of the encoder; there is no torch.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rag.errors import EmbedderError
from rag.models.bert_graph import BertConfig, Graph, add_layer, quantize_graph, save_graph
from rag.models.encoder import default_weights, in_parallel, open_session
from rag.models.judging import Judgement

if TYPE_CHECKING:
    from collections.abc import Sequence

    import onnxruntime
    from numpy.typing import NDArray

    from rag.models.judging import Reader
    from rag.settings import Settings

__all__ = ["BUILT_IN", "BuiltInReader", "open_reader"]

BUILT_IN = "reader"  # the name of the one that comes with the package

WEIGHTS = Path(__file__).with_name("weights") / "reader.safetensors"
MAX_SENTENCE = 90  # word pieces of the sentence or question, and of the evidence: as in the fit
MAX_EVIDENCE = 250
_GRAPH_VERSION = 1
_CLS, _SEP = 101, 102
_MAX_SHIFT = 0.1  # in probability: what int8 may change on the probes before fp32 is kept

# What int8 is compared on: sentences of our own.
_PROBES = (
    ("Pruning halves the memory of the model.", "We prune the model. Its memory falls by half."),
    ("Pruning doubles the memory of the model.", "We prune the model. Its memory falls by half."),
    ("The survey was repeated in Norway.", "A survey of 300 nurses in Chile found high stress."),
    ("Stress was high among nurses.", "A survey of 300 nurses in Chile found high stress."),
)


class BuiltInReader:
    """The reader of the package. Loaded when it is first asked; threads may share it.

    Args:
        cache: Folder for the built graph; made when it is missing.
        quantize: Run in int8 where that hardly changes what it says.
        weights: The fitted weights.
    """

    def __init__(self, cache: Path, *, quantize: bool = True, weights: Path = WEIGHTS) -> None:
        self._cache = cache
        self._quantize = quantize
        self._weights = weights
        self._lock = threading.Lock()
        self._loaded: _Loaded | None = None

    @property
    def name(self) -> str:
        """`reader`: the one that comes with the package."""
        return BUILT_IN

    def load(self) -> None:
        """Load it now; the first use waits for it otherwise.

        Raises:
            EmbedderError: the weights or those of the encoder are missing or damaged.
        """
        self._open()

    def judge(self, pairs: Sequence[tuple[str, str]]) -> list[Judgement]:
        """Judge pairs of a sentence and the evidence for it; what is too long is cut.

        Raises:
            EmbedderError: the weights or those of the encoder are missing or damaged.
        """
        return list(in_parallel(self._open().judge, pairs))

    def answers(self, pairs: Sequence[tuple[str, str]]) -> NDArray[np.float64]:
        """Tell how likely evidence answers a question, shape (pairs,), 0 to 1.

        Args:
            pairs: Of a question and evidence.

        Raises:
            EmbedderError: the weights or those of the encoder are missing or damaged.
        """
        return np.array(list(in_parallel(self._open().answers, pairs)), np.float64)

    def count_tokens(self, text: str) -> int:
        """Count the word pieces of a text."""
        return len(self._open().tokenizer.encode(text, add_special_tokens=False).ids)

    def _open(self) -> _Loaded:
        with self._lock:
            if self._loaded is None:
                self._loaded = _load(self._weights, self._cache, quantize=self._quantize)
            return self._loaded


def open_reader(settings: Settings, own: BuiltInReader | None = None) -> Reader:
    """Return what judges sentences: the NLI model that the settings name, or the package's own.

    Args:
        settings: All settings.
        own: The package's own where it is open already.
    """
    if settings.nli_model is None:
        return own or BuiltInReader(settings.cache, quantize=settings.quantize)
    from rag.models.nli import NliModel

    return NliModel(
        settings.nli_model, cache=settings.cache / "nli", download=settings.nli_download
    )


@dataclass(frozen=True, slots=True)
class _Loaded:
    session: onnxruntime.InferenceSession
    tokenizer: Any
    words: NDArray[np.float32]  # mapped from the file: only the rows that are needed are read
    positions: NDArray[np.float32]
    types: NDArray[np.float32]

    def judge(self, pair: tuple[str, str]) -> Judgement:
        logits, spans, offsets = self.run(pair)
        chances = _softmax(logits[:3])
        odds = spans[1 : 1 + len(offsets)].astype(np.float64)
        return Judgement(
            supports=float(chances[0]),
            contradicts=float(chances[2]),
            doubts=_by_word(pair[0], offsets, 1 / (1 + np.exp(-odds))),
        )

    def answers(self, pair: tuple[str, str]) -> float:
        logits, _, _ = self.run(pair)
        return float(1 / (1 + np.exp(-float(logits[3]))))

    def run(
        self, pair: tuple[str, str]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32], list[tuple[int, int]]]:
        """Read a pair.

        Returns:
            The logits of the heads, shape (4,); those of the tokens, shape (tokens,), the
            sentence's from place 1 on; and where each token of the sentence stands in it.
        """
        first, second = (self.tokenizer.encode(text, add_special_tokens=False) for text in pair)
        sentence, evidence = first.ids[:MAX_SENTENCE], second.ids[:MAX_EVIDENCE]
        ids = np.array([_CLS, *sentence, _SEP, *evidence, _SEP])
        types = np.zeros(len(ids), np.int64)
        types[len(sentence) + 2 :] = 1
        share = np.zeros((1, 1, len(ids)), np.float32)
        share[0, 0, 1 : 1 + len(sentence)] = 1 / max(1, len(sentence))
        summed = self.words[ids] + self.positions[: len(ids)] + self.types[types]
        mask = np.ones((1, len(ids)), np.int32)
        feed = {"summed": summed[np.newaxis], "attention_mask": mask, "share": share}
        logits, spans = self.session.run(["logits", "spans"], feed)
        return logits[0], spans[0], first.offsets[:MAX_SENTENCE]


def _softmax(logits: NDArray[np.float32]) -> NDArray[np.float64]:
    powers = np.exp(logits.astype(np.float64) - float(logits.max()))
    chances: NDArray[np.float64] = powers / powers.sum()
    return chances


def _by_word(
    text: str, offsets: Sequence[tuple[int, int]], chances: NDArray[np.floating[Any]]
) -> tuple[tuple[int, int, float], ...]:
    """Join the word pieces of a word: what is most doubtful of it counts."""
    words: list[tuple[int, int, float]] = []
    for (start, end), chance in zip(offsets, chances.tolist(), strict=True):
        if words and (words[-1][1] == start and text[start - 1 : start + 1].isalnum()):
            before = words.pop()
            words.append((before[0], end, max(before[2], chance)))
        else:
            words.append((start, end, chance))
    return tuple(words)


def _load(weights: Path, cache: Path, *, quantize: bool) -> _Loaded:
    from tokenizers import Tokenizer

    body = default_weights()
    tensors = _read_tensors(weights)
    tokenizer = Tokenizer.from_file(str(body.folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    file = body.folder / "model.safetensors"
    words = _mapped(file, "embeddings.word_embeddings.weight")
    positions = np.array(_mapped(file, "embeddings.position_embeddings.weight"))
    types = tensors["embeddings.token_type_embeddings.weight"]

    def loaded(graph: Path) -> _Loaded:
        return _Loaded(open_session(graph), tokenizer, words, positions, types)

    key = hashlib.sha256(weights.read_bytes()).hexdigest()[:12]
    stem = f"reader-{key}-v{_GRAPH_VERSION}"
    for precision in ("int8", "fp32") if quantize else ("fp32",):
        built = cache / f"{stem}-{precision}.onnx"
        if built.is_file():
            return loaded(built)
    body.check()
    config = BertConfig.read(body.folder / "config.json")
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache, prefix="building-") as folder:
            full, small = Path(folder, "fp32.onnx"), Path(folder, "int8.onnx")
            _build(tensors, config, full)
            chosen = full
            if quantize:
                quantize_graph(full, small)
                chosen = small if _shift(loaded(full), loaded(small)) <= _MAX_SHIFT else full
            # Renaming is atomic: two processes that build at once both end with a whole file.
            target = chosen.replace(cache / f"{stem}-{chosen.stem}.onnx")
    except OSError as error:
        raise EmbedderError(
            f"The reader can't be cached in {cache} ({error.strerror or error}).",
            hint="Free some space there, or set RAG_CACHE to another folder.",
        ) from error
    return loaded(target)


def _read_tensors(weights: Path) -> dict[str, NDArray[np.float32]]:
    """Read the fitted weights; matrices are stored in int8 with a scale for each output."""
    from safetensors.numpy import load_file

    try:
        stored = load_file(str(weights))
    except Exception as error:
        raise EmbedderError(
            f"The weights of the reader can't be read: {weights} ({error}).",
            hint="Install the package again.",
        ) from error
    scales = {name.removesuffix(".scale") for name in stored if name.endswith(".scale")}
    return {
        name: value.astype(np.float32) * stored[f"{name}.scale"][:, np.newaxis]
        if name in scales
        else value.astype(np.float32)
        for name, value in stored.items()
        if not name.endswith(".scale")
    }


def _mapped(file: Path, name: str) -> NDArray[np.float32]:
    """Map one float32 tensor of a safetensors file into memory without reading it."""
    with file.open("rb") as stream:
        size = int.from_bytes(stream.read(8), "little")
        header = json.loads(stream.read(size))
    start, _ = header[name]["data_offsets"]
    shape = tuple(header[name]["shape"])
    return np.memmap(file, np.float32, mode="r", offset=8 + size + start, shape=shape)


def _build(tensors: dict[str, NDArray[np.float32]], config: BertConfig, out: Path) -> None:
    """Write the fp32 graph.

    Inputs: `summed`, the sum of the embeddings, (pairs, tokens, hidden); `attention_mask`, int32,
    (pairs, tokens); `share`, what each token of the sentence counts in its mean, (pairs, 1,
    tokens). Outputs: `logits`, (pairs, 4): supported, not said, contradicted; answers. `spans`,
    (pairs, tokens): whether the evidence leaves the token unsupported.
    """
    from onnx import TensorProto, helper

    graph = Graph(tensors)
    norm = [graph.weight(f"embeddings.LayerNorm.{part}") for part in ("weight", "bias")]
    hidden = graph.add(
        "LayerNormalization", ["summed", *norm], "embedded", epsilon=config.layer_norm_eps
    )
    for index in range(config.layers):
        hidden = add_layer(graph, config, index, hidden)
    graph.constants["first"] = np.array(0, np.int64)
    graph.constants["axis_one"] = np.array([1], np.int64)
    graph.constants["axis_hidden"] = np.array([2], np.int64)
    whole = graph.add("Gather", [hidden, "first"], "whole", axis=1)
    mean = graph.add("MatMul", ["share", hidden], "mean_wide")
    sentence = graph.add("Squeeze", [mean, "axis_one"], "mean")
    both = graph.add("Concat", [whole, sentence], "both", axis=-1)
    pooled = graph.add("Tanh", [_gemm(graph, "pool", both)], "pooled")
    _gemm(graph, "heads", pooled, out="logits")
    weighed = graph.add("Mul", [hidden, graph.weight("span.weight")], "span_weighed")
    total = graph.add("ReduceSum", [weighed, "axis_hidden"], "span_total", keepdims=0)
    graph.add("Add", [total, graph.weight("span.bias")], "spans")
    shape = ["pairs", "tokens"]
    inputs = [
        helper.make_tensor_value_info("summed", TensorProto.FLOAT, [*shape, config.hidden_size]),
        helper.make_tensor_value_info("attention_mask", TensorProto.INT32, shape),
        helper.make_tensor_value_info("share", TensorProto.FLOAT, ["pairs", 1, "tokens"]),
    ]
    outputs = [
        helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["pairs", 4]),
        helper.make_tensor_value_info("spans", TensorProto.FLOAT, shape),
    ]
    save_graph(graph, "reader", inputs, outputs, out)


def _gemm(graph: Graph, name: str, inputs: str, *, out: str = "") -> str:
    # Not a MatMul, which would be quantized: the heads are small, and decide.
    weights = [graph.weight(f"{name}.weight"), graph.weight(f"{name}.bias")]
    return graph.add("Gemm", [inputs, *weights], out or f"{name}.out", transB=1)


def _shift(exact: _Loaded, quick: _Loaded) -> float:
    """Return the most by which int8 changes a probability on the probes."""
    changes = [
        np.abs(_softmax(exact.run(pair)[0][:3]) - _softmax(quick.run(pair)[0][:3])).max()
        for pair in _PROBES
    ]
    return float(max(changes))
