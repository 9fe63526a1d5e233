"""Builds the ONNX graph of a BERT encoder with mean pooling and unit length from its weights."""

from typing import Any

import numpy as np
import numpy.typing as npt
from onnx import TensorProto, checker, helper, numpy_helper

OPSET = 20
IR = 10
LARGE = -1e9  # added to the attention scores of padding

Array = npt.NDArray[Any]


class _Graph:
    """Collects nodes and constants; every method returns the name of its output."""

    def __init__(self, weights: dict[str, npt.NDArray[np.float32]]) -> None:
        self.nodes: list[Any] = []
        self.constants: dict[str, Any] = {}
        self._weights = weights

    def weight(self, name: str, transpose: bool = False) -> str:
        value = self._weights[name]
        return self.constant(name, np.ascontiguousarray(value.T) if transpose else value)

    def constant(self, name: str, value: Array | np.float32) -> str:
        self.constants[name] = numpy_helper.from_array(np.asarray(value), name)
        return name

    def node(self, kind: str, *inputs: str, output: str = "", **attributes: Any) -> str:
        output = output or f"{kind.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [output], **attributes))
        return output

    def linear(self, x: str, name: str) -> str:
        product = self.node("MatMul", x, self.weight(f"{name}.weight", transpose=True))
        return self.node("Add", product, self.weight(f"{name}.bias"))

    def norm(self, x: str, name: str, epsilon: float) -> str:
        scale, bias = self.weight(f"{name}.weight"), self.weight(f"{name}.bias")
        return self.node("LayerNormalization", x, scale, bias, axis=-1, epsilon=epsilon)


def build_graph(weights: dict[str, npt.NDArray[np.float32]], config: dict[str, Any]) -> bytes:
    """The serialized model: input_ids, attention_mask int64 [rows, tokens] -> embedding float32 [rows, hidden].

    Args:
        weights: by the names of a BERT checkpoint without prefix.
        config: the checkpoint's config.json.
    """
    graph = _Graph(weights)
    epsilon = float(config["layer_norm_eps"])
    hidden = _embeddings(graph, epsilon)
    mask = graph.node("Cast", "attention_mask", to=TensorProto.FLOAT)
    inverse = graph.node("Sub", graph.constant("one", np.float32(1)), mask)
    bias = graph.node("Mul", inverse, graph.constant("large", np.float32(LARGE)))
    bias = graph.node("Unsqueeze", bias, graph.constant("axes_1_2", np.array([1, 2])))
    for layer in range(config["num_hidden_layers"]):
        hidden = _layer(graph, f"encoder.layer.{layer}", hidden, bias, config, epsilon)
    _pool(graph, hidden, mask)
    model = helper.make_model(
        helper.make_graph(
            graph.nodes,
            "encoder",
            [helper.make_tensor_value_info(n, TensorProto.INT64, ["rows", "tokens"]) for n in _INPUTS],
            [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["rows", config["hidden_size"]])],
            list(graph.constants.values()),
        ),
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR,
    )
    checker.check_model(model)
    data: bytes = model.SerializeToString()
    return data


_INPUTS = ("input_ids", "attention_mask")


def _embeddings(graph: _Graph, epsilon: float) -> str:
    words = graph.node("Gather", graph.weight("embeddings.word_embeddings.weight"), "input_ids")
    tokens = graph.node("Shape", "input_ids", start=1, end=2)
    zero, axis = graph.constant("zero", np.array([0])), graph.constant("axis_0", np.array([0]))
    positions = graph.node("Slice", graph.weight("embeddings.position_embeddings.weight"), zero, tokens, axis)
    segment = graph.node("Gather", graph.weight("embeddings.token_type_embeddings.weight"), zero)
    total = graph.node("Add", graph.node("Add", words, positions), segment)
    return graph.norm(total, "embeddings.LayerNorm", epsilon)


def _layer(graph: _Graph, name: str, x: str, bias: str, config: dict[str, Any], epsilon: float) -> str:
    heads = int(config["num_attention_heads"])
    width = int(config["hidden_size"]) // heads
    split = graph.constant("split", np.array([0, 0, heads, width]))
    merge = graph.constant("merge", np.array([0, 0, heads * width]))

    def part(kind: str, order: list[int]) -> str:
        flat = graph.linear(x, f"{name}.attention.self.{kind}")
        return graph.node("Transpose", graph.node("Reshape", flat, split), perm=order)

    scores = graph.node("MatMul", part("query", [0, 2, 1, 3]), part("key", [0, 2, 3, 1]))
    scores = graph.node("Div", scores, graph.constant("scale", np.float32(np.sqrt(width))))
    shares = graph.node("Softmax", graph.node("Add", scores, bias), axis=-1)
    mixed = graph.node("Transpose", graph.node("MatMul", shares, part("value", [0, 2, 1, 3])), perm=[0, 2, 1, 3])
    attended = graph.linear(graph.node("Reshape", mixed, merge), f"{name}.attention.output.dense")
    x = graph.norm(graph.node("Add", attended, x), f"{name}.attention.output.LayerNorm", epsilon)
    inner = graph.node("Gelu", graph.linear(x, f"{name}.intermediate.dense"))
    outer = graph.linear(inner, f"{name}.output.dense")
    return graph.norm(graph.node("Add", outer, x), f"{name}.output.LayerNorm", epsilon)


def _pool(graph: _Graph, hidden: str, mask: str) -> None:
    axis = graph.constant("axis_1", np.array([1]))
    last = graph.constant("axis_2", np.array([2]))
    weights = graph.node("Unsqueeze", mask, last)
    total = graph.node("ReduceSum", graph.node("Mul", hidden, weights), axis, keepdims=0)
    mean = graph.node("Div", total, graph.node("ReduceSum", weights, axis, keepdims=0))
    length = graph.node("ReduceL2", mean, axis, keepdims=1)
    graph.node("Div", mean, length, output="embedding")
