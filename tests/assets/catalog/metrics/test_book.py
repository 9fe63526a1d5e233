"""Metric records: edited by version, compiled by the semantic layer, equal to hand-written SQL, traced to columns."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from assets.catalog.metrics.book import MetricBook, Source
from assets.catalog.metrics.model import MetricRecord
from assets.catalog.store.versions import Versions
from assets.tables.metrics import Question
from core.errors import ConflictError, HeddleError
from core.settings import Settings
from resources.open import warehouse

OWN = {
    "name": "private_units",
    "label": {"en": "Own-brand units", "zh": "自有品牌销量"},
    "calibre": "自有品牌商品的销售件数",
    "measure": {"model": "basket_lines", "agg": "sum", "expr": "quantity"},
    "filter": "brand = 'Private'",
    "dimensions": ["department"],
    "owner": "team:shop",
    "status": "active",
}
SHARE = {
    "name": "private_share",
    "calibre": "Own-brand units as a share of all units.",
    "kind": "derived",
    "expression": "private_units / nullif(units, 0)",
}


@pytest.fixture
def book(tmp_path: Path, make_settings: Callable[..., Settings]) -> MetricBook:
    files = tmp_path / "files"
    files.mkdir()
    settings = make_settings(catalog_files=files)
    return MetricBook(settings, Versions(settings.catalog))


def record(**fields: Any) -> MetricRecord:
    return MetricRecord.model_validate(fields)


@pytest.fixture(scope="module")
def lines(tmp_path_factory: pytest.TempPathFactory, retail_sample: Path) -> Path:
    """A warehouse with the table that the metrics read, from the sample's purchases."""
    import duckdb

    path = tmp_path_factory.mktemp("metrics") / "warehouse.duckdb"
    with duckdb.connect(str(path)) as db:
        db.execute("create schema table_retail")
        db.execute(
            "create table table_retail.basket_lines as select basket_id, household_id, store_id, quantity, sales_value,"
            " cast(transaction_timestamp as date) as sale_date, coalesce(department, 'UNKNOWN') as department,"
            " coalesce(brand, 'UNKNOWN') as brand, retail_disc as discount_value"
            f" from '{retail_sample}/transactions.parquet' left join '{retail_sample}/products.parquet'"
            " using (product_id)"
        )
    return path


@pytest.mark.covers("MLP-040", "RPT-006", "RM-015")
def test_the_values_are_those_of_hand_written_sql(book: MetricBook, lines: Path) -> None:
    book.put(record(**OWN), "ann", expected=0)
    book.put(record(**SHARE), "ann")
    book.put(
        record(
            name="big_lines",
            calibre="Lines of more than one unit.",
            measure={"model": "basket_lines", "agg": "count", "expr": "case when quantity > 1 then 1 end"},
        ),
        "ann",
    )
    book.settings.home.mkdir(parents=True, exist_ok=True)
    shutil.copy(lines, book.settings.home / "warehouse.duckdb")
    store = warehouse(book.settings)
    asked = Question(("private_units", "units", "private_share", "big_lines"), grain="month")
    found = book.layer("duckdb").query(store, asked)
    by_hand = store.query(
        "select cast(date_trunc('month', sale_date) as date) as month,"
        " cast(sum(quantity) filter (where brand = 'Private') as bigint) as p, cast(sum(quantity) as bigint) as u,"
        " cast(sum(quantity) filter (where brand = 'Private') as double) / sum(quantity) as s,"
        " count(*) filter (where quantity > 1) as b from table_retail.basket_lines group by 1 order by 1"
    )
    assert found.height == by_hand.height > 6
    for got, wanted in zip(found.rows(), by_hand.rows(), strict=True):
        assert got[0] == wanted[0] and [float(v) for v in got[1:]] == pytest.approx([float(v) for v in wanted[1:]])


@pytest.mark.covers("MLP-040", "RPT-006", "RM-015")
def test_lineage_goes_from_the_metric_to_its_columns(book: MetricBook) -> None:
    book.put(record(**OWN), "ann")
    book.put(record(**SHARE), "ann")
    table = "table/retail/basket_lines"
    assert set(book.lineage("private_units")) == {Source(table, "quantity", "value"), Source(table, "brand", "filter")}
    assert Source(table, "quantity", "value") in book.lineage("private_share")

    changed = OWN | {"measure": {"model": "basket_lines", "agg": "sum", "expr": "sales_value - discount_value"}}
    book.put(record(**changed), "bob")
    values = {s.column for s in book.lineage("private_units") if s.how == "value"}
    assert values == {"sales_value", "discount_value"}


def test_the_lineage_graph_has_the_records(book: MetricBook) -> None:
    from assets.catalog.lineage.from_sql import metric_lineage

    book.put(record(**OWN), "ann")
    book.put(record(**SHARE), "ann")
    edges = {s.name: {(e.from_key, e.from_column) for e in s.edges} for s in metric_lineage(book.semantics()[0])}
    assert edges["metric:private_units"] == {("table/retail/basket_lines", "quantity")}
    assert edges["metric:private_share"] == {("metric:private_units", "value"), ("metric:units", "value")}


def test_a_broken_record_is_named_and_takes_no_other_with_it(
    book: MetricBook, caplog: pytest.LogCaptureFixture
) -> None:
    import dagster as dg

    from assets.catalog.lineage.lineage_defs import refresh
    from assets.catalog.lineage.store import LineageStore

    book.put(record(**OWN), "ann")
    book.put(record(**SHARE), "ann")
    book.put(record(**OWN | {"name": "other_units"}), "ann")
    graph = dg.Definitions().resolve_asset_graph()
    with dg.DagsterInstance.ephemeral() as instance:
        assert "without" not in refresh(book.settings, graph, instance)
        folder = book.records.folder
        (folder / "private_units.yaml").write_text((folder / "private_units.yaml").read_text() + "colour: red\n")
        share = (folder / "private_share.yaml").read_text()
        (folder / "private_share.yaml").write_text(share.replace("units, 0", "unitz, 0"))
        said = refresh(book.settings, graph, instance)
    assert "without 2 metric records" in said
    assert f"{folder}/private_units.yaml: field colour" in said and "the fields are" in said
    assert f"{folder}/private_share.yaml: metric private_share: field expression" in said
    assert "private_units.yaml: field colour" in caplog.text
    kept = {s.name for s in LineageStore(book.settings.catalog).stated("definition")}
    assert {"metric:other_units", "metric:units", "metric:private_units", "metric:private_share"} <= kept


@pytest.mark.covers("MLP-040", "RPT-006", "RM-015")
def test_every_change_is_a_version_and_a_stale_one_is_refused(book: MetricBook) -> None:
    book.put(record(**OWN), "ann", expected=0)
    assert not book.put(record(**OWN), "ann"), "nothing changed"
    number = book.all()["private_units"].number
    book.put(record(**OWN | {"status": "draft"}), "bob", expected=number)
    with pytest.raises(ConflictError, match="at version 2, not 1"):
        book.put(record(**OWN | {"owner": "team:x"}), "cid", expected=number)
    path = book.records.folder / "private_units.yaml"
    assert "自有品牌销量" in path.read_text() and "team:x" not in path.read_text()
    path.write_text(path.read_text().replace("team:shop", "team:git"))  # pulled from git
    assert book.all()["private_units"].number == 3
    book.remove("private_units", "ann", expected=3)
    assert not path.exists() and book.all() == {}
    book.put(record(**OWN), "dan", expected=0)
    authors = [(v.number, v.change.author, v.document is None) for v in book.history("private_units")]
    assert sorted(authors) == [
        (1, "ann", False), (2, "bob", False), (3, "git", False), (4, "ann", True), (5, "dan", False),
    ]  # fmt: skip


def test_records_are_found_in_both_languages_and_by_field(book: MetricBook) -> None:
    book.put(record(**OWN), "ann")
    book.put(record(**SHARE), "ann")
    assert [k.record.name for k, _ in book.search("自有品牌销量")][:1] == ["private_units"]
    assert {k.record.name for k, _ in book.search("own brand units")} >= {"private_units"}
    assert [k.record.name for k, _ in book.search(kind="derived")] == ["private_share"]
    assert [k.record.name for k, _ in book.search(owner="team:shop", status="active")] == ["private_units"]
    assert [k.record.name for k, _ in book.search(dimension="department")] == ["private_units"]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"measure": "sale_value", "filter": ""}, "did you mean sales_value"),
        ({"measure": {"model": "basket_lines", "agg": "sum", "expr": "quantitty"}}, "did you mean quantity"),
        ({"measure": {"model": "basket_lines", "agg": "sum", "expr": "(select 1)"}}, "no plain expression"),
        ({"measure": {"model": "basket_lines", "agg": "sum", "expr": "quantity; drop table x"}}, "no SQL|no plain"),
        ({"filter": "{{ 7 * 7 }} = 49"}, "has braces"),
        ({"filter": "brandd = 'x'"}, "did you mean brand"),
        ({"dimensions": ["colour"]}, "field dimensions: 'colour' is not known"),
        ({"name": "sales"}, "dbt has a metric of this name"),
    ],
)  # fmt: skip
def test_a_wrong_record_is_refused_by_field_and_leaves_nothing(
    book: MetricBook, changes: dict[str, Any], told: str
) -> None:
    with pytest.raises(HeddleError, match=told):
        book.put(record(**OWN | changes), "ann")
    assert book.all() == {} and list(book.records.folder.iterdir()) == []


def test_circles_and_removed_parts_are_refused(book: MetricBook) -> None:
    book.put(record(**OWN), "ann")
    book.put(record(**SHARE), "ann")
    with pytest.raises(HeddleError, match="private_share is made of it"):
        book.remove("private_units", "ann")
    with pytest.raises(HeddleError, match="goes in a circle: private_share -> private_units -> private_share"):
        book.put(record(name="private_units", calibre="x", kind="derived", expression="private_share * 2"), "ann")


def test_a_record_may_describe_a_metric_of_dbt_and_bound_its_dimensions(book: MetricBook) -> None:
    book.put(record(name="sales", calibre="实收金额，折后", label={"zh": "销售额"}, dimensions=["department"]), "ann")
    layer = book.layer("duckdb")
    assert next(m for m in layer.list() if m.name == "sales").description == "实收金额，折后"
    assert "department" in layer.sql(Question(("sales",), ("department",)))
    with pytest.raises(HeddleError, match="unknown dimension of sales: brand"):
        layer.sql(Question(("sales",), ("brand",)))
