"""Measure whether signs of denial and direction tell evidence for a claim from evidence against it.

    python -m benchmarks.stance           # measure on held-out folds
    python -m benchmarks.stance --fit     # and fit on all pairs, write the weights

Pairs are the claims of SciFact train with their gold sentences, marked SUPPORT or CONTRADICT. The
signs are those of `rag.verification.polarity`: denials, and directions such as "increases", of a
claim and of its evidence, compared. A logistic model over them is fitted on four fifths of the
claims and measured on the rest. Printed are the AUROC, the accuracy beside that of always saying
SUPPORT, and how often it is right where `rag.answers.stance` speaks up.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.fitting import checksum, fold_of, read_options, write_weights
from rag.answers.stance import AGAINST, FOR
from rag.evaluation.metrics import auroc
from rag.models.linear import LinearModel
from rag.verification.polarity import FEATURES, compare_signs, read_signs

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    Array = NDArray[np.float64]

FOLDS = 5
RIDGE = 3.0  # on standardised signs: a sign that few claims have must not weigh much


def read_pairs(sentences: Path, rationales: Path) -> tuple[Array, Array, list[str]]:
    """Return the signs of each pair, whether it is CONTRADICT (1) or SUPPORT (0), and its claim."""
    texts = {}
    for line in sentences.read_text("utf-8").splitlines():
        record = json.loads(line)
        texts[str(record["id"])] = record["sentences"]
    rows, against, claims = [], [], []
    for line in rationales.read_text("utf-8").splitlines():
        record = json.loads(line)
        if not record["sentences"]:
            continue
        gold = [texts[str(record["doc_id"])][place] for place in record["sentences"]]
        signs = [(read_signs(text), 1.0 / len(gold)) for text in gold]
        rows.append(compare_signs(read_signs(record["claim"]), signs))
        against.append(record["label"] == "CONTRADICT")
        claims.append(str(record["claim_id"]))
    return np.array(rows, float), np.array(against, float), claims


def fit(rows: Array, against: Array) -> LinearModel:
    """Fit a logistic model with a ridge penalty."""
    from sklearn.linear_model import LogisticRegression

    mean, scale = rows.mean(axis=0), rows.std(axis=0) + 1e-9
    model = LogisticRegression(C=1 / RIDGE, tol=1e-8, max_iter=1_000)
    model.fit((rows - mean) / scale, against)
    weights = model.coef_[0] / scale
    return LinearModel(weights, float(model.intercept_[0] - weights @ mean))


def main() -> None:
    chosen = read_options(__doc__)
    folder = chosen.data / "data/scifact"
    sources = folder / "sentences.jsonl", folder / "rationales/train.jsonl"
    rows, against, claims = read_pairs(*sources)
    scores = np.zeros(len(against))
    folds = np.array([fold_of(claim, FOLDS) for claim in claims])
    for fold in range(FOLDS):
        model = fit(rows[folds != fold], against[folds != fold])
        scores[folds == fold] = model.log_odds(rows[folds == fold])
    figures = {
        "AUROC": auroc(list(scores[against == 1]), list(scores[against == 0])),
        "accuracy": float(((scores > 0) == against).mean()),
    }
    print(f"{len(against)} pairs, {against.mean():.1%} CONTRADICT, {len(FEATURES)} signs")
    print(f"AUROC {figures['AUROC']:.3f}; accuracy {figures['accuracy']:.1%}", end="")
    print(f" against {max(against.mean(), 1 - against.mean()):.1%} for always saying SUPPORT")
    chances = 1 / (1 + np.exp(-scores))
    opposed, in_favour = chances >= AGAINST, chances <= FOR
    print(f"Taken as against: {opposed.mean():.0%}, of which {against[opposed].mean():.0%} are.")
    print(
        f"Taken as for: {in_favour.mean():.0%}, of which {1 - against[in_favour].mean():.0%} are."
    )
    if chosen.fit:
        models = {"against": fit(rows, against)}
        write_weights("stance", models, FEATURES, data=checksum(*sources), figures=figures)


if __name__ == "__main__":
    main()
