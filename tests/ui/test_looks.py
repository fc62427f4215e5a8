"""How the page meets everyone: by keyboard, by screen reader, narrow, and in the dark."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from ui_pages import ask

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = [pytest.mark.browser, pytest.mark.slow]

BREAD = "How can a cheap camera tell when bread is done?"
# Gradio's own markup, which can't be mended from here.
NOT_OURS = {
    "aria-allowed-role",
    "nested-interactive",
    "scrollable-region-focusable",
}


def violations(page: Any) -> list[str]:
    from axe_playwright_python.sync_playwright import Axe

    rules = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}
    found = Axe().run(page, options=rules).response["violations"]
    return [
        f"{one['id']}: {node['html'][:160]} {node.get('failureSummary', '')[:300]}"
        for one in found
        if one["id"] not in NOT_OURS
        for node in one["nodes"]
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_stands_in_the_way_of_anyone(
    site: str, open_page: Callable[..., Any], scheme: str
) -> None:
    page = open_page(site, color_scheme=scheme, reduced_motion="reduce")
    assert page.evaluate("document.body.classList.contains('dark')") == (scheme == "dark")
    answer = ask(page, BREAD)
    answer.locator("a.cite").first.click()
    page.locator("#sources mark.asked").first.wait_for()
    page.get_by_role("button", name="Filters, model, export").click()
    page.get_by_label("Author").wait_for()
    page.set_viewport_size({"width": 1440, "height": 900})  # so that there is more than is seen
    assert violations(page) == []
    page.get_by_role("tab", name="Library").click()
    page.locator("table.papers").wait_for()
    page.get_by_role("button", name="Add papers").click()
    page.get_by_label("Or paste the text").wait_for()
    assert violations(page) == []
    page.get_by_role("tab", name="Map").click()
    page.locator("#map .js-plotly-plot").wait_for()
    assert violations(page) == []


def test_light_and_dark_can_be_chosen_and_stay(site: str, open_page: Callable[..., Any]) -> None:
    page = open_page(site, color_scheme="light")
    dark = "document.body.classList.contains('dark')"
    ground = "getComputedStyle(document.querySelector('gradio-app')).backgroundColor"
    before = page.evaluate(ground)
    page.get_by_text("Light or dark").click()
    assert page.evaluate(dark)
    page.wait_for_function(f"before => {ground} !== before", arg=before)
    page.reload()
    page.wait_for_selector("#question textarea")
    page.wait_for_function(dark)


def test_a_question_is_asked_and_a_quote_opened_by_keyboard_alone(
    site: str, open_page: Callable[..., Any]
) -> None:
    page = open_page(site)
    page.wait_for_function("document.activeElement.closest('#question') !== null")
    page.keyboard.type(BREAD)
    page.keyboard.press("Enter")
    page.locator(".rag-answer .summary").wait_for()
    for _ in range(60):
        page.keyboard.press("Shift+Tab")
        if page.evaluate("document.activeElement.classList.contains('cite')"):
            break
    outline = "getComputedStyle(document.activeElement).outlineStyle"
    assert page.evaluate(outline) == "solid"
    page.keyboard.press("Enter")
    page.locator("#sources mark.asked").first.wait_for()


def test_on_a_narrow_screen_papers_slide_over_the_chat(
    site: str, open_page: Callable[..., Any]
) -> None:
    page = open_page(site, viewport={"width": 390, "height": 844}, has_touch=True)
    wide = "document.documentElement.scrollWidth"
    answer = ask(page, BREAD)
    assert page.evaluate(wide) <= 390
    assert not page.locator("#side").is_visible()
    page.set_viewport_size({"width": 390, "height": 380})
    answer.locator("a.cite").first.tap()
    page.locator("#sources mark.asked").first.wait_for()
    assert page.locator("#side").is_visible()
    page.wait_for_function(
        """() => { const box = document.querySelector('#sources mark.asked')
          .getBoundingClientRect(); return box.top >= 0 && box.top < innerHeight; }"""
    )
    # However far the words stand down the abstract, the way back is in sight.
    side, close = page.locator("#side").bounding_box(), page.locator("#sources a.close")
    assert 0 < close.bounding_box()["y"] - side["y"] < 40
    close.tap()
    page.locator("#side").wait_for(state="hidden")
    page.set_viewport_size({"width": 390, "height": 844})
    for name in ("Library", "Map"):
        page.get_by_role("tab", name=name).tap()
        page.locator("table.papers" if name == "Library" else "#map .js-plotly-plot").wait_for()
        assert page.evaluate(wide) <= 390
