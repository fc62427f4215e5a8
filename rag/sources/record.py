"""From what a source's record says to a paper: the one way there for every reader.

A reader finds the fields of its format and hands them on as they stand. Here texts are cleaned,
names and dates read in whatever form they have, identifiers brought into their standard form, and
the paper's id is chosen.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from rag.papers import Paper, find_identifier, is_lesser, title_id
from rag.sources.base import Item, Rejection
from rag.text.citekeys import is_key, plain_key
from rag.text.cleaning import clean_abstract, clean_text, is_nothing
from rag.text.dates import parse_date, year_of
from rag.text.decoding import one_line
from rag.text.names import read_names
from rag.text.remarks import Remarks

if TYPE_CHECKING:
    from collections.abc import Callable

    from rag.sources.document import Document

__all__ = [
    "EMPTY_RESULT",
    "BadRecordError",
    "Record",
    "notes_retraction",
    "says_withdrawn",
    "to_item",
]

EMPTY_RESULT = "an empty result: it lists no papers"

# The kinds of identifiers by the keys under which sources keep them, in lower case and without
# anything between their words.
_SCHEMES = {
    "arxiv": "arxiv", "arxivid": "arxiv", "eprint": "arxiv",
    "doi": "doi",
    "pmid": "pmid", "pubmed": "pmid", "pubmedid": "pmid",
    "acl": "acl", "aclid": "acl", "aclanthology": "acl",
    "pmcid": "pmcid", "pmc": "pmcid", "pubmedcentral": "pmcid",
    "openreview": "openreview",
    "openalex": "openalex",
    "s2": "s2", "semanticscholar": "s2",
    "corpusid": "corpusid", "s2corpusid": "corpusid",
    "wos": "wos", "ut": "wos",
    "otherids": "*",  # of any kind, as `Paper` has them
}  # fmt: skip
_KNOWN = frozenset(_SCHEMES.values())
_NOT_LETTERS = re.compile(r"[\W_]+")
_LABELS = ("label", "section", "heading", "title")
_PREFERENCE = ("arxiv", "doi", "pmid", "acl")
_ACL_DOI = re.compile(r"doi:10\.18653/v1/([a-z]\d\d-\d{4,5}|\d{4}\.[\w-]+\.\d+)", re.IGNORECASE)
# An ISBN alone is the book's, an ISSN the journal's.
_BOOK_DOI = re.compile(r"doi:10\.\d{4,9}/(?:isbn[ :.-]?)?97[89](?:-?\d){10}", re.IGNORECASE)
_JOURNAL_DOI = re.compile(r"doi:10\.\d{4,9}/(?:\(?issn\)?)?\d{4}-\d{3}[\dx]", re.IGNORECASE)
_PART = re.compile(
    r"chap|section|-part|inbook|incollection|inproceedings|proceedings-article|conference|entry",
    re.IGNORECASE,
)
_WHOLE = frozenset({"book", "monograph", "edited-book", "reference-book", "proceedings"})
_RETRACTED = re.compile(
    r"\W{0,3}(?:retracted|withdrawn)(?:\s+(?:article|paper|chapter|publication))?\s*[:\])\u2013\u2014]"
    r"|.*[\[(]\s?retracted\b[^\])]*[\])]\s*$",
    re.IGNORECASE,
)
_WITHDRAWN = re.compile(
    r"\W*this (?:paper|article|submission|manuscript) (?:has been|is|was) (?:withdrawn|retracted)",
    re.IGNORECASE,
)
_RETRACTION_NOTE = re.compile(r"\W*retracted\b", re.IGNORECASE)
_EPOCHS = ((1e8, 4.2e9, 1), (1e11, 4.2e12, 1000))  # from, to, and units a second
_MAX_AUTHORS = 10_000_000
# What no paper has. Each abstract is cut into chunks and every one of them embedded: without a
# bound one record would keep a machine busy for minutes.
_MAX_TITLE = 5_000  # characters
_MAX_ABSTRACT = 100_000  # characters
_MAX_RAW = 1_000_000  # characters with markup
_MAX_NAMES = 50_000


class BadRecordError(ValueError):
    """A record is no paper; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What a source says of a paper, in the source's own words.

    Values may have any form that sources use; what is no such form counts as not stated, but a
    title or an abstract that is no text is an error.

    Attributes:
        title: A text, or a list with one.
        abstract: A text, or its paragraphs: texts, or mappings with `text` and a `label`,
            `section` or `heading`.
        authors: See `rag.text.names.read_names`.
        author_count: Where the source states it.
        date: A text, a number of seconds or milliseconds since 1970, or CSL's mapping of
            `date-parts`.
        year: Where it stands by itself: a number, or any form of `date`.
        venue: A text, a list with one, or a mapping with a `name`.
        url: Where to read the paper; what it identifies counts.
        ids: What identifies the work, by kind, as the source calls it (`DOI`, `ArXiv`, `pmid`,
            `PubMed`, `CorpusId`, ...); other kinds are left out.
        own_id: The id that the record has in its source. It only counts where it is an identifier
            of a known form: a number, or a key such as BibTeX's, names a record, not a work.
        type: What kind of publication it is, as the source calls it, or a list of kinds.
        retracted: Whether the source says that it was retracted.
        sources: Where it was read before.
        key: The citation key under which its source has it.
        remarks: What the record's notes tell that its format has no field for.
        exported: Whether a library wrote the record: then texts and names are as they should be,
            and its id is the paper's whatever its form.
    """

    title: Any = None
    abstract: Any = None
    authors: Any = None
    author_count: Any = None
    date: Any = None
    year: Any = None
    venue: Any = None
    url: Any = None
    ids: Mapping[str, Any] = field(default_factory=dict)
    own_id: Any = None
    type: Any = None
    retracted: bool = False
    sources: Any = ()
    key: Any = None
    remarks: Remarks = field(default_factory=Remarks)
    exported: bool = False

    def to_paper(self, source: str) -> Paper:
        """Make the paper.

        Args:
            source: The place that the paper lists as its source.

        Raises:
            BadRecordError: there is neither title nor abstract, one of them is no text, or longer
                than that of any paper.
        """
        raw = _text(self.title, "title"), _paragraphs(self.abstract)
        _refuse_long(*raw, most=_MAX_RAW, most_title=_MAX_RAW)
        title, abstract = self._clean(clean_text, raw[0]), self._clean(clean_abstract, raw[1])
        _refuse_long(title, abstract, most=_MAX_ABSTRACT, most_title=_MAX_TITLE)
        if isinstance(self.authors, str | list | tuple) and len(self.authors) > (
            _MAX_RAW if isinstance(self.authors, str) else _MAX_NAMES
        ):
            raise BadRecordError("more authors than any paper has")
        if not title and not abstract:
            raise BadRecordError("neither title nor abstract")
        url = _plain(self.url) or None
        known = self._identifiers(url)
        first: dict[str, str] = {}
        for one in known:
            first.setdefault(one.partition(":")[0], one.partition(":")[2])
        paper_id = self._choose_id(first) or title_id(title or abstract, title and abstract)
        scheme, _, bare = paper_id.partition(":")
        arxiv_id = first.get("arxiv") or (bare if scheme == "arxiv" else None)
        doi = first.get("doi") or (bare if scheme == "doi" else None)
        listed = self.remarks.authors or (self.authors if self.exported else ())
        names = tuple(_texts(listed)) or read_names(self.authors)
        date, year = _when(self.date, self.year)
        date = _date(self.remarks.date) or date
        return Paper(
            id=paper_id,
            title=title,
            abstract=abstract,
            authors=names,
            author_count=_count(self.author_count)
            or self.remarks.author_count
            or len(names)
            or None,
            date=date,
            year=year,
            venue=self._clean(clean_text, _venue(self.venue)) or None,
            url=url or (f"https://arxiv.org/abs/{arxiv_id}" if arxiv_id else None),
            doi=doi,
            arxiv_id=arxiv_id,
            sources=tuple(sorted({*_texts(self.sources), source})),
            other_ids=tuple(sorted({*known} - {paper_id, f"arxiv:{arxiv_id}", f"doi:{doi}"})),
            retracted=self.retracted or self._says_retracted(title, abstract),
            key=self._choose_key(names, year, title),
        )

    @property
    def _is_clean(self) -> bool:
        return self.exported or self.remarks.as_they_stand

    def _clean(self, clean: Callable[[str], str], text: str) -> str:
        return one_line(text) if self._is_clean else clean(text)

    def _choose_key(self, names: Sequence[str], year: int | None, title: str) -> str | None:
        """Return the citation key, unless it is none that a person chose."""
        key = _plain(self.key)
        if not is_key(key) or find_identifier(key):
            return None
        # One that our own exports made is made again, as long as nothing it is made of changes.
        made = plain_key(names[0] if names else "", year, title)
        return None if re.fullmatch(f"{re.escape(made)}[a-z]{{0,2}}", key) else key

    def _identifiers(self, url: str | None) -> list[str]:
        """Return what identifies the work itself, the surest first."""
        found = [
            one
            for key, value in self.ids.items()
            if (scheme := _scheme(key))
            for text in _texts(value)
            if (one := _identifier(scheme, text))
        ]
        beside = (find_identifier(_plain(self.own_id)), find_identifier(url or ""))
        found += [one for one in beside if one and one.partition(":")[0] in _KNOWN]
        found += [
            find_identifier(f"acl:{match[1]}") or ""
            for one in found
            if (match := _ACL_DOI.fullmatch(one))
        ]
        own = [one for one in found if self.exported or not self._is_container(one)]
        stated = [one for one in self.remarks.identifiers if one.partition(":")[0] in _KNOWN]
        return list(dict.fromkeys([*own, *filter(None, map(find_identifier, stated))]))

    def _choose_id(self, first: Mapping[str, str]) -> str | None:
        """Choose what the paper is called by: an id that its source took for one comes first."""
        stated = _plain(self.own_id) if self.exported else (*self.remarks.identifiers, "")[0]
        if stated:
            return stated
        own = find_identifier(_plain(self.own_id))
        if own and not is_lesser(own) and not self._is_container(own):
            return own
        return next((f"{kind}:{first[kind]}" for kind in _PREFERENCE if kind in first), None)

    def _is_container(self, identifier: str) -> bool:
        """Tell whether a DOI is that of the book or the journal in which the work stands."""
        if _BOOK_DOI.fullmatch(identifier):
            kinds = [kind.lower() for kind in _texts(self.type)]
            stands_in = bool(self.venue) or _PART.search(" ".join(kinds)) is not None
            return stands_in and _WHOLE.isdisjoint(kinds)
        return _JOURNAL_DOI.fullmatch(identifier) is not None

    def _says_retracted(self, title: str, abstract: str) -> bool:
        return (
            "retracted" in " ".join(_texts(self.type)).lower()
            or _RETRACTED.match(title) is not None
            or says_withdrawn(abstract)
        )


def _refuse_long(title: str, abstract: str, *, most: int, most_title: int) -> None:
    for name, text, limit in (("title", title, most_title), ("abstract", abstract, most)):
        if len(text) > limit:
            raise BadRecordError(
                f"{'an' if name == 'abstract' else 'a'} {name} of {len(text):,} characters;"
                f" {limit:,} is the most"
            )


def says_withdrawn(text: Any) -> bool:  # noqa: ANN401 - what a source holds
    """Say whether an abstract or a comment only tells that its paper was withdrawn."""
    return isinstance(text, str) and _WITHDRAWN.match(text) is not None


def notes_retraction(*notes: Any) -> bool:  # noqa: ANN401 - what a source holds
    """Say whether a note on a paper tells that it was retracted, as our own exports do."""
    return any(isinstance(note, str) and _RETRACTION_NOTE.match(note) for note in notes)


def to_item(record: Record, document: Document, place: str) -> Item:
    """Make the paper of a record; where it is none, say so with its place in the document."""
    try:
        return record.to_paper(document.name)
    except BadRecordError as error:
        return Rejection(document.source, place, str(error))


def _plain(value: Any) -> str:  # noqa: ANN401 - what a source holds
    """Return a text or a number as text on one line; empty for whatever else, and for "nan"."""
    if isinstance(value, float):
        value = int(value) if value.is_integer() else ""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    text = one_line(value if isinstance(value, str) else _digits(value))
    return "" if is_nothing(text) else text


def _digits(number: int) -> str:
    return str(number) if abs(number) < 10**18 else ""  # nothing that we read is longer


def _texts(value: Any) -> list[str]:  # noqa: ANN401 - what a source holds
    """Return the texts and numbers in a value or a list of values."""
    values = value if isinstance(value, list | tuple) else [value]
    return [text for text in map(_plain, values) if text]


def _text(value: Any, name: str) -> str:  # noqa: ANN401 - what a source holds
    """Return a text as it stands, also the first of a list; empty where there is none."""
    if isinstance(value, list | tuple):
        value = value[0] if value else None
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise BadRecordError(f"{name} is not text")
    return value if isinstance(value, str) else str(value)


def _paragraphs(value: Any) -> str:  # noqa: ANN401 - what a source holds
    """Join the paragraphs of an abstract; those of a structured one keep their labels."""
    if isinstance(value, Mapping):
        value = [{"label": label, "text": text} for label, text in value.items()]
    if not isinstance(value, list | tuple):
        return _text(value, "abstract")
    parts: list[str] = []
    for item in value:
        if not isinstance(item, Mapping):
            parts.append(_text(item, "abstract"))
            continue
        label = next((_plain(item[key]) for key in _LABELS if item.get(key)), "")
        text = _text(item.get("text"), "abstract")
        # One label over several paragraphs, and one that says "abstract", labels nothing.
        plain = label.casefold() == "abstract" or text.startswith(label)
        parts.append(text if plain else f"{label.rstrip(':.')}: {text}")
    return "\n".join(part for part in parts if part)


def _venue(value: Any) -> str:  # noqa: ANN401 - what a source holds
    if isinstance(value, Mapping):
        value = value.get("name") or value.get("display_name")
    return (_texts(value) or [""])[0]


def _count(value: Any) -> int | None:  # noqa: ANN401 - what a source holds
    text = _plain(value)
    return int(text) if text.isdecimal() and 0 < int(text) < _MAX_AUTHORS else None


@lru_cache(maxsize=1024)
def _scheme(key: str) -> str:
    """Return the kind of identifier that a source keeps under a key; empty where it is none."""
    return _SCHEMES.get(_NOT_LETTERS.sub("", key).lower(), "")


def _identifier(scheme: str, text: str) -> str | None:
    """Read an identifier of which the source says the kind."""
    found = find_identifier(text)
    if scheme == "*":
        return found
    # arXiv has DOIs of its own.
    if found and found.partition(":")[0] in {scheme, "arxiv" if scheme == "doi" else scheme}:
        return found
    found = find_identifier(f"{scheme}:{text}")
    return found if found and found.startswith(f"{scheme}:") else None


def _when(date: Any, year: Any) -> tuple[str | None, int | None]:  # noqa: ANN401 - what a source holds
    """Return the date and the year; a year that stands by itself is no date."""
    day, stated = _date(date), _date(year)
    if stated and len(stated) > 4 and not day:
        day = stated
    return day, year_of(stated) or year_of(day)


def _date(value: Any) -> str | None:  # noqa: ANN401 - what a source holds
    if isinstance(value, Mapping):
        return _csl_date(value)
    if isinstance(value, list):
        return _parts_date(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        for least, most, a_second in _EPOCHS:
            if least <= value <= most:
                return dt.datetime.fromtimestamp(value / a_second, dt.UTC).date().isoformat()
    return parse_date(_plain(value))


def _csl_date(value: Mapping[str, Any]) -> str | None:
    parts = value.get("date-parts")
    if isinstance(parts, list) and parts and (found := _parts_date(parts[0])):
        return found
    if found := _parts_date([value.get(part) for part in ("year", "month", "day")]):
        return found
    texts = (_plain(value.get(key)) for key in ("raw", "literal", "date-time", "value"))
    return next((found for text in texts if text and (found := parse_date(text))), None)


def _parts_date(parts: Any) -> str | None:  # noqa: ANN401 - what a source holds
    if not isinstance(parts, list):
        return None
    texts = [_plain(part) for part in parts[:3]]
    stated = texts[: texts.index("")] if "" in texts else texts
    return parse_date("-".join(stated)) if stated else None
