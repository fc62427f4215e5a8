"""Read the Word documents that `rag export --format docx` writes, by their paragraphs' styles.

What python-docx would hold in memory as a whole is read as a stream of paragraphs, by the parser
that all XML goes through here. Other Word documents are named, and not guessed at.
"""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from typing import TYPE_CHECKING, cast

from rag.sources.base import Confidence, Item, Reader
from rag.sources.document import Document, TooLargeError, UnreadableError
from rag.sources.facts import FACTS, fact_record
from rag.sources.kinds import ZIP, zipped_kind
from rag.sources.record import to_item
from rag.sources.xml import elements
from rag.text.decoding import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO
    from xml.etree.ElementTree import Element

    from rag.sources.document import Head

__all__ = ["READER"]

_MAIN = "word/document.xml"
_MAX_UNPACKED = 2**28  # bytes
_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_TITLE, _FACT, _ABSTRACT = "PaperTitle", "PaperFact", "PaperAbstract"
_QUESTION = "AnswerQuestion"
_KIND = "this is a Word document"
_ERRORS = (
    EOFError, KeyError, NotImplementedError, OSError, RuntimeError, ValueError, struct.error,
    zlib.error, zipfile.BadZipFile,
)  # fmt: skip


def _sniff(head: Head) -> Confidence:
    is_word = head.data.startswith(ZIP) and zipped_kind(head.data) == "a Word document"
    return Confidence.SIGNATURE if is_word else Confidence.NO


def _read(document: Document) -> Iterator[Item]:
    number = 0
    title: str | None = None
    facts: dict[str, str] = {}
    abstract: list[str] = []
    answered = False

    def paper() -> Item:
        record = fact_record(title or "", " ".join(abstract), facts)
        return to_item(record, document, f"paper {number}")

    for style, text in _paragraphs(document):
        answered = answered or style == _QUESTION
        name, colon, value = text.partition(": ")
        if style == _TITLE:
            if title is not None:
                yield paper()
            title, facts, abstract, number = text, {}, [], number + 1
        elif style == _FACT and colon and name in FACTS:
            facts[name] = value
        elif style == _ABSTRACT:
            abstract.append(text)
    if title is not None:
        yield paper()
    elif answered:
        reason = "of an answer, which quotes papers and doesn't hold them: export the papers"
        raise UnreadableError(f"{_KIND} {reason}")
    else:
        reason = "but none of papers that `rag export` wrote: save what it lists as RIS or BibTeX"
        raise UnreadableError(f"{_KIND}, {reason}")


def _paragraphs(document: Document) -> Iterator[tuple[str, str]]:
    """Yield the style and the text of each paragraph.

    Raises:
        UnreadableError: the document is damaged, or its text unpacks to more than 256 MB.
    """
    try:
        with zipfile.ZipFile(document.file()) as parts:
            if parts.getinfo(_MAIN).file_size > _MAX_UNPACKED:
                raise TooLargeError(f"{_KIND} that unpacks to more than {_MAX_UNPACKED >> 20} MB")
            data = parts.read(_MAIN)
    except UnreadableError:
        raise
    except _ERRORS as error:
        reason = one_line(str(error))[:200]
        raise UnreadableError(f"{_KIND} that can't be read ({reason})") from error
    text = Document(cast("BinaryIO", io.BytesIO(data)), source=document.source, name=document.name)
    try:
        for paragraph in elements(text, {"p"}):
            yield _style(paragraph), "".join(_words(paragraph))
    except UnreadableError as error:
        raise UnreadableError(f"{_KIND} that can't be read ({error})", place=error.place) from error


def _style(paragraph: Element) -> str:
    named = paragraph.find("pPr/pStyle")
    return "" if named is None else named.get(f"{_W}val", "")


def _words(paragraph: Element) -> Iterator[str]:
    for element in paragraph.iter():
        if element.tag == "t":
            yield element.text or ""
        elif element.tag in {"br", "tab", "cr"}:
            yield " "


READER = Reader(
    name="docx",
    label="papers that `rag export` wrote as Word documents",
    suffixes=(".docx",),
    sniff=_sniff,
    read=_read,
)
