"""Where the token vectors of papers are kept, beside the catalogue.

It is a cache: what is missing is made anew when it is asked for.
"""

from __future__ import annotations

import sqlite3
import threading
from typing import TYPE_CHECKING

import numpy as np

from rag.errors import StorageError
from rag.index.damage import DamagedCacheError, tells_damage
from rag.models.token_vectors import TokenVectors

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

__all__ = ["TokenStore"]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS tokens (
    id TEXT PRIMARY KEY,
    made_from TEXT NOT NULL,
    starts BLOB NOT NULL,
    signs BLOB NOT NULL
)
"""
_MAX_VARIABLES = 500


@tells_damage("store of token vectors")
class TokenStore:
    """The token vectors of a library, in SQLite. Safe to use from several threads.

    Args:
        path: The file; made when it is missing.

    Raises:
        StorageError: the file can't be opened or isn't a database.
    """

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        try:
            self._db = sqlite3.connect(path, check_same_thread=False, timeout=30)
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=NORMAL")
            self._db.execute(_SCHEMA)
        except (sqlite3.Error, OSError) as error:
            raise StorageError(
                f"The token vectors in {path} can't be opened ({error}).",
                hint="Delete that file: what it held is made anew.",
            ) from error

    def check(self) -> None:
        """Look through the whole file for damage.

        Raises:
            DamagedCacheError: there is some.
        """
        (found,) = self._db.execute("PRAGMA quick_check(1)").fetchone()
        if found != "ok":
            raise DamagedCacheError("store of token vectors", ValueError(found))

    def close(self) -> None:
        """Close the database."""
        with self._lock:
            self._db.close()

    def __len__(self) -> int:
        with self._lock:
            return int(self._db.execute("SELECT count(*) FROM tokens").fetchone()[0])

    def get(self, made_from: Mapping[str, str]) -> dict[str, TokenVectors]:
        """Return what there is.

        Args:
            made_from: By the id of a paper, what its tokens must have been made from.
        """
        found: dict[str, TokenVectors] = {}
        ids = list(made_from)
        for first in range(0, len(ids), _MAX_VARIABLES):
            part = ids[first : first + _MAX_VARIABLES]
            marks = ",".join("?" * len(part))
            query = f"SELECT * FROM tokens WHERE id IN ({marks})"  # noqa: S608 - question marks
            with self._lock:
                rows = self._db.execute(query, part).fetchall()
            for paper_id, source, starts, signs in rows:
                if source == made_from[paper_id]:
                    at = np.frombuffer(starts, np.int32)
                    width = len(signs) // max(1, len(at))
                    by_token = np.frombuffer(signs, np.uint8).reshape(len(at), width)
                    found[paper_id] = TokenVectors(at, by_token)
        return found

    def put(self, made: Iterable[tuple[str, str, TokenVectors]]) -> None:
        """Keep the tokens of papers: id, what they were made from, and the vectors."""
        rows = [
            (paper_id, source, tokens.starts.tobytes(), tokens.signs.tobytes())
            for paper_id, source, tokens in made
        ]
        with self._lock, self._db:
            self._db.executemany("REPLACE INTO tokens VALUES (?, ?, ?, ?)", rows)

    def remove(self, ids: Iterable[str]) -> None:
        """Forget papers."""
        with self._lock, self._db:
            self._db.executemany("DELETE FROM tokens WHERE id = ?", [(one,) for one in ids])
