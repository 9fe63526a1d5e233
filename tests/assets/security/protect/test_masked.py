"""Masked tables as assets: no raw value in any store, log, event or error; lineage; the check; refusal."""

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

import dagster as dg
import polars as pl
import pytest

from assets.catalog.lineage.from_runs import Made, run_stated
from assets.catalog.lineage.store import LineageStore
from assets.catalog.tags.ways import masked, ways
from assets.security.protect.base import Scope
from assets.security.protect.keys import keyring
from assets.security.protect.methods.hash import kettle_key
from assets.security.protect.registry import method
from assets.security.protect.vault import Vault
from assets.security.protect_defs import CHECK, CODE, definitions
from core.hashing import code_version
from core.naming import TableName
from core.settings import Settings
from resources.open import warehouse
from tests.assets.security.protect import site

Captured = pytest.CaptureFixture[str]
OUT = TableName("table_crm", "people_masked")


@pytest.fixture(params=["duckdb", "postgresql"])
def settings(
    request: pytest.FixtureRequest,
    make_settings: Callable[..., Settings],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Settings:
    """The raw table's warehouse is not under home, so that everything below home can be searched."""
    (tmp_path / "raw").mkdir()
    url = f"duckdb:///{tmp_path}/raw/warehouse.duckdb"
    url = url if request.param == "duckdb" else request.getfixturevalue("postgres_url")
    monkeypatch.setenv("PROTECT_TEST_KEY", site.KEY)
    keys = "k1=env:PROTECT_TEST_KEY"
    made = make_settings(warehouse=url, protection=tmp_path / "protection", protection_keys=keys)
    site.write_policy(made)
    return made


@pytest.fixture
def instance(settings: Settings) -> Iterator[dg.DagsterInstance]:
    """An instance that keeps its events and logs below home."""
    (settings.home / "dagster").mkdir(parents=True)
    with dg.DagsterInstance.local_temp(str(settings.home / "dagster")) as made:
        yield made


def nothing_raw(settings: Settings, frame: pl.DataFrame, said: str) -> None:
    held = site.stores(settings.home)
    assert len(held) > 1
    for value in site.planted(frame):
        assert value.decode("latin-1") not in said and value.decode("utf-8", "ignore") not in said
        assert not [path for path, content in held.items() if value in content]
    assert not [path for path, content in held.items() if site.KEY.encode() in content]


@pytest.mark.covers("DATA-071", "OPS-073")
def test_a_masked_table_holds_and_leaves_nothing_raw(
    settings: Settings,
    instance: dg.DagsterInstance,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    frame = site.people()
    site.land(settings, frame)
    done = site.build(settings, instance)
    assert done.success
    (check,) = done.get_asset_check_evaluations()
    assert check.check_name == CHECK and check.passed
    out = warehouse(settings).query(f"select * from {OUT}")
    assert out.columns == frame.columns and len(out) == len(frame)
    assert sorted(out["orders"]) == sorted(frame["orders"])
    text = out.write_csv().encode()
    assert not [value for value in site.planted(frame) if value in text]
    # joins: the digests are those of the same values elsewhere; tokens and encrypted values lead back
    ring, vault = keyring(settings), Vault(settings.vault)
    key = kettle_key(Scope("analytics", "id_card", keys=ring))
    digests = {hashlib.sha256(f"{key}{v}".encode()).hexdigest() for v in frame["证件号"]}
    assert set(out["证件号"]) == digests
    assert sorted(vault.values(out["email"].to_list(), ring)) == sorted(frame["email"])
    at = Scope("analytics", "bank_card", keys=ring)
    assert sorted(method("encrypt").reverse(out["card"], None, at)) == sorted(frame["card"])
    assert out["手机"].str.contains(r"^1[3-9]\d{9}$").all() and out["birthday"].str.contains(r"^\d{4}$").all()
    logs = capfd.readouterr()
    nothing_raw(settings, frame, repr(done.all_events) + caplog.text + logs.out + logs.err)


def test_a_failing_run_leaves_nothing_raw_and_no_table(
    settings: Settings,
    instance: dg.DagsterInstance,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    frame = site.people()
    broken = frame.with_columns(pl.lit("62284").alias("short"))
    for what, rows, policy in (
        ("fewer than 1,000,000", broken, site.POLICY + "      short: {method: fpe, domain: short}\n"),
        ("are no numbers", frame, site.POLICY + "      备注: {method: noise, domain: remark}\n"),
        # the customer's number also stands in a column of which nothing else is known
        ("its values stand in a column", frame.with_columns(ref="order of " + pl.col("customer")), site.POLICY),
    ):  # fmt: skip
        site.land(settings, rows)
        site.write_policy(settings, policy)
        done = site.build(settings, instance)
        logs = capfd.readouterr()
        said = repr(done.all_events) + caplog.text + logs.out + logs.err
        assert not done.success and what in said, what
        assert not warehouse(settings).exists(OUT)
        nothing_raw(settings, rows, said)


def test_what_an_engine_quotes_reaches_no_event(
    settings: Settings, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch, capfd: Captured
) -> None:
    def fails(_self: object, values: pl.Series, *_: object) -> pl.Series:
        raise pl.exceptions.ComputeError(f"conversion failed for {values.to_list()}")

    frame = site.people()
    site.land(settings, frame)
    monkeypatch.setattr(type(method("redact")), "protect", fails)
    done = site.build(settings, instance)
    logs = capfd.readouterr()
    said = repr(done.all_events) + logs.out + logs.err
    assert not done.success and "redact: ComputeError" in said
    nothing_raw(settings, frame, said)


def test_tags_stop_at_what_is_masked_and_go_on_through_what_is_not(
    settings: Settings, instance: dg.DagsterInstance
) -> None:
    site.land(settings, site.people())
    done = site.build(settings, instance)
    (event,) = done.asset_materializations_for_node("table__crm__people_masked")
    lineage = event.metadata["dagster/column_lineage"].value
    columns = {c: [(site.RAW, d.column_name) for d in deps] for c, deps in lineage.deps_by_column.items()}
    metadata = {k: getattr(v, "value", v) for k, v in event.metadata.items()}
    store = LineageStore(settings.catalog)
    store.put([run_stated(Made(site.MASKED, "r", "2026-01-01", "c", columns=columns, metadata=metadata), (), "")])
    open_ = {
        x.end[1]
        for x in ways(store, {})
        if x.start[0] == site.RAW and x.end[0] == site.MASKED and not masked(x, "pii:mobile")
    }
    assert open_ == {"orders"}


def test_the_check_finds_what_others_wrote_into_the_table(settings: Settings, instance: dg.DagsterInstance) -> None:
    frame = site.people()
    site.land(settings, frame)
    assert site.build(settings, instance).success
    store = warehouse(settings)
    was = store.query(f"select * from {OUT}")
    store.write(OUT, was.with_columns(frame["手机"], frame["card"]))
    done = site.build(settings, instance, checks_only=True)
    (check,) = done.get_asset_check_evaluations()
    assert not check.passed and set(check.metadata["columns"].value) >= {"手机", "card"}  # type: ignore[call-overload]


def test_other_code_of_a_method_makes_the_table_stale() -> None:
    assert {f"assets.security.protect.methods.{name}" for name in ("mask", "pass_", "token")} <= set(CODE)
    assert code_version(*CODE)  # all of them are there


def test_another_policy_makes_the_table_stale(settings: Settings) -> None:
    raw = [dg.Definitions(assets=[dg.AssetSpec(dg.AssetKey(site.RAW.split("/")))])]

    def version() -> object:
        (asset,) = definitions(settings, raw).assets or ()
        assert isinstance(asset, dg.AssetsDefinition)
        return next(iter(asset.specs)).code_version

    before = version()
    assert version() == before
    site.write_policy(settings, site.POLICY.replace("share: 0.1", "share: 0.2"))
    assert version() != before
    assert not definitions(settings, []).assets
