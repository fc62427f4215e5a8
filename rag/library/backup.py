"""A library in one file: written whole or not at all, and looked through before it is put back.

The file is a zip archive of the library's folder and a list of what it holds, with the size and the
SHA-256 of every member. What is restored is unpacked beside the library, opened there, and only
then put in its place, so that neither a file that is damaged nor a machine that stops in between
takes away what was there.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import sqlite3
import stat
import tempfile
import zipfile
import zlib
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING, Any

from rag.errors import LibraryNotFoundError, RagError, StorageError
from rag.library.hold import LOCK, held

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rag.settings import Settings

__all__ = ["Backup", "backup", "restore"]

_FORMAT = 1
_LIST = "rag-backup.json"
_DATABASES = (".sqlite", ".sqlite3")
# What SQLite keeps beside a database, which is part of the copy.
_BESIDE = ("-wal", "-shm", "-journal")
_BLOCK = 2**20  # bytes
_MOST_FILES = 100_000
_LONGEST_LIST = 64 * 2**20  # bytes
# How much larger than the file what it holds may be: vectors hardly shrink, databases some times.
_MOST_TIMES, _ANY_SIZE = 100, 64 * 2**20  # and bytes that are never too much
_PACKED = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
_ENCRYPTED = 0x1
_TRIES = 3  # to find a library that no change has been cut off in just now
# What unpacking raises where bytes have changed.
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, ValueError, RuntimeError)


@dataclass(frozen=True, slots=True)
class Backup:
    """What a file holds.

    Attributes:
        path: The file.
        papers: How many papers the library has.
        files: How many files of the library it holds.
        size: Their bytes, unpacked.
    """

    path: Path
    papers: int
    files: int
    size: int

    def as_dict(self) -> dict[str, Any]:
        """Return the fields as plain values, ready for JSON."""
        return {**asdict(self), "path": str(self.path)}


def backup(settings: Settings, target: Path, *, replace: bool = False) -> Backup:
    """Write a library into a file.

    Args:
        settings: Where the library is.
        target: The file.
        replace: Whether one of that name may be replaced.

    Raises:
        LibraryNotFoundError: there is no library.
        StorageError: another process is changing it, the file is there already, would be a part
            of the library or can't be written, or the papers are on a Chroma server.
    """
    folder = settings.storage
    if settings.chroma_url:
        raise StorageError(
            "The papers of this library are on a Chroma server, which has backups of its own.",
            hint="The papers alone go into a file with: rag export --format jsonl",
        )
    if target.exists() and not replace:
        raise StorageError(f"{target} is there already.", hint="Choose another name, or --force.")
    if folder.resolve() in target.resolve().parents:
        raise StorageError(
            f"{target} would be a part of the library itself.", hint="Choose another folder for it."
        )
    with _told_of(target), _whole(settings) as papers:
        part = target.with_name(f".{target.name}.{os.getpid()}.part")
        try:
            listed = _pack(folder, part, papers)
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)
    return Backup(target, papers, len(listed), sum(one["size"] for one in listed.values()))


def restore(file: Path, settings: Settings, *, replace: bool = False) -> Backup:
    """Put a library back from a file.

    Args:
        file: What `backup` wrote.
        settings: Where the library is to be.
        replace: Whether a library that is there may be replaced.

    Raises:
        StorageError: the file is damaged, of a newer version, or not one of ours; there is a
            library already; or another process is changing it.
    """
    folder = settings.storage
    if settings.chroma_url:
        raise StorageError(
            "A backup holds a Chroma of its own, and RAG_CHROMA_URL names a server.",
            hint="Unset RAG_CHROMA_URL to restore it here.",
        )
    former = folder.with_name(f".{folder.name}.before")
    if former.exists():
        # The machine stopped after the first of the two steps at the end, or after the second.
        if folder.exists():
            raise StorageError(
                f"What was there before the last restore is still in {former}.",
                hint="Delete that folder if you don't need it, or move it away.",
            )
        former.rename(folder)
    if folder.exists() and any(path.name != LOCK for path in folder.iterdir()) and not replace:
        raise StorageError(
            f"There is a library at {folder} already.",
            hint="Choose another folder with --storage, or replace it with --force.",
        )
    with _told_of(file), _opened(file) as archive:
        listed, papers = _read_list(archive, file)
        folder.parent.mkdir(parents=True, exist_ok=True)
        size = sum(one["size"] for one in listed.values())
        if size > shutil.disk_usage(folder.parent).free:
            raise StorageError(f"There is no room for the {size >> 20:,} MB of the library.")
        with tempfile.TemporaryDirectory(
            prefix=f".{folder.name}.", dir=folder.parent, ignore_cleanup_errors=True
        ) as beside:
            made = Path(beside, "library")
            _unpack(archive, listed, made, file)
            found = _count_papers(settings.model_copy(update={"storage": made}))
            if found != papers:
                raise StorageError(
                    f"{file} should hold {papers:,} papers and holds {found:,}: it is damaged."
                )
            _swap(made, folder, former)
    return Backup(file, papers, len(listed), size)


# --- writing --------------------------------------------------------------------------------


def _pack(folder: Path, part: Path, papers: int) -> dict[str, dict[str, Any]]:
    listed: dict[str, dict[str, Any]] = {}
    with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for path in sorted(_files(folder)):
            name = path.relative_to(folder).as_posix()
            with _content(path) as stream, archive.open(name, "w", force_zip64=True) as member:
                listed[name] = _copy(stream, member)
        told = {"format": _FORMAT, "papers": papers, "files": listed}
        archive.writestr(_LIST, json.dumps(told, indent=1))
    with part.open("rb+") as written:
        os.fsync(written.fileno())
    return listed


def _files(folder: Path) -> Iterator[Path]:
    for path in folder.rglob("*"):
        if path.is_symlink() or not path.is_file() or path.name == LOCK:
            continue
        if not path.name.endswith(_BESIDE):
            yield path


@contextlib.contextmanager
def _content(path: Path) -> Iterator[IO[bytes]]:
    """Open a file; a database as it is with all that has not yet been written into it."""
    if path.suffix not in _DATABASES:
        with path.open("rb") as stream:
            yield stream
        return
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder, path.name)
        address = f"{path.resolve().as_uri()}?mode=ro"
        with (
            contextlib.closing(sqlite3.connect(address, uri=True)) as mine,
            contextlib.closing(sqlite3.connect(copy)) as theirs,
        ):
            mine.backup(theirs)
        with copy.open("rb") as stream:
            yield stream


def _copy(stream: IO[bytes], to: IO[bytes], most: int | None = None) -> dict[str, Any]:
    """Copy a stream; return its size and its checksum."""
    size, digest = 0, hashlib.sha256()
    while block := stream.read(_BLOCK):
        size += len(block)
        if most is not None and size > most:
            break
        digest.update(block)
        to.write(block)
    return {"size": size, "sha256": digest.hexdigest()}


# --- reading --------------------------------------------------------------------------------


@contextlib.contextmanager
def _opened(file: Path) -> Iterator[zipfile.ZipFile]:
    try:
        archive = zipfile.ZipFile(file)
    except zipfile.BadZipFile as error:
        raise StorageError(
            f"{file} is no backup of a library, or damaged.", hint="`rag backup` writes one."
        ) from error
    with archive:
        yield archive


def _read_list(archive: zipfile.ZipFile, file: Path) -> tuple[dict[str, dict[str, Any]], int]:
    """Return what a backup says that it holds, once it is sure that it holds nothing else."""
    members = archive.infolist()
    names = [member.filename for member in members]
    ours = next((member for member in members if member.filename == _LIST), None)
    if ours is None or ours.file_size > _LONGEST_LIST or len(members) > _MOST_FILES:
        raise StorageError(f"{file} is no backup of a library.", hint="`rag backup` writes one.")
    try:
        told = json.loads(archive.read(ours))
        version = int(told["format"])
    except (*_BROKEN, KeyError, TypeError, OSError) as error:
        raise _damaged(file) from error
    if version > _FORMAT:
        raise StorageError(
            f"{file} was written by a newer version of this program.",
            hint="Restore it with that version, or install it here.",
        )
    try:
        listed = {str(name): dict(one) for name, one in told["files"].items()}
        papers = int(told["papers"])
        sizes = {name: int(one["size"]) for name, one in listed.items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _damaged(file) from error
    if sorted(names) != sorted([*listed, _LIST]) or not all(map(_is_plain, members)):
        raise StorageError(
            f"{file} holds what no backup holds, and is not unpacked.",
            hint="`rag backup` writes one.",
        )
    if sum(sizes.values()) > _ANY_SIZE + _MOST_TIMES * file.stat().st_size:
        raise StorageError(
            f"{file} would unpack to {sum(sizes.values()) >> 20:,} MB, which no library does.",
            hint="`rag backup` writes one.",
        )
    if any(sizes.get(member.filename, member.file_size) != member.file_size for member in members):
        raise _damaged(file)
    return listed, papers


def _is_plain(member: zipfile.ZipInfo) -> bool:
    """Tell whether a member is a file within the folder, packed as we do, and no link."""
    path = PurePosixPath(member.filename)
    kind = stat.S_IFMT(member.external_attr >> 16)
    return (
        kind in {0, stat.S_IFREG}
        and member.compress_type in _PACKED
        and not member.flag_bits & _ENCRYPTED
        and not path.is_absolute()
        and not {"..", ""} & set(path.parts)
        and "\\" not in member.filename
        and ":" not in member.filename
        and str(path) == member.filename
    )


def _unpack(
    archive: zipfile.ZipFile, listed: dict[str, dict[str, Any]], folder: Path, file: Path
) -> None:
    folder.mkdir()
    for name, told in listed.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with archive.open(name) as member, path.open("xb") as written:
                found = _copy(member, written, most=int(told["size"]))
                os.fsync(written.fileno())
        except _BROKEN as error:
            raise _damaged(file, name) from error
        if found != {"size": told["size"], "sha256": told.get("sha256")}:
            raise _damaged(file, name)


def _damaged(file: Path, name: str = "") -> StorageError:
    where = f" ({name})" if name else ""
    return StorageError(f"{file} is damaged{where}; nothing was changed.", hint="Try another copy.")


def _swap(made: Path, folder: Path, former: Path) -> None:
    if not folder.exists():
        made.rename(folder)
        return
    with held(folder):
        folder.rename(former)
        made.rename(folder)
    shutil.rmtree(former, ignore_errors=True)


# --- both -----------------------------------------------------------------------------------


@contextlib.contextmanager
def _whole(settings: Settings) -> Iterator[int]:
    """Keep others from changing a library that is whole, and give how many papers it has."""
    from rag.index.catalog import Catalog

    for _ in range(_TRIES):
        _count_papers(settings)  # which finishes what was cut off
        with held(settings.storage):
            catalog = Catalog(settings.storage / "cache" / "catalog.sqlite")
            try:
                papers, cut_off = len(catalog), catalog.fact("writing") == "yes"
            finally:
                catalog.close()
            if not cut_off:  # while the lock was waited for
                yield papers
                return
    raise StorageError("Changes of the library are cut off again and again.", hint="Try again.")


def _count_papers(settings: Settings) -> int:
    """Open a library, and say how many papers it has.

    Raises:
        StorageError: it lacks some of what it should hold.
    """
    from rag.index.paper_index import PaperIndex

    if not settings.storage.exists():
        raise LibraryNotFoundError(
            f"There is no library at {settings.storage}.", hint="Add papers with: rag add SOURCE"
        )
    index = PaperIndex(settings)
    try:
        index.check_whole()
        return len(index.catalog)
    finally:
        index.close()


@contextlib.contextmanager
def _told_of(path: Path) -> Iterator[None]:
    try:
        yield
    except RagError:
        raise
    except (OSError, sqlite3.Error) as error:
        raise StorageError(
            f"{path} can't be written or read ({error}).", hint="Check the folder and free space."
        ) from error
