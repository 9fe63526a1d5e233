"""A tuned, calibrated binary classifier on a table, exported to ONNX."""
