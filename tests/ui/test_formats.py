"""The page knows a new format from its file alone: what can be added, and what can be exported."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from new_formats import NEW_EXPORTER, NEW_READER

if TYPE_CHECKING:
    from collections.abc import Callable

    from rag import Library


def test_labels_pickers_and_menus_know_a_new_format(
    library: Library, build_page: Callable[[], Any], new_module: Callable[..., None]
) -> None:
    from rag.ui.answer_view import answer_html

    new_module("rag.sources.readers", "bars", NEW_READER)
    new_module("rag.export.formats", "titles", NEW_EXPORTER)
    page = build_page()
    parts: list[dict[str, Any]] = [one["props"] for one in page.config["components"]]
    (files,) = [one for one in parts if one.get("file_types")]
    assert "lists with bars" in files["label"]
    assert {".bars", ".jsonl", ".txt", ".gz"} <= set(files["file_types"])
    (menu,) = [one for one in parts if one.get("label") == "Export as"]
    assert ("Titles only", "titles") in [tuple(choice) for choice in menu["choices"]]
    assert any("Questions only" in str(one.get("value")) for one in parts)
    assert "lists with bars" in page.get_api_info()["named_endpoints"]["/add"]["description"]
    shown = answer_html(library.ask("How are blue whales counted with few labels?"), 0)
    assert "Question only" in shown
    assert "Titles only" in shown
