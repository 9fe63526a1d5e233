"""The whole graph on the sample: built once, then moved forward one change at a time."""

import dagster as dg
import httpx
import polars as pl
import pytest

from assets.kit import OUTSIDE
from core.naming import Key, model_name
from orchestration.build import build_definitions
from orchestration.fingerprints import fingerprints
from orchestration.instance import open_instance
from orchestration.runner import Runner
from orchestration.summary import held_out_rows
from resources import open as ports
from tests.orchestration.conftest import Installation

MODEL = Key.parse("model/retail/coupon_propensity")
CHANGED_WEEK = "2017-06-05"


def runner(installation: Installation) -> Runner:
    settings = installation.settings
    return Runner(build_definitions(settings), open_instance(settings), fingerprints(settings))


def latest(installation: Installation, key: str) -> dg.AssetMaterialization:
    event = open_instance(installation.settings).get_latest_materialization_event(dg.AssetKey(key.split("/")))
    assert event is not None and event.asset_materialization is not None, key
    return event.asset_materialization


def test_a_second_run_has_nothing_to_do(built: Installation) -> None:
    assert runner(built).plan() == []


def test_every_table_has_schema_rows_and_name(built: Installation) -> None:
    graph = runner(built).graph
    for key in (k for k in graph.toposorted_asset_keys if graph.get(k).is_executable):
        metadata = latest(built, key.to_user_string()).metadata
        outside = graph.get(key).metadata.get(OUTSIDE)  # in the online store, say
        if key.path[0] in ("raw", "table", "feature") and not outside:
            assert {"dagster/column_schema", "dagster/row_count", "dagster/table_name"} <= set(metadata), key


def test_columns_are_traced_through_the_tables(built: Installation) -> None:
    """From the feature back to the raw column, every step from the SQL."""
    feature = latest(built, "feature/retail/household_weekly").metadata["dagster/column_lineage"].value
    deps = {d.asset_key.to_user_string() for found in feature.deps_by_column.values() for d in found}
    assert any(name.startswith("table/retail/") for name in deps)
    staging = latest(built, "table/retail/stg_transactions").metadata["dagster/column_lineage"].value
    sources = {(d.asset_key.to_user_string(), d.column_name) for d in staging.deps_by_column["sales_value"]}
    assert ("raw/retail/transactions", "sales_value") in sources


def test_the_endpoint_answers_with_the_models_own_probabilities(built: Installation) -> None:
    from assets.models.scoring import Model

    rows = held_out_rows(built.settings, 6)
    objects = ports.objects(built.settings)
    champion = Model.open(objects.path(MODEL, objects.alias(MODEL, "champion") or ""))
    answered = httpx.post(
        f"{built.settings.endpoints}/predict/{model_name(MODEL)}",
        json={"rows": [{i.name: row[i.name] for i in champion.signature.inputs} for row in rows]},
        timeout=10,
    )
    assert answered.status_code == 200, answered.text
    assert answered.json()["probabilities"] == pytest.approx(champion.score(pl.DataFrame(rows)).tolist(), abs=1e-6)


def test_one_changed_week_and_one_changed_document_recompute_only_what_depends_on_them(built: Installation) -> None:
    settings = built.settings
    drop = settings.drops / "retail" / "transactions" / f"{CHANGED_WEEK}.parquet"
    drop.parent.mkdir(parents=True)
    week = pl.read_parquet(built.retail / "transactions.parquet").filter(
        pl.col("transaction_timestamp").is_between(pl.datetime(2017, 6, 5, 4), pl.datetime(2017, 6, 12, 3, 59, 59))
    )
    week = week.filter(week=week["week"].mode()[0])
    week.with_columns(pl.col("sales_value") * 2).write_parquet(drop)
    document = next((built.folder / "handbook").glob("*.md"))
    document.write_text(document.read_text(encoding="utf-8") + "\n\nThe help desk opens at 06:45.\n", encoding="utf-8")

    outcome_keys: dict[str, set[str | None]] = {}
    outcome = runner(built).update(None, lambda event, at: None)
    assert outcome.failed == []
    for key, partition in outcome.ran:
        outcome_keys.setdefault(key.to_user_string(), set()).add(partition)
    for name in ("raw/retail/transactions", "table/retail/baskets", "table/retail/sales_daily"):
        assert outcome_keys[name] == {CHANGED_WEEK}, name
    untouched = {f"raw/retail/{t}" for t in ("products", "promotions", "demographics", "campaigns", "coupons")}
    assert not untouched & set(outcome_keys)
    assert {"feature/retail/household_weekly", "dataset/retail/coupon_propensity"} <= set(outcome_keys)
    documents = latest(built, "doc/retail/handbook").metadata
    assert documents["parsed"].value == 1
    assert latest(built, "index/retail/handbook").metadata["embedded"].value <= 3
    assert runner(built).plan() == []
