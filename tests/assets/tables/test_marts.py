"""What dbt builds, against the same figures computed with polars from the source files, on both engines."""

from pathlib import Path

import polars as pl
import pytest

from assets.tables.build import describe
from assets.tables.content import columns
from assets.tables.dbt_run import Dbt
from assets.tables.specs import load as load_models
from tests.assets.tables.conftest import Site


@pytest.fixture(scope="module")
def lines(retail_sample: Path) -> pl.LazyFrame:
    products = pl.scan_parquet(retail_sample / "products.parquet").select("product_id", "department")
    local = pl.col("transaction_timestamp").dt.replace_time_zone("UTC").dt.convert_time_zone("America/New_York")
    return (
        pl.scan_parquet(retail_sample / "transactions.parquet")
        .with_columns(sale_date=local.dt.date(), cents=(pl.col("sales_value") * 100).round().cast(pl.Int64))
        .join(products, on="product_id", how="left")
        .with_columns(department=pl.col("department").fill_null("UNKNOWN"))
    )


def test_baskets(built: Site, lines: pl.LazyFrame) -> None:
    expected = lines.group_by("basket_id").agg(
        pl.col("household_id").first(), pl.col("sale_date").min(), pl.len().alias("lines"), pl.col("cents").sum()
    )
    found = built.rows(
        "select basket_id, household_id, basket_date, lines, cast(round(sales_value * 100) as bigint)"
        " from table_retail.baskets order by 1"
    )
    assert found == expected.sort("basket_id").collect().rows()
    assert len(found) > 1000


def test_sales_by_day_store_and_department(built: Site, lines: pl.LazyFrame) -> None:
    keys = ["sale_date", "store_id", "department"]
    expected = lines.group_by(keys).agg(
        pl.col("cents").sum(), pl.col("quantity").sum(), pl.col("basket_id").n_unique().cast(pl.Int64)
    )
    found = built.warehouse.query(
        "select sale_date, store_id, department, cast(round(sales_value * 100) as bigint) as cents, quantity, baskets"
        " from table_retail.sales_daily"
    )
    assert found.sort(keys).rows() == expected.sort(keys).collect().rows()


def test_households_and_their_demographics(built: Site, lines: pl.LazyFrame, retail_sample: Path) -> None:
    shopped = lines.group_by("household_id").agg(pl.col("basket_id").n_unique().cast(pl.Int64).alias("baskets"))
    about = pl.scan_parquet(retail_sample / "demographics.parquet").select("household_id", "age")
    expected = shopped.join(about, on="household_id", how="left").select("household_id", "baskets", "age")
    found = built.rows("select household_id, baskets, age from table_retail.households order by 1")
    assert found == expected.sort("household_id").collect().rows()
    assert {row[2] is None for row in found} == {True, False}


def test_coupon_funnel(built: Site, retail_sample: Path) -> None:
    sent = pl.scan_parquet(retail_sample / "campaigns.parquet").group_by("campaign_id").agg(sent=pl.len())
    used = (
        pl.scan_parquet(retail_sample / "coupon_redemptions.parquet")
        .group_by("campaign_id")
        .agg(households=pl.col("household_id").n_unique(), coupons=pl.len())
    )
    expected = sent.join(used, on="campaign_id", how="left").fill_null(0).sort("campaign_id").collect()
    found = built.rows(
        "select campaign_id, sent_households, redeemed_households, coupons_redeemed, conversion"
        " from table_retail.coupon_funnel order by 1"
    )
    assert [row[:4] for row in found] == expected.rows()
    assert [row[4] for row in found] == pytest.approx([r[2] / r[1] for r in expected.rows()])
    assert sum(row[3] for row in found) > 0  # type: ignore[misc]


def test_every_model_and_column_is_described(built: Site) -> None:
    found = columns(built.warehouse, ["table_retail"])
    for model in load_models():
        assert len(model.description) > 20, model.name
        described = {c.name for c in model.columns if len(c.description) > 3}
        assert described == {c.name for c in found[f"table_retail.{model.name}"]}, model.name


def test_all_data_and_unit_tests_pass(built: Site) -> None:
    data = [t.name for m in load_models() for t in m.tests]
    results = Dbt(built.settings).test([*data, "test_type:unit"], lambda _: None)
    assert {r.name: r.status for r in results if r.status != "pass"} == {}
    assert {"a_basket_adds_up_its_lines", "a_late_sale_belongs_to_the_stores_day"} <= {r.name for r in results}
    assert len(results) >= len(data) + 2 > 30


def test_lineage_reaches_the_raw_columns(built: Site) -> None:
    models = load_models()
    results = Dbt(built.settings).run(["stg_transactions", "coupon_funnel", "calendar"], None, lambda _: None)
    made = describe(built.warehouse, models, results, None)

    def sources(model: str, column: str) -> set[tuple[str, str]]:
        return {(s.asset, s.column) for s in made[model].lineage.sources[column]}

    assert sources("stg_transactions", "sale_date") == {("raw/retail/transactions", "transaction_timestamp")}
    assert sources("coupon_funnel", "conversion") == {("table/retail/stg_redemptions", "household_id")}
    assert sources("calendar", "date_day") == set()
