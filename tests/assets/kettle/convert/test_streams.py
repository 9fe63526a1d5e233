"""Steps with several inputs or targets, grouping and pivots, and rows from files and parameters."""

from pathlib import Path
from typing import Any

import pytest

from assets.kettle.convert.generators.registry import all_generators
from assets.kettle.convert.plan import plan
from assets.kettle.convert.sql_script import sql_text
from assets.kettle.errors import KettleError
from assets.kettle.model import Parameter
from tests.assets.kettle.convert.agree import agree
from tests.assets.kettle.convert.test_conditions import atom
from tests.assets.kettle.convert.test_generators import fields
from tests.assets.kettle.flow import Flow, grid

SALES = grid(
    {"shop": "String", "item": "String", "n": "Integer", "price": "Number"},
    [
        ("b", "ham", 2, "1.5"),
        ("a", "egg", 1, "0.25"),
        ("b", "egg", None, "2"),
        ("", "ham", 4, None),
        (None, "egg", 5, "1"),
        ("a", "egg", 3, "0.5"),
    ],
)
SHOPS = grid({"id": "String", "town": "String"}, [("a", "Ulm"), ("b", None), (None, "?"), ("a", "Bonn"), ("c", "Jena")])


def sales() -> Flow:
    return Flow().step("sales", "DataGrid", SALES)


def by(*names: str) -> list[Any]:
    return [fields(*({"name": n, "ascending": "Y", "case_sensitive": "Y"} for n in names))]


def test_sorted_groups(tmp_path: Path) -> None:
    flow = sales().step("sort", "SortRows", by("shop", "item"))
    aggregates = {"s": "SUM", "av": "AVERAGE", "c": "COUNT_ALL", "d": "COUNT_DISTINCT", "lo": "MIN", "hi": "MAX"}
    lines = [{"aggregate": f"{k}{s}", "subject": s, "type": t} for k, t in aggregates.items() for s in ("n", "price")]
    group = [fields({"name": "shop"}, tag="group"), fields(*lines, {"aggregate": "rows", "type": "COUNT_ANY"})]
    flow.step("group", "GroupBy", group).hop("sales", "sort", "group")
    agree(flow, tmp_path)


def test_order_dependent_functions_are_polars_only(tmp_path: Path) -> None:
    lines = [
        {"aggregate": t, "subject": "item", "type": t, "valuefield": "|"} for t in ("FIRST", "LAST", "CONCAT_STRING")
    ]
    group = [fields({"name": "shop"}, tag="group"), fields(*lines)]
    flow = sales().step("group", "GroupBy", group).hop("sales", "group")
    agree(flow, tmp_path, sql=False)
    with (
        plan(flow.model, all_generators()) as found,
        pytest.raises(KettleError, match=r"'group'.*sorted|'group'.*order"),
    ):
        sql_text(found, "duckdb")


def test_unique_rows_of_sorted_rows_and_of_neighbours(tmp_path: Path) -> None:
    flow = sales().step("sort", "SortRows", by("shop", "item", "n", "price"))
    flow.step("unique", "Unique", [fields({"name": "shop"}, {"name": "item"})]).hop("sales", "sort", "unique")
    agree(flow, tmp_path)
    alone = sales().step(
        "u", "Unique", [("count_rows", "Y"), ("count_field", "c"), fields({"name": "item", "case_insensitive": "Y"})]
    )
    agree(alone.hop("sales", "u"), tmp_path, sql=False)


@pytest.mark.parametrize("kind", ["INNER", "LEFT OUTER", "RIGHT OUTER", "FULL OUTER"])
def test_merge_join(kind: str, tmp_path: Path) -> None:
    flow = sales().step("shops", "DataGrid", SHOPS)
    flow.step("a", "SortRows", by("shop")).step("b", "SortRows", by("id"))
    keys: list[Any] = [("keys_1", [("key", "shop")]), ("keys_2", [("key", "id")])]
    flow.step("join", "MergeJoin", [("join_type", kind), ("step1", "a"), ("step2", "b"), *keys])
    flow.hop("sales", "a", "join").hop("shops", "b", "join")
    agree(flow, tmp_path, ordered=kind in ("INNER", "LEFT OUTER"))


def test_stream_lookup_with_default(tmp_path: Path) -> None:
    shops = grid({"id": "String", "town": "String"}, [("a", "Ulm"), (None, "?"), ("c", None)])
    flow = sales().step("shops", "DataGrid", shops)
    value = [("name", "town"), ("rename", "where"), ("default", "nowhere"), ("type", "String")]
    lookup = [("from", "shops"), ("lookup", [("key", [("name", "shop"), ("field", "id")]), ("value", value)])]
    flow.step("look", "StreamLookup", lookup).hop("sales", "look").hop("shops", "look")
    agree(flow, tmp_path)


def test_stream_lookup_takes_the_last_of_equal_keys(tmp_path: Path) -> None:
    flow = sales().step("shops", "DataGrid", SHOPS)
    lookup = [
        ("from", "shops"),
        ("lookup", [("key", [("name", "shop"), ("field", "id")]), ("value", [("name", "town")])]),
    ]
    flow.step("look", "StreamLookup", lookup).hop("sales", "look").hop("shops", "look")
    agree(flow, tmp_path, sql=False)


def test_join_rows_with_condition_and_equal_names(tmp_path: Path) -> None:
    flow = sales().step("again", "DataGrid", SALES)
    flow.step("join", "JoinRows", [("main", "sales"), ("compare", [atom("n", "<", right="n_1")])])
    agree(flow.hop("sales", "join").hop("again", "join"), tmp_path)


def test_append_switch_and_denormalise(tmp_path: Path) -> None:
    cases = [("case", [("value", "ham"), ("target_step", "h")]), ("case", [("value", "egg"), ("target_step", "e")])]
    switch = [("fieldname", "item"), ("case_value_type", "String"), ("default_target_step", "rest"), ("cases", cases)]
    flow = sales().step("switch", "SwitchCase", switch).step("h", "Dummy").step("e", "Dummy").step("rest", "Dummy")
    flow.step("both", "Append", [("head_name", "e"), ("tail_name", "h")])
    flow.hop("sales", "switch", "h", "both").hop("switch", "e", "both").hop("switch", "rest")
    flow.step("sort", "SortRows", by("shop")).step(
        "few", "SelectValues", [fields({"name": "shop"}, {"name": "item"}, {"name": "n"})]
    )
    pivots = [
        {
            "field_name": "n",
            "key_value": v,
            "target_name": v,
            "target_type": "Integer",
            "target_aggregation_type": "SUM",
        }
        for v in ("ham", "egg", "oil")
    ]
    group = fields({"name": "shop"}, tag="group")
    flow.step("pivot", "Denormaliser", [("key_field", "item"), group, fields(*pivots)])
    flow.hop("both", "sort", "few", "pivot")
    agree(flow, tmp_path)


def test_normaliser(tmp_path: Path) -> None:
    lines = [{"name": "a", "value": "first", "norm": "n"}, {"name": "b", "value": "second", "norm": "n"}]
    flow = Flow().step(
        "rows", "DataGrid", grid({"k": "String", "a": "Integer", "b": "Integer"}, [("x", 1, 2), ("y", None, 3)])
    )
    agree(flow.step("n", "Normaliser", [("typefield", "t"), fields(*lines)]).hop("rows", "n"), tmp_path)


def test_several_inputs_of_one_step(tmp_path: Path) -> None:
    flow = sales().step("more", "DataGrid", SALES).step("all", "Dummy").hop("sales", "all").hop("more", "all")
    agree(flow, tmp_path, ordered=False)


def test_parameters_become_arguments(tmp_path: Path) -> None:
    (tmp_path / "data.csv").write_text('id;name;day\n1;"a;b";2024-01-31\n2;;\n', encoding="utf-8")
    flow = Flow([Parameter("DIR", str(tmp_path)), Parameter("HOW", "4")])
    columns = fields(
        {"name": "id", "type": "Integer"},
        {"name": "name", "type": "String"},
        {"name": "day", "type": "Date", "format": "yyyy-MM-dd"},
    )
    options = [("filename", "${DIR}/data.csv"), ("separator", ";"), ("enclosure", '"'), ("header", "Y"), columns]
    flow.step("csv", "CsvInput", options)
    flow.step("rows", "RowGenerator", [("limit", "${HOW}"), fields({"name": "c", "type": "String", "nullif": "x"})])
    variable = {"name": "from", "variable": "in ${DIR}!", "type": "String"}
    flow.step("mark", "GetVariable", [fields(variable)]).hop("csv", "mark")
    text = agree(flow, tmp_path)
    assert 'f"{dir}/data.csv"' in text and "range(int(f" in text and 'f"in {dir}!"' in text
    agree(flow, tmp_path, "--how", "2", sql=False, HOW="2")


def test_all_steps_that_stop_it_are_named() -> None:
    flow = sales().step("odd", "RandomValue", [fields({"name": "r", "type": "random uuid"})])
    flow.step("script", "FieldsChangeSequence", [("resultfieldName", "q")]).hop("sales", "odd", "script")
    with pytest.raises(KettleError) as told, plan(flow.model, all_generators()):
        pass
    assert "'odd': there is no generator for RandomValue" in str(told.value)
    assert "'script': there is no generator for FieldsChangeSequence" in str(told.value)
