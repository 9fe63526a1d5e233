"""A model package (model.onnx and signature.json) loaded and proven: it repeats the examples of its signature."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from core.errors import ModelError
from core.signature import Signature
from serving.encode import Encoder, Matrix
from serving.errors import Refused

MODEL_FILE = "model.onnx"
SIGNATURE_FILE = "signature.json"
INPUT = "features"
OUTPUT = "probability"


@dataclass(frozen=True, eq=False)
class Package:
    """One loaded version of a model. `session` is an onnxruntime.InferenceSession; it may be run by many threads."""

    signature: Signature
    encoder: Encoder
    session: Any

    def run(self, matrix: Matrix) -> NDArray[np.float32]:
        """float32 [rows, inputs] -> float32 probabilities [rows]."""
        result: NDArray[np.float32] = self.session.run([OUTPUT], {INPUT: matrix})[0]
        return result


def read_signature(folder: Path) -> Signature:
    """Read signature.json.

    Raises:
        ModelError: it is missing or malformed; the message names the file and field.
    """
    path = folder / SIGNATURE_FILE
    try:
        return Signature.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        raise ModelError(f"{path} is missing", "materialize the model again") from None
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"]) or "the whole file"
        raise ModelError(f"{path}: {field}: {first['msg']}", "materialize the model again") from None


def load(folder: Path) -> Package:
    """Load a version and prove it.

    Raises:
        ModelError: a file is missing or corrupt, the graph is not what core.signature says, or the model does not
            repeat its examples.
    """
    signature = read_signature(folder)
    package = Package(signature, Encoder(signature.inputs), _session(folder / MODEL_FILE, len(signature.inputs)))
    _prove(package, folder)
    return package


def fingerprint(folder: Path) -> tuple[tuple[int, int], ...]:
    """Size and time of the package's files: a load that failed is worth repeating only when these change."""
    found = []
    for name in (MODEL_FILE, SIGNATURE_FILE):
        try:
            stat = (folder / name).stat()
        except OSError:
            continue
        found.append((stat.st_mtime_ns, stat.st_size))
    return tuple(found)


def _session(path: Path, width: int) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    # One thread per call: requests run side by side, and handing a small model to a thread pool costs more than it.
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    if not path.is_file():
        raise ModelError(f"{path} is missing", "materialize the model again")
    try:
        session = onnxruntime.InferenceSession(os.fspath(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime raises a dozen types of its own, all meaning an unusable file
        raise ModelError(f"{path} is not a usable ONNX model: {error}", "materialize the model again") from error
    inputs = {i.name: i for i in session.get_inputs()}
    outputs = {o.name for o in session.get_outputs()}
    if set(inputs) != {INPUT} or OUTPUT not in outputs:
        raise ModelError(
            f"{path} takes {sorted(inputs)} and gives {sorted(outputs)}, not {INPUT!r} and {OUTPUT!r}",
            "convert the model as core/signature.py says",
        )
    shape = inputs[INPUT].shape
    if inputs[INPUT].type != "tensor(float)" or len(shape) != 2 or (isinstance(shape[1], int) and shape[1] != width):
        raise ModelError(
            f"{path}: input {INPUT!r} is {inputs[INPUT].type} {shape}, not float [rows, {width}]",
            "make signature.json and the graph agree",
        )
    return session


def _prove(package: Package, folder: Path) -> None:
    signature, path = package.signature, folder / SIGNATURE_FILE
    if not signature.examples or len(signature.examples) != len(signature.expected):
        raise ModelError(
            f"{path}: {len(signature.examples)} examples and {len(signature.expected)} expected probabilities",
            "write at least one example with its probability",
        )
    try:
        matrix, _ = package.encoder.rows(list(signature.examples))
    except Refused as error:
        raise ModelError(f"{path}: examples: {error.message}", "materialize the model again") from None
    try:
        found = package.run(matrix)
    except Exception as error:  # as above: the runtime's own types
        raise ModelError(f"{folder / MODEL_FILE} does not run: {error}", "materialize the model again") from error
    if found.shape != (len(matrix),) or found.dtype != np.float32:
        raise ModelError(
            f"{folder / MODEL_FILE}: output {OUTPUT!r} is {found.dtype} {list(found.shape)}, not float32 [rows]",
            "convert the model as core/signature.py says",
        )
    worst = float(np.max(np.abs(found - np.asarray(signature.expected, dtype=np.float32))))
    if not worst <= signature.tolerance:  # also catches NaN
        raise ModelError(
            f"{folder}: the model misses the expected probabilities of its examples by {worst:.3g} "
            f"(allowed {signature.tolerance:.3g})",
            "convert the model again; model.onnx and signature.json do not belong together",
        )
