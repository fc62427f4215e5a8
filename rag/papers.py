"""Papers: what is known of one, which id it has, and how two records of it become one."""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from rag.text.dates import show_date, year_of
from rag.text.decoding import one_line

__all__ = ["Paper", "find_identifier", "merge", "title_id", "title_key"]

_ARXIV_NEW = r"\d{4}\.\d{4,5}"
_ARXIV_OLD = r"[a-z-]+(?:\.[A-Z]{2})?/\d{7}"
_ARXIV = re.compile(
    rf"(?:https?://)?(?:(?:www\.|export\.)?arxiv\.org/(?:abs|pdf|html)/|arxiv:\s*)?"
    rf"({_ARXIV_NEW}|{_ARXIV_OLD})(?:v\d+)?(?:\.pdf)?",
    re.IGNORECASE,
)
_DOI = re.compile(r"(?:(?:https?://)?(?:dx\.)?doi\.org/|doi:\s*)?(10\.\d{4,9}/\S+)", re.IGNORECASE)
_ACL = re.compile(r"(?:https?://)?(?:www\.)?(?:aclanthology\.org/|acl:)([\w.-]+?)/?", re.IGNORECASE)
_PMID = re.compile(
    r"(?:(?:https?://)?pubmed\.ncbi\.nlm\.nih\.gov/|pmid:\s*)(\d{1,9})/?", re.IGNORECASE
)
_SHOWN_AUTHORS = 3
_SCHEMED = re.compile(r"[a-z][a-z0-9]{1,15}:\S+")
_CUT = re.compile(r"\s*(?:\.\.\.|…)$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """One research paper, as its sources describe it.

    Attributes:
        id: Stable and readable: `arxiv:1706.03762` (no version), `doi:10...`, `pmid:...`,
            `acl:...`, an id that the source itself gave, else `title:` and a slug.
        title: On one line.
        abstract: On one line; citation offsets count its characters.
        authors: Names in the order of the paper; empty when no source lists them.
        author_count: How many authors, where stated.
        date: What is stated, in ISO 8601: `2024-11-07`, `2024-11`, `2024`, or `--01-23` for a day
            whose year no source states.
        year: The year of publication, None when no source states it; never guessed.
        venue: Journal or conference.
        url: Where to read the paper.
        doi: Without a resolver in front.
        arxiv_id: Without a version.
        sources: Where the record was read, each place once.
    """

    id: str
    title: str
    abstract: str
    authors: tuple[str, ...] = ()
    author_count: int | None = None
    date: str | None = None
    year: int | None = None
    venue: str | None = None
    url: str | None = None
    doi: str | None = None
    arxiv_id: str | None = None
    sources: tuple[str, ...] = ()

    @property
    def when(self) -> str:
        """The date as people write it, else the year; empty where no source states either."""
        return show_date(self.date) or (str(self.year) if self.year else "")

    @property
    def credits(self) -> str:
        """The first authors, or how many there are where no source names them."""
        count = self.author_count or len(self.authors)
        shown = self.authors[:_SHOWN_AUTHORS]
        if shown:
            return ", ".join(shown) + (" et al." if count > len(shown) else "")
        return "" if not count else "1 author" if count == 1 else f"{count:,} authors"

    @property
    def byline(self) -> str:
        """Who wrote the paper, when, and where it was published, as far as that is known."""
        return " · ".join(part for part in (self.credits, self.when, self.venue) if part)

    def as_dict(self) -> dict[str, Any]:
        """Return the fields as plain values, ready for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Paper:
        """Build a paper from what `as_dict` returned."""
        known = {field.name for field in fields(cls)}
        kept = {name: value for name, value in values.items() if name in known}
        for name in ("authors", "sources"):
            kept[name] = tuple(kept.get(name) or ())
        return cls(**kept)

    def content_hash(self) -> str:
        """Hash what is embedded: when it changes, the paper's chunks are replaced."""
        content = json.dumps([self.title, self.abstract], ensure_ascii=False)
        return hashlib.sha256(content.encode()).hexdigest()[:16]


def title_key(title: str) -> str:
    """Reduce a title to what stays the same wherever it is printed.

    >>> title_key("BAM!  Just Like That") == title_key("Bam! just like that.")
    True
    """
    plain = unicodedata.normalize("NFKD", one_line(title)).casefold()
    kept = "".join(c if c.isalnum() else " " for c in plain if not unicodedata.combining(c))
    return " ".join(kept.split())


def title_id(title: str) -> str:
    """Make the id of a paper of which no identifier is known.

    >>> title_id("Layer Normalization")
    'title:layer-normalization-94379e'
    """
    key = title_key(title) or one_line(title)
    slug = re.sub(r"[^a-z0-9]+", "-", key)[:48].strip("-") or "untitled"
    # The slug is for people; the hash keeps apart what it cuts off or can't spell.
    return f"title:{slug}-{hashlib.sha256(key.encode()).hexdigest()[:6]}"


def find_identifier(text: str) -> str | None:
    """Read an id as a person types or pastes it: an arXiv id or address, a DOI, a PMID, ...

    >>> find_identifier("https://arxiv.org/pdf/1706.03762v5"), find_identifier("10.1000/xyz123")
    ('arxiv:1706.03762', 'doi:10.1000/xyz123')
    """
    text = text.strip()
    if match := _ARXIV.fullmatch(text):
        return f"arxiv:{match[1]}"
    if match := _DOI.fullmatch(text):
        return f"doi:{match[1].lower()}"
    if match := _PMID.fullmatch(text):
        return f"pmid:{match[1]}"
    if match := _ACL.fullmatch(text):
        return f"acl:{match[1]}"
    return text if _SCHEMED.fullmatch(text) and "//" not in text else None


def _fuller(preferred: str, other: str) -> str:
    """Choose between two versions of an abstract: one cut short loses against the whole."""
    stem = _CUT.sub("", preferred)
    cut_short = stem != preferred and len(other) > len(stem) and other.startswith(stem)
    return other if cut_short or not preferred else preferred


def _fuller_date(preferred: str | None, other: str | None) -> str | None:
    """Choose the date that says more; of two that say as much, the preferred one."""

    def detail(date: str | None) -> int:
        return 0 if not date else 1 if date.startswith("--") else len(date)

    return other if detail(other) > detail(preferred) else preferred


def merge(preferred: Paper, other: Paper) -> Paper:
    """Join two records of one paper.

    What the preferred record states wins, id included; what it lacks comes from the other; every
    place that either was read from is listed.
    """
    date = _fuller_date(preferred.date, other.date)
    return replace(
        preferred,
        title=preferred.title or other.title,
        abstract=_fuller(preferred.abstract, other.abstract),
        authors=preferred.authors or other.authors,
        author_count=preferred.author_count or other.author_count,
        date=date,
        year=year_of(date) or preferred.year or other.year,
        venue=preferred.venue or other.venue,
        url=preferred.url or other.url,
        doi=preferred.doi or other.doi,
        arxiv_id=preferred.arxiv_id or other.arxiv_id,
        sources=tuple(sorted({*preferred.sources, *other.sources})),
    )
