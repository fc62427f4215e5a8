"""Questions about the library itself, answered from the catalogue: exactly, or not at all.

Such a question is told by what is left of it: without its filters and the words by which a library
is asked about ("how many", "newest", "papers"), nothing may be. "How many papers are on pruning?"
leaves "pruning", and is answered from the papers.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rag.papers import Paper, find_identifier, title_key
from rag.questions.several import order_of
from rag.search.query import Filters, select
from rag.text.decoding import one_line
from rag.text.safety import neutralise_markers
from rag.text.words import GRAMMAR

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from rag.index.catalog import Catalog
    from rag.questions.several import Order

__all__ = ["LibraryFacts", "answer_from_catalogue", "no_paper_left"]

_MOST = 12  # papers, names or words that are listed
_WORD = re.compile(r"[^\W_]+(?:['\u2019-][^\W_]+)*")
# What a library is asked about with.
_FURNITURE = GRAMMAR | frozenset(
    "papers paper articles article publications publication studies study works work abstracts"
    " abstract records record items documents preprints surveys library collection database corpus"
    " catalogue catalog archive shelf total altogether overall exactly currently now stored indexed"
    " contained contain contains hold holds held include includes included cover covers covered"
    " loaded available exist exists got give show list tell name count number size large big find"
    " see know known please published publish publishes written wrote write writes authored"
    " released"
    " released came out year years date dates dated time times span range period early late new old"
    " newest latest recent recently oldest earliest first last most me us get added made main"
    " different various distinct every whole entire full kinds kind sort sorts one ones two three"
    " four five six ten author authors writers people researchers venue venues journal journals"
    " conference conferences source sources file files topic topics subject subjects theme themes"
    " area areas field fields keyword keywords ask question questions frequent common prolific"
    " often appear appears best top many much long does did ever within order sorted ordered by"
    " names titles title stand stands there here's what's start end begin between without"
    " undated come comes".split()
)
# Of these, what papers may be on: "Which papers study long documents?"
_MATTER = frozenset(
    "study long large big people researchers time times question questions documents field fields"
    " files names sources source work first last best appear often frequent database".split()
)
_ASKED: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (name, re.compile(pattern, re.IGNORECASE))
    for name, pattern in (
        (
            "count",
            (
                r"\bhow (?:many|much)\b(?!.*\b(?:authors|venues|journals|years|topics)\b)"
                r"|\bnumber of\b"
                r"|\bhow (?:large|big)\b|\bsize of\b|\bcount\b"
            ),
        ),
        (
            "topics",
            (
                r"\b(?:topics?|subjects?|themes?|areas?|fields?|keywords?)\b"
                r"|\bwhat (?:is|are) (?:this|the|these|your|all) (?:library|collection"
                r"|database|corpus"
                r"|papers|articles|documents|abstracts|catalog(?:ue)?)(?: all)? about\b"
                r"|\bwhat (?:can|should|could) (?:i|we|one) ask\b|\bwhat(?:'s| is) in (?:the"
                r"|this|your)\b"
                r"|\bwhat do (?:you|these papers|the papers|we) (?:know|have|cover|contain|hold)\b"
            ),
        ),
        ("newest", r"\b(?:newest|latest|most recent(?:ly)?|last)\b|\brecent (?:papers|work)\b"),
        ("oldest", r"\b(?:oldest|earliest|first)\b"),
        (
            "years",
            (
                r"\b(?:which|what|how many) years?\b|\b(?:time|date|year)s? (?:span|range|period)\b"
                r"|\bwhat period\b|\bhow old\b|\bwhen were\b|\bfrom when\b|\b(?:years|dates) of\b"
            ),
        ),
        (
            "authors",
            (
                r"\b(?:which|what|how many|list|all|show|most|name) (?:the |all |of the |are the )*"
                r"(?:\w+ )?(?:authors|writers|researchers|people)\b"
                r"|\bwho (?:wrote|writes|authored|published|are|is)\b|\b(?:frequent|prolific"
                r"|common) author"
            ),
        ),
        ("venues", r"\b(?:venues?|journals?|conferences?)\b"),
        ("sources", r"\b(?:sources?|files?)\b|\bwhere (?:do|did|are|were)\b"),
        (
            "list",
            (
                r"^(?:(?:what|which|list|show|give|name|all|any|every|find|tell|are there|is"
                r" there)\b"
                r"|(?:papers|articles|publications|studies|works)\b|what$)"
            ),
        ),
    )
)
# A single paper that is asked about: who wrote it, when it appeared, whether it is there.
_OF_PAPER: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (name, re.compile(pattern, re.IGNORECASE))
    for name, pattern in (
        (
            "authors",
            (
                r"^(?:who (?:wrote|authored|published|are the authors of|is the author of)|"
                r"(?:what|which)"
                r" (?:are|is) the authors? of|authors? of) (?:the )?(?:paper |article )?"
                r"(?P<title>.+?)\W*$"
            ),
        ),
        (
            "date",
            (
                r"^(?:when (?:was|did)|what year was|in (?:what|which) year was) (?:the )?(?:paper"
                r" |article )?(?P<title>.+?) (?:published|written|released|appear|come out"
                r"|from)\W*$"
            ),
        ),
        (
            "venue",
            (
                r"^(?:where|in (?:which|what) (?:journal|venue|conference)|which (?:journal|venue)"
                r"|what (?:journal|venue)) (?:was|did|has|published) (?:the )?(?:paper |article )?"
                r"(?P<title>.+?)(?: (?:been )?(?:published|appear|presented)(?: in)?)?\W*$"
            ),
        ),
        (
            "there",
            (
                r"^(?:do (?:you|we) have|is|have you got|does (?:the|this) library (?:have"
                r"|hold|contain))"
                r" (?:the )?(?:paper |article )?(?P<title>.+?)(?: (?:here|there|in (?:the"
                r"|this|your)"
                r" (?:library|collection|database|catalog(?:ue)?)))?\W*$"
            ),
        ),
    )
)

_IDENTIFIER = re.compile(
    r"\b(?P<scheme>arxiv|pmid)[: ]{1,2}(?P<number>\d{4}\.\d{4,5}|\d{5,9})\b"
    r"|\b(?:\d{4}\.\d{5}\b|10\.\d{4,9}/\S+)",
    re.IGNORECASE,
)
_CALLED = re.compile(
    r"^(?:on|about|of|introducing|that introduces|behind|called|titled) |"
    r" (?:paper|article|study|preprint)$",
    re.IGNORECASE,
)
# Papers by somebody whom no source names; whom one does name has become a filter.
_BY_NOBODY = re.compile(
    r"\b(?:anything|something|papers?|articles?|works?|publications?|studies|preprints?)"
    r"(?: (?:is|are|was|were|have|has|been|written|published|authored|there|here)){0,3}"
    r" (?:written |published )?by (?P<name>(?:(?:[A-Z][\w'’.-]*|van|von|der?|d[ai]|l[ae]) ?){1,4})"
    r"(?: (?:here|there|in (?:the|this|your) (?:library|collection|database)))?[?.!]*$"
)


@dataclass(frozen=True, slots=True)
class LibraryFacts:
    """What the catalogue says.

    Attributes:
        text: The answer. Where it lists papers, each stands on a line of its own behind the
            number of its place among `papers`, in brackets.
        papers: Those that it lists, in order.
        notes: What the catalogue doesn't know.
    """

    text: str
    papers: tuple[Paper, ...] = ()
    notes: tuple[str, ...] = ()


def answer_from_catalogue(
    question: str, asked: str, filters: Filters, catalog: Catalog
) -> LibraryFacts | None:
    """Answer a question about the library; None to one about what papers say.

    Args:
        question: Without the words that became filters.
        asked: The whole question.
        filters: All that apply, those that it states among them.
        catalog: The catalogue.
    """
    if facts := _settled(asked, filters, catalog):
        return facts
    plain = question.replace("\u2019", "'").strip()
    words = [word.lower().removesuffix("'s") for word in _WORD.findall(plain)]
    if any(word not in _FURNITURE and not word.isdigit() for word in words):
        return None
    kind = next((name for name, pattern in _ASKED if pattern.search(plain)), "")
    # Without the furniture of a library, "What are they?" would be taken for a list.
    speaks = re.search(
        r"\b(?:papers?|articles?|publications?|studies|works?|abstracts?|records?|library|collection"
        r"|database|corpus|catalog(?:ue)?|documents?|preprints|authors|venues?|journals?|topics?)\b",
        plain,
        re.IGNORECASE,
    )
    if "undated" in words:
        filters = replace(filters, has_date=False)
    narrowed = filters.author or filters.venue or filters.year_from or filters.year_to
    if kind == "list" and not _MATTER.isdisjoint(words):
        return None
    if not kind or not (speaks or (narrowed and question != asked)):
        return None
    single = bool(re.search(r"\b(?:paper|article|publication|study)\b", plain, re.IGNORECASE))
    return _ANSWERS[kind](_Library(catalog, filters, single=single), order_of(plain))


def _settled(asked: str, filters: Filters, catalog: Catalog) -> LibraryFacts | None:
    """Answer what is asked about a single paper, or about one that isn't here."""
    return (
        _of_a_paper(asked, catalog)
        or _of_no_paper(asked, catalog)
        or _by_nobody(asked, filters, catalog)
    )


class _Library:
    """The papers that the filters leave, and how they are spoken of."""

    def __init__(self, catalog: Catalog, filters: Filters, *, single: bool = False) -> None:
        self.catalog = catalog
        self.single = single  # one paper is asked for, not a list
        self.filters = filters
        self.whole = len(catalog)
        selection = select(filters, catalog) if filters else None
        self.ids = None if selection is None else list(selection.chunks)
        self.unknown_year = 0 if selection is None else selection.unknown_year
        self.count = self.whole if self.ids is None else len(self.ids)

    def papers(self) -> Iterable[Paper]:
        if self.ids is None:
            return (entry.paper for entry in self.catalog.entries())
        return (entry.paper for entry in self.catalog.get(self.ids).values())

    def described(self) -> str:
        return f" ({self.filters.describe()})" if self.filters else ""

    def notes(self) -> list[str]:
        notes = []
        if self.unknown_year:
            notes.append(f"Not counted: {_papers(self.unknown_year)} whose year no source states.")
        if self.filters.author:
            nameless = sum(not paper.authors for paper in _all(self.catalog))
            if nameless:
                notes.append(f"Not counted: {_papers(nameless)} whose authors no source names.")
        return notes


def _all(catalog: Catalog) -> Iterable[Paper]:
    return (entry.paper for entry in catalog.entries())


def no_paper_left(filters: Filters, catalog: Catalog) -> LibraryFacts | None:
    """Say that filters leave no paper, and why that may be; None where they leave some."""
    library = _Library(catalog, filters)
    if library.count:
        return None
    return LibraryFacts(
        f"No paper of this library matches the filters: {filters.describe()}.",
        notes=tuple(library.notes()),
    )


def _papers(count: int) -> str:
    return "1 paper" if count == 1 else f"{count:,} papers"


def _count(library: _Library, _: Order) -> LibraryFacts:
    if library.ids is None:
        return LibraryFacts(f"This library holds {_papers(library.count)}.")
    verb = "matches" if library.count == 1 else "match"
    text = (
        f"{library.count:,} of the {_papers(library.whole)} in this library {verb}"
        f"{library.described()}."
    )
    return LibraryFacts(text, notes=tuple(library.notes()))


def _dated(library: _Library, *, newest: bool) -> LibraryFacts:
    known = [paper for paper in library.papers() if paper.year is not None]
    undated = library.count - len(known)
    notes = library.notes()
    if undated:
        notes.append(f"Left out: {_papers(undated)} whose year no source states.")
    if not known:
        return LibraryFacts("No source states the year of any paper here.", notes=tuple(notes))
    known.sort(key=lambda paper: title_key(paper.title))
    known.sort(key=_when, reverse=newest)
    word = "newest" if newest else "oldest"
    if library.single:
        return LibraryFacts(
            f"The {word} paper in this library{library.described()}:\n\n{_line(1, known[0])}",
            (known[0],),
            tuple(notes),
        )
    return _listed(f"The {word} papers in this library", library, known, notes, total=False)


def _when(paper: Paper) -> str:
    date = paper.date if paper.date and not paper.date.startswith("--") else ""
    return date or str(paper.year)


def _list(library: _Library, order: Order) -> LibraryFacts:
    papers = sorted(library.papers(), key=lambda paper: title_key(paper.title))
    if order != "fit":
        return _dated(library, newest=order == "newest")
    return _listed("Papers in this library", library, papers, library.notes(), total=True)


def _listed(
    head: str, library: _Library, papers: Sequence[Paper], notes: Sequence[str], *, total: bool
) -> LibraryFacts:
    shown = papers[:_MOST]
    count = f": {library.count:,}" if total else ""
    if len(papers) > len(shown):
        count += f"; {len(shown)} of {len(papers):,} shown"
    lines = [_line(place, paper) for place, paper in enumerate(shown, start=1)]
    more = []
    if len(papers) > len(shown):
        more = ["All of them: `rag papers`, or the page's Library tab."]
    text = (
        "\n".join([f"{head}{library.described()}{count}.", "", *lines])
        if shown
        else (f"No paper of this library matches{library.described()}.")
    )
    return LibraryFacts(text, tuple(shown), (*notes, *more))


def _line(place: int, paper: Paper) -> str:
    title = neutralise_markers(one_line(paper.heading)) or "(untitled)"
    return f"[{place}] {title}{f' ({paper.when})' if paper.when else ''}"


def _years(library: _Library, _: Order) -> LibraryFacts:
    counts = Counter(paper.year for paper in library.papers())
    undated = counts.pop(None, 0)
    notes = [f"Not counted: {_papers(undated)} whose year no source states."] if undated else []
    if not counts:
        return LibraryFacts("No source states the year of any paper here.", notes=tuple(notes))
    years = sorted(year for year in counts if year is not None)
    each = ", ".join(f"{year}: {counts[year]:,}" for year in years[-_MOST:])
    text = f"The papers{library.described()} are from {years[0]} to {years[-1]}. By year: {each}."
    return LibraryFacts(text, notes=tuple(notes))


def _tally(
    names_of: Callable[[Paper], Iterable[str]], what: str, nothing: str
) -> Callable[[_Library, Order], LibraryFacts]:
    def answer(library: _Library, _: Order) -> LibraryFacts:
        counts: Counter[str] = Counter()
        without = 0
        for paper in library.papers():
            names = list(dict.fromkeys(names_of(paper)))
            counts.update(names)
            without += not names
        notes = [f"Not counted: {_papers(without)} {nothing}."] if without else []
        if not counts:
            return LibraryFacts(f"No source names the {what} of any paper here.")
        first = counts.most_common(_MOST)
        listed = "; ".join(f"{name} ({count:,})" for name, count in first)
        shown = (
            f" The most frequent {len(first)} of {len(counts):,}:" if len(counts) > _MOST else ":"
        )
        head = f"{len(counts):,} {what}{library.described()}"
        return LibraryFacts(
            f"{head}{'.' if shown != ':' else ''}{shown} {listed}.", notes=tuple(notes)
        )

    return answer


def _topics(library: _Library, _: Order) -> LibraryFacts:
    """Name the pairs of words, and then the words, that most titles share."""
    counts: Counter[str] = Counter()
    for paper in library.papers():
        words = title_key(paper.title).split()
        pairs = {
            f"{first} {second}"
            for first, second in itertools.pairwise(words)
            if _telling(first) and _telling(second)
        }
        counts.update(pairs)
    common = [(pair, count) for pair, count in counts.most_common(_MOST) if count > 1]
    if len(common) < _MOST // 2:
        single = Counter(
            word
            for paper in library.papers()
            for word in {*title_key(paper.title).split()}
            if _telling(word) and not any(word in pair.split() for pair, _ in common)
        )
        common += [(word, n) for word, n in single.most_common(_MOST - len(common)) if n > 1]
    if not common:
        return LibraryFacts("The titles of the papers share no words that tell a topic.")
    listed = ", ".join(f"{words} ({count:,})" for words, count in common)
    return LibraryFacts(
        f"By the words that titles share, the {_papers(library.count)}{library.described()} are on:"
        f" {listed}.",
        notes=("Counted in titles; the page's Map tab shows which papers lie close together.",),
    )


def _telling(word: str) -> bool:
    return len(word) > 2 and word not in _FURNITURE and not word.isdigit() and word not in _PLAIN


_PLAIN = frozenset(
    "using based towards toward via approach approaches method methods novel analysis efficient"
    " simple beyond need all learning models model large you".split()
) - {"learning", "models", "model", "large"}


def _of_a_paper(question: str, catalog: Catalog) -> LibraryFacts | None:
    for kind, pattern in _OF_PAPER:
        match = pattern.match(question.strip())
        if match is None:
            continue
        title = match["title"].strip(" \"'\u201c\u201d\u2018\u2019?.!")
        # "The paper on KaSA", "the KaSA paper": its title begins with the name.
        name = _CALLED.sub("", title)
        found = [entry.paper for entry in catalog.by_title(title)]
        named = catalog.by_name(title) or catalog.by_name(name)
        found = found or [entry.paper for entry in catalog.get(named).values()]
        if found:
            return LibraryFacts(_ABOUT[kind](found[0]), (found[0],))
    return None


def _of_no_paper(question: str, catalog: Catalog) -> LibraryFacts | None:
    """Say that a paper which the question names by an identifier is not here."""
    for match in _IDENTIFIER.finditer(question):
        number = match["number"]
        named = f"{match['scheme'].lower()}:{number}" if number else match[0].rstrip(".,;:?!)")
        identifier = find_identifier(named)
        if identifier and not (catalog.by_identifier(identifier) or catalog.get([identifier])):
            return LibraryFacts(f"There is no paper {identifier} in this library.")
    return None


def _by_nobody(question: str, filters: Filters, catalog: Catalog) -> LibraryFacts | None:
    match = _BY_NOBODY.search(question.strip())
    if match is None or filters.author:
        return None
    nameless = sum(not paper.authors for paper in _all(catalog))
    note = f"Of {_papers(nameless)} no source names the authors." if nameless else ""
    return LibraryFacts(
        f"No paper in this library names an author “{match['name'].strip()}”.",
        notes=(note,) if note else (),
    )


def _title(paper: Paper) -> str:
    return neutralise_markers(one_line(paper.heading)) or paper.id


def _say_authors(paper: Paper) -> str:
    if paper.authors:
        return f"“{_title(paper)}” was written by {', '.join(paper.authors)} [1]."
    many = f" (it has {paper.author_count})" if paper.author_count else ""
    return f"“{_title(paper)}” [1] is here, but no source names its authors{many}."


def _say_date(paper: Paper) -> str:
    if paper.when:
        year = "" if paper.year else "; no source states the year"
        return f"“{_title(paper)}” is dated {paper.when}{year} [1]."
    return f"“{_title(paper)}” [1] is here, but no source states when it appeared."


def _say_venue(paper: Paper) -> str:
    if paper.venue:
        return f"“{_title(paper)}” appeared in {paper.venue} [1]."
    return f"“{_title(paper)}” [1] is here, but no source states where it appeared."


_ABOUT: dict[str, Callable[[Paper], str]] = {
    "authors": _say_authors,
    "date": _say_date,
    "venue": _say_venue,
    "there": lambda paper: f"Yes: “{_title(paper)}” is in this library [1].",
}
_ANSWERS: dict[str, Callable[[_Library, Order], LibraryFacts]] = {
    "count": _count,
    "newest": lambda library, _: _dated(library, newest=True),
    "oldest": lambda library, _: _dated(library, newest=False),
    "years": _years,
    "topics": _topics,
    "list": _list,
    "authors": _tally(lambda paper: paper.authors, "authors", "whose authors no source names"),
    "venues": _tally(
        lambda paper: [paper.venue] if paper.venue else [], "venues", "whose venue no source names"
    ),
    "sources": _tally(lambda paper: paper.sources, "sources", "without one"),
}
