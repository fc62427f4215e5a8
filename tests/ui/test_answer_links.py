"""The links below an answer that change what is listed, and signs on papers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from ui_pages import ask

from rag import Library

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = [pytest.mark.browser, pytest.mark.slow]

RECALL = "Which papers study recall of facts in long documents?"


def follow(page: Any, words: str) -> Any:
    """Choose a link of the last answer, and wait for the end of the answer that it leads to."""
    count = page.locator(".rag-answer").count()
    page.locator(".rag-answer").last.get_by_text(words).click()
    answer = page.locator(".rag-answer").nth(count)
    answer.locator(".foot, .banner").first.wait_for()
    page.locator("#ask").wait_for()
    return answer


def test_a_list_goes_on_where_it_ended(
    serve: Callable[..., str], open_page: Callable[..., Any]
) -> None:
    page = open_page(serve(settings={"max_listed": 1}))
    first = ask(page, RECALL)
    assert "1 of " in first.inner_text()
    second = follow(page, "Show more (")
    assert "1 more of " in second.inner_text()
    titles = [one.locator(".from").inner_text() for one in (first, second)]
    assert titles[0] != titles[1]


def test_an_older_list_goes_on_where_it_ended_itself(
    serve: Callable[..., str], open_page: Callable[..., Any]
) -> None:
    page = open_page(serve(settings={"max_listed": 1}))
    first = ask(page, RECALL)
    other = ask(page, "Which papers count animals by the sounds that they make?")
    count = page.locator(".rag-answer").count()
    first.get_by_text("Show more (").click()
    more = page.locator(".rag-answer").nth(count)
    more.locator(".foot, .banner").first.wait_for()
    assert page.locator("#chat .user").last.inner_text().strip() == f"Show more: {RECALL}"
    titles = [one.locator(".from").inner_text() for one in (first, other, more)]
    assert "1 more of " in more.inner_text()
    assert len(set(titles)) == 3
    assert more.locator(".understood").count() == 0


def test_a_filter_that_was_read_can_be_lifted(site: str, open_page: Callable[..., Any]) -> None:
    page = open_page(site)
    question = "Which papers since 2023 study recall in long documents?"
    filtered = ask(page, question)
    assert "year 2023 or later" in filtered.locator(".notes").inner_text()
    lifted = follow(page, "Ask without the filter (year 2023 or later)")
    assert "year 2023 or later" not in lifted.inner_text()
    assert lifted.get_by_text("Ask without the filter").count() == 0
    assert page.locator("#chat .user").last.inner_text().strip() == question
    assert lifted.locator(".understood").count() == 0


def test_what_is_no_answer_from_papers_says_where_it_is_from(
    site: str, open_page: Callable[..., Any], library: Library
) -> None:
    page = open_page(site)
    counted = ask(page, "How many papers are there?")
    assert f"{len(library)} papers" in counted.inner_text()
    assert "From the catalogue" in counted.locator(".facts").inner_text()
    talk = ask(page, "hello")
    assert "No paper was asked" in talk.locator(".facts").inner_text()
    assert talk.locator("a.cite").count() == 0


def test_a_retracted_paper_is_marked_and_its_title_is_only_text(
    serve: Callable[..., str], open_page: Callable[..., Any], storage: Path, tmp_path: Path
) -> None:
    title = "Cellar Tea: Brewing [x](javascript:alert(1)) ![y](x)"
    abstract = "Cold tea brews slowly. We find that 11 hours in a cellar give the mildest cup."
    record = {"id": "tea", "title": title, "abstract": abstract, "retracted": True}
    file = tmp_path / "tea.jsonl"
    file.write_text(json.dumps(record), "utf-8")
    with Library(storage) as library:
        assert library.add(file).added == 1
    page = open_page(serve())
    answer = ask(page, "How many hours does cellar tea brew for the mildest cup?")
    assert f"RETRACTED: {title}" in page.locator("#sources h3").first.inner_text()
    assert "was retracted" in answer.locator(".notes").inner_text()
    assert page.locator("#chat img[src=x], #sources img, a[href^='javascript:']").count() == 0
