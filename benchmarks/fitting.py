"""What all fits share: folds, checksums, figures, and the files that weights are written to."""

from __future__ import annotations

import argparse
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from rag.models.linear import WeightFile

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rag.models.linear import LinearModel

__all__ = ["HERE", "checksum", "fold_of", "read_options", "write_weights"]

HERE = Path(__file__).parent
_WEIGHTS = HERE.parent / "rag" / "models" / "weights"


def read_options(doc: str | None) -> argparse.Namespace:
    """Read the options of the command line: data, work, fit, test."""
    parser = argparse.ArgumentParser(description=(doc or "").splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared"), help="pages and data")
    parser.add_argument("--work", type=Path, default=Path("build/fit"), help="libraries")
    parser.add_argument("--fit", action="store_true", help="fit on all folds, write the weights")
    parser.add_argument("--test", action="store_true", help="measure the test half as well")
    return parser.parse_args()


def fold_of(name: str, folds: int) -> int:
    """Give a question its fold: always the same, and evenly spread."""
    return int(hashlib.sha256(f"0:{name}".encode()).hexdigest(), 16) % folds


def checksum(*paths: Path) -> str:
    """Return the SHA-256 of files, and of all files in folders, in order of their names."""
    total = hashlib.sha256()
    for path in paths:
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if file.is_file():
                total.update(hashlib.sha256(file.read_bytes()).digest())
    return total.hexdigest()


def write_weights(
    task: str,
    models: Mapping[str, LinearModel],
    features: Sequence[str],
    *,
    by: str,
    data: str,
    figures: Mapping[str, float],
) -> None:
    """Write the weights of a task where the package reads them.

    Args:
        task: Names the file.
        models: By name.
        features: Their names in order.
        by: The command that fits.
        data: The checksum of what was fitted on.
        figures: What was measured on folds held out of the fit.
    """
    content = WeightFile(
        fitted_by=by,
        data_sha256=data,
        figures=figures,
        features=tuple(features),
        models=models,
    )
    target = _WEIGHTS / f"{task}.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(content.to_json(), "utf-8")
    print(f"\nwritten: {target.relative_to(HERE.parent)}")
