"""Build the ONNX graph of a BERT-style sentence encoder from its safetensors weights.

No torch and no exporter: the graph is written operator by operator with ONNX Runtime's fused
transformer operators, which is what makes it quick on a CPU. Mean pooling over the unmasked
tokens and L2 normalisation are inside the graph (Reimers and Gurevych 2019, "Sentence-BERT"),
so a run goes from word-piece ids straight to unit vectors.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from rag.errors import EmbedderError

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    Weights = dict[str, NDArray[Any]]

__all__ = ["BertConfig", "Graph", "add_layer", "build_graph", "quantize_graph", "save_graph"]

_MICROSOFT = "com.microsoft"


@dataclass(frozen=True, slots=True)
class BertConfig:
    """The shape of the encoder, as its `config.json` states it."""

    hidden_size: int
    layers: int
    heads: int
    max_positions: int
    layer_norm_eps: float

    @classmethod
    def read(cls, path: Path) -> BertConfig:
        """Read a Hugging Face `config.json`.

        Raises:
            EmbedderError: the file isn't the configuration of a BERT encoder with GELU.
        """
        try:
            raw = json.loads(path.read_text("utf-8"))
            if raw["model_type"] != "bert" or raw["hidden_act"] != "gelu":
                raise EmbedderError(
                    f"{path} describes a {raw['model_type']} model with {raw['hidden_act']}.",
                    hint="Only BERT-style encoders with GELU can be built.",
                )
            return cls(
                hidden_size=int(raw["hidden_size"]),
                layers=int(raw["num_hidden_layers"]),
                heads=int(raw["num_attention_heads"]),
                max_positions=int(raw["max_position_embeddings"]),
                layer_norm_eps=float(raw["layer_norm_eps"]),
            )
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise EmbedderError(
                f"{path} can't be read as a model configuration ({error}).",
                hint="Reinstall the model's files.",
            ) from error


class Graph:
    """Collects nodes and initializers while the graph is written top to bottom."""

    def __init__(self, weights: Weights) -> None:
        self.weights = weights
        self.nodes: list[Any] = []
        self.constants: dict[str, NDArray[Any]] = {}

    def weight(self, name: str, *, transpose: bool = False) -> str:
        """Register a weight tensor as a constant and return its name in the graph."""
        try:
            value = self.weights[name]
        except KeyError as error:
            raise EmbedderError(
                f"The model's weights lack the tensor {name}.",
                hint="The file isn't a BERT encoder's, or it is damaged: reinstall it.",
            ) from error
        value = value.astype(np.float32)
        self.constants[name] = np.ascontiguousarray(value.T if transpose else value)
        return name

    def add(self, op: str, inputs: list[str], *outputs: str, domain: str = "", **attrs: Any) -> str:  # noqa: ANN401
        """Append one operator and return the name of its first output."""
        from onnx import helper

        self.nodes.append(helper.make_node(op, inputs, list(outputs), domain=domain, **attrs))
        return outputs[0]


def _embeddings(graph: Graph, config: BertConfig) -> str:
    names = ["word_embeddings", "position_embeddings", "token_type_embeddings"]
    tables = [graph.weight(f"embeddings.{name}.weight") for name in names]
    norm = [graph.weight(f"embeddings.LayerNorm.{part}") for part in ("weight", "bias")]
    return graph.add(
        "EmbedLayerNormalization",
        ["input_ids", "token_types", *tables, *norm],
        "embedded",
        "embedded_mask",
        domain=_MICROSOFT,
        epsilon=config.layer_norm_eps,
    )


def add_layer(graph: Graph, config: BertConfig, index: int, hidden: str) -> str:
    """One transformer layer: fused attention, skip connections, and the GELU feed-forward."""
    prefix = f"encoder.layer.{index}"
    parts = [f"{prefix}.attention.self.{part}" for part in ("query", "key", "value")]
    for part in parts:
        graph.weight(f"{part}.weight", transpose=True)
        graph.weight(f"{part}.bias")
    # The fused operator takes query, key and value side by side in one matrix.
    packed_weight, packed_bias = f"{prefix}.qkv.weight", f"{prefix}.qkv.bias"
    for packed, suffix in ((packed_weight, "weight"), (packed_bias, "bias")):
        graph.constants[packed] = np.concatenate(
            [graph.constants.pop(f"{part}.{suffix}") for part in parts], axis=-1
        )
    attended = graph.add(
        "Attention",
        [hidden, packed_weight, packed_bias, "attention_mask"],
        f"{prefix}.attended",
        domain=_MICROSOFT,
        num_heads=config.heads,
    )

    def dense(name: str, inputs: str) -> str:
        return graph.add(
            "MatMul", [inputs, graph.weight(f"{name}.weight", transpose=True)], f"{name}.out"
        )

    def skip_norm(name: str, inputs: str, residual: str) -> str:
        norm = [graph.weight(f"{name}.LayerNorm.{part}") for part in ("weight", "bias")]
        return graph.add(
            "SkipLayerNormalization",
            [inputs, residual, *norm, graph.weight(f"{name}.dense.bias")],
            f"{name}.normalised",
            domain=_MICROSOFT,
            epsilon=config.layer_norm_eps,
        )

    projected = dense(f"{prefix}.attention.output.dense", attended)
    middle = skip_norm(f"{prefix}.attention.output", projected, hidden)
    expanded = dense(f"{prefix}.intermediate.dense", middle)
    activated = graph.add(
        "BiasGelu",
        [expanded, graph.weight(f"{prefix}.intermediate.dense.bias")],
        f"{prefix}.activated",
        domain=_MICROSOFT,
    )
    contracted = dense(f"{prefix}.output.dense", activated)
    return skip_norm(f"{prefix}.output", contracted, middle)


def _mean_pool(graph: Graph, hidden: str) -> None:
    graph.constants["axis_hidden"] = np.array([2], dtype=np.int64)
    graph.constants["axis_tokens"] = np.array([1], dtype=np.int64)
    graph.constants["tiny"] = np.array([1e-9], dtype=np.float32)
    mask = graph.add("Cast", ["attention_mask"], "mask_float", to=1)
    wide = graph.add("Unsqueeze", [mask, "axis_hidden"], "mask_wide")
    kept = graph.add("Mul", [hidden, wide], "kept")
    total = graph.add("ReduceSum", [kept, "axis_tokens"], "total", keepdims=0)
    count = graph.add("ReduceSum", [wide, "axis_tokens"], "count", keepdims=0)
    safe = graph.add("Max", [count, "tiny"], "safe_count")
    mean = graph.add("Div", [total, safe], "mean")
    graph.add("LpNormalization", [mean], "embedding", axis=1, p=2)


def build_graph(weights: Path, config: BertConfig, out: Path) -> None:
    """Write the fp32 graph for the encoder in `weights` to `out`.

    Inputs are `input_ids`, `token_types` and `attention_mask`, all int32 of shape (batch, tokens);
    the outputs are float32: `embedding` of shape (batch, hidden_size), each row of length 1, and
    `tokens` of shape (batch, tokens, hidden_size), the last layer's vector of each token.

    Raises:
        EmbedderError: the weights aren't those of a BERT encoder.
    """
    from onnx import TensorProto, helper
    from safetensors.numpy import load_file

    try:
        tensors = load_file(weights)
    except Exception as error:
        raise EmbedderError(
            f"{weights} can't be read as safetensors ({error}).", hint="Reinstall the model."
        ) from error
    # Some exports put everything under the name of the outer model.
    tensors = {name.removeprefix("bert."): value for name, value in tensors.items()}
    graph = Graph(tensors)
    hidden = _embeddings(graph, config)
    for index in range(config.layers):
        hidden = add_layer(graph, config, index, hidden)
    _mean_pool(graph, hidden)
    graph.add("Identity", [hidden], "tokens")
    shape = ["batch", "tokens"]
    inputs = [
        helper.make_tensor_value_info(name, TensorProto.INT32, shape)
        for name in ("input_ids", "token_types", "attention_mask")
    ]
    outputs = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, [*of, config.hidden_size])
        for name, of in (("embedding", shape[:1]), ("tokens", shape))
    ]
    save_graph(graph, "sentence-encoder", inputs, outputs, out)


def save_graph(graph: Graph, name: str, inputs: list[Any], outputs: list[Any], out: Path) -> None:
    """Write a finished graph to a file.

    Args:
        graph: The operators and constants.
        name: What the graph is called inside the file.
        inputs: Its inputs, as ONNX value infos.
        outputs: Its outputs, likewise.
        out: The file.
    """
    import onnx
    from onnx import helper, numpy_helper

    initializers = [numpy_helper.from_array(v, name=k) for k, v in graph.constants.items()]
    model = helper.make_model(
        helper.make_graph(graph.nodes, name, inputs, outputs, initializers),
        opset_imports=[helper.make_opsetid("", 17), helper.make_opsetid(_MICROSOFT, 1)],
        ir_version=8,
    )
    onnx.save(model, str(out))


def quantize_graph(source: Path, out: Path) -> None:
    """Write a copy of a graph whose matrix products run in int8, with scales found at run time."""
    import logging

    from onnx import TensorProto
    from onnxruntime.quantization import QuantType, quantize_dynamic

    # The quantizer advises on the root logger to pre-process exported graphs; ours is not one.
    logging.getLogger().addFilter(_drop_advice)
    try:
        quantize_dynamic(
            str(source),
            str(out),
            op_types_to_quantize=["MatMul", "Attention"],
            weight_type=QuantType.QInt8,
            # One scale for each output channel: a single one per matrix costs 6 points of cosine.
            per_channel=True,
            reduce_range=False,
            # Shape inference stops at the fused operators; every tensor between them is a float.
            extra_options={"DefaultTensorType": TensorProto.FLOAT},
        )
    finally:
        logging.getLogger().removeFilter(_drop_advice)


def _drop_advice(record: Any) -> bool:  # noqa: ANN401
    said = str(record.getMessage())
    return "pre-processing" not in said and "Failed to infer data type" not in said
