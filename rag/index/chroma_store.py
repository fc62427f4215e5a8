"""The chunks and their vectors in Chroma.

Chroma is the single source of truth. Every chunk carries the whole record of its paper but for
the abstract, which the texts and offsets of its chunks give back.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import numpy as np
from chromadb.errors import ChromaError, NotFoundError

from rag.errors import StorageError
from rag.index.connection import TORN, LostError
from rag.index.damage import full_disk, is_full_disk
from rag.papers import Paper
from rag.text.sentences import Span

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from chromadb.api import ClientAPI
    from chromadb.api.collection_configuration import CreateHNSWConfiguration
    from chromadb.api.models.Collection import Collection
    from llama_index.core.schema import TextNode
    from numpy.typing import NDArray

    from rag.index.connection import Connection

__all__ = ["ChromaChunkStore", "Row", "chunk_metadata", "settle_rebuild", "whole_papers"]

_T = TypeVar("_T")
_PAGE = 2_000
_REBUILD = "-rebuild"
_OLD = "-old"
_ATTEMPTS = 4  # a reader meets a collection that another process has just replaced
# More neighbours than Chroma's defaults: on 140k abstracts they lose next to nothing.
_HNSW: CreateHNSWConfiguration = {
    "space": "cosine",
    "ef_construction": 200,
    "ef_search": 200,
    "max_neighbors": 24,
}


def settle_rebuild(connection: Connection, name: str) -> None:
    """Finish a rebuild that was cut off while the new collection took the old one's place.

    Only for one who holds the library for changes. No collection with papers in it is deleted
    unless one that is whole has its name.
    """
    with connection.use() as client:
        names = _names(client)
        if name + _REBUILD in names:
            fresh = client.get_collection(name + _REBUILD, embedding_function=None)
            if _is_whole(fresh) and fresh.count() and not _count(client, name, names):
                if name in names:  # an empty one, made meanwhile
                    client.delete_collection(name)
                fresh.modify(name=name)
                names.add(name)
        if name + _OLD in names:
            if name in names:
                client.delete_collection(name + _OLD)
            else:
                client.get_collection(name + _OLD, embedding_function=None).modify(name=name)


def _count(client: ClientAPI, name: str, names: set[str]) -> int:
    return client.get_collection(name, embedding_function=None).count() if name in names else 0


def _is_whole(fresh: Collection) -> bool:
    """Tell whether a collection beside the one in use was ready to take its place."""
    return "manifest" in (fresh.metadata or {})


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


class Row(NamedTuple):
    """A chunk as it is stored."""

    id: str
    text: str
    metadata: dict[str, Any]


class ChromaChunkStore:
    """The chunks of a library in one Chroma collection.

    What is given again is replaced; batches keep within the size that Chroma itself states. A call
    that fails because another process has replaced the collection, or knows more than this one's
    memory, is made again with a client that is opened anew.

    Args:
        connection: To Chroma.
        name: The collection.
        create: Make it where it is missing, which is for those alone who hold the library for
            changes: a reader that made it would take the place of one that is being renamed.
    """

    def __init__(self, connection: Connection, name: str, *, create: bool = False) -> None:
        self._connection = connection
        self._name = name
        self._found: tuple[ClientAPI, Any] | None = None
        self._batch = 0
        if create:
            with connection.use() as client:
                client.get_or_create_collection(
                    name, configuration={"hnsw": _HNSW}, embedding_function=None
                )

    def _collection(self, client: ClientAPI, *, fresh: bool = False) -> Any:  # noqa: ANN401
        # Untyped: Chroma's types leave open whether what was asked for is there.
        if self._found is None or self._found[0] is not client:
            self._batch = client.get_max_batch_size()
            fresh = True
        if fresh or self._found is None:
            self._found = (client, self._look_up(client))
        return self._found[1]

    def _look_up(self, client: ClientAPI) -> Collection:
        try:
            return client.get_collection(self._name, embedding_function=None)
        except NotFoundError:
            pass
        try:
            # Between the two steps in which another process puts it in the place of the old one.
            fresh = client.get_collection(self._name + _REBUILD, embedding_function=None)
            if _is_whole(fresh):
                return fresh
            return client.get_collection(self._name, embedding_function=None)
        except NotFoundError as error:
            raise LostError(self._connection.where) from error

    def _call(self, ask: Callable[[Any], _T], *, fresh: bool = False) -> _T:
        """Ask the collection, with a new client where that fails."""
        failure: Exception | None = None
        for attempt in range(_ATTEMPTS):
            try:
                with self._connection.use() as client:
                    return ask(self._collection(client, fresh=fresh or attempt > 0))
            # Chroma has no one error for what is gone, nor for a client that has been stopped.
            except (ChromaError, RuntimeError, AttributeError) as error:
                failure = error
            self._connection.close()
        if is_full_disk(failure):
            raise full_disk() from failure
        raise StorageError(
            f"Chroma at {self._connection.where} fails ({failure}).",
            hint=TORN if self._connection.is_folder else "See the log of the server.",
        ) from failure

    def _do(self, method: str, **given: object) -> Any:  # noqa: ANN401 - see `_collection`
        return self._call(lambda collection: getattr(collection, method)(**given))

    def exists(self) -> bool:
        """Tell whether Chroma has the collection."""
        try:
            self._call(lambda collection: collection, fresh=True)
        except LostError:
            return False
        return True

    def count(self) -> int:
        """Count the chunks."""
        return int(self._do("count"))

    @property
    def facts(self) -> dict[str, Any]:
        """What the collection says about itself, freshly read."""
        return self._call(lambda collection: dict(collection.metadata or {}), fresh=True)

    def set_facts(self, facts: dict[str, Any]) -> None:
        """Replace what the collection says about itself."""
        self._do("modify", metadata=facts)

    def sibling(self, building: str) -> ChromaChunkStore:
        """Return a store over the collection that is to replace this one's.

        Args:
            building: How its chunks are made. What a rebuild that was cut off has made in the same
                way is kept; what was made in another is deleted.
        """
        name = self._name + _REBUILD
        with self._connection.use() as client:
            if name in _names(client):
                left = client.get_collection(name, embedding_function=None)
                if (left.metadata or {}).get("building") != building:
                    client.delete_collection(name)
        fresh = ChromaChunkStore(self._connection, name, create=True)
        fresh.set_facts({"building": building})
        return fresh

    def replace_with(self, other: ChromaChunkStore) -> None:
        """Give the name of this store's collection to another's, and delete this one's."""
        with self._connection.use() as client:
            names = _names(client)
            if self._name in names:
                old = client.get_collection(self._name, embedding_function=None)
                old.modify(name=self._name + _OLD)
            fresh = client.get_collection(other._name, embedding_function=None)
            fresh.modify(name=self._name)
            if self._name in names:
                client.delete_collection(self._name + _OLD)
        self._found = None

    def add(self, nodes: Sequence[TextNode], revision: int = 0) -> None:
        """Store nodes with their embeddings, replacing those of the same id.

        Args:
            nodes: With embeddings.
            revision: Of the library with them, by which others find what is new.
        """
        for part in self._parts(nodes):
            self._do(
                "upsert",
                ids=[node.node_id for node in part],
                embeddings=np.array([node.get_embedding() for node in part], dtype=np.float32),
                documents=[node.text for node in part],
                metadatas=[
                    {
                        **node.metadata,
                        "start": node.start_char_idx,
                        "end": node.end_char_idx,
                        "revision": revision,
                    }
                    for node in part
                ],
            )

    def update_metadata(
        self, ids: Sequence[str], metadata: dict[str, Any], revision: int = 0
    ) -> None:
        """Replace fields of the metadata of chunks, leaving their vectors and texts alone."""
        stamped = {**metadata, "revision": revision}
        for part in self._parts(ids):
            self._do("update", ids=list(part), metadatas=[stamped] * len(part))

    def delete(self, ids: Sequence[str]) -> None:
        """Delete chunks; those that there are none of are passed over."""
        for part in self._parts(ids):
            self._do("delete", ids=list(part))

    def nearest(
        self, embedding: Sequence[float], k: int, *, among: list[str] | None = None
    ) -> list[tuple[str, float]]:
        """Find the ids of the nearest chunks and their cosine similarity, best first."""
        if k < 1 or among == []:
            return []
        found = self._do(
            "query", query_embeddings=[embedding], n_results=k, ids=among, include=["distances"]
        )
        return [(i, 1.0 - d) for i, d in zip(found["ids"][0], found["distances"][0], strict=True)]

    def vectors(self, ids: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        """Return the embeddings of chunks by id, each of shape (dimension,)."""
        found: dict[str, NDArray[np.float32]] = {}
        for part in self._get(ids, "embeddings"):
            found.update(zip(part["ids"], np.asarray(part["embeddings"], np.float32), strict=True))
        return found

    def passages(self, ids: Sequence[str]) -> dict[str, tuple[str, Span]]:
        """Return the texts of chunks by id, each with its place in the abstract."""
        return {
            row.id: (row.text, Span(row.metadata["start"], row.metadata["end"]))
            for row in self.rows(ids)
        }

    def ids(self) -> list[str]:
        """Return the ids of all chunks, as they are at one moment."""
        return list(self._do("get", include=[])["ids"])

    def rows(self, ids: Sequence[str]) -> Iterator[Row]:
        """Yield those chunks of some ids that there are.

        By id, never page by page: what another client deletes meanwhile would move the pages, and
        chunks that are there would be passed over.
        """
        for part in self._get(ids, "documents", "metadatas"):
            yield from _rows_of(part)

    def rows_since(self, revision: int) -> Iterator[Row]:
        """Yield the chunks that were written in a revision or after it."""
        yield from self._rows_where({"revision": {"$gte": revision}})

    def rows_of_papers(self, papers: Iterable[str]) -> Iterator[Row]:
        """Yield all chunks of some papers, each paper's as they are at one moment."""
        for part in self._parts(list(papers)):
            yield from self._rows_where({"paper_id": {"$in": list(part)}})

    def _rows_where(self, where: dict[str, Any]) -> Iterator[Row]:
        found = self._do("get", where=where, include=["documents", "metadatas"])
        return _rows_of(found)

    def _get(self, ids: Sequence[str], *include: str) -> Iterator[dict[str, Any]]:
        for part in self._parts(ids):
            yield self._do("get", ids=list(part), include=list(include))

    def _parts(self, given: Sequence[_T]) -> Iterator[Sequence[_T]]:
        """Cut what is asked or told into pieces that Chroma takes; nothing makes none."""
        if given and not self._batch:
            self._call(lambda collection: collection)
        size = max(1, min(self._batch, _PAGE))
        for start in range(0, len(given), size):
            yield given[start : start + size]


def _rows_of(found: dict[str, Any]) -> Iterator[Row]:
    return map(Row, found["ids"], found["documents"], found["metadatas"])


def whole_papers(rows: Iterable[Row]) -> Iterator[tuple[Paper, int]]:
    """Rebuild every paper, and its number of chunks, from its chunks.

    A paper whose chunks are not all there, or stem from different versions of it (a change that
    was cut off), is left out: adding it again makes it whole.
    """
    waiting: dict[str, dict[int, Row]] = {}
    whole: set[str] = set()
    for row in rows:
        paper_id, number = row.metadata["paper_id"], row.metadata["chunk"]
        if paper_id in whole:
            continue
        chunks = waiting.setdefault(paper_id, {})
        chunks[number] = row
        paper = _rebuild(chunks)
        if paper is not None:
            whole.add(paper_id)
            del waiting[paper_id]
            yield paper, chunks[0].metadata["chunks"]


def _rebuild(chunks: dict[int, Row]) -> Paper | None:
    first = chunks.get(0)
    if first is None or any(number not in chunks for number in range(first.metadata["chunks"])):
        return None
    abstract = ""
    for number in range(first.metadata["chunks"]):
        # Between chunks stood white space, which a paper's text has only as single spaces.
        abstract = abstract.ljust(chunks[number].metadata["start"]) + chunks[number].text
    paper = Paper.from_dict({**json.loads(first.metadata["record"]), "abstract": abstract})
    return paper if paper.content_hash() == first.metadata["content_hash"] else None
