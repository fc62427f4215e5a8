"""The chunks and their vectors in Chroma.

Chroma is the single source of truth. Every chunk carries the whole record of its paper but for
the abstract, which the texts and offsets of its chunks give back.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import chromadb
import numpy as np
from chromadb.config import Settings as ChromaSettings
from chromadb.errors import ChromaError

from rag.errors import StorageError
from rag.papers import Paper
from rag.text.sentences import Span

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from chromadb.api import ClientAPI
    from chromadb.api.collection_configuration import CreateHNSWConfiguration
    from llama_index.core.schema import TextNode
    from numpy.typing import NDArray

__all__ = [
    "ChromaChunkStore",
    "chunk_metadata",
    "finish_renaming",
    "open_client",
    "stored_papers",
]

_PAGE = 2_000
_REBUILD = "-rebuild"
# More neighbours than Chroma's defaults: on 140k abstracts they lose next to nothing.
_HNSW: CreateHNSWConfiguration = {
    "space": "cosine",
    "ef_construction": 200,
    "ef_search": 200,
    "max_neighbors": 24,
}


def open_client(folder: Path | None, url: str | None) -> ClientAPI:
    """Open Chroma in a folder, or connect to a server; without telemetry either way.

    Raises:
        StorageError: the folder can't be used, or no server answers.
    """
    settings = ChromaSettings(anonymized_telemetry=False)
    try:
        if url is None:
            # Chroma keeps open folders by the path as it is written: "storage" must not mean
            # another library's after a change of the working folder.
            path = str(folder.resolve() if folder else "")
            return chromadb.PersistentClient(path, settings=settings)
        from urllib.parse import urlsplit

        parts = urlsplit(url)
        ssl = parts.scheme == "https"
        port = parts.port or (443 if ssl else 8000)
        return chromadb.HttpClient(parts.hostname or "", port=port, ssl=ssl, settings=settings)
    except (ChromaError, ValueError, OSError, RuntimeError) as error:
        where = url or str(folder)
        hint = (
            "Start the server, or correct RAG_CHROMA_URL."
            if url
            else "Check the folder's permissions and free space."
        )
        raise StorageError(f"Chroma can't be opened at {where} ({error}).", hint=hint) from error


def finish_renaming(client: ClientAPI, name: str) -> None:
    """Finish a rebuild that was cut off between deleting the old collection and renaming."""
    names = _names(client)
    if name in names or name + _REBUILD not in names:
        return
    whole = client.get_collection(name + _REBUILD, embedding_function=None)
    if "manifest" in (whole.metadata or {}):
        whole.modify(name=name)


def _names(client: ClientAPI) -> set[str]:
    return {collection.name for collection in client.list_collections()}


def chunk_metadata(paper: Paper) -> dict[str, Any]:
    """Return what every chunk of a paper carries; the lists and numbers are there to filter by."""
    record = paper.as_record()
    del record["abstract"]
    metadata: dict[str, Any] = {
        "paper_id": paper.id,
        "title": paper.title,
        "record": json.dumps(record, ensure_ascii=False),
        "content_hash": paper.content_hash(),
    }
    optional = {
        "year": paper.year,
        "venue": paper.venue,
        "authors": list(paper.authors),
        "sources": list(paper.sources),
    }
    return metadata | {name: value for name, value in optional.items() if value}


class ChromaChunkStore:
    """The chunks of a library in one Chroma collection.

    What is given again is replaced; batches keep within the size that Chroma itself states.

    Args:
        client: An open Chroma client.
        name: The collection; it is made when it is missing.
    """

    def __init__(self, client: ClientAPI, name: str) -> None:
        self._client = client
        # Untyped: Chroma's types leave open whether what was asked for is there.
        self._collection: Any = client.get_or_create_collection(
            name, configuration={"hnsw": _HNSW}, embedding_function=None
        )
        self._batch = client.get_max_batch_size()

    def count(self) -> int:
        """Count the chunks."""
        return int(self._collection.count())

    @property
    def facts(self) -> dict[str, Any]:
        """What the collection says about itself, freshly read."""
        fresh = self._client.get_collection(self._collection.name, embedding_function=None)
        return dict(fresh.metadata or {})

    def set_facts(self, facts: dict[str, Any]) -> None:
        """Replace what the collection says about itself."""
        self._collection.modify(metadata=facts)

    def sibling(self) -> ChromaChunkStore:
        """Return a store over a new, empty collection, which is to replace this one's."""
        name = self._collection.name + _REBUILD
        if name in _names(self._client):
            self._client.delete_collection(name)  # left over from a rebuild that was cut off
        return ChromaChunkStore(self._client, name)

    def replace_with(self, other: ChromaChunkStore) -> None:
        """Delete this store's collection and give its name to another's."""
        name = self._collection.name
        self._client.delete_collection(name)
        other._collection.modify(name=name)

    def add(self, nodes: Sequence[TextNode]) -> None:
        """Store nodes with their embeddings, replacing those of the same id."""
        for start in range(0, len(nodes), self._batch):
            part = nodes[start : start + self._batch]
            self._collection.upsert(
                ids=[node.node_id for node in part],
                embeddings=np.array([node.get_embedding() for node in part], dtype=np.float32),
                documents=[node.text for node in part],
                metadatas=[
                    {**node.metadata, "start": node.start_char_idx, "end": node.end_char_idx}
                    for node in part
                ],
            )

    def update_metadata(self, ids: Sequence[str], metadata: dict[str, Any]) -> None:
        """Replace fields of the metadata of chunks, leaving their vectors and texts alone."""
        for start in range(0, len(ids), self._batch):
            part = list(ids[start : start + self._batch])
            self._collection.update(ids=part, metadatas=[metadata] * len(part))

    def delete(self, ids: Sequence[str]) -> None:
        """Delete chunks; those that there are none of are passed over."""
        for start in range(0, len(ids), self._batch):
            self._collection.delete(ids=list(ids[start : start + self._batch]))

    def nearest(
        self, embedding: Sequence[float], k: int, *, among: list[str] | None = None
    ) -> list[tuple[str, float]]:
        """Find the ids of the nearest chunks and their cosine similarity, best first."""
        if k < 1 or among == []:
            return []
        found = self._collection.query(
            query_embeddings=[embedding], n_results=k, ids=among, include=["distances"]
        )
        return [(i, 1.0 - d) for i, d in zip(found["ids"][0], found["distances"][0], strict=True)]

    def vectors(self, ids: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        """Return the embeddings of chunks by id, each of shape (dimension,)."""
        found: dict[str, NDArray[np.float32]] = {}
        for start in range(0, len(ids), self._batch):
            part = self._collection.get(
                ids=list(ids[start : start + self._batch]), include=["embeddings"]
            )
            found.update(zip(part["ids"], np.asarray(part["embeddings"], np.float32), strict=True))
        return found

    def passages(self, ids: Sequence[str]) -> dict[str, tuple[str, Span]]:
        """Return the texts of chunks by id, each with its place in the abstract."""
        found = self._collection.get(ids=list(ids), include=["documents", "metadatas"])
        rows = zip(found["ids"], found["documents"], found["metadatas"], strict=True)
        return {one: (text, Span(about["start"], about["end"])) for one, text, about in rows}

    def rows(self) -> Iterator[tuple[str, str, dict[str, Any]]]:
        """Yield every chunk's id, text and metadata."""
        offset = 0
        while True:
            found = self._collection.get(
                limit=_PAGE, offset=offset, include=["documents", "metadatas"]
            )
            if not found["ids"]:
                return
            yield from zip(found["ids"], found["documents"], found["metadatas"], strict=True)
            offset += len(found["ids"])


def stored_papers(store: ChromaChunkStore, orphans: list[str]) -> Iterator[tuple[Paper, int]]:
    """Rebuild every paper, and its number of chunks, from the chunks in Chroma.

    A paper whose chunks are not all there, or stem from different versions of it (a change that
    was cut off), is left out: adding it again makes it whole.

    Args:
        store: The chunks.
        orphans: Takes the ids of chunks that belong to no whole paper.
    """
    waiting: dict[str, dict[int, tuple[str, dict[str, Any]]]] = {}
    whole: dict[str, int] = {}
    for chunk_id, text, metadata in store.rows():
        paper_id, number = metadata["paper_id"], metadata["chunk"]
        if paper_id in whole:
            orphans.append(chunk_id)
            continue
        chunks = waiting.setdefault(paper_id, {})
        chunks[number] = (text, metadata)
        paper = _rebuild(chunks)
        if paper is not None:
            whole[paper_id] = count = chunks[0][1]["chunks"]
            orphans += (f"{paper_id}#{surplus}" for surplus in chunks if surplus >= count)
            yield paper, count
            del waiting[paper_id]
    orphans += (f"{paper_id}#{number}" for paper_id, left in waiting.items() for number in left)


def _rebuild(chunks: dict[int, tuple[str, dict[str, Any]]]) -> Paper | None:
    first = chunks.get(0)
    if first is None or any(number not in chunks for number in range(first[1]["chunks"])):
        return None
    abstract = ""
    for number in range(first[1]["chunks"]):
        text, metadata = chunks[number]
        # Between chunks stood white space, which a paper's text has only as single spaces.
        abstract = abstract.ljust(metadata["start"]) + text
    paper = Paper.from_dict({**json.loads(first[1]["record"]), "abstract": abstract})
    return paper if paper.content_hash() == first[1]["content_hash"] else None
