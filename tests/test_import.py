"""Importing the package, and asking for help, loads nothing heavy and reports to nobody."""

from __future__ import annotations

import ast
import importlib
import inspect
import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

import rag
from rag import errors

if TYPE_CHECKING:
    from collections.abc import Iterator

HEAVY = [
    "chromadb", "fastembed", "gradio", "httpx", "llama_index", "numpy", "onnx", "onnxruntime",
    "openai", "pydantic", "rich", "tantivy", "tokenizers",
]  # fmt: skip


def loaded(code: str, *arguments: str) -> set[str]:
    """Run code in a fresh interpreter and return the top-level modules that it has loaded."""
    report = "import json, sys; print(json.dumps(sorted({m.split('.')[0] for m in sys.modules})))"
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", f"{code}\n{report}", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return set(json.loads(run.stdout.splitlines()[-1]))


def test_importing_the_package_loads_nothing_heavy() -> None:
    assert not loaded("import rag") & {*HEAVY, "typer"}


def test_asking_for_help_loads_nothing_heavy() -> None:
    code = "import sys; from rag.cli import main\ntry: main()\nexcept SystemExit: pass"
    found = loaded(code, "--help")
    assert "typer" in found
    assert not found & (set(HEAVY) - {"rich"})  # typer draws its help with rich


def test_every_public_name_is_there() -> None:
    for name in rag.__all__:
        assert getattr(rag, name) is not None
    assert dir(rag) == sorted(rag.__all__)
    with pytest.raises(AttributeError, match="nothing"):
        _ = rag.nothing


def test_every_error_is_public() -> None:
    assert set(errors.__all__) <= set(rag.__all__)


PUBLIC = [name for name in rag.__all__ if isinstance(getattr(rag, name), type)]


@pytest.mark.parametrize("name", PUBLIC)
def test_every_class_that_a_public_one_speaks_of_is_public(name: str) -> None:
    known = {getattr(rag, one) for one in PUBLIC}
    for place, found in classes_in_signatures(getattr(rag, name)):
        assert found in known, f"{name}.{place} speaks of {found.__qualname__}"


def test_the_walk_over_signatures_finds_what_is_written_there() -> None:
    found = set(classes_in_signatures(rag.Library))
    assert ("find", importlib.import_module("rag.search.hybrid").SearchResult) in found
    assert ("ask", rag.Filters) in found
    assert ("hits", rag.Hit) in set(classes_in_signatures(rag.SearchResult))
    assert ("papers", rag.Paper) in set(classes_in_signatures(rag.Answer))


def classes_in_signatures(public: type) -> Iterator[tuple[str, type]]:
    """Yield the package's classes in the annotations of a class, and where each of them stands."""
    for cls in public.__mro__:
        if cls.__module__.split(".")[0] != "rag":
            continue
        names = names_of(cls.__module__)
        annotations = list(vars(cls).get("__annotations__", {}).items())
        for place, member in vars(cls).items():
            function = getattr(member, "fget", None) or getattr(member, "__func__", member)
            if inspect.isfunction(function):
                annotations += [(place, text) for text in function.__annotations__.values()]
        for place, text in annotations:
            if place.startswith("_"):
                continue
            for node in ast.walk(ast.parse(str(text), mode="eval")):
                found = names.get(node.id) if isinstance(node, ast.Name) else None
                if isinstance(found, type):
                    yield place, found


def names_of(module: str) -> dict[str, object]:
    """Return what the package's names in a module stand for, also those that only types need."""
    source = importlib.import_module(module)
    names = {name: value for name, value in vars(source).items() if is_ours(value)}
    for node in ast.walk(ast.parse(inspect.getsource(source))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "rag":
            home = importlib.import_module(node.module or "")
            names |= {(one.asname or one.name): getattr(home, one.name) for one in node.names}
    return names


def is_ours(value: object) -> bool:
    return isinstance(value, type) and value.__module__.split(".")[0] == "rag"


def test_telemetry_of_what_it_stands_on_is_off() -> None:
    assert os.environ["ANONYMIZED_TELEMETRY"] == "False"
    assert os.environ["GRADIO_ANALYTICS_ENABLED"] == "False"
