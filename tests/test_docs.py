"""The tables of formats in the documentation are those of the registries."""

from __future__ import annotations

import re
import runpy
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from new_formats import NEW_EXPORTER, NEW_READER

if TYPE_CHECKING:
    from collections.abc import Callable

DOCS = Path(__file__).parents[1] / "docs"
TABLES = runpy.run_path(str(DOCS / "tables.py"))


@pytest.mark.parametrize("name", TABLES["PAGES"])
def test_a_page_lists_the_formats_that_there_are(name: str) -> None:
    page = (DOCS / name).read_text("utf-8")
    assert page.count("<!-- table: ") >= 1
    assert TABLES["filled"](page) == page, "run: make docs"


def test_a_new_format_gets_its_rows(new_module: Callable[..., None]) -> None:
    new_module("rag.sources.readers", "bars", NEW_READER)
    new_module("rag.export.formats", "titles", NEW_EXPORTER)
    page = "".join(f"<!-- table: {name} -->\n<!-- end -->\n" for name in ("readers", "exports"))
    rows = TABLES["filled"](page).splitlines()
    assert "| `bars` | lists with bars | `.bars` |" in rows
    assert "| `titles` | Titles only | papers | `.titles` |" in rows
    assert "| `question` | Question only | an answer | `.question.txt` |" in rows


def test_what_is_said_of_security_has_the_test_that_it_names() -> None:
    root = DOCS.parent
    named = re.findall(
        r"`(tests/[\w/]+\.py)(?:::(\w+))?`", (root / "SECURITY.md").read_text("utf-8")
    )
    assert len(named) > 20
    for file, test in named:
        text = (root / file).read_text("utf-8")
        assert not test or f"def {test}(" in text, f"{file}::{test}"
