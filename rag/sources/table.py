"""Read the rows of a table as papers: which column holds what is told from the columns' names.

Zotero, Scopus, Embase, Web of Science, PubMed, Rayyan, Covidence, IEEE, Springer, Lens, Dimensions
and people's own tables each have names of their own for the same few columns.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Any, TypeAlias

from rag.sources.base import Item, Rejection
from rag.sources.record import Record, to_item
from rag.text.names import divide_names

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from rag.sources.document import Document

__all__ = ["LOOKED_AT", "TABLE_FIELDS", "Row", "find_columns", "table_items"]

Row: TypeAlias = tuple[str, "Sequence[Any]"]  # its place, and what is in its cells
_Columns: TypeAlias = "dict[str, list[int]]"  # where a field is: the best column first

# Names in lower case without accents, and without anything between their words; of several columns
# for one field, the one whose name comes first here counts, as far as a row has something there.
_NAMES: dict[str, tuple[str, ...]] = {
    "title": (
        "title", "articletitle", "documenttitle", "papertitle", "primarytitle", "itemtitle",
        "displayname", "titel", "titre", "titulo", "titolo",
    ),
    "abstract": (
        "abstract", "abstractnote", "abstracttext", "summary", "zusammenfassung", "resume",
        "resumen", "resumo", "riassunto",
    ),
    "authors": (
        "authorfullnames", "authorsfullnames", "authors", "author", "authornames", "authorsnames",
        "authorlist", "creators", "authorshipsauthordisplayname", "autoren", "autor", "auteurs",
        "auteur", "autores", "autori",
    ),
    "author_count": ("authorcount", "numberofauthors", "authorscount"),
    "date": ("date", "publicationdate", "publisheddate", "datepublished", "published", "coverdate"),
    "year": (
        "year", "publicationyear", "publishedyear", "pubyear", "jahr", "erscheinungsjahr", "annee",
        "ano", "anno",
    ),
    "month": ("month", "publishedmonth"),
    "day": ("day",),
    "venue": (
        "journal", "sourcetitle", "publicationtitle", "journaltitle", "journalname", "journalbook",
        "fulljournalname", "secondarytitle", "booktitle", "conferencename", "venue", "zeitschrift",
        "revue", "revista", "rivista",
    ),
    "url": ("url", "link", "articleurl", "pdflink", "articlelink"),
    "doi": ("doi", "itemdoi", "doilink"),
    "pmid": ("pmid", "pubmedid", "medlinepmid"),
    "pmcid": ("pmcid",),
    "arxiv_id": ("arxivid", "arxiv"),
    "wos": ("utuniquewosid", "ut"),
    "id": ("id", "paperid"),
    "type": ("itemtype", "documenttype", "publicationtype", "type"),
    "retracted": ("isretracted", "retracted"),
    "other_ids": ("otherids",),
    "key": ("citationkey", "citekey", "bibtexkey"),
}  # fmt: skip
# What a person may say which column holds.
TABLE_FIELDS = tuple(_NAMES)
_NOT_LETTERS = re.compile(r"[\W_]+")
_NO_NAME = re.compile(r"[{}\"]")  # a piece of JSON has them
LOOKED_AT = 20  # rows: a header may stand below remarks
_SHOWN = 12  # columns
_EXPORTED = {"author_count", "other_ids", "retracted"}  # beside each other only in our export
# What our export puts in front of what a spreadsheet would run as a formula.
_SHIELDED = re.compile(r"\A'(?='*[=+\-@])")
# What reference managers keep beside papers.
_NO_PAPER = frozenset({"note", "attachment", "annotation"})
_FAMILY_FIRST = re.compile(r"[^\W\d_][^.,;]*[^\W\d_A-Z] (?:[A-Z]\.?-?){1,4}")
_NOBODY = re.compile(r"\[no authors? (?:names?|ids?) (?:available|listed)\]", re.IGNORECASE)


def find_columns(cells: Sequence[Any], wanted: Mapping[str, str]) -> _Columns:
    """Say which cells of a header name which fields; empty when none names the title.

    Args:
        cells: The names.
        wanted: The name of the column for a field, where a person says so.
    """
    names = [_reduce(cell) for cell in cells]
    columns = {
        field: [at for name in known for at, found in enumerate(names) if found == name]
        for field, known in _NAMES.items()
    }
    for field, name in wanted.items():
        columns[field] = [at for at, found in enumerate(names) if found == _reduce(name)]
    return {field: found for field, found in columns.items() if found} if columns["title"] else {}


def table_items(rows: Iterable[Row | Rejection], document: Document) -> Iterator[Item]:
    """Yield a paper for every row below the header, and what gives none.

    Remarks may stand above the header; columns that a person names are looked for there too.
    """
    columns: _Columns = {}
    header: Sequence[Any] = ()
    above: list[Row] = []
    for row in rows:
        if isinstance(row, Rejection):
            yield row
        elif columns:
            yield from _row_items(row, header, columns, document)
        else:
            above.append(row)
            header = row[1]
            columns = find_columns(header, document.columns)
            missing = [name for field, name in document.columns.items() if field not in columns]
            if columns and missing:
                reason = f"there is no column {', '.join(map(repr, missing))}"
                yield Rejection(document.source, "", f"{reason}; {_listed(header)}")
                return
            if len(above) == LOOKED_AT:
                break
    if not columns:
        yield Rejection(document.source, "", _why_unknown(above))


def _row_items(
    row: Row, header: Sequence[Any], columns: _Columns, document: Document
) -> Iterator[Item]:
    place, cells = row
    if not any(map(_is_filled, cells)):
        return
    if any(map(_is_filled, cells[len(header) :])):
        reason = f"{len(cells)} cells under {len(header)} columns: a quote or a comma is amiss"
        yield Rejection(document.source, place, reason)
        return

    is_ours = _EXPORTED.issubset(header)

    def cell(field: str) -> Any:  # noqa: ANN401 - what a table holds
        found = (cells[at] for at in columns.get(field, ()) if at < len(cells))
        value = next((value for value in found if _is_filled(value)), None)
        return _SHIELDED.sub("", value, count=1) if is_ours and isinstance(value, str) else value

    kind = cell("type")
    if isinstance(kind, str) and kind.strip().lower() in _NO_PAPER:
        return
    authors, year = cell("authors"), cell("year")
    read = divide_names if is_ours else _pointless
    record = Record(
        title=cell("title"),
        abstract=cell("abstract"),
        authors=read(authors) if isinstance(authors, str) else authors,
        author_count=cell("author_count"),
        date=_as_text(cell("date")) or _joined(year, cell("month"), cell("day")),
        year=_as_text(year),
        venue=cell("venue"),
        url=cell("url"),
        ids={
            **{scheme: cell(scheme) for scheme in ("arxiv_id", "doi", "pmid", "pmcid", "wos")},
            "other_ids": re.split(r"[;|\s]+", str(cell("other_ids") or "")),
        },
        own_id=cell("id"),
        type=kind,
        retracted=str(cell("retracted")).strip().lower() in {"true", "yes", "1"},
        key=cell("key"),
        exported=is_ours,
    )
    yield to_item(record, document, place)


def _pointless(authors: str) -> str:
    """Return names without the points that hide that they begin with the family name.

    Embase and Scopus write "Liu R., Adler D.G.", PubMed "Liu R, Adler DG.".
    """
    if _NOBODY.fullmatch(authors.strip()):
        return ""
    if all(_FAMILY_FIRST.fullmatch(name.strip()) for name in re.split("[,;]", authors)):
        return authors.replace(".", "")
    return authors


def _reduce(name: Any) -> str:  # noqa: ANN401 - what a table holds
    if _NO_NAME.search(str(name)):
        return ""
    plain = unicodedata.normalize("NFKD", str(name or "").casefold())
    kept = "".join(char for char in plain if not unicodedata.combining(char))
    return _NOT_LETTERS.sub("", kept)


def _is_filled(value: Any) -> bool:  # noqa: ANN401 - what a table holds
    return value is not None and (not isinstance(value, str) or bool(value.strip()))


def _as_text(value: Any) -> Any:  # noqa: ANN401 - what a table holds
    """Return the date or time that a workbook holds as text."""
    return value.isoformat() if hasattr(value, "isoformat") else value


def _joined(year: Any, month: Any, day: Any) -> str:  # noqa: ANN401 - what a table holds
    parts = [str(part).strip() for part in (day, month, year) if _is_filled(part)]
    if len(parts) > 1 and parts[-2].isdecimal():
        return "-".join(reversed(parts))
    return " ".join(parts) if len(parts) > 1 else ""


def _why_unknown(rows: Sequence[Row]) -> str:
    if not rows:
        return "the table is empty"
    return (
        "a table in which no column is known to hold titles: name it as in --map title=COLUMN; "
        + _listed(rows[0][1])
    )


def _listed(header: Sequence[Any]) -> str:
    names = [str(name).strip()[:40] for name in header if _is_filled(name)]
    more = ", ..." if len(names) > _SHOWN else ""
    return f"its columns are: {', '.join(names[:_SHOWN])}{more}"
