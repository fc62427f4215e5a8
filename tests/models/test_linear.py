"""The files of weights belong to the features that they are used with."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest

from rag.answers.abstention import SIGNALS
from rag.errors import RagError
from rag.evidence.ranker import CLAIM, FEATURES, QUESTION
from rag.evidence.reading import READING
from rag.models.linear import LinearModel, WeightFile, load_models

TASKS = {
    "evidence": (FEATURES, {CLAIM, QUESTION}),
    "reading": (READING, {"question"}),
    "abstention": (SIGNALS, {"answerable"}),
}


@pytest.mark.parametrize("task", TASKS)
def test_each_file_belongs_to_the_features_of_its_task(task: str) -> None:
    features, names = TASKS[task]
    models = load_models(task, tuple(features))
    assert set(models) == names
    for model in models.values():
        assert model.weights.shape == (len(features),)
        assert np.isfinite([*model.weights, model.intercept]).all()


def test_a_file_that_belongs_to_other_features_says_how_to_fit_it() -> None:
    with pytest.raises(RagError, match="features of abstention") as caught:
        load_models("abstention", (*SIGNALS[1:], SIGNALS[0]))
    assert "python -m benchmarks.abstention --fit" in caught.value.hint


@pytest.mark.parametrize("task", TASKS)
def test_each_file_says_what_it_was_fitted_on_and_how_well_it_did(
    task: str, weight_files: dict[str, str]
) -> None:
    file = WeightFile.from_json(weight_files[task])
    module = {"reading": "evidence"}.get(task, task)
    assert file.fitted_by == f"python -m benchmarks.{module} --fit"
    assert re.fullmatch("[0-9a-f]{64}", file.data_sha256)
    assert len(set(file.data_sha256)) > 4, "a checksum that nobody has computed"
    assert len(file.figures) > 1
    assert all(0 < figure <= 1 for figure in file.figures.values())
    assert file.to_json() == weight_files[task]


@pytest.fixture(scope="session")
def weight_files() -> dict[str, str]:
    from importlib.resources import files

    folder = files("rag.models").joinpath("weights")
    found = {
        one.name.removesuffix(".json"): one.read_text("utf-8")
        for one in folder.iterdir()
        if one.name.endswith(".json")
    }
    assert found.keys() >= TASKS.keys()
    return found


def test_a_model_adds_up_its_features() -> None:
    model = LinearModel(np.array([2.0, -1.0]), 0.5)
    rows = np.array([[1.0, 1.0], [0.0, 0.5]])
    assert model.log_odds(rows).tolist() == [1.5, 0.0]
    assert model.probability(rows)[1] == 0.5
    assert model.log_odds(rows[0]) == 1.5


def test_models_of_one_file_share_their_features() -> None:
    models = {name: {"intercept": 0, "weights": {name: 1}} for name in ("one", "other")}
    content = {"fitted_by": "", "data_sha256": "", "figures": {}, "models": models}
    with pytest.raises(ValueError, match="share"):
        WeightFile.from_json(json.dumps(content))
