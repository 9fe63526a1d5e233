"""Descriptions without running: lineage by hand-made labels, unsupported steps, databases that nobody reaches."""

from pathlib import Path

import pytest

from assets.catalog.lineage.from_kettle import kettle_lineage
from assets.catalog.lineage.model import DATA
from assets.kettle.describe import describe
from assets.kettle.described import FileInfo
from assets.kettle.files.write import to_bytes
from assets.kettle.model import Connection
from tests.assets.kettle.flow import Flow, grid

EXAMPLES = Path(__file__).parents[4] / "examples" / "kettle"
REDEMPTIONS, CAMPAIGNS, USE = (
    f"warehouse:{name}"
    for name in ("raw_retail.coupon_redemptions", "raw_retail.campaign_descriptions", "table_retail.coupon_use")
)
# by hand, from the files: target column -> source columns
LABELS = {
    "coupon_use.ktr": {
        "household_id": {(REDEMPTIONS, "household_id")},
        "campaign_id": {(REDEMPTIONS, "campaign_id")},
        "campaign_type": {(CAMPAIGNS, "campaign_type")},
        "coupon_upc": {(REDEMPTIONS, "coupon_upc")},
        "redemption_date": {(REDEMPTIONS, "redemption_date")},
        "days_after_start": {(REDEMPTIONS, "redemption_date"), (CAMPAIGNS, "start_date")},
    },
    "coupon_habits.ktr": {
        "household_id": {(USE, "household_id")},
        "redemptions": {(USE, "campaign_id")},
        "campaigns": {(USE, "campaign_id")},
        "mean_days": {(USE, "days_after_start")},
        "habit": {(USE, "campaign_id")},
    },
}


def sources(info: FileInfo) -> dict[str, set[tuple[str, str]]]:
    (output,) = info.outputs
    return {column: {(s.place, s.column) for s in found} for column, found in output.lineage.items()}


@pytest.mark.parametrize("name", LABELS)
def test_columns_are_traced_as_labelled_by_hand(name: str) -> None:
    info = describe(EXAMPLES / name)
    assert info.problems == []
    assert sources(info) == LABELS[name]


def test_each_step_on_the_way_says_what_it_does() -> None:
    (output,) = describe(EXAMPLES / "coupon_use.ktr").outputs
    way = next(s.way for s in output.lineage["days_after_start"] if s.column == "start_date")
    assert [(hop.step, hop.words) for hop in way] == [
        ("Read campaigns", "read"),
        ("Look up campaign", "looked up in Read campaigns by campaign_id = campaign_id"),
        ("Days after start", "DATE_DIFF(redemption_date, start_date)"),
        ("Redeemed in time?", "unchanged"),
        ("Choose columns", "unchanged"),
    ]


def described(flow: Flow, tmp_path: Path) -> FileInfo:
    path = tmp_path / "flow.ktr"
    path.write_bytes(to_bytes(flow.model))
    return describe(path)


def database_flow(sql: str) -> Flow:
    far = Connection("far", "POSTGRESQL", host="db.invalid", database="x", user="u", password="p")
    flow = Flow().database(far).step("Read", "TableInput", connection="far", sql=sql)
    return flow.step("Write", "TableOutput", connection="far", table="target").hop("Read", "Write")


def test_a_database_that_cannot_be_reached_leaves_what_the_query_names(tmp_path: Path) -> None:
    info = described(
        database_flow("select o.id, upper(c.name) as who from s.orders o join s.customers c using (id)"), tmp_path
    )
    assert info.problems == []
    assert sources(info) == {"id": {("far:s.orders", "id")}, "who": {("far:s.customers", "name")}}
    assert {f.type for f in info.outputs[0].fields} == {""}  # types are not known


def test_a_query_that_names_no_columns_is_told_and_its_tables_stay(tmp_path: Path) -> None:
    info = described(database_flow("select * from s.orders"), tmp_path)
    assert [s.name for s in info.steps if s.problem] == ["Read", "Write"]
    assert [(p.name, p.step) for p in info.reads] == [("s.orders", "Read")]
    assert [o.place.name for o in info.outputs] == ["target"]


def test_unsupported_steps_are_named_and_the_rest_is_described(tmp_path: Path) -> None:
    flow = Flow().step("in", "DataGrid", grid({"n": "Integer"}, [(1,)])).step("odd", "NoSuchStep").hop("in", "odd")
    info = described(flow, tmp_path)
    assert info.unsupported == ["odd (NoSuchStep)"]
    assert info.steps[0].fields is not None and info.steps[0].fields[0].type == "Integer"
    assert "NoSuchStep" in info.problems[0]


def test_rejected_rows_are_traced_too(tmp_path: Path) -> None:
    meta = [("meta", [("name", "n"), ("rename", "n"), ("type", "Integer")])]
    flow = Flow().database(Connection("far", "POSTGRESQL", host="db.invalid", database="x"))
    flow.step("Read", "TableInput", connection="far", sql="select n from t").step(
        "convert", "SelectValues", [("fields", meta)]
    )
    flow.step("bad", "TableOutput", connection="far", table="bad").step("good", "Dummy").hop("Read", "convert", "good")
    info = described(flow.errors("convert", "bad", descriptions_valuename="why"), tmp_path)
    (output,) = info.outputs
    assert [(s.place, s.column, s.way[-1].words) for s in output.lineage["n"]] == [("far:t", "n", "failing rows")]
    assert [(s.place, s.way[-1].words) for s in output.lineage["why"]] == [("", "describes the error")]
    assert info.error_hops == (("convert", "bad"),)


def test_a_job_tells_its_calls_and_its_schedule() -> None:
    info = describe(EXAMPLES / "coupons.kjb")
    assert {entry: Path(path).name for entry, path in info.calls.items()} == {
        "Redeemed coupons": "coupon_use.ktr",
        "Coupon habits": "coupon_habits.ktr",
    }
    assert info.cron == "30 6 * * *"
    assert info.problems == []


def test_what_decides_on_rows_is_told_apart_from_values(tmp_path: Path) -> None:
    far = Connection("far", "POSTGRESQL", host="db.invalid", database="x", user="u", password="p")
    flow = Flow().database(far)
    for name, columns in (("orders", "id, total, state"), ("people", "pid, town")):
        flow = flow.step(name, "TableInput", connection="far", sql=f"select {columns} from s.{name}")
    keys = [("keys_1", [("key", "id")]), ("keys_2", [("key", "pid")])]
    value = [("name", "c"), ("type", "String"), ("text", "open"), ("isnull", "N"), ("mask", "")]
    condition = [("negated", "N"), ("leftvalue", "state"), ("function", "="), ("rightvalue", ""), ("value", value)]
    sums = [("aggregate", "sum"), ("subject", "total"), ("type", "SUM")]
    flow = (
        flow.step("join", "MergeJoin", [("join_type", "INNER"), ("step1", "orders"), ("step2", "people"), *keys])
        .step("open?", "FilterRows", [("compare", [("condition", condition)])])
        .step("per town", "MemoryGroupBy", [("group", [("field", [("name", "town")])]), ("fields", [("field", sums)])])
        .step("write", "TableOutput", connection="far", table="target")
        .step("apart", "FilterRows", [("compare", [("condition", condition)])])
        .hop("orders", "join", "open?", "per town", "write")
        .hop("people", "join")
        .hop("orders", "apart")
    )
    (output,) = described(flow, tmp_path).outputs
    assert {(r.place, r.column, r.step, r.kind) for r in output.rows} == {
        ("far:s.orders", "id", "join", "join"),
        ("far:s.people", "pid", "join", "join"),
        ("far:s.orders", "state", "open?", "filter"),
        ("far:s.people", "town", "per town", "group"),
    }
    assert {c for s in output.lineage.values() for _, c in {(x.place, x.column) for x in s}} == {"town", "total"}
    (stated,) = kettle_lineage(tmp_path, [described(flow, tmp_path).model_copy(update={"name": "flow.ktr"})])
    told = {(e.from_key, e.from_column, e.kind) for e in stated.edges if e.kind != DATA}
    assert ("raw/far/s_orders", "state", "filter") in told and len(told) == 4
