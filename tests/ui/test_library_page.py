"""The library and the map in the browser: looking, adding, removing, taking along."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from ui_pages import ask

from rag import Library

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = [pytest.mark.browser, pytest.mark.slow]

TEA = {
    "id": "tea",
    "title": "Cellar Tea: Brewing in the Cold",
    "abstract": "Cold tea brews slowly. We find that 11 hours in a cellar give the mildest cup.",
    "year": 2020,
}


def open_library(page: Any) -> None:
    page.get_by_role("tab", name="Library").click()
    page.locator("table.papers").wait_for()


def titles(page: Any) -> list[str]:
    return page.locator("table.papers a.title").all_inner_texts()


def test_the_list_is_searched_sorted_and_opened(
    site: str, open_page: Callable[..., Any], library: Library
) -> None:
    page = open_page(site)
    open_library(page)
    papers, total = library.browse(limit=25)
    assert len(titles(page)) == len(papers)
    assert f"of {total} papers" in page.locator("#where").inner_text()
    page.get_by_label("Order").click()
    page.get_by_role("option", name="Newest first").click()
    newest = library.browse(sort="year", descending=True, limit=1)[0][0]
    page.wait_for_function(
        "year => document.querySelector('table.papers td.year').innerText === year",
        arg=str(newest.year),
    )
    page.get_by_label("Find in titles and authors").fill("whales")
    page.wait_for_function("document.querySelectorAll('table.papers tbody tr').length === 1")
    page.locator("table.papers a.title").click()
    page.locator("#sources .card h3", has_text="Whales").wait_for()
    page.get_by_label("Find in titles and authors").fill("no such paper at all")
    page.locator(".papers.empty").wait_for()


def test_pages_turn(
    serve: Callable[..., str], open_page: Callable[..., Any], storage: Path, tmp_path: Path
) -> None:
    records = [{**TEA, "id": f"tea-{n}", "title": f"Zz Tea {n:02}"} for n in range(30)]
    file = tmp_path / "teas.jsonl"
    file.write_text("\n".join(map(json.dumps, records)), "utf-8")
    with Library(storage) as other:
        other.add(file)
        listed = [paper.title for paper in other.browse(limit=100)[0]]
    page = open_page(serve())
    open_library(page)
    assert titles(page) == listed[:25]
    page.get_by_role("button", name="Next").click()
    page.locator("#where", has_text="26 to").wait_for()
    assert titles(page) == listed[25:50]
    page.get_by_role("button", name="Previous").click()
    page.locator("#where", has_text="1 to 25").wait_for()


def test_files_are_added_and_what_is_bad_is_reported_with_the_reason(
    serve: Callable[..., str], open_page: Callable[..., Any], data: Path, tmp_path: Path
) -> None:
    good = tmp_path / "tea.jsonl"
    good.write_text(json.dumps(TEA) + "\n{broken\n", "utf-8")
    bad = tmp_path / "shopping.txt"
    bad.write_text("milk, eggs and a newspaper", "utf-8")
    page = open_page(serve())
    open_library(page)
    page.get_by_role("button", name="Add papers").click()
    page.locator("#add input[type=file]").set_input_files([good, bad])
    page.locator("#add", has_text="shopping").wait_for()
    page.locator("#add-button").click()
    report = page.locator("#add-report")
    report.locator(".rejected").wait_for()
    text = report.inner_text()
    assert "1 added" in text
    assert "2 rejected" in text
    assert "shopping.txt: in none of the formats" in text
    assert "tea.jsonl, line 2" in text
    assert str(tmp_path) not in page.content()
    page.get_by_label("Find in titles and authors").fill("cellar")
    page.locator("table.papers a.title", has_text="Cellar Tea").wait_for()
    page.get_by_label("Or paste the text").fill(json.dumps({**TEA, "id": "t2", "title": "More"}))
    page.locator("#add-button").click()
    report.get_by_text("1 read, 1 added.").wait_for()
    # What a server could read and a visitor must not.
    page.get_by_label("Or paste the text").fill(str(data / "papers.jsonl"))
    page.locator("#add-button").click()
    report.get_by_text("0 read, 0 added").wait_for()
    assert "in none of the formats" in report.inner_text()


def test_papers_are_removed_and_put_back_and_exported(
    serve: Callable[..., str], open_page: Callable[..., Any], storage: Path
) -> None:
    page = open_page(serve())
    open_library(page)
    before = titles(page)
    page.get_by_role("button", name="Remove ticked").click()
    page.get_by_text("Nothing is ticked.").wait_for()
    page.locator("input.pick").nth(0).check()
    page.locator("input.pick").nth(2).check()
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Export ticked").click()
    bibtex = Path(waiting.value.path()).read_text("utf-8")
    assert bibtex.count("\n@") + bibtex.startswith("@") == 2
    page.get_by_role("button", name="Remove ticked").click()
    page.get_by_text("Removed 2 papers.").wait_for()
    page.wait_for_function(
        "count => document.querySelectorAll('table.papers tbody tr').length === count",
        arg=len(before) - 2,
    )
    assert titles(page) == [before[1], *before[3:]]
    page.get_by_role("button", name="Undo: put back 2 papers").click()
    page.get_by_text("Put back 2 papers.").wait_for()
    page.wait_for_function(
        "count => document.querySelectorAll('table.papers tbody tr').length === count",
        arg=len(before),
    )
    assert titles(page) == before
    assert not page.locator("#undo").is_visible()


def test_a_library_that_is_read_only_offers_and_takes_no_change(
    serve: Callable[..., str], open_page: Callable[..., Any]
) -> None:
    address = serve(read_only=True)
    page = open_page(address)
    assert "read-only" in page.locator(".rag-head").inner_text()
    open_library(page)
    assert not page.get_by_role("button", name="Remove ticked").is_visible()
    assert not page.get_by_role("button", name="Add papers").is_visible()
    assert page.get_by_role("button", name="Export ticked").is_visible()
    listed = page.request.get(f"{address}gradio_api/info").json()["named_endpoints"]
    assert set(listed) == {"/ask", "/search"}
    config = page.request.get(f"{address}config").json()
    targets = [
        one["id"]
        for one in config["dependencies"]
        if {str(name) for _, name in one["targets"]} & {"click"} and len(one["inputs"]) == 2
    ]
    before = titles(page)
    for index in targets:  # asked for all the same, by hand
        body = {"data": [json.dumps(before[:1]), []], "fn_index": index, "session_hash": "byhand1"}
        page.request.post(f"{address}gradio_api/run/predict", data=body)
    page.reload()
    page.wait_for_selector("#question textarea")
    open_library(page)
    assert titles(page) == before


def test_figures_and_the_map(site: str, open_page: Callable[..., Any], library: Library) -> None:
    page = open_page(site)
    ask(page, "How is the growth of river deltas predicted?")
    open_library(page)
    page.get_by_role("button", name="Statistics").click()
    page.wait_for_function("document.querySelectorAll('#statistics .js-plotly-plot').length === 3")
    page.get_by_role("tab", name="Map").click()
    plot = page.locator("#map .js-plotly-plot")
    plot.wait_for()
    page.locator("#map-said", has_text=f"{len(library)} papers").wait_for()
    assert "Stars" in page.locator("#map-said").inner_text()
    drawn = plot.evaluate(
        "e => e.data.filter(d => d.name !== 'cited').reduce((n, d) => n + d.customdata.length, 0)"
    )
    assert drawn == len(library)
    wanted = plot.evaluate("e => e.data.find(d => d.name === 'cited').customdata[0]")
    plot.evaluate("(e, id) => e.emit('plotly_click', {points: [{customdata: id}]})", wanted)
    page.locator("#sources .id", has_text=wanted).wait_for()
    page.get_by_label("Source", exact=True).last.check()
    page.wait_for_function(
        "document.querySelector('#map .js-plotly-plot')?.data"
        "?.some(d => /papers.jsonl/.test(d.name))"
    )


def test_what_was_merged_and_where_it_came_from(
    serve: Callable[..., str], open_page: Callable[..., Any], storage: Path, tmp_path: Path
) -> None:
    tea = tmp_path / "tea.jsonl"
    other = {**TEA, "doi": "10.5555/tea", "abstract": TEA["abstract"] + " <b>More</b> follows."}
    tea.write_text("".join(json.dumps(one) + "\n" for one in (TEA, other)) + "{broken\n")
    with Library(storage) as library:
        library.add(tea)
    page = open_page(serve())
    open_library(page)
    page.get_by_role("button", name="Duplicates and rejected records").click()
    listed = page.locator("#doubtful .doubtful")
    listed.wait_for()
    row = listed.locator("li", has_text="Cellar Tea")
    assert "same title and abstract" in row.inner_text()
    assert "tea.jsonl, line 3: not JSON" in listed.inner_text()
    assert str(tmp_path) not in listed.inner_text()
    row.locator("a.title").click()
    card = page.locator("#sources .card")
    card.get_by_text("Merged with the record of").wait_for()
    assert f"Read from: {tmp_path.name}/tea.jsonl" in card.inner_text()
