"""What a library holds, in figures, and how it was built."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from rag.errors import StorageError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rag.index.catalog import Catalog
    from rag.index.paper_index import PaperIndex
    from rag.settings import Settings

__all__ = ["Overview", "describe", "survey"]

_COMMON = frozenset(
    "a about across after all an and any are as at based be been being between beyond but by can "
    "could do does for from get give has have how if in into is it its learn learning like make "
    "method methods model models more most need new no non not of off on one only or our out over "
    "paper re s should so some such than that the their them there these they this through to "
    "toward towards two under up use used using via vs was we were what when where which while "
    "who why will with without you your".split()
)
_MOST = 30  # values of one kind: what a reader takes in at a glance


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """Figures of a library.

    Attributes:
        papers: How many there are.
        years: Papers of each year, in order of the year.
        undated: Papers whose year no source states.
        sources: Papers read from each source, the most frequent first; at most 30.
        venues: Papers of each venue, likewise.
        words: In how many titles a word occurs, likewise; without words that say little.
    """

    papers: int
    years: dict[int, int]
    undated: int
    sources: dict[str, int]
    venues: dict[str, int]
    words: dict[str, int]

    def as_dict(self) -> dict[str, Any]:
        """Return the fields as plain values, ready for JSON."""
        return asdict(self)


def survey(catalog: Catalog) -> Overview:
    """Count the papers of a library by what is known of them."""
    years = catalog.tally("year")
    known = [(year, count) for year, count in years.items() if isinstance(year, int)]
    sources: Counter[str] = Counter()
    for value, count in catalog.tally("sources").items():
        for name in str(value).split("\n"):
            sources[name] += count
    venues = Counter({str(name): count for name, count in catalog.tally("venue").items() if name})
    words = Counter(word for title in catalog.title_keys() for word in _telling(title))
    return Overview(
        papers=sum(years.values()),
        years={int(year): count for year, count in sorted(known)},
        undated=years.get(None, 0),
        sources=dict(sources.most_common(_MOST)),
        venues=dict(venues.most_common(_MOST)),
        words=dict(words.most_common(_MOST)),
    )


def _telling(title: str) -> Iterable[str]:
    return {word for word in title.split() if len(word) > 1 and word not in _COMMON}


def describe(index: PaperIndex, settings: Settings) -> dict[str, Any]:
    """Say where a library is, how much it holds and how it was built."""
    from rag.index.chroma_server import shown_address

    manifest = index.manifest
    try:
        damage = index.damage()
    except StorageError as error:  # Chroma can't even be opened
        damage = error
    return {
        "storage": str(settings.storage),
        "chroma": shown_address(settings.chroma_url) if settings.chroma_url else "embedded",
        "papers": len(index.catalog),
        **({"damage": f"{damage.message} {damage.hint}"} if damage else {}),
        "chunks": index.catalog.count_chunks(),
        "embedder": manifest.embedder if manifest else None,
        "dimension": manifest.dimension if manifest else None,
        "encoder": manifest.encoder if manifest else None,
        "chunker": manifest.chunker if manifest else None,
        "made_by": manifest.version if manifest else None,
        "nli_model": settings.nli_model,
    }
