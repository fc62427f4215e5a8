"""How an index was built. Vectors of two models, or chunks of two chunkers, must never mix."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from rag.errors import ManifestMismatchError
from rag.index.chunking import CHUNKER
from rag.version import __version__

if TYPE_CHECKING:
    from rag.models.embedder import Embedder

__all__ = ["FORMAT", "Manifest"]

FORMAT = 1  # of what is stored with a chunk


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What an index was built with.

    Attributes:
        embedder: Name of the embedder, weights included.
        dimension: Length of its vectors.
        encoder: Name of the encoder of tokens, for people: what it made is a cache, which is
            made anew where another encoder is used. None in an index of an earlier version.
        chunker: Name and version of the chunker.
        format: Version of what is stored with a chunk.
        version: Version of the package that made the index; for people, never compared.
    """

    embedder: str
    dimension: int
    encoder: str | None = None
    chunker: str = CHUNKER
    format: int = FORMAT
    version: str = __version__

    @classmethod
    def of(cls, embedder: Embedder) -> Manifest:
        """Describe what an index is built with from now on."""
        return cls(
            embedder=embedder.name, dimension=embedder.dimension, encoder=embedder.encoder.name
        )

    def to_json(self) -> str:
        """Write the manifest as one line of JSON."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Manifest:
        """Read what `to_json` wrote.

        Raises:
            ManifestMismatchError: the text was written by a version with other fields.
        """
        try:
            values: dict[str, Any] = json.loads(text)
            return cls(**values)
        except (ValueError, TypeError) as error:
            raise ManifestMismatchError(
                f"The library's manifest can't be read: {text[:80]!r}.",
                hint="It was made by another version of this program: use that one to export it.",
            ) from error

    def check(self, wanted: Manifest) -> None:
        """Compare the manifest of an index with the one that the settings ask for.

        Raises:
            ManifestMismatchError: they differ in what matters.
        """
        if self.format != wanted.format:
            raise self._other_format(wanted.format)
        pairs = (
            ("embedder", self.embedder, wanted.embedder),
            ("vector dimension", self.dimension, wanted.dimension),
            ("chunker", self.chunker, wanted.chunker),
        )
        for what, ours, theirs in pairs:
            if ours != theirs:
                raise ManifestMismatchError(
                    f"The library was built with the {what} {ours}; the settings ask for {theirs}.",
                    hint="Change the settings back, or embed all papers again with: rag rebuild",
                )

    def check_format(self) -> None:
        """See that the index may be changed, or built anew, by this version of the program.

        Raises:
            ManifestMismatchError: its format is newer.
        """
        if self.format > FORMAT:
            raise self._other_format(FORMAT)

    def _other_format(self, read: int) -> ManifestMismatchError:
        return ManifestMismatchError(
            f"The library has format {self.format}; this program reads {read}.",
            hint=f"It was made by version {self.version}: use that one to export it.",
        )
