"""A cross-encoder in ONNX, run by fastembed: it reads a query and a text together."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rag.errors import RagError, SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

__all__ = ["CrossEncoder"]

_BATCH = 8  # pairs of about one length: less padding beats larger products on a processor
_GRAPHS = ("model.onnx", "onnx/model.onnx")  # where a folder has it, and how hubs lay it out
_INSTALL = "pip install fastembed"


class CrossEncoder:
    """A cross-encoder; the model is loaded when it is first needed. Safe to use from threads.

    Args:
        model: A name that fastembed knows, downloaded at the first use; or a folder with
            `model.onnx` (or `onnx/model.onnx`), `tokenizer.json`, `tokenizer_config.json` and
            `config.json`.
        cache: Folder for models that are downloaded.
    """

    def __init__(self, model: str, *, cache: Path) -> None:
        self._name = model
        self._cache = cache
        self._lock = threading.Lock()
        self._model: Any = None

    def scores(self, query: str, texts: Sequence[str]) -> NDArray[np.float64]:
        """Return the model's logits, of shape (texts,); higher means that a text fits better.

        Raises:
            SettingsError: fastembed is not installed, or the model can't be loaded or run.
        """
        by_length = sorted(range(len(texts)), key=lambda number: len(texts[number]))
        with self._lock:
            self._model = self._model or self._open()
            try:
                logits = self._model.rerank(
                    query, [texts[number] for number in by_length], batch_size=_BATCH
                )
                sorted_scores = np.fromiter(logits, np.float64, count=len(texts))
            except Exception as error:
                raise self._unusable(error) from error
        scores = np.empty(len(texts))
        scores[by_length] = sorted_scores
        return scores

    def _open(self) -> Any:  # noqa: ANN401 - fastembed is an extra
        try:
            import onnxruntime
            from fastembed.rerank.cross_encoder import TextCrossEncoder
            from loguru import logger
        except ImportError as error:
            raise SettingsError(
                "Reranking needs the package fastembed, which is not installed.",
                hint=f"Install it: {_INSTALL}",
            ) from error
        logger.disable("fastembed")  # what goes wrong is raised too, and said by us
        onnxruntime.disable_telemetry_events()
        onnxruntime.set_default_logger_severity(3)  # exported models make it warn of trifles
        folder = Path(self._name).expanduser()
        try:
            if folder.is_dir():
                return _open_folder(TextCrossEncoder, folder.resolve())
            models = TextCrossEncoder.list_supported_models()
            known = [model["model"] for model in models if model["sources"]["hf"]]
            if self._name.casefold() not in map(str.casefold, known):
                raise self._unknown(known)
            return TextCrossEncoder(self._name, cache_dir=str(self._cache))
        except RagError:
            raise
        except Exception as error:
            raise self._unusable(error) from error

    def _unknown(self, known: Iterable[str]) -> SettingsError:
        return SettingsError(
            f"There is no reranker {self._name!r}: neither a folder nor a model of fastembed.",
            hint=f"It is a folder with model.onnx, llm, off, or one of {', '.join(known)}.",
        )

    def _unusable(self, error: Exception) -> SettingsError:
        said = " ".join(str(error).split())[:200]
        return SettingsError(
            f"The reranker {self._name} can't be used ({said or type(error).__name__}).",
            hint="Name a folder that holds a cross-encoder in ONNX, allow the network for the "
            "first use of a model's name, or set rerank (RAG_RERANK) to off.",
        )


def _open_folder(kind: Any, folder: Path) -> Any:  # noqa: ANN401 - fastembed is an extra
    """Open a model of the user's own; nothing is downloaded."""
    from fastembed.common.model_description import ModelSource

    graph = next((name for name in _GRAPHS if (folder / name).is_file()), None)
    if graph is None:
        raise FileNotFoundError(f"{folder} has no {_GRAPHS[0]}")
    # fastembed takes a folder only for a model that it knows by name, and a name only once.
    name = f"{folder}:{graph}"
    if name.casefold() not in {m["model"].casefold() for m in kind.list_supported_models()}:
        kind.add_custom_model(
            model=name, sources=ModelSource(url=folder.as_uri()), model_file=graph
        )
    return kind(name, specific_model_path=str(folder), cache_dir=str(folder))
