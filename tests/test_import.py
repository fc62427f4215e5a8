"""Importing the package, and asking for help, loads nothing heavy and reports to nobody."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

import rag

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


def test_telemetry_of_what_it_stands_on_is_off() -> None:
    assert os.environ["ANONYMIZED_TELEMETRY"] == "False"
    assert os.environ["GRADIO_ANALYTICS_ENABLED"] == "False"
