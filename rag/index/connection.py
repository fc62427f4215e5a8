"""The connection to Chroma, which is opened when it is needed and again when it has gone stale."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

import chromadb
import httpx
from chromadb.config import Settings as ChromaSettings
from chromadb.errors import ChromaError

from rag.errors import StorageError
from rag.index.chroma_server import TOKEN_VARIABLE, open_server, shown_address
from rag.index.damage import full_disk, is_full_disk

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from chromadb.api import ClientAPI

    from rag.settings import Settings

__all__ = ["TORN", "Connection", "LostError"]


# The catalogue lists all papers: they are embedded again once what is damaged is out of the way.
TORN = (
    "Its files are damaged. Put a backup back with: rag restore FILE; or move the folder away and"
    " embed the papers of the catalogue again with: rag rebuild"
)


_FAILS = (ChromaError, ValueError, OSError, RuntimeError, AttributeError, httpx.HTTPError)


class LostError(StorageError):
    """Chroma doesn't hold what it held: its folder or its collection is gone."""

    def __init__(self, where: str) -> None:
        super().__init__(
            f"Chroma holds nothing of the library any more at {where}.",
            hint="What is listed in the catalogue is embedded again with: rag rebuild",
        )


class Connection:
    """A client of Chroma that several threads may use, and any of them may renew.

    Chroma keeps open folders by their path, and vectors in memory: to see what another process
    wrote, the client has to be closed and opened again, which waits until nobody uses it.

    Args:
        folder: Of a Chroma of one's own.
        settings: They may name a server, which is used instead.

    Attributes:
        creates: Whether a folder that is missing may be made: what reads never makes one.
    """

    def __init__(self, folder: Path, settings: Settings) -> None:
        self._folder = folder
        self._settings = settings
        self._changed = threading.Condition()
        self._client: ClientAPI | None = None
        self._users = 0
        self._closing = False
        self.creates = False

    @property
    def where(self) -> str:
        """Name the place for a person."""
        url = self._settings.chroma_url
        return shown_address(url) if url else str(self._folder)

    @property
    def is_folder(self) -> bool:
        """Whether Chroma runs in this program, over a folder of its own."""
        return not self._settings.chroma_url

    @contextmanager
    def use(self) -> Iterator[ClientAPI]:
        """Return the client, which stays open meanwhile; not to be used within itself.

        Raises:
            LostError: there is no such folder, and none may be made.
            StorageError: the folder can't be used, or no server answers.
        """
        with self._changed:
            self._changed.wait_for(lambda: not self._closing)
            if self._client is None:
                self._client = self._open()
            client = self._client
            self._users += 1
        try:
            yield client
        except httpx.TransportError as error:
            raise StorageError(
                f"Chroma at {self.where} doesn't answer ({error}).",
                hint="Start the server, or correct RAG_CHROMA_URL.",
            ) from error
        finally:
            with self._changed:
                self._users -= 1
                self._changed.notify_all()

    def close(self) -> None:
        """Let go of the client as soon as nobody uses it; the next use opens another."""
        with self._changed:
            self._changed.wait_for(lambda: not self._closing)
            if self._client is None:
                return
            self._closing = True
            try:
                self._changed.wait_for(lambda: not self._users)
                self._client.close()  # type: ignore[attr-defined]
                _close_sockets(self._client)
            finally:
                self._client = None
                self._closing = False
                self._changed.notify_all()

    def _open(self) -> ClientAPI:
        url, folder = self._settings.chroma_url, self._folder
        if url is None and not self.creates and not (folder / "chroma.sqlite3").is_file():
            raise LostError(self.where)
        try:
            if url is not None:
                return open_server(self._settings)
            # By the path as it is written: "storage" must not mean another library's after a
            # change of the working folder.
            settings = ChromaSettings(anonymized_telemetry=False)
            return chromadb.PersistentClient(str(folder.resolve()), settings=settings)
        # A client that failed once fails in other ways the second time: Chroma keeps half of it.
        except _FAILS as error:
            if is_full_disk(error):
                raise full_disk() from error
            hint = "Check the folder's permissions and free space."
            if url is None and _is_torn(folder / "chroma.sqlite3"):
                hint = TORN
            if url:
                hint = "Start the server, or correct RAG_CHROMA_URL."
            if isinstance(error, ChromaError) and error.code() in {401, 403}:
                hint = f"Set {TOKEN_VARIABLE}, or put a name and a password into RAG_CHROMA_URL."
            raise StorageError(
                f"Chroma can't be opened at {self.where} ({error}).", hint=hint
            ) from error


def _is_torn(database: Path) -> bool:
    """Tell whether Chroma's database is damaged, which its own errors don't always say."""
    if not database.is_file():
        return False
    address = f"{database.resolve().as_uri()}?mode=ro"
    try:
        with closing(sqlite3.connect(address, uri=True)) as opened:
            return bool(opened.execute("PRAGMA quick_check(1)").fetchone() != ("ok",))
    except sqlite3.OperationalError:
        return False  # it can't be read, which is another matter
    except sqlite3.DatabaseError:
        return True


def _close_sockets(client: ClientAPI) -> None:
    """Close the connections to a server, which Chroma leaves open; no other client shares them."""
    for one in (client, getattr(client, "_admin_client", None)):
        session = getattr(getattr(one, "_server", None), "_session", None)
        if isinstance(session, httpx.Client):
            session.close()
