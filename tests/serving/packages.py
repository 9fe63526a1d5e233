"""Small model packages made by hand: a logistic regression as an ONNX graph, and what it must answer."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np

INPUTS = [
    {"name": "age", "kind": "number", "description": "years"},
    {"name": "type", "kind": "category", "categories": ["Type A", "Type B", "类型C"]},
    {"name": "spend", "kind": "number"},
]
WEIGHTS = [0.03, 0.4, -0.002]
ROWS: list[dict[str, Any]] = [
    {"age": 30, "type": "Type B", "spend": 120.5},
    {"age": 61.5, "type": "类型C", "spend": 0},
    {"age": 18, "type": None, "spend": 900},
]


def naive(row: dict[str, Any], bias: float) -> float:
    """The probability, computed row by row in plain Python from the rules of core/signature.py."""
    total = bias
    for item, weight in zip(INPUTS, WEIGHTS, strict=True):
        value = row[item["name"]]
        if item["kind"] == "category":
            known = item["categories"]
            value = known.index(value) if value in known else -1
        total += weight * value
    return 1 / (1 + math.exp(-total))


def write_package(folder: Path, version: str, bias: float, model: str = "retail_coupon_propensity") -> None:
    """Write model.onnx and signature.json of sigmoid(features @ WEIGHTS + bias)."""
    folder.mkdir(parents=True, exist_ok=True)
    write_onnx(folder / "model.onnx", bias)
    expected = [naive(row, bias) for row in ROWS]
    signature = {"model": model, "version": version, "inputs": INPUTS, "examples": ROWS, "expected": expected}
    (folder / "signature.json").write_text(json.dumps(signature), encoding="utf-8")


def write_onnx(path: Path, bias: float) -> None:
    """The graph alone."""
    from onnx import TensorProto, checker, helper, numpy_helper, save

    constants = {
        "w": np.array(WEIGHTS, dtype=np.float32).reshape(-1, 1),
        "b": np.array([bias], dtype=np.float32),
        "flat": np.array([-1], dtype=np.int64),
    }
    nodes = [
        helper.make_node("MatMul", ["features", "w"], ["xw"]),
        helper.make_node("Add", ["xw", "b"], ["logit"]),
        helper.make_node("Sigmoid", ["logit"], ["column"]),
        helper.make_node("Reshape", ["column", "flat"], ["probability"]),
    ]
    graph = helper.make_graph(
        nodes,
        "logistic",
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, ["rows", len(WEIGHTS)])],
        [helper.make_tensor_value_info("probability", TensorProto.FLOAT, ["rows"])],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=10)
    checker.check_model(model)
    save(model, path)
