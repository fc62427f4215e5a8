"""The house keeps its order: dependencies point one way, and modules stay small."""

from __future__ import annotations

import ast
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1] / "rag"
MODULES = {
    ".".join(["rag", *path.relative_to(ROOT).with_suffix("").parts]).removesuffix(".__init__"): path
    for path in sorted(ROOT.rglob("*.py"))
}
# What a part may import: itself, and parts of a lower number.
LEVELS = {
    "version": 0, "errors": 0, "text": 0, "sample": 0,
    "papers": 1, "settings": 1, "registry": 1,
    "models": 2, "llm": 2, "sources": 2, "export": 2,
    "index": 3, "evidence": 3, "verification": 3,
    "search": 4,
    "questions": 5,
    "answers": 6,
    "chat": 7,
    "library": 8,
    "evaluation": 9, "ui": 9,
    "cli": 10,  # one of its commands opens the other face
}  # fmt: skip
FACES = {"cli", "evaluation", "ui"}
# What a face may know beside the library itself: values, and what can be read without a library.
OPEN_TO_FACES = {
    "rag", "rag.version", "rag.errors", "rag.settings", "rag.papers", "rag.sample",
    "rag.library", "rag.library.doctor", "rag.search.query", "rag.registry", "rag.export",
}  # fmt: skip
OPEN_PARTS = {"text", "sources"}
# The command line opens the other two faces.
OPENED_BY_CLI = {"evaluation", "ui"}


def part_of(module: str) -> str:
    return module.split(".")[1] if "." in module else ""


def imports(module: str, *, for_types: bool) -> Iterator[str]:
    """Yield the modules of the package that a module imports."""
    tree = ast.parse(MODULES[module].read_text("utf-8"))
    skipped: set[int] = set()
    for node in ast.walk(tree):
        guarded = isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        if guarded and not for_types:
            skipped |= {id(inner) for inner in ast.walk(node)}
    for node in ast.walk(tree):
        if id(node) in skipped:
            continue
        if isinstance(node, ast.Import):
            yield from (one.name for one in node.names if one.name.split(".")[0] == "rag")
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module} has a relative import"
            name = node.module or ""
            if name.split(".")[0] == "rag":
                inner = (f"{name}.{one.name}" for one in node.names)
                yield from (one if one in MODULES else name for one in inner)


def test_the_parts_are_known() -> None:
    assert {part_of(module) for module in MODULES} - {""} <= set(LEVELS)


@pytest.mark.parametrize("module", MODULES)
def test_dependencies_point_one_way(module: str) -> None:
    ours = part_of(module)
    if not ours:
        return
    for other in imports(module, for_types=True):
        theirs = part_of(other)
        allowed = theirs == ours or LEVELS.get(theirs, -1) < LEVELS[ours]
        assert allowed, f"{module} imports {other}"


@pytest.mark.parametrize("module", [name for name in MODULES if part_of(name) == "index"])
def test_the_index_knows_of_sources_only_what_they_hand_on(module: str) -> None:
    found = {other for other in imports(module, for_types=True) if part_of(other) == "sources"}
    assert found <= {"rag.sources.base"}


@pytest.mark.parametrize("module", [name for name in MODULES if part_of(name) in FACES])
def test_a_face_never_reaches_past_the_library(module: str) -> None:
    ours = part_of(module)
    parts = {ours, *OPEN_PARTS, *(OPENED_BY_CLI if ours == "cli" else ())}
    for other in imports(module, for_types=False):
        assert part_of(other) in parts or other in OPEN_TO_FACES, f"{module} imports {other}"


def test_no_module_needs_itself() -> None:
    needs = {module: {*imports(module, for_types=True)} - {module} for module in MODULES}
    try:
        TopologicalSorter(needs).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


@pytest.mark.parametrize("module", MODULES)
def test_modules_are_small_and_say_what_is_public(module: str) -> None:
    text = MODULES[module].read_text("utf-8")
    assert len(text.splitlines()) <= 600
    tree = ast.parse(text)
    assert ast.get_docstring(tree)
    names = {
        node.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }
    only_text = all(isinstance(node, ast.Expr) for node in tree.body)
    assert "__all__" in names or only_text or module == "rag.version"


@pytest.mark.parametrize("module", MODULES)
def test_nothing_is_printed(module: str) -> None:
    tree = ast.parse(MODULES[module].read_text("utf-8"))
    called = {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    assert not called & {"print", "pprint", "breakpoint"}
