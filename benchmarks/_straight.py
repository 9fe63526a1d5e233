"""The whole graph's computation as one script from top to bottom, without Dagster: the peer of benchmarks/graph.py.

It calls the same loads, dbt models and tests, training, deployment, index and reports in the same order.
"""

from assets.analytics import daily, forecast, forecast_pictures, forecast_scores, segment_pictures, segments
from assets.content import rows_version
from assets.datasets import coupon_propensity as dataset_sql
from assets.datasets.build import build as build_dataset
from assets.datasets.build import writer
from assets.endpoints.deploy import deploy, smoke
from assets.features import coupon_pace, household_weekly
from assets.kettle.engine.start import run_transformation
from assets.kettle.files.read import read_transformation
from assets.kettle.publish import engine_settings
from assets.knowledge import documents, index, publish
from assets.lineage import sql_lineage
from assets.models import coupon_propensity, evaluation, training
from assets.models.registry import Registry
from assets.sources.retail_files import weeks
from assets.sources.retail_load import prepare
from assets.sources.retail_tables import TABLES
from assets.tables import specs
from assets.tables.build import describe
from assets.tables.dbt_run import Dbt
from core.naming import Key, TableName, model_name, table_name
from core.settings import PROJECT, Settings, load
from resources import open as ports
from resources.ports import Objects, Warehouse


def main() -> None:
    settings = load()
    warehouse, objects = ports.warehouse(settings), ports.objects(settings)
    raw(settings, warehouse)
    tables(settings, warehouse)
    features(settings, warehouse)
    version = dataset(warehouse, objects)
    model(settings, objects, version)
    endpoint(settings, objects)
    reports(warehouse)
    knowledge(settings, objects)


def raw(settings: Settings, warehouse: Warehouse) -> None:
    for table in TABLES:
        chosen = weeks(settings) if table.name == "transactions" else None
        with prepare(settings, table, chosen) as found:
            part = ("week_start", chosen) if chosen else None
            warehouse.load_parquet(TableName("raw_retail", table.name), found.files, found.select, partition=part)


def tables(settings: Settings, warehouse: Warehouse) -> None:
    dbt = Dbt(settings)
    models = specs.load()
    for stage in ("before", "weekly", "after"):
        chosen = [m for m in models if m.stage == stage]
        results = dbt.run([m.name for m in chosen], None, lambda result: None)
        assert all(r.status == "success" for r in results), results
        describe(warehouse, chosen, results, weeks(settings) if stage == "weekly" else None)
        tests = [t.name for m in chosen for t in m.tests]
        assert all(r.status == "pass" for r in dbt.test(tests, lambda result: None))


def features(settings: Settings, warehouse: Warehouse) -> None:
    coupon_use = PROJECT / "examples" / "kettle" / coupon_pace.FILE
    run_transformation(read_transformation(coupon_use), settings=engine_settings(settings))
    pace = coupon_pace.sql(coupon_pace.KETTLE)
    for key, sql, upstream in (
        ("feature/retail/household_weekly", household_weekly.SQL, household_weekly.UPSTREAM),
        (coupon_pace.KEY, pace, coupon_pace.KETTLE),
    ):
        table = table_name(Key.parse(key))
        warehouse.replace(table, sql)
        rows_version(warehouse.batches(f"select * from {table}"))
        sql_lineage(warehouse, sql, upstream)


def dataset(warehouse: Warehouse, objects: Objects) -> str:
    made = build_dataset(warehouse.query(dataset_sql.SQL), dataset_sql.features())
    key = Key.parse("dataset/retail/coupon_propensity")
    objects.write(key, made.version, writer(made))
    objects.set_alias(key, "current", made.version)
    sql_lineage(warehouse, dataset_sql.SQL, dataset_sql.UPSTREAM)
    return made.version


def model(settings: Settings, objects: Objects, dataset_version: str) -> None:
    key, tracking = coupon_propensity.KEY, ports.tracking(settings)
    request = training.Request(
        key, coupon_propensity.DATASET, dataset_version, "straight", 25, 7, 600.0, "none",
        coupon_propensity.PURPOSE, coupon_propensity.LIMITS, coupon_propensity.SEGMENTS,
    )  # fmt: skip
    published = training.materialize(request, objects, tracking, lambda text: None)
    with tracking.open(model_name(key)) as mlflow:
        registry = Registry(mlflow, objects, key)
        data = evaluation.held_out(objects.path(coupon_propensity.DATASET, dataset_version))
        verdict = evaluation.evaluate(data, published.folder, registry.champion())
        assert verdict.passed, verdict.reasons
        registry.promote(published.version)


def endpoint(settings: Settings, objects: Objects) -> None:
    key = Key.parse("endpoint/retail/coupon_propensity")
    deploy(settings, objects, key)
    for _ in ("answers", "latency"):
        smoke(settings, objects, key)


def reports(warehouse: Warehouse) -> None:
    sales = daily.daily_sales(warehouse.query(daily.QUERY))
    test = forecast.backtest(sales)
    frame = forecast.forecast(sales, test)
    scores = forecast_scores.score(sales, test)
    warehouse.write(TableName("report_retail", "sales_forecast"), frame)
    forecast_pictures.fan(sales, frame)
    forecast_pictures.errors(scores)
    found = segments.segments(warehouse.query(segments.QUERY))
    warehouse.write(TableName("report_retail", "segments"), found.frame)
    segment_pictures.scatter(found)


def knowledge(settings: Settings, objects: Objects) -> None:
    vectors = ports.vectors(settings)
    documents.build(settings, objects)
    index.build(settings, objects, vectors)
    assert publish.publish(settings, objects, vectors).passed


if __name__ == "__main__":
    main()
