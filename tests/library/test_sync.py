"""The sources of a library are read again: what came in, changed, was retracted, or is gone."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import pytest
from filelock import FileLock
from servers.web_server import Sent, WebServer
from web_payloads import (
    ATOM,
    arxiv_feed,
    as_json,
    crossref_work,
    daily,
    openalex_page,
    openalex_work,
)

from rag import Library, LibraryError, StorageError
from rag.sources.web import all_services, client

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rag import Settings

NAMES = [name for service in all_services() for name in service.addresses]


@pytest.fixture
def web(monkeypatch: pytest.MonkeyPatch) -> Iterator[WebServer]:
    """A server in the place of all services, of which nobody has to wait for."""
    monkeypatch.setattr(client, "_sleep", lambda _: None)
    with WebServer() as server:
        yield server


@pytest.fixture
def library(web: WebServer, tiny_settings: Settings) -> Iterator[Library]:
    """An empty library whose services are the server."""
    values = web.settings(*NAMES) | {"web_retries": 0}
    # The cache of models is shared by all tests; that of answers must not be.
    shutil.rmtree(tiny_settings.cache / "web", ignore_errors=True)
    with Library(settings=tiny_settings.model_copy(update=values)) as opened:
        yield opened


def write(path: Path, *numbers: int, **values: Any) -> Path:
    """Write a file of papers."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [
        json.dumps(
            {
                "title": f"Moss and stone, letter {number}",
                "abstract": f"Moss number {number} grew.",
                "doi": f"10.5555/moss.{number}",
                **values,
            }
        )
        for number in numbers
    ]
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


def dois(papers: Any) -> list[str]:
    return sorted(paper.doi for paper in papers)


# --- files and folders ----------------------------------------------------------------------


def test_a_watched_folder(library: Library, tmp_path: Path) -> None:
    folder = tmp_path / "papers"
    write(folder / "a.jsonl", 1, 2)
    library.add(folder)
    assert not library.sync().has_news
    write(folder / "a.jsonl", 1, 2, venue="Journal of Moss")
    write(folder / "deep" / "b.jsonl", 3)
    trial = library.sync(dry_run=True)
    assert dois(trial.added) == ["10.5555/moss.3"]
    assert trial.dry_run
    assert len(library) == 2
    report = library.sync()
    assert dois(report.added) == ["10.5555/moss.3"]
    assert [(one.paper.doi, one.fields) for one in report.changed] == [
        ("10.5555/moss.1", ("venue",)),
        ("10.5555/moss.2", ("venue",)),
    ]
    assert trial.as_dict() | {"dry_run": False} == report.as_dict()
    assert library.paper("10.5555/moss.1").venue == "Journal of Moss"
    assert not library.sync().has_news


def test_nothing_new_changes_nothing(library: Library, tmp_path: Path) -> None:
    library.add(write(tmp_path / "a.jsonl", 1, 2))
    index = library._parts.index()
    before = index.catalog.fact("revision")
    report = library.sync()
    assert report.read == 2
    assert not report.has_news
    assert index.catalog.fact("revision") == before


def test_two_sources_that_differ_come_to_rest(library: Library, tmp_path: Path) -> None:
    library.add(write(tmp_path / "a.jsonl", 1, venue="A"))
    library.add(write(tmp_path / "b.jsonl", 1, venue="B"))
    assert not library.sync().has_news
    assert library.paper("10.5555/moss.1").venue == "A"  # the first one stays


def test_papers_that_are_gone_are_told_once_and_kept(library: Library, tmp_path: Path) -> None:
    folder = tmp_path / "papers"
    write(folder / "a.jsonl", 1, 2)
    write(folder / "b.jsonl", 3)
    library.add(folder)
    write(folder / "a.jsonl", 1)
    (folder / "b.jsonl").unlink()
    report = library.sync()
    assert dois(one.paper for one in report.gone) == ["10.5555/moss.2", "10.5555/moss.3"]
    assert report.gone[0].sources == ("papers/a.jsonl",)
    assert report.has_news
    again = library.sync()
    assert all(one.said_before for one in again.gone)
    assert not again.has_news
    assert len(library) == 3
    trial = library.sync(remove_missing=True, dry_run=True)
    assert len(trial.removed) == 2
    assert len(library) == 3
    assert dois(library.sync(remove_missing=True).removed) == ["10.5555/moss.2", "10.5555/moss.3"]
    assert dois(library.papers()) == ["10.5555/moss.1"]
    assert not library.sync(remove_missing=True).has_news


def test_what_is_also_elsewhere_is_not_removed(library: Library, tmp_path: Path) -> None:
    library.add(write(tmp_path / "watched" / "a.jsonl", 1, 2))
    library.add(write(tmp_path / "once" / "b.jsonl", 2), remember=False)
    write(tmp_path / "watched" / "a.jsonl", 1)
    report = library.sync(remove_missing=True)
    (gone,) = report.gone
    assert gone.elsewhere == ("once/b.jsonl",)
    assert report.removed == []
    assert len(library) == 2


def test_a_disk_that_is_not_there_takes_no_papers_along(library: Library, tmp_path: Path) -> None:
    folder = tmp_path / "papers"
    write(folder / "a.jsonl", 1, 2)
    library.add(folder)
    (folder / "a.jsonl").unlink()
    report = library.sync(remove_missing=True)
    assert report.gone == report.removed == []
    assert [one.reason for one in report.rejected] == ["the folder holds no files"]
    assert not library.sync(remove_missing=True).has_news, "it was said"
    folder.rmdir()
    assert library.sync(remove_missing=True).rejected[0].reason == "no such file or folder"
    assert len(library) == 2


def test_a_damaged_file_takes_no_papers_along(library: Library, tmp_path: Path) -> None:
    folder = tmp_path / "papers"
    write(folder / "a.jsonl", 1)
    write(folder / "b.jsonl", 2)
    library.add(folder)
    (folder / "b.jsonl").write_bytes(b"\x00\x01\x02" * 50)
    report = library.sync(remove_missing=True)
    assert report.removed == []
    assert len(report.rejected) == 1
    assert len(library) == 2


def test_files_of_one_name_are_not_taken_for_each_other(library: Library, tmp_path: Path) -> None:
    library.add(write(tmp_path / "x" / "data" / "a.jsonl", 1))
    library.add(write(tmp_path / "y" / "data" / "a.jsonl", 2))
    report = library.sync(str(tmp_path / "x" / "data" / "a.jsonl"), remove_missing=True)
    assert report.gone == []
    assert library.sync(remove_missing=True).gone == []


def test_what_was_rejected_is_said_once(library: Library, tmp_path: Path) -> None:
    file = write(tmp_path / "a.jsonl", 1)
    good = file.read_text()
    file.write_text(good + "not json\n")
    assert library.add(file).rejected_count == 1
    assert not library.sync().has_news
    file.write_text(good + "not json\n" + "nor this\n")
    assert [one.place for one in library.sync().rejected] == ["line 3"]
    assert not library.sync().has_news


# --- the web --------------------------------------------------------------------------------


def test_a_search_is_asked_again(library: Library, web: WebServer) -> None:
    web.on("/api/query", arxiv_feed(["2403.00001"]), kind=ATOM)
    library.add("arxiv:tides")
    assert [one.source for one in library.sources()] == ['arxiv:"tides"']
    web.on("/api/query", arxiv_feed(["2403.00002", "2403.00001"]), kind=ATOM)
    report = library.sync()
    assert [paper.id for paper in report.added] == ["arxiv:2403.00002"]
    web.on("/api/query", arxiv_feed(["2403.00002"]), kind=ATOM)
    (gone,) = library.sync().gone
    assert gone.paper.id == "arxiv:2403.00001"
    assert gone.sources == ('arxiv:"tides"',)


def test_a_search_that_was_cut_says_nothing_of_what_is_gone(
    library: Library, web: WebServer
) -> None:
    web.on("/api/query", arxiv_feed(["2403.00001"], total=5), kind=ATOM)
    report = library.add("arxiv:tides", limit=1)
    assert report.notes == ['arxiv:"tides": the first 1 of 5 papers were read.']
    assert library.sources()[0].limit == 1
    web.on("/api/query", arxiv_feed(["2403.00002"], total=6), kind=ATOM)
    report = library.sync(remove_missing=True)
    assert web.requests[-1].params["max_results"] == "1"
    assert len(report.added) == 1
    assert report.gone == []


def test_papers_by_id_are_asked_for_together(library: Library, web: WebServer) -> None:
    web.on("/api/query", lambda got: Sent(
        body=arxiv_feed(got.params["id_list"].split(",")[:2]), kind=ATOM
    ))  # fmt: skip
    library.add("arxiv:2403.00001")
    library.add("https://arxiv.org/abs/2403.00002")
    assert library.sync().has_news is False
    assert web.requests[-1].params["id_list"] == "2403.00002,2403.00001"
    library.add("arxiv:2403.00003")
    report = library.sync(remove_missing=True)
    assert [(one.place, one.reason) for one in report.rejected] == [
        ("arxiv:2403.00001", "arXiv has no such paper")
    ]
    assert report.removed == []
    assert library.sync().rejected == []
    assert len(library) == 3


def test_a_paper_that_was_retracted_since(library: Library, web: WebServer) -> None:
    def crossref(*, retracted: bool) -> bytes:
        return as_json({"message": crossref_work("10.5555/oil.1", retracted=retracted)})

    web.on("/works/10.5555/oil.1", crossref(retracted=False))
    library.add("doi:10.5555/oil.1")
    assert not library.paper("10.5555/oil.1").retracted
    web.on("/works/10.5555/oil.1", crossref(retracted=True))
    assert [paper.heading for paper in library.sync(dry_run=True).retracted] == [
        "RETRACTED: Olive oil and heart 1"
    ]
    assert not library.paper("10.5555/oil.1").retracted
    assert dois(library.sync().retracted) == ["10.5555/oil.1"]
    assert library.paper("10.5555/oil.1").retracted
    assert not library.sync().has_news


def test_retractions_of_papers_from_files(library: Library, web: WebServer, tmp_path: Path) -> None:
    library.add(write(tmp_path / "a.jsonl", *range(60)))
    count = len(web.requests)
    assert not library.sync().has_news
    assert len(web.requests) == count, "the web is only asked for what was asked of it"

    def retracted(got: Any) -> Sent:
        assert got.params["filter"].endswith(",is_retracted:true")
        known = "10.5555/moss.7" in got.params["filter"].removeprefix("doi:").partition(",")[
            0
        ].split("|")
        works = [openalex_work(7, retracted=True, doi="10.5555/moss.7")] if known else []
        return Sent(body=openalex_page(works, len(works), None))

    web.on("/works", retracted)
    report = library.sync(retractions=True)
    assert dois(report.retracted) == ["10.5555/moss.7"]
    assert len(web.requests) == count + 2, "fifty at a time"
    paper = library.paper("10.5555/moss.7")
    assert paper.heading == "RETRACTED: Moss and stone, letter 7"
    assert paper.abstract == "Moss number 7 grew."
    assert not library.sync(retractions=True).has_news


def test_a_service_that_fails_is_told_and_keeps_nothing_out(
    library: Library, web: WebServer, tmp_path: Path
) -> None:
    web.on("/api/daily_papers", daily(["2606.00001"]))
    library.add("daily-papers:2026-06-12")
    file = write(tmp_path / "a.jsonl", 1)
    library.add(file)
    write(file, 1, 2)
    web.on("/api/daily_papers", b"", status=500)
    report = library.sync(remove_missing=True)
    assert dois(report.added) == ["10.5555/moss.2"]
    assert [one.reason for one in report.failed] == ["Hugging Face is busy (it answered 500)"]
    assert report.gone == []
    assert library.sync().failed, "as long as it fails, it is told"


def test_adding_says_what_broke_off(library: Library, web: WebServer) -> None:
    web.on("/api/daily_papers", daily(["2606.00001"]), Sent(status=500))
    report = library.add("daily-papers:2026-06-11..2026-06-12")
    assert report.added == 1
    assert [one.place for one in report.rejected] == ["2026-06-11"]


# --- the list of sources --------------------------------------------------------------------


def test_what_is_remembered(library: Library, tmp_path: Path, web: WebServer) -> None:
    file = write(tmp_path / "a.jsonl", 1)
    library.add(file, tmp_path / "missing.bib", "arxiv:2403.00001")
    library.add(write(tmp_path / "b.jsonl", 2), remember=False)
    library.add(file)
    assert [one.source for one in library.sources()] == [str(file)]
    with pytest.raises(LibraryError, match="no source 'nothing'"):
        library.forget("nothing")
    library.forget(file)
    assert library.sources() == []
    with pytest.raises(LibraryError, match="has no sources that could be read again"):
        library.sync()
    assert len(library) == 2


def test_options_are_remembered(library: Library, tmp_path: Path) -> None:
    table = tmp_path / "a.csv"
    table.write_text("Bezeichnung,Inhalt\nMoos,Moos wuchs.\n")
    columns = {"title": "Bezeichnung", "abstract": "Inhalt"}
    library.add(table, format="csv", columns=columns)
    table.write_text("Bezeichnung,Inhalt\nMoos,Moos wuchs.\nStein und Moos,Der Stein lag.\n")
    assert [paper.title for paper in library.sync().added] == ["Stein und Moos"]


def test_the_list_may_be_lost_and_says_where_it_is_damaged(
    library: Library, tmp_path: Path
) -> None:
    file = write(tmp_path / "a.jsonl", 1)
    library.add(file)
    listed = library.settings.storage / "sources.json"
    listed.write_text("{")
    with pytest.raises(StorageError, match=r"sources\.json can't be read"):
        library.sync()
    listed.unlink()
    assert library.sources() == []
    assert len(library) == 1
    library.add(file)
    assert not library.sync().has_news


def test_one_sync_at_a_time(library: Library, tmp_path: Path) -> None:
    library.add(write(tmp_path / "a.jsonl", 1))
    running = FileLock(library.settings.storage / ".sync.lock")
    with running, pytest.raises(LibraryError, match="Another sync of this library is running"):
        library.sync()
    assert not library.sync().has_news


def test_the_library_is_free_while_services_are_asked(
    library: Library, tmp_path: Path, web: WebServer
) -> None:
    """Whoever adds a source during a sync finds it on the list afterwards, and its papers there."""
    web.on("/api/query", arxiv_feed(["2403.00001"]), kind=ATOM)
    library.add("arxiv:tides")
    file = write(tmp_path / "a.jsonl", 1)
    meanwhile: list[int] = []

    def answer(got: Any) -> Sent:
        with Library(settings=library.settings) as other:
            meanwhile.append(other.add(file).added)
        return Sent(body=arxiv_feed(["2403.00002", "2403.00001"]), kind=ATOM)

    web.on("/api/query", answer)
    assert len(library.sync().added) == 1
    assert meanwhile == [1]
    assert [one.source for one in library.sources()] == ['arxiv:"tides"', str(file)]
    assert len(library) == 3
