"""One ONNX graph per model: features float32 [N, F] -> probability float32 [N], calibration inside."""

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from core.errors import ModelError
from job_templates.tabular_classifier.calibration import Platt
from job_templates.tabular_classifier.candidates import Linear, Scorer, Trees
from job_templates.tabular_classifier.dataset import Floats

OPSET = {"": 15, "ai.onnx.ml": 3}  # the newest that onnxmltools writes
INPUT, OUTPUT = "features", "probability"
SHOWN_ROWS = 5
# in a model's text: the objective as the predictor reads it, and as the converter reads it
REGRESSION = {"objective=binary sigmoid:1": "objective=regression", "[objective: binary]": "[objective: regression]"}


def to_onnx(scorer: Scorer, calibration: Platt) -> bytes:
    """The scorer and its calibration as ONNX. The same model gives the same bytes."""
    if isinstance(scorer, Trees):
        model, raw = _trees(scorer)
    elif isinstance(scorer, Linear):
        model, raw = _linear(scorer)
    else:
        raise ModelError(f"no ONNX conversion for {type(scorer).__name__}", "use one of the template's candidates")
    graph = model.graph
    graph.initializer.extend(
        [
            numpy_helper.from_array(np.array([calibration.slope], np.float32), "calibration_slope"),
            numpy_helper.from_array(np.array([calibration.offset], np.float32), "calibration_offset"),
            numpy_helper.from_array(np.array([-1], np.int64), "flat"),
        ]
    )
    graph.node.extend(
        [
            helper.make_node("Reshape", [raw, "flat"], ["raw_score"]),
            helper.make_node("Mul", ["raw_score", "calibration_slope"], ["sloped"]),
            helper.make_node("Add", ["sloped", "calibration_offset"], ["log_odds"]),
            helper.make_node("Sigmoid", ["log_odds"], [OUTPUT]),
        ]
    )
    del graph.output[:]
    graph.output.append(helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, ["N"]))
    graph.name, model.doc_string = "tabular_classifier", ""
    imports = sorted((o.domain, o.version) for o in model.opset_import)  # the converters leave them in hash order
    del model.opset_import[:]
    model.opset_import.extend(helper.make_opsetid(domain, version) for domain, version in imports)
    onnx.checker.check_model(model, full_check=True)
    return bytes(model.SerializeToString(deterministic=True))


def run_onnx(model: bytes, x: Floats) -> NDArray[np.float32]:
    """Probabilities [N] that onnxruntime gives for features [N, F]."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    (probability,) = session.run([OUTPUT], {INPUT: np.asarray(x, np.float32)})
    return np.asarray(probability)


def agreement(native: NDArray[np.float64], converted: NDArray[np.float32], tolerance: float) -> dict[str, float]:
    """How far two sets of probabilities [N] lie apart: largest difference, share of rows within tolerance, rows.

    Raises:
        ModelError: a row differs by more than the tolerance or is not a number; the message names the first such rows.
    """
    apart = np.abs(native - converted.astype(np.float64))
    wrong = np.flatnonzero(~(apart <= tolerance))  # so that NaN counts as wrong
    if len(wrong):
        rows = ", ".join(f"{n} ({native[n]:.6f} became {converted[n]:.6f})" for n in wrong[:SHOWN_ROWS])
        raise ModelError(
            f"the ONNX model disagrees with the native one on {len(wrong)} of {len(apart)} rows by more than"
            f" {tolerance:g}: rows {rows}",
            "the model is not published; report the parameters of this run",
        )
    return {"max_difference": float(apart.max()), "share_within": 1.0, "rows": float(len(apart))}


def _trees(scorer: Trees) -> tuple[onnx.ModelProto, str]:
    """Raw scores: the text model is read again as a plain regression, whose ONNX form has no link function."""
    import lightgbm
    from onnxmltools import convert_lightgbm
    from onnxmltools.convert.common.data_types import FloatTensorType

    text = scorer.booster.model_to_string()
    for binary, regression in REGRESSION.items():
        if binary not in text:
            raise ModelError(f"the LightGBM model does not say {binary!r}", "train it with this template")
        text = text.replace(binary, regression, 1)
    plain = lightgbm.Booster(model_str=text)
    model = convert_lightgbm(
        plain,
        name="tabular_classifier",
        initial_types=[(INPUT, FloatTensorType([None, len(scorer.inputs)]))],
        target_opset=OPSET[""],
    )
    return model, model.graph.output[0].name


def _linear(scorer: Linear) -> tuple[onnx.ModelProto, str]:
    from skl2onnx import convert_sklearn
    from skl2onnx.common.data_types import FloatTensorType

    model = convert_sklearn(
        scorer.pipeline,
        name="tabular_classifier",
        initial_types=[(INPUT, FloatTensorType([None, len(scorer.inputs)]))],
        target_opset=OPSET,
        options={id(scorer.pipeline[-1]): {"zipmap": False, "raw_scores": True}},
    )
    # raw scores come as [N, 2] = (-score, score)
    scores = model.graph.output[1].name
    model.graph.initializer.append(numpy_helper.from_array(np.array([1], np.int64), "positive"))
    model.graph.node.append(helper.make_node("Gather", [scores, "positive"], ["positive_score"], axis=1))
    return model, "positive_score"
