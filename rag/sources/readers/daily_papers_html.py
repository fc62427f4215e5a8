"""Read a Hugging Face "Daily Papers" page that a browser saved as HTML, or as a web archive."""

from __future__ import annotations

import email
import re
from typing import TYPE_CHECKING

from rag.sources.base import Confidence, Item, Reader
from rag.sources.html import html_to_markdown
from rag.sources.readers.daily_papers import read_page
from rag.text.decoding import decode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rag.sources.document import Document, Head

__all__ = ["READER"]

_ARCHIVE = re.compile(r"(?:[\w-]+:.*\n|[ \t].*\n)*Content-Type:\s*multipart/related", re.IGNORECASE)
_PAGE = re.compile(r"daily papers|huggingface\.co/papers", re.IGNORECASE)


def _sniff(head: Head) -> Confidence:
    is_page = head.xml_root.lower() == "html" or bool(_ARCHIVE.match(head.text.lstrip()))
    return Confidence.SIGNATURE if is_page and _PAGE.search(head.text) else Confidence.NO


def _read(document: Document) -> Iterator[Item]:
    if _ARCHIVE.match(document.head.text.lstrip()):
        page = _unfold(document.data())
    else:
        page = document.text()
    yield from read_page(html_to_markdown(page), document)


def _unfold(archive: bytes) -> str:
    """Return the page of a web archive, which comes first in it; empty when there is none."""
    for part in email.message_from_bytes(archive.lstrip()).walk():
        payload = part.get_payload(decode=True)
        if part.get_content_type() == "text/html" and isinstance(payload, bytes):
            return decode(payload)
    return ""


READER = Reader(
    name="daily-papers-html",
    label="Daily Papers pages saved as HTML",
    suffixes=(".html", ".htm", ".mhtml", ".mht"),
    sniff=_sniff,
    read=_read,
)
