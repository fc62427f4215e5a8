"""Write the tables of formats into these pages, from the registries: `python docs/tables.py`."""
# ruff: noqa: INP001 - a script beside the pages, not a package

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from rag.export import PaperFormat, answer_formats, conversation_formats, paper_formats
from rag.sources import all_readers

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

PAGES = ("sources.md", "export.md")
_PLACE = re.compile(r"(<!-- table: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def filled(page: str) -> str:
    """Return a page with each of its tables as the registries have it now."""
    tables = {"readers": _readers(), "exports": _exports()}
    return _PLACE.sub(lambda place: f"{place[1]}\n{tables[place[2]]}\n{place[3]}", page)


def _readers() -> str:
    rows = ((f"`{one.name}`", one.label, _endings(one.suffixes)) for one in all_readers())
    return _table(("format", "what it is", "usual endings"), rows)


def _exports() -> str:
    offered = {
        "papers": paper_formats(),
        "an answer": answer_formats(),
        "a conversation": conversation_formats(),
    }
    rows: dict[str, tuple[str, str, list[str]]] = {}
    for what, formats in offered.items():
        for one in formats:
            if isinstance(one, PaperFormat) and what != "papers":
                continue  # an answer or a conversation lends it the papers that it cites
            row = rows.setdefault(one.name, (one.label, _endings(one.suffixes), []))
            row[2].append(what)
    cells = ((f"`{name}`", label, ", ".join(of), ends) for name, (label, ends, of) in rows.items())
    return _table(("format", "what it is", "holds", "endings"), cells)


def _endings(suffixes: Iterable[str]) -> str:
    return ", ".join(f"`{suffix}`" for suffix in suffixes)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


if __name__ == "__main__":
    for name in PAGES:
        path = Path(__file__).with_name(name)
        path.write_text(filled(path.read_text("utf-8")), "utf-8")
