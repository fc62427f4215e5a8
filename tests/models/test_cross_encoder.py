"""A cross-encoder in ONNX: what it reads, and what is said of one that can't be used."""

from __future__ import annotations

import socket
import sys
from typing import TYPE_CHECKING

import pytest
from cross_encoders import write_cross_encoder

from rag.errors import SettingsError
from rag.models.cross_encoder import CrossEncoder

if TYPE_CHECKING:
    from pathlib import Path

TEXTS = ["Text.", "Text."]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_cross_encoder(tmp_path_factory.mktemp("encoders") / "norway", ["norway", "silt"])


def test_it_reads_query_and_text_together(model: Path, tmp_path: Path) -> None:
    encoder = CrossEncoder(str(model), cache=tmp_path)
    texts = ["Nothing. " * 40, "Silt in Norway, silt", "Norway"]
    assert encoder.scores("Is there silt in Norway?", texts).tolist() == [0.0, 3.0, 1.0]


def test_a_folder_as_hubs_lay_it_out_and_twice_the_same(tmp_path: Path) -> None:
    folder = write_cross_encoder(tmp_path / "Model", ["text"], graph="onnx/model.onnx")
    for _ in range(2):
        encoder = CrossEncoder(str(folder), cache=tmp_path / "cache")
        assert encoder.scores("text", TEXTS).tolist() == [1.0, 1.0]


def test_without_the_package_it_says_how_to_install_it(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "fastembed.rerank.cross_encoder", None)
    with pytest.raises(SettingsError, match=r"pip install fastembed"):
        CrossEncoder(str(model), cache=tmp_path).scores("?", TEXTS)


def test_a_name_that_nobody_knows(tmp_path: Path, model: Path) -> None:
    CrossEncoder(str(model), cache=tmp_path).scores("?", TEXTS)
    with pytest.raises(SettingsError, match="neither a folder nor a model") as caught:
        CrossEncoder("no/such-model", cache=tmp_path).scores("?", TEXTS)
    assert "MiniLM" in caught.value.hint
    assert str(model) not in caught.value.hint


def test_a_folder_without_a_model(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"has no model\.onnx"):
        CrossEncoder(str(tmp_path), cache=tmp_path).scores("?", TEXTS)


@pytest.mark.parametrize("spoil", ["tokenizer.json", "model.onnx"])
def test_a_damaged_folder(tmp_path: Path, spoil: str) -> None:
    folder = write_cross_encoder(tmp_path / "model", ["text"])
    (folder / spoil).write_text("{}")
    with pytest.raises(SettingsError, match="can't be used"):
        CrossEncoder(str(folder), cache=tmp_path).scores("?", TEXTS)


def test_a_model_that_is_no_cross_encoder(tmp_path: Path) -> None:
    folder = write_cross_encoder(tmp_path / "model", ["text"], outputs=0)
    with pytest.raises(SettingsError, match="can't be used"):
        CrossEncoder(str(folder), cache=tmp_path).scores("?", TEXTS)


def test_a_model_that_is_not_here_is_not_fetched_when_the_hub_is_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("a connection was made")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    encoder = CrossEncoder("Xenova/ms-marco-MiniLM-L-6-v2", cache=tmp_path)
    with pytest.raises(SettingsError, match="allow the network"):
        encoder.scores("?", TEXTS)
