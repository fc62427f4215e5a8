"""Read papers from JSON lines: one object a line, plain or gzipped, read as a stream.

The field names are `Paper`'s own; those of the BEIR layout (`_id`, `title`, `text`) and other
usual names are understood too.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from rag.papers import Paper, find_identifier, title_id
from rag.sources.base import Confidence, Item, Reader, Rejection
from rag.text.dates import parse_date, year_of
from rag.text.decoding import NotTextError, decode, one_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rag.sources.document import Document, Head

__all__ = ["READER"]

_NAMES: dict[str, tuple[str, ...]] = {
    "id": ("id", "_id", "paper_id", "paperId"),
    "title": ("title",),
    "abstract": ("abstract", "text", "summary"),
    "authors": ("authors",),
    "author_count": ("author_count",),
    "date": ("date", "published", "publicationDate", "publication_date"),
    "year": ("year", "publication_year"),
    "venue": ("venue", "journal"),
    "url": ("url",),
    "doi": ("doi", "DOI"),
    "arxiv_id": ("arxiv_id", "arxivId", "arxiv"),
    "sources": ("sources",),
}
_MAX_ID = 300
_OBJECT = re.compile(r"\s*\{[ \t]*[\"}]")


class _BadRecordError(ValueError):
    """A line that is no paper; the message says why."""


def _sniff(head: Head) -> Confidence:
    """Look for an object that begins on the first line that isn't blank."""
    if _OBJECT.match(head.text):
        return Confidence.SHAPE
    return Confidence.NAME if head.suffix in {".jsonl", ".ndjson"} else Confidence.NO


def _read(document: Document) -> Iterator[Item]:
    """Yield a paper or a rejection for every line that isn't blank."""
    source, name = document.source, document.name
    for number, line in enumerate(document.lines(), start=1):
        place = f"line {number}"
        try:
            text = decode(line).strip()
            if text:
                yield _read_record(text, name)
        except NotTextError as error:
            yield Rejection(source, place, str(error))
            return
        except _BadRecordError as error:
            yield Rejection(source, place, str(error))


def _read_record(text: str, name: str) -> Paper:
    try:
        raw = json.loads(text)
    except (ValueError, RecursionError) as error:
        message = getattr(error, "msg", "nested too deeply")
        raise _BadRecordError(f"not JSON ({message})") from error
    if not isinstance(raw, dict):
        raise _BadRecordError("not a JSON object")
    # BEIR keeps whatever else is known under `metadata`.
    metadata = raw.get("metadata")
    values = {**metadata, **raw} if isinstance(metadata, dict) else raw
    found = {field: _first(values, names) for field, names in _NAMES.items()}
    if not any(key in values for key in _NAMES["title"]):
        raise _BadRecordError("no title")
    title, abstract = _text(found, "title"), _text(found, "abstract")
    if not title and not abstract:
        raise _BadRecordError("neither title nor abstract")
    return _build(found, title, abstract, name)


def _build(found: dict[str, Any], title: str, abstract: str, name: str) -> Paper:
    arxiv_id = _identifier(_text(found, "arxiv_id"), "arxiv")
    doi = _identifier(_text(found, "doi"), "doi")
    url = _text(found, "url") or None
    paper_id = _paper_id(found, arxiv_id, doi, url, title or abstract)
    scheme, _, bare = paper_id.partition(":")
    arxiv_id = arxiv_id or (bare if scheme == "arxiv" else None)
    doi = doi or (bare if scheme == "doi" else None)
    date = parse_date(_text(found, "date"))
    return Paper(
        id=paper_id,
        title=title,
        abstract=abstract,
        authors=_names(found["authors"]),
        author_count=_number(found["author_count"]) or len(_names(found["authors"])) or None,
        date=date,
        year=_number(found["year"]) or year_of(date),
        venue=_text(found, "venue") or None,
        url=url or (f"https://arxiv.org/abs/{arxiv_id}" if arxiv_id else None),
        doi=doi,
        arxiv_id=arxiv_id,
        sources=tuple(sorted({*_names(found["sources"]), name})),
    )


def _paper_id(
    found: dict[str, Any], arxiv_id: str | None, doi: str | None, url: str | None, title: str
) -> str:
    """Choose the id: the record's own, in its standard form, else what else identifies it."""
    own = _text(found, "id")
    if len(own) > _MAX_ID or " " in own:
        raise _BadRecordError("the id is too long, or has a space in it")
    if own:
        return find_identifier(own) or own
    if arxiv_id or doi:
        return f"arxiv:{arxiv_id}" if arxiv_id else f"doi:{doi}"
    return (find_identifier(url) if url else None) or title_id(title)


def _first(values: dict[str, Any], names: tuple[str, ...]) -> Any:  # noqa: ANN401 - JSON
    return next((values[name] for name in names if values.get(name) not in (None, "")), None)


def _text(found: dict[str, Any], field: str) -> str:
    value = found[field]
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise _BadRecordError(f"{field} is not text")
    return one_line(str(value))


def _number(value: Any) -> int | None:  # noqa: ANN401 - JSON
    if isinstance(value, str) and value.strip().isdecimal():
        value = int(value)
    is_count = isinstance(value, int) and not isinstance(value, bool)
    return value if is_count and 0 < value < 10_000_000 else None


def _names(value: Any) -> tuple[str, ...]:  # noqa: ANN401 - JSON
    """Read a list of names, or of objects with a name, or one text divided by semicolons."""
    if isinstance(value, str):
        value = value.split(";")
    if not isinstance(value, list):
        return ()
    texts = (item.get("name") if isinstance(item, dict) else item for item in value)
    return tuple(name for text in texts if isinstance(text, str) and (name := one_line(text)))


def _identifier(text: str, scheme: str) -> str | None:
    found = find_identifier(text) if text else None
    return found.removeprefix(f"{scheme}:") if found and found.startswith(f"{scheme}:") else None


READER = Reader(
    name="jsonl",
    label="JSON lines",
    suffixes=(".jsonl", ".ndjson", ".json"),
    sniff=_sniff,
    read=_read,
)
