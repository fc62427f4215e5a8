"""A library in one file, and back."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
import warnings
import zipfile
from typing import TYPE_CHECKING, Any

import pytest
from filelock import FileLock
from typer.testing import CliRunner

from rag import Library, Paper, Settings
from rag.cli.app import app
from rag.errors import StorageError
from rag.library.hold import held

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

QUESTION = "What doubles the error of counting whales from hydrophones?"
LIST = "rag-backup.json"


@pytest.fixture
def own(library: Library, tmp_path: Path) -> Settings:
    """A library that may be written over."""
    shutil.copytree(library.settings.storage, tmp_path / "storage")
    return library.settings.model_copy(update={"storage": tmp_path / "storage"})


@pytest.fixture
def file(own: Settings, tmp_path: Path) -> Path:
    with Library(settings=own) as library:
        library.backup(tmp_path / "library.zip")
    return tmp_path / "library.zip"


def content(settings: Settings) -> Any:
    with Library(settings=settings) as library:
        answer = library.ask(QUESTION)
        return (
            [paper.as_dict() for paper in library.papers()],
            [(hit.paper.id, round(hit.score, 6)) for hit in library.search("whales", 5)],
            answer.text,
            library.status()["chunks"],
        )


def rewritten(file: Path, change: Callable[[dict[str, bytes]], None]) -> Path:
    with zipfile.ZipFile(file) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    change(members)
    changed = file.with_name("changed.zip")
    with zipfile.ZipFile(changed, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return changed


def listed(members: dict[str, bytes], change: Callable[[dict[str, Any]], None]) -> None:
    told = json.loads(members[LIST])
    change(told)
    members[LIST] = json.dumps(told).encode()


def test_what_comes_back_is_what_was_there(own: Settings, file: Path, tmp_path: Path) -> None:
    before = content(own)
    elsewhere = own.model_copy(update={"storage": tmp_path / "elsewhere"})
    back = Library.restore(file, settings=elsewhere)
    assert back.papers == len(before[0])
    assert content(elsewhere) == before
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_a_library_is_replaced_only_when_told(own: Settings, file: Path) -> None:
    before = content(own)
    with Library(settings=own) as library:
        library.remove("arxiv:9905.00005")
    with pytest.raises(StorageError, match="already"):
        Library.restore(file, settings=own)
    assert content(own) != before
    Library.restore(file, settings=own, replace=True)
    assert content(own) == before


def test_a_file_is_replaced_only_when_told(own: Settings, file: Path) -> None:
    with Library(settings=own) as library:
        with pytest.raises(StorageError, match="already"):
            library.backup(file)
        assert library.backup(file, replace=True).papers == len(library)


def flip(members: dict[str, bytes]) -> None:
    name = next(name for name in members if name.endswith("chroma.sqlite3"))
    data = bytearray(members[name])
    data[len(data) // 2] ^= 0xFF
    members[name] = bytes(data)


BAD: dict[str, Callable[[dict[str, bytes]], None]] = {
    "a byte that changed": flip,
    "a member that is gone": lambda members: members.pop("cache/catalog.sqlite"),
    "a member more": lambda members: members.update({"cache/more": b"x"}),
    "a way out": lambda members: (
        members.update({"../evil": b"x"}),
        listed(members, lambda told: told["files"].update({"../evil": {"size": 1}})),
    ),
    "an absolute name": lambda members: (
        members.update({"/evil": b"x"}),
        listed(members, lambda told: told["files"].update({"/evil": {"size": 1}})),
    ),
    "a newer version": lambda members: listed(members, lambda told: told.update(format=99)),
    "other numbers": lambda members: listed(members, lambda told: told.update(papers=1)),
    "no list": lambda members: members.pop(LIST),
    "a list of something else": lambda members: members.update({LIST: b"[]"}),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_changes_nothing(name: str, own: Settings, file: Path, tmp_path: Path) -> None:
    before = content(own)
    changed = rewritten(file, BAD[name])
    with pytest.raises(StorageError):
        Library.restore(changed, settings=own, replace=True)
    assert content(own) == before
    assert not (tmp_path.parent / "evil").exists()
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_no_byte_that_changed_ends_in_another_error(own: Settings, file: Path) -> None:
    data, rng = file.read_bytes(), random.Random(3)
    fresh = own.model_copy(update={"storage": own.storage.with_name("fresh")})
    with zipfile.ZipFile(file) as archive:
        largest = max(archive.infolist(), key=lambda member: member.compress_size)
    told = set()
    for number in range(60):
        changed = bytearray(data)
        # In a member, which is compressed, and in what says where the members are.
        at = largest.header_offset + 200 + number if number % 2 else -rng.randrange(1, 2_000)
        changed[at] ^= 1 << rng.randrange(8)
        file.write_bytes(changed)
        try:
            Library.restore(file, settings=fresh)
        except StorageError as error:
            told.add(error.message)
            assert not fresh.storage.exists()
        else:  # what changed is a date, or the like
            assert content(fresh) == content(own)
            shutil.rmtree(fresh.storage)
    assert any("is damaged (" in one for one in told)


def test_a_file_that_unpacks_to_far_more_is_refused(own: Settings, tmp_path: Path) -> None:
    size, bomb = 2**30, tmp_path / "bomb.zip"
    told = {"format": 1, "papers": 0, "files": {"cache/zeros": {"size": size, "sha256": ""}}}
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        with archive.open("cache/zeros", "w", force_zip64=True) as member:
            for _ in range(size >> 22):
                member.write(bytes(2**22))
        archive.writestr(LIST, json.dumps(told))
    with pytest.raises(StorageError, match="would unpack to 1,024 MB"):
        Library.restore(bomb, settings=own, replace=True)


def test_other_ways_to_pack_are_refused(own: Settings, file: Path) -> None:
    for change in ({"compression": zipfile.ZIP_LZMA}, {}):
        with zipfile.ZipFile(file) as archive:
            members = {name: archive.read(name) for name in archive.namelist()}
        changed = file.with_name("changed.zip")
        with zipfile.ZipFile(changed, "w", **change) as archive:
            for name, data in members.items():
                archive.writestr(name, data)
        if not change:  # each member says that it is encrypted
            data = changed.read_bytes().replace(b"PK\x01\x02\x14\x03\x14\x00\x00", LOCKED)
            assert LOCKED in data
            changed.write_bytes(data)
        with pytest.raises(StorageError, match=r"no backup holds|is damaged"):
            Library.restore(changed, settings=own, replace=True)


LOCKED = b"PK\x01\x02\x14\x03\x14\x00\x01"


def test_a_change_that_ends_while_it_is_waited_for_is_in_the_backup(
    own: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, waited = held, []

    def after_a_change(folder: Path) -> Any:
        if not waited:
            waited.append(True)
            with Library(settings=own) as another:
                another.add_papers([Paper(id="x:late", title="Late Tea", abstract="Tea is late.")])
        return real(folder)

    monkeypatch.setattr("rag.library.backup.held", after_a_change)
    with Library(settings=own) as library:
        before = len(library)
        made = library.backup(tmp_path / "late.zip")
    assert made.papers == before + 1
    elsewhere = own.model_copy(update={"storage": tmp_path / "elsewhere"})
    assert Library.restore(made.path, settings=elsewhere).papers == before + 1


def test_a_backup_waits_for_a_change_and_says_when_it_takes_long(
    own: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rag.library.hold._WAITS", 0.1)
    with (
        Library(settings=own) as library,
        FileLock(own.storage / ".lock"),
        pytest.raises(StorageError, match="Another process is changing"),
    ):
        library.backup(tmp_path / "late.zip")
    assert not (tmp_path / "late.zip").exists()


def test_a_backup_is_no_part_of_the_library(own: Settings) -> None:
    with Library(settings=own) as library:
        with pytest.raises(StorageError, match="part of the library itself"):
            library.backup(own.storage / "cache" / ".." / "library.zip")
        assert not (own.storage / "library.zip").exists()


def test_what_was_there_before_is_not_deleted_unasked(own: Settings, file: Path) -> None:
    former = own.storage.with_name(f".{own.storage.name}.before")
    shutil.copytree(own.storage, former)
    with pytest.raises(StorageError, match="still in"):
        Library.restore(file, settings=own, replace=True)
    assert former.exists()


def test_a_link_is_not_unpacked(own: Settings, file: Path, tmp_path: Path) -> None:
    changed = tmp_path / "changed.zip"
    shutil.copy(file, changed)
    with zipfile.ZipFile(changed) as archive:
        told = json.loads(archive.read(LIST))
    link = zipfile.ZipInfo("cache/link")
    link.external_attr = 0o120777 << 16
    told["files"]["cache/link"] = {"size": 11, "sha256": ""}
    with zipfile.ZipFile(changed, "a") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        archive.writestr(link, "/etc/passwd")
        archive.writestr(LIST, json.dumps(told))
    with pytest.raises(StorageError, match="no backup holds"):
        Library.restore(changed, settings=own, replace=True)


def test_what_was_cut_off_between_its_two_steps_is_put_back(own: Settings, file: Path) -> None:
    before = content(own)
    own.storage.rename(own.storage.with_name(f".{own.storage.name}.before"))
    with pytest.raises(StorageError, match="already"):
        Library.restore(file, settings=own)
    assert content(own) == before


@pytest.mark.slow
def test_a_restore_that_is_killed_leaves_a_whole_library(own: Settings, file: Path) -> None:
    before = content(own)
    command = [sys.executable, "-m", "rag", "restore", str(file), "--force"]
    environment = {**os.environ, "RAG_STORAGE": str(own.storage), "RAG_CACHE": str(own.cache)}
    for step in range(4):
        code = (
            "import os, sys, rag.library.backup as b\n"
            f"names = ['_unpack', '_count_papers', '_swap', '_copy']\n"
            f"def end(*args, **values): os._exit(9)\n"
            f"setattr(b, names[{step}], end)\n"
            "from rag.cli import main\n"
            f"sys.argv = {['rag', *command[3:]]!r}\nmain()\n"
        )
        ran = subprocess.run([sys.executable, "-c", code], env=environment, check=False)
        assert ran.returncode == 9
        assert content(own) == before
    Library.restore(file, settings=own, replace=True)
    assert content(own) == before


def test_the_commands_say_what_they_did(own: Settings, tmp_path: Path) -> None:
    run = CliRunner()
    file, storage = str(tmp_path / "b.zip"), str(own.storage)
    made = run.invoke(app, ["backup", file, "--storage", storage, "--json"])
    assert made.exit_code == 0
    assert json.loads(made.stdout)["papers"] > 0
    again = run.invoke(app, ["backup", file, "--storage", storage])
    assert (again.exit_code, "Hint:" in again.stderr) == (1, True)
    back = run.invoke(app, ["restore", file, "--storage", str(tmp_path / "new")])
    assert back.exit_code == 0
    assert "are back at" in back.stdout
    none = run.invoke(app, ["restore", str(tmp_path / "none.zip"), "--storage", storage])
    assert (none.exit_code, "Traceback" in none.stderr) == (1, False)
