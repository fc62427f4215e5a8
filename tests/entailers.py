"""A second reader in ONNX that a test can foresee.

It finds support where many words of two texts are the same, and contradiction where a text says
"violet".
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
from word_tokenizer import SPECIAL, write_tokenizer

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = ["NLI", "UNNAMED", "write_entailer"]

NLI = ("entailment", "neutral", "contradiction")
UNNAMED = ("LABEL_0", "LABEL_1")
_ENOUGH = 7.0  # logit of the other labels: four words in common weigh more, three don't


def write_entailer(
    folder: Path,
    words: Sequence[str],
    *,
    labels: Sequence[str] = NLI,
    types: bool = True,
    graph: str = "model.onnx",
    limit: int = 512,
) -> Path:
    """Write a model in the layout that hubs use.

    Args:
        folder: Where it is written.
        words: The words it knows, in lower case; it is blind to all others.
        labels: What its columns mean.
        types: Whether it wants token_type_ids.
        graph: Where in the folder the graph stands.
        limit: How many tokens it takes.
    """
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    (folder / graph).parent.mkdir(parents=True, exist_ok=True)
    write_tokenizer(folder, ["violet", *words])
    config = {
        "id2label": {str(column): label for column, label in enumerate(labels)},
        "max_position_embeddings": limit,
        "pad_token_id": 0,
    }
    (folder / "config.json").write_text(json.dumps(config))

    make = helper.make_node
    nodes = [
        make("Greater", ["input_ids", "last_special"], ["is_word"]),
        make("Cast", ["is_word"], ["word"], to=TensorProto.INT64),
        make("Mul", ["word", "attention_mask"], ["seen"]),
        make("Unsqueeze", ["seen", "second"], ["rows"]),
        make("Unsqueeze", ["seen", "first"], ["columns"]),
        make("Mul", ["rows", "columns"], ["both_seen"]),
        make("Unsqueeze", ["input_ids", "second"], ["ids_down"]),
        make("Unsqueeze", ["input_ids", "first"], ["ids_across"]),
        make("Equal", ["ids_down", "ids_across"], ["are_equal"]),
        make("Cast", ["are_equal"], ["equal"], to=TensorProto.INT64),
        make("Mul", ["both_seen", "equal"], ["pairs"]),
        make("ReduceSum", ["pairs", "first_and_second"], ["all_pairs"], keepdims=0),
        make("ReduceSum", ["seen", "first"], ["count"], keepdims=0),
        make("Sub", ["all_pairs", "count"], ["repeated"]),
        make("Cast", ["repeated"], ["supports"], to=TensorProto.FLOAT),
        make("Equal", ["input_ids", "violet"], ["is_violet"]),
        make("Cast", ["is_violet"], ["violets"], to=TensorProto.FLOAT),
        make("ReduceSum", ["violets", "first"], ["denied"], keepdims=0),
        make("Mul", ["denied", "heavy"], ["contradicts"]),
        make("Mul", ["supports", "zero"], ["nothing"]),
        make("Add", ["nothing", "enough"], ["neither"]),
    ]
    for column, label in enumerate(labels):
        support = label in {"entailment", "supported", "LABEL_1"}
        source = "supports" if support else "contradicts" if "contra" in label else "neither"
        nodes.append(make("Unsqueeze", [source, "first"], [f"column_{column}"]))
    columns = [f"column_{column}" for column in range(len(labels))]
    nodes.append(make("Concat", columns, ["logits"], axis=1))
    names = ["input_ids", "attention_mask", *(["token_type_ids"] if types else [])]
    constants = {
        "last_special": np.int64(len(SPECIAL) - 1),
        "violet": np.int64(len(SPECIAL)),
        "first": np.array([1], np.int64),
        "second": np.array([2], np.int64),
        "first_and_second": np.array([1, 2], np.int64),
        "heavy": np.float32(50),
        "zero": np.float32(0),
        "enough": np.float32(_ENOUGH),
    }
    made = helper.make_graph(
        nodes,
        "words_in_common",
        [helper.make_tensor_value_info(one, TensorProto.INT64, ["n", "length"]) for one in names],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["n", len(labels)])],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, folder / graph)
    return folder
