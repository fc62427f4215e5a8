"""Bad input of every kind: one line that says what is wrong, one with a hint, nothing changed."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

Change = dict[str, str]


def contents(folder: Path) -> Change:
    """Every file below a folder that is no cache, by name, with a hash of what it holds."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "cache" not in path.parts
    }


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A folder with all sorts of bad files."""
    folder = tmp_path / "bad"
    folder.mkdir()
    (folder / "empty.txt").write_bytes(b"")
    (folder / "blank.txt").write_bytes(b"\r\n \t\n")
    (folder / "binary.bin").write_bytes(bytes(range(256)) * 8)
    (folder / "picture.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(200))
    (folder / "chrome.txt").write_text(
        "Daily Papers\n\nbyAK and the research community\n\nDec 29\n"
    )
    (folder / "letter.txt").write_text("Dear friend,\n\nall is well here.\n")
    (folder / "broken.jsonl").write_text('{"title": "A"\n')
    (folder / "list.jsonl").write_text('{"titel": "A"}\n')
    (folder / "cut.jsonl.gz").write_bytes(b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\x0b")
    (folder / "nothing").mkdir()
    return folder


@pytest.mark.parametrize(
    "name",
    [
        "empty.txt", "blank.txt", "binary.bin", "picture.png", "chrome.txt", "letter.txt",
        "broken.jsonl", "list.jsonl", "cut.jsonl.gz", "nothing", "missing.txt", "*.nothing",
        "a\nb.txt", "", "https://example.org/papers.html", "x" * 300,
    ],
)  # fmt: skip
def test_a_source_without_papers(
    rag: Callable[..., object],
    files: Path,
    name: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.chdir(files)
    ran = rag("add", name, "--storage", tmp_path / "storage")
    assert ran.code == 1
    complaints = [line for line in ran.err.splitlines() if not line.startswith("Rejected: ")]
    assert [line.split(":")[0] for line in complaints] == ["Error", "Hint"]
    assert "Traceback" not in ran.err
    assert "unexpected" not in ran.err
    assert not (tmp_path / "storage").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ("ask", ""),
        ("ask", "   "),
        ("ask", "\u200b"),
        ("ask", "word " * 2_000),
        ("search", ""),
        ("show", "x:none"),
        ("show", ""),
        ("show", "\x1b[31m"),
        ("remove", "x:none"),
        ("remove", "arxiv:9911.00011", "x:none"),
        ("rebuild", "--embedder", "/nowhere"),
    ],
)
def test_a_command_that_can_not_do_what_it_is_told(
    rag: Callable[..., object],
    stocked: Path,
    complained: Callable[..., None],
    arguments: tuple[str, ...],
) -> None:
    before = contents(stocked)
    ran = rag(*arguments)
    complained(ran)
    assert ran.out == ""
    assert "\x1b" not in ran.err
    assert contents(stocked) == before
    assert len(rag("papers", "--json").value) == 12


COMMANDS = {
    "ask": ("ask", "What do bees do?"),
    "search": ("search", "bees"),
    "papers": ("papers",),
    "show": ("show", "x:1"),
    "remove": ("remove", "x:1"),
    "rebuild": ("rebuild",),
    "status": ("status",),
}


@pytest.mark.parametrize("command", COMMANDS)
def test_no_library_yet(
    rag: Callable[..., object], complained: Callable[..., None], command: str
) -> None:
    ran = rag(*COMMANDS[command])
    complained(ran)
    assert "rag add" in ran.err
    assert not Path("storage").exists()


@pytest.mark.parametrize("command", [*COMMANDS, "add"])
def test_a_storage_that_is_a_file(
    rag: Callable[..., object], complained: Callable[..., None], command: str, data: Path
) -> None:
    Path("storage").write_text("a file")
    arguments = COMMANDS.get(command) or ("add", str(data / "page.txt"))
    ran = rag(*arguments)
    complained(ran)
    assert "storage" in ran.err
    assert Path("storage").read_text() == "a file"


@pytest.mark.parametrize("command", [*COMMANDS, "add"])
def test_a_storage_that_holds_something_else(
    rag: Callable[..., object], complained: Callable[..., None], command: str, data: Path
) -> None:
    Path("storage").mkdir()
    Path("storage/thesis.tex").write_text("years of work")
    arguments = COMMANDS.get(command) or ("add", str(data / "page.txt"))
    complained(rag(*arguments))
    assert [path.name for path in Path("storage").iterdir()] == ["thesis.tex"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_storage_that_can_not_be_written(
    rag: Callable[..., object], complained: Callable[..., None], data: Path
) -> None:
    Path("storage").mkdir(mode=0o500)
    complained(rag("add", data / "page.txt"))


@pytest.mark.parametrize(
    "variables",
    [
        {"RAG_EMBEDDER": "/nowhere"},
        {"RAG_CHROMA_URL": "http://127.0.0.1:9"},
        {"RAG_CHROMA_URL": "no address"},
        {"RAG_CHROMA_URL": "http://"},
        {"RAG_COLLECTION": "x"},
        {"RAG_MAX_PAPERS": "many"},
        {"RAG_STORAGGE": "x"},
        {"RAG_ABSTAIN_BELOW": "2"},
    ],
)
def test_settings_that_can_not_be_used(
    rag: Callable[..., object],
    stocked: Path,
    complained: Callable[..., None],
    variables: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    before = contents(stocked)
    ran = rag("ask", "What do bees do?")
    complained(ran)
    assert contents(stocked) == before


@pytest.mark.parametrize("text", ["storage = [", "storrage = 'x'", "max_papers = 'many'", "\x00"])
def test_a_settings_file_that_can_not_be_used(
    rag: Callable[..., object], complained: Callable[..., None], text: str
) -> None:
    Path("rag.toml").write_text(text)
    ran = rag("status")
    complained(ran)
    assert "rag.toml" in ran.err


@pytest.mark.parametrize("damaged", ["cache/catalog.sqlite", "chroma/chroma.sqlite3"])
def test_a_damaged_library(
    rag: Callable[..., object], stocked: Path, complained: Callable[..., None], damaged: str
) -> None:
    for path in stocked.glob(f"{damaged}*"):
        path.unlink()
    (stocked / damaged).write_bytes(b"this was a database once, a long time ago. " * 200)
    complained(rag("ask", "What do bees do?"))


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("ask",),
        ("ask", "two", "questions"),
        ("add",),
        ("show",),
        ("remove",),
        ("search", "bees", "-k", "0"),
        ("search", "bees", "-k", "many"),
        ("search", "bees", "--year", "soon"),
        ("search", "bees", "--year", "20212024"),
        ("search", "bees", "--year", "-"),
        ("search", "bees", "--year", "2024-2021"),
        ("ask", "What?", "--year", "2024-2021"),
        ("add", "page", "--format", "pages"),
        ("export", "--format", "pages"),
        ("papers", "--limit", "0"),
        ("unheard-of",),
        ("ask", "What?", "--unheard-of"),
    ],
)
def test_wrong_usage_ends_with_2_and_shows_how(
    rag: Callable[..., object], arguments: tuple[str, ...]
) -> None:
    ran = rag(*arguments)
    assert ran.code == 2
    assert "Traceback" not in ran.err
    assert "sage" in ran.err + ran.out
    assert not Path("storage").exists()


def test_debug_shows_the_traceback(rag: Callable[..., object], stocked: Path) -> None:
    from rag.errors import PaperNotFoundError

    with pytest.raises(PaperNotFoundError):
        rag("show", "x:none", "--debug")


def test_an_unexpected_error_is_one_line_too(
    rag: Callable[..., object], stocked: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError("a\nslip")

    monkeypatch.setattr("rag.library.library.Library.paper", fail)
    ran = rag("show", "x:1")
    assert ran.code == 1
    assert len(ran.err.splitlines()) == 2
    assert "ZeroDivisionError: a slip" in ran.err
    assert "--debug" in ran.err


@pytest.mark.parametrize(
    ("method", "arguments", "hint"),
    [
        ("add", ["add", "papers"], "Hint: What was stored until then is kept.\n"),
        ("rebuild", ["rebuild"], "Hint: The library is as it was before.\n"),
        ("paper", ["show", "x:1"], ""),
    ],
)
def test_ctrl_c_says_what_has_become_of_the_work(
    rag: Callable[..., object],
    stocked: Path,
    monkeypatch: pytest.MonkeyPatch,
    method: str,
    arguments: list[str],
    hint: str,
) -> None:
    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(f"rag.library.library.Library.{method}", stop)
    ran = rag(*arguments)
    assert ran.code == 130
    assert ran.err == f"Error: Stopped.\n{hint}"
