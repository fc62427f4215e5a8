"""The examples in docstrings say what is true."""

from __future__ import annotations

import doctest
import importlib
from pathlib import Path

import pytest

import rag

ROOT = Path(rag.__file__).parent
# Those of the package itself want a library, and are not run.
WITH_EXAMPLES = sorted(
    ".".join(("rag", *path.relative_to(ROOT).with_suffix("").parts))
    for path in ROOT.rglob("*.py")
    if path.name != "__init__.py" and ">>> " in path.read_text("utf-8")
)


@pytest.mark.parametrize("name", WITH_EXAMPLES)
def test_examples(name: str) -> None:
    failed, tried = doctest.testmod(importlib.import_module(name))
    assert tried > 0
    assert failed == 0
