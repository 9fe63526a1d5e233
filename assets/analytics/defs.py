"""The analytics domain as Dagster definitions: the sales forecast and the household segments."""

from typing import Any

import dagster as dg

from assets.kit import VERSION, asset_key, pictures, spec_options, table_metadata
from core.naming import Key, table_name
from core.schema import ColumnLineage
from core.settings import Settings
from resources.ports import Warehouse

FORECAST = "report/retail/sales_forecast"
SEGMENTS = "report/retail/segments"
SALES, BASKETS = "table/retail/sales_daily", "table/retail/baskets"
BETTER = "better_than_seasonal_naive"
STABLE = "segments_are_stable"


def definitions(settings: Settings) -> dg.Definitions:
    """All assets and checks of this domain."""
    engine = settings.warehouse.split(":", 1)[0]
    return dg.Definitions(assets=[_forecast_asset(engine), _segments_asset(engine)], asset_checks=[_no_missing_days()])


def _forecast_asset(engine: str) -> dg.AssetsDefinition:
    modules = ("daily", "forecast", "forecast_scores", "forecast_pictures")
    options = spec_options(
        FORECAST,
        group="reports",
        kinds={"statsforecast", engine},
        description="Daily sales by department for the coming four weeks with 80 and 95 % intervals, each "
        "department's model chosen by a backtest against seasonal naive.",
        code=[*(f"assets.analytics.{name}" for name in modules), "assets.content"],
    )
    check = dg.AssetCheckSpec(
        BETTER, asset=asset_key(FORECAST), description="The forecast beats seasonal naive on the backtest (MASE)."
    )
    asset: dg.AssetsDefinition = dg.asset(**options, deps=[asset_key(SALES)], check_specs=[check])(_forecast)
    return asset


def _forecast(warehouse: dg.ResourceParam[Warehouse]) -> dg.MaterializeResult:  # type: ignore[type-arg]  # Dagster's rule
    from assets.analytics import daily, forecast, forecast_pictures, forecast_scores
    from assets.content import rows_version
    from assets.lineage import sql_lineage

    sales = daily.daily_sales(warehouse.query(daily.QUERY))
    test = forecast.backtest(sales)
    frame = forecast.forecast(sales, test)
    scores = forecast_scores.score(sales, test)
    table = table_name(Key.parse(FORECAST))
    warehouse.write(table, frame)
    version = rows_version([frame])
    read = sql_lineage(warehouse, daily.QUERY, [SALES]).sources
    # the models take the whole series of a department, so every computed column comes from all that was read
    every = tuple(sorted({s for sources in read.values() for s in sources}, key=str))
    lineage = ColumnLineage({c: read["department"] if c == "department" else every for c in frame.columns})
    metadata: dict[str, Any] = table_metadata(FORECAST, warehouse.info(table), lineage) | {
        VERSION: version,
        "last complete day": str(sales.days[-1]),
        "days left out as incomplete": [str(d) for d in sales.unfinished],
        "closed days": [str(d) for d, closed in zip(sales.days, sales.closed, strict=True) if closed],
        "departments in the pool": [d for d, s in zip(sales.departments, sales.sparse, strict=True) if s],
        "backtest": dg.MetadataValue.md(scores.table()),
        "backtest windows scored": len(scores.windows),
        "MASE": scores.mase,
        "MASE of seasonal naive": scores.naive_mase,
        "sMAPE %": scores.smape,
        "sMAPE % of seasonal naive": scores.naive_smape,
        "WAPE %": scores.wape,
        "WAPE % of seasonal naive": scores.naive_wape,
        **{f"inside the {level} % interval, %": share for level, share in scores.coverage.items()},
        **{f"inside the {level} % interval, %, pool": share for level, share in scores.pooled_coverage.items()},
        **pictures(
            {"forecast": forecast_pictures.fan(sales, frame), "backtest errors": forecast_pictures.errors(scores)}
        ),
    }
    better = dg.AssetCheckResult(
        check_name=BETTER,
        asset_key=asset_key(FORECAST),
        passed=scores.better,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"MASE {scores.mase:.3f} against {scores.naive_mase:.3f} of seasonal naive",
        metadata={"MASE": scores.mase, "MASE of seasonal naive": scores.naive_mase},
    )
    return dg.MaterializeResult(metadata=metadata, data_version=dg.DataVersion(version), check_results=[better])


def _no_missing_days() -> dg.AssetChecksDefinition:
    table, source = table_name(Key.parse(FORECAST)), table_name(Key.parse(SALES))
    sql = f"""
        with cells as (
            select department, count(*) as found, count(distinct sale_date) as days,
                min(sale_date) as first_day, max(sale_date) as last_day
            from {table} group by department
        )
        select
            (select count(*) from (select distinct department from {source}) as known
                where department not in (select department from cells)) as absent,
            coalesce(sum(case when found <> 28 or days <> 28 or last_day - first_day <> 27 then 1 else 0 end), 0)
                as broken,
            count(distinct first_day) as starts,
            count(*) as departments
        from cells"""

    @dg.asset_check(asset=asset_key(FORECAST), name="no_missing_days")
    def check(warehouse: dg.ResourceParam[Warehouse]) -> dg.AssetCheckResult:
        """Every department that ever sold has one row for each of the same 28 consecutive days."""
        absent, broken, starts, departments = warehouse.query(sql).row(0)
        return dg.AssetCheckResult(
            passed=bool(departments > 0 and not absent and not broken and starts == 1),
            metadata={
                "departments": int(departments),
                "departments without forecast": int(absent),
                "departments with gaps or repeated days": int(broken),
            },
        )

    return check


def _segments_asset(engine: str) -> dg.AssetsDefinition:
    modules = ("segments", "segment_pictures", "forecast_pictures")
    options = spec_options(
        SEGMENTS,
        group="reports",
        kinds={"scikitlearn", engine},
        description="Households grouped by recency, frequency and money, the number of groups chosen by silhouette "
        "among those that bootstraps reproduce.",
        code=[*(f"assets.analytics.{name}" for name in modules), "assets.content"],
        pii=True,
    )
    check = dg.AssetCheckSpec(
        STABLE, asset=asset_key(SEGMENTS), description="Bootstraps of the households give the same segments."
    )
    asset: dg.AssetsDefinition = dg.asset(**options, deps=[asset_key(BASKETS)], check_specs=[check])(_segments)
    return asset


def _segments(warehouse: dg.ResourceParam[Warehouse]) -> dg.MaterializeResult:  # type: ignore[type-arg]  # Dagster's rule
    from assets.analytics import segment_pictures, segments
    from assets.content import rows_version
    from assets.lineage import sql_lineage

    found = segments.segments(warehouse.query(segments.QUERY))
    table = table_name(Key.parse(SEGMENTS))
    warehouse.write(table, found.frame)
    version = rows_version([found.frame])
    read = sql_lineage(warehouse, segments.QUERY, [BASKETS]).sources
    features = {s for name in segments.FEATURES for s in read[name]}
    lineage = ColumnLineage(read | {"segment": tuple(sorted(features, key=str))})
    metadata: dict[str, Any] = table_metadata(SEGMENTS, warehouse.info(table), lineage) | {
        VERSION: version,
        "segments": dg.MetadataValue.md(found.profile_table()),
        "numbers of segments tried": dg.MetadataValue.md(found.trials_table()),
        "number of segments": found.chosen.groups,
        "silhouette": found.chosen.silhouette,
        "stability (mean adjusted Rand index)": found.chosen.stability,
        **pictures({"households": segment_pictures.scatter(found)}),
    }
    stable = dg.AssetCheckResult(
        check_name=STABLE,
        asset_key=asset_key(SEGMENTS),
        passed=found.stable,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"mean adjusted Rand index {found.chosen.stability:.2f}, wanted {segments.STABLE}",
        metadata={"mean": found.chosen.stability, "worst": found.chosen.worst},
    )
    return dg.MaterializeResult(metadata=metadata, data_version=dg.DataVersion(version), check_results=[stable])
