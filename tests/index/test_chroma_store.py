"""The vector store keeps to Chroma's limits, replaces what it is given again, and loses nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from rag import Paper
from rag.errors import StorageError
from rag.index.chroma_store import (
    ChromaChunkStore,
    chunk_metadata,
    settle_rebuild,
)
from rag.index.chroma_store import whole_papers as papers_of
from rag.index.chunking import paper_nodes
from rag.index.connection import Connection, LostError
from rag.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from chromadb.api import ClientAPI
    from llama_index.core.schema import TextNode


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[Connection]:
    made = Connection(tmp_path / "chroma", Settings())
    made.creates = True
    yield made
    made.close()


@pytest.fixture
def client(connection: Connection) -> ClientAPI:
    with connection.use() as opened:
        return opened


@pytest.fixture
def store(connection: Connection) -> ChromaChunkStore:
    return ChromaChunkStore(connection, "papers", create=True)


def count(text: str) -> int:
    return len(text.split())


def nodes_of(paper: Paper, *, max_tokens: int = 80) -> list[TextNode]:
    nodes = paper_nodes(
        paper, max_tokens=max_tokens, count_tokens=count, metadata=chunk_metadata(paper)
    )
    for number, node in enumerate(nodes):
        angle = (hash_of(paper.id) + number) % 7
        node.embedding = [float(np.cos(angle)), float(np.sin(angle)), 0.0]
    return nodes


def paper(name: str = "1", title: str = "T", abstract: str = "A text.", **values: Any) -> Paper:
    return Paper(id=f"x:{name}", title=title, abstract=abstract, sources=("s.jsonl",), **values)


def whole_papers(store: ChromaChunkStore) -> list[tuple[Paper, int]]:
    return list(papers_of(store.rows(store.ids())))


def hash_of(text: str) -> int:
    return sum(map(ord, text))


@pytest.fixture
def papers(records: list[dict[str, Any]]) -> list[Paper]:
    return [Paper.from_dict({**record, "sources": ["s.jsonl"]}) for record in records]


def test_papers_can_be_rebuilt_from_their_chunks(
    store: ChromaChunkStore, papers: list[Paper]
) -> None:
    groups = [nodes_of(paper) for paper in papers]
    store.add([node for nodes in groups for node in nodes])
    rebuilt = {paper.id: (paper, chunks) for paper, chunks in whole_papers(store)}
    for paper, nodes in zip(papers, groups, strict=True):
        assert rebuilt[paper.id] == (paper, len(nodes))
    assert max(len(nodes) for nodes in groups) > 2


def test_a_paper_whose_chunks_are_not_all_there_is_left_out(
    store: ChromaChunkStore, papers: list[Paper]
) -> None:
    nodes = nodes_of(papers[-1])
    store.add(nodes[:-1])
    assert whole_papers(store) == []
    store.add(nodes[-1:])
    assert [paper for paper, _ in whole_papers(store)] == [papers[-1]]


def test_chunks_of_two_versions_of_a_paper_are_not_mixed(
    store: ChromaChunkStore, papers: list[Paper]
) -> None:
    old = papers[-1]
    new = Paper.from_dict({**old.as_dict(), "abstract": old.abstract.replace("museum", "archive")})
    store.add(nodes_of(old))
    store.add(nodes_of(new)[1:])
    assert whole_papers(store) == []


def test_chunks_left_over_from_a_longer_version_are_told_apart(
    store: ChromaChunkStore, papers: list[Paper]
) -> None:
    old = papers[-1]
    new = Paper.from_dict({**old.as_dict(), "abstract": "Short now."})
    store.add(nodes_of(old))
    store.add(nodes_of(new))
    assert whole_papers(store) == [(new, 1)]


def test_a_paper_without_sources_can_be_stored(store: ChromaChunkStore) -> None:
    bare = Paper(id="x:1", title="T", abstract="A text.")
    store.add(nodes_of(bare))
    assert [found for found, _ in whole_papers(store)] == [bare]


def test_chunks_are_found_by_likeness(store: ChromaChunkStore) -> None:
    for name, vector in {"a": [1.0, 0.0], "b": [0.6, 0.8], "c": [-1.0, 0.0]}.items():
        (node,) = nodes_of(paper(name, abstract="Some text."))
        node.embedding = vector
        store.add([node])
    assert [one for one, _ in store.nearest([1.0, 0.0], 3)] == ["x:a#0", "x:b#0", "x:c#0"]
    assert [score for _, score in store.nearest([2.0, 0.0], 3)] == pytest.approx([1.0, 0.6, -1.0])
    assert store.nearest([1.0, 0.0], 5, among=["x:c#0"])[0][0] == "x:c#0"
    assert store.nearest([1.0, 0.0], 5, among=[]) == []
    assert store.passages(["x:a#0", "x:none#0"]) == {"x:a#0": ("Some text.", (0, 10))}
    assert set(store.vectors(["x:a#0", "x:none#0"])) == {"x:a#0"}


def test_adding_again_replaces_text_vector_and_metadata(store: ChromaChunkStore) -> None:
    old = paper(title="Old", year=2001, venue="Old Venue")
    new = paper(title="New", abstract="New text.", year=2002)
    (first,) = nodes_of(old)
    (second,) = nodes_of(new)
    second.embedding = [0.0, 0.0, 1.0]
    store.add([first])
    store.add([second])
    assert store.passages(["x:1#0"]) == {"x:1#0": ("New text.", (0, 9))}
    assert store.nearest([0.0, 0.0, 1.0], 1)[0][1] == pytest.approx(1.0)
    assert store.count() == 1
    assert [paper for paper, _ in whole_papers(store)] == [new]


def test_batches_keep_to_the_limit_that_chroma_states(
    store: ChromaChunkStore, papers: list[Paper], monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []
    found = store._call(lambda collection: collection)
    upsert = found.upsert

    def watched(**given: Any) -> None:
        sizes.append(len(given["ids"]))
        upsert(**given)

    monkeypatch.setattr(store, "_batch", 3)
    monkeypatch.setattr(found, "upsert", watched)
    nodes = [node for paper in papers for node in nodes_of(paper)]
    ids = [node.node_id for node in nodes]
    store.add(nodes)
    assert max(sizes) == 3
    assert sum(sizes) == len(nodes) == store.count()
    assert len(store.vectors(ids)) == len(ids)
    store.update_metadata(ids, {"venue": "Elsewhere"})
    assert {row.metadata["venue"] for row in store.rows(ids)} == {"Elsewhere"}
    store.delete(ids[1:])
    assert store.count() == 1


def test_the_real_limit_is_chromas_own(client: ClientAPI, store: ChromaChunkStore) -> None:
    store.count()
    assert store._batch == client.get_max_batch_size()


def test_deleting_what_is_not_there_deletes_nothing(
    store: ChromaChunkStore, papers: list[Paper]
) -> None:
    store.add(nodes_of(papers[-1]))
    store.delete([])
    store.delete(["x:none#0"])
    assert [paper for paper, _ in whole_papers(store)] == [papers[-1]]


def test_facts_are_read_freshly(connection: Connection, store: ChromaChunkStore) -> None:
    other = ChromaChunkStore(connection, "papers")
    store.set_facts({"manifest": "one", "revision": 1})
    assert other.facts == {"manifest": "one", "revision": 1}


def test_a_new_collection_takes_the_place_of_the_old(
    connection: Connection, client: ClientAPI, store: ChromaChunkStore
) -> None:
    store.add(nodes_of(paper(title="Old")))
    fresh = store.sibling("new")
    (node,) = nodes_of(paper(title="New"))
    node.embedding = [1.0] * 5
    fresh.add([node])
    fresh.set_facts({"manifest": "new"})
    assert [paper.title for paper, _ in whole_papers(store)] == ["Old"]
    store.replace_with(fresh)
    again = ChromaChunkStore(connection, "papers")
    assert [paper.title for paper, _ in whole_papers(again)] == ["New"]
    assert again.facts["manifest"] == "new"
    assert [collection.name for collection in client.list_collections()] == ["papers"]


def test_a_replacement_cut_off_before_the_renaming_is_finished(
    connection: Connection, client: ClientAPI, store: ChromaChunkStore
) -> None:
    fresh = store.sibling("new")
    fresh.add(nodes_of(paper(title="New")))
    fresh.set_facts({"manifest": "new"})
    client.delete_collection("papers")
    # A reader sees it at once; the next who changes the library gives it its name.
    assert [p.title for p, _ in whole_papers(store)] == ["New"]
    settle_rebuild(connection, "papers")
    assert [p.title for p, _ in whole_papers(ChromaChunkStore(connection, "papers"))] == ["New"]
    assert [collection.name for collection in client.list_collections()] == ["papers"]


def test_an_empty_collection_never_takes_the_place_of_a_whole_one(
    connection: Connection, client: ClientAPI, store: ChromaChunkStore
) -> None:
    fresh = store.sibling("new")
    fresh.add(nodes_of(paper(title="New")))
    fresh.set_facts({"manifest": "new"})
    settle_rebuild(connection, "papers")
    assert [p.title for p, _ in whole_papers(store)] == ["New"]
    assert [collection.name for collection in client.list_collections()] == ["papers"]


def test_what_only_reads_makes_no_collection(tmp_path: Path, connection: Connection) -> None:
    reader = ChromaChunkStore(connection, "papers")
    assert not reader.exists()
    with pytest.raises(LostError, match="holds nothing"):
        reader.count()
    with connection.use() as client:
        assert client.list_collections() == []
    other = Connection(tmp_path / "none", Settings())
    with pytest.raises(LostError):
        ChromaChunkStore(other, "papers").count()
    assert not (tmp_path / "none").exists()


def test_a_store_survives_that_its_collection_is_replaced(
    connection: Connection, store: ChromaChunkStore
) -> None:
    store.add(nodes_of(paper(title="Old")))
    assert store.count() == 1
    for title in ("New", "Newer"):
        fresh = store.sibling(title)
        fresh.add(nodes_of(paper(title=title)))
        fresh.set_facts({"manifest": title})
        ChromaChunkStore(connection, "papers").replace_with(fresh)
        assert [p.title for p, _ in whole_papers(store)] == [title]


def test_what_a_rebuild_left_behind_is_used_again_if_it_was_made_alike(
    store: ChromaChunkStore,
) -> None:
    store.sibling("one").add(nodes_of(paper()))
    assert store.sibling("one").count() == 1
    assert store.sibling("two").count() == 0


def test_a_replacement_that_is_not_whole_is_not_taken(
    connection: Connection, client: ClientAPI, store: ChromaChunkStore
) -> None:
    store.sibling("new")
    client.delete_collection("papers")
    settle_rebuild(connection, "papers")
    assert "papers" not in {collection.name for collection in client.list_collections()}


def test_a_server_that_does_not_answer(tmp_path: Path) -> None:
    with pytest.raises(StorageError) as caught:
        ChromaChunkStore(
            Connection(tmp_path, Settings(chroma_url="http://127.0.0.1:9")), "papers"
        ).count()
    assert "127.0.0.1:9" in caught.value.message
    assert "RAG_CHROMA_URL" in caught.value.hint


def test_a_folder_that_can_not_be_used(tmp_path: Path) -> None:
    blocked = tmp_path / "blocked"
    blocked.write_text("a file")
    connection = Connection(blocked, Settings())
    connection.creates = True
    with pytest.raises(StorageError) as caught:
        ChromaChunkStore(connection, "papers", create=True)
    assert "blocked" in caught.value.message
