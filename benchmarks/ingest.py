"""Abstracts per second from file to stored, beside the usual way of doing it.

The baseline is the same papers through LlamaIndex, sentence-transformers and Chroma as their
documentation shows it: `VectorStoreIndex` over documents of title and abstract, split to the
model's 256 tokens, embedded by the same MiniLM weights in torch. Each side runs in a process of
its own, one after the other, with its model loaded and warm before the clock starts.

Run with `python -m benchmarks.ingest [--papers PATH]`.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path

PAGES = Path(__file__).parents[2] / "shared" / "pages"


def ours(papers: str) -> dict[str, float]:
    """Add papers to a new library."""
    from rag import Library

    with tempfile.TemporaryDirectory() as folder, Library(folder) as library:
        library._parts.embedder().encoder.encode(["warm up"] * 8)  # noqa: SLF001 - leaves loading out
        start = time.perf_counter()
        report = library.add(papers)
        seconds = time.perf_counter() - start
        chunks = library.status()["chunks"]
    return {"papers": report.added, "chunks": chunks, "seconds": seconds}


def baseline(papers: str) -> dict[str, float]:
    """Index papers with LlamaIndex, sentence-transformers and Chroma."""
    import chromadb
    from llama_index.core import Document, StorageContext, VectorStoreIndex
    from llama_index.core.node_parser import SentenceSplitter
    from llama_index.embeddings.huggingface import HuggingFaceEmbedding
    from llama_index.vector_stores.chroma import ChromaVectorStore

    from rag.models.encoder import default_weights
    from rag.papers import Paper
    from rag.sources import read_sources

    model = HuggingFaceEmbedding(str(default_weights().folder), device="cpu", embed_batch_size=32)
    model.get_text_embedding_batch(["warm up"] * 8)
    tokenizer = model._model.tokenizer  # noqa: SLF001 - to split by the model's own tokens
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        unique = {p.id: p for p in read_sources([papers]) if isinstance(p, Paper)}
        documents = [
            Document(text=f"{p.title}\n{p.abstract}", metadata={"paper_id": p.id})
            for p in unique.values()
        ]
        for document in documents:
            document.excluded_embed_metadata_keys = ["paper_id"]
        collection = chromadb.PersistentClient(folder).create_collection("papers")
        store = ChromaVectorStore(chroma_collection=collection)
        splitter = SentenceSplitter(chunk_size=254, chunk_overlap=0, tokenizer=tokenizer.tokenize)
        VectorStoreIndex.from_documents(
            documents,
            storage_context=StorageContext.from_defaults(vector_store=store),
            embed_model=model,
            transformations=[splitter],
        )
        seconds = time.perf_counter() - start
        chunks = collection.count()
    return {"papers": len(unique), "chunks": chunks, "seconds": seconds}


def measure(side: str, papers: str) -> dict[str, float]:
    """Run one side in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.ingest", "--side", side, "--papers", papers]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{side} failed:\n{done.stderr[-2000:]}")
    figures: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    rate = figures["papers"] / figures["seconds"]
    print(
        f"{side:<10} {figures['papers']:>7.0f} papers {figures['chunks']:>7.0f} chunks "
        f"{figures['seconds']:>8.1f} s {rate:>8.1f} abstracts/s",
        flush=True,
    )
    return {**figures, "rate": rate}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--papers", help="file or folder; default: the saved pages, or the sample")
    parser.add_argument("--side", choices=("ours", "baseline"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    from rag.sample import sample_path

    papers = options.papers or str(PAGES if PAGES.is_dir() else sample_path())
    if options.side:
        print(json.dumps(ours(papers) if options.side == "ours" else baseline(papers)))
        return
    mine = measure("ours", papers)
    if find_spec("sentence_transformers") is None:
        print("baseline   not installed: make bench sets it up")
        return
    other = measure("baseline", papers)
    print(f"ratio      {mine['rate'] / other['rate']:.2f}")


if __name__ == "__main__":
    main()
