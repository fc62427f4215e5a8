"""An NLI model of the user's own: a cross-encoder in the place of the built-in reader."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from entailers import NLI, UNNAMED, write_entailer

from rag import Library
from rag.errors import SettingsError
from rag.models.nli import NliModel
from rag.models.reader import BUILT_IN, open_reader
from rag.papers import Paper
from rag.settings import Settings

WORDS = "kites fly higher over warm fields than over cold lakes at noon".split()
PREMISE = "Kites fly higher over warm fields than over cold lakes."
GOOD = "Over warm fields kites fly higher."
BAD = "Anchors rust in harbours."
KITES = Paper(
    id="own:kites",
    title="Kites above fields and lakes",
    abstract=(
        "We flew 60 kites on calm days. Kites fly higher over warm fields than over cold lakes. "
        "Their tails made no difference."
    ),
)


def reader(folder, **how):
    return NliModel(str(write_entailer(folder, WORDS, **how)), cache=folder / "cache")


def hub(cache, *, download):
    settings = Settings(cache=cache, nli_model="someone/some-model", nli_download=download)
    return open_reader(settings)


@pytest.mark.parametrize("types", [True, False])
@pytest.mark.parametrize(
    "labels",
    [NLI, NLI[::-1], UNNAMED, ("not_entailment", "entailment"), ("unsupported", "supported")],
)
def test_support_is_found_whatever_the_order_and_the_names_of_the_labels(tmp_path, labels, types):
    model = reader(tmp_path / "small", labels=labels, types=types)
    scores = model.scores([PREMISE, PREMISE], [GOOD, BAD])
    assert scores.shape == (2, 2)
    assert scores[0, 0] > 0.9
    assert scores[1, 0] < 0.1
    assert model.labels == len(labels)
    assert model.name == "small"


def test_three_labels_tell_contradictions_and_two_do_not(tmp_path):
    against = f"Violet! {GOOD}"
    three = reader(tmp_path / "three").scores([PREMISE], [against])
    two = reader(tmp_path / "two", labels=UNNAMED).scores([PREMISE], [against])
    assert three[0, 1] > 0.9
    assert two[0, 1] == 0


def test_a_graph_in_its_own_folder_is_found(tmp_path):
    model = reader(tmp_path, graph="onnx/model.onnx")
    assert model.scores([PREMISE], [GOOD])[0, 0] > 0.9


def test_pairs_are_judged_alike_alone_and_among_many(tmp_path):
    model = reader(tmp_path)
    claims = [GOOD, BAD, GOOD + " Indeed, on most of the days.", PREMISE] * 5
    together = model.scores([PREMISE] * len(claims), claims)
    alone = [model.scores([PREMISE], [claim])[0] for claim in claims]
    np.testing.assert_allclose(together, alone)


def test_what_is_too_long_is_cut_from_the_premise_first(tmp_path):
    model = reader(tmp_path, limit=40)
    filler = "then " * 60
    assert model.scores([f"{PREMISE} {filler}"], [GOOD])[0, 0] > 0.9
    assert model.scores([f"{filler} {PREMISE}"], [GOOD])[0, 0] < 0.1
    assert model.scores([PREMISE], [filler])[0, 0] < 0.1


def _without(folder, name):
    (folder / name).unlink()


def _not_json(folder, name):
    (folder / name).write_text("{")


@pytest.mark.parametrize(
    ("name", "spoil"),
    [
        ("model.onnx", _without),
        ("model.onnx", _not_json),
        ("tokenizer.json", _without),
        ("tokenizer.json", _not_json),
        ("config.json", _without),
        ("config.json", _not_json),
    ],
)
def test_a_damaged_folder_is_one_clear_error(tmp_path, name, spoil):
    spoil(write_entailer(tmp_path, WORDS), name)
    with pytest.raises(SettingsError, match="NLI model") as caught:
        NliModel(str(tmp_path), cache=tmp_path).scores([PREMISE], [GOOD])
    assert "RAG_NLI_MODEL" in caught.value.hint


@pytest.mark.parametrize(
    "labels",
    [("a", "b"), ("LABEL_0", "LABEL_1", "LABEL_2"), ("entailment",), ("entails", "entailed")],
)
def test_labels_that_do_not_tell_what_support_is_are_refused(tmp_path, labels):
    with pytest.raises(SettingsError, match="tells support"):
        reader(tmp_path, labels=labels).scores([PREMISE], [GOOD])


def test_nothing_is_downloaded_unless_it_is_asked_for(tmp_path):
    model = hub(tmp_path, download=False)
    with pytest.raises(SettingsError, match="nor downloaded yet") as caught:
        model.scores([PREMISE], [GOOD])
    assert "RAG_NLI_DOWNLOAD" in caught.value.hint


def test_a_model_in_the_hubs_cache_is_used_without_the_network(tmp_path):
    stored = tmp_path / "nli" / "models--someone--some-model"
    write_entailer(stored / "snapshots" / "abc", WORDS)
    (stored / "refs").mkdir()
    (stored / "refs" / "main").write_text("abc")
    model = hub(tmp_path, download=False)
    assert model.scores([PREMISE], [GOOD])[0, 0] > 0.9
    assert model.name == "someone/some-model"


def test_the_built_in_reader_is_the_default(tmp_path):
    for settings in (Settings(nli_download=True), Settings(nli_model=" ")):
        assert open_reader(settings.model_copy(update={"cache": tmp_path})).name == BUILT_IN


def test_it_judges_in_the_place_of_the_built_in_reader_and_is_named(tmp_path):
    folder = write_entailer(tmp_path / "my-reader", WORDS)
    settings = Settings(storage=tmp_path / "storage", nli_model=str(folder))
    with Library(settings=settings) as library:
        checked = library.verify("Over warm fields violet kites fly higher [1].", [KITES])
    (sentence,) = checked.sentences
    assert sentence.by == "my-reader"
    assert sentence.status == "doubtful"
    assert "may say otherwise" in sentence.reasons[0]
    assert checked.notes == ("1 sentence was judged by my-reader.",)


def test_without_hugging_face_hub_a_name_is_a_clear_error(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    model = hub(tmp_path, download=True)
    with pytest.raises(SettingsError, match="huggingface_hub"):
        model.scores([PREMISE], [GOOD])
