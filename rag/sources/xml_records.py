"""Read the records of XML one after another, in bounded memory.

Entities that a document defines itself are refused: a few lines of them can stand for gigabytes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rag.sources.base import Item, Rejection
from rag.sources.document import TooLargeError
from rag.sources.record import EMPTY_RESULT, BadRecordError, Record

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator
    from xml.etree.ElementTree import Element

    from rag.sources.document import Document

__all__ = ["children", "local_name", "read_xml", "text_of"]

_MAX_RECORD = 8 * 2**20  # bytes from the end of a record to that of the next


class _XmlError(ValueError):
    """A document is no XML that is read; the message says where and why."""


def read_xml(
    document: Document, names: Collection[str], convert: Callable[[Element], Record]
) -> Iterator[Item]:
    """Yield the papers of an XML document, and what could not be read.

    Args:
        document: The document.
        names: The elements that are records, without namespace; none within another is.
        convert: Says what a record tells of a paper; may raise `BadRecordError`.
    """
    number = 0
    try:
        for number, element in enumerate(_elements(document.blocks(), names), start=1):
            try:
                yield convert(element).to_paper(document.name)
            except BadRecordError as error:
                yield Rejection(document.source, f"record {number}", str(error))
    except _XmlError as error:
        yield Rejection(document.source, f"behind record {number}" if number else "", str(error))
        return
    if not number:
        yield Rejection(document.source, "", EMPTY_RESULT)


class _Source:
    """The bytes of a document, counted since the last record."""

    def __init__(self, blocks: Iterable[bytes]) -> None:
        self._blocks = iter(blocks)
        self._since = 0
        self._begun = False

    def read(self, _size: int = -1) -> bytes:
        block = next(self._blocks, b"")
        if not self._begun:  # white space in front of the declaration is an error to the parser
            self._begun, block = True, block.lstrip()
        self._since += len(block)
        if self._since > _MAX_RECORD:
            limit = _MAX_RECORD >> 20
            raise TooLargeError(f"more than {limit} MB without the end of a record")
        return block

    def restart(self) -> None:
        """Count from here on."""
        self._since = 0


def _elements(blocks: Iterable[bytes], names: Collection[str]) -> Iterator[Element]:
    """Yield the elements of some names, each once it is whole; then let go of it.

    Raises:
        _XmlError: the document is not well-formed, or defines entities.
        TooLargeError: a record is too long.
    """
    from xml.etree.ElementTree import ParseError

    from defusedxml.common import DefusedXmlException
    from defusedxml.ElementTree import iterparse

    source = _Source(blocks)
    open_elements: list[Element] = []
    record: Element | None = None
    try:
        for event, element in iterparse(source, events=("start", "end")):
            if event == "start":
                open_elements.append(element)
                if record is None and local_name(element) in names:
                    record = element
                continue
            open_elements.pop()
            if record is not None and element is record:
                yield record
                if open_elements:
                    open_elements[-1].remove(record)
                record = None
                source.restart()
    except TooLargeError:
        raise
    except DefusedXmlException as error:
        raise _XmlError("it defines entities, which are not expanded") from error
    except (ParseError, ValueError) as error:  # the latter where it is in an encoding not known
        raise _XmlError(f"not well-formed XML ({error})") from error


def local_name(element: Element) -> str:
    """Return the name of an element without its namespace."""
    return element.tag.rpartition("}")[2]


def children(element: Element, name: str) -> list[Element]:
    """Return the children of a name, whatever their namespace."""
    return [child for child in element if local_name(child) == name]


def text_of(element: Element, name: str) -> str:
    """Return all text in the first child of a name that has some; empty where there is none."""
    texts = ("".join(child.itertext()).strip() for child in children(element, name))
    return next((text for text in texts if text), "")
