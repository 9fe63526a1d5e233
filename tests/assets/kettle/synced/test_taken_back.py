"""What a run wrote becomes a version of the catalogue's entry, its figures a measurement; a mismatch turns red."""

import dagster as dg
import pytest

from assets.catalog.facts import KIND
from assets.catalog.record import accept
from assets.catalog.registration_defs import bring_up_to_date
from assets.kettle.checks import ACCEPTED
from tests.assets.kettle.flow import Flow, grid
from tests.assets.kettle.synced.conftest import Site

SALES = "table/shop/sales"


def loading(site: Site, amount: str = "Integer", extra: bool = False) -> Flow:
    """Three rows, one amount of them null -> a table that the file makes itself."""
    change = [("name", "amount"), ("rename", "amount"), ("type", amount), ("length", "-2"), ("precision", "-2")]
    columns = {"id": "Integer", "amount": "String"} | ({"city": "String"} if extra else {})
    rows = [(1, "5", "Ulm"), (2, None, "Bonn"), (3, "7", None)]
    sql = "drop table if exists sales; create table sales (id integer, amount, city text)"
    flow = Flow().database(site.connection()).step("Make", "ExecSQL", connection="shop", sql=sql)
    flow.step("Rows", "DataGrid", grid(columns, [r[: len(columns)] for r in rows]))
    flow.step("Types", "SelectValues", [("fields", [("meta", change)])])
    flow.step("Load", "TableOutput", connection="shop", table="sales", truncate="Y")
    return flow.hop("Rows", "Types", "Load")


def accepted(result: dg.ExecuteInProcessResult) -> dg.AssetCheckEvaluation:
    return next(c for c in result.get_asset_check_evaluations() if c.check_name == ACCEPTED)


@pytest.mark.covers("DATA-022")
def test_a_run_that_changes_the_type_makes_a_version_and_turns_the_check_red(lite: Site) -> None:
    lite.add("load.ktr", loading(lite))
    first = lite.run()
    assert first.success and accepted(first).passed
    (one,) = lite.versions.history(KIND, SALES)
    assert (one.number, one.change.run, one.change.cause) == (1, first.run_id, "run of load.ktr")
    assert one.document is not None
    assert [(c["name"], c["type"].partition("(")[0]) for c in one.document["columns"]] == [
        ("id", "Integer"),
        ("amount", "Integer"),
    ]
    (measured,) = lite.versions.measured(KIND, SALES)
    assert measured[1] == first.run_id
    assert measured[2]["rows"] == measured[2]["loaded"] == 3
    assert measured[2]["nulls"] == {"id": 0.0, "amount": pytest.approx(1 / 3)}

    again = lite.run()
    assert again.success and accepted(again).passed
    assert [v.number for v in lite.versions.history(KIND, SALES)] == [1]
    assert [m[1] for m in lite.versions.measured(KIND, SALES, 5)] == [again.run_id, first.run_id]

    lite.add("load.ktr", loading(lite, "Number"))
    other = lite.run()
    assert other.success and not accepted(other).passed
    assert "amount: type: Integer" in str(accepted(other).description) and "Number" in str(accepted(other).description)
    last = lite.versions.history(KIND, SALES)[-1]
    assert (last.number, last.change.run) == (2, other.run_id)
    assert not accepted(lite.run()).passed  # it waits for a person, not for another run
    accept(lite.versions, SALES, "ann")
    assert accepted(lite.run()).passed and len(lite.versions.history(KIND, SALES)) == 2


def test_a_new_column_is_a_version_and_no_mismatch_and_a_lost_one_is(lite: Site) -> None:
    lite.add("load.ktr", loading(lite))
    lite.run()
    lite.add("load.ktr", loading(lite, extra=True))
    assert accepted(lite.run()).passed and len(lite.versions.history(KIND, SALES)) == 2
    lite.add("load.ktr", loading(lite))
    lost = accepted(lite.run())
    assert not lost.passed and "city: column removed" in str(lost.description)
    lite.add("load.ktr", loading(lite, extra=True))
    assert accepted(lite.run()).passed  # what came back breaks nobody


def test_a_run_that_fails_takes_nothing_back(lite: Site) -> None:
    flow = loading(lite)
    flow.model.steps["Load"].options.element.find("table").text = "nowhere"
    lite.add("load.ktr", flow)
    assert not lite.run().success
    assert lite.versions.history(KIND, "table/shop/nowhere") == []


def test_registering_the_assets_after_the_run_changes_no_column(lite: Site) -> None:
    lite.add("load.ktr", loading(lite))
    assert lite.run().success
    (before,) = lite.versions.history(KIND, SALES)
    graph = lite.definitions().get_repository_def().asset_graph
    bring_up_to_date(lite.settings, graph, lite.instance)
    after = lite.versions.get(KIND, SALES)
    assert before.document and after and after.document and after.document["file"] == "load.ktr"
    assert after.document["columns"] == before.document["columns"]
    assert lite.versions.measured(KIND, SALES)[0][2]["nulls"]["amount"] == pytest.approx(1 / 3)
    assert accepted(lite.run()).passed and lite.versions.history(KIND, SALES)[-1].number == after.number
