"""A training in MLflow: a parent run for the study, a child run per trial, the dataset as input, the ONNX model.

Takes the `mlflow` module, already set to a store and an experiment; rows go in batches, since each call costs
milliseconds.
"""

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import version
from typing import Any

from job_templates.tabular_classifier.dataset import Dataset
from job_templates.tabular_classifier.search import Trial
from job_templates.tabular_classifier.train import Trained

ARTIFACT = "model"


class StudyLog:
    """Writes into one parent run. `model_uri` is known after `finish`."""

    def __init__(self, mlflow: Any, run: Any) -> None:
        self.mlflow = mlflow
        self.client = mlflow.MlflowClient()
        self.run_id: str = run.info.run_id
        self.experiment_id: str = run.info.experiment_id
        self.model_uri = ""

    def dataset(self, data: Dataset, source: str, name: str, digest: str) -> None:
        """Log the table as the run's input, with its digest (the data version)."""
        from mlflow.entities import Dataset as Input
        from mlflow.entities import DatasetInput, InputTag

        columns = [{"name": c.name, "type": "double" if c.kind == "number" else "string"} for c in data.spec.features]
        entity = Input(
            name=name,
            digest=digest,
            source_type="local",
            source=json.dumps({"uri": source}),
            schema=json.dumps({"mlflow_colspec": columns}),
            profile=json.dumps({"num_rows": data.rows}),
        )
        self.client.log_inputs(self.run_id, [DatasetInput(entity, [InputTag("mlflow.data.context", "training")])])

    def trial(self, trial: Trial) -> None:
        """Log one trial as a child run, and the best objective so far as a curve of the parent."""
        from mlflow.entities import Metric, Param

        tags = {"mlflow.parentRunId": self.run_id, "mlflow.source.type": "JOB"}
        begin = int(trial.started * 1000)
        child = self.client.create_run(self.experiment_id, begin, tags, f"trial {trial.number}").info.run_id
        now = int(time.time() * 1000)
        self.client.log_batch(
            child,
            metrics=[Metric(f"tune_{name}", value, now, 0) for name, value in trial.metrics.items()],
            params=[Param(name, str(value)) for name, value in trial.params.items()],
        )
        self.client.set_terminated(child, end_time=begin + int(trial.seconds * 1000))
        self.client.log_batch(self.run_id, metrics=[Metric("best_log_loss", trial.best_so_far, now, trial.number)])

    def finish(self, trained: Trained) -> None:
        """Log parameters, scores against the baseline, and the ONNX model (no pickle, fixed requirements)."""
        from mlflow.entities import Metric, Param

        self.model_uri, model_id = self._model(trained)
        now = int(time.time() * 1000)
        sides = {"test": trained.chosen.test, "tune": trained.chosen.tune, "baseline_test": trained.baseline.test}
        params = {"family": trained.chosen.scorer.family} | trained.chosen.params
        self.client.log_batch(
            self.run_id,
            metrics=[
                Metric(f"{side}_{n}", v, now, 0, model_id=None if side.startswith("baseline") else model_id)
                for side, scores in sides.items()
                for n, v in scores.items()
            ],
            params=[Param(f"best_{name}", str(value)) for name, value in params.items()],
        )

    def _model(self, trained: Trained) -> tuple[str, str]:
        """Log the ONNX file; returns its URI and MLflow's id."""
        import mlflow.onnx
        import onnx

        info = mlflow.onnx.log_model(
            onnx.load_from_string(trained.chosen.onnx),
            name=ARTIFACT,
            signature=_signature(len(trained.data.spec.features)),
            pip_requirements=[f"{p}=={version(p)}" for p in ("mlflow-skinny", "onnx", "onnxruntime", "numpy")],
            save_as_external_data=False,
        )
        return info.model_uri, info.model_id


@contextmanager
def open_log(mlflow: Any, name: str, params: Mapping[str, Any], tags: Mapping[str, str]) -> Iterator[StudyLog]:
    """A parent run that ends as FINISHED, or as FAILED when the body raises."""
    with mlflow.start_run(run_name=name, tags=dict(tags)) as run:
        mlflow.log_params(dict(params))
        yield StudyLog(mlflow, run)


def _signature(features: int) -> Any:
    import numpy as np
    from mlflow.models import ModelSignature
    from mlflow.types import Schema, TensorSpec

    return ModelSignature(
        inputs=Schema([TensorSpec(np.dtype(np.float32), (-1, features), "features")]),
        outputs=Schema([TensorSpec(np.dtype(np.float32), (-1,), "probability")]),
    )
