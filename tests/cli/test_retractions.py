"""The command line says beside a title that its paper was retracted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

QUESTION = "By how much did olive oil cut events?"


@pytest.mark.parametrize("command", [["papers"], ["show", "10.5555/ret.2"], ["search"], ["ask"]])
def test_wherever_a_paper_is_shown(
    data: Path, rag: Callable[..., object], command: list[str]
) -> None:
    rag("add", str(data / "cases" / "49-retracted"))
    asked = [QUESTION] if command[0] in {"search", "ask"} else []
    shown = " ".join(rag(*command, *asked).out.split())  # type: ignore[attr-defined]
    assert "RETRACTED: Olive oil and the small heart" in shown
    assert "RETRACTED: Retraction rates" not in shown
    assert "RETRACTED: RETRACTED" not in shown
