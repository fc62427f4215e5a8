"""What a library was made from, kept beside it, so that it can be read again.

The record is a file in the storage folder, for people to read and to mend. The papers don't hang on
it: where it is lost, nothing is read again until sources are added again. It is not in Chroma, as
its paths are those of one machine, and a Chroma server may be shared by several.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag.errors import LibraryError, StorageError
from rag.sources.web.service import BadQueryError, Query, parse_query

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rag.sources.base import Rejection

__all__ = ["Source", "SourceList", "query_of", "source_name"]

_FILE = "sources.json"
_VERSION = 1
_MAX_TOLD = 100_000


@dataclass(slots=True, kw_only=True)
class Source:
    """Something that papers of the library were read from.

    Attributes:
        source: A path, absolute; a glob; or what was asked of a service, as `Query.text` has it.
        format: The format that a person named, if one did.
        columns: The columns of tables that a person named.
        limit: How many papers of a search a person wanted, if one said so.
        documents: What its papers list as their source: names of files, a query.
        told: Digests of what was said about it before, and is not said again.
    """

    source: str
    format: str | None = None
    columns: dict[str, str] = field(default_factory=dict)
    limit: int | None = None
    documents: list[str] = field(default_factory=list)
    told: set[str] = field(default_factory=set)

    def tell(self, what: str) -> bool:
        """Note that something is said; return False where it was before, or so much was."""
        digest = hashlib.sha256(what.encode("utf-8", "replace")).hexdigest()[:12]
        if digest in self.told or len(self.told) >= _MAX_TOLD:
            return False
        self.told.add(digest)
        return True

    def tell_rejection(self, rejection: Rejection) -> bool:
        """Note that a rejection is reported; return False where it was before."""
        # The name without its folders, which people write in this or that way.
        name = rejection.source.rpartition("/")[2]
        return self.tell(f"{name}|{rejection.place}|{rejection.reason}")

    def as_dict(self) -> dict[str, Any]:
        """Return the fields as plain values, ready for JSON."""
        return asdict(self) | {"told": sorted(self.told)}


def query_of(source: Source) -> Query | None:
    """Return what a source asks of a service; None for files."""
    if Path(source.source).is_absolute():
        return None
    try:
        return parse_query(source.source)
    except BadQueryError:
        return None


class SourceList:
    """The sources of a library, in the order in which they were added.

    Args:
        storage: Folder of the library.

    Raises:
        StorageError: the record can't be read, or is damaged.
    """

    def __init__(self, storage: Path) -> None:
        self._path = storage / _FILE
        self._sources = {one.source: one for one in self._load()}

    def __iter__(self) -> Iterator[Source]:
        return iter(self._sources.values())

    def __len__(self) -> int:
        return len(self._sources)

    def _load(self) -> list[Source]:
        try:
            stored = json.loads(self._path.read_text("utf-8"))
            known = {one.name for one in fields(Source)}
            return [
                Source(
                    **{name: value for name, value in one.items() if name in known - {"told"}},
                    told=set(one.get("told", ())),
                )
                for one in stored["sources"]
            ]
        except FileNotFoundError:
            return []
        except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
            raise StorageError(
                f"The list of sources {self._path} can't be read ({error}).",
                hint="Mend it, or delete it and add the sources again: the papers stay.",
            ) from error

    def put(self, source: Source) -> None:
        """Add a source, or give one that is there already its new options; save afterwards."""
        known = self._sources.pop(source.source, None)
        if known is not None:
            source.documents = sorted({*known.documents, *source.documents})
            source.told |= known.told
        self._sources[source.source] = source

    def find(self, text: str) -> Source:
        """Return a source by what it is called, or by its path.

        Raises:
            LibraryError: there is none.
        """
        found = self._sources.get(text) or self._sources.get(source_name(text))
        if found is None:
            raise LibraryError(
                f"The library has no source {text!r}.", hint="List them with: rag sync --list"
            )
        return found

    def forget(self, source: Source) -> None:
        """Take a source off the list."""
        self._sources.pop(source.source, None)
        self.save()

    def update(self, sources: list[Source]) -> None:
        """Replace those sources that are still on the list, and save it.

        Others may have been added or forgotten since these were read from it.
        """
        for one in sources:
            if one.source in self._sources:
                self._sources[one.source] = one
        self.save()

    def save(self) -> None:
        """Write the record, whole or not at all."""
        values = {"version": _VERSION, "sources": [one.as_dict() for one in self]}
        text = json.dumps(values, ensure_ascii=False, indent=1) + "\n"
        beside = self._path.with_suffix(f".{os.getpid()}.tmp")
        try:
            beside.write_text(text, "utf-8")
            beside.replace(self._path)
        except OSError as error:
            raise StorageError(
                f"The list of sources {self._path} can't be written: {error.strerror or error}.",
                hint="Mend the permissions of the storage folder.",
            ) from error


def source_name(given: str | Path) -> str:
    """Return what a source is called: the same, however it is written."""
    # These take whatever is no path, too.
    path = os.path.expanduser(given)  # noqa: PTH111
    if isinstance(given, str) and not os.path.exists(path):  # noqa: PTH110
        try:
            query = parse_query(given)
        except BadQueryError:
            query = None
        if query is not None:
            return query.text
    return os.path.abspath(path)  # noqa: PTH100 - a link stays the link it is
