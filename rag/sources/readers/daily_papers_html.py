"""Read a Hugging Face "Daily Papers" page that a browser saved as HTML, or as a web archive.

The page that the server sends holds its papers twice: as JSON in an attribute, and as what is
shown. The JSON says more; what a browser saves once its scripts have run may lack it.
"""

from __future__ import annotations

import email
import json
import re
from typing import TYPE_CHECKING, Any

from rag.sources.base import Confidence, Item, Reader, Rejection
from rag.sources.html import Tag, html_to_markdown, html_tokens
from rag.sources.kinds import AS_TEXT
from rag.sources.readers.daily_papers import read_page
from rag.sources.readers.hugging_face import READER as API
from rag.sources.record import BadRecordError
from rag.text.decoding import decode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rag.sources.document import Document, Head

__all__ = ["READER"]

_ARCHIVE = re.compile(r"(?:[\w-]+:.*\n|[ \t].*\n)*Content-Type:\s*multipart/related", re.IGNORECASE)
_PAGE = re.compile(r"daily ?papers|huggingface\.co/papers", re.IGNORECASE)
_COMPONENT = "DailyPapers"


def _sniff(head: Head) -> Confidence:
    is_page = head.xml_root.lower() == "html" or bool(_ARCHIVE.match(head.text.lstrip()))
    return Confidence.SIGNATURE if is_page and _PAGE.search(head.text) else Confidence.NO


def _read(document: Document) -> Iterator[Item]:
    if _ARCHIVE.match(document.head.text.lstrip()):
        page = _unfold(document.data())
    else:
        page = document.text()
    listed = _listed(page)
    if not listed:
        for item in read_page(html_to_markdown(page), document):
            if isinstance(item, Rejection) and not item.place:
                yield Rejection(document.source, "", f"HTML without papers: {AS_TEXT}")
            else:
                yield item
    for number, values in enumerate(listed, start=1):
        try:
            record = API.convert(values)
            if record is not None:
                yield record.to_paper(document.name)
        except BadRecordError as error:
            yield Rejection(document.source, f"paper {number}", str(error))


def _listed(page: str) -> list[dict[str, Any]]:
    """Return the papers that the page holds as JSON."""
    for token in html_tokens(page):
        if isinstance(token, Tag) and token.attribute("data-target") == _COMPONENT:
            try:
                props = json.loads(token.attribute("data-props"))
            except (ValueError, RecursionError):
                continue
            papers = props.get("dailyPapers") if isinstance(props, dict) else None
            if isinstance(papers, list):
                return [one for one in papers if isinstance(one, dict)]
    return []


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
