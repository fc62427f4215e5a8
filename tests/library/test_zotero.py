"""A collection of Zotero's, there and back, against a server that behaves as its API does."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from servers.zotero_server import KEY, ZoteroServer

from rag import Library, Paper, Settings
from rag.errors import LibraryError
from rag.library import zotero as writing
from rag.sources import Rejection, read_sources
from rag.sources.web import Web, client

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

ONE = Paper(
    id="arxiv:2409.91001",
    title="On $O(n^2)$ & 50% of {BERT}: a<b",
    abstract="BACKGROUND: p < 0.05.",
    authors=("Ana Costa", "Martin Luther King Jr.", "ATLAS Collaboration", "山田 太郎"),
    author_count=9,
    date="2024-09-03",
    year=2024,
    venue="Journal of A & B",
    url="https://arxiv.org/abs/2409.91001",
    doi="10.5555/a_(b)",
    arxiv_id="2409.91001",
    sources=("zotero",),
    other_ids=("openalex:W12", "pmid:7"),
    retracted=True,
    key="Costa2024",
)
TWO = Paper(
    id="title:tides-a1b2c3",
    title="Tides",
    abstract="Water rises.",
    venue="NeurIPS 2023",
    date="--02-29",
    sources=("zotero",),
)


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What would have been waited for, in seconds."""
    waited: list[float] = []
    for module in (client, writing):
        monkeypatch.setattr(
            module, "_sleep", lambda seconds: waited.append(seconds) if seconds > 0 else None
        )
    return waited


@pytest.fixture
def zotero(waits: list[float], monkeypatch: pytest.MonkeyPatch) -> Iterator[ZoteroServer]:
    """The server, with its key in the environment."""
    monkeypatch.setenv("ZOTERO_API_KEY", KEY)
    with ZoteroServer() as server:
        yield server


@pytest.fixture
def settings(zotero: ZoteroServer, tiny_settings: Settings, tmp_path: Path) -> Settings:
    """Settings under which Zotero is the server."""
    changed = {
        "cache": tmp_path / "cache",
        "web_addresses": {"zotero": zotero.url},
        "web_private_hosts": ("127.0.0.1",),
    }
    return tiny_settings.model_copy(update=changed)


@pytest.fixture
def read(settings: Settings) -> Callable[[str], list[Any]]:
    """Return a function that reads a source."""

    def run(source: str) -> list[Any]:
        with Web(settings) as web:
            return list(read_sources([source], web=web))

    return run


def send(settings: Settings, *papers: Paper, to: str = "zotero:ABCD2345") -> dict[str, Any]:
    return writing.send_papers(papers, to, settings).as_dict()


def test_papers_go_there_and_come_back(
    zotero: ZoteroServer, settings: Settings, read: Callable[[str], list[Any]]
) -> None:
    assert send(settings, ONE, TWO) == {"sent": 2, "present": 0, "failed": []}
    assert [one["itemType"] for one in zotero.items] == ["journalArticle", "conferencePaper"]
    assert read("zotero:ABCD2345") == [ONE, TWO]
    assert read("zotero:EFGH2345")[0].reason == "Zotero has no papers for it"


def test_what_is_there_is_not_sent_again(zotero: ZoteroServer, settings: Settings) -> None:
    send(settings, ONE)
    other = replace(ONE, id="doi:10.5555/a_(b)", title="Called Otherwise")
    assert send(settings, other, TWO) == {"sent": 1, "present": 1, "failed": []}
    assert len(zotero.items) == 2


def test_a_collection_is_found_by_its_name(
    zotero: ZoteroServer, settings: Settings, read: Callable[[str], list[Any]]
) -> None:
    send(settings, TWO, to="zotero:thesis")
    assert read('zotero:"Thesis"') == [replace(TWO, sources=('zotero:"Thesis"',))]
    with pytest.raises(LibraryError, match="no collection 'Novel'") as caught:
        send(settings, TWO, to="zotero:Novel")
    assert "Other, Thesis" in caught.value.hint
    zotero.collections["IJKL2345"] = "Thesis"
    with pytest.raises(LibraryError, match="2 collections named") as caught:
        send(settings, TWO, to="zotero:Thesis")
    assert "IJKL2345" in caught.value.hint


def test_long_collections_are_read_and_written_page_by_page(
    zotero: ZoteroServer, settings: Settings, read: Callable[[str], list[Any]]
) -> None:
    papers = [replace(TWO, id=f"pmid:{n}", title=f"Tide {n}") for n in range(1, 231)]
    assert send(settings, *papers)["sent"] == 230
    posted = [one for one in zotero.requests if one[0] == "POST"]
    assert len(posted) == 5
    assert [one.title for one in read("zotero:ABCD2345")] == [one.title for one in papers]
    zotero.page = 40  # of fewer than were asked for, `Link` still leads on
    assert send(settings, *papers) == {"sent": 0, "present": 230, "failed": []}


def test_attachments_and_notes_are_no_papers(
    zotero: ZoteroServer, read: Callable[[str], list[Any]]
) -> None:
    zotero.add("ABCD2345", itemType="attachment", title="Full Text PDF")
    zotero.add("ABCD2345", itemType="note", note="Read it.")
    zotero.add("ABCD2345", itemType="book", title="A Book of Tides", date="2001")
    (paper,) = read("zotero:ABCD2345")
    assert (paper.title, paper.year) == ("A Book of Tides", 2001)


def test_without_a_key_it_says_where_one_goes(
    zotero: ZoteroServer,
    settings: Settings,
    read: Callable[[str], list[Any]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("ZOTERO_API_KEY")
    (rejection,) = read("zotero:ABCD2345")
    assert isinstance(rejection, Rejection)
    assert "403" in rejection.reason
    assert "ZOTERO_API_KEY" in rejection.reason
    with pytest.raises(LibraryError, match="403") as caught:
        send(settings, ONE)
    assert "ZOTERO_API_KEY" in caught.value.hint
    assert not zotero.items


def test_the_key_is_never_kept(
    zotero: ZoteroServer, settings: Settings, read: Callable[[str], list[Any]]
) -> None:
    send(settings, ONE)
    read("zotero:ABCD2345")
    files = [path for path in settings.cache.rglob("*") if path.is_file()]
    assert files
    assert not [path for path in files if KEY.encode() in path.read_bytes()]
    assert all(headers["Zotero-API-Version"] == "3" for _, _, headers in zotero.requests)


def test_it_slows_down_when_asked(
    zotero: ZoteroServer,
    settings: Settings,
    read: Callable[[str], list[Any]],
    waits: list[float],
) -> None:
    zotero.headers = [{"Backoff": "7"}]
    read("zotero:ABCD2345")
    assert any(6 < wait <= 7 for wait in waits)
    waits.clear()
    zotero.headers = [{"Backoff": "9"}, {}, {"Retry-After": "11"}]
    zotero.statuses = [429]
    assert send(settings, ONE)["sent"] == 1
    assert any(8 < wait <= 9 for wait in waits)
    assert any(10 < wait <= 11 for wait in waits)
    zotero.statuses = [503] * 9
    with pytest.raises(LibraryError, match="503"):
        send(settings, TWO)
    assert len(zotero.items) == 1


def test_a_library_that_changes_meanwhile_gets_nothing_twice(
    zotero: ZoteroServer, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    item = writing.zotero_item

    def somebody_is_faster(paper: Paper, collections: list[str]) -> dict[str, Any]:
        if not zotero.items:
            zotero.add("ABCD2345", itemType="preprint", title="Else", extra="arXiv: 2409.91001")
        return item(paper, collections)

    monkeypatch.setattr(writing, "zotero_item", somebody_is_faster)
    assert send(settings, ONE, TWO) == {"sent": 1, "present": 1, "failed": []}
    assert [one["title"] for one in zotero.items] == ["Else", "Tides"]
    zotero.statuses = [412] * 9
    with pytest.raises(LibraryError, match="being changed"):
        send(settings, replace(TWO, id="pmid:1", title="Ebb"))


def test_what_zotero_refuses_is_reported(zotero: ZoteroServer, settings: Settings) -> None:
    zotero.refuses = "Refuse me"
    refused = replace(TWO, id="pmid:1", title="Refuse me")
    assert send(settings, refused, ONE) == {
        "sent": 1,
        "present": 0,
        "failed": [("pmid:1", "abstractNote too long")],
    }


def test_the_program_on_this_machine_reads_and_takes_nothing(
    zotero: ZoteroServer,
    settings: Settings,
    read: Callable[[str], list[Any]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("ZOTERO_API_KEY")
    zotero.is_program = True
    zotero.add("ABCD2345", itemType="preprint", title="Ebb")
    assert [one.title for one in read("zotero:ABCD2345")] == ["Ebb"]
    with pytest.raises(LibraryError, match="takes no papers") as caught:
        send(settings, ONE)
    assert "web API" in caught.value.hint


@pytest.mark.parametrize("target", ["ABCD2345", "zotero:", "mendeley:ABCD2345", 'zotero:""'])
def test_other_targets_are_refused(settings: Settings, target: str) -> None:
    with pytest.raises(LibraryError, match="can't be sent") as caught:
        send(settings, ONE, to=target)
    assert "zotero:ABCD2345" in caught.value.hint


def test_other_collections_and_servers_are_errors(settings: Settings) -> None:
    with pytest.raises(LibraryError, match="no such collection"):
        send(settings, ONE, to="zotero:ZZZZ9999")
    elsewhere = settings.model_copy(update={"web_addresses": {"zotero": "http://127.0.0.1:9"}})
    with pytest.raises(LibraryError, match="can't be reached"):
        send(elsewhere, ONE)
    with pytest.raises(LibraryError, match="private network") as caught:
        send(settings.model_copy(update={"web_private_hosts": ()}), ONE)
    assert "web_private_hosts" in caught.value.hint


def test_the_library_sends_and_adds(zotero: ZoteroServer, settings: Settings) -> None:
    with Library(settings=settings) as library:
        library.add_papers([ONE, TWO])
        assert library.send("zotero:Thesis", ONE.id).sent == 1
        assert library.send("zotero:Thesis").as_dict() == {"sent": 1, "present": 1, "failed": []}
        report = library.add("zotero:ABCD2345")
        assert (report.read, report.added, report.rejected) == (2, 0, [])
