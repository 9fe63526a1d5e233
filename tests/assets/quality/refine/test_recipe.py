"""Recipes: operations with the tables that OpenRefine's own tests expect, facets, wrong recipes, commands, assets."""

import json
from pathlib import Path
from typing import Any

import dagster as dg
import polars as pl
import pytest
from click.testing import CliRunner

from assets.quality.refine.recipe import run, steps
from assets.quality.refine_defs import definitions
from core.errors import SourceError
from core.naming import TableName
from core.settings import load
from orchestration.cli.main import main
from resources.defs import build_resources
from resources.open import warehouse

# ruff: noqa: E501 - recipes and tables are read best in lines
Rows = list[list[Any]]


def done(names: str, rows: Rows, *ops: dict[str, Any]) -> tuple[str, Rows]:
    frame = pl.DataFrame(rows, schema=names.split(","), orient="row")
    found = run(frame, steps(list(ops), "test"))
    return ",".join(found.columns), [list(row) for row in found.rows()]


def list_facet(column: str, *values: Any, **others: Any) -> dict[str, Any]:
    selection = [{"v": {"v": v, "l": str(v)}} for v in values]
    facet = {"type": "list", "columnName": column, "expression": "value", "selection": selection} | others
    return {"engineConfig": {"mode": "row-based", "facets": [facet]}}


COUNTED = [["2", "3"], ["6", None], ["5", "9"]]
RECORDS = [["1", "2", "5", "3"], ["7", "8", "11", "9"]]
GRID = [["1", "2", "3"], ["4", "5", "6"], ["7", "8", "9"], ["10", "11", "12"]]
TO_ROWS = {"op": "core/transpose-columns-into-rows", "ignoreBlankCells": True, "fillDown": False}
OWN: list[tuple[str, Rows, dict[str, Any], str, Rows]] = [
    (
        "num1,num2", COUNTED,
        TO_ROWS | {"startColumnName": "num1", "columnCount": -1, "combinedColumnName": "a", "prependColumnName": True, "separator": ":"},
        "a", [["num1:2"], ["num2:3"], ["num1:6"], ["num1:5"], ["num2:9"]],
    ),
    (
        "a,b 1,b 2,c", RECORDS, TO_ROWS | {"startColumnName": "b 1", "columnCount": 2, "combinedColumnName": "b"},
        "a,b,c", [["1", "2", "3"], [None, "5", None], ["7", "8", "9"], [None, "11", None]],
    ),
    (
        "a,b 1,b 2,c", RECORDS,
        TO_ROWS | {"startColumnName": "b 1", "columnCount": 2, "keyColumnName": "key", "valueColumnName": "value"},
        "a,key,value,c", [["1", "b 1", "2", "3"], [None, "b 2", "5", None], ["7", "b 1", "8", "9"], [None, "b 2", "11", None]],
    ),
    (
        "a,b,c", GRID, {"op": "core/transpose-rows-into-columns", "columnName": "b", "rowCount": 2},
        "a,b 1,b 2,c", [["1", "2", "5", "3"], ["4", None, None, "6"], ["7", "8", "11", "9"], ["10", None, None, "12"]],
    ),
    (
        "a,b,c", [["1", "2", "3"], [None, "5", None], ["7", "8", "9"], [None, "11", None]],
        {"op": "core/transpose-rows-into-columns", "columnName": "b", "rowCount": 2},
        "a,b 1,b 2,c", RECORDS,
    ),
    (
        "ID,Cat,Val", [["1", "a", "1"], ["1", "b", "3"], ["2", "b", "4"], ["2", "c", "5"], ["3", "a", "2"], ["3", "b", "5"], ["3", "d", "3"]],
        {"op": "core/key-value-columnize", "keyColumnName": "Cat", "valueColumnName": "Val", "noteColumnName": None},
        "ID,a,b,c,d", [["1", "1", "3", None, None], ["2", None, "4", "5", None], ["3", "2", "5", None, "3"]],
    ),
    (
        "Key,Value",
        [["merchant", "Katie"], ["fruit", "apple"], ["price", "1.2"], ["fruit", "pear"], ["price", "1.5"], ["merchant", "John"],
         ["fruit", "banana"], ["price", "3.1"]],
        {"op": "core/key-value-columnize", "keyColumnName": "Key", "valueColumnName": "Value"},
        "merchant,fruit,price", [["Katie", "apple", "1.2"], [None, "pear", "1.5"], ["John", "banana", "3.1"]],
    ),
    (
        "k,v", [["1", "a|b"], ["2", None]],
        {"op": "core/multivalued-cell-split", "columnName": "v", "keyColumnName": "k", "mode": "separator", "separator": "|", "regex": False},
        "k,v", [["1", "a"], [None, "b"], ["2", None]],
    ),
    (
        "k,v", [["1", "a"], [None, "b"], ["2", "c"]],
        {"op": "core/multivalued-cell-join", "columnName": "v", "keyColumnName": "k", "separator": ","},
        "k,v", [["1", "a,b"], ["2", "c"]],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("names", "rows", "op", "columns", "expected"), OWN)
def test_tables_of_openrefines_own_tests(
    names: str, rows: Rows, op: dict[str, Any], columns: str, expected: Rows
) -> None:
    assert done(names, rows, op) == (columns, expected)


def test_columns() -> None:
    rows = [["x", "1,2,3", "b"], ["y", "4", "c"], ["z", None, "d"]]
    split = {"op": "core/column-split", "columnName": "n", "guessCellType": True, "removeOriginalColumn": True, "mode": "separator", "separator": ",", "regex": False, "maxColumns": 2}  # fmt: skip
    assert done("a,n,b", rows, split)[0] == "a,n 1,n 2,b"
    assert done("a,n,b", rows, split)[1] == [["x", 1, "2,3", "b"], ["y", 4, None, "c"], ["z", None, None, "d"]]
    ops = [
        {"op": "core/column-rename", "oldColumnName": "a", "newColumnName": "A"},
        {"op": "core/column-move", "columnName": "A", "index": 2},
        {"op": "core/column-removal", "columnName": "n"},
        {"op": "core/column-addition", "baseColumnName": "b", "newColumnName": "C", "columnInsertIndex": 1,
         "expression": "grel:value.toUppercase() + cells.A.value", "onError": "set-to-blank"},
    ]  # fmt: skip
    assert done("a,n,b", rows, *ops) == ("b,C,A", [["b", "Bx", "x"], ["c", "Cy", "y"], ["d", "Dz", "z"]])
    assert done("a,n,b", rows, {"op": "core/column-reorder", "columnNames": ["b", "a"]})[0] == "b,a"


def test_cells() -> None:
    rows = [["1 ", "x"], ["2", None], ["two", None], [None, "x"], ["3", "x"]]
    number = {"op": "core/text-transform", "columnName": "a", "expression": "value.toNumber()"}
    assert [r[0] for r in done("a,b", rows, number | {"onError": "keep-original"})[1]] == ["1", "2", "two", None, "3"]
    blanks = done("a,b", rows, number | {"onError": "set-to-blank"})[1]
    assert [r[0] for r in blanks] == [1, 2, None, None, 3]
    told = done("a,b", rows, number | {"onError": "store-error"})[1]
    assert told[2][0].startswith("#ERROR")
    assert [r[1] for r in done("a,b", rows, {"op": "core/fill-down", "columnName": "b"})[1]] == ["x"] * 5
    assert [r[1] for r in done("a,b", rows, {"op": "core/blank-down", "columnName": "b"})[1]] == [
        "x",
        None,
        None,
        "x",
        None,
    ]
    edits = [{"from": ["1 ", "two"], "to": "one"}, {"from": [], "fromBlank": True, "to": "none"}]
    edit = {"op": "core/mass-edit", "columnName": "a", "expression": "value", "edits": edits}
    assert [r[0] for r in done("a,b", rows, edit)[1]] == ["one", "2", "one", "none", "3"]
    again = {"op": "core/text-transform", "columnName": "a", "expression": 'value.replace("aa", "a")', "repeat": True, "repeatCount": 10}  # fmt: skip
    assert done("a", [["aaaaaaaa"]], again)[1] == [["a"]]


def test_facets_choose_rows() -> None:
    rows: Rows = [["x", 1], ["y", 5], ["X", None], [None, 9]]

    def left(facet: dict[str, Any]) -> list[Any]:
        config = facet if "engineConfig" in facet else {"engineConfig": {"mode": "row-based", "facets": [facet]}}
        kept = done("a,n", rows, {"op": "core/row-removal"} | config)[1]
        return [r[0] for r in kept]

    assert left(list_facet("a", "x", "y")) == ["X", None]
    assert left(list_facet("a", "x", invert=True)) == ["x"]
    assert left(list_facet("a", selectBlank=True)) == ["x", "y", "X"]
    assert left(list_facet("a", "x", expression="value.toLowercase()")) == ["y", None]
    assert left({"type": "text", "columnName": "a", "query": "x", "mode": "text", "caseSensitive": False}) == [
        "y",
        None,
    ]
    assert left({"type": "text", "columnName": "a", "query": "^[a-z]$", "mode": "regex", "caseSensitive": True}) == [
        "X",
        None,
    ]
    numbers = {"type": "range", "columnName": "n", "expression": "value", "from": 1, "to": 5, "selectBlank": False}
    assert left(numbers) == ["y", "X", None]
    assert left(list_facet("n", True, expression="isBlank(value)")) == ["x", "y", None]


def test_rows_in_order_and_once() -> None:
    sorting = {
        "criteria": [{"column": "n", "valueType": "number", "reverse": True, "blankPosition": 2, "errorPosition": 1}]
    }
    rows: Rows = [[1], [None], [3], [2], [3]]
    order = {"op": "core/row-reorder", "mode": "row-based", "sorting": sorting}
    assert done("n", rows, order)[1] == [[3], [3], [2], [1], [None]]
    assert done("n", rows, {"op": "core/row-duplicate-removal", "criteria": ["n"]})[1] == [[1], [None], [3], [2]]


@pytest.mark.covers("STK-079")
def test_a_published_recipe_keeps_each_value_once() -> None:
    engine = {"facets": [], "mode": "row-based"}
    blank = {"type": "list", "name": "v", "expression": "grel:isBlank(value)", "columnName": "v", "invert": False, "omitBlank": False,
             "omitError": False, "selection": [{"v": {"v": True, "l": "true"}}], "selectBlank": False, "selectError": False}  # fmt: skip
    criteria = {
        "valueType": "string",
        "column": "v",
        "blankPosition": 2,
        "errorPosition": 1,
        "reverse": False,
        "caseSensitive": False,
    }
    recipe: list[dict[str, Any]] = [
        {
            "op": "core/multivalued-cell-split",
            "columnName": "v",
            "keyColumnName": "v",
            "mode": "separator",
            "separator": "#|#",
            "regex": False,
        },
        {
            "op": "core/row-reorder",
            "mode": "row-based",
            "sorting": {"criteria": [criteria]},
            "description": "Reorder rows",
        },
        {"op": "core/blank-down", "engineConfig": engine, "columnName": "v"},
        {
            "op": "core/row-removal",
            "engineConfig": {"facets": [blank], "mode": "row-based"},
            "description": "Remove rows",
        },
        {
            "op": "core/text-transform",
            "engineConfig": engine,
            "columnName": "v",
            "expression": "grel:value.toTitlecase()",
            "onError": "keep-original",
        },
    ]
    assert done("v", [["pear#|#apple"], ["fig"], ["apple#|#fig#|#kiwi"]], *recipe)[1] == [
        ["Apple"],
        ["Fig"],
        ["Kiwi"],
        ["Pear"],
    ]


def test_records() -> None:
    rows = [["1", "a"], [None, None], ["2", None], [None, "b"]]
    fill = {"op": "core/fill-down", "columnName": "v", "engineConfig": {"facets": [], "mode": "record-based"}}
    assert [r[1] for r in done("k,v", rows, fill)[1]] == ["a", "a", None, "b"]
    facet = list_facet("v", "b")["engineConfig"]["facets"]
    gone = {"op": "core/row-removal", "engineConfig": {"facets": facet, "mode": "record-based"}}
    assert done("k,v", rows, gone)[1] == [["1", "a"], [None, None]]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ({"a": 1}, "no list of operations"),
        ([{"op": "core/recon"}], r"operation 1 \(core/recon\): core/recon is not supported"),
        ([{"op": "core/column-removal", "columnName": "a"}, {"op": "core/text-transform", "columnName": "a",
          "expression": "value.reinterpret('x')"}], "operation 2 .*'reinterpret' is not supported"),
        ([{"op": "core/row-removal", "engineConfig": {"facets": [{"type": "list", "expression": "("}]}}], "operation 1"),
        ([{"op": "core/row-removal", "engineConfig": "all"}], "operation 1 .*another type"),
        ([{"op": "core/row-removal", "engineConfig": {"facets": ["a"]}}], "operation 1 .*another type"),
    ],
)  # fmt: skip
def test_wrong_recipes_name_the_operation_before_anything_runs(content: Any, why: str) -> None:
    with pytest.raises(SourceError, match=why):
        steps(content, "ops.json")


@pytest.mark.parametrize(
    ("op", "why"),
    [
        ({"op": "core/column-removal", "columnName": "z"}, "operation 1 .*no column 'z'"),
        ({"op": "core/column-rename", "oldColumnName": "a", "newColumnName": "b"}, "column 'b' already"),
        ({"op": "core/column-move", "columnName": "a"}, "field index: is missing"),
        ({"op": "core/row-removal", "engineConfig": {"facets": [{"type": "scatterplot"}]}}, "'scatterplot'"),
        ({"op": "core/text-transform", "columnName": "a", "expression": "value", "onError": "x"}, "field onError"),
        ({"op": "core/mass-edit", "columnName": "a", "edits": ["x"]}, "operation 1 .*another type"),
        (
            {"op": "core/column-split", "columnName": "a", "separator": "(", "regex": True},
            "operation 1 .*not a regular expression",
        ),
        ({"op": "core/column-split", "columnName": "a", "mode": "lengths", "fieldLengths": ["x"]}, "another type"),
        (
            {
                "op": "core/row-removal",
                "engineConfig": {
                    "facets": [{"type": "range", "columnName": "a", "expression": "value.toNumber()", "from": "x"}]
                },
            },
            "another type",
        ),
        (
            {
                "op": "core/row-removal",
                "engineConfig": {"facets": [{"type": "text", "columnName": "a", "query": "(", "mode": "regex"}]},
            },
            "operation 1 .*not a regular expression",
        ),
    ],
)
def test_what_does_not_fit_the_table_is_told(op: dict[str, Any], why: str) -> None:
    with pytest.raises(SourceError, match=why):
        done("a,b", [["1", "2"]], op)


RECIPE = [
    {"op": "core/text-transform", "engineConfig": {"facets": [], "mode": "row-based"}, "columnName": "city",
     "expression": "value.trim()", "onError": "keep-original", "repeat": False, "repeatCount": 10},
    {"op": "core/mass-edit", "engineConfig": {"facets": [], "mode": "row-based"}, "columnName": "city",
     "expression": "value", "edits": [{"fromBlank": False, "fromError": False, "from": ["NYC"], "to": "New York"}]},
    {"op": "core/column-addition", "engineConfig": {"facets": [], "mode": "row-based"}, "newColumnName": "key",
     "columnInsertIndex": 1, "baseColumnName": "city", "expression": "grel:value.fingerprint()", "onError": "set-to-blank"},
]  # fmt: skip


def test_commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEDDLE_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    pl.DataFrame({"city": [" NYC", "new  york", "York, New", "Rome"]}).write_csv("c.csv")
    Path("ops.json").write_text(json.dumps([{"description": "x", "operation": op} for op in RECIPE]))
    call = CliRunner().invoke
    told = call(main, ["clean", "refine", "c.csv", "--recipe", "ops.json"])
    assert told.exit_code == 0, told.output
    assert pl.read_csv("c.refined.csv").rows() == [
        ("New York", "new york"), ("new  york", "new york"), ("York, New", "new york"), ("Rome", "rome")
    ]  # fmt: skip
    assert "2. core/mass-edit" in call(main, ["clean", "refine", "c.csv", "--recipe", "ops.json", "--check"]).output
    found = call(main, ["clean", "cluster", "c.refined.csv", "city", "--recipe", "merge.json", "--json"])
    assert json.loads(found.output)[0]["values"] == {"New York": 1, "York, New": 1, "new  york": 1}
    call(main, ["clean", "refine", "c.refined.csv", "--recipe", "merge.json", "--into", "d.csv"])
    assert pl.read_csv("d.csv")["city"].to_list() == ["New York"] * 3 + ["Rome"]
    assert call(main, ["clean", "refine", "c.csv", "--recipe", "ops.json", "--into", "c.csv"]).exit_code == 2


def test_a_recipe_is_an_asset(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEDDLE_HOME", str(tmp_path))
    monkeypatch.setenv("HEDDLE_QUALITY", str(tmp_path / "quality"))
    path = tmp_path / "quality" / "refine" / "raw__shop__cities.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(RECIPE))
    site = load()
    warehouse(site).write(TableName("raw_shop", "cities"), pl.DataFrame({"city": [" NYC", "Rome"]}))
    source = dg.Definitions(assets=[dg.AssetSpec(dg.AssetKey(["raw", "shop", "cities"]))])
    made = dg.Definitions.merge(
        source, definitions(site, [source]), dg.Definitions(resources=build_resources(site, None))
    )
    result = made.resolve_implicit_global_asset_job_def().execute_in_process(
        asset_selection=list(made.resolve_asset_graph().materializable_asset_keys)
    )
    assert result.success
    assert warehouse(site).query("select city, key from table_shop.cities_refined").rows() == [
        ("New York", "new york"), ("Rome", "rome")
    ]  # fmt: skip
    first = {s.key: s.code_version for s in made.resolve_all_asset_specs()}
    path.write_text(json.dumps(RECIPE[:1]))
    (again,) = definitions(site, [source]).assets or ()
    assert isinstance(again, dg.AssetsDefinition)
    second = {s.key: s.code_version for s in again.specs}
    key = dg.AssetKey(["table", "shop", "cities_refined"])
    assert first[key] != second[key]
    path.write_text("[1]")
    with pytest.raises(SourceError, match="operation 1: has no field op"):
        definitions(site, [source])
