"""Exports are taken by the real tools: pandera fails for the same rows, dbt parses the tests."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from assets.quality.rules.exchange.exported import dbt_yaml, pandera_code, sql_script
from assets.quality.rules.kind import ROW
from assets.quality.rules.model import Rule
from assets.quality.rules.registry import kind
from tests.assets.quality.rules.helpers import TABLE, rule

FRAME = pl.DataFrame(
    {
        "id": [1, 2, 2, None],
        "zip": ["12345", "x", None, "12345\n"],
        "state": ["new", "odd'", "new", None],
        "amount": [1.0, -1.0, 100.0, None],
    }
)
RULES = [
    rule("not_null", ["id"], "reject"),
    rule("pattern", ["zip"], "reject", pattern=r"\d{5}"),
    rule("length", ["zip"], most=5),
    rule("in_set", ["state"], "reject", values=["new", 'a"b', "{x}"]),
    rule("range", ["amount"], low=0, high=100, high_open=True),
]


@pytest.mark.parametrize("made", RULES, ids=lambda r: r.kind)
def test_pandera_fails_for_the_same_rows(made: Rule) -> None:
    import pandera.errors

    code = pandera_code('odd"""; import os', [made])
    assert code.left_out == ()
    scope: dict[str, Any] = {}
    exec(compile(code.text, "schema.py", "exec"), scope)  # the text that we made ourselves
    fails = FRAME.with_row_index(ROW).select(kind(made.kind).failing(made)).to_series()
    for row in range(len(FRAME)):
        one = FRAME.slice(row, 1)
        if fails[row]:
            with pytest.raises((pandera.errors.SchemaError, pandera.errors.SchemaErrors)):
                scope["schema"].validate(one)
        else:
            scope["schema"].validate(one)


def test_pandera_knows_unique_and_what_it_cannot_say_is_told() -> None:
    import pandera.errors

    left = [rule("dependency", ["id", "zip"]), rule("not_null", ["zip"], mostly=0.5)]
    left += [rule("in_set", ["state"], values=["new"], ignore_case=True)]
    made = pandera_code(TABLE, [rule("unique", ["id"]), *left])
    assert [r for r, _ in made.left_out] == left
    scope: dict[str, Any] = {}
    exec(compile(made.text, "schema.py", "exec"), scope)
    with pytest.raises((pandera.errors.SchemaError, pandera.errors.SchemaErrors)):
        scope["schema"].validate(FRAME)
    scope["schema"].validate(FRAME.head(2))


@pytest.mark.slow
def test_dbt_parses_the_tests(tmp_path: Path) -> None:
    relation = rule("inclusion", ["state"], table="table/shop/states", references=["name"])
    made = dbt_yaml("table/shop/orders", [*RULES[:1], rule("unique", ["id"]), RULES[3], relation])
    assert made.left_out == ()
    models = tmp_path / "models"
    models.mkdir()
    (models / "schema.yml").write_text(made.text)
    (models / "orders.sql").write_text("select 1 as id, 'new' as state")
    (models / "states.sql").write_text("select 'new' as name")
    (tmp_path / "dbt_project.yml").write_text("name: p\nversion: '1.0'\nprofile: p\n")
    (tmp_path / "profiles.yml").write_text("p: {target: d, outputs: {d: {type: duckdb, path: ':memory:'}}}\n")
    program = "import sys; from dbt.cli.main import dbtRunner; sys.exit(not dbtRunner().invoke(sys.argv[1:]).success)"
    where = ["--project-dir", str(tmp_path), "--profiles-dir", str(tmp_path)]
    command = [sys.executable, "-c", program, "--no-send-anonymous-usage-stats", "build", *where]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 0, done.stdout
    assert "PASS=6" in done.stdout  # two models and four tests


def test_the_sql_script_makes_the_tables() -> None:
    rules = [rule("normalise", ["zip"], "repair", forms=["trim"]), RULES[0]]
    made = sql_script(TABLE, rules, FRAME.columns, "duckdb")
    with duckdb.connect() as database:
        database.register("arrow", FRAME.to_arrow())
        database.execute("create schema raw_shop; create table raw_shop.orders as select * from arrow")
        database.execute(made.text)
        assert database.execute("select count(*) from raw_shop.orders_clean").fetchall() == [(3,)]
        assert database.execute("select heddle_rules from raw_shop.orders_rejected").fetchall() == [(RULES[0].id,)]
    assert sql_script(TABLE, [rule("dependency", ["id", "zip"], "repair")], FRAME.columns, "duckdb").text == ""
