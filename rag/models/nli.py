"""An NLI model of the user's own in the place of the built-in reader.

A larger model trained on natural language inference, or on checking facts as MiniCheck is (Tang,
Laban and Durrett, 2024), may see more than the small one that comes with the package, at more
seconds an answer. Any cross-encoder in ONNX with two labels or three will do.
"""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rag.errors import SettingsError
from rag.models.judging import Judgement

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


__all__ = ["NliModel"]

_FILES = ("config.json", "tokenizer.json", "model.onnx", "onnx/model.onnx")
_GRAPHS = _FILES[2:]
_LONGEST = 512  # tokens of both texts; what these models are trained on
_BATCH = 8
_HINT = (
    "RAG_NLI_MODEL is a folder, or the name of a repository, with model.onnx, tokenizer.json and "
    "config.json; leave it out to check without."
)


@dataclass(frozen=True, slots=True)
class _Loaded:
    session: Any
    tokenizer: Any
    inputs: dict[str, Any]  # the number type of each
    supports: int
    contradicts: int | None
    limit: int


class NliModel:
    """A cross-encoder in ONNX with two labels (supported or not) or three (NLI).

    It is loaded when it is first asked. Threads may share it.

    Args:
        model: A folder, or the name of a repository on the Hugging Face hub.
        cache: Folder for what is downloaded.
        download: Whether what isn't in the cache may be downloaded.
    """

    def __init__(self, model: str, *, cache: Path, download: bool = False) -> None:
        self._model = model
        self._cache = cache
        self._download = download
        self._lock = threading.Lock()
        self._loaded: _Loaded | None = None

    @property
    def name(self) -> str:
        """The name of the folder or of the repository."""
        folder = Path(self._model).expanduser()
        return folder.resolve().name if folder.is_dir() else self._model

    def load(self) -> None:
        """Load it now, so that what is wrong with it shows before anything depends on it."""
        self._open()

    @property
    def labels(self) -> int:
        """How many labels it tells apart: 2, or 3 where it knows contradictions."""
        return 2 if self._open().contradicts is None else 3

    def judge(self, pairs: Sequence[tuple[str, str]]) -> list[Judgement]:
        """Judge pairs of a sentence and the evidence for it; the latter is cut to fit.

        Raises:
            SettingsError: the model can't be had or used.
        """
        found = self.scores([evidence for _, evidence in pairs], [text for text, _ in pairs])
        return [Judgement(supports, contradicts) for supports, contradicts in found.tolist()]

    def scores(self, premises: Sequence[str], hypotheses: Sequence[str]) -> NDArray[np.float64]:
        """Judge pairs of texts.

        Returns:
            Array of shape (pairs, 2), in 0 to 1: how surely the premise supports the hypothesis,
            and how surely it contradicts it (0 from a model that doesn't tell).

        Raises:
            SettingsError: the model can't be had or used.
        """
        loaded = self._open()
        pairs = [
            (premise, _cut(loaded.tokenizer, hypothesis, loaded.limit // 2))
            for premise, hypothesis in zip(premises, hypotheses, strict=True)
        ]
        found = np.zeros((len(pairs), 2))
        # Batches of like length waste no work on padding.
        order = sorted(range(len(pairs)), key=lambda index: sum(map(len, pairs[index])))
        try:
            for start in range(0, len(order), _BATCH):
                batch = order[start : start + _BATCH]
                found[batch] = _judge(loaded, [pairs[index] for index in batch])
        except Exception as error:
            raise self._unusable(error) from error
        return found

    def _open(self) -> _Loaded:
        with self._lock:
            if self._loaded is None:
                try:
                    self._loaded = _load(self._folder())
                except SettingsError:
                    raise
                except Exception as error:
                    raise self._unusable(error) from error
            return self._loaded

    def _folder(self) -> Path:
        folder = Path(self._model).expanduser()
        if folder.is_dir() or self._model.count("/") != 1:
            return folder
        from huggingface_hub import snapshot_download
        from huggingface_hub.errors import LocalEntryNotFoundError

        try:
            return Path(
                snapshot_download(
                    self._model,
                    cache_dir=self._cache,
                    allow_patterns=list(_FILES),
                    local_files_only=not self._download,
                )
            )
        except LocalEntryNotFoundError as error:
            if self._download:
                raise
            raise SettingsError(
                f"The NLI model {self._model} is neither a folder nor downloaded yet.",
                hint="Set RAG_NLI_DOWNLOAD=true once to have it downloaded, or name a folder.",
            ) from error

    def _unusable(self, error: Exception) -> SettingsError:
        said = " ".join(str(error).split())[:200] or type(error).__name__
        return SettingsError(f"The NLI model {self._model} can't be used: {said}.", hint=_HINT)


def _load(folder: Path) -> _Loaded:
    import onnxruntime
    from tokenizers import Tokenizer

    graph = next((name for name in _GRAPHS if (folder / name).is_file()), None)
    if graph is None:
        raise FileNotFoundError(f"{folder} has no {_GRAPHS[0]}")
    config = json.loads((folder / "config.json").read_text("utf-8"))
    supports, contradicts = _columns(config.get("id2label") or {})
    limit = min(int(config.get("max_position_embeddings") or _LONGEST), _LONGEST)
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    pad = int(config.get("pad_token_id") or 0)
    tokenizer.enable_padding(pad_id=pad, pad_token=tokenizer.id_to_token(pad) or "[PAD]")
    onnxruntime.disable_telemetry_events()
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(
        str(folder / graph), options, providers=["CPUExecutionProvider"]
    )
    kinds: dict[str, Any] = {"tensor(int64)": np.int64, "tensor(int32)": np.int32}
    inputs = {one.name: kinds[one.type] for one in session.get_inputs()}
    return _Loaded(session, tokenizer, inputs, supports, contradicts, limit)


def _columns(labels: dict[str, str]) -> tuple[int, int | None]:
    """Find which outputs mean support and contradiction, by the names that the model gives them."""
    names = {int(column): name.lower() for column, name in labels.items()}
    if len(names) == 2 and all(name.startswith("label") for name in names.values()):
        return 1, None  # without names, as MiniCheck has it: 1 is supported
    denied = ("not", "non", "un", "in", "no ")
    support = [
        column
        for column, name in names.items()
        if any(word in name for word in ("entail", "support", "consistent"))
        and not name.startswith(denied)
    ]
    against = [c for c, name in names.items() if "contradict" in name or "refut" in name]
    if len(names) not in {2, 3} or len(support) != 1 or (len(names) == 3 and len(against) != 1):
        said = ", ".join(labels.values()) or "none"
        raise ValueError(f"config.json has no id2label that tells support ({said})")
    return support[0], against[0] if len(names) == 3 else None


def _cut(tokenizer: Any, text: str, limit: int) -> str:  # noqa: ANN401 - tokenizers is an extra
    """Cut a text to so many tokens."""
    offsets = tokenizer.encode(text, add_special_tokens=False).offsets
    return text if len(offsets) <= limit else text[: offsets[limit - 1][1]]


def _judge(loaded: _Loaded, pairs: Sequence[tuple[str, str]]) -> NDArray[np.float64]:
    tokenizer = loaded.tokenizer
    room = loaded.limit - tokenizer.num_special_tokens_to_add(is_pair=True)
    texts = []
    for premise, hypothesis in pairs:
        taken = len(tokenizer.encode(hypothesis, add_special_tokens=False).ids)
        texts.append((_cut(tokenizer, premise, room - taken), hypothesis))
    encoded = tokenizer.encode_batch(texts)
    rows: dict[str, Any] = {
        "input_ids": [one.ids for one in encoded],
        "attention_mask": [one.attention_mask for one in encoded],
        "token_type_ids": [one.type_ids for one in encoded],
    }
    feed = {name: np.array(rows[name], dtype=kind) for name, kind in loaded.inputs.items()}
    logits = np.asarray(loaded.session.run(None, feed)[0], dtype=np.float64)
    chances = np.exp(logits - logits.max(axis=1, keepdims=True))
    chances /= chances.sum(axis=1, keepdims=True)
    found = np.zeros((len(pairs), 2))
    found[:, 0] = chances[:, loaded.supports]
    if loaded.contradicts is not None:
        found[:, 1] = chances[:, loaded.contradicts]
    return found
