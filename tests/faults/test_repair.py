"""Files of a library damaged in three ways: what is told, and what `rag doctor --repair` mends."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from filelock import FileLock
from typer.testing import CliRunner

from rag import Library, Settings
from rag.cli.app import app
from rag.errors import RagError
from rag.library.doctor import diagnose
from rag.library.repair import repair

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.slow

QUESTION = "What doubles the error of counting whales from hydrophones?"


def halve(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def blank(path: Path) -> None:
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(size // 3)
        file.write(b"\0" * min(4096, max(1, size // 3)))


WAYS: dict[str, Callable[[Path], None]] = {"halved": halve, "blanked": blank, "gone": Path.unlink}


@pytest.fixture
def own(library: Library, tmp_path: Path) -> Settings:
    library.ask(QUESTION)  # so that there are token vectors
    shutil.copytree(library.settings.storage, tmp_path / "storage")
    return library.settings.model_copy(update={"storage": tmp_path / "storage"})


def cached(settings: Settings) -> list[Path]:
    """Return the files of the caches, one of each kind."""
    found: dict[str, Path] = {}
    for path in sorted((settings.storage / "cache").rglob("*")):
        if path.is_file() and path.stat().st_size and not path.name.endswith(".lock"):
            found.setdefault(path.suffix or path.name, path)
    return list(found.values())


def answer(settings: Settings) -> tuple[str, int]:
    with Library(settings=settings) as library:
        return library.ask(QUESTION).text, len(library)


def used(settings: Settings) -> str:
    """Use a library in two ways; return the errors that were told. Any other error goes on."""
    told = ""
    for use in (lambda: answer(settings), lambda: Library(settings=settings).status()):
        try:
            use()
        except RagError as error:
            told += f"{error.message} {error.hint}"
    return told


@pytest.mark.parametrize("way", WAYS)
def test_damage_in_a_cache_is_told_and_mended(own: Settings, tmp_path: Path, way: str) -> None:
    before = answer(own)
    for file in cached(own):
        settings = own.model_copy(update={"storage": tmp_path / f"{way}-{file.name}"})
        shutil.copytree(own.storage, settings.storage)
        WAYS[way](settings.storage / file.relative_to(own.storage))
        told = used(settings)
        assert "\n" not in told
        (check,) = [one for one in diagnose(settings) if one.name == "library"]
        assert not told or not check.ok, f"{file.name}: an error, and the doctor finds nothing"
        done = repair(settings)
        assert not told or done, f"{file.name}: nothing was mended"
        assert answer(settings) == before, file.name
        assert repair(settings) == []
        assert all(one.ok for one in diagnose(settings) if one.name == "library")


def test_papers_that_chroma_has_lost_are_embedded_again(own: Settings) -> None:
    before = answer(own)
    shutil.rmtree(own.storage / "chroma")
    (line,) = repair(own)
    assert "embedded again" in line
    assert answer(own) == before


def test_a_damaged_catalogue_is_kept_beside(own: Settings) -> None:
    before = answer(own)
    catalogue = own.storage / "cache" / "catalog.sqlite"
    blank(catalogue)
    damaged = catalogue.read_bytes()
    (line,) = repair(own)
    aside = catalogue.with_name("catalog.sqlite.damaged")
    assert str(aside) in line
    assert aside.read_bytes()[4096:] == damaged[4096:]  # SQLite counts openings in the first page
    assert answer(own) == before


def test_nothing_is_mended_while_another_changes_the_library(
    own: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rag.library.hold._WAITS", 0.1)
    catalogue = own.storage / "cache" / "catalog.sqlite"
    halve(catalogue)
    damaged = catalogue.read_bytes()
    with (
        FileLock(own.storage / ".lock"),
        pytest.raises(RagError, match="Another process is changing"),
    ):
        repair(own)
    assert catalogue.read_bytes() == damaged


def test_a_last_copy_is_not_thrown_away(own: Settings) -> None:
    shutil.rmtree(own.storage / "chroma")
    catalogue = own.storage / "cache" / "catalog.sqlite"
    halve(catalogue)
    with pytest.raises(RagError) as refused:
        repair(own)
    assert "rag restore" in refused.value.hint
    assert catalogue.exists()


def test_the_command_says_what_it_did(own: Settings, tmp_path: Path) -> None:
    arguments = ["doctor", "--repair", "--storage", str(own.storage)]
    well = CliRunner().invoke(app, arguments)
    assert (well.exit_code, "nothing to mend" in well.stderr) == (0, True)
    shutil.rmtree(own.storage / "cache" / "keyword")
    (own.storage / "cache" / "keyword").write_text("no folder")
    mended = CliRunner().invoke(app, arguments)
    assert mended.exit_code == 0
    assert "keyword index was damaged" in " ".join(mended.stderr.split())
    none = CliRunner().invoke(app, ["doctor", "--repair", "--storage", str(tmp_path / "none")])
    assert (none.exit_code, "There is no library" in none.stderr) == (1, True)


@pytest.mark.parametrize("way", ["halved", "blanked"])
def test_a_damaged_chroma_says_what_to_do(own: Settings, tmp_path: Path, way: str) -> None:
    before = answer(own)
    WAYS[way](own.storage / "chroma" / "chroma.sqlite3")
    with pytest.raises(RagError) as told:
        answer(own)
    assert "rag restore" in told.value.hint
    (check,) = [one for one in diagnose(own) if one.name == "library"]
    assert not check.ok
    (own.storage / "chroma").rename(tmp_path / "away")
    assert repair(own)
    assert answer(own) == before
