"""What `make` installs is pinned: all that the project asks for, by hash, and never torch."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from rag.models import encoder

ROOT = Path(__file__).parents[1]
CONFIG = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
LOCKS = [ROOT / "requirements.lock", ROOT / "benchmarks/requirements.lock"]


def pins(lock: Path) -> dict[str, str]:
    """Map the names of the locked packages to their versions."""
    return dict(re.findall(r"^([\w.-]+)==(\S+)", lock.read_text("utf-8"), re.MULTILINE))


def asked_for(requirements: list[str]) -> list[Requirement]:
    parsed = map(Requirement, requirements)
    return [one for one in parsed if canonicalize_name(one.name) != CONFIG["project"]["name"]]


def unmet(requirements: list[Requirement], pinned: dict[str, str]) -> list[str]:
    def is_met(one: Requirement) -> bool:
        version = pinned.get(canonicalize_name(one.name))
        return version is not None and one.specifier.contains(version)

    return [str(one) for one in requirements if not is_met(one)]


def test_the_lock_has_all_that_the_project_asks_for() -> None:
    wanted = [
        *CONFIG["build-system"]["requires"],
        *CONFIG["project"]["dependencies"],
        *(one for extra in CONFIG["project"]["optional-dependencies"].values() for one in extra),
        *CONFIG["dependency-groups"]["weights"],
    ]
    assert not unmet(asked_for(wanted), pins(LOCKS[0])), "run: make lock"


def test_the_benchmarks_lock_adds_what_they_compare_with() -> None:
    pinned = pins(LOCKS[0]) | pins(LOCKS[1])
    assert not unmet(asked_for(CONFIG["dependency-groups"]["bench"]), pinned), "run: make lock"
    assert not set(pins(LOCKS[0])) & set(pins(LOCKS[1]))


@pytest.mark.parametrize("lock", LOCKS, ids=["project", "benchmarks"])
def test_every_pin_has_hashes_and_no_host(lock: Path) -> None:
    text = lock.read_text("utf-8")
    assert len(re.findall(r"^\S+==.*\\\n    --hash=sha256:[0-9a-f]{64}", text, re.MULTILINE)) == (
        len(pins(lock))
    )
    assert "://" not in text
    assert "index-url" not in text


def test_torch_is_for_the_benchmarks_alone() -> None:
    names = set(pins(LOCKS[0]))
    assert not {"torch", "sentence-transformers", "transformers"} & names
    assert not [name for name in names if name.startswith("nvidia-")]


def test_the_weights_that_a_hint_names_are_those_of_the_lock() -> None:
    [weights] = CONFIG["dependency-groups"]["weights"]
    assert encoder._INSTALL.endswith(weights)
