"""An answer exported as HTML, opened from the disk in a browser without a network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from rag import Answer, Citation, Paper

if TYPE_CHECKING:
    from pathlib import Path

HOSTILE = "<img src=http://192.0.2.1/x onerror=alert(1)><script>alert(2)</script>"
PAPER = Paper(id="a:1", title=f"Bees {HOSTILE}", abstract=f"Bees dance. {HOSTILE}")
ANSWER = Answer(
    question=f"Do bees dance? {HOSTILE}",
    standalone_question=f"Do honeybees dance? {HOSTILE}",
    text=f"Bees dance [1]. {HOSTILE}",
    citations=(Citation(1, PAPER, "Bees dance.", 0, 11, 0.9),),
    notes=(HOSTILE,),
)
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_file_is_read_by_anyone_and_asks_for_nothing(
    browser: Any, tmp_path: Path, scheme: str
) -> None:
    from axe_playwright_python.sync_playwright import Axe

    file = tmp_path / "answer.html"
    file.write_text(str(ANSWER.export("html")), encoding="utf-8")
    context = browser.new_context(
        offline=True, color_scheme=scheme, viewport={"width": 390, "height": 844}
    )
    try:
        page = context.new_page()
        asked: list[str] = []
        dialogs: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
        page.goto(file.as_uri())
        assert page.locator("mark").all_inner_texts() == ["Bees dance."]
        assert page.locator("h2").inner_text() == f"Do bees dance? {HOSTILE}"
        assert asked == [file.as_uri()]
        assert dialogs == []
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        found = Axe().run(page, options={"runOnly": WCAG}).response["violations"]
        assert [one["id"] for one in found] == []
    finally:
        context.close()
