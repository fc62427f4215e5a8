"""`rag export --to`: papers for a collection of Zotero's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from servers.zotero_server import KEY, ZoteroServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("stocked")
BEES, WHALES = "arxiv:9902.00002", "arxiv:9905.00005"


@pytest.fixture
def zotero(monkeypatch: pytest.MonkeyPatch) -> Iterator[ZoteroServer]:
    """The server, which the environment names."""
    with ZoteroServer() as server:
        monkeypatch.setenv("ZOTERO_API_KEY", KEY)
        monkeypatch.setenv("RAG_WEB_ADDRESSES", f"zotero={server.url}")
        monkeypatch.setenv("RAG_WEB_PRIVATE_HOSTS", "127.0.0.1")
        yield server


def test_papers_are_sent_and_counted(rag: Callable, zotero: ZoteroServer) -> None:
    ran = rag("export", "--to", "zotero:Thesis", BEES)
    assert (ran.code, ran.out) == (0, "1 sent to zotero:Thesis.\n")
    ran = rag("export", "--to", "zotero:Thesis", BEES, WHALES)
    assert (ran.code, ran.out) == (0, "1 sent to zotero:Thesis, 1 was there.\n")
    assert len(zotero.in_collection("ABCD2345")) == 2


def test_what_is_refused_is_told(rag: Callable, zotero: ZoteroServer) -> None:
    zotero.refuses = "Counting"
    ran = rag("export", "--to", "zotero:Thesis", BEES, WHALES)
    assert (ran.code, ran.out) == (1, "1 sent to zotero:Thesis.\n")
    assert f"Refused: {WHALES}: abstractNote too long" in ran.err
    assert "Zotero refused 1 of the papers." in ran.err


def test_wrong_targets(
    rag: Callable, complained: Callable, zotero: ZoteroServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    complained(rag("export", "--to", "zotero:Novel"))
    complained(rag("export", "--to", "mendeley:Novel"))
    assert rag("export", "--to", "zotero:Thesis", "--output", "x.bib").code == 2
    monkeypatch.delenv("ZOTERO_API_KEY")
    ran = rag("export", "--to", "zotero:Thesis")
    complained(ran)
    assert "ZOTERO_API_KEY" in ran.err
    assert not zotero.items


@pytest.mark.parametrize("name", ["csv", "markdown", "docx"])
def test_documents_are_written_to_files_and_come_back(
    rag: Callable, name: str, tmp_path: Path
) -> None:
    file = tmp_path / "papers"
    assert rag("export", "-f", name, "-o", file, BEES, WHALES).code == 0
    report = rag("add", "--once", "--storage", tmp_path / "copy", file, "--json").value
    assert (report["added"], report["rejected"]) == (2, [])
