"""The catalogue answers what needs no vectors."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest

from rag import Paper
from rag.errors import StorageError
from rag.index.catalog import Catalog, Entry

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def catalog(tmp_path: Path, records: list[dict[str, Any]]) -> Iterator[Catalog]:
    made = Catalog(tmp_path / "cache" / "catalog.sqlite")
    made.put([Entry(Paper.from_dict(record), 2) for record in records])
    yield made
    made.close()


def test_papers_come_back_as_they_went_in(catalog: Catalog, records: list[dict[str, Any]]) -> None:
    for record in records:
        paper = Paper.from_dict(record)
        assert catalog.get([paper.id]) == {paper.id: Entry(paper, 2)}
    assert len(catalog) == len(records)
    assert catalog.count_chunks() == 2 * len(records)


def test_unknown_ids_are_left_out(catalog: Catalog) -> None:
    assert catalog.get(["x:1"]) == catalog.chunk_counts(["x:1"]) == {}
    assert catalog.get([]) == catalog.chunk_counts([]) == {}


def test_chunks_are_counted_paper_by_paper(catalog: Catalog) -> None:
    ids = [entry.paper.id for entry in catalog.entries()]
    assert catalog.chunk_counts([*ids, "x:1"]) == dict.fromkeys(ids, 2)


def test_a_name_in_front_of_a_title(catalog: Catalog) -> None:
    titles = ["BERTA: A Model", "BERTA2: A Model", "Berta - Again", "BERTA and Friends", "Of BERTA"]
    titles += [f"Findings: Part {n}" for n in range(6)]
    papers = [Paper(id=f"n:{n}", title=title, abstract="") for n, title in enumerate(titles)]
    catalog.put([Entry(paper, 1) for paper in papers])
    assert sorted(catalog.by_name("Berta?")) == ["n:0", "n:2"]
    assert catalog.by_name("berta2") == ["n:1"]
    assert catalog.by_name("findings") == catalog.by_name("BERT") == catalog.by_name("!") == []


def test_thousands_of_ids_can_be_asked_for(catalog: Catalog) -> None:
    ids = [f"x:{number}" for number in range(2_000)]
    catalog.put([Entry(Paper(id=one, title=f"T {one}", abstract=""), 1) for one in ids])
    assert len(catalog.get(ids)) == 2_000
    assert len(list(catalog.entries())) == len(catalog)


def test_entries_are_in_order_of_id(catalog: Catalog) -> None:
    ids = [entry.paper.id for entry in catalog.entries()]
    assert ids == sorted(ids)
    assert len(ids) == len(catalog)


def test_titles_are_found_however_they_are_printed(catalog: Catalog) -> None:
    (entry,) = catalog.by_title("BOUNDS on the price of fair queues!")
    assert entry.paper.id == "arxiv:9911.00011"
    assert catalog.by_title("Bounds") == []


def test_identifiers_are_found_whatever_the_id_is(catalog: Catalog) -> None:
    paper = Paper(id="x:1", title="T", abstract="", arxiv_id="9913.00013", doi="10.5555/t")
    catalog.put([Entry(paper, 1)])
    assert [entry.paper.id for entry in catalog.by_identifier("arxiv:9913.00013")] == ["x:1"]
    assert [entry.paper.id for entry in catalog.by_identifier("doi:10.5555/t")] == ["x:1"]
    assert catalog.by_identifier("pmid:1") == []


def test_putting_again_replaces(catalog: Catalog) -> None:
    paper = Paper(id="arxiv:9911.00011", title="Another", abstract="")
    before = len(catalog)
    catalog.put([Entry(paper, 7)])
    assert catalog.get([paper.id])[paper.id] == Entry(paper, 7)
    assert len(catalog) == before


def test_ids_that_begin_alike(catalog: Catalog) -> None:
    assert catalog.ids_like("arxiv:991", 3) == [
        "arxiv:9910.00010",
        "arxiv:9911.00011",
        "arxiv:9912.00012",
    ]
    assert catalog.ids_like("arxiv:99%", 3) == []


def test_removing(catalog: Catalog) -> None:
    before = len(catalog)
    catalog.remove(["arxiv:9911.00011", "x:unknown"])
    assert len(catalog) == before - 1
    assert "arxiv:9911.00011" not in catalog.ids()
    assert set(catalog.chunk_ids().values()) == catalog.ids()


def test_facts_last(catalog: Catalog, tmp_path: Path) -> None:
    assert catalog.fact("manifest") is None
    catalog.set_facts(manifest="one", revision="1")
    catalog.set_facts(revision="2")
    other = Catalog(tmp_path / "cache" / "catalog.sqlite")
    assert (other.fact("manifest"), other.fact("revision")) == ("one", "2")
    other.close()


def test_threads_share_a_catalogue(catalog: Catalog) -> None:
    problems: list[Exception] = []

    def work(number: int) -> None:
        try:
            for step in range(20):
                paper = Paper(id=f"t:{number}-{step}", title="T", abstract="")
                catalog.put([Entry(paper, 1)])
                assert catalog.get([paper.id])
        except Exception as error:  # noqa: BLE001 - handed to the test
            problems.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    assert len(catalog.ids_like("t:", 1_000)) == 120


@pytest.mark.parametrize("make", ["folder", "garbage", "blocked"])
def test_a_file_that_is_no_database(tmp_path: Path, make: str) -> None:
    path = tmp_path / "cache" / "catalog.sqlite"
    if make == "folder":
        path.mkdir(parents=True)
    elif make == "garbage":
        path.parent.mkdir()
        path.write_bytes(b"no database at all, but long enough to look like one" * 40)
    else:
        path.parent.write_text("a file where a folder should be")
    with pytest.raises(StorageError) as caught:
        Catalog(path)
    assert caught.value.hint
