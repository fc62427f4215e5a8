"""The chat, as a person in front of Chromium meets it."""

from __future__ import annotations

import json
import re
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import docx
import pytest
from servers.openai_server import OpenAIServer
from ui_pages import ask

from rag import Library
from rag.llm import failures as llm_failures

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = [pytest.mark.browser, pytest.mark.slow]

RIVERS = "How is the growth of river deltas predicted?"
BREAD = "How can a cheap camera tell when bread is done?"
DRUGS = "Which drug lowers blood pressure in elderly patients?"


def downloaded(page: Any, press: Callable[[], None]) -> tuple[str, str]:
    with page.expect_download() as waiting:
        press()
    file = waiting.value
    return file.suggested_filename, Path(file.path()).read_text("utf-8")


def test_a_question_is_answered_and_a_marker_shows_the_exact_words(
    site: str, open_page: Callable[..., Any], library: Library
) -> None:
    page = open_page(site)
    answer = ask(page, RIVERS)
    expected = library.ask(RIVERS)
    assert expected.citations
    assert "Quoted word for word from" in answer.locator(".summary").inner_text()
    assert "no model" in answer.locator(".facts").inner_text()
    assert answer.locator(".verdict").count() == 0  # a quote is copied: nothing to judge
    title = expected.citations[0].paper.title
    assert title in page.locator("#sources h3").first.inner_text()
    assert page.locator("#sources mark.asked").count() == 0
    answer.locator("a.cite").first.click()
    page.locator("#sources mark.asked").first.wait_for()
    words = " ".join(page.locator("#sources mark.asked").all_inner_texts())
    quotes = [expected.citations[index].quote for index in expected.sentences[0].quotes]
    assert words in quotes
    assert page.locator("#sources .card.focused h3").inner_text().endswith(title)
    shown = page.locator("#sources .card.focused .abstract").inner_text()
    assert shown == expected.citations[0].paper.abstract


def test_a_follow_up_is_understood_and_papers_keep_their_numbers(
    site: str, open_page: Callable[..., Any]
) -> None:
    page = open_page(site)
    ask(page, BREAD)
    title = page.locator("#sources h3").first.inner_text()
    answer = ask(page, "and how much does it cost?")
    understood = answer.locator(".understood").inner_text()
    assert "Understood as" in understood
    assert "cost" in understood
    assert page.locator("#sources h3").first.inner_text() == title
    page.locator(".rag-answer").first.locator("a.cite").first.click()
    page.locator("#sources mark.asked").first.wait_for()


def test_it_says_when_the_papers_hold_no_answer(site: str, open_page: Callable[..., Any]) -> None:
    page = open_page(site)
    answer = ask(page, DRUGS)
    assert answer.locator(".banner.abstained").is_visible()
    closest = answer.locator("ul.closest a.title")
    assert closest.count() >= 1
    name = closest.first.inner_text()
    closest.first.click()
    page.locator("#sources h2").filter(has_text=re.compile("^Paper$")).wait_for()
    assert page.locator("#sources h3").inner_text() == name
    page.get_by_text("More like this").click()
    page.locator("#sources .card ul li").first.wait_for()


def test_a_question_that_is_quicker_than_the_page_keeps_its_answer(
    site: str, open_page: Callable[..., Any]
) -> None:
    page = open_page("about:blank", ready="")
    held: list[tuple[Any, Any]] = []
    asked: list[str] = []

    def hold_the_first(route: Any) -> None:  # what the page shows when it is opened
        if held:
            route.continue_()
        else:
            held.append((route, route.fetch()))

    def note(request: Any) -> None:
        if DRUGS in (request.post_data or ""):
            asked.append(request.url)

    page.route("**/gradio_api/run/**", hold_the_first)
    page.on("request", note)
    page.goto(site)
    page.wait_for_selector("#question textarea")
    page.fill("#question textarea", DRUGS)
    page.keyboard.press("Enter")
    page.wait_for_timeout(500)  # milliseconds in which nothing is to happen
    assert held
    assert asked == []  # else its answer would be replaced by what was held back
    route, opening = held[0]
    route.fulfill(response=opening)
    page.locator(".rag-answer .banner.abstained").wait_for()
    assert len(asked) == 1


def test_examples_come_from_the_library_and_can_be_asked(
    site: str, open_page: Callable[..., Any], library: Library
) -> None:
    page = open_page(site)
    example = page.locator("#examples a").first
    example.wait_for()
    text = example.inner_text().strip()
    names = [paper.title.partition(":")[0] for paper in library.papers()]
    assert any(name in text for name in names)
    example.click()
    page.locator(".rag-answer .summary").wait_for()


def test_filters_narrow_the_search_and_are_always_said(
    site: str, open_page: Callable[..., Any], library: Library
) -> None:
    page = open_page(site)
    line = page.locator("#filtered .filtered")
    line.wait_for()
    assert line.inner_text() == f"Searching all {len(library)} papers"
    page.get_by_role("button", name="Filters, model, export").click()
    author = next(paper.authors[0] for paper in library.papers() if paper.authors)
    page.get_by_label("Author").fill(author)
    page.keyboard.press("Tab")
    page.locator("#filtered .filtered.on").wait_for()
    assert author in page.locator("#filtered").inner_text()
    ask(page, RIVERS)
    assert author.split()[-1] in page.locator("#sources .byline").first.inner_text()
    page.locator("#filtered a", has_text="Clear filters").click()
    page.locator("#filtered .filtered:not(.on)").wait_for()
    assert page.get_by_label("Author").input_value() == ""
    page.get_by_label("From year").fill("12")
    page.keyboard.press("Tab")
    page.locator("#filtered", has_text="A year has four digits").wait_for()


def test_one_paper_alone_can_be_asked(site: str, open_page: Callable[..., Any]) -> None:
    page = open_page(site)
    ask(page, BREAD)
    title = page.locator("#sources h3 a, #sources h3 span").last.inner_text()
    page.locator("#sources a", has_text="Ask about this paper only").first.click()
    page.locator("#filtered .filtered.on").wait_for()
    assert "Searching 1 of" in page.locator("#filtered").inner_text()
    ask(page, "How well does it work?")
    assert page.locator("#sources h3").count() == 1
    assert title in page.locator("#sources h3").inner_text()


def test_retry_edit_clear_and_reload(site: str, open_page: Callable[..., Any]) -> None:
    page = open_page(site)
    ask(page, BREAD)
    ask(page, RIVERS)
    page.locator(".rag-answer").last.evaluate("answer => answer.classList.add('before')")
    page.get_by_role("button", name="Retry").last.click()
    page.locator(".rag-answer.before").wait_for(state="detached")
    page.wait_for_function("document.querySelectorAll('.rag-answer .summary').length === 2")
    page.locator("#ask").wait_for()
    page.get_by_role("button", name="Edit").first.click()
    box = page.locator("#chat textarea").first
    assert box.input_value().startswith("How can a cheap camera")
    box.fill("How are whales counted from <hydrophones>?")
    page.get_by_role("button", name="Submit").first.click()
    page.wait_for_function("document.querySelectorAll('.rag-answer .summary').length === 1")
    assert "<hydrophones>" in page.locator("#chat .user-row").inner_text()
    shown = page.locator(".rag-answer").inner_text()
    page.reload()
    page.locator(".rag-answer .summary").wait_for()
    assert page.locator(".rag-answer").inner_text() == shown
    page.locator(".rag-answer a.cite").first.click()
    page.locator("#sources mark.asked").first.wait_for()
    page.get_by_role("button", name="Clear", exact=True).click()
    page.locator(".rag-answer").first.wait_for(state="detached")
    page.reload()
    page.locator("#examples a").first.wait_for()
    assert page.locator(".rag-answer").count() == 0


def test_an_answer_and_its_papers_can_be_taken_along(
    site: str, open_page: Callable[..., Any], library: Library
) -> None:
    page = open_page(site)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    answer = ask(page, RIVERS)
    expected = library.ask(RIVERS)
    name, text = downloaded(page, lambda: answer.get_by_text("BibTeX").click())
    assert name == "papers.bib"
    assert text == expected.export("bibtex")
    assert downloaded(page, lambda: answer.get_by_text("RIS").click())[1].startswith("TY  - ")
    csl = downloaded(page, lambda: answer.get_by_text("CSL").click())[1]
    assert [one["title"] for one in json.loads(csl)] == [
        paper.title for paper in expected.papers.values()
    ]
    with page.expect_download() as waiting:
        answer.get_by_text("Word", exact=True).click()
    assert waiting.value.suggested_filename == "answer.docx"
    shown = [one.text for one in docx.Document(waiting.value.path()).paragraphs]
    assert shown[0] == RIVERS
    assert f"“{expected.citations[0].quote}”" in shown
    answer.get_by_text("Copy as Markdown").click()
    page.locator("#said", has_text="Copied").wait_for(state="attached")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.replace("\r\n", "\n").strip() == expected.export("markdown").strip()
    page.get_by_role("button", name="Filters, model, export").click()
    kept = page.locator("#options")
    name, text = downloaded(page, lambda: kept.get_by_text("Markdown").click())
    assert name == "conversation.md"
    assert RIVERS in text


def test_two_people_at_once_stay_apart(site: str, open_page: Callable[..., Any]) -> None:
    first, second = open_page(site), open_page(site)
    for page, question in ((first, BREAD), (second, RIVERS)):
        page.fill("#question textarea", question)
        page.keyboard.press("Enter")
    for page, ours, theirs in ((first, BREAD, RIVERS), (second, RIVERS, BREAD)):
        page.locator(".rag-answer .summary").wait_for()
        assert ours in page.locator("#chat").inner_text()
        assert theirs not in page.locator("#chat").inner_text()


def test_what_the_command_line_changes_is_seen_at_the_next_question(
    serve: Callable[..., str], open_page: Callable[..., Any], storage: Path, tmp_path: Path
) -> None:
    page = open_page(serve())
    ask(page, BREAD)
    abstract = "Cold tea brews slowly. We find that 11 hours in a cellar give the mildest cup."
    record = {"id": "tea", "title": "Cellar Tea: Brewing in the Cold", "abstract": abstract}
    file = tmp_path / "tea.jsonl"
    file.write_text(json.dumps(record), "utf-8")
    with Library(storage) as other:
        assert other.add(file).added == 1
    answer = ask(page, "How many hours does cellar tea brew for the mildest cup?")
    assert "11 hours" in answer.inner_text()


# --- with a model ------------------------------------------------------------------------------


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(llm_failures, "_FIRST_WAIT", 0.0)
    with OpenAIServer() as running:
        monkeypatch.setenv("OPENAI_BASE_URL", running.url)
        monkeypatch.setenv("OPENAI_API_KEY", "sk-loopback")
        yield running


MODEL = {"llm_model": "test-model", "llm_retries": 0}


def test_a_written_answer_shows_what_checking_each_sentence_gave(
    serve: Callable[..., str], open_page: Callable[..., Any], server: OpenAIServer
) -> None:
    server.reply(
        "Radar **images** show how silt settles [1].\n\nDeltas grow on Mars too. "
        "The model has 4,711 million parameters [1]. It was shown before [9]."
    )
    page = open_page(serve(settings=MODEL))
    answer = ask(page, RIVERS)
    assert "Written by test-model" in answer.locator(".facts").inner_text()
    assert answer.locator(".body strong").inner_text() == "images"
    summary = answer.locator(".summary").inner_text()
    assert "1 uncited" in summary
    uncited = answer.locator("details.verdict.uncited")
    assert uncited.count() == 1
    assert not uncited.locator(".why").is_visible()
    uncited.locator("summary").click()
    assert "cites nothing" in uncited.locator(".why").inner_text()
    wrong = answer.locator("details.verdict.unsupported").first
    assert "4,711" in (wrong.locator("summary").get_attribute("title") or "")
    assert answer.locator(".cite.unknown").count() == 1
    page.get_by_role("button", name="Filters, model, export").click()
    page.get_by_label("How to answer").click()
    page.get_by_role("option", name="Quote the papers").click()
    assert "no model" in ask(page, BREAD).locator(".facts").inner_text()
    assert len(server.requests) == 1


def test_an_answer_can_be_stopped_while_others_are_served(
    serve: Callable[..., str], open_page: Callable[..., Any], server: OpenAIServer
) -> None:
    hold = threading.Event()
    server.reply(text="Radar shows how silt settles [1].", delay_event=hold, delay_after=2)
    address = serve(settings=MODEL)
    page, other = open_page(address), open_page(address)
    page.fill("#question textarea", RIVERS)
    page.keyboard.press("Enter")
    page.locator(".rag-answer .caret").wait_for()
    other.get_by_role("tab", name="Library").click()
    other.locator("table.papers").wait_for()
    page.locator("#stop").click()
    page.locator(".banner.stopped").wait_for()
    hold.set()
    assert server.disconnected.wait(20)
    server.reply("Radar shows how silt settles [1].")
    assert ask(page, RIVERS).locator(".summary").is_visible()


def test_an_endpoint_that_goes_down_leaves_the_words_and_says_so(
    serve: Callable[..., str], open_page: Callable[..., Any], server: OpenAIServer
) -> None:
    server.reply(text="Radar shows how silt settles [1]. And then it grows.", cut_after=7)
    page = open_page(serve(settings=MODEL))
    answer = ask(page, RIVERS)
    assert "Radar shows how silt settles" in answer.locator(".body").inner_text()
    assert "broke off" in answer.locator(".notes").inner_text()
    server.reply(status=500)  # to making the follow-up whole
    server.reply(status=500)
    failed = ask(page, BREAD).locator(".banner.failed")
    assert "500" in failed.inner_text() or "error" in failed.inner_text()
    server.reply(BREAD, "Crust colour tells [1].")
    page.get_by_role("button", name="Retry").last.click()
    page.locator(".rag-answer").nth(1).locator(".summary").wait_for()
    assert page.locator(".banner.failed").count() == 0
