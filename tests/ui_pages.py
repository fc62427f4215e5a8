"""What tests do on a page."""

from __future__ import annotations

from typing import Any

__all__ = ["ask"]


def ask(page: Any, question: str) -> Any:
    """Ask a question, wait for the end of its answer, and return that."""
    count = page.locator(".rag-answer").count()
    page.fill("#question textarea", question)
    page.keyboard.press("Enter")
    answer = page.locator(".rag-answer").nth(count)
    answer.locator(".foot, .banner").first.wait_for()
    page.locator("#ask").wait_for()  # the button is back when all is done
    # 300 ms after a change Gradio's chat scrolls to its end, and what is clicked at that moment is
    # no longer where it was. Its timer was set before this one, and so ends before it.
    page.evaluate("() => new Promise((done) => setTimeout(done, 350))")
    return answer
