"""Accepted rules in Dagster, on DuckDB and PostgreSQL: checks, the clean, rejected and changed rows, staleness."""

from collections.abc import Callable
from pathlib import Path

import dagster as dg
import polars as pl
import pytest

from assets.kit import specs_of
from assets.quality.defs import definitions
from assets.quality.rules.files import RuleFiles
from assets.quality.rules.model import Rule
from core.naming import TableName
from core.settings import Settings
from resources.open import warehouse

TABLE = "raw/shop/orders"
ROWS = pl.DataFrame(
    {"id": [1, 2, 2, None], "city": [" Berlin", "Bonn", "Bonn", "Ulm"], "mail": ["ann@x.de", "b", "b", None]}
)


@dg.asset(key=["raw", "shop", "orders"])
def orders() -> None:
    """Orders."""


def _accepted(settings: Settings) -> list[Rule]:
    rules = [
        Rule.make("normalise", TABLE, ["city"], {"forms": ["trim"]}, action="repair"),
        Rule.make("not_null", TABLE, ["id"], action="reject"),
        Rule.make("unique", TABLE, ["id"], action="reject"),
        Rule.make("pattern", TABLE, ["mail"], {"pattern": ".+@.+", "mostly": 0.3}),
    ]
    files = RuleFiles(settings.quality)
    files.merge(TABLE, [*rules, Rule.make("length", TABLE, ["city"], {"most": 1})])
    files.decide(TABLE, [r.id for r in rules], "accepted", "ann")
    return rules


def _made(settings: Settings) -> dg.Definitions:
    others = dg.Definitions(assets=[orders])
    store = dg.Definitions(resources={"warehouse": warehouse(settings)})
    return dg.Definitions.merge(others, definitions(settings, [others]), store)


@pytest.fixture(params=["duckdb", "postgresql"])
def settings(request: pytest.FixtureRequest, make_settings: Callable[..., Settings], tmp_path: Path) -> Settings:
    own = {} if request.param == "duckdb" else {"warehouse": request.getfixturevalue("postgres_url")}
    return make_settings(quality=tmp_path / "quality", **own)


def test_rules_are_checks_and_clean_tables(settings: Settings) -> None:
    rules = _accepted(settings)
    store = warehouse(settings)
    store.write(TableName("raw_shop", "orders"), ROWS)
    done = _made(settings).resolve_implicit_global_asset_job_def().execute_in_process()
    found = {e.metadata["rule"].value: e for e in done.get_asset_check_evaluations()}
    assert {name: (e.passed, e.metadata["failing"].value) for name, e in found.items()} == {
        rules[0].id: (False, 1),
        rules[1].id: (False, 1),
        rules[2].id: (False, 1),
        rules[3].id: (True, 2),
    }
    assert found[rules[3].id].metadata["compliance"].value == pytest.approx(33.333)
    assert found[rules[3].id].metadata["examples"].value == [{"row": 1, "mail": "x"}, {"row": 2, "mail": "x"}]
    clean = store.query('select * from table_shop.orders_clean order by "id"')
    assert clean.rows() == [(1, "Berlin", "ann@x.de"), (2, "Bonn", "b")]
    rejected = store.query("select * from table_shop.orders_rejected order by heddle_row")
    assert rejected["heddle_rules"].to_list() == [rules[2].id, rules[1].id]
    changes = store.query("select * from table_shop.orders_changes")
    assert changes.select("row", "column", "before", "after").rows() == [(0, "city", " Berlin", "Berlin")]
    made = {
        e.asset_key.path[-1]: e for e in done.asset_materializations_for_node("clean_raw_shop_orders") if e.asset_key
    }
    assert made["orders_clean"].metadata["quality/rejected"].value == 2
    lineage = made["orders_clean"].metadata["dagster/column_lineage"].value
    assert lineage.deps_by_column["city"][0].column_name == "city"


def test_one_of_the_tables_can_be_made_alone(make_settings: Callable[..., Settings], tmp_path: Path) -> None:
    settings = make_settings(quality=tmp_path / "quality")
    _accepted(settings)
    store = warehouse(settings)
    store.write(TableName("raw_shop", "orders"), ROWS)
    job = _made(settings).resolve_implicit_global_asset_job_def()
    done = job.execute_in_process(asset_selection=[dg.AssetKey(["table", "shop", "orders_clean"])])
    assert [e.asset_key.path[-1] for e in done.get_asset_materialization_events() if e.asset_key] == ["orders_clean"]
    assert store.query("select count(*) as n from table_shop.orders_clean")["n"].item() == 2


def test_other_rules_make_the_clean_table_stale(make_settings: Callable[..., Settings], tmp_path: Path) -> None:
    settings = make_settings(quality=tmp_path / "quality")
    rules = _accepted(settings)

    def version() -> str | None:
        specs = specs_of(definitions(settings, [dg.Definitions(assets=[orders])]))
        return next(s.code_version for s in specs if s.key.path[-1] == "orders_clean")

    before = version()
    RuleFiles(settings.quality).decide(TABLE, [rules[1].id], "accepted", "bob", note="again")
    assert version() == before
    RuleFiles(settings.quality).decide(TABLE, [rules[1].id], "refused", "bob")
    assert version() != before


def test_a_column_that_is_gone_fails_its_check_alone(make_settings: Callable[..., Settings], tmp_path: Path) -> None:
    settings = make_settings(quality=tmp_path / "quality")
    rules = [Rule.make("not_null", TABLE, ["gone"]), Rule.make("not_null", TABLE, ["city"])]
    files = RuleFiles(settings.quality)
    files.merge(TABLE, rules)
    files.decide(TABLE, [r.id for r in rules], "accepted", "ann")
    warehouse(settings).write(TableName("raw_shop", "orders"), ROWS)
    done = _made(settings).resolve_implicit_global_asset_job_def().execute_in_process()
    found = {e.metadata["rule"].value: e for e in done.get_asset_check_evaluations()}
    assert [found[r.id].passed for r in rules] == [False, True]
    assert "no column 'gone'" in str(found[rules[0].id].metadata["misfits"].value)


def test_without_rules_there_is_nothing(make_settings: Callable[..., Settings], tmp_path: Path) -> None:
    made = definitions(make_settings(quality=tmp_path / "none"), [dg.Definitions(assets=[orders])])
    assert not made.assets and not made.asset_checks
