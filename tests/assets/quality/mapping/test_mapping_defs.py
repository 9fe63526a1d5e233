"""Accepted mappings as assets: table, reject table, lineage, checks, and what a changed mapping does to versions."""

from pathlib import Path

import dagster as dg
import pytest

from assets.quality.mapping.files import MappingFiles
from assets.quality.mapping.model import Mapping_
from assets.quality.mapping.suggest import suggest
from assets.quality.mapping_defs import definitions
from core.errors import SourceError
from core.naming import TableName
from core.settings import Settings, load
from resources.defs import build_resources
from resources.open import warehouse
from tests.assets.quality.mapping.made import accepted, tables

SOURCE = dg.AssetKey(["raw", "crm", "old"])
OUT = dg.AssetKey(["table", "crm", "customers"])


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("HEDDLE_HOME", str(tmp_path))
    monkeypatch.setenv("HEDDLE_QUALITY", str(tmp_path / "quality"))
    return load()


def mapping() -> Mapping_:
    old, new = tables(80)
    return accepted(suggest("customers", ("raw/crm/old", old), ("table/shop/new", new)))


def built(site: Settings, *others: dg.AssetKey) -> dg.Definitions:
    source = dg.Definitions(assets=[dg.AssetSpec(key) for key in (SOURCE, *others)])
    parts = (source, definitions(site, [source]), dg.Definitions(resources=build_resources(site, None)))
    return dg.Definitions.merge(*parts)


def run(site: Settings) -> dg.ExecuteInProcessResult:
    made = built(site)
    return made.resolve_implicit_global_asset_job_def().execute_in_process(
        asset_selection=list(made.resolve_asset_graph().materializable_asset_keys)
    )


def test_the_table_with_lineage_and_checks(site: Settings) -> None:
    old, new = tables(80)
    warehouse(site).write(TableName("raw_crm", "old"), old)
    MappingFiles(site.quality).merge(mapping())
    result = run(site)
    assert all(check.passed for check in result.get_asset_check_evaluations())
    rows = warehouse(site).query("select * from table_crm.customers order by customer_number")
    assert rows["gender"].to_list() == new["gender"].to_list()
    told = {m.asset_key: m.metadata for m in result.asset_materializations_for_node("table__crm__customers")}
    lineage = told[OUT]["dagster/column_lineage"].value.deps_by_column
    assert [d.column_name for d in lineage["full_name"]] == ["first_name", "last_name"]
    assert told[OUT]["rejected rows"].value == 0
    assert (
        run(site).asset_materializations_for_node("table__crm__customers")[0].metadata["heddle/version"]
        == (told[OUT]["heddle/version"])
    )


def test_rows_that_cannot_be_converted_are_kept_and_told(site: Settings) -> None:
    import polars as pl

    old = tables(80)[0].with_columns(
        birth=pl.when(pl.int_range(pl.len()) < 3).then(pl.lit("soon")).otherwise(pl.col("birth"))
    )
    warehouse(site).write(TableName("raw_crm", "old"), old)
    MappingFiles(site.quality).merge(mapping())
    result = run(site)
    passed = {check.check_name: check.passed for check in result.get_asset_check_evaluations()}
    assert passed == {"all_values_converted": False, "columns_as_accepted": True}
    gone = warehouse(site).query("select heddle_reasons, birth from table_crm.customers_rejects")
    assert gone["birth"].to_list() == ["soon"] * 3 and gone["heddle_reasons"][0].startswith("birth_date: is no date")
    assert warehouse(site).query("select count(*) from table_crm.customers").item() == 77


def test_what_is_not_accepted_or_known_makes_nothing(site: Settings) -> None:
    files = MappingFiles(site.quality)
    proposed = mapping()
    files.merge(
        proposed.model_copy(
            update={"fields": tuple(f.model_copy(update={"status": "proposed"}) for f in proposed.fields)}
        )
    )
    assert not definitions(site, [dg.Definitions(assets=[dg.AssetSpec(SOURCE)])]).assets
    files.decide("customers", ["gender"], "accepted", "ann")
    assert not definitions(site, []).assets
    first = {s.key: s.code_version for s in built(site).resolve_all_asset_specs()}
    files.decide("customers", ["email"], "accepted", "ann")
    assert {s.key: s.code_version for s in built(site).resolve_all_asset_specs()}[OUT] != first[OUT]
    with pytest.raises(SourceError, match="is an asset already"):
        built(site, OUT)
    again = mapping().model_copy(update={"name": "again", "asset": "table/crm/customers"})
    files.merge(again)
    with pytest.raises(SourceError, match=r"customers\.yaml: table/crm/customers is an asset already"):
        built(site)
    files.path("again").write_text(files.path("again").read_text().replace("crm/customers", "crm/customers_rejects"))
    with pytest.raises(SourceError, match="customers_rejects is an asset already"):
        built(site)
