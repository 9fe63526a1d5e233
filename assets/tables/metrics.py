"""Metrics defined once, in the dbt project, and turned into SQL for the warehouse by MetricFlow."""

import difflib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from metricflow.engine.metricflow_engine import MetricFlowEngine, MetricFlowQueryRequest
from metricflow.protocols.sql_client import SqlEngine
from metricflow.sql.render.duckdb_renderer import DuckDbSqlPlanRenderer
from metricflow.sql.render.postgres import PostgresSQLSqlPlanRenderer
from metricflow_semantics.errors.error_classes import MetricFlowException
from metricflow_semantics.model.dbt_manifest_parser import parse_manifest_from_dbt_generated_manifest
from metricflow_semantics.model.semantic_manifest_lookup import SemanticManifestLookup

from assets.tables.specs import PREPARED, SEMANTICS
from core.errors import HeddleError
from resources.ports import WarehouseReader

if TYPE_CHECKING:
    import polars as pl

GRAINS = ("day", "week", "month", "quarter", "year")
TIME = "metric_time"
ENGINES = {
    "duckdb": (SqlEngine.DUCKDB, DuckDbSqlPlanRenderer),
    "postgres": (SqlEngine.POSTGRES, PostgresSQLSqlPlanRenderer),
}


@dataclass(frozen=True)
class Metric:
    """A metric with the names of the dimensions it can be cut by, besides time."""

    name: str
    label: str
    description: str
    dimensions: tuple[str, ...]


@dataclass(frozen=True)
class Question:
    """What to ask of metrics.

    Attributes:
        metrics: names; several are joined on the dimensions.
        by: dimension names as in Metric.dimensions.
        grain: one of GRAINS to cut by time; "" sums over all time.
        start: first day, inclusive; None from the beginning.
        end: last day, inclusive; None to the end.
        limit: rows at most; None for all.
    """

    metrics: tuple[str, ...]
    by: tuple[str, ...] = ()
    grain: str = ""
    start: date | None = None
    end: date | None = None
    limit: int | None = None


class _Renderer:
    """The part of MetricFlow's SqlClient that is needed to write SQL without running it."""

    def __init__(self, dialect: str) -> None:
        engine, renderer = ENGINES[dialect]
        self.sql_engine_type = engine
        self.sql_plan_renderer = renderer()


class Metrics:
    """The semantic layer of the prepared dbt project.

    Args:
        dialect: duckdb or postgres.
        prepared: folder of the prepared files.
        semantics: the semantic manifest's text where it is not the prepared one.
        allowed: metric -> the only dimensions it may be cut by; metrics that are not named take all they share.
    """

    def __init__(
        self,
        dialect: str,
        prepared: Path = PREPARED,
        semantics: str = "",
        allowed: Mapping[str, Collection[str]] | None = None,
    ) -> None:
        text = semantics or (prepared / SEMANTICS).read_text(encoding="utf-8")
        manifest = parse_manifest_from_dbt_generated_manifest(text)
        self._allowed = allowed or {}
        client: Any = _Renderer(dialect)
        self.engine = MetricFlowEngine(SemanticManifestLookup(manifest), client)
        self._metrics = {m.name: m for m in self.engine.list_metrics()}

    def list(self) -> list[Metric]:
        """All metrics by name."""
        return [
            Metric(name, found.label or name, found.description or "", tuple(sorted(self._dimensions(name))))
            for name, found in sorted(self._metrics.items())
        ]

    def sql(self, question: Question) -> str:
        """The SELECT that answers a question; its columns are time, dimensions and metrics in MetricFlow's names.

        Raises:
            HeddleError: a metric, dimension or grain is unknown, or the metrics do not share a dimension.
        """
        by = list(self._names(question))
        request = MetricFlowQueryRequest.create(
            metric_names=list(question.metrics),
            group_by_names=by,
            order_by_names=by,
            limit=question.limit,
            time_constraint_start=_moment(question.start),
            time_constraint_end=_moment(question.end),
        )
        try:
            return str(self.engine.explain(request).sql_statement.sql)
        except MetricFlowException as error:
            told = " ".join(str(error).split())
            raise HeddleError(f"these metrics cannot be cut that way: {told}", "ask for fewer dimensions") from None

    def query(self, warehouse: WarehouseReader, question: Question) -> "pl.DataFrame":
        """Ask the warehouse; columns are named by grain, dimensions and metrics as in the question, rows sorted.

        The grain's column is a Date (the period's first day), exact sums come as Float64.

        Raises:
            HeddleError: see `sql`.
            StoreError: the warehouse refused, for example because the tables are not built.
        """
        import polars as pl
        import polars.selectors as cs

        names = self._names(question)
        found = warehouse.query(self.sql(question)).rename(names)
        numbers, times = cs.decimal().cast(pl.Float64), cs.datetime().cast(pl.Date)
        return found.select(*names.values(), *question.metrics).with_columns(numbers, times)

    def _names(self, question: Question) -> dict[str, str]:
        """MetricFlow's name -> the question's name, for all columns that are no metric."""
        if not question.metrics:
            raise HeddleError("no metric is named", f"use some of {', '.join(self._metrics)}")
        for metric in question.metrics:
            _known("metric", metric, self._metrics)
        names: dict[str, str] = {}
        if question.grain:
            _known("grain", question.grain, GRAINS)
            names[f"{TIME}__{question.grain}"] = question.grain
        for dimension in question.by:
            for metric in question.metrics:
                known = self._dimensions(metric)
                _known(f"dimension of {metric}", dimension, known)
            names[known[dimension]] = dimension
        return names

    def _dimensions(self, metric: str) -> dict[str, str]:
        """Short name -> MetricFlow's name. A short name that two entities share is given with its entity."""
        found = [d for d in self._metrics[metric].dimensions if d.type.value == "categorical"]
        short = [d.name for d in found]
        named = {d.name if short.count(d.name) == 1 else d.dunder_name: d.dunder_name for d in found}
        only = self._allowed.get(metric) or named
        return {name: full for name, full in named.items() if name in only}


def _moment(day: date | None) -> datetime | None:
    return None if day is None else datetime.combine(day, time())


def _known(what: str, name: str, known: Sequence[str] | dict[str, Any]) -> None:
    if name not in known:
        close = difflib.get_close_matches(name, list(known), n=1)
        hint = f"did you mean {close[0]}? " if close else ""
        raise HeddleError(f"unknown {what}: {name}", f"{hint}use one of {', '.join(known) or 'none'}")
