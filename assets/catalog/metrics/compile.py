"""Puts metric records into the semantic layer's manifest, from which MetricFlow makes SQL.

Expressions and filters are parsed and written again by sqlglot: what reaches the SQL is one expression over known
names, and no template of anybody's.
"""

import difflib
import json
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from sqlglot import exp, parse_one
from sqlglot.errors import SqlglotError

from assets.catalog.metrics.model import Measure, MetricRecord
from core.errors import HeddleError

WRITTEN = "duckdb"  # dialect in which expressions are written; the semantic layer's own are too
_AGGREGATIONS = {"count": "sum"}  # MetricFlow counts by adding ones
_INPUT: dict[str, Any] = {"filter": None, "alias": None}
_BLANK = ("measure", "numerator", "denominator", "expr", "window", "grain_to_date", "conversion_type_params",
          "cumulative_type_params")  # fmt: skip
Manifest = dict[str, Any]


def manifest(prepared: str, records: Mapping[str, MetricRecord]) -> str:
    """The semantic manifest with the records in it, as JSON.

    Args:
        prepared: the manifest that dbt made.

    Raises:
        HeddleError: a record names what there is not, is no expression, or goes in a circle; names record and field.
    """
    content: Manifest = json.loads(prepared)
    layer = _Layer(content)
    for name in _ordered(layer, records):
        layer.add(records[name])
    return json.dumps(content, ensure_ascii=False)


def parts(record: MetricRecord) -> list[str]:
    """The metrics that a derived one is made of, in the order of its expression."""
    if not record.expression:
        return []
    parsed = _expression(record, "expression", record.expression)
    return list(dict.fromkeys(column.name for column in parsed.find_all(exp.Column)))


def _ordered(layer: "_Layer", records: Mapping[str, MetricRecord]) -> list[str]:
    """Names so that each comes after what it is made of."""
    done: dict[str, bool] = {}

    def visit(name: str, way: tuple[str, ...]) -> None:
        if name in way:
            circle = " -> ".join((*way[way.index(name) :], name))
            raise HeddleError(f"metric {name}: field expression: goes in a circle: {circle}", "change one of them")
        if name in done or name not in records:
            return
        for part in parts(records[name]):
            if part not in records:
                _known(f"metric {name}: field expression: metric", part, layer.metrics)
            elif records[part].status == "retired" and records[name].status != "retired":
                raise HeddleError(f"metric {name}: field expression: {part} is retired", "use another metric")
            visit(part, (*way, name))
        done[name] = True

    for name in records:
        visit(name, ())
    return list(done)


class _Layer:
    def __init__(self, content: Manifest) -> None:
        self.content = content
        self.models: dict[str, Manifest] = {m["name"]: m for m in content["semantic_models"]}
        self.metrics: dict[str, Manifest] = {m["name"]: m for m in content["metrics"]}
        self.owners = {m["name"]: model for model in self.models.values() for m in model["measures"]}

    def add(self, record: MetricRecord) -> None:
        if record.described_only:
            _known(f"metric {record.name}: no measure or expression, and dbt's metric", record.name, self.metrics)
            self._describe(self.metrics[record.name], record)
            return
        if record.name in self.metrics:
            raise HeddleError(
                f"metric {record.name}: dbt has a metric of this name",
                "leave out measure and expression to describe that one, or rename the record",
            )
        made = self._derived(record) if record.kind == "derived" else self._atomic(record)
        self.metrics[record.name] = made
        self.content["metrics"].append(made)
        self._describe(made, record)

    @staticmethod
    def _describe(metric: Manifest, record: MetricRecord) -> None:
        metric["label"] = record.label.en or metric.get("label") or record.name
        metric["description"] = record.calibre

    def _atomic(self, record: MetricRecord) -> Manifest:
        if isinstance(record.measure, Measure):
            name = self._measure(record, record.measure)
        else:
            name = record.measure
            _known(f"metric {record.name}: field measure", name, self.owners)
        used = {"name": name, "join_to_timespine": False, "fill_nulls_with": None} | _INPUT
        found = _metric(record.name, "simple", measure=used, input_measures=[used])
        if record.filter:
            where = self._filter(record, self.owners[name])
            found["filter"] = {"where_filters": [{"where_sql_template": where}]}
        return found

    def _measure(self, record: MetricRecord, given: Measure) -> str:
        """A measure of the record's own, added to its model."""
        where = f"metric {record.name}: field measure.model"
        _known(where, given.model, [n for n, m in self.models.items() if m["measures"]])
        model = self.models[given.model]
        parsed = _expression(record, "measure.expr", given.expr)
        columns = _columns(model)
        for column in parsed.find_all(exp.Column) if columns else ():
            _known(f"metric {record.name}: field measure.expr: column of {given.model}", column.name, columns)
        sql = parsed.sql(dialect=WRITTEN)
        if given.agg == "count":
            sql = f"case when {sql} is not null then 1 else 0 end"
        name = f"{record.name}__measure"
        blank = {field: None for field in model["measures"][0]}
        agg = _AGGREGATIONS.get(given.agg, given.agg)
        own = {"name": name, "agg": agg, "expr": sql, "create_metric": False, "config": {"meta": {}}}
        model["measures"].append(blank | own)
        self.owners[name] = model
        return name

    def _filter(self, record: MetricRecord, model: Manifest) -> str:
        """The condition with its dimensions as MetricFlow names them; braces would be a template, and are refused."""
        if "{" in record.filter or "}" in record.filter:
            raise HeddleError(f"metric {record.name}: field filter: has braces", "write dimensions by their names")
        known = self._dimensions(model)

        def named(node: exp.Expr) -> exp.Expr:
            if isinstance(node, exp.Column):
                _known(f"metric {record.name}: field filter: dimension", node.name, known)
                return exp.Var(this="{{ Dimension('" + known[node.name] + "') }}")
            return node

        parsed = _expression(record, "filter", record.filter)
        return parsed.transform(named).sql(dialect=WRITTEN)

    def _dimensions(self, model: Manifest) -> dict[str, str]:
        """Dimension -> name with entity: the model's own, and those of models that its entities lead to."""
        entities = {e["name"] for e in model["entities"]}
        found: dict[str, str] = {}
        for other in [*(m for m in self.models.values() if m is not model), model]:
            primary = other.get("primary_entity") or next(
                (e["name"] for e in other["entities"] if e["type"] == "primary"), ""
            )
            if other is model or primary in entities:
                found |= {
                    d["name"]: f"{primary}__{d['name']}" for d in other["dimensions"] if d["type"] == "categorical"
                }
        return found

    def _derived(self, record: MetricRecord) -> Manifest:
        names = parts(record)
        if not names:
            raise HeddleError(f"metric {record.name}: field expression: names no metric", "write it over metrics")
        measures = {m["name"]: m for n in names for m in self.metrics[n]["type_params"]["input_measures"]}
        inputs = [{"name": n, "offset_window": None, "offset_to_grain": None} | _INPUT for n in names]
        sql = _expression(record, "expression", record.expression).sql(dialect=WRITTEN)
        return _metric(record.name, "derived", expr=sql, metrics=inputs, input_measures=list(measures.values()))


def _metric(name: str, kind: str, **given: Any) -> Manifest:
    return {
        "name": name,
        "type": kind,
        "type_params": dict.fromkeys(_BLANK) | {"metrics": [], "input_measures": []} | given,
        "filter": None,
        "metadata": None,
        "config": {"meta": {}},
        "time_granularity": None,
    }


def _columns(model: Manifest) -> set[str]:
    """The columns of a model's table, as far as the dbt project documents them."""
    from assets.tables.specs import load

    alias = model["node_relation"]["alias"]
    return {c.name for m in load() if m.name == alias for c in m.columns}


def _expression(record: MetricRecord, field: str, text: str) -> exp.Expr:
    where = f"metric {record.name}: field {field}"
    try:
        parsed: exp.Expr = parse_one(text, dialect=WRITTEN)
    except SqlglotError as error:
        raise HeddleError(
            f"{where}: {text!r} is no SQL expression: {str(error).splitlines()[0]}", "correct it"
        ) from None
    wrong = (exp.Query, exp.Command, exp.DDL, exp.DML, exp.Placeholder, exp.Window, exp.Star)
    if not isinstance(parsed, exp.Condition | exp.Paren | exp.Cast) or any(parsed.find_all(*wrong)):
        raise HeddleError(f"{where}: {text!r} is no plain expression", "use columns, numbers, operators and functions")
    if field != "expression" and any(parsed.find_all(exp.AggFunc)):
        raise HeddleError(f"{where}: {text!r} aggregates", "the field agg does that")
    return parsed


def _known(what: str, name: str, known: Collection[str] | Iterable[str]) -> None:
    names = list(known)
    if name not in names:
        near = difflib.get_close_matches(name, names, n=1)
        hint = f"did you mean {near[0]}? " if near else ""
        raise HeddleError(f"{what} {name!r} is not known", f"{hint}there are: {', '.join(sorted(names)) or 'none'}")
