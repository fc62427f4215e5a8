"""The command line knows a new format from its file alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from new_formats import NEW_EXPORTER, NEW_READER
from typer.testing import CliRunner

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

WHALES = "How are blue whales counted with few labels?"


def flat(text: str) -> str:
    return " ".join(text.replace("│", " ").split())


def test_a_new_format_to_read(
    rag: Callable[..., object],
    new_module: Callable[..., None],
    tmp_path: Path,
    tiny_encoder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("RAG_EMBEDDER", str(tiny_encoder))
    new_module("rag.sources.readers", "bars", NEW_READER)
    assert "lists with bars (bars)" in flat(rag("add", "--help").out)
    ran = rag("add", "page", "--format", "pages")
    assert ran.code == 2
    assert "'pages' is none of" in flat(ran.err)
    assert "bars" in flat(ran.err)
    (tmp_path / "list").write_text("Tea|It brews.\n")
    storage = tmp_path / "storage"
    ran = rag("add", tmp_path / "list", "--storage", storage)
    assert "in none of the formats that can be read" in flat(ran.err)
    assert "bars" in flat(ran.err)
    ran = rag("add", "--format", "bars", tmp_path / "list", "--storage", storage)
    assert (ran.code, ran.out) == (0, "1 read, 1 added.\n")


@pytest.mark.usefixtures("stocked")
def test_a_new_format_to_write(rag: Callable[..., object], new_module: Callable[..., None]) -> None:
    new_module("rag.export.formats", "titles", NEW_EXPORTER)
    assert "Titles only (titles)" in flat(rag("export", "--help").out)
    ran = rag("export", "--format", "pages")
    assert ran.code == 2
    assert "'pages' is none of bibtex, csl, csv, docx, jsonl, markdown, ris, titles." in flat(
        ran.err
    )
    ran = rag("export", "--format", "titles", "9905.00005")
    assert ran.out == "Counting Whales from Hydrophones with Few Labels\n"


@pytest.mark.usefixtures("stocked", "rag")
def test_a_new_format_to_save_a_chat_in(new_module: Callable[..., None], tmp_path: Path) -> None:
    from rag.cli.app import app

    new_module("rag.export.formats", "titles", NEW_EXPORTER)
    asked, cited = tmp_path / "a.questions.txt", tmp_path / "a.titles"
    lines = ["/help", WHALES, f"/save {asked}", f"/save {cited}", "/save a.pages"]
    ran = CliRunner().invoke(app, ["chat"], input="\n".join(lines) + "\n")
    assert ".questions.txt, " in flat(ran.stdout)
    assert ".titles" in flat(ran.stderr)
    assert asked.read_text("utf-8") == f"{WHALES}\n"
    assert cited.read_text("utf-8").splitlines()[0].startswith("Counting Whales")
