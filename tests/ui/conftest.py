"""A real Chromium, and pages that a real server serves to it."""

from __future__ import annotations

import asyncio
import os
import shutil
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from rag import Library, Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# So high that a conversation needs no scrolling, which would move what is about to be clicked.
ROOMY = {"width": 1440, "height": 2400}
PATIENCE = 30_000  # milliseconds, for machines with other work
QUIET = ("ignore::DeprecationWarning", "ignore::UserWarning", "ignore::ResourceWarning")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What Gradio and its server warn of is not ours to mend."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            for rule in QUIET:
                item.add_marker(pytest.mark.filterwarnings(rule))


@pytest.fixture(scope="session")
def chromium() -> str:
    """Debian's Chromium; where tests must not be skipped, it has to be there."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        if os.environ.get("CI"):
            pytest.fail("chromium is not installed")
        pytest.skip("needs chromium: apt-get install chromium")
    return path


@pytest.fixture(scope="session")
def browser(chromium: str) -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield running
        running.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Add to the report of a failed test what its pages did, and what they say."""
    report: Any = yield
    pages = item.stash.get(PAGES, [])
    if report.when == "call" and report.failed and pages:
        began = pages[0].began
        for number, page in enumerate(pages, 1):
            lines = [f"{at - began:8.3f} {line}" for at, line in page.log]
            report.sections.append((f"page {number}", "\n".join([*lines, page.says()])))
    return report


@dataclass
class Watched:
    """A page and what it did."""

    page: Any
    began: float = field(default_factory=time.monotonic)
    log: list[tuple[float, str]] = field(default_factory=list)

    def note(self, line: str) -> None:
        self.log.append((time.monotonic(), line[:300]))

    def says(self) -> str:
        try:
            return str(self.page.locator("#work").inner_text(timeout=1000))
        except Exception as error:  # noqa: BLE001 - the page may be gone
            return f"(nothing: {error})"


PAGES = pytest.StashKey[list[Watched]]()


@pytest.fixture
def open_page(browser: Any, request: pytest.FixtureRequest) -> Iterator[Callable[..., Any]]:
    """Return a function that opens an address in a session of its own.

    In the end nothing may have been asked of another host, and no script may have failed.
    """
    contexts: list[Any] = []
    abroad: list[str] = []
    failures: list[str] = []
    watched = request.node.stash.setdefault(PAGES, [])

    def watch(request: Any) -> None:
        parts = urlsplit(request.url)
        if parts.scheme not in {"data", "blob", "about"} and parts.hostname != "127.0.0.1":
            abroad.append(request.url)

    def follow(page: Any) -> None:
        seen = Watched(page)
        watched.append(seen)
        for event in ("request", "response", "requestfailed"):
            page.on(event, lambda one, event=event: _noted(seen, event, one))
        page.on("console", lambda message: seen.note(f"console {message.text}"))

    def open_one(address: str, *, ready: str = "#question textarea", **options: Any) -> Any:
        size = options.pop("viewport", ROOMY)
        context = browser.new_context(viewport=size, accept_downloads=True, **options)
        contexts.append(context)
        context.set_default_timeout(PATIENCE)
        context.on("request", watch)
        page = context.new_page()
        follow(page)
        page.on("pageerror", lambda error: failures.append(str(error)))
        page.goto(address)
        if ready:
            page.wait_for_selector(ready)
        return page

    yield open_one
    for context in contexts:
        context.close()
    assert abroad == []
    assert failures == []


def _noted(seen: Watched, event: str, one: Any) -> None:
    """Note what is asked of Gradio's own addresses; all else is files."""
    path = urlsplit(one.url).path
    if path.startswith("/gradio_api/"):
        sent = one.post_data if event == "request" else None
        seen.note(f"{event} {path.removeprefix('/gradio_api/')} {sent or ''}")


def _within_a_loop(start: Callable[[], Any]) -> Any:
    """Call a function where an event loop runs: else Gradio makes some, and never closes them."""
    try:
        asyncio.get_running_loop()  # that of Playwright
    except RuntimeError:

        async def started() -> Any:
            return start()

        return asyncio.run(started())
    return start()


@pytest.fixture
def build_page(library: Library) -> Callable[[], Any]:
    """Return a function that builds the page over papers that no test changes, unserved."""

    def build() -> Any:
        from rag.ui.options import ServeOptions
        from rag.ui.page import build_page

        page, _ = _within_a_loop(lambda: build_page(library, ServeOptions()))
        return page

    return build


@pytest.fixture(scope="session")
def serve_library() -> Callable[..., tuple[str, Callable[[], None]]]:
    """Return a function that serves a library and returns the address and how to end it."""

    def serve(library: Library, **options: Any) -> tuple[str, Callable[[], None]]:
        from rag.ui.options import ServeOptions
        from rag.ui.serve import launch

        addresses: list[str] = []
        chosen = ServeOptions(**options)

        def start() -> Any:
            return launch(library, chosen, ready=addresses.append, block=False)

        page, site = _within_a_loop(start)
        site.warm_up()
        site.warm.wait(60)  # so that nothing of it runs on into a test

        def end() -> None:
            page.close(verbose=False)

        return addresses[0], end

    return serve


@pytest.fixture(scope="session")
def site(library: Library, serve_library: Callable[..., Any], chromium: str) -> Iterator[str]:
    """The address of a page over papers that no test changes."""
    library.map()  # drawing the first one takes longer than a test should wait
    address, end = serve_library(library)
    yield address
    end()


@pytest.fixture
def serve(
    library: Library, storage: Path, model_cache: Path, serve_library: Callable[..., Any]
) -> Iterator[Callable[..., str]]:
    """Return a function that serves a copy of the papers which a test may change."""
    ends: list[Callable[[], None]] = []

    def start(*, settings: dict[str, Any] | None = None, **options: Any) -> str:
        chosen = {"storage": storage, "cache": model_cache, **(settings or {})}
        own = Library(settings=Settings(**chosen))
        own._parts._embedder = library._parts.embedder()  # loading it takes longer than a test
        address, end = serve_library(own, **options)
        ends.extend((own.close, end))
        return address

    yield start
    for end in reversed(ends):
        end()
