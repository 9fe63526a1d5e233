"""Steps with several inputs or targets, grouping and pivots, and rows from files and parameters."""

from pathlib import Path
from typing import Any

import pytest

from assets.kettle.convert.generators.registry import all_generators
from assets.kettle.convert.plan import plan
from assets.kettle.convert.polars_script import script
from assets.kettle.convert.sql_script import sql_text
from assets.kettle.engine.start import prepare
from assets.kettle.errors import KettleError
from assets.kettle.model import Parameter
from tests.assets.kettle.convert.agree import agree, run_script
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


def test_cases_that_are_parts_of_texts(tmp_path: Path) -> None:
    cases = [("case", [("value", v), ("target_step", t)]) for v, t in (("g", "one"), ("h", "two"), ("e", "two"))]
    switch = [("fieldname", "item"), ("case_value_type", "String"), ("use_contains", "Y"), ("cases", cases)]
    flow = sales().step("switch", "SwitchCase", switch).step("one", "Dummy").step("two", "Dummy")
    agree(flow.hop("sales", "switch", "one").hop("switch", "two"), tmp_path)


@pytest.mark.parametrize("mask", ["", "0.00", "#.##", "#0.#", "#.0"])
def test_the_file_is_written_as_kettle_writes_it(mask: str, tmp_path: Path) -> None:
    lines = [(1, "1.5", "a", "2024-01-31"), (None, None, None, None), (-3, "20", "bc", "2020-02-29")]
    lines += [(4, "0.125", "d", None), (5, "0", "e", None), (6, "-0.5", "f", None), (7, "1234.567", "g", None)]
    rows = grid({"n": "Integer", "x": "Number", "s": "String", "d": "Date"}, lines, d="yyyy-MM-dd")
    columns = fields(
        {"name": "s", "length": "3"},
        {"name": "n"},
        {"name": "x", "format": mask},
        {"name": "d", "format": "dd.MM.yyyy"},
    )
    place = ("file", [("name", "${OUT}/file"), ("extention", "txt")])
    flow = Flow([Parameter("OUT", str(tmp_path / "engine"))]).step("rows", "DataGrid", rows)
    options: list[Any] = [("separator", ";"), ("enclosure", '"'), ("header", "Y"), ("format", "UNIX"), place, columns]
    flow.step("write", "TextFileOutput", options).hop("rows", "write")
    (tmp_path / "engine").mkdir()
    (tmp_path / "script").mkdir()
    with prepare(flow.model) as engine:
        engine.execute()
    with plan(flow.model, all_generators()) as found:
        run_script(script(found), tmp_path, "--out", str(tmp_path / "script"))
    written = (tmp_path / "script/file.txt").read_bytes()
    assert written == (tmp_path / "engine/file.txt").read_bytes() and b"29.02.2020" in written


def test_odd_names_and_texts_stay_texts(tmp_path: Path) -> None:
    odd = 'x"""\nimport os  # {rows} {{ 7 * 7 }} \\ %s \'; DROP TABLE t; --'
    values = fields({"name": odd, "type": "String", "nullif": odd}, {"name": "from", "type": "String", "nullif": "{x}"})
    flow = Flow([Parameter("class", odd)]).step(odd, "DataGrid", grid({"n": "Integer"}, [(1,), (2,)]))
    flow.step("again " + odd, "Constant", [values]).hop(odd, "again " + odd)
    flow.step("class", "GetVariable", [fields({"name": "v", "variable": "${class}{y}", "type": "String"})])
    change = {"in_stream_name": odd, "replace_string": '"', "replace_by_string": "{v}", "case_sensitive": "Y"}
    flow.hop("again " + odd, "class")
    flow.step(
        "import",
        "ReplaceString",
        [fields(change)],
    )
    text = agree(flow.hop("class", "import"), tmp_path)
    assert "\nimport os" not in text


def test_a_text_file_with_null_words_defaults_and_grouped_numbers(tmp_path: Path) -> None:
    (tmp_path / "in.txt").write_text("a|b|c|d\n-|1,234.5| x |1.234,5\nu|2||7\n|-7,000|-|\n", encoding="utf-8")
    columns = fields(
        {"name": "a", "type": "String", "nullif": "-", "ifnull": "none"},
        {"name": "b", "type": "Number", "format": "#,##0.0"},
        {"name": "c", "type": "String", "nullif": "-", "trim_type": "both", "repeat": "Y"},
        {"name": "d", "type": "Number", "format": "#,##0.0", "decimal": ",", "group": "."},
    )
    source = ("file", [("name", str(tmp_path / "in.txt")), ("type", "CSV"), ("compression", "None")])
    options: list[Any] = [("separator", "|"), ("header", "Y"), ("nr_headerlines", "1"), ("format", "Unix"), source]
    flow = Flow().step("in", "TextFileInput", [*options, columns])
    agree(flow, tmp_path, sql=False)


def test_medians_and_percentiles(tmp_path: Path) -> None:
    kinds = [
        ("MEDIAN", ""),
        ("PERCENTILE", "75"),
        ("PERCENTILE", "10"),
        ("PERCENTILE_NEAREST_RANK", "50"),
        ("STD_DEV_SAMPLE", ""),
    ]
    lines = [
        {"aggregate": f"{kind}{value}{subject}", "subject": subject, "type": kind, "valuefield": value}
        for kind, value in kinds
        for subject in ("n", "price")
    ]
    flow = sales().step("group", "MemoryGroupBy", [fields({"name": "item"}, tag="group"), fields(*lines)])
    agree(flow.hop("sales", "group"), tmp_path, sql=False)


def test_rows_without_fields(tmp_path: Path) -> None:
    flow = Flow().step("rows", "RowGenerator", [("limit", "3")])
    flow.step("c", "Constant", [fields({"name": "c", "type": "Integer", "nullif": "7"})]).hop("rows", "c")
    agree(flow, tmp_path, sql=False)


@pytest.mark.parametrize("back", ["Y", "N"])
@pytest.mark.parametrize("kind", ["GroupBy", "MemoryGroupBy"])
def test_groups_of_no_rows(kind: str, back: str, tmp_path: Path) -> None:
    types = ("SUM", "COUNT_ALL", "COUNT_ANY", "MIN", "AVERAGE")
    lines = fields(*({"aggregate": t, "subject": "n", "type": t} for t in types))
    flow = sales().step("none", "FilterRows", [("compare", [atom("n", ">", "99", "Integer")])])
    flow.step("group", kind, [("give_back_row", back), lines]).hop("sales", "none", "group")
    if back == "Y":
        agree(flow, tmp_path)
        return
    assert flow.run().rows("group") == []
    with plan(flow.model, all_generators()) as found:
        assert run_script(script(found), tmp_path)[0].height == 0


def test_a_parameter_that_names_another_is_resolved(tmp_path: Path) -> None:
    flow = Flow([Parameter("ONE", "one"), Parameter("TWO", "x${ONE}y")])
    flow.step("get", "GetVariable", [fields({"name": "v", "variable": "${TWO}", "type": "String"})])
    assert "xoney" in agree(flow, tmp_path)
