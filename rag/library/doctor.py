"""Check the parts that an installation and a library are made of, one by one."""

from __future__ import annotations

import platform
import re
from dataclasses import asdict, dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from rag.errors import LibraryNotFoundError, LLMError, RagError, StorageError
from rag.version import __version__

if TYPE_CHECKING:
    from collections.abc import Callable

    from rag.llm.client import LLMClient
    from rag.papers import Paper
    from rag.settings import Settings

__all__ = ["Check", "diagnose"]

# What the language model is asked, about the first papers of the sample.
_QUESTION = "How does the Transformer relate the positions of a sequence to one another?"
_PAPERS = 10
_SENDS_HERE = re.compile(r"(?:See|Check it with): rag doctor")
_LONGEST = 20_000  # characters of an answer that are looked at


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

    Nothing in the library is changed. A language model that is configured answers one question.
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
    from rag.library.repair import check_caches
    from rag.models.embedder import embedder_name

    index = PaperIndex(settings)
    try:
        if (damage := index.damage()) is not None:
            raise damage
        manifest = index.manifest
        if manifest is not None:
            wanted = Manifest(embedder=embedder_name(settings), dimension=manifest.dimension)
            index.check_manifest(wanted)
        check_caches(index)
        papers, chunks = len(index.catalog), index.catalog.count_chunks()
        vectors = index.store.count() if chunks else 0
        if papers != len(index.keyword):
            raise StorageError(
                f"{papers} papers in the catalogue, {len(index.keyword)} in the keyword index: "
                "they should agree.",
                hint=f"Delete {settings.storage / 'cache' / 'keyword'}: it is built again.",
            )
        if vectors > chunks:
            raise StorageError(
                f"Chroma holds {vectors:,} chunks, {vectors - chunks:,} more than the papers have: "
                "a change was cut off.",
                hint="The next change finishes it: add the papers again.",
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
    """Ask the model what an answer asks it, in the same roles, with the same parameters."""
    import time

    from rag.llm.client import open_client

    if settings.llm_model is None:
        return "none is named (RAG_LLM_MODEL): answers are quotes"
    client = open_client(settings.model_copy(update={"llm_retries": 0}))
    started = time.perf_counter()
    try:
        facts = _asked(client, settings)
    except LLMError as error:
        # What sends people here is no hint here.
        said = _SENDS_HERE.sub("", error.hint).rstrip(". ")
        hint = " ".join(one for one in (f"{said}." if said else "", _offered(client)) if one)
        raise LLMError(error.message, hint=hint) from error
    took = f"answers in {time.perf_counter() - started:.1f} s"
    return f"{client.name} at {client.endpoint}: {', '.join([took, *facts])}"


def _asked(client: LLMClient, settings: Settings) -> list[str]:
    """Have the model answer a question about papers of the sample, and say how it does."""
    from rag.answers.context import build_context
    from rag.answers.draft import request_messages
    from rag.llm.budget import Budget, cut_note, estimate_tokens
    from rag.llm.dialects import known_dialect
    from rag.llm.failures import finish_note, no_answer
    from rag.llm.guard import Screen, declines
    from rag.llm.prompts import Prompts
    from rag.text.citations import find_markers

    room, prompts = Budget(settings).room(), Prompts(settings.prompts_dir)
    rules = sum(estimate_tokens(one.content) for one in request_messages(prompts, _QUESTION, "", 0))
    context = build_context(_sample(), [], budget=room.input - rules)
    messages = request_messages(prompts, _QUESTION, context.text, len(context.papers))
    deltas = list(client.stream(messages, max_tokens=room.output))
    screen = Screen(limit=_LONGEST)
    for delta in deltas:
        screen.feed(delta.text)
    screen.finish()
    finish = next((delta.finish for delta in reversed(deltas) if delta.finish), None)
    thought = screen.thinks or any(delta.reasoning for delta in deltas)
    if not screen.text.strip() and not screen.sentinel:
        came = "".join(delta.text for delta in deltas)
        raise no_answer(finish, reasoned=thought, limit=room.output, sent=came)
    usage = next((delta.usage for delta in reversed(deltas) if delta.usage), None)
    pieces = sum(bool(delta.text) for delta in deltas)
    facts = [
        f"streams in {pieces} pieces" if pieces > 1 else "answers in one piece",
        "counts tokens" if usage else "doesn't count tokens",
        *(["thinks aloud, which is left out"] if thought else []),
        *known_dialect(client.endpoint, client.name).notes(),
    ]
    cites = any(find_markers(screen.text))
    if screen.sentinel or (not cites and declines(screen.text)):
        facts.append("found no answer in papers that hold one, so it may decline what is there")
    elif not cites:
        facts.append("cited no paper, so its sentences will be shown as uncited")
    sent = [message.content for message in messages]
    notes = (finish_note(finish, limit=room.output), cut_note(sent, usage) if usage else "")
    return [*facts, *(note[:1].lower() + note[1:].rstrip(".") for note in notes if note)]


def _sample() -> list[Paper]:
    from rag.papers import Paper
    from rag.sample import sample_path
    from rag.sources import read_sources

    papers = (item for item in read_sources([sample_path()]) if isinstance(item, Paper))
    return list(islice(papers, _PAPERS))


def _offered(client: LLMClient) -> str:
    try:
        names = client.list_models()
    except LLMError:
        return ""
    shown = ", ".join(names[:8]) + (", ..." if len(names) > 8 else "")
    return f"The endpoint offers: {shown}." if names else ""
