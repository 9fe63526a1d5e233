"""Accepted plans and golden declarations as assets: rows, checks, lineage, refusal, identifiers that stay."""

from pathlib import Path

import dagster as dg
import polars as pl
import pytest

from assets.kit import specs_of
from assets.quality.fusion.files import PlanFiles
from assets.quality.fusion.model import Join, KeyPair, Plan
from assets.quality.fusion_defs import definitions
from assets.quality.linkage.labels import judge, labels_path
from core.naming import TableName
from core.settings import Settings, load
from resources.defs import build_resources
from resources.open import warehouse
from tests.assets.quality.fusion.shop import LEFT, RIGHT, customers, orders, truth

KEY = KeyPair(left="customer", right="id", fixes_left=("trim", "width", "prefix", "leading_zeros"))
GOLDEN = """kind: golden
asset: table/shop/people_golden
sources:
  - {table: raw/crm/customers, id: id}
compare: {name: , phone: code}
"""


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("HEDDLE_HOME", str(tmp_path))
    monkeypatch.setenv("HEDDLE_QUALITY", str(tmp_path / "quality"))
    settings = load()
    warehouse(settings).write(TableName("raw_shop", "orders"), orders())
    warehouse(settings).write(TableName("raw_crm", "customers"), customers())
    return settings


def built(site: Settings) -> dg.ExecuteInProcessResult:
    sources = dg.Definitions(assets=[dg.AssetSpec(dg.AssetKey(k.split("/"))) for k in (LEFT, RIGHT)])
    made = dg.Definitions.merge(
        sources, definitions(site, [sources]), dg.Definitions(resources=build_resources(site, None))
    )
    return made.resolve_implicit_global_asset_job_def().execute_in_process(
        raise_on_error=False, asset_selection=list(made.resolve_asset_graph().materializable_asset_keys)
    )


def plan(site: Settings, status: str = "accepted") -> None:
    files = PlanFiles(site.quality)
    files.write(Plan(asset="table/shop/fused", left=LEFT, joins=(Join(right=RIGHT, keys=(KEY,)),)))
    if status == "accepted":
        files.decide("table/shop/fused", "accepted", "ann")


@pytest.mark.covers("DATA-042")
def test_an_accepted_plan_is_an_asset_with_truth_checks_and_lineage(site: Settings) -> None:
    plan(site)
    result = built(site)
    assert result.success
    checks = {c.check_name: c.passed for c in result.get_asset_check_evaluations()}
    assert checks == {"no_row_multiplied": True, "rows_as_predicted": True}
    rows = warehouse(site).query("select order_id, id from table_shop.fused").rows()
    assert len(rows) == 200 and set(rows) == truth("left")
    (told,) = result.asset_materializations_for_node("table__shop__fused")
    lineage = told.metadata["dagster/column_lineage"].value.deps_by_column
    assert [(d.asset_key.to_user_string(), d.column_name) for d in lineage["name"]] == [(RIGHT, "name")]
    assert [d.column_name for d in lineage["customers_amount"]] == ["amount"]
    assert "many-to-one" in told.metadata["joins"].value


@pytest.mark.covers("DATA-042")
def test_fan_out_is_caught_by_a_blocking_check_and_nothing_is_replaced(site: Settings) -> None:
    plan(site)
    assert built(site).success
    warehouse(site).write(TableName("raw_crm", "customers"), customers(twice=True))
    result = built(site)
    assert not result.success
    (check,) = result.get_asset_check_evaluations()
    assert (check.check_name, check.passed, check.blocking) == ("no_row_multiplied", False, True)
    assert "would add" in (check.description or "")
    assert not result.asset_materializations_for_node("table__shop__fused")
    assert warehouse(site).info(TableName("table_shop", "fused")).rows == 200


def test_only_accepted_plans_of_known_tables_are_assets(site: Settings, caplog: pytest.LogCaptureFixture) -> None:
    plan(site, "proposed")
    sources = dg.Definitions(assets=[dg.AssetSpec(dg.AssetKey(LEFT.split("/")))])
    assert not list(definitions(site, [sources]).assets or ())
    assert not caplog.text
    PlanFiles(site.quality).decide("table/shop/fused", "accepted", "ann")
    assert not list(definitions(site, [sources]).assets or ())
    assert f"table/shop/fused is no asset: there is no asset {RIGHT} that" in caplog.text


def test_a_golden_table_is_an_asset_and_its_identifiers_stay(site: Settings) -> None:
    folder = site.quality / "fusion"
    folder.mkdir(parents=True)
    (folder / "people.yaml").write_text(GOLDEN)
    names = [f"{a} {b}" for a in ("anna", "boris", "clara") for b in ("archer", "baxter", "cole")]
    phones = [f"07{n * 7919 % 10**8:08d}" for n in range(1, 10)]
    frame = pl.DataFrame({"id": range(18), "name": names + [n.upper() for n in names], "phone": phones * 2})
    warehouse(site).write(TableName("raw_crm", "customers"), frame)
    result = built(site)
    assert result.success
    store = warehouse(site)
    first = store.query("select record, entity from table_shop.people_golden_links order by record").rows()
    assert len(first) == 18 and len({e for _, e in first}) == 9
    told = {m.asset_key.path[-1]: m for m in result.asset_materializations_for_node("shop__people_golden")}
    assert told["people_golden"].metadata["things"].value == 9
    assert "precision 1.000" in told["people_golden"].metadata["estimate"].value
    assert "phone: same: 9 pairs" in told["people_golden"].metadata["keys"].value
    lineage = told["people_golden"].metadata["dagster/column_lineage"].value.deps_by_column
    assert {d.column_name for d in lineage["entity"]} == {"name", "phone"}
    ways = {n: m.metadata["dagster/column_lineage"].value.deps_by_column for n, m in told.items()}
    for column in ("value", "rivals"):  # tags of personal data go on to the tables beside
        assert {d.column_name for d in ways["people_golden_cells"][column]} == {"name", "phone"}
    assert {d.column_name for d in ways["people_golden_unsure"]["left_record"]} == {"id"}
    assert {d.column_name for d in ways["people_golden_links"]["record"]} == {"id"}
    assert not ways["people_golden"].get("records")
    cells = store.query('select "column", rivals from table_shop.people_golden_cells').rows()
    assert ("name", "ANNA ARCHER") in cells or ("name", "anna archer") in cells
    assert built(site).success
    assert store.query("select record, entity from table_shop.people_golden_links order by record").rows() == first
    unsure = store.query("select * from table_shop.people_golden_unsure order by rank")
    assert unsure["rank"].to_list() == list(range(1, len(unsure) + 1)) and len(unsure)
    assert set(unsure["left_record"]) <= {str(n) for n in range(18)} and unsure["probability"].is_between(0, 1).all()


def test_another_declaration_or_word_of_a_person_is_another_version(site: Settings) -> None:
    path = site.quality / "fusion" / "people.yaml"
    path.parent.mkdir(parents=True)
    sources = dg.Definitions(assets=[dg.AssetSpec(dg.AssetKey(RIGHT.split("/")))])

    def versions() -> set[str | None]:
        return {s.code_version for s in specs_of(definitions(site, [sources]))}

    path.write_text(GOLDEN)
    first = versions()
    judge(labels_path(path), f"{RIGHT}:1", f"{RIGHT}:2", False, "ann")
    second = versions()
    path.write_text(GOLDEN + "threshold: 0.9\n")
    assert len(first | second | versions()) == 3


def test_golden_tables_are_replaced_together_or_not_at_all(site: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    path, store = site.quality / "fusion" / "people.yaml", warehouse(site)
    path.parent.mkdir(parents=True)
    path.write_text(GOLDEN)
    frame = pl.DataFrame({"id": range(4), "name": ["anna", "bo", "anna", "cy"], "phone": ["1", "2", "1", "3"]})
    store.write(TableName("raw_crm", "customers"), frame)
    assert built(site).success
    names = [f"table_shop.people_golden{end}" for end in ("", "_cells", "_links", "_unsure")]
    before = [store.query(f"select * from {n}").sort(pl.all()).rows() for n in names]
    store.write(TableName("raw_crm", "customers"), frame.with_columns(name=pl.lit("dora")))
    monkeypatch.setattr("assets.quality.linkage.golden._unsure", lambda *_: pl.DataFrame({"x": [object()]}))
    assert not built(site).success  # the last of the four cannot be written
    assert [store.query(f"select * from {n}").sort(pl.all()).rows() for n in names] == before
