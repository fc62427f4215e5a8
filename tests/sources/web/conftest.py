"""A loopback server in the place of all services, and reading from it without waiting."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from servers.web_server import WebServer

from rag import Settings
from rag.sources import read_sources
from rag.sources.web import Web, all_services, client

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from rag.sources import Item

NAMES = [name for service in all_services() for name in service.addresses]


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What the client would have waited for, in seconds."""
    waited: list[float] = []
    monkeypatch.setattr(client, "_sleep", waited.append)
    return waited


@pytest.fixture
def web(waits: list[float]) -> Iterator[WebServer]:
    """The server."""
    with WebServer() as server:
        yield server


@pytest.fixture
def web_settings(web: WebServer, tmp_path: Path) -> Callable[..., Settings]:
    """Return a function that makes settings under which every service is the server."""

    def make(**values: object) -> Settings:
        chosen = {"cache": tmp_path / "cache", **web.settings(*NAMES), **values}
        return Settings(**chosen)

    return make


@pytest.fixture
def fetch(web_settings: Callable[..., Settings]) -> Callable[..., list[Item]]:
    """Return a function that reads sources from the server."""

    def read(
        *sources: str, limit: int | None = None, notes: list[str] | None = None, **values: object
    ) -> list[Item]:
        note = (notes if notes is not None else []).append
        with Web(web_settings(**values), limit=limit, note=note) as opened:
            return list(read_sources(sources, web=opened))

    return read
