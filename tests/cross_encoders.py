"""A cross-encoder in ONNX that a test can foresee: it counts words that two texts share."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
from word_tokenizer import SPECIAL, write_tokenizer

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = ["write_cross_encoder"]


def write_cross_encoder(
    folder: Path, words: Sequence[str], *, graph: str = "model.onnx", outputs: int = 1
) -> Path:
    """Write a model whose logit counts the pairs of equal words across question and document.

    Args:
        folder: Where it is written, in the layout that hubs use.
        words: The words it knows, in lower case; it is blind to all others.
        graph: Where in the folder the graph stands.
        outputs: 0 for a broken model, whose output has no column.
    """
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    (folder / graph).parent.mkdir(parents=True, exist_ok=True)
    write_tokenizer(folder, words)
    settings = {"model_max_length": 512, "pad_token": "[PAD]"}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    (folder / "config.json").write_text(json.dumps({"pad_token_id": 0}))
    special = {"pad_token": "[PAD]", "unk_token": "[UNK]"}
    (folder / "special_tokens_map.json").write_text(json.dumps(special))

    def constant(name: str, *values: int) -> onnx.TensorProto:
        return numpy_helper.from_array(np.array(values, np.int64), name)

    constants = [
        constant("last_special", len(SPECIAL) - 1),
        constant("first", 1),
        constant("second", 2),
        constant("both", 1, 2),
        constant("column", -1, outputs or 1),
    ]
    nodes = [
        helper.make_node("Greater", ["input_ids", "last_special"], ["is_word"]),
        helper.make_node("Cast", ["is_word"], ["word"], to=TensorProto.INT64),
        helper.make_node("Mul", ["word", "token_type_ids"], ["in_document"]),
        helper.make_node("Sub", ["word", "in_document"], ["in_question"]),
        helper.make_node("Unsqueeze", ["in_question", "second"], ["rows"]),
        helper.make_node("Unsqueeze", ["in_document", "first"], ["columns"]),
        helper.make_node("Mul", ["rows", "columns"], ["across"]),
        helper.make_node("Unsqueeze", ["input_ids", "second"], ["ids_down"]),
        helper.make_node("Unsqueeze", ["input_ids", "first"], ["ids_across"]),
        helper.make_node("Equal", ["ids_down", "ids_across"], ["are_equal"]),
        helper.make_node("Cast", ["are_equal"], ["equal"], to=TensorProto.INT64),
        helper.make_node("Mul", ["across", "equal"], ["pairs"]),
        helper.make_node("ReduceSum", ["pairs", "both"], ["count"], keepdims=0),
        helper.make_node("Cast", ["count"], ["score"], to=TensorProto.FLOAT),
    ]
    if outputs:
        nodes.append(helper.make_node("Reshape", ["score", "column"], ["logits"]))
    else:
        nodes.append(helper.make_node("Identity", ["score"], ["logits"]))
    texts = ["batch", "length"]
    names = ("input_ids", "token_type_ids", "attention_mask")
    model = helper.make_model(
        helper.make_graph(
            nodes,
            "words_in_common",
            [helper.make_tensor_value_info(name, TensorProto.INT64, texts) for name in names],
            [helper.make_tensor_value_info("logits", TensorProto.FLOAT, None)],
            constants,
        ),
        opset_imports=[helper.make_opsetid("", 17)],
        ir_version=8,
    )
    onnx.save(model, folder / graph)
    return folder
