"""Check the parts that an installation and a library are made of, one by one."""

from __future__ import annotations

import platform
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from rag.errors import LibraryNotFoundError, LLMError, RagError, StorageError
from rag.version import __version__

if TYPE_CHECKING:
    from collections.abc import Callable

    from rag.llm.client import LLMClient
    from rag.settings import Settings

__all__ = ["Check", "diagnose"]


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was checked.

    Attributes:
        name: What was checked.
        ok: Whether it works.
        found: What was found, on one line.
        hint: What to do where it doesn't work.
    """

    name: str
    ok: bool
    found: str
    hint: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Return the fields as plain values, ready for JSON."""
        return asdict(self)


def diagnose(settings: Settings) -> list[Check]:
    """Check versions, the embedding model, the library, the second reader, the language model.

    Nothing in the library is changed. A language model that is configured is asked for one word.
    """
    return [
        _try("versions", _versions),
        _try("embedding model", lambda: _embedder(settings)),
        _try("library", lambda: _library(settings)),
        _try("reader", lambda: _reader(settings)),
        _try("language model", lambda: _language_model(settings)),
    ]


def _try(name: str, check: Callable[[], str]) -> Check:
    try:
        return Check(name, True, check())
    except LibraryNotFoundError as error:
        # An installation without papers is not a broken one.
        return Check(name, True, error.message, error.hint)
    except RagError as error:
        return Check(name, False, error.message, error.hint)


def _versions() -> str:
    from importlib.metadata import version

    packages = ("llama-index-core", "chromadb", "tantivy", "onnxruntime")
    found = ", ".join(f"{name} {version(name)}" for name in packages)
    return f"abstract-rag {__version__}, Python {platform.python_version()}, {found}"


def _embedder(settings: Settings) -> str:
    from rag.models.embedder import find_weights, open_embedder

    find_weights(settings).check()
    embedder = open_embedder(settings)
    encoder = embedder.encoder
    length = float((encoder.encode(["Does it run?"]) ** 2).sum())
    if abs(length - 1.0) > 1e-3:
        raise RagError(
            "The model runs, but its vectors are not of length 1.",
            hint=f"Delete {settings.cache}: the model is built again at the next start.",
        )
    size = f"{encoder.dimension} dimensions, {encoder.precision}"
    found = f"{encoder.name}, {size}, cached in {settings.cache}"
    if embedder.one_pass:
        return found
    return f"{embedder.name}, {embedder.dimension} dimensions; for tokens {found}"


def _library(settings: Settings) -> str:
    from rag.index.manifest import Manifest
    from rag.index.paper_index import PaperIndex
    from rag.models.embedder import embedder_name

    index = PaperIndex(settings)
    try:
        manifest = index.manifest
        if manifest is not None:
            wanted = Manifest(embedder=embedder_name(settings), dimension=manifest.dimension)
            index.check_manifest(wanted)
        papers, chunks = len(index.catalog), index.catalog.count_chunks()
        vectors = index.store.count()
        if (papers, chunks) != (len(index.keyword), vectors):
            raise StorageError(
                f"{papers} papers with {chunks} chunks in the catalogue, {len(index.keyword)} in "
                f"the keyword index, {vectors} chunks in Chroma: they should agree.",
                hint=f"Delete {settings.storage / 'cache'}: it is rebuilt from Chroma.",
            )
        return f"{papers:,} papers, {chunks:,} chunks in {settings.storage}"
    finally:
        index.close()


def _reader(settings: Settings) -> str:
    import time

    from rag.models.reader import open_reader

    reader = open_reader(settings)
    reader.load()
    started = time.perf_counter()
    reader.judge([("Kites fly.", "Kites fly higher over warm fields.")])
    return f"{reader.name} runs, {1000 * (time.perf_counter() - started):.0f} ms a sentence"


def _language_model(settings: Settings) -> str:
    import time

    from rag.llm.client import Message, open_client

    if settings.llm_model is None:
        return "none is named (RAG_LLM_MODEL): answers are quotes"
    quick = settings.model_copy(update={"llm_retries": 0})
    client = open_client(quick)
    started = time.perf_counter()
    try:
        deltas = list(client.stream([Message("user", "Say: ready")], max_tokens=64))
    except LLMError as error:
        raise LLMError(error.message, hint=f"{error.hint} {_offered(client)}".strip()) from error
    took = time.perf_counter() - started
    said = sum(bool(delta.text) for delta in deltas)
    facts = [
        f"answers in {took:.1f} s",
        f"streams in {said} pieces" if said > 1 else "answers in one piece",
        "counts tokens" if any(delta.usage for delta in deltas) else "doesn't count tokens",
    ]
    if not said:
        facts[1] = "wrote no word within 64 tokens"
    return f"{client.name} at {client.endpoint}: {', '.join(facts)}"


def _offered(client: LLMClient) -> str:
    try:
        names = client.list_models()
    except LLMError:
        return ""
    shown = ", ".join(names[:8]) + (", ..." if len(names) > 8 else "")
    return f"The endpoint offers: {shown}." if names else ""
