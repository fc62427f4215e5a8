"""`rag sync`, and `rag add` from the web: what they print, and how they end."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from servers.web_server import WebServer
from web_payloads import ATOM, arxiv_feed, as_json, crossref_work

from rag.sources.web import client

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture(autouse=True)
def web(
    monkeypatch: pytest.MonkeyPatch,
    tiny_encoder: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[WebServer]:
    """A server in the place of arXiv and Crossref, and a small encoder."""
    monkeypatch.setenv("RAG_EMBEDDER", str(tiny_encoder))
    monkeypatch.setenv("RAG_CACHE", str(tmp_path_factory.getbasetemp() / "tiny-models"))
    monkeypatch.setattr(client, "_sleep", lambda _: None)
    with WebServer() as server:
        monkeypatch.setenv("RAG_WEB_ADDRESSES", f"arxiv={server.url},crossref={server.url}")
        monkeypatch.setenv("RAG_WEB_PRIVATE_HOSTS", "127.0.0.1")
        monkeypatch.setenv("RAG_WEB_RETRIES", "0")
        yield server


def test_what_is_new_is_said_and_nothing_else(
    rag: Callable[..., object], tmp_path: Path, web: WebServer
) -> None:
    folder = tmp_path / "papers"
    folder.mkdir()
    moss = {"title": "Moss on a wall", "abstract": "It grew.", "doi": "10.5555/moss.1"}
    (folder / "a.jsonl").write_text(json.dumps(moss))
    web.on("/works/10.5555/oil.1", as_json({"message": crossref_work("10.5555/oil.1")}))
    ran = rag("add", folder, "doi:10.5555/oil.1")
    assert (ran.code, ran.out, ran.err) == (0, "2 read, 2 added.\n", "")
    ran = rag("sync")
    assert (ran.code, ran.out, ran.err) == (0, "", "")
    stone = {"title": "A stone on a wall", "abstract": "It lay.", "doi": "10.5555/stone.1"}
    (folder / "a.jsonl").write_text(json.dumps(moss | {"venue": "Moss"}) + "\n")
    (folder / "b.jsonl").write_text(json.dumps(stone))
    retracted = crossref_work("10.5555/oil.1", retracted=True)
    web.on("/works/10.5555/oil.1", as_json({"message": retracted}))
    expected = [
        "New (1)",
        "  A stone on a wall (doi:10.5555/stone.1)",
        "Retracted since (1)",
        "  RETRACTED: Olive oil and heart 1 (doi:10.5555/oil.1)",
        "Changed (1)",
        "  Moss on a wall (doi:10.5555/moss.1): venue",
    ]
    trial = rag("sync", "--dry-run")
    assert trial.out.splitlines() == ["A dry run: nothing is stored. It would be:", *expected]
    ran = rag("sync")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.splitlines() == expected
    (folder / "b.jsonl").unlink()
    ran = rag("sync")
    assert ran.out.splitlines() == [
        "Gone from where they were (kept) (1)",
        "  A stone on a wall (doi:10.5555/stone.1): was in papers/b.jsonl",
    ]
    assert rag("sync").out == ""
    value = rag("sync", "--json", "--remove-missing").value
    assert [one["id"] for one in value["removed"]] == ["doi:10.5555/stone.1"]
    assert value["gone"][0]["sources"] == ["papers/b.jsonl"]
    assert (value["added"], value["failed"]) == ([], [])


def test_a_service_that_can_not_be_asked_is_no_matter_of_formats(
    rag: Callable[..., object], web: WebServer
) -> None:
    web.on("/api/query", b"", status=503)
    ran = rag("add", "arxiv:tides")
    assert ran.code == 1
    error, hint = ran.err.splitlines()
    assert error.startswith("Error: No paper was read:")
    assert "arXiv is busy (it answered 503)" in error
    assert hint == "Hint: Try again later."


def test_a_service_that_fails_ends_with_one(rag: Callable[..., object], web: WebServer) -> None:
    web.on("/api/query", arxiv_feed(["2403.00001"], total=7), kind=ATOM)
    ran = rag("add", "arxiv:tides", "--limit", "1")
    assert ran.code == 0
    assert ran.err == 'Note: arxiv:"tides": the first 1 of 7 papers were read.\n'
    web.on("/api/query", b"", status=503)
    ran = rag("sync")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.splitlines() == [
        'Error: Not all could be read: arxiv:"tides": arXiv is busy (it answered 503).',
        "Hint: Run it again to go on where it stopped.",
    ]


def test_sources_are_listed_and_forgotten(
    rag: Callable[..., object], complained: Callable[..., None], data: Path, web: WebServer
) -> None:
    web.on("/api/query", arxiv_feed(["2403.00001"]), kind=ATOM)
    rag("add", "--once", data / "page.txt")
    complained(rag("sync"))
    rag("add", data / "papers.jsonl", "https://arxiv.org/abs/2403.00001")
    assert rag("sync", "--list").out.splitlines() == [
        str(data / "papers.jsonl"),
        "arxiv:2403.00001",
    ]
    assert rag("sync", "--forget", "arxiv:2403.00001v2").code == 0
    assert [one["source"] for one in rag("sync", "--list", "--json").value] == [
        str(data / "papers.jsonl")
    ]
    complained(rag("sync", "arxiv:2403.00001"))


def test_there_is_no_library(
    rag: Callable[..., object], complained: Callable[..., None], web: WebServer
) -> None:
    complained(rag("sync"))
    complained(rag("add", "arxiv:2403.0000"))
    complained(rag("add", "https://example.org/paper"))


def test_the_help_lists_the_services(rag: Callable[..., object]) -> None:
    shown = " ".join(rag("add", "--help").out.split())
    assert "arxiv:1706.03762" in shown
    assert "daily-papers:2026-06-12" in shown
    assert "aclanthology.org" in shown
