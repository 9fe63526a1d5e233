"""A tuned, calibrated binary classifier on a table, exported to ONNX."""

NAME = "tabular_classifier"
# the modules whose source decides what a training gives: the code version of a model
MODULES = tuple(
    f"job_templates.{NAME}.{part}"
    for part in ("dataset", "candidates", "search", "calibration", "crossfit", "convert", "metrics", "train", "package")
)
