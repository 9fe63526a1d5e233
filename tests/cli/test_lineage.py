"""`heddle lineage` on the command line."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from assets.catalog.lineage.model import Edge, Stated
from assets.catalog.lineage.store import LineageStore
from orchestration.cli.main import main

RAW, TABLE = "raw/shop/sales", "table/shop/mart"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    edges = (Edge(RAW, "amount", TABLE, "revenue"), Edge(RAW, "day", TABLE, "", "filter"))
    LineageStore(f"sqlite:///{tmp_path}/catalog.db").put([Stated("definition", TABLE, edges, {"sql": "abc"})])
    return tmp_path


def call(home: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["lineage", *arguments], env={"HEDDLE_HOME": str(home)})


def test_up_down_and_impact_in_all_forms(home: Path) -> None:
    assert f"{RAW} (amount)" in call(home, "up", f"{TABLE}.revenue").output
    assert f"{TABLE} (revenue)" in call(home, "down", f"{RAW}.AMOUNT").output
    told = call(home, "impact", "sales.day", "--change", "drop").output
    assert told.splitlines()[0] == f"If {RAW}.day is dropped:"
    assert f"names it and breaks: {TABLE} [which rows there are]" in told
    assert json.loads(call(home, "down", RAW, "--json").output)["reached"][0]["key"] == TABLE
    assert call(home, "down", RAW, "--form", "mermaid").output.startswith("flowchart LR")
    assert call(home, "up", TABLE, "--rows", "--form", "dot").output.startswith("digraph")
    assert "filter" not in call(home, "up", TABLE, "--form", "mermaid").output


def test_mistakes_are_told(home: Path) -> None:
    for arguments, why in (
        (["up", "nothing"], "the lineage graph has no 'nothing'"),
        (["up", f"{TABLE}.nothing"], "has no column 'nothing'"),
    ):
        done = call(home, *arguments)
        assert done.exit_code == 2 and why in done.output and "Fix:" in done.output


def test_import_and_export(home: Path) -> None:
    path = home / "edges.csv"
    path.write_text("from,to,kind\nraw/a/b,table/a/c,\nraw/a/b,,\n", encoding="utf-8")
    done = call(home, "import", str(path))
    assert "edges.csv: line 3: `to` is empty" in done.output
    assert "1 edges from 1 sources, 1 of them new; 1 bad rows" in done.output
    assert "table/a/c" in call(home, "down", "raw/a/b").output
    assert "entries in" in call(home, "export", str(home / "x.yml"), "--format", "datahub").output
    assert "raw/a/b" in (home / "x.yml").read_text(encoding="utf-8")
    path.write_text("from,to\nraw/a/z,table/a/c\n", encoding="utf-8")
    call(home, "import", str(path))
    assert "0 nodes" in call(home, "down", "raw/a/b").output  # importing a name again replaces what it brought
    path.write_text("x\n", encoding="utf-8")
    assert call(home, "import", str(path)).exit_code == 2
