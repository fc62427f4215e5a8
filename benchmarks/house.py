"""Count what the package is made of, and what one question and one added paper pass through.

    python -m benchmarks.house            # the package that is installed
    python -m benchmarks.house --json

Printed are the modules and lines of each room, circles between modules, and, for one quoted answer
and one added paper over the bundled sample, how many modules of the package run and how often the
running module changes. Models and indexes are loaded before, so that only the work is counted.
"""

from __future__ import annotations

import argparse
import ast
import json
import sys
import tempfile
import threading
from collections import Counter
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import rag
from rag import Library, Paper
from rag.sample import sample_path

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

ROOT = Path(rag.__file__).parent
QUESTION = "How much smaller is the number of trainable parameters with low-rank adaptation?"


def modules() -> dict[str, Path]:
    """Return the modules of the package with their files."""
    return {
        ".".join(["rag", *path.relative_to(ROOT).with_suffix("").parts]).removesuffix(
            ".__init__"
        ): path
        for path in sorted(ROOT.rglob("*.py"))
    }


def room_of(module: str) -> str:
    """Return the room that a module belongs to; `rag` for those at the top."""
    parts = module.split(".")
    return parts[1] if len(parts) > 2 or (ROOT / parts[-1]).is_dir() else "rag"


def circle() -> list[str]:
    """Return a circle of imports, those for types included; empty where there is none."""
    known = modules()
    needs: dict[str, set[str]] = {}
    for module, path in known.items():
        found: set[str] = set()
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module:
                names = (f"{node.module}.{one.name}" for one in node.names)
                found |= {one if one in known else node.module for one in names}
        needs[module] = (found & set(known)) - {module}
    try:
        TopologicalSorter(needs).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def passed(work: Callable[[], object]) -> tuple[int, int]:
    """Return how many modules of the package run in some work, and how often they change."""
    lock, seen, changes, last = threading.Lock(), set[str](), 0, ""

    def watch(frame: FrameType, event: str, _: object) -> None:
        nonlocal changes, last
        name = frame.f_globals.get("__name__", "")
        if event == "call" and name.startswith("rag."):
            with lock:
                changes += name != last
                last = name
                seen.add(name)

    sys.setprofile(watch)
    threading.setprofile(watch)
    try:
        work()
    finally:
        sys.setprofile(None)
        threading.setprofile(None)
    return len(seen), changes


def count() -> dict[str, Any]:
    """Return all figures."""
    rooms: Counter[str] = Counter()
    lines: Counter[str] = Counter()
    for module, path in modules().items():
        rooms[room_of(module)] += 1
        lines[room_of(module)] += len(path.read_text("utf-8").splitlines())
    with tempfile.TemporaryDirectory() as folder, Library(Path(folder) / "storage") as library:
        library.add(sample_path())
        library.ask(QUESTION)
        answer = passed(lambda: library.ask(QUESTION + " "))
        paper = Paper(id="own:1", title="A new paper", abstract="It says one thing. And another.")
        added = passed(lambda: library.add_papers([paper]))
    return {
        "modules": sum(rooms.values()),
        "lines": sum(lines.values()),
        "rooms": {room: [rooms[room], lines[room]] for room in sorted(rooms)},
        "circle": circle(),
        "quoted answer": {"modules": answer[0], "changes": answer[1]},
        "added paper": {"modules": added[0], "changes": added[1]},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    found = count()
    if options.json:
        print(json.dumps(found, indent=2))
        return
    print(f"{found['modules']} modules, {found['lines']:,} lines")
    for room, (number, lines) in found["rooms"].items():
        print(f"  {room:14s} {number:4d} {lines:7,d}")
    print(f"circle: {' -> '.join(found['circle']) or 'none'}")
    for what in ("quoted answer", "added paper"):
        print(f"{what}: {found[what]['modules']} modules, {found[what]['changes']} changes")


if __name__ == "__main__":
    main()
