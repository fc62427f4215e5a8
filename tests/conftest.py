"""What all tests share: a clean environment, no network, and libraries of papers of our own."""

from __future__ import annotations

import importlib
import json
import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import settings as hypothesis_settings
from servers.openai_server import OpenAIServer

from rag import Library, Settings, registry
from rag.llm import dialects
from rag.llm import failures as llm_failures
from rag.models.encoder import SentenceEncoder, default_weights

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from rag.llm.client import LLMClient

DATA = Path(__file__).with_name("data")
HOSTS = ["127.0.0.1", "::1", "localhost"]
KEY = "sk-loopback-0123456789"
ENCODER_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"

hypothesis_settings.register_profile("tests", derandomize=True, deadline=None, database=None)
hypothesis_settings.load_profile("tests")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let every test talk to this machine only."""
    for item in items:
        if not any(item.iter_markers("allow_hosts")):
            item.add_marker(pytest.mark.allow_hosts(HOSTS))


def _clean_environment(patch: pytest.MonkeyPatch, cache: Path) -> None:
    for name in os.environ:
        if name.upper().startswith(("RAG_", "OPENAI_")):
            patch.delenv(name)
    patch.setenv("RAG_CACHE", str(cache))
    patch.setenv("COLUMNS", "80")
    patch.setenv("NO_COLOR", "1")
    patch.setenv("TERM", "dumb")
    patch.delenv("FORCE_COLOR", raising=False)


@pytest.fixture(scope="session")
def model_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of built models: building one takes seconds, so all tests share it."""
    given = os.environ.get("RAG_CACHE")
    return Path(given) if given else tmp_path_factory.mktemp("models")


@pytest.fixture(scope="session", autouse=True)
def _session_environment(model_cache: Path) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        _clean_environment(patch, model_cache)
        yield


@pytest.fixture(autouse=True)
def _test_environment(
    _session_environment: None,
    monkeypatch: pytest.MonkeyPatch,
    model_cache: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """Give every test the default settings and an empty working folder."""
    _clean_environment(monkeypatch, model_cache)
    dialects._KNOWN.clear()  # a port may have been another server's
    dialects._ROOMS.clear()
    monkeypatch.chdir(tmp_path_factory.mktemp("here"))


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder with a page and JSON lines, both of our own words."""
    return DATA


@pytest.fixture(scope="session")
def records() -> list[dict[str, Any]]:
    """The records of `papers.jsonl`."""
    lines = (DATA / "papers.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line) for line in lines]


@pytest.fixture(scope="session")
def encoder(model_cache: Path) -> SentenceEncoder:
    """The default encoder."""
    return SentenceEncoder(default_weights(), model_cache)


@pytest.fixture(scope="session")
def stored(tmp_path_factory: pytest.TempPathFactory, model_cache: Path) -> Path:
    """A storage folder with the papers of both data files; tests copy it, never change it."""
    storage = tmp_path_factory.mktemp("stored") / "storage"
    with Library(settings=Settings(storage=storage, cache=model_cache)) as library:
        library.add(DATA / "papers.jsonl", DATA / "page.txt")
    return storage


@pytest.fixture(scope="session")
def library(
    stored: Path, tmp_path_factory: pytest.TempPathFactory, model_cache: Path
) -> Iterator[Library]:
    """An open library over the papers of both data files, for tests that only read."""
    storage = tmp_path_factory.mktemp("read-only") / "storage"
    shutil.copytree(stored, storage)
    with Library(settings=Settings(storage=storage, cache=model_cache)) as opened:
        yield opened


@pytest.fixture
def storage(stored: Path, tmp_path: Path) -> Path:
    """A copy of the stored library that a test may change."""
    copy = tmp_path / "storage"
    shutil.copytree(stored, copy)
    return copy


@pytest.fixture
def tiny_settings(
    tiny_encoder: Path, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> Settings:
    """Settings of an empty library with the small encoder."""
    cache = tmp_path_factory.getbasetemp() / "tiny-models"
    return Settings(storage=tmp_path / "storage", cache=cache, embedder=str(tiny_encoder))


@pytest.fixture
def tiny_library(tiny_settings: Settings) -> Iterator[Library]:
    """An empty library with the small encoder, which a test may fill."""
    with Library(settings=tiny_settings) as opened:
        yield opened


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenAIServer]:
    """A loopback endpoint, which the environment names; a test scripts what it replies."""
    with OpenAIServer(api_key=KEY) as running:
        monkeypatch.setenv("OPENAI_BASE_URL", running.url)
        monkeypatch.setenv("OPENAI_API_KEY", KEY)
        yield running


@pytest.fixture
def open_library(
    library: Library,
    stored: Path,
    model_cache: Path,
    server: OpenAIServer,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Callable[..., Library]]:
    """Return a function that opens the stored library with a model and other settings."""
    monkeypatch.setattr(llm_failures, "_FIRST_WAIT", 0.0)
    opened: list[Library] = []

    def open_with(*, llm: LLMClient | None = None, **values: Any) -> Library:
        chosen = {"cache": model_cache, "llm_model": "test-model", **values}
        opened.append(Library(settings=Settings(storage=stored, **chosen), llm=llm))
        # Loading these takes longer than a test.
        opened[-1]._parts._embedder = library._parts.embedder()
        opened[-1]._parts._verifier = library._parts.verifier()
        return opened[-1]

    yield open_with
    for one in opened:
        one.close()


@pytest.fixture
def written(open_library: Callable[..., Library]) -> Library:
    """A library whose answers the endpoint writes, with the default settings."""
    return open_library()


@dataclass
class Texts:
    """What was embedded, text by text."""

    seen: list[str]

    def forget(self) -> None:
        """Start anew."""
        self.seen.clear()


@pytest.fixture
def embedded(monkeypatch: pytest.MonkeyPatch) -> Texts:
    """Watch which texts are embedded."""
    texts = Texts([])

    def watch(name: str) -> None:
        encode = getattr(SentenceEncoder, name)

        def watched(self: SentenceEncoder, given: Sequence[str]) -> Any:
            texts.seen.extend(given)
            return encode(self, given)

        monkeypatch.setattr(SentenceEncoder, name, watched)

    watch("encode")
    watch("encode_tokens")
    return texts


@pytest.fixture
def new_module(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., None]]:
    """Return a function that gives a package one more module, as a new file in it would."""
    added: list[tuple[Any, str, str]] = []

    def add(package: str, name: str, code: str) -> None:
        folder = str(tmp_path_factory.mktemp("modules"))
        Path(folder, f"{name}.py").write_text(code, "utf-8")
        home = importlib.import_module(package)
        home.__path__.append(folder)
        added.append((home, name, folder))
        registry._modules.cache_clear()

    yield add
    for home, name, folder in added:
        home.__path__.remove(folder)
        if sys.modules.pop(f"{home.__name__}.{name}", None):
            delattr(home, name)
    registry._modules.cache_clear()


@pytest.fixture(scope="session")
def make_encoder() -> Callable[..., Path]:
    """Return a function that writes a small BERT encoder with random weights into a folder."""

    def make(folder: Path, *, layers: int = 2, hidden: int = 32, positions: int = 256) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        words = _write_tokenizer(folder / "tokenizer.json")
        config = {
            "model_type": "bert",
            "hidden_act": "gelu",
            "hidden_size": hidden,
            "num_hidden_layers": layers,
            "num_attention_heads": 4,
            "max_position_embeddings": positions,
            "layer_norm_eps": 1e-12,
        }
        (folder / "config.json").write_text(json.dumps(config))
        _write_weights(folder / "model.safetensors", config, words)
        return folder

    return make


@pytest.fixture(scope="session")
def tiny_encoder(
    make_encoder: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A folder with an encoder of two layers that runs in no time."""
    return make_encoder(tmp_path_factory.mktemp("encoders") / "tiny")


def _write_tokenizer(path: Path) -> int:
    """Write a tokenizer that cuts words into letters; return the size of its vocabulary."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

    inside = [f"##{letter}" for letter in ENCODER_LETTERS]
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *ENCODER_LETTERS, *inside]
    numbers = {piece: number for number, piece in enumerate(vocabulary)}
    tokenizer = Tokenizer(models.WordPiece(numbers, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.BertProcessing(
        ("[SEP]", numbers["[SEP]"]), ("[CLS]", numbers["[CLS]"])
    )
    tokenizer.save(str(path))
    return len(vocabulary)


def _write_weights(path: Path, config: dict[str, Any], words: int) -> None:
    from safetensors.numpy import save_file

    random = np.random.default_rng(7)
    hidden, inner = config["hidden_size"], 4 * config["hidden_size"]

    def table(*shape: int) -> Any:
        return random.normal(0.0, 0.2, shape).astype(np.float32)

    def norm(name: str) -> dict[str, Any]:
        return {f"{name}.weight": 1 + table(hidden), f"{name}.bias": table(hidden)}

    tensors = {
        "embeddings.word_embeddings.weight": table(words, hidden),
        "embeddings.position_embeddings.weight": table(config["max_position_embeddings"], hidden),
        "embeddings.token_type_embeddings.weight": table(2, hidden),
        **norm("embeddings.LayerNorm"),
    }
    for layer in range(config["num_hidden_layers"]):
        prefix = f"encoder.layer.{layer}"
        shapes = {
            **{f"attention.self.{part}": (hidden, hidden) for part in ("query", "key", "value")},
            "attention.output.dense": (hidden, hidden),
            "intermediate.dense": (inner, hidden),
            "output.dense": (hidden, inner),
        }
        for name, shape in shapes.items():
            tensors[f"{prefix}.{name}.weight"] = table(*shape)
            tensors[f"{prefix}.{name}.bias"] = table(shape[0])
        tensors |= norm(f"{prefix}.attention.output.LayerNorm") | norm(f"{prefix}.output.LayerNorm")
    save_file(tensors, path)
