"""The library as one object: what goes in, what comes out, and what it says when it can't."""

from __future__ import annotations

import asyncio
import gc
import json
import shutil
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from rag import (
    EmbedderError,
    Library,
    LibraryError,
    LibraryNotFoundError,
    Paper,
    PaperNotFoundError,
    QuestionError,
    RagError,
    Settings,
    StorageError,
)
from rag.index.paper_index import PaperIndex
from rag.library.doctor import diagnose

if TYPE_CHECKING:
    from collections.abc import Iterator


def test_the_fixture_papers_come_in_as_they_are(library: Library, records: list[Any]) -> None:
    papers = {paper.id: paper for paper in library.papers()}
    assert len(library) == len(papers) == 12
    for record in records:
        paper = papers[record["id"]]
        for name, value in record.items():
            found = getattr(paper, name)
            assert (list(found) if isinstance(found, tuple) else found) == value


def test_two_sources_of_one_paper_are_both_listed(library: Library) -> None:
    assert library.paper("9907.00007").sources == ("data/page.txt", "data/papers.jsonl")
    assert library.paper("pmid:9990004").sources == ("data/papers.jsonl",)


def test_what_only_the_page_says_is_filled_in(library: Library) -> None:
    bounds = library.paper("arxiv:9911.00011")
    assert (bounds.author_count, bounds.date) == (1, "2021-11-05")
    robots = library.paper("arxiv:9910.00010")
    assert (robots.date, robots.year, robots.author_count) == ("--01-23", None, 5)


def test_papers_are_in_order_of_id(library: Library) -> None:
    ids = [paper.id for paper in library.papers()]
    assert ids == sorted(ids)


@pytest.mark.parametrize(
    "name",
    [
        "arxiv:9911.00011",
        "9911.00011",
        "9911.00011v2",
        "https://arxiv.org/abs/9911.00011",
        " arXiv:9911.00011 ",
    ],
)
def test_a_paper_by_every_name_it_has(library: Library, name: str) -> None:
    assert library.paper(name).title == "Bounds on the Price of Fair Queues"


def test_a_paper_by_its_doi(library: Library) -> None:
    assert library.paper("https://doi.org/10.5555/OVEN.2020.7").venue == "Food Instruments Letters"


@pytest.mark.parametrize("name", ["arxiv:9911", "x:1", "", " ", "Bounds", "\x00", "%", "x" * 9_000])
def test_an_unknown_paper(library: Library, name: str) -> None:
    with pytest.raises(PaperNotFoundError) as caught:
        library.paper(name)
    assert caught.value.hint


def test_an_id_half_typed_is_completed_in_the_hint(library: Library) -> None:
    with pytest.raises(PaperNotFoundError) as caught:
        library.paper("arxiv:991")
    assert "arxiv:9910.00010" in caught.value.hint


@pytest.mark.parametrize("question", ["", "  ", "\n\t", "\x00", "\u200b"])
def test_an_empty_question_is_refused(library: Library, question: str) -> None:
    for use in (library.search, library.ask):
        with pytest.raises(QuestionError, match="empty"):
            use(question)


def test_a_question_that_is_a_whole_paper_is_refused(library: Library) -> None:
    for use in (
        library.ask,
        library.stream,
        library.search,
        library.chat().ask,
        lambda question: library.evidence(question, ["arxiv:9911.00011"]),
        library.as_retriever().retrieve,
        library.as_query_engine().query,
    ):
        with pytest.raises(QuestionError, match="4,001 characters"):
            use("x" * 4_001)
    assert library.ask("x" * 4_000).abstained


def test_removing_papers(storage: Path, model_cache: Path) -> None:
    settings = Settings(storage=storage, cache=model_cache)
    with Library(settings=settings) as library:
        removed = library.remove("9907.00007", "pmid:9990004")
        assert [paper.id for paper in removed] == ["arxiv:9907.00007", "pmid:9990004"]
        assert len(library) == 10
        for k in (5, 50):
            found = {hit.paper.id for hit in library.search("gated memory rubidium", k)}
            assert not found & {"arxiv:9907.00007", "pmid:9990004"}
        with pytest.raises(PaperNotFoundError):
            library.paper("pmid:9990004")
    assert all(check.ok for check in diagnose(settings))
    with Library(settings=settings) as library:
        assert len(library) == 10


def test_removing_is_all_or_nothing(tiny_library: Library, data: Path) -> None:
    tiny_library.add(data / "papers.jsonl")
    with pytest.raises(PaperNotFoundError):
        tiny_library.remove("pmid:9990004", "x:none")
    assert len(tiny_library) == 12


def test_naming_a_paper_twice_removes_it_once(tiny_library: Library, data: Path) -> None:
    tiny_library.add(data / "papers.jsonl")
    assert [paper.id for paper in tiny_library.remove("9911.00011", "arxiv:9911.00011")] == [
        "arxiv:9911.00011"
    ]
    assert len(tiny_library) == 11


def test_a_removed_paper_can_be_added_again(tiny_library: Library, data: Path) -> None:
    tiny_library.add(data / "papers.jsonl")
    tiny_library.remove("pmid:9990004")
    report = tiny_library.add(data / "papers.jsonl")
    assert (report.added, report.unchanged) == (1, 11)
    assert tiny_library.search("rubidium", 12)


def test_a_library_whose_papers_were_all_removed(tiny_library: Library, data: Path) -> None:
    tiny_library.add(data / "page.txt")
    tiny_library.remove(*(paper.id for paper in tiny_library.papers()))
    assert len(tiny_library) == 0
    with pytest.raises(LibraryError, match="no papers"):
        tiny_library.search("bees")
    assert tiny_library.add(data / "page.txt").added == 6
    assert len(tiny_library.search("whales", 6)) == 6


def test_status(library: Library) -> None:
    status = library.status()
    assert status["papers"] == 12
    assert status["chunks"] == 13
    assert status["dimension"] == 384
    assert status["embedder"].startswith("all-MiniLM-L6-v2-")
    assert status["chroma"] == "embedded"


def test_everything_is_diagnosed_as_well(library: Library) -> None:
    checks = diagnose(library.settings)
    assert {"versions", "embedding model", "library"} <= {check.name for check in checks}
    assert [check for check in checks if not check.ok] == []


# --- opening --------------------------------------------------------------------------------


def test_opening_reads_and_writes_nothing(tmp_path: Path) -> None:
    Library(tmp_path / "storage")
    assert list(tmp_path.iterdir()) == []


def test_a_library_that_is_not_there(tmp_path: Path) -> None:
    library = Library(tmp_path / "storage")
    for use in (
        lambda: list(library.papers()),
        lambda: library.paper("x:1"),
        lambda: library.search("bees"),
        lambda: library.ask("What do bees do?"),
        lambda: library.remove("x:1"),
        library.rebuild,
        library.status,
        library.as_retriever,
        library.as_query_engine,
    ):
        with pytest.raises(LibraryNotFoundError, match="no library") as caught:
            use()
        assert "rag add" in caught.value.hint
    assert list(tmp_path.iterdir()) == []


def test_a_library_without_papers_is_a_library(tiny_library: Library, data: Path) -> None:
    folder = tiny_library.settings.storage
    assert bool(tiny_library)
    assert len(tiny_library) == 0
    assert not folder.exists()
    tiny_library.add(data / "page.txt")
    tiny_library.remove(*(paper.id for paper in tiny_library.papers()))
    assert bool(tiny_library)
    assert len(tiny_library) == 0
    assert folder.exists()


def test_input_without_papers_makes_no_library(tmp_path: Path) -> None:
    (tmp_path / "empty.txt").write_text("")
    report = Library(tmp_path / "storage").add(tmp_path / "empty.txt", tmp_path / "missing")
    assert len(report.rejected) == 2
    assert not (tmp_path / "storage").exists()


def test_a_folder_that_holds_something_else_is_left_alone(tmp_path: Path, data: Path) -> None:
    other = tmp_path / "photos"
    other.mkdir()
    (other / "cat.jpg").write_bytes(b"a cat")
    with pytest.raises(StorageError, match="something else") as caught:
        Library(other).add(data / "page.txt")
    assert "--storage" in caught.value.hint
    assert [path.name for path in other.iterdir()] == ["cat.jpg"]


def test_a_readme_in_the_folder_is_no_hindrance(tiny_settings: Settings, data: Path) -> None:
    tiny_settings.storage.mkdir()
    (tiny_settings.storage / "README.md").write_text("Papers go here.")
    with Library(settings=tiny_settings) as library:
        assert library.add(data / "page.txt").added == 6


def test_a_storage_that_is_a_file(tmp_path: Path, data: Path) -> None:
    file = tmp_path / "storage"
    file.write_text("a file")
    for use in (lambda: Library(file).add(data / "page.txt"), lambda: len(Library(file))):
        with pytest.raises(StorageError, match="file") as caught:
            use()
        assert caught.value.hint
    assert file.read_text() == "a file"


def test_a_storage_below_a_file(tmp_path: Path, data: Path) -> None:
    (tmp_path / "file").write_text("a file")
    with pytest.raises(StorageError):
        Library(tmp_path / "file" / "storage").add(data / "page.txt")


def test_an_unknown_format(tmp_path: Path, data: Path) -> None:
    with pytest.raises(LibraryError, match="pages") as caught:
        Library(tmp_path / "storage").add(data / "page.txt", format="pages")
    assert "jsonl" in caught.value.hint
    assert not (tmp_path / "storage").exists()


def test_an_embedder_that_is_missing_leaves_no_papers_behind(tmp_path: Path, data: Path) -> None:
    settings = Settings(storage=tmp_path / "storage", embedder=str(tmp_path / "nowhere"))
    with Library(settings=settings) as library:
        with pytest.raises(EmbedderError):
            library.add(data / "page.txt")
        with pytest.raises(RagError):
            library.search("bees")


def test_a_closed_library_opens_again(tiny_library: Library, data: Path) -> None:
    tiny_library.add(data / "page.txt")
    tiny_library.close()
    tiny_library.close()
    assert len(tiny_library) == 6
    assert len(tiny_library.search("whales", 2)) == 2


def test_the_index_is_refreshed_once_a_question(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    refreshed: list[PaperIndex] = []
    refresh = PaperIndex.refresh
    monkeypatch.setattr(PaperIndex, "refresh", lambda i: (refreshed.append(i), refresh(i)))
    chat = library.chat()
    for use in (
        lambda: library.search("whales"),
        lambda: library.ask("How are blue whales counted?"),
        lambda: chat.ask("How are blue whales counted?"),
        lambda: chat.ask("And who trains on so few minutes of it?"),  # reads cited papers again
        lambda: asyncio.run(library.aask("How are blue whales counted?")),
    ):
        refreshed.clear()
        use()
        assert len(refreshed) == 1
    assert chat.understood.startswith("How are")


def test_what_another_process_adds_is_found_at_the_next_question(
    tiny_settings: Settings, data: Path
) -> None:
    with Library(settings=tiny_settings) as one, Library(settings=tiny_settings) as other:
        one.add(data / "page.txt")
        retriever, engine, chat = one.as_retriever(k=12), one.as_query_engine(), one.chat()
        assert len(retriever.retrieve("rubidium clocks")) == 6
        other.add(data / "papers.jsonl")
        assert len(retriever.retrieve("rubidium clocks")) == 12
        other.remove(*(paper.id for paper in one.papers()))
        for use in (retriever.retrieve, engine.query, chat.ask, one.ask):
            with pytest.raises(LibraryError, match="no papers"):
                use("rubidium clocks")


def test_two_libraries_side_by_side(tiny_settings: Settings, tmp_path: Path, data: Path) -> None:
    other = tiny_settings.model_copy(update={"storage": tmp_path / "other"})
    with Library(settings=tiny_settings) as one, Library(settings=other) as two:
        one.add(data / "page.txt")
        two.add(data / "papers.jsonl")
        assert (len(one), len(two)) == (6, 12)


def test_a_storage_may_be_moved(tiny_settings: Settings, tmp_path: Path, data: Path) -> None:
    with Library(settings=tiny_settings) as library:
        library.add(data / "papers.jsonl")
        found = [hit.paper for hit in library.search("bees", 12)]
    moved = tmp_path / "a folder with spaces and ümlauts"
    shutil.move(tiny_settings.storage, moved)
    with Library(moved, settings=tiny_settings) as library:
        assert [hit.paper for hit in library.search("bees", 12)] == found


def test_many_threads_may_ask_at_once(library: Library) -> None:
    questions = [f"What does paper number {number} say about bees?" for number in range(8)]
    expected = [[hit.paper.id for hit in library.search(question, 5)] for question in questions]
    found: dict[int, list[str]] = {}

    def ask(number: int) -> None:
        found[number] = [hit.paper.id for hit in library.search(questions[number], 5)]

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [found[number] for number in range(8)] == expected


def test_errors_say_what_to_do_on_a_second_line() -> None:
    assert str(RagError("It broke.", hint="Mend it.")) == "It broke.\nMend it."
    assert str(RagError("It broke.")) == "It broke."


# --- a Chroma server ------------------------------------------------------------------------


@pytest.fixture(scope="module")
def chroma_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    folder = tmp_path_factory.mktemp("server")
    server = subprocess.Popen(
        [
            Path(sys.executable).with_name("chroma"),
            *("run", "--path", str(folder), "--host", "127.0.0.1", "--port", str(port)),
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        for _ in range(600):
            try:
                with urllib.request.urlopen(f"{url}/api/v2/heartbeat", timeout=5):
                    break
            except (urllib.error.URLError, ConnectionError):
                assert server.poll() is None, "the server stopped"
                time.sleep(0.1)
        yield url
    finally:
        server.terminate()
        server.wait(timeout=30)


@pytest.fixture
def remote(
    chroma_url: str, tiny_settings: Settings, request: pytest.FixtureRequest
) -> Iterator[Settings]:
    name = request.node.name[:60]
    yield tiny_settings.model_copy(update={"chroma_url": chroma_url, "collection": name})
    gc.collect()


# Chroma's client leaves its connection to the garbage collector.
LEAVES_CONNECTION = pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")


@pytest.mark.slow
@LEAVES_CONNECTION
def test_a_library_on_a_server(remote: Settings, data: Path) -> None:
    with Library(settings=remote) as library:
        assert library.add(data / "papers.jsonl", data / "page.txt").added == 12
        assert library.add(data / "papers.jsonl").unchanged == 12
        expected = list(library.papers())
        assert library.search("Honeybee Routing", 12)[0].passage.text
        library.remove("pmid:9990004")
        assert library.status()["chroma"] == remote.chroma_url
    assert not (remote.storage / "chroma").exists()
    assert all(check.ok for check in diagnose(remote))
    elsewhere = remote.model_copy(update={"storage": remote.storage.parent / "elsewhere"})
    with Library(settings=elsewhere) as library:  # another machine: nothing but the address
        assert list(library.papers()) == [p for p in expected if p.id != "pmid:9990004"]
        assert len(library.search("bees", 12)) == 11


@pytest.mark.slow
@LEAVES_CONNECTION
def test_two_machines_on_one_server_see_each_other(remote: Settings, data: Path) -> None:
    elsewhere = remote.model_copy(update={"storage": remote.storage.parent / "elsewhere"})
    with Library(settings=remote) as one, Library(settings=elsewhere) as two:
        one.add(data / "page.txt")
        assert len(two) == 6
        two.add(data / "papers.jsonl")
        assert len(one.search("rubidium", 12)) == 12
        assert len(one) == 12


def test_a_server_that_does_not_answer(tiny_settings: Settings, data: Path) -> None:
    settings = tiny_settings.model_copy(update={"chroma_url": "http://127.0.0.1:9"})
    with Library(settings=settings) as library, pytest.raises(StorageError, match=r"\.0\.1:9"):
        library.add(data / "page.txt")
    checks = {check.name: check.ok for check in diagnose(settings)}
    assert checks["library"] is False


def test_papers_as_json(library: Library) -> None:
    values = json.loads(json.dumps([paper.as_dict() for paper in library.papers()]))
    assert [Paper.from_dict(value) for value in values] == list(library.papers())
