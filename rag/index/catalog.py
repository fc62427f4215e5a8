"""The catalogue: every paper's record by id, in SQLite, for what needs no vectors.

It is a cache: everything in it can be rebuilt from Chroma. It also keeps small facts about the
index, such as which manifest it has and how often it was changed.
"""

from __future__ import annotations

import json
import re
import sqlite3
import threading
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Literal, TypeAlias

from rag.errors import StorageError
from rag.index.damage import DamagedCacheError, tells_damage
from rag.papers import Paper, title_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

__all__ = ["Catalog", "Entry", "Sort"]

Sort: TypeAlias = Literal["title", "year"]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS papers (
    id TEXT PRIMARY KEY,
    title_key TEXT NOT NULL,
    year INTEGER,
    dated INTEGER NOT NULL,
    venue TEXT NOT NULL,
    authors TEXT NOT NULL,
    sources TEXT NOT NULL,
    chunks INTEGER NOT NULL,
    record TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS papers_filters
    ON papers (id, chunks, year, dated, venue, authors, sources);
CREATE INDEX IF NOT EXISTS papers_by_title ON papers (title_key);
CREATE INDEX IF NOT EXISTS papers_for_listing ON papers (title_key, year, authors);
CREATE INDEX IF NOT EXISTS papers_by_year ON papers (year, title_key, authors);
CREATE TABLE IF NOT EXISTS names (
    name TEXT NOT NULL,
    paper_id TEXT NOT NULL,
    PRIMARY KEY (name, paper_id)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS names_by_paper ON names (paper_id);
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
"""
_MAX_VARIABLES = 500
_IN_FRONT = re.compile(r":\s|\s[-–—]\s")  # behind a name
_NAMESAKES = 5
_MOST_OF_A_TITLE = 100
_ORDERS = {
    # Papers whose year is not known come last, whichever way the years run.
    ("title", False): "title_key, id",
    ("title", True): "title_key DESC, id",
    ("year", False): "year IS NULL, year, title_key, id",
    ("year", True): "year IS NULL, year DESC, title_key, id",
}
_VERSION = 5  # of both caches: raise it when the schema here or in the keyword index changes


@dataclass(frozen=True, slots=True)
class Entry:
    """A paper and into how many chunks it was cut."""

    paper: Paper
    chunks: int


@tells_damage("catalogue")
class Catalog:
    """Papers by id, and facts by name. Safe to use from several threads.

    Attributes:
        outdated: True when it was written by another version of the program, and so is empty now.

    Raises:
        StorageError: the file can't be opened or isn't a database.
    """

    def __init__(self, path: Path) -> None:
        self._lock = threading.RLock()
        self._path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(path, check_same_thread=False, timeout=30)
            # Readers go on while a writer adds; a lost last commit is repaired from Chroma.
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=NORMAL")
            self.outdated = self._drop_if_outdated()
            self._db.executescript(_SCHEMA)
        except (sqlite3.Error, OSError) as error:
            raise StorageError(
                f"The catalogue {path} can't be opened ({error}).",
                hint="It is made again from Chroma, without embedding, by: rag doctor --repair",
            ) from error

    def _drop_if_outdated(self) -> bool:
        """Empty a catalogue that another version of the program wrote; say whether it was one."""
        version = self._db.execute("PRAGMA user_version").fetchone()[0]
        outdated = version != _VERSION and bool(self._db.execute("PRAGMA page_count").fetchone()[0])
        if outdated:
            tables = ("papers", "names", "facts")
            self._db.executescript("".join(f"DROP TABLE IF EXISTS {one};" for one in tables))
        self._db.execute(f"PRAGMA user_version={_VERSION}")
        return outdated

    def check(self) -> None:
        """Look through the whole file for damage.

        Raises:
            DamagedCacheError: there is some.
        """
        (found,) = self._db.execute("PRAGMA quick_check(1)").fetchone()
        if found != "ok":
            raise DamagedCacheError("catalogue", ValueError(found))

    def close(self) -> None:
        """Close the database."""
        with self._lock:
            self._db.close()

    def fact(self, name: str) -> str | None:
        """Return a fact, or None when it was never set."""
        with self._lock:
            row = self._db.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()
        return row[0] if row else None

    def chunk_ids(self) -> dict[str, str]:
        """Return the ids of all chunks that there must be, each with the id of its paper."""
        with self._lock:
            rows = self._db.execute("SELECT id, chunks FROM papers").fetchall()
        return {f"{one}#{number}": one for one, chunks in rows for number in range(chunks)}

    def ids(self) -> set[str]:
        """Return the ids of all papers."""
        with self._lock:
            return {row[0] for row in self._db.execute("SELECT id FROM papers")}

    def set_facts(self, **facts: str) -> None:
        """Set facts and commit."""
        with self._lock, self._db:
            self._db.executemany("REPLACE INTO facts VALUES (?, ?)", facts.items())

    def __len__(self) -> int:
        with self._lock:
            return int(self._db.execute("SELECT count(*) FROM papers").fetchone()[0])

    def count_chunks(self) -> int:
        """Count the chunks of all papers."""
        with self._lock:
            row = self._db.execute("SELECT coalesce(sum(chunks), 0) FROM papers").fetchone()
        return int(row[0])

    def get(self, ids: Sequence[str]) -> dict[str, Entry]:
        """Return the entries of those ids that there are."""
        found: dict[str, Entry] = {}
        for start in range(0, len(ids), _MAX_VARIABLES):
            part = list(ids[start : start + _MAX_VARIABLES])
            marks = ",".join("?" * len(part))
            found.update(
                (entry.paper.id, entry) for entry in self._select(f"WHERE id IN ({marks})", part)
            )
        return found

    def chunk_counts(self, ids: Sequence[str]) -> dict[str, int]:
        """Return into how many chunks those papers that there are were cut.

        Their records are not read, so this is much quicker than `get`.
        """
        found: dict[str, int] = {}
        for start in range(0, len(ids), _MAX_VARIABLES):
            part = list(ids[start : start + _MAX_VARIABLES])
            marks = ",".join("?" * len(part))
            found |= self.matching(f"id IN ({marks})", part)
        return found

    def by_title(self, title: str) -> list[Entry]:
        """Return the papers of this title, however it is printed."""
        return list(self._select("WHERE title_key = ?", [title_key(title)]))

    def by_name(self, name: str) -> list[str]:
        """Return the ids of the papers whose title has a name in front: "BERT: Pre-training ...".

        What more than a few titles begin with ("Findings: ...") is no name.
        """
        key = title_key(name)
        if not key:
            return []
        with self._lock:
            rows = self._db.execute(
                "SELECT id, json_extract(record, '$.title') FROM papers"
                " WHERE title_key > ? AND title_key < ? LIMIT 1000",
                (key + " ", key + "!"),  # what follows a space, which stands for the colon too
            ).fetchall()
        named = [one for one, title in rows if title_key(_IN_FRONT.split(title, 1)[0]) == key]
        return named if len(named) <= _NAMESAKES else []

    def by_identifier(self, identifier: str) -> list[Entry]:
        """Return the papers that an arXiv id, a DOI or the like names."""
        return self.by_names([identifier])

    def by_names(self, names: Sequence[str]) -> list[Entry]:
        """Return the papers of which some ids or identifiers are names, each once."""
        condition = "id IN (SELECT paper_id FROM names WHERE name IN ({marks}))"
        return self._select_among(condition, names)

    def by_title_keys(self, keys: Sequence[str]) -> list[Entry]:
        """Return the papers whose titles, as `title_key` reduces them, are among some.

        A title that very many papers have ("Editorial") tells nothing of any, and is left out.
        """
        few = f"GROUP BY title_key HAVING count(*) <= {_MOST_OF_A_TITLE}"
        inner = "SELECT title_key FROM papers WHERE title_key IN"
        return self._select_among(f"title_key IN ({inner} ({{marks}}) {few})", keys)

    def merged(self) -> Iterator[Entry]:
        """Yield the papers that were read in several places or forms, in order of id."""
        parts, places = (
            f"coalesce(json_array_length(record, '$.{path}'), 0)"
            for path in ("history.parts", "sources")
        )
        return self._select(f"WHERE {parts} > 1 OR {places} > 1 ORDER BY id", [])

    def sharing(self, what: Literal["name", "title"]) -> Iterator[list[str]]:
        """Yield the ids of papers that share a name or a title, group by group."""
        value, key, table = {
            "name": ("name", "paper_id", "names"),
            "title": ("title_key", "id", "papers"),
        }[what]
        twice = f"SELECT {value} FROM {table} WHERE {value} > '' GROUP BY 1 HAVING count(*) > 1"  # noqa: S608 - literals
        with self._lock:
            rows = self._db.execute(
                f"SELECT {value}, {key} FROM {table} WHERE {value} IN ({twice}) ORDER BY 1, 2"  # noqa: S608 - literals
            ).fetchall()
        for _, group in groupby(rows, key=itemgetter(0)):
            yield [one for _, one in group]

    def entries(self) -> Iterator[Entry]:
        """Yield all entries in order of id."""
        last = ""
        while True:
            page = list(self._select("WHERE id > ? ORDER BY id LIMIT 1000", [last]))
            if not page:
                return
            yield from page
            last = page[-1].paper.id

    def page(
        self, text: str, *, sort: Sort, descending: bool, limit: int, offset: int
    ) -> tuple[list[Entry], int]:
        """Return some of the papers whose title and authors hold every word of a text.

        Only the ids of the page are looked up: what is searched and sorted is in an index, so
        that a page of 140,000 papers takes a fraction of a second.

        Returns:
            The entries of the page in order, and how many papers match in all.
        """
        words = title_key(text).split()
        condition = " AND ".join(["instr(title_key || ' ' || authors, ?) > 0"] * len(words)) or "1"
        with self._lock:
            total = self._db.execute(
                f"SELECT count(*) FROM papers WHERE {condition}",  # noqa: S608 - no one's text
                words,
            ).fetchone()[0]
            rows = self._db.execute(
                f"SELECT id FROM papers WHERE {condition} "  # noqa: S608 - nor here
                f"ORDER BY {_ORDERS[sort, descending]} LIMIT ? OFFSET ?",
                [*words, limit, offset],
            ).fetchall()
        found = self.get([row[0] for row in rows])
        return [found[row[0]] for row in rows if row[0] in found], int(total)

    def tally(self, column: Literal["year", "venue", "sources"]) -> dict[str | int | None, int]:
        """Count the papers by the values of a column, as it is stored."""
        with self._lock:
            rows = self._db.execute(
                f"SELECT {column}, count(*) FROM papers GROUP BY {column}"  # noqa: S608 - a literal
            ).fetchall()
        return dict(rows)

    def count_author(self, name: str) -> int:
        """Count the papers by an author of this name: whole words of it, in upper or lower case."""
        return len(self._named("authors", name))

    def count_venue(self, name: str) -> int:
        """Count the papers of a venue with this name, whole words of it, in upper or lower case."""
        return len(self._named("venue", name))

    def _named(self, column: Literal["authors", "venue"], name: str) -> list[str]:
        wanted = name.casefold().strip()
        if not wanted:
            return []
        with self._lock:
            rows = self._db.execute(
                f"SELECT id, {column} FROM papers INDEXED BY papers_filters"  # noqa: S608 - a literal
                f" WHERE instr({column}, ?) > 0",
                (wanted,),
            ).fetchall()
        whole = re.compile(rf"(?<!\w){re.escape(wanted)}(?!\w)")
        return [row[0] for row in rows if whole.search(row[1])]

    def title_keys(self) -> Iterator[str]:
        """Yield the titles of all papers, reduced to letters and digits."""
        with self._lock:
            rows = self._db.execute("SELECT title_key FROM papers").fetchall()
        return (row[0] for row in rows)

    def ids_like(self, start: str, limit: int) -> list[str]:
        """Return ids that begin with a text."""
        with self._lock:
            rows = self._db.execute(
                "SELECT id FROM papers WHERE id >= ? AND id < ? ORDER BY id LIMIT ?",
                (start, start + "\U0010ffff", limit),
            ).fetchall()
        return [row[0] for row in rows]

    def matching(self, condition: str, values: Sequence[object]) -> dict[str, int]:
        """Return the ids, and numbers of chunks, of the papers that meet an SQL condition.

        Args:
            condition: Over the columns of `papers`; never holds a person's text.
            values: Bound to its question marks.
        """
        with self._lock:
            # Left to itself, SQLite reads the rows, and with them the records.
            table = "papers INDEXED BY papers_filters"
            rows = self._db.execute(
                f"SELECT id, chunks FROM {table} WHERE {condition}",  # noqa: S608 - see above
                values,
            ).fetchall()
        return dict(rows)

    def put(self, entries: Iterable[Entry]) -> None:
        """Add or replace entries and commit."""
        entries = list(entries)
        names = [(name, one.paper.id) for one in entries for name in one.paper.names]
        rows = [
            (
                entry.paper.id,
                title_key(entry.paper.title),
                entry.paper.year,
                entry.paper.date is not None or entry.paper.year is not None,
                (entry.paper.venue or "").casefold(),
                "\n".join(entry.paper.authors).casefold(),
                "\n".join(entry.paper.sources).casefold(),
                entry.chunks,
                json.dumps(entry.paper.as_record(), ensure_ascii=False),
            )
            for entry in entries
        ]
        with self._lock, self._db:
            self._db.executemany("REPLACE INTO papers VALUES (?,?,?,?,?,?,?,?,?)", rows)
            self._forget_names(row[0] for row in rows)
            self._db.executemany("REPLACE INTO names VALUES (?,?)", names)

    def remove(self, ids: Iterable[str]) -> None:
        """Remove entries and commit."""
        gone = list(ids)
        with self._lock, self._db:
            self._db.executemany("DELETE FROM papers WHERE id = ?", [(one,) for one in gone])
            self._forget_names(gone)

    def _forget_names(self, ids: Iterable[str]) -> None:
        self._db.executemany("DELETE FROM names WHERE paper_id = ?", [(one,) for one in ids])

    def _select_among(self, condition: str, values: Sequence[str]) -> list[Entry]:
        found: dict[str, Entry] = {}
        for start in range(0, len(values), _MAX_VARIABLES):
            part = list(values[start : start + _MAX_VARIABLES])
            where = f"WHERE {condition.format(marks=','.join('?' * len(part)))}"
            found.update((entry.paper.id, entry) for entry in self._select(where, part))
        return list(found.values())

    def _select(self, where: str, values: Sequence[object]) -> Iterator[Entry]:
        # `where` is always one of the literals above; values are bound.
        with self._lock:
            rows = self._db.execute(
                f"SELECT record, chunks FROM papers {where}",  # noqa: S608
                values,
            ).fetchall()
        return (Entry(Paper.from_dict(json.loads(record)), chunks) for record, chunks in rows)
