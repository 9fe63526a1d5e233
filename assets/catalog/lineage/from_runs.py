"""Lineage of runs: what a materialization says that it was made from. Values, free of Dagster."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from assets.catalog.lineage.model import Edge, Stated
from core.errors import HeddleError
from core.hashing import digest
from core.signature import Signature

OUTPUT = "probability"  # what models give, see core.signature
DETAILS = "heddle/column_details"  # column -> what happened to it on the way, in words
EVIDENCE = ("mlflow_run_id", "dataset_version", "model_version", "version", "package", "heddle/version")


@dataclass(frozen=True)
class Made:
    """One materialization.

    Attributes:
        upstream: keys of the assets that it took.
        columns: column -> (key, column) of what it comes from.
        metadata: plain values.
    """

    key: str
    run: str
    at: str
    code_version: str = ""
    data_version: str = ""
    upstream: Sequence[str] = ()
    columns: Mapping[str, Sequence[tuple[str, str]]] = field(default_factory=dict)
    metadata: Mapping[str, Any] = field(default_factory=dict)


def run_stated(made: Made, flow: Sequence[Edge], commit: str) -> Stated:
    """What a materialization states.

    Args:
        flow: the edges of the Kettle steps that made it, where these are those that ran; else its own columns count.
        commit: of the file that it was made by.
    """
    edges = list(flow)
    if not flow:
        edges += [Edge(key, "", made.key, "") for key in made.upstream]
        words = dict(made.metadata.get(DETAILS) or {})
        edges += [
            Edge(k, c, made.key, column, detail=str(words.get(column, "")))
            for column, found in made.columns.items()
            for k, c in found
        ]
    edges += _model(made)
    sql = made.metadata.get("sql")
    evidence = {
        "code_version": made.code_version,
        "data_version": made.data_version,
        "sql": digest([str(sql)]) if sql else "",
        "file": str(made.metadata.get("kettle/file") or ""),
        "commit": commit,
        **{name.rpartition("/")[2]: str(made.metadata[name]) for name in EVIDENCE if made.metadata.get(name)},
    }
    told = {name: value for name, value in evidence.items() if value} or {"event": made.at}
    return Stated("run", made.key, tuple(dict.fromkeys(edges)), told, made.run, made.at)


def _model(made: Made) -> list[Edge]:
    """A model's inputs by name, and the MLflow run that made it; an endpoint gives what its model gives."""
    layer = made.key.split("/", 1)[0]
    edges = []
    tracked = made.metadata.get("mlflow_run_id")
    if tracked:
        node = f"mlflow:{tracked}"
        edges += [Edge(key, "", node, "", detail="trained on") for key in made.upstream]
        edges.append(Edge(node, "", made.key, "", detail="registered"))
    if layer == "endpoint":
        edges += [Edge(k, OUTPUT, made.key, OUTPUT, detail="serves") for k in made.upstream if k.startswith("model/")]
    package = made.metadata.get("package")
    datasets = [key for key in made.upstream if key.startswith("dataset/")]
    if layer == "model" and package and datasets:
        names = _inputs(Path(str(package)) / "signature.json")
        edges += [Edge(key, name, made.key, OUTPUT, detail="feature") for key in datasets for name in names]
    return edges


def _inputs(path: Path) -> list[str]:
    try:
        return [given.name for given in Signature.model_validate_json(path.read_text(encoding="utf-8")).inputs]
    except (OSError, ValueError, HeddleError):  # a package that is gone: the model as a whole is what is known
        return []
