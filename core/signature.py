"""The typed inputs and outputs of a served model, as stored beside its ONNX file in signature.json."""

from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict


class Kind(StrEnum):
    """How a named column becomes one float32 of the model's input."""

    NUMBER = "number"  # as it is; null becomes NaN
    CATEGORY = "category"  # the position in `categories`; null and unknown values become -1


class Input(BaseModel):
    """One named input column."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    name: str
    kind: Kind
    categories: tuple[str, ...] = ()
    description: str = ""


class Signature(BaseModel):
    """What an ONNX model takes and gives.

    The ONNX graph has one input `features`, float32 [rows, len(inputs)], columns in the order of `inputs`,
    and one output `probability`, float32 [rows].
    `examples` are rows of named columns with the probabilities the native model gave for them: a server that
    cannot repeat them (absolute difference over `tolerance`) must not go live.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    model: str
    version: str
    inputs: tuple[Input, ...]
    examples: tuple[dict[str, Any], ...]
    expected: tuple[float, ...]
    tolerance: float = 1e-4
    metadata: dict[str, str] = {}
