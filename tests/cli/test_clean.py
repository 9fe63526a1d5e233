"""`heddle clean` as it is typed, from suggestion to clean file and Kettle steps."""

import json
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner

from assets.kettle.engine.start import run_transformation
from assets.kettle.files.read import read_transformation
from assets.kettle.files.write import write
from assets.quality.rules.files import RuleFiles
from assets.quality.rules.model import Rule
from core.naming import TableName
from core.settings import load
from orchestration.cli.main import main
from resources.open import warehouse
from tests.assets.kettle.flow import Flow

ROWS = [(n, ["Berlin", "Bonn", "Ulm"][n % 3], ["10115", "53111", "89073"][n % 3], float(n % 40)) for n in range(300)]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HEDDLE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HEDDLE_QUALITY", str(tmp_path / "quality"))
    monkeypatch.chdir(tmp_path)
    rows = [list(row) for row in ROWS]
    rows[7][2] = "99999"  # breaks city -> zip
    rows[9][0] = 8  # twice
    pl.DataFrame(rows, schema=["id", "city", "zip", "amount"], orient="row").write_csv("orders.csv")
    return tmp_path


def told(*words: str, status: int = 0) -> str:
    result = CliRunner().invoke(main, ["clean", *words])
    assert result.exit_code == status, result.output
    return result.output


SODA = """\
checks for orders:
  - missing_count(id) = 0
  - duplicate_count(id) = 0
  - avg(amount) > 1
"""


@pytest.mark.covers("DATA-040")
def test_suggestions_find_what_is_planted_and_put_it_right(project: Path) -> None:
    told("suggest", "orders.csv")
    found = json.loads(told("review", "orders.csv", "--json"))
    assert all(rule["evidence"] and 0 <= rule["confidence"] <= 1 for rule in found)
    cells = {(e["row"], e["column"]): e["after"] for rule in found for e in rule["effect"]["examples"]}
    assert cells[7, "zip"] == "53111"
    repair = next(r for r in found if any(e["row"] == 7 for e in r["effect"]["examples"]) and r["action"] == "repair")
    twice = next(r for r in found if r["kind"] == "unique" and r["columns"] == ["id"])
    told("accept", "orders.csv", repair["id"], "--author", "ann")
    told("accept", "orders.csv", twice["id"], "--action", "reject", "--author", "bob")
    done = json.loads(told("apply", "orders.csv", "--json"))
    assert (done["rows"], done["clean"], done["rejected"]) == (300, 299, 1)
    clean = pl.read_csv("orders.clean.csv", infer_schema=False)
    assert clean.filter(pl.col("id") == "7")["zip"].item() == "53111"
    assert "'99999' -> '53111'" in told("explain", "orders.csv", "--row", "7", "--column", "zip")
    assert "rejected by unique" in told("explain", "orders.csv", "--row", "9")
    assert "bob" in told("explain", "orders.csv", "--row", "9")
    assert "nothing was changed" in told("explain", "orders.csv", "--row", "1")


def test_imported_checks_are_decided_applied_and_exported(project: Path) -> None:
    Path("checks.yml").write_text(SODA)
    assert "checks.yml:4: avg(amount) > 1" in told(
        "import", "checks.yml", "--table", "orders.csv", "--action", "reject"
    )
    assert "2 new proposals" not in told("import", "checks.yml", "--table", "orders.csv", "--action", "reject")
    told("accept", "orders.csv", "--least", "0.9", "--author", "ann")
    assert "accepted by ann" in told("review", "orders.csv")
    told("refuse", "orders.csv", "not_null-id", "--note", "never")
    assert "never" in told("review", "orders.csv", "--status", "refused")
    assert "1 rejected" in told("apply", "orders.csv", "--into", "out.parquet")
    assert pl.read_parquet("out.rejected.parquet")["heddle_row"].to_list() == [9]
    assert "wrote schema.yml" in told("export", "orders.csv", "--to", "dbt", "--into", "schema.yml")
    assert "- unique" in Path("schema.yml").read_text()
    shown = told("explain", "orders.csv", "unique-id")
    assert "ROW_NUMBER() OVER (PARTITION BY" in shown and "accepted by ann" in shown


def test_rules_become_steps_of_a_file_shown_before_they_are_written(project: Path) -> None:
    flow = Flow().step("in", "DataGrid", [("fields", [("field", [("name", "id"), ("type", "Integer")])]), ("data", [])])
    write(flow.step("out", "Dummy").hop("in", "out").model, project / "load.ktr")
    before = (project / "load.ktr").read_bytes()
    Path("checks.yml").write_text(SODA)
    told("import", "checks.yml", "--table", "orders.csv", "--action", "reject")
    told("accept", "orders.csv", "--least", "0.9")
    words = ["to-kettle", "orders.csv", "--into", "load.ktr", "--after", "in"]
    assert "+++ b/load.ktr" in told(*words)
    assert (project / "load.ktr").read_bytes() == before
    told(*words, "--write")
    kinds = {step.type for step in read_transformation(project / "load.ktr").steps.values()}
    assert {"SortRows", "Unique", "FilterRows"} <= kinds
    assert "as the rules say" in told(*words)


def test_a_new_file_reads_cleans_and_writes(project: Path) -> None:
    Path("checks.yml").write_text(SODA)
    told("import", "checks.yml", "--table", "orders.csv", "--action", "reject")
    told("accept", "orders.csv", "--least", "0.9")
    assert "give --after" in told("to-kettle", "orders.csv", "--into", "new.ktr", "--after", "x", status=2)
    told("to-kettle", "orders.csv", "--into", "new.ktr", "--write")
    told("apply", "orders.csv", "--into", "native.csv")
    run_transformation(read_transformation(project / "new.ktr"))
    made = pl.read_csv("orders.clean.csv", infer_schema=False).with_columns(pl.all().str.strip_chars())
    assert made["id"].to_list() == pl.read_csv("native.csv", infer_schema=False)["id"].to_list()


def test_a_table_of_the_warehouse_that_refers_to_another(project: Path) -> None:
    store = warehouse(load())
    store.write(TableName("raw_shop", "orders"), pl.DataFrame({"id": [1, 2, 3], "shop": ["a", "b", "z"]}))
    store.write(TableName("raw_shop", "shops"), pl.DataFrame({"name": ["a", "b", "c"]}))
    params = {"table": "raw/shop/shops", "references": ["name"]}
    made = Rule.make("inclusion", "raw/shop/orders", ["shop"], params, action="reject")
    RuleFiles(load().quality).merge("raw/shop/orders", [made])
    told("accept", "raw/shop/orders", made.id)
    assert "2 clean, 1 rejected" in told("apply", "raw/shop/orders", "--into", "out.csv")
    near = Rule.make("near_duplicate", "raw/shop/orders", ["shop"], {}, action="report", status="accepted")
    script = told("export", "raw/shop/orders", "--to", "duckdb")
    RuleFiles(load().quality).merge("raw/shop/orders", [near])
    refused = told("export", "raw/shop/orders", "--to", "duckdb", "--into", "all.sql", status=2)
    assert "not all rules have a form in duckdb" in refused
    assert not Path("all.sql").exists()
    assert 'EXISTS(SELECT 1 FROM "raw_shop"."shops"' in script
    assert "no rules" in told("review", "raw/shop/shops")


def test_mistakes_are_told(project: Path) -> None:
    assert "no rule is accepted" in told("apply", "orders.csv", status=2)
    assert "there is no file nowhere.csv" in told("suggest", "nowhere.csv", status=2)
    assert "no rules 'x'" in told("accept", "orders.csv", "x", status=2)
    assert "which rules?" in told("accept", "orders.csv", status=2)
    Path("checks.yml").write_text(SODA)
    told("import", "checks.yml", "--table", "orders.csv", "--action", "reject")
    told("accept", "orders.csv", "--least", "0.9")
    assert "would be overwritten" in told("apply", "orders.csv", "--into", "orders.csv", status=2)
    assert "is no size" in told("apply", "orders.csv", "--memory", "many", status=2)
    assert not list(project.glob("orders.*.csv"))
    for command in (["suggest", "orders.csv"], ["ask", "orders.csv", "--into", "l.yaml"]):
        assert "--rows" in told(*command, "--rows", "0", status=2)
    for option, wrong in (("--size", "0"), ("--radius", "-1"), ("--block", "0")):
        assert option in told("cluster", "orders.csv", "id", option, wrong, status=2)


def test_what_cannot_be_explained_or_exported_is_told(project: Path) -> None:
    rule = Rule.make("not_null", "orders.csv", ["id"], action="reject", status="accepted")
    RuleFiles(project / "quality").merge("orders.csv", [rule])
    assert "`heddle clean apply orders.csv` first" in told("explain", "orders.csv", "--row", "0", status=2)
    told("apply", "orders.csv")
    before = (project / "orders.csv").read_bytes()
    assert "there is no row 99,999" in told("explain", "orders.csv", "--row", "99999", status=2)
    assert "no column 'nope'" in told("explain", "orders.csv", "--row", "0", "--column", "nope", status=2)
    assert "--row" in told("explain", "orders.csv", "--row", "-1", status=2)
    assert "overwritten" in told("export", "orders.csv", "--to", "pandera", "--into", "orders.csv", status=2)
    assert (project / "orders.csv").read_bytes() == before


def test_a_column_named_like_a_formula_is_explained(project: Path) -> None:
    (project / "sums.csv").write_text("id,=total\n1, a\n2,b\n")
    rule = Rule.make("normalise", "sums.csv", ["=total"], {"forms": ["trim"]}, action="repair", status="accepted")
    RuleFiles(project / "quality").merge("sums.csv", [rule])
    told("apply", "sums.csv")
    assert "=total: ' a' -> 'a'" in told("explain", "sums.csv", "--row", "0", "--column", "=total")


def test_labels_and_former_versions_of_another_table_are_told(project: Path) -> None:
    (project / "labels.yaml").write_text("99999:\n  id: x\n")
    assert "there is no row 99,999" in told("suggest", "orders.csv", "--labels", "labels.yaml", status=2)
    (project / "labels.yaml").write_text("[1, 2\n")
    assert "expected ',' or ']'" in told("suggest", "orders.csv", "--labels", "labels.yaml", status=2)
    (project / "other.csv").write_text("x,y\n1,2\n")
    assert "no column of orders.csv" in told("suggest", "orders.csv", "--last", "other.csv", status=2)


def test_where_there_is_nothing_to_say_or_to_accept_no_file_is_made(project: Path) -> None:
    (project / "one.csv").write_text("a,b\n1,x\n")
    assert told("suggest", "one.csv").splitlines()[-1] == "one.csv: no findings"
    assert "no proposal has a confidence of 0.5" in told("accept", "one.csv", "--least", "0.5", status=2)
    assert not (project / "quality").exists() or not list((project / "quality").glob("one*"))


def test_rows_that_people_put_right_teach_suggestions(project: Path) -> None:
    lines = [f"{n},{n % 37:03d}/{n % 7}" for n in range(300)]
    (project / "parts.csv").write_text("n,code\n" + "\n".join(lines) + "\n")
    told("ask", "parts.csv", "--number", "4", "--into", "labels.yaml")
    asked = (project / "labels.yaml").read_text()
    assert asked.count("code:") == 4
    assert "is there already" in told("ask", "parts.csv", "--into", "labels.yaml", status=2)
    (project / "labels.yaml").write_text(asked.replace("/", "-"))
    told("suggest", "parts.csv", "--labels", "labels.yaml")
    rules = told("review", "parts.csv", "--status", "proposed")
    assert "replace" in rules
    assert "300 cells" in rules
    (project / "labels.yaml").write_text("3:\n  nowhere: x\n")
    assert "no column 'nowhere'" in told("suggest", "parts.csv", "--labels", "labels.yaml", status=2)


def test_what_drifted_since_a_former_version_is_told(project: Path) -> None:
    rows = [(n, "ABC"[n % 3], 10 + n % 7) for n in range(300)]
    pl.DataFrame(rows, schema=["n", "kind", "price"], orient="row").write_csv("may.csv")
    moved = [(n, "ABD"[n % 3], 30 + n % 7) for n in range(300)]
    pl.DataFrame(moved, schema=["n", "kind", "price"], orient="row").write_csv("june.csv")
    assert "in_set-kind" not in told("suggest", "june.csv")
    found = told("suggest", "june.csv", "--last", "may.csv")
    assert "in_set-kind" in found and "100 rows" in found
    assert "range-price" in found and "300 rows" in found


def test_apply_writes_three_files_or_says_why_not(project: Path) -> None:
    rule = Rule.make("not_null", "orders.csv", ["id"], action="reject", status="accepted")
    RuleFiles(project / "quality").merge("orders.csv", [rule])
    assert "are one file" in told("apply", "orders.csv", "--into", "o.csv", "--rejects", "./o.csv", status=2)
    (project / "taken").write_text("a file")
    assert "cannot be written" in told("apply", "orders.csv", "--into", "taken/o.csv", status=2)
    assert not list(project.glob("o*.csv*")) or [p.name for p in project.glob("o*")] == ["orders.csv"]
