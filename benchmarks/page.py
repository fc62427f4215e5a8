"""How long a person waits for the page: from `rag ui` to a usable one, and from Enter to words.

    python -m benchmarks.page --storage FOLDER

The page is Debian's Chromium, headless; the library is opened by a server process of its own.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

QUESTIONS = Path(__file__).with_name("page_questions.txt")
FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
PATIENCE = 120_000


def main() -> None:
    from playwright.sync_api import sync_playwright

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--storage", required=True, help="folder of a library")
    parser.add_argument("--rounds", type=int, default=3, help="how often the page is started")
    arguments = parser.parse_args()
    started: list[float] = []
    words: list[float] = []
    code = "from rag.cli import main; main()"
    command = [sys.executable, "-c", code, "ui", "--read-only", "--storage", arguments.storage]
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        for _ in range(arguments.rounds):
            began = time.perf_counter()
            with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as server:
                line = next(line for line in server.stderr or () if line.startswith("Open "))
                page = chromium.new_page()
                page.set_default_timeout(PATIENCE)
                page.goto(line.split()[1])
                page.wait_for_selector("#filtered .filtered")
                started.append(time.perf_counter() - began)
                for question in QUESTIONS.read_text("utf-8").splitlines():
                    count = page.locator(".rag-answer").count()
                    page.fill("#question textarea", question)
                    asked = time.perf_counter()
                    page.keyboard.press("Enter")
                    answer = page.locator(".rag-answer").nth(count)
                    answer.locator(".p, .banner").first.wait_for()
                    words.append(time.perf_counter() - asked)
                    answer.locator(".foot, .banner.failed").first.wait_for()
                    page.locator("#ask").wait_for()
                page.close()
                server.terminate()
        chromium.close()
    first = words[:: len(words) // arguments.rounds]
    print(f"from the command to a usable page: median {statistics.median(started):.2f} s")
    print(f"from Enter to the first words:     median {statistics.median(words):.3f} s")
    print(f"  of the first question alone:     median {statistics.median(first):.3f} s")


if __name__ == "__main__":
    main()
