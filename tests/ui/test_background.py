"""What takes long on the page leaves the threads alone that find answers."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from rag.ui.options import ServeOptions
from rag.ui.site import Site

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from rag import Library

MANY = 8


def answered_beside(waiting: list[Coroutine[None, None, object]], end: threading.Event) -> str:
    """Start what waits, and answer in the one thread that there is for answers."""
    # In a thread of its own: in that of the tests the loop of the browser's driver may run.
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, _answered_beside(waiting, end)).result()


async def _answered_beside(
    waiting: list[Coroutine[None, None, object]], end: threading.Event
) -> str:
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(1))
    started = [asyncio.create_task(one) for one in waiting]
    await asyncio.sleep(0)
    try:
        return await asyncio.wait_for(asyncio.to_thread(lambda: "answered"), 10)
    finally:
        end.set()
        for one in started:
            one.cancel()


def test_who_adds_papers_or_draws_a_map_keeps_nobody_from_an_answer(library: Library) -> None:
    site, end = Site(library, ServeOptions()), threading.Event()
    jobs = [site.in_background(lambda: end.wait(30)) for _ in range(MANY)]
    assert answered_beside(jobs, end) == "answered"


def test_pages_that_wait_for_examples_keep_nobody_from_an_answer(library: Library) -> None:
    site, end = Site(library, ServeOptions()), threading.Event()
    pages = [site.examples_once_found(wait=30) for _ in range(MANY)]
    assert answered_beside(pages, end) == "answered"
