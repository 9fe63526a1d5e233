"""The Open Inference Protocol's bodies: tensors as JSON, or raw after the JSON (Triton's binary data extension)."""

from itertools import chain
from typing import Any, NamedTuple

import numpy as np
import orjson
from numpy.typing import NDArray

from serving.encode import Matrix
from serving.errors import Refused
from serving.package import INPUT, OUTPUT
from serving.repository import Served

HEADER_LENGTH = b"inference-header-content-length"
JSON_TYPE = b"application/json"
_NUMERIC = frozenset((int, float, type(None)))
_FIELDS = frozenset(("id", "parameters", "inputs", "outputs"))


class Request(NamedTuple):
    """What an inference request asks for."""

    matrix: Matrix
    id: str | None
    binary: bool  # answer with raw bytes after the JSON


def parse(body: bytes, json_length: int | None, width: int) -> Request:
    """Read a request for a model of `width` inputs. With json_length, what follows that many bytes is raw data.

    JSON null in the data is a missing value (NaN), which JSON cannot spell.

    Raises:
        Refused: 400 naming the field.
    """
    head, raw = (body, b"") if json_length is None else (body[:json_length], body[json_length:])
    request = decode(head)
    if not isinstance(request, dict):
        raise Refused(400, "the body is not an object", 'send {"inputs": […]}')
    if not request.keys() <= _FIELDS:
        raise Refused(400, f"unknown field {min(request.keys() - _FIELDS)!r}", f"use {', '.join(sorted(_FIELDS))}")
    name = request.get("id")
    if name is not None and not isinstance(name, str):
        raise Refused(400, "`id` is not a string", "send a string or leave it out")
    tensor = _only_input(request.get("inputs"))
    shape = _shape(tensor.get("shape"), width)
    size = _parameters(tensor, "inputs[0]").get("binary_data_size")
    if size is None:
        if raw:
            raise Refused(400, f"{len(raw)} bytes follow the JSON that no input asks for", "set binary_data_size")
        matrix = _from_json(tensor.get("data"), shape)
    else:
        matrix = _from_bytes(raw, size, shape, "data" in tensor)
    return Request(matrix, name, _wants_binary(request))


def decode(body: bytes) -> Any:
    """JSON to Python. Raises Refused 400 for what is not JSON in UTF-8, NaN and Infinity included."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Refused(400, f"the body is not JSON: {error}", "send JSON in UTF-8; null stands for NaN") from None


def answer(served: Served, request: Request, result: NDArray[np.float32]) -> tuple[bytes, int | None]:
    """The response body, and the length of its JSON part when raw data follows."""
    output: dict[str, Any] = {"name": OUTPUT, "datatype": "FP32", "shape": [len(result)]}
    response: dict[str, Any] = {"model_name": served.model, "model_version": served.version, "outputs": [output]}
    if request.id is not None:
        response["id"] = request.id
    if request.binary:
        raw = result.astype("<f4", copy=False).tobytes()
        output["parameters"] = {"binary_data_size": len(raw)}
        head = orjson.dumps(response)
        return head + raw, len(head)
    output["data"] = finite(result)
    return orjson.dumps(response, option=orjson.OPT_SERIALIZE_NUMPY), None


def finite(result: NDArray[np.float32]) -> NDArray[np.float32]:
    """The result, if JSON can hold it. Raises Refused 400 naming the rows the model gave no number for."""
    bad = np.flatnonzero(~np.isfinite(result))
    if bad.size:
        rows = ", ".join(map(str, bad[:5]))
        raise Refused(400, f"the model gives no probability for row(s) {rows}", "fill in their missing values")
    return result


def metadata(served: Served, versions: list[str]) -> dict[str, Any]:
    """The model metadata object; `properties` tells the order and kind of the columns of the tensor."""
    inputs = served.package.signature.inputs
    return {
        "name": served.model,
        "versions": versions,
        "platform": "onnx_onnxv1",
        "inputs": [{"name": INPUT, "datatype": "FP32", "shape": [-1, len(inputs)]}],
        "outputs": [{"name": OUTPUT, "datatype": "FP32", "shape": [-1]}],
        "properties": {
            "version": served.version,
            "columns": orjson.dumps([i.model_dump(mode="json") for i in inputs]).decode(),
        },
    }


def _only_input(inputs: Any) -> dict[str, Any]:
    if not isinstance(inputs, list) or len(inputs) != 1 or not isinstance(inputs[0], dict):
        raise Refused(400, "`inputs` is not a list of one tensor", f"send one input named {INPUT!r}")
    tensor: dict[str, Any] = inputs[0]
    if tensor.get("name") != INPUT:
        raise Refused(400, f"inputs[0].name is {str(tensor.get('name'))[:40]!r}", f"name it {INPUT!r}")
    if tensor.get("datatype") != "FP32":
        raise Refused(400, f"inputs[0].datatype is {str(tensor.get('datatype'))[:40]!r}", "send FP32")
    return tensor


def _shape(shape: Any, width: int) -> tuple[int, int]:
    if not isinstance(shape, list) or len(shape) != 2 or any(type(n) is not int or n < 1 for n in shape):
        raise Refused(400, f"inputs[0].shape is {str(shape)[:60]}", f"send [rows, {width}]")
    if shape[1] != width:
        raise Refused(400, f"inputs[0].shape has {shape[1]} columns, the model takes {width}", f"send [rows, {width}]")
    return shape[0], shape[1]


def _from_json(data: Any, shape: tuple[int, int]) -> Matrix:
    if not isinstance(data, list):
        raise Refused(400, "inputs[0].data is not a list", "send the values in row-major order")
    if data and isinstance(data[0], list):
        if any(not isinstance(row, list) or len(row) != shape[1] for row in data):
            raise Refused(400, f"inputs[0].data has a row without {shape[1]} values", "send whole rows")
        data = list(chain.from_iterable(data))
    if len(data) != shape[0] * shape[1]:
        raise Refused(400, f"inputs[0].data has {len(data)} values, its shape {list(shape)} asks for more or fewer",
                      f"send {shape[0] * shape[1]} values or correct the shape")  # fmt: skip
    if not _NUMERIC.issuperset(map(type, data)):
        n, value = next((n, v) for n, v in enumerate(data) if type(v) not in _NUMERIC)
        raise Refused(400, f"inputs[0].data[{n}] is {str(value)[:40]!r}", "send numbers, or null for a missing value")
    with np.errstate(over="ignore"):
        matrix = np.array(data, dtype=np.float32).reshape(shape)
    if np.isinf(matrix).any():
        n = int(np.flatnonzero(np.isinf(matrix.ravel()))[0])
        raise Refused(400, f"inputs[0].data[{n}] is beyond float32", "send a smaller number, or null")
    return matrix


def _from_bytes(raw: bytes, size: Any, shape: tuple[int, int], has_data: bool) -> Matrix:
    if has_data:
        raise Refused(400, "inputs[0] has both `data` and binary_data_size", "send one of them")
    wanted = shape[0] * shape[1] * 4
    if type(size) is not int or size != wanted or len(raw) != wanted:
        raise Refused(
            400, f"binary data of {len(raw)} bytes, binary_data_size {str(size)[:20]}", f"shape asks for {wanted} bytes"
        )
    return np.frombuffer(raw, dtype="<f4").reshape(shape).astype(np.float32, copy=False)


def _wants_binary(request: dict[str, Any]) -> bool:
    binary = _parameters(request, "the request").get("binary_data_output") is True
    outputs = request.get("outputs")
    if outputs is None:
        return binary
    if not isinstance(outputs, list) or any(not isinstance(o, dict) or o.get("name") != OUTPUT for o in outputs):
        raise Refused(400, "`outputs` asks for an output the model does not have", f"ask for {OUTPUT!r}")
    for output in outputs:
        parameters = _parameters(output, "outputs[0]")
        if "classification" in parameters:
            raise Refused(400, "outputs[0].parameters.classification is not supported", "leave it out")
        binary = parameters.get("binary_data", binary) is True
    return binary


def _parameters(holder: dict[str, Any], where: str) -> dict[str, Any]:
    found = holder.get("parameters", {})
    if not isinstance(found, dict):
        raise Refused(400, f"`parameters` of {where} is not an object", "send an object or leave it out")
    return found
