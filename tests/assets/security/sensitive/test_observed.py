"""A scan keeps what is sensitive, masked: no store holds a value; classes go along lineage; the check asks people."""

import json
import random
import sqlite3
from collections.abc import Callable
from pathlib import Path

import dagster as dg
import duckdb
import polars as pl
import pytest
from click.testing import CliRunner

from assets.catalog.lineage.model import Edge, Stated
from assets.catalog.lineage.store import LineageStore
from assets.catalog.scan_defs import GUARDED, definitions
from assets.catalog.store.versions import Change, Versions
from assets.catalog.tags.decide import decide
from assets.catalog.tags.kept import of_asset
from assets.catalog.tags.refresh import refresh
from assets.security.sensitive.observed import classes_of, flown, of_table, undecided
from core.settings import Settings
from orchestration.cli.main import main
from tests.assets.security.sensitive import made

R = random.Random(6)
ROWS = 80
PEOPLE = {
    "身份证号": [made.id_card(R) for _ in range(ROWS)],
    "手机": [made.mobile(R) for _ in range(ROWS)],
    "诊断": [R.choice(["偏头痛甲", "高血压乙", "糖尿病丙"]) for _ in range(ROWS)],
    "token": [f"ghp_{R.getrandbits(140):036x}" for _ in range(ROWS)],
    "备注": [f"第{i}位客户请打{made.mobile(R)}联系，周末在家等候送货上门。" for i in range(ROWS)],
}
KEY = "crm/people"


@pytest.fixture
def crm(tmp_path: Path, make_settings: Callable[..., Settings]) -> Settings:
    files = tmp_path / "files"
    files.mkdir()
    with sqlite3.connect(tmp_path / "crm.db") as db:
        db.execute(f"create table people ({', '.join(f'{c} text' for c in PEOPLE)})")
        db.executemany(
            f"insert into people values ({', '.join('?' for _ in PEOPLE)})",
            list(zip(*PEOPLE.values(), strict=True)),
        )
    (files / "sources.yaml").write_text(f"sources:\n  - name: crm\n    url: sqlite:///{tmp_path}/crm.db\n")
    return make_settings(catalog_files=files)


def scan(settings: Settings) -> dg.ExecuteInProcessResult:
    made_ = dg.Definitions.merge(definitions(settings), dg.Definitions(resources={"settings": settings}))
    asset = made_.resolve_assets_def(dg.AssetKey(["report", "catalog", "crm"]))
    return dg.materialize([asset], resources={"settings": settings}, raise_on_error=False)


def test_no_store_holds_a_value(crm: Settings, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    done = scan(crm)
    found = of_table(Versions(crm.catalog), KEY)
    assert {c: f.class_ for c, f in found.items()} == {
        "身份证号": "id_card", "手机": "mobile", "诊断": "health", "token": "credential", "备注": "text",
    }  # fmt: skip
    events = repr(done.all_events) + caplog.text
    values = {v.encode() for column in PEOPLE.values() for v in column}
    stores = [p for p in tmp_path.rglob("*") if p.is_file() and p.name != "crm.db"]
    assert stores
    for path in stores:
        held = path.read_bytes()
        assert not [v for v in values if v in held or v.decode().encode("unicode_escape") in held], path
    assert not [v for v in values if v.decode() in events]


def test_the_check_asks_until_somebody_decides(crm: Settings) -> None:
    done = scan(crm)
    (check,) = (c for c in done.get_asset_check_evaluations() if c.check_name == GUARDED)
    assert not check.passed and check.severity == dg.AssetCheckSeverity.WARN
    versions, lineage = Versions(crm.catalog), LineageStore(crm.catalog)
    refresh(crm, versions, Change("test", "test"))
    open_ = undecided(versions, lineage, "crm")
    assert {u.place[1] for u in open_} == {"身份证号", "诊断", "token"}
    assert undecided(versions, lineage, "other") == []
    for one in open_:
        decide(crm, versions, one.place, f"pii:{one.class_}", one.class_ != "health", "eva")
    assert undecided(versions, lineage, "crm") == []


def test_tags_are_proposed_and_flow(crm: Settings) -> None:
    scan(crm)
    versions, lineage = Versions(crm.catalog), LineageStore(crm.catalog)
    raw, mart = "raw/crm/people", "table/crm/mart"
    edges = (
        Edge(raw, "诊断", mart, "why"),
        Edge(raw, "身份证号", mart, "id_hash", detail="SHA-256 of it"),
        Edge(raw, "身份证号", mart, "id"),
    )
    lineage.put([Stated("definition", mart, edges, {"sql": "abc"})])
    refresh(crm, versions, Change("test", "test"))
    tag = of_asset(versions, raw).tags.columns["诊断"]["pii:health"]
    assert tag.state == "proposed" and tag.confidence >= 0.8 and tag.evidence
    assert of_asset(versions, mart).tags.columns["why"]["pii:health"].path == (f"{raw}.诊断", f"{mart}.why")
    flowed = flown(versions, lineage)
    assert set(classes_of(flowed, raw)["备注"]) == {"text", "mobile"}
    assert {c: set(held) for c, held in classes_of(flowed, mart).items()} == {"why": {"health"}, "id": {"id_card"}}
    assert {u.place for u in undecided(versions, lineage, "crm")} >= {(mart, "why"), (mart, "id")}
    decide(crm, versions, (mart, "why"), "pii:health", False, "eva", "a code of the shop")
    assert set(classes_of(flown(versions, lineage), mart)) == {"id"}


def test_what_is_inside_of_columns_of_a_database(tmp_path: Path, make_settings: Callable[..., Settings]) -> None:
    nested = pl.DataFrame(
        {
            "struct": [{"name": made.name(R), "n": n} for n in range(ROWS)],
            "list": [[made.mobile(R)] for _ in range(ROWS)],
            "json": [json.dumps({"who": made.name(R)}) for _ in range(ROWS)],
            "bytes": [made.mobile(R).encode() for _ in range(ROWS)],
            "map": [{"a": n} for n in range(ROWS)],
        }
    )
    with duckdb.connect(str(tmp_path / "n.duckdb")) as db:
        db.execute("create table people as select * replace (json::json as json) from nested")
    (tmp_path / "sources.yaml").write_text(f"sources:\n  - name: crm\n    url: duckdb:///{tmp_path}/n.duckdb\n")
    settings = make_settings(catalog_files=tmp_path)
    scan(settings)
    found = of_table(Versions(settings.catalog), "crm/main.people")
    within = {c: set(f.within) or {f.class_} for c, f in found.items() if f.flagged}
    assert within == {
        "struct": {"person_name"}, "list": {"mobile"}, "json": {"person_name"}, "bytes": {"mobile"},
    }  # fmt: skip
    assert len(nested) == ROWS


def test_commands(crm: Settings) -> None:
    env = {"HEDDLE_CATALOG": crm.catalog, "HEDDLE_CATALOG_FILES": str(crm.catalog_files), "HEDDLE_HOME": str(crm.home)}
    done = CliRunner().invoke(main, ["sensitive", "scan", "crm"], env=env)
    assert done.exit_code == 0 and "5 sensitive columns" in done.output, done.output
    assert not [v for column in PEOPLE.values() for v in column if v in done.output]
    said = CliRunner().invoke(main, ["sensitive", "show", KEY], env=env)
    assert said.exit_code == 0 and "id_card" in said.output and "credential" in said.output
    assert CliRunner().invoke(main, ["sensitive", "scan", "nowhere"], env=env).exit_code == 2
