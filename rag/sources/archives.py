"""Look into compressed files and archives as a stream: nothing is written to disk.

What is packed small may unpack to more than any disk holds. So all that comes out of one file, out
of archives within archives too, is counted, and reading ends where it exceeds what honest files do.
"""

from __future__ import annotations

import bz2
import gzip
import io
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import PurePosixPath
from typing import IO, TYPE_CHECKING, BinaryIO, TypeAlias, cast

from rag.sources.base import Rejection
from rag.sources.document import HEAD, Document, TooLargeError, UnreadableError
from rag.sources.kinds import ZIP, zipped_kind
from rag.text.decoding import one_line

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

    from rag.sources.document import Head

__all__ = ["DamagedError", "Part", "is_packed", "unpack"]

_GZIP = b"\x1f\x8b\x08"
_BZIP2 = (b"1AY&SY", b"\x17\x72\x45\x38\x50\x90")  # a first block, or the end: an empty file
_TAR, _TAR_AT = b"ustar", 257
# JSON shrinks to a tenth, records that repeat each other to a fiftieth; a bomb to a thousandth.
_MAX_RATIO = 200
_ALWAYS_FINE = 100 * 2**20  # bytes, whatever the ratio
_TOO_MUCH = f"unpacks to more than {_MAX_RATIO} times its size: if it should, unpack it first"
_MAX_UNPACKED = 100 * 2**30  # bytes
_MAX_FILES = 100_000
_MAX_DEPTH = 4  # a .tar.gz has two
_KEPT = 4 * HEAD  # what a buffer of that size reads in advance is kept as well
# What the standard library raises at archives that are damaged, or packed in ways it doesn't know.
_DAMAGE = (
    EOFError, NotImplementedError, OSError, ValueError, struct.error, zlib.error,
    zipfile.BadZipFile, tarfile.TarError,
)  # fmt: skip


class DamagedError(UnreadableError):
    """What is packed can't be unpacked."""


class _Budget:
    """How much may still come out of a file.

    Args:
        packed: The size of the file in bytes.
    """

    def __init__(self, packed: int) -> None:
        self._left = min(max(_ALWAYS_FINE, packed * _MAX_RATIO), _MAX_UNPACKED)

    @property
    def is_spent(self) -> bool:
        return self._left < 0

    def spend(self, count: int) -> None:
        self._left -= count
        if self.is_spent:
            raise TooLargeError(_TOO_MUCH)


class Part(Document):
    """A document that lies within another.

    Args:
        stream: Its content, which is read from the beginning to the end.
        parent: The document that it lies in.
        path: Where in it; empty when the parent holds nothing else.
        budget: What may still be unpacked.
    """

    def __init__(self, stream: IO[bytes], parent: Document, path: str, budget: _Budget) -> None:
        super().__init__(
            cast("BinaryIO", io.BufferedReader(_Unpacked(stream, budget), HEAD)),
            source=parent.source,
            name=f"{parent.name}/{path}" if path else parent.name,
            suffix=PurePosixPath(path or PurePosixPath(parent.name).stem).suffix,
            columns=parent.columns,
        )
        self.path = path
        self.budget = budget
        self.depth = _depth(parent) + 1

    def file(self) -> BinaryIO:
        """Return the content in memory, as the stream can't be read back and forth."""
        return io.BytesIO(self.data())


class _Unpacked(io.RawIOBase):
    """A stream that only goes forward, of which what comes first can be read again."""

    def __init__(self, stream: IO[bytes], budget: _Budget) -> None:
        self._stream = stream
        self._budget = budget
        self._kept = b""
        self._at = self._reached = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        at = offset + (self._at if whence == io.SEEK_CUR else 0)
        if whence == io.SEEK_END or at > len(self._kept) or self._reached > len(self._kept):
            raise io.UnsupportedOperation("only the beginning can be read again")
        self._at = at
        return at

    def readinto(self, buffer: WriteableBuffer) -> int:
        view = memoryview(buffer).cast("B")
        data = self._kept[self._at : self._at + len(view)] or self._fetch(len(view))
        view[: len(data)] = data
        self._at += len(data)
        return len(data)

    def _fetch(self, size: int) -> bytes:
        try:
            data = self._stream.read(size)
        except UnreadableError:  # of the archive around
            raise
        except _DAMAGE as error:
            raise _damaged(error) from error
        self._budget.spend(len(data))
        if self._reached < _KEPT:
            self._kept += data
        self._reached += len(data)
        return data


def is_packed(head: Head) -> bool:
    """Tell whether a document is compressed, or an archive of others."""
    return _unpacker(head) is not None


def unpack(document: Document) -> Iterator[Part | Rejection]:
    """Yield the files in a compressed document or archive, each to be read before the next.

    Raises:
        DamagedError: it can't be unpacked.
        TooLargeError: it holds too many files, or archives in archives without an end.
    """
    unpacker = _unpacker(document.head)
    if unpacker is None:
        return
    if _depth(document) == _MAX_DEPTH:
        raise TooLargeError("archives within archives, too deep to be looked through")
    if isinstance(document, Part):
        budget = document.budget
    else:
        budget = _Budget(document.stream.seek(0, io.SEEK_END))
    document.stream.seek(0)
    count = 0
    try:
        for part in unpacker(document, budget):
            count += 1
            if count > _MAX_FILES:
                raise TooLargeError(f"holds more than {_MAX_FILES:,} files")
            yield part
            if budget.is_spent:
                return
    except UnreadableError:
        raise
    except _DAMAGE as error:
        raise _damaged(error) from error
    if not count:
        yield Rejection(document.source, "", "the archive holds no files")


def _damaged(error: Exception) -> DamagedError:
    return DamagedError(f"damaged, can't be unpacked ({one_line(str(error))})")


def _depth(document: Document) -> int:
    return document.depth if isinstance(document, Part) else 0


_Unpacker: TypeAlias = Callable[[Document, _Budget], Iterator[Part | Rejection]]


def _unpacker(head: Head) -> _Unpacker | None:
    data = head.data
    if data.startswith(_GZIP):
        return _gunzip
    if data.startswith(b"BZh") and data[4:10] in _BZIP2:
        return _bunzip
    if data.startswith(_TAR, _TAR_AT):
        return _untar
    # Office files are zip archives too: they have readers of their own, or are named.
    return _unzip if data.startswith(ZIP) and not zipped_kind(data) else None


def _gunzip(document: Document, budget: _Budget) -> Iterator[Part | Rejection]:
    with gzip.GzipFile(fileobj=document.stream) as stream:
        yield Part(cast("IO[bytes]", stream), document, "", budget)


def _bunzip(document: Document, budget: _Budget) -> Iterator[Part | Rejection]:
    with bz2.BZ2File(document.stream) as stream:
        yield Part(stream, document, "", budget)


def _unzip(document: Document, budget: _Budget) -> Iterator[Part | Rejection]:
    with zipfile.ZipFile(document.file()) as archive:
        for member in archive.infolist():
            path = one_line(member.filename) or "(a file without a name)"
            if member.filename.endswith("/") or _is_hidden(path):  # `is_dir` needs a name
                continue
            if member.flag_bits & 1:
                yield Rejection(document.source, path, "locked with a password")
                continue
            # Only so much comes out of a member as it says; one that is a bomb spoils no other.
            if member.file_size > max(_ALWAYS_FINE, member.compress_size * _MAX_RATIO):
                yield Rejection(document.source, path, _TOO_MUCH)
                continue
            try:
                stream = archive.open(member)
            except _DAMAGE as error:
                yield Rejection(document.source, path, str(_damaged(error)))
                continue
            with stream:
                yield Part(stream, document, path, budget)


def _untar(document: Document, budget: _Budget) -> Iterator[Part | Rejection]:
    # `r|` reads forward only, as an archive that is compressed can be.
    with tarfile.open(fileobj=document.stream, mode="r|") as archive:
        for member in archive:
            path = one_line(member.name)
            stream = archive.extractfile(member) if member.isreg() else None
            if stream is not None and not _is_hidden(path):
                yield Part(stream, document, path, budget)


def _is_hidden(path: str) -> bool:
    """Tell whether a file is none of a person's: hidden, or what macOS adds to a zip archive."""
    parts = PurePosixPath(path).parts
    return any(part.startswith(".") and part not in {".", ".."} for part in parts) or (
        "__MACOSX" in parts
    )
