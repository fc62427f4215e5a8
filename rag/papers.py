"""Papers: what is known of one, which id it has, and how two records of it become one."""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any
from urllib.parse import quote, quote_plus, unquote, urlsplit

from rag.text.dates import show_date, year_of
from rag.text.decoding import one_line

__all__ = [
    "History",
    "Paper",
    "Part",
    "find_identifier",
    "has_page",
    "is_lesser",
    "is_preprint",
    "merge",
    "renew",
    "title_id",
    "title_key",
    "way_out",
    "way_out_label",
]

_ARXIV = r"(?:0[7-9]|[1-9]\d)(?:0[1-9]|1[0-2])\.\d{4,5}|[a-z-]+(?:\.[A-Z]{2})?/\d{7}"
_WEB = r"(?:https?://)?(?:www\.)?"
# How each kind of identifier is written, in the order in which they are tried; what is identified
# is in the last group that matched.
_IDENTIFIERS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (scheme, re.compile(pattern, re.IGNORECASE))
    for scheme, pattern in (
        (
            "arxiv",
            (
                rf"(?:{_WEB}(?:(?:export\.)?arxiv\.org/(?:abs|pdf|html)|huggingface\.co/papers)/"
                r"|(?:(?:https?://)?(?:dx\.)?doi\.org/|doi:?\s*)?10\.48550/arxiv\."
                rf"|oai:arxiv\.org:|arxiv:\s*)?({_ARXIV})(?:v\d+)?(?:\.pdf)?(?:\s*\[[\w.-]+\])?"
            ),
        ),
        (
            "doi",
            rf"{_WEB}(?:bio|med)rxiv\.org/content/(10\.\d{{4,9}}/[\d.]+?)(?:v\d+)?(?:[./]\D.*)?",
        ),
        ("doi", r"(?:(?:https?://)?(?:dx\.)?doi\.org/|doi:?\s*)?(10\.\d{4,9}/\S+)(?:\s+\[doi\])?"),
        ("pmid", rf"(?:{_WEB}pubmed\.ncbi\.nlm\.nih\.gov/|pmid:?\s*)(\d{{1,9}})/?"),
        (
            "pmcid",
            (
                rf"(?:{_WEB}(?:ncbi\.nlm\.nih\.gov/pmc|pmc\.ncbi\.nlm\.nih\.gov)/articles/"
                r"|pmcid:?\s*)(?:PMC)?(\d{1,9})/?|PMC(\d{3,9})"
            ),
        ),
        ("acl", rf"{_WEB}(?:aclanthology\.org/|acl:)([\w.-]+?)/?"),
        ("openreview", rf"(?:{_WEB}openreview\.net/(?:forum|pdf)\?id=|openreview:)([\w-]+)"),
        ("openalex", rf"(?:{_WEB}(?:api\.)?openalex\.org/(?:works/)?|openalex:)(W\d+)"),
        ("s2", rf"(?:{_WEB}semanticscholar\.org/paper/(?:[^/\s]+/)?|s2:)([0-9a-f]{{40}})"),
        ("corpusid", r"corpusid:\s*(\d{1,12})"),
        ("wos", r"wos:\s*([A-Z0-9]{10,20})"),
    )
)
_SCHEMES = frozenset(scheme for scheme, _ in _IDENTIFIERS)
# What identifies a paper, but is not what it is called by.
_LESSER = frozenset({"pmcid", "openreview", "openalex", "s2", "corpusid", "wos"})
# Where each kind of identifier leads, the best first; and where a title is looked up.
_ADDRESSES = {
    "arxiv": "https://arxiv.org/abs/",
    "doi": "https://doi.org/",
    "acl": "https://aclanthology.org/",
    "pmid": "https://pubmed.ncbi.nlm.nih.gov/",
    "pmcid": "https://pmc.ncbi.nlm.nih.gov/articles/",
    "openreview": "https://openreview.net/forum?id=",
    "openalex": "https://openalex.org/",
    "s2": "https://www.semanticscholar.org/paper/",
}
_LOOK_UP = "https://scholar.google.com/scholar?q="
_LOOKED_UP = 200  # characters of a title
_SHOWN_AUTHORS = 3
_SCHEMED = re.compile(r"[a-z][a-z0-9]{0,15}:\S+")
_CUT = re.compile(r"\s*(?:\.\.\.|…)$")
_SAYS_RETRACTED = re.compile(r"\W*(?:retracted|withdrawn)\b", re.IGNORECASE)
_BEGINNING = 300  # characters: pages cut an abstract short, but not before these
# Whose DOIs are those of preprints: bioRxiv, Research Square, SSRN, OSF, PsyArXiv, ChemRxiv,
# preprints.org, TechRxiv, EarthArXiv, Authorea.
_PREPRINT = re.compile(
    r"(?:doi:)?10\.(?:1101|21203|2139|31219|31234|26434|20944|36227|31223|22541)/", re.IGNORECASE
)
_SERVER = re.compile(
    r"\W*(?:arxiv|biorxiv|medrxiv|ssrn|chemrxiv|psyarxiv|research square|preprints?)\b",
    re.IGNORECASE,
)
_INITIAL = re.compile(r"\b\w\b")


@dataclass(frozen=True, slots=True)
class Part:
    """One of the records that a paper was made of.

    Attributes:
        record: The record as its sources have it.
        why: Why it is taken for one of this paper; empty for the first.
    """

    record: Paper
    why: str = ""


@dataclass(frozen=True, slots=True)
class History:
    """What a paper was made of, where that isn't the record itself, and what it is held apart from.

    Attributes:
        parts: Its records, in the order in which they came; empty when there is one, the same.
        apart: Ids of papers, and keys of records, that a person said are of other papers.
    """

    parts: tuple[Part, ...] = ()
    apart: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.parts or self.apart)


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
        other_ids: What else identifies this very work (`pmid:...`, `openalex:...`, `s2:...`), and
            what else its records are called by.
        retracted: Whether a source says that the paper was retracted or withdrawn.
        key: The citation key that people gave it, as in a file of theirs; no identity.
        history: What the paper was merged from. It travels with the paper into the index and out
            of it, but two papers that say the same are equal whatever theirs is.
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
    other_ids: tuple[str, ...] = ()
    retracted: bool = False
    key: str | None = None
    history: History = field(default=History(), compare=False, repr=False)

    @property
    def names(self) -> tuple[str, ...]:
        """All that the paper is called by, its id first."""
        known = (
            self.id,
            f"arxiv:{self.arxiv_id}" if self.arxiv_id else "",
            f"doi:{self.doi}" if self.doi else "",
            *self.other_ids,
        )
        return tuple(dict.fromkeys(one for one in known if one))

    @property
    def identifiers(self) -> tuple[str, ...]:
        """All that identifies the work, as `find_identifier` writes it; a title does not."""
        return tuple(one for one in self.names if ":" in one and not one.startswith("title:"))

    @property
    def parts(self) -> tuple[Part, ...]:
        """The records that the paper was made of: itself, where there is but one."""
        return self.history.parts or (Part(replace(self, history=History())),)

    @property
    def heading(self) -> str:
        """The title as it is shown and cited: with a warning in front of a retracted paper's."""
        if not self.retracted or _SAYS_RETRACTED.match(self.title):
            return self.title
        return f"RETRACTED: {self.title}" if self.title else "RETRACTED"

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
        """Return the fields as plain values, ready for JSON; without the history."""
        values = asdict(replace(self, history=History()))
        del values["history"]
        return values

    def as_record(self) -> dict[str, Any]:
        """Return all there is as plain values, as a library stores it."""
        values = self.as_dict()
        if self.history:
            values["history"] = {
                "parts": [self._part_as_dict(part) for part in self.history.parts],
                "apart": list(self.history.apart),
            }
        return values

    def _part_as_dict(self, part: Part) -> dict[str, Any]:
        values = part.record.as_dict()
        if part.record.abstract == self.abstract:
            del values["abstract"]  # which stands beside it
        return {"record": values, "why": part.why}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Paper:
        """Build a paper from what `as_dict` or `as_record` returned."""
        known = {field.name for field in fields(cls)} - {"history"}
        kept = {name: value for name, value in values.items() if name in known}
        for name in ("authors", "sources", "other_ids"):
            kept[name] = tuple(kept.get(name) or ())
        if history := values.get("history"):
            parts = tuple(
                Part(cls.from_dict({"abstract": kept["abstract"], **one["record"]}), one["why"])
                for one in history["parts"]
            )
            kept["history"] = History(parts, tuple(history["apart"]))
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


def title_id(title: str, abstract: str = "") -> str:
    """Make the id of a paper of which no identifier is known.

    The beginning of its abstract keeps it apart from others of its title.

    >>> title_id("Layer Normalization")
    'title:layer-normalization-94379e'
    """
    key = title_key(title) or one_line(title)
    slug = re.sub(r"[^a-z0-9]+", "-", key)[:48].strip("-") or "untitled"
    if abstract:
        key = f"{key}\n{title_key(abstract[:_BEGINNING])}"
    # The slug is for people; the hash keeps apart what it cuts off or can't spell.
    return f"title:{slug}-{hashlib.sha256(key.encode()).hexdigest()[:6]}"


def find_identifier(text: str) -> str | None:
    """Read an id as a person types or pastes it: an arXiv id or address, a DOI, a PMID, ...

    >>> find_identifier("https://arxiv.org/pdf/1706.03762v5"), find_identifier("10.1000/xyz123")
    ('arxiv:1706.03762', 'doi:10.1000/xyz123')
    """
    text = text.strip()
    if "%" in text and "://" in text:
        text = unquote(text)
    for scheme, pattern in _IDENTIFIERS:
        if match := pattern.fullmatch(text):
            return f"{scheme}:{_in_standard_form(scheme, match[match.lastindex or 0])}"
    unknown = _SCHEMED.fullmatch(text) and "//" not in text
    return text if unknown and text.partition(":")[0] not in _SCHEMES else None


def _in_standard_form(scheme: str, bare: str) -> str:
    if scheme in {"openalex", "wos"} or (scheme == "acl" and bare[0].isalpha()):
        return bare.upper()
    if scheme in {"doi", "s2"}:
        return bare.lower().rstrip(".,")
    return f"PMC{bare}" if scheme == "pmcid" else bare


def is_lesser(identifier: str) -> bool:
    """Say whether an identifier is one that papers are not called by, such as `openalex:W1`."""
    return identifier.partition(":")[0] in _LESSER


def is_preprint(identifier: str) -> bool:
    """Say whether a DOI is that of a preprint, of which an article may have another."""
    return _PREPRINT.match(identifier) is not None


def renew(known: Paper, newer: Paper) -> Paper:
    """Bring a record up to date with what the same source says of it now; it keeps its id.

    What the source says replaces what it said; what it doesn't say any more is kept.
    """
    joined = _join(
        newer,
        known,
        title=newer.title or known.title,
        abstract=_whole(newer.abstract, known.abstract),
        authors=newer.authors or known.authors,
        author_count=newer.author_count or known.author_count,
        venue=newer.venue or known.venue,
        doi=newer.doi or known.doi,
    )
    # An id that was made of a title is as new as the title.
    ids = {one for one in joined.other_ids if not one.startswith("title:")} | {*known.other_ids}
    return replace(joined, id=known.id, other_ids=tuple(sorted(ids - {known.id})))


def merge(preferred: Paper, other: Paper) -> Paper:
    """Join two records of one paper, and keep the best of each field.

    The preferred record wins, id included, unless the other says more of the field. Every id of
    either and every place that either was read from is listed.
    """
    return _join(
        preferred,
        other,
        # Services shout titles and cut them short.
        title=_better_title(preferred.title, other.title),
        # One cut short, or of which a service kept the beginning, loses against the whole. Of two
        # different ones neither is better; a steady choice keeps quotes in place.
        abstract=_fuller(preferred.abstract, other.abstract),
        # Some lists end early, and some have initials where others spell names out.
        authors=_fuller_authors(preferred.authors, other.authors),
        # Who counts fewer has not seen them all.
        author_count=max(preferred.author_count or 0, other.author_count or 0) or None,
        # Where a paper appeared says more than that it was a preprint first.
        venue=_published(preferred.venue, other.venue, _SERVER),
        doi=_published(preferred.doi, other.doi, _PREPRINT),
    )


def _join(preferred: Paper, other: Paper, *, doi: str | None, **chosen: Any) -> Paper:  # noqa: ANN401 - fields
    """Join what is gathered from both records, or of which either is as good, with what is chosen.

    A day says more than a year; of two days that of the preferred record is as good.
    """
    date = _fuller_date(preferred.date, other.date)
    arxiv_id = preferred.arxiv_id or other.arxiv_id
    shown = {preferred.id, f"doi:{doi}", f"arxiv:{arxiv_id}"}
    return replace(
        preferred,
        date=date,
        year=year_of(date) or preferred.year or other.year,
        url=preferred.url or other.url,
        doi=doi,
        arxiv_id=arxiv_id,
        sources=tuple(sorted({*preferred.sources, *other.sources})),
        other_ids=tuple(sorted({*preferred.names, *other.names} - shown)),
        retracted=preferred.retracted or other.retracted,
        key=preferred.key or other.key,
        **chosen,
    )


def _better_title(preferred: str, other: str) -> str:
    shouted = preferred.isupper() and not other.isupper()
    if not preferred or (shouted and title_key(preferred) == title_key(other)):
        return other or preferred
    return _whole(preferred, other)


def _whole(preferred: str, other: str) -> str:
    """Choose between two versions of a text: one that says it is cut short loses."""
    stem = _CUT.sub("", preferred)
    cut_short = stem != preferred and len(other) > len(stem) and other.startswith(stem)
    return other if cut_short or not preferred else preferred


def _fuller(preferred: str, other: str) -> str:
    """Choose between two abstracts: the beginning of another loses against the whole."""
    longer = other.startswith(preferred) and not _CUT.search(other)
    return other if longer else _whole(preferred, other)


def _fuller_authors(preferred: tuple[str, ...], other: tuple[str, ...]) -> tuple[str, ...]:
    if len(preferred) != len(other):
        return max(preferred, other, key=len)
    initials = [len(_INITIAL.findall(" ".join(names))) for names in (preferred, other)]
    return other if initials[1] < initials[0] else preferred


def _fuller_date(preferred: str | None, other: str | None) -> str | None:
    """Choose the date that says more; of two that say as much, the preferred one."""

    def detail(date: str | None) -> int:
        return 0 if not date else 1 if date.startswith("--") else len(date)

    return other if detail(other) > detail(preferred) else preferred


def _published(preferred: str | None, other: str | None, draft: re.Pattern[str]) -> str | None:
    """Choose what is of the published paper over what is of its preprint."""
    if preferred and other and draft.match(preferred) and not draft.match(other):
        return other
    return preferred or other


def _is_address(text: str) -> bool:
    """Say whether a text is an address on the web, and nothing that would be followed elsewhere."""
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname)


def way_out(paper: Paper) -> str:
    """Return an address that leads from a paper to where it is read.

    It is the one that its sources state, else that of an identifier, else one that looks up its
    title. What would end a link or run in a browser is quoted in it, so that it is safe in HTML,
    Markdown and terminals.

    >>> way_out(Paper(id="pmid:7", title="A Title", abstract=""))
    'https://pubmed.ncbi.nlm.nih.gov/7'
    >>> way_out(Paper(id="title:a-title", title="A <Title>", abstract=""))
    'https://scholar.google.com/scholar?q=a+title'
    """
    if paper.url and _is_address(paper.url.strip()):
        return quote(one_line(paper.url), safe="%:/?#@!$&*+,;=~-._")
    known = dict(one.partition(":")[::2] for one in reversed(paper.identifiers))
    for kind, address in _ADDRESSES.items():
        if kind in known:
            return address + quote(known[kind], safe="/:;.-_")
    # Its bare words: the rest would be read as operators of the search.
    words = title_key(paper.title or paper.abstract)[:_LOOKED_UP]
    return _LOOK_UP + quote_plus(words)


def has_page(paper: Paper) -> bool:
    """Say whether an address of the paper itself is known, or has to be looked up by its title."""
    return not way_out(paper).startswith(_LOOK_UP)


def way_out_label(paper: Paper) -> str:
    """Say what an address that `way_out` returned does."""
    return "Read the paper" if has_page(paper) else "Look up the title"
