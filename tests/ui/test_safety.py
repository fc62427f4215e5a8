"""What strangers wrote, and strangers themselves, get no power over the page."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from servers.openai_server import OpenAIServer
from ui_pages import ask

from rag.errors import SettingsError
from rag.ui.options import Login, ServeOptions, read_login

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ATTACK = (
    "<script>window.hit=1</script><img src=x onerror='window.hit=2'> "
    "![p](https://evil.example/p.png) [go](javascript:window.hit=3) "
    "<a href='javascript:window.hit=4'>here</a> [b](https://evil.example/b) "
    "</div></section><svg onload='window.hit=5'> \\[x\\] $\\href{javascript:window.hit=6}{y}$"
)


def harmless(page: Any) -> None:
    assert page.evaluate("window.hit") is None
    assert page.locator("img[src*='evil.example'], img[src='x'], [onerror], [onload]").count() == 0
    assert page.locator("a[href^='javascript:']").count() == 0
    assert page.locator("#chat a[href*='evil.ex'], #sources a[href*='evil.ex']").count() == 0


@pytest.mark.browser
@pytest.mark.slow
def test_hostile_papers_answers_and_file_names_stay_text(
    serve: Callable[..., str],
    open_page: Callable[..., Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    record = {
        "id": "evil:<b>'\"/#?",
        "title": "Snail Races in the Rain <script>window.hit=1</script>![p](https://evil.example/t)",
        "abstract": "We race garden snails on wet glass. In the rain snails run 3 metres an hour, "
        f"twice as fast as in the sun. {ATTACK}",
        "authors": [f"Eve {ATTACK}"],
        "venue": ATTACK,
        "url": "javascript:window.hit=7",
    }
    file = tmp_path / "<img src=x onerror=window.hit=8>.jsonl"
    file.write_text(json.dumps(record) + "\n{" + ATTACK + "\n", "utf-8")
    with OpenAIServer() as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        monkeypatch.setenv("OPENAI_API_KEY", "sk-loopback")
        page = open_page(serve(models=("test-model",)))
        page.get_by_role("tab", name="Library").click()
        page.get_by_role("button", name="Add papers").click()
        page.locator("#add input[type=file]").set_input_files([file])
        page.locator("#add .file-preview, #add table").first.wait_for()
        page.locator("#add-button").click()
        page.locator("#add-report .rejected").wait_for()
        assert "1 added" in page.locator("#add-report").inner_text()
        page.get_by_label("Find in titles and authors").fill("snail")
        page.locator("table.papers a.title", has_text="Snail Races in the Rain").wait_for()
        harmless(page)
        page.get_by_role("tab", name="Chat").click()
        ask(page, f"How fast are snail races in the rain? {ATTACK}")
        assert ATTACK in page.locator("#chat .user-row").inner_text()
        harmless(page)
        answer = ask(page, "How many metres an hour do snails run in the rain?")
        assert "3 metres an hour" in answer.inner_text()
        answer.locator("a.cite").first.click()
        page.locator("#sources mark.asked").first.wait_for()
        assert "Snail Races in the Rain" in page.locator("#sources h3").first.inner_text()
        card = page.locator("#sources .card").first
        # Tags are taken out of records as they are read; what is left stays text.
        assert "[go](javascript:window.hit=3)" in card.locator(".abstract").inner_text()
        assert card.locator("h3 a").count() == 0  # its address is none to follow
        harmless(page)
        server.reply("How many metres an hour do snails run in the rain?")  # the follow-up, whole
        server.reply(
            f"Snails win at 3 metres an hour [1]. {ATTACK}\n\n```html\n\n{ATTACK}\n\n```\n\n"
            f"| a | b |\n|---|---|\n| {ATTACK} | c |\n\n<details open ontoggle=window.hit=9>"
        )
        page.get_by_role("button", name="Filters, model, export").click()
        page.get_by_label("How to answer").click()
        page.get_by_role("option", name="Write with test-model").click()
        answer = ask(page, "How fast are snails in the rain?")
        assert "<script>" in answer.inner_text()
        harmless(page)
        page.get_by_role("tab", name="Map").click()
        page.locator("#map .js-plotly-plot").wait_for()
        harmless(page)


@pytest.mark.browser
@pytest.mark.slow
def test_formulas_are_typeset_and_broken_ones_are_text(
    serve: Callable[..., str], open_page: Callable[..., Any], tmp_path: Path
) -> None:
    record = {
        "id": "kites",
        "title": "Kites at $O(n^2)$ for $5",
        "abstract": r"Kites climb as $\alpha^2$ grows. A broken $\frac{$ stays as it is, at \(x.",
    }
    page = open_page(serve())
    page.get_by_role("tab", name="Library").click()
    page.get_by_role("button", name="Add papers").click()
    page.get_by_label("Or paste the text").fill(json.dumps(record))
    page.locator("#add-button").click()
    page.locator("#add-report", has_text="1 added").wait_for()
    page.get_by_label("Find in titles and authors").fill("kites")
    page.locator("table.papers a.title .katex").wait_for()
    title = page.locator("table.papers a.title", has_text="Kites")
    assert "for $5" in title.inner_text()
    page.locator("table.papers a.title", has_text="Kites").click()
    abstract = page.locator("#sources .abstract")
    abstract.locator(".katex").first.wait_for()
    assert abstract.locator(".katex").count() == 1
    assert r"\frac{" in abstract.inner_text()
    assert r"at \(x." in abstract.inner_text()


@pytest.mark.browser
@pytest.mark.slow
def test_a_login_is_asked_for_everywhere(
    serve: Callable[..., str], open_page: Callable[..., Any]
) -> None:
    login = Login(user="ada", password="correct horse")
    address = serve(login=login, mcp=True)
    page = open_page(address, ready="input[type=password]")
    for path in ("config", "gradio_api/info", "gradio_api/mcp/", "gradio_api/mcp/sse"):
        assert page.request.get(f"{address}{path}", timeout=10_000).status == 401, path
    posted = page.request.post(
        f"{address}gradio_api/mcp/", data={"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    )
    assert posted.status == 401
    called = page.request.post(f"{address}gradio_api/call/search", data={"data": ["x"]})
    assert called.status == 401

    def enter(password: str) -> None:
        page.locator("input:not([type=password])").first.fill("ada")
        page.locator("input[type=password]").fill(password)
        page.get_by_role("button").first.click()

    enter("wrong horse")
    page.get_by_text("Incorrect").wait_for()
    assert page.locator("#question").count() == 0
    enter("correct horse")
    page.locator("#question textarea").wait_for()
    assert ask(page, "How are whales counted?").locator(".summary").is_visible()
    listed = page.request.post(
        f"{address}gradio_api/mcp/",
        data={"jsonrpc": "2.0", "id": 1, "method": "tools/list"},
        headers={"accept": "application/json, text/event-stream"},
    )
    assert listed.status == 200
    assert '"ask"' in listed.text() or "_ask" in listed.text()


def test_a_login_compares_all_of_both(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    fits = Login(user="ada", password="correct horse").check()
    assert fits("ada", "correct horse")
    for user, password in (("ada", "correct horse "), ("ada", ""), ("eve", "correct horse")):
        assert not fits(user, password)
    assert "horse" not in repr(Login(user="ada", password="correct horse"))
    monkeypatch.setenv("RAG_UI_PASSWORD", "from the environment")
    assert read_login("ada").password == "from the environment"
    file = tmp_path / "password"
    file.write_text("from a file\nnot this\n", "utf-8")
    assert read_login("ada", file).password == "from a file"
    file.write_text("short\n", "utf-8")
    for user, path in (("ada", file), ("ada", tmp_path / "none"), ("a:b", None), (" ", None)):
        with pytest.raises(SettingsError):
            read_login(user, path)


@pytest.mark.parametrize(
    ("options", "fine"),
    [
        ({}, True),
        ({"host": "localhost"}, True),
        ({"host": "::1"}, True),
        ({"host": "127.0.0.2"}, True),
        ({"host": "0.0.0.0"}, False),
        ({"host": "::"}, False),
        ({"host": "192.0.2.7"}, False),
        ({"host": "my-machine"}, False),
        ({"share": True}, False),
        ({"host": "0.0.0.0", "open_to_all": True}, True),
        ({"host": "0.0.0.0", "login": Login(user="a", password="b" * 8)}, True),
        ({"share": True, "login": Login(user="a", password="b" * 8)}, True),
    ],
)
def test_strangers_come_in_only_when_told_so(options: dict[str, Any], fine: bool) -> None:
    if fine:
        ServeOptions(**options).check()
    else:
        with pytest.raises(SettingsError, match="no login"):
            ServeOptions(**options).check()
