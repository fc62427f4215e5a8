"""A disk that is full: told in one line, and nothing of what was stored is lost."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from rag import Library
from rag.errors import StorageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.slow


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Callable[[int], Path]]:
    """Return a function that mounts a disk of so many kilobytes; skips where nobody may."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = False

    def mount(size: int) -> Path:
        nonlocal mounted
        command = ["mount", "-t", "tmpfs", "-o", f"size={size}k", "tmpfs", str(folder)]
        try:
            subprocess.run(command, check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError):
            pytest.skip("no disk can be mounted here")
        mounted = True
        return folder

    yield mount
    if mounted:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)  # Chroma may hold a file


@pytest.mark.parametrize("size", [250, 450, 650, 850])
def test_a_full_disk_is_told_and_loses_nothing(
    library: Library,
    data: Path,
    tmp_path: Path,
    small_disk: Callable[[int], Path],
    size: int,
) -> None:
    storage = small_disk(size) / "library"
    settings = library.settings.model_copy(update={"storage": storage})
    with Library(settings=settings) as full, pytest.raises(StorageError, match="no space") as told:
        full.add(data / "papers.jsonl")
    assert "Make room" in told.value.hint
    roomy = settings.model_copy(update={"storage": tmp_path / "roomy"})
    shutil.copytree(storage, roomy.storage)
    with Library(settings=roomy) as after:
        after.add(data / "papers.jsonl")
        assert len(after) == 12
        assert after.ask("What doubles the error of counting whales from hydrophones?").citations
