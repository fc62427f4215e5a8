"""What `make check` says of what pip-audit says."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest

from benchmarks import audit

WEAK = {"id": "PYSEC-2026-1", "fix_versions": ["1.2"]}
NO_NETWORK = "Traceback\nrequests.exceptions.ProxyError: HTTPSConnectionPool(host='pypi.org')"


def said(monkeypatch: pytest.MonkeyPatch, out: Any, error: str = "", code: int = 0) -> None:
    text = json.dumps({"dependencies": out}) if out is not None else ""
    ran = subprocess.CompletedProcess([], code, text, error)
    monkeypatch.setattr(audit.subprocess, "run", lambda *_, **__: ran)


def test_a_weak_package_fails(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    found = [
        {"name": "tea", "version": "1.1", "vulns": [WEAK]},
        {"name": "milk", "version": "2", "vulns": []},
        {"name": "unknown", "skip_reason": "Dependency not found on PyPI"},
    ]
    said(monkeypatch, found, code=1)
    with pytest.raises(SystemExit) as ended:
        audit.main()
    assert ended.value.code == 1
    assert capsys.readouterr().out.splitlines() == [
        "2 of 3 locked packages are in the database.",
        "tea 1.1: PYSEC-2026-1; mended in 1.2",
    ]


@pytest.mark.parametrize(
    ("out", "error"),
    [
        (None, NO_NETWORK),
        (None, "pip_audit._service.interface.ConnectionError: Could not connect"),
        ([{"name": "tea", "skip_reason": "Dependency not found on PyPI"}], ""),
    ],
)
def test_what_can_not_be_asked_is_told_in_a_line_and_fails_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], out: Any, error: str
) -> None:
    said(monkeypatch, out, error)
    audit.main()
    assert capsys.readouterr().out == f"{audit.UNREACHED}\n"


def test_an_audit_that_did_not_run_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    said(monkeypatch, None, "python: No module named pip_audit", 1)
    with pytest.raises(SystemExit, match="No module named pip_audit"):
        audit.main()
