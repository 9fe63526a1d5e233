"""Cleaned, imputed, mapped and fused tables of persons: no value in a store beside the data; tags go on to them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import dagster as dg
import polars as pl
import pytest

from assets.catalog.lineage.from_runs import Made, run_stated
from assets.catalog.lineage.store import LineageStore
from assets.catalog.tags.ways import ways
from assets.quality import defs, fusion_defs, imputation_defs, mapping_defs
from assets.quality.fusion.files import PlanFiles
from assets.quality.fusion.model import Join, KeyPair, Plan
from assets.quality.impute.spec import Spec, save
from assets.quality.mapping.files import MappingFiles
from assets.quality.mapping.model import FieldMap, Mapping_
from assets.quality.rules.files import RuleFiles
from assets.quality.rules.model import Rule
from core.naming import TableName
from core.settings import Settings
from resources.defs import build_resources
from resources.open import warehouse
from tests.assets.security.protect import site

RAW, OTHER = "raw/crm/people", "raw/crm/visits"
PERSONAL = ("phone", "card", "mail")


def people() -> pl.DataFrame:
    """Persons with faults for each rule, and gaps in a column that another one explains."""
    found = site.people().select("customer", phone="手机", card="证件号", mail="email").with_row_index("id")
    odd = pl.col("id") % 17 == 0
    return found.with_columns(
        phone=pl.when(odd).then(" " + pl.col("phone")).otherwise("phone"),
        mail=pl.when(pl.col("id") % 19 == 0).then(pl.col("mail").str.replace("@", "#")).otherwise("mail"),
        orders=pl.col("id") * 3.0,
        total=pl.when(pl.col("id") % 9 == 0).then(None).otherwise(pl.col("id") * 2.0),
    )


@pytest.fixture
def settings(make_settings: Callable[..., Settings], tmp_path: Path) -> Settings:
    """The warehouse is not under home, so that everything below home can be searched."""
    (tmp_path / "data").mkdir()
    url = f"duckdb:///{tmp_path}/data/warehouse.duckdb"
    made = make_settings(warehouse=url, quality=tmp_path / "quality")
    store, frame = warehouse(made), people()
    store.write(TableName("raw_crm", "people"), frame)
    store.write(TableName("raw_crm", "visits"), frame.select("card", "mail"))
    rules = [
        Rule.make("normalise", RAW, ["phone"], {"forms": ["trim"]}, action="repair"),
        Rule.make("pattern", RAW, ["mail"], {"pattern": ".+@.+"}, action="reject"),
        Rule.make("unique", RAW, ["card"], action="report"),
        Rule.make("in_set", RAW, ["phone"], {"values": ["-"]}, action="report"),
    ]
    files = RuleFiles(made.quality)
    files.merge(RAW, rules)
    files.decide(RAW, [r.id for r in rules], "accepted", "ann")
    save(made.quality, Spec(name="people", table=RAW, keep=("id", "customer"), order=("id",)))
    fields = [FieldMap(target=f"the_{c}", sources=(c,), confidence=1, status="accepted") for c in ("phone", "card")]
    cast = FieldMap(
        target="number", sources=("mail",), transform="cast", params={"to": "integer"}, status="accepted", confidence=1
    )
    MappingFiles(made.quality).merge(
        Mapping_(name="mapped", source=RAW, target="table/x/y", asset="", failing="cell", fields=(*fields, cast))
    )
    join = Join(right=OTHER, keys=(KeyPair(left="card", right="card"),))
    plans = PlanFiles(made.quality)
    plans.write(Plan(asset="table/crm/fused", left=RAW, joins=(join,)))
    plans.decide("table/crm/fused", "accepted", "ann")
    return made


def built(settings: Settings, instance: dg.DagsterInstance) -> dg.ExecuteInProcessResult:
    sources = dg.Definitions(assets=[dg.AssetSpec(dg.AssetKey(k.split("/"))) for k in (RAW, OTHER)])
    parts = [module.definitions(settings, [sources]) for module in (defs, imputation_defs, mapping_defs, fusion_defs)]
    made = dg.Definitions.merge(sources, *parts, dg.Definitions(resources=build_resources(settings, None)))
    job = dg.define_asset_job("all", selection=dg.AssetSelection.all())
    every = dg.Definitions.merge(made, dg.Definitions(jobs=[job])).resolve_job_def("all")
    return every.execute_in_process(instance=instance, raise_on_error=False)


def test_no_value_is_told_and_tags_go_on(
    settings: Settings, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    frame = people()
    (settings.home / "dagster").mkdir(parents=True)
    with dg.DagsterInstance.local_temp(str(settings.home / "dagster")) as instance:
        done = built(settings, instance)
        failed = [e for e in done.all_events if e.is_failure]
        assert done.success, failed
        logs = capfd.readouterr()
        said = repr(done.all_events) + caplog.text + logs.out + logs.err
        kept = LineageStore(settings.catalog)
        for event in done.all_events:
            if event.is_step_materialization:
                found = event.step_materialization_data.materialization
                key = "/".join(found.asset_key.path)
                lineage: Any = found.metadata.get("dagster/column_lineage")
                deps = lineage.value.deps_by_column if lineage is not None else {}
                columns = {c: [("/".join(d.asset_key.path), d.column_name) for d in ds] for c, ds in deps.items()}
                kept.put([run_stated(Made(key, "r", "2026-01-01", "c", columns=columns), (), "")])
        values = {str(v).strip() for c in PERSONAL for v in frame[c]}
        held = site.stores(settings.home)
        assert len(held) > 3
        assert not [v for v in values if v in said]
        bad = {
            p.relative_to(settings.home) for p, content in held.items() if any(v.encode() in content for v in values)
        }
        assert not bad
    ends = {way.end for way in ways(kept, {}) if way.start == (RAW, "phone")}
    wanted = {
        ("table/crm/people_clean", "phone"), ("table/crm/people_rejected", "phone"),
        ("table/crm/people_changes", "before"), ("table/crm/people_changes", "after"),
        ("table/crm/people_imputed", "phone"), ("table/crm/mapped", "the_phone"),
        ("table/crm/mapped_rejects", "phone"), ("table/crm/fused", "phone"),
    }  # fmt: skip
    assert wanted <= ends
