"""Lineage of assets that one SELECT makes, and of dbt models and metrics."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from assets.catalog.lineage.commits import commit_of
from assets.catalog.lineage.model import Edge, Stated
from assets.tables.specs import FOLDER, PREPARED, SEMANTICS, ModelSpec
from core.errors import HeddleError
from core.hashing import digest
from core.naming import Key, TableName, table_key, table_name

Columns = Mapping[str, Iterable[str]]  # asset key -> its columns


def dbt_lineage(models: Iterable[ModelSpec]) -> list[Stated]:
    """The models as they were prepared: values, and what decides which rows there are."""
    found = []
    for model in models:
        edges = [Edge(key, "", model.key, "") for key in model.deps]
        edges += [Edge(key, name, model.key, column) for column, s in model.lineage.items() for key, name in s]
        edges += [Edge(key, name, model.key, "", how) for key, name, how in model.rows]
        path = FOLDER / model.file
        evidence = {"file": f"dbt_project/{model.file}", "sql": model.sql, "commit": commit_of(path)}
        found.append(Stated("definition", model.key, tuple(edges), evidence | {"code_version": model.version}))
    return found


def select_lineage(key: str, sql: str, dialect: str, upstream: Iterable[str], columns: Columns) -> list[Edge]:
    """The edges of an asset that a SELECT over other assets' tables makes.

    Args:
        columns: of the upstream assets, as far as known; without them stars stay stars.
    """
    from assets.catalog.lineage.sql.identifiers import split
    from assets.catalog.lineage.sql.script import script_lineage

    tables = {str(table_name(Key.parse(name))): name for name in upstream}
    schemas = {table: dict.fromkeys(columns[name], "") for table, name in tables.items() if columns.get(name)}
    edges = [Edge(name, "", key, "") for name in tables.values()]
    for told in script_lineage(sql, dialect, schemas).statements:
        asset = {table: tables.get(".".join(split(table)[-2:])) for table in told.reads}
        edges += [
            Edge(a, name, key, column)
            for column, leaves in told.columns.items()
            for table, name in sorted(leaves)
            if (a := asset.get(table)) is not None
        ]
        edges += [
            Edge(a, name, key, "", how)
            for (table, name), hows in told.influences.items()
            for how in sorted(hows)
            if (a := asset.get(table)) is not None
        ]
    return edges


def metric_lineage(semantics: str = "") -> list[Stated]:
    """The metrics of the semantic layer: columns of tables -> `metric:name`, and metrics of metrics.

    Args:
        semantics: the semantic manifest's text; the prepared one where it is empty.
    """
    from sqlglot import exp, parse_one

    path: Path = PREPARED / SEMANTICS
    manifest = json.loads(semantics or path.read_text(encoding="utf-8"))
    measures: dict[str, list[tuple[str, str]]] = {}
    for model in manifest["semantic_models"]:
        relation = model["node_relation"]
        try:
            key = str(table_key(TableName(relation["schema_name"], relation["alias"])))
        except HeddleError:
            continue  # a table that is no asset
        for measure in model["measures"]:
            parsed = parse_one(str(measure["expr"] or measure["name"]), dialect="duckdb")
            measures[measure["name"]] = [(key, column.name) for column in parsed.find_all(exp.Column)] or [(key, "")]
    return [_metric(metric, measures, path.name) for metric in manifest["metrics"]]


def _metric(metric: Mapping[str, Any], measures: Mapping[str, list[tuple[str, str]]], file: str) -> Stated:
    name, given = f"metric:{metric['name']}", metric["type_params"]
    edges = [
        Edge(key, column, name, "value" if column else "")
        for measure in given["input_measures"]
        for key, column in measures.get(measure["name"], ())
    ]
    inputs = [given["numerator"], given["denominator"], *given["metrics"]]
    above = [Edge(f"metric:{m['name']}", "value", name, "value") for m in inputs if m is not None]
    evidence = {"file": file, "sql": digest([json.dumps(given, sort_keys=True)])}
    return Stated("definition", name, tuple(above or edges), evidence)
