"""The second reader: a model that reads evidence and claim together, and what it may change."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field

import numpy as np
import pytest
from entailers import NLI, UNNAMED, write_entailer

from rag import Library
from rag.errors import SettingsError
from rag.models.nli import CrossEncoder, open_entailment
from rag.papers import Paper
from rag.settings import Settings
from rag.verification.verdicts import Status
from rag.verification.verifier import Claim, Verifier

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
ANCHORS = Paper(id="own:anchors", title="Rust", abstract="Anchors rust fastest in warm harbours.")


def reader(folder, **how):
    return CrossEncoder(str(write_entailer(folder, WORDS, **how)), cache=folder / "cache")


def hub(cache, *, download):
    settings = Settings(cache=cache, nli_model="someone/some-model", nli_download=download)
    return open_entailment(settings)


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
    with pytest.raises(SettingsError, match="second reader") as caught:
        CrossEncoder(str(tmp_path), cache=tmp_path).scores([PREMISE], [GOOD])
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


def test_there_is_none_by_default(tmp_path):
    assert open_entailment(Settings(cache=tmp_path, nli_download=True)) is None
    assert open_entailment(Settings(cache=tmp_path, nli_model=" ")) is None


# --- what it may change -----------------------------------------------------------------------


@dataclass
class Told:
    """A reader that says what it is told to, and remembers what it was asked."""

    supports: float
    contradicts: float = 0.0
    name: str = "told"
    asked: list[tuple[str, str]] = field(default_factory=list)

    def load(self):
        pass

    def scores(self, premises, hypotheses):
        self.asked += zip(premises, hypotheses, strict=True)
        return np.array([[self.supports, self.contradicts]] * len(premises))


WEAK = "Kites fly higher over warm fields in June."
SURE = "Above warm fields, kites fly higher."


def judged(encoder, told, text, *cited, papers=(KITES, ANCHORS)):
    gate = Verifier(encoder.encode_tokens, second=told)
    return gate.check([Claim(text=text, cited=cited)], papers)[0]


@pytest.mark.parametrize(
    ("text", "supports", "contradicts", "status"),
    [
        (WEAK, 0.9, 0.0, Status.SUPPORTED),
        (WEAK, 0.1, 0.0, Status.UNSUPPORTED),
        (WEAK, 0.3, 0.0, Status.WEAK),
        (WEAK, 0.3, 0.6, Status.UNSUPPORTED),
        (SURE, 0.1, 0.0, Status.SUPPORTED),
        (SURE, 0.1, 0.9, Status.UNSUPPORTED),
    ],
)
def test_it_settles_what_the_fitted_models_let_pass(encoder, text, supports, contradicts, status):
    before = judged(encoder, None, text, 0)
    assert before.status is (Status.WEAK if text == WEAK else Status.SUPPORTED)
    verdict = judged(encoder, Told(supports, contradicts), text, 0)
    assert verdict.status is status
    changed = status is not before.status
    assert verdict.by == ("told" if changed else before.by)
    assert verdict.evidence == before.evidence
    assert ("told" in " ".join(verdict.reasons)) == (changed and status is Status.UNSUPPORTED)


@pytest.mark.parametrize(
    ("text", "cited"),
    [
        ("Kites fly higher over warm fields than over cold lakes.", (0,)),  # word for word
        ("We flew 90 kites on calm days.", (0,)),  # another number
        ("Kites fly lower over warm fields than over cold lakes.", (0,)),  # turned round
        ("Kites are “painted red” above warm fields.", (0,)),  # words that aren't there
        ("Anchors rust fastest in harbours.", (0,)),  # another paper's
        ("Kites fly higher over warm fields.", ()),  # nobody's
    ],
)
@pytest.mark.parametrize("told", [(1.0, 0.0), (0.0, 1.0)])
def test_it_is_not_asked_about_what_is_settled(encoder, text, cited, told):
    second = Told(*told)
    assert judged(encoder, second, text, *cited) == judged(encoder, None, text, *cited)
    assert second.asked == []


def test_it_reads_the_whole_abstract_or_the_best_sentences_of_several(encoder):
    second = Told(0.9)
    judged(encoder, second, WEAK, 0)
    assert second.asked == [(f"{KITES.title}. {KITES.abstract}", WEAK)]
    second.asked.clear()
    text = "Kites fly higher over fields that are warm, and anchors in harbours rust."
    judged(encoder, second, text, 0, 1)
    for premise, _ in second.asked:
        assert "Kites fly higher over warm fields" in premise
        assert ANCHORS.abstract in premise


def test_all_sentences_are_read_in_one_call(encoder):
    calls = []

    class Counting(Told):
        def scores(self, premises, hypotheses):
            calls.append(len(premises))
            return super().scores(premises, hypotheses)

    claims = [Claim(text=text, cited=(0,)) for text in (WEAK, SURE, KITES.abstract[:30])]
    Verifier(encoder.encode_tokens, second=Counting(0.9)).check(claims, [KITES])
    assert calls == [2]


def test_a_library_uses_the_reader_that_is_set_and_says_so(tmp_path):
    folder = write_entailer(tmp_path / "my-reader", WORDS)
    settings = Settings(storage=tmp_path / "storage", nli_model=str(folder))
    with Library(settings=settings) as library:
        checked = library.verify("Over warm fields violet kites fly higher [1].", [KITES])
    assert checked.sentences[-1].status == "unsupported"
    assert any("my-reader" in reason for reason in checked.sentences[-1].reasons)
    assert checked.notes == ("1 sentence was settled by a second reader, my-reader.",)


def test_without_hugging_face_hub_a_name_is_a_clear_error(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    model = hub(tmp_path, download=True)
    with pytest.raises(SettingsError, match="huggingface_hub"):
        model.scores([PREMISE], [GOOD])
