"""Measure whether signs of denial and direction tell evidence for a claim from evidence against it.

    python -m benchmarks.stance [--data ../shared] [--fit]

Pairs are the claims of SciFact train with their gold sentences, marked SUPPORT or CONTRADICT. The
signs are those of `rag.verification.polarity`: denials, and directions such as "increases", of a
claim and of its evidence, compared. A logistic model over them is fitted on four fifths of the
claims and measured on the rest. Printed are the AUROC, the accuracy beside that of always saying
SUPPORT, and how often it is right where `rag.answers.stance` speaks up. `--fit` prints its weights.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.evidence_fit import fold_of
from rag.answers.stance import AGAINST, FOR
from rag.evaluation.metrics import auroc
from rag.verification.polarity import FEATURES, compare_signs, read_signs

if TYPE_CHECKING:
    from numpy.typing import NDArray

FOLDS = 5
RIDGE = 3.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data", type=Path, default=Path("../shared"), help="where the data is")
    parser.add_argument("--fit", action="store_true", help="print weights fitted on all pairs")
    chosen = parser.parse_args()
    folder = chosen.data / "data/scifact"
    sentences = {}
    for line in (folder / "sentences.jsonl").read_text("utf-8").splitlines():
        record = json.loads(line)
        sentences[str(record["id"])] = record["sentences"]
    rows, against, claims = [], [], []
    for line in (folder / "rationales/train.jsonl").read_text("utf-8").splitlines():
        record = json.loads(line)
        if not record["sentences"]:
            continue
        texts = [sentences[str(record["doc_id"])][place] for place in record["sentences"]]
        signs = [(read_signs(text), 1.0 / len(texts)) for text in texts]
        rows.append(compare_signs(read_signs(record["claim"]), signs))
        against.append(record["label"] == "CONTRADICT")
        claims.append(str(record["claim_id"]))
    features, labels = np.array(rows, float), np.array(against, float)
    if chosen.fit:
        weights, intercept = fit(features, labels)
        print(f"_INTERCEPT = {intercept:.3f}")
        for name, weight in zip(FEATURES, weights, strict=True):
            print(f'    "{name}": {weight:.3f},')
        return
    scores = np.zeros(len(labels))
    folds = np.array([fold_of(claim, FOLDS) for claim in claims])
    for fold in range(FOLDS):
        weights, intercept = fit(features[folds != fold], labels[folds != fold])
        scores[folds == fold] = features[folds == fold] @ weights + intercept
    area = auroc(list(scores[labels == 1]), list(scores[labels == 0]))
    print(f"{len(labels)} pairs, {labels.mean():.1%} CONTRADICT, {len(FEATURES)} signs")
    print(f"AUROC {area:.3f}; accuracy {((scores > 0) == labels).mean():.1%}", end="")
    print(f" against {max(labels.mean(), 1 - labels.mean()):.1%} for always saying SUPPORT")
    chances = 1 / (1 + np.exp(-scores))
    opposed, in_favour = chances >= AGAINST, chances <= FOR
    print(f"Taken as against: {opposed.mean():.0%}, of which {labels[opposed].mean():.0%} are.")
    print(f"Taken as for: {in_favour.mean():.0%}, of which {1 - labels[in_favour].mean():.0%} are.")


def fit(features: NDArray[np.float64], against: NDArray[np.float64]) -> tuple[Any, float]:
    """Fit a logistic model with a ridge penalty; return weights and intercept."""
    mean, scale = features.mean(axis=0), features.std(axis=0) + 1e-9
    rows = np.hstack([(features - mean) / scale, np.ones((len(against), 1))])
    weights = np.zeros(rows.shape[1])
    penalty = np.full(len(weights), RIDGE)
    penalty[-1] = 1e-6
    for _ in range(30):
        chance = 1 / (1 + np.exp(-rows @ weights))
        slope = rows.T @ (chance - against) + penalty * weights
        bend = (rows * (chance * (1 - chance))[:, None]).T @ rows
        weights = weights - np.linalg.solve(bend + np.diag(penalty), slope)
    scaled = weights[:-1] / scale
    return scaled, float(weights[-1] - scaled @ mean)


if __name__ == "__main__":
    main()
