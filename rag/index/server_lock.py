"""One client at a time changes what a Chroma server holds: a lock that the server keeps.

The lock is a collection: of two clients that create one of the same name, the server lets one. It
is held for one step of a change, a few seconds at the most, never while something is embedded. One
that has stayed the same for half a minute was left by a client that died; it is renamed, which
goes by its id, so that the lock of a client that was quicker is never taken away.
"""

from __future__ import annotations

import time
import uuid
from contextlib import contextmanager
from typing import TYPE_CHECKING

from chromadb.errors import ChromaError, NotFoundError

from rag.errors import StorageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chromadb.api import ClientAPI

    from rag.index.connection import Connection

__all__ = ["ServerLock"]

_POLL_SECONDS = 0.1
_DEAD_SECONDS = 30.0
_REFUSALS = 20
_PATIENCE_SECONDS = 180.0


class ServerLock:
    """The lock of a collection.

    Args:
        connection: To the server.
        name: Of the collection that is locked.
    """

    def __init__(self, connection: Connection, name: str) -> None:
        self._connection = connection
        self._name = f"{name}-lock"

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Be the only one who changes the collection.

        Raises:
            StorageError: others have held it for minutes.
        """
        mine = self._acquire()
        try:
            yield
        finally:
            with self._connection.use() as client:
                if self._holder(client) == mine:
                    client.delete_collection(self._name)

    def _acquire(self) -> str:
        start = since = time.monotonic()
        seen, refusals = "", 0
        while time.monotonic() - start < _PATIENCE_SECONDS:
            with self._connection.use() as client:
                try:
                    made = client.create_collection(self._name, embedding_function=None)
                    return str(made.id)
                except ChromaError as error:
                    holder = self._holder(client)
                    refusals = 0 if holder else refusals + 1
                    if refusals > _REFUSALS:  # so it isn't because another client has it
                        raise StorageError(
                            f"The Chroma server makes no collection ({error}).",
                            hint="Look whether it can be written, and at its log.",
                        ) from error
                if holder != seen:
                    seen, since = holder, time.monotonic()
                elif seen and time.monotonic() - since > _DEAD_SECONDS:
                    self._bury(client, seen)
            time.sleep(_POLL_SECONDS)
        raise StorageError(
            "Other clients have been changing the library for minutes.",
            hint="Try again when they have finished.",
        )

    def _holder(self, client: ClientAPI) -> str:
        """Return the id of the lock, or nothing where there is none."""
        try:
            return str(client.get_collection(self._name, embedding_function=None).id)
        except NotFoundError:
            return ""

    def _bury(self, client: ClientAPI, dead: str) -> None:
        grave = f"{self._name}-{uuid.uuid4().hex}"
        try:
            lock = client.get_collection(self._name, embedding_function=None)
            if str(lock.id) == dead:
                lock.modify(name=grave)
                client.delete_collection(grave)
        except NotFoundError:
            pass  # another client was quicker
