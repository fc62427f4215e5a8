"""Read XML as a stream of elements: nothing it refers to is fetched, no entity of its own expands.

Exports break the rules of XML in ways that lose no meaning: control characters, references to
them or to what only HTML names, bytes of another encoding. These are mended on the way in; what
is broken beyond that ends the reading with the line where it is.
"""

from __future__ import annotations

import codecs
import io
import re
from html.entities import html5
from typing import TYPE_CHECKING
from xml.parsers.expat import ErrorString
from xml.sax.saxutils import escape

from rag.sources.document import TooLargeError, UnreadableError
from rag.text.decoding import Encoding

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator
    from xml.etree.ElementTree import Element

    from rag.sources.document import Document, Head

__all__ = ["XMLError", "elements", "markup", "plain"]

_MAX_RECORD = 16 * 2**20  # characters
_MAX_DEPTH = 100
_DECLARED = re.compile(r"<\?xml[^>]*?\bencoding\s*=\s*[\"']([\w.-]+)")
# What XML 1.0 has no place for, written out or referred to.
_ILLEGAL = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]"
    r"|&#(?:0*(?:[0-8]|1[124-9]|2\d|3[01])|x0*(?:[0-8bceBCEfF]|1[0-9a-fA-F]));"
)
_NAMED = re.compile(r"&(?!(?:amp|lt|gt|quot|apos);)([A-Za-z]\w{1,31};)")
_CUT_REFERENCE = re.compile(r"&#?\w{0,32}\Z")
_ASCII = "".join(map(chr, range(32, 127)))


class XMLError(UnreadableError):
    """A document is not well-formed XML, or has what none may have."""


def elements(document: Document, names: Collection[str]) -> Iterator[Element]:
    """Yield the elements of some names, one by one; each is forgotten when the next is asked for.

    Args:
        document: XML in any encoding that it declares, or that is told from its bytes.
        names: Local names; namespaces are left out of what is yielded, too.

    Raises:
        XMLError: it is not well-formed from some line on, or declares entities.
        TooLargeError: one element has more than 16 million characters.
    """
    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import ParseError, iterparse

    source = _Source(document)
    try:
        yield from _wanted(iterparse(source, ("start", "end")), frozenset(names), source)
    except ParseError as error:
        line, _ = error.position
        reason = f"not well-formed XML ({ErrorString(error.code)})"
        raise XMLError(reason, place=f"line {line}") from error
    except DefusedXmlException as error:
        raise XMLError("XML that declares entities of its own, which are not expanded") from error
    finally:
        source.close()


def _wanted(
    events: Iterable[tuple[str, Element]], names: frozenset[str], source: _Source
) -> Iterator[Element]:
    ancestors: list[Element] = []
    outermost: Element | None = None  # the wanted element that is open
    for event, element in events:
        if event == "start":
            element.tag = element.tag.rpartition("}")[2]
            if outermost is None and element.tag in names:
                outermost = element
            ancestors.append(element)
            if len(ancestors) > _MAX_DEPTH:
                raise XMLError(f"XML whose elements are nested deeper than {_MAX_DEPTH}")
            continue
        ancestors.pop()
        if element is outermost:
            yield element
            outermost = None
        if outermost is None:
            source.spent = 0
            if ancestors:
                ancestors[-1].remove(element)


class _Source:
    """What the parser reads: text in which nothing is illegal, a limited amount for each element.

    Attributes:
        spent: Characters since the last element ended.
    """

    def __init__(self, document: Document) -> None:
        encoding = _encoding(document.head)
        document.stream.seek(0)
        self._text = io.TextIOWrapper(document.stream, encoding.name, encoding.errors)
        self._held = ""
        self.spent = 0

    def read(self, size: int = -1, /) -> str:
        while chunk := self._text.read(size):
            data = self._held + chunk
            cut = _CUT_REFERENCE.search(data)
            data, self._held = (data[: cut.start()], cut[0]) if cut else (data, "")
            self.spent += len(data)
            if self.spent > _MAX_RECORD:
                raise TooLargeError(f"an element has more than {_MAX_RECORD >> 20} MB")
            if data:
                return _mended(data)
        rest, self._held = self._held, ""
        return rest

    def close(self) -> None:
        self._text.detach()  # the stream is not ours to close


def _mended(text: str) -> str:
    text = _ILLEGAL.sub(" ", text)
    return _NAMED.sub(lambda match: html5.get(match[1], match[0]), text)


def _encoding(head: Head) -> Encoding:
    """Return the encoding that XML declares, as far as its bytes don't say otherwise."""
    declared = _DECLARED.match(head.text.lstrip("\ufeff"))
    if declared and head.encoding.name == "utf-8":
        name = declared[1].lower()
        try:
            if name not in {"utf-8", "utf8"} and _ASCII.encode().decode(name) == _ASCII:
                return Encoding(codecs.lookup(name).name, "replace")
        except (LookupError, UnicodeError):  # a name of no encoding of text
            pass
    return head.encoding


def markup(element: Element | None) -> str:
    """Return what is in an element with the tags within it, as it is written in XML."""
    if element is None:
        return ""
    parts = [escape(element.text or "")]
    for child in element:
        parts += [f"<{child.tag}>", markup(child), f"</{child.tag}>", escape(child.tail or "")]
    return "".join(parts)


def plain(element: Element | None) -> str:
    """Return the text in an element and in those within it."""
    return "" if element is None else "".join(element.itertext()).strip()
