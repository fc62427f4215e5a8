"""`rag status`, `rag doctor`, and `rag` in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from entailers import write_entailer

from rag import __version__

if TYPE_CHECKING:
    from collections.abc import Callable

RAG = Path(sys.executable).with_name("rag")


def test_status_as_json(rag: Callable[..., object], stocked: Path) -> None:
    ran = rag("status", "--json")
    assert (ran.code, ran.err) == (0, "")
    assert ran.value["papers"] == 12
    assert ran.value["chunks"] == 13
    assert ran.value["storage"] == str(stocked)
    assert ran.value["dimension"] == 384


def test_status_for_people(rag: Callable[..., object], stocked: Path) -> None:
    out = rag("status").out
    assert "papers" in out
    assert "12" in out
    assert "all-MiniLM-L6-v2" in out


def test_doctor_finds_all_well(rag: Callable[..., object], stocked: Path) -> None:
    ran = rag("doctor")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.count("ok ") >= 3
    assert "FAILED" not in ran.out
    checks = rag("doctor", "--json").value
    assert all(check["ok"] for check in checks)
    assert {"name", "ok", "found", "hint"} <= set(checks[0])


def test_doctor_is_content_before_the_first_paper(
    rag: Callable[..., object], tmp_path: Path
) -> None:
    ran = rag("doctor", "--storage", tmp_path / "storage")
    assert ran.code == 0
    assert "no library" in " ".join(ran.out.split())
    assert not (tmp_path / "storage").exists()


def test_doctor_goes_by_what_an_error_is_and_not_by_its_words(
    rag: Callable[..., object],
    stocked: Path,
    make_encoder: Callable[..., Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("RAG_EMBEDDER", str(make_encoder(tmp_path / "no library")))
    checks = {check["name"]: check for check in rag("doctor", "--json").value}
    assert "no library" in checks["library"]["found"]
    assert not checks["library"]["ok"]


def test_doctor_names_what_is_broken_and_goes_on(
    rag: Callable[..., object], stocked: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAG_EMBEDDER", "/nowhere")
    ran = rag("doctor")
    assert ran.code == 1
    assert "FAILED" in ran.out
    assert "/nowhere" in ran.out
    assert "Hint: " in ran.out
    assert "versions" in ran.out


def test_the_version(rag: Callable[..., object]) -> None:
    ran = rag("--version")
    assert (ran.code, ran.out) == (0, f"abstract-rag {__version__}\n")


def test_every_command_says_what_it_does(rag: Callable[..., object]) -> None:
    out = rag("--help").out
    for name in ("add", "ask", "search", "papers", "show", "remove", "rebuild", "status", "doctor"):
        assert f" {name} " in out
        ran = rag(name, "--help")
        assert ran.code == 0
        assert "--storage" in ran.out
        assert "--debug" in ran.out


@pytest.mark.slow
def test_a_process_of_its_own(stocked: Path) -> None:
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [RAG, *arguments], capture_output=True, text=True, timeout=120, check=False
        )

    ran = run("ask", "How much do waggle packets shorten the longest queue?", "--json")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "44%" in json.loads(ran.stdout)["text"]
    ran = run("show", "x:none")
    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr.splitlines()[0].startswith("Error: ")
    ran = run("show", "x:none", "--debug")
    assert ran.returncode == 1
    assert "Traceback" in ran.stderr
    assert run("ask").returncode == 2


@pytest.mark.slow
@pytest.mark.parametrize("arguments", [["papers"], ["papers", "--json"], ["status"]])
def test_a_reader_that_has_gone_is_no_error(stocked: Path, arguments: list[str]) -> None:
    with subprocess.Popen([RAG, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as run:
        assert run.stdout
        assert run.stderr
        run.stdout.close()  # before it has written anything
        complaints = run.stderr.read()
        assert (run.wait(timeout=60), complaints) == (0, b"")


def test_status_and_doctor_tell_of_the_model_that_judges(
    rag: Callable[..., object], stocked: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert rag("status", "--json").value["nli_model"] is None
    folder = write_entailer(tmp_path / "my-reader", ["kites"])
    monkeypatch.setenv("RAG_NLI_MODEL", str(folder))
    assert rag("status", "--json").value["nli_model"] == str(folder)
    checks = {check["name"]: check for check in rag("doctor", "--json").value}
    assert checks["reader"]["ok"]
    assert "my-reader runs" in checks["reader"]["found"]
    (folder / "tokenizer.json").unlink()
    checks = {check["name"]: check for check in rag("doctor", "--json").value}
    assert not checks["reader"]["ok"]
    assert "RAG_NLI_MODEL" in checks["reader"]["hint"]
