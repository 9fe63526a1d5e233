"""Batch scoring: rows of named columns through a published model's signature and ONNX graph."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from pydantic import ValidationError

from core.errors import ModelError
from core.signature import Signature
from job_templates.tabular_classifier.dataset import encode

if TYPE_CHECKING:
    import onnxruntime

MODEL, SIGNATURE, BASELINE = "model.onnx", "signature.json", "baseline.onnx"
INPUT, OUTPUT = "features", "probability"
ROWS = 65_536
FIX = "materialize the model again"


class Model:
    """A model package opened for scoring."""

    def __init__(self, signature: Signature, session: "onnxruntime.InferenceSession") -> None:
        self.signature = signature
        self.session = session

    @classmethod
    def open(cls, folder: Path, file: str = MODEL) -> "Model":
        """Open a package folder; `file` may name its baseline.

        Raises:
            ModelError: a file is missing or unreadable, or the graph is not features -> probability.
        """
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        try:
            signature = Signature.model_validate_json((folder / SIGNATURE).read_bytes())
            graph = (folder / file).read_bytes()
        except (OSError, ValidationError) as error:
            raise ModelError(f"cannot read the model package {folder}: {error}", FIX) from None
        try:
            session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime's own exception types are not exported
            raise ModelError(f"{folder / file} is not a usable ONNX model: {error}", FIX) from None
        names = [i.name for i in session.get_inputs()], [o.name for o in session.get_outputs()]
        width = session.get_inputs()[0].shape[-1]
        if names != ([INPUT], [OUTPUT]) or width != len(signature.inputs):
            raise ModelError(f"{folder / file} takes {names[0]} of width {width}: not what its signature says", FIX)
        return cls(signature, session)

    def score(self, frame: pl.DataFrame) -> NDArray[np.float32]:
        """Probabilities [N] of rows with the signature's named columns. Raises ModelError when one is missing."""
        parts = [self._run(encode(piece, self.signature.inputs)) for piece in frame.iter_slices(ROWS)]
        return np.concatenate(parts) if parts else np.zeros(0, np.float32)

    def score_parquet(self, path: Path, keep: tuple[str, ...] = ()) -> Iterator[pl.DataFrame]:
        """Stream a Parquet file's scores: frames of the `keep` columns and `probability`, at most ROWS rows each."""
        import pyarrow.parquet as pq

        with pq.ParquetFile(path) as file:
            wanted = [n for n in file.schema_arrow.names if n in {*keep, *(i.name for i in self.signature.inputs)}]
            for batch in file.iter_batches(ROWS, columns=wanted):
                frame: Any = pl.from_arrow(batch)
                yield frame.select(keep).with_columns(pl.Series(OUTPUT, self.score(frame)))

    def missing(self, frame: pl.DataFrame) -> list[str]:
        """Input columns that a frame does not have."""
        return [i.name for i in self.signature.inputs if i.name not in frame.columns]

    def _run(self, x: NDArray[np.float32]) -> NDArray[np.float32]:
        (probability,) = self.session.run([OUTPUT], {INPUT: x})
        return np.asarray(probability)
