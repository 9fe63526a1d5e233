"""Mapping, executor, result rows, variables, system info."""

from datetime import datetime
from pathlib import Path

import pytest

from assets.kettle.engine.result import Result, Rows
from assets.kettle.engine.run import EngineSettings
from assets.kettle.errors import KettleError, StepError
from assets.kettle.files.write import write
from assets.kettle.model import Parameter
from assets.kettle.steps.calendar_ranges import range_date
from assets.kettle.values.fields import Field, Layout, ValueType
from tests.assets.kettle.flow import Flow, grid

NUMBERS = grid({"n": "Integer"}, [(1,), (2,), (3,)])


def variable(name: str, text: str) -> list[tuple[str, object]]:
    return [("fields", [("field", [("name", name), ("type", "String"), ("variable", text)])])]


def save(folder: Path, name: str, flow: Flow) -> Path:
    write(flow.model, folder / name)
    return folder / name


def mapping(file: str, *, renames: tuple[tuple[str, str], ...] = (), back: str = "N") -> list[tuple[str, object]]:
    connectors = [("connector", [("parent", p), ("child", c)]) for p, c in renames]
    into = ("mapping", [("main_path", "Y"), ("rename_on_output", back), *connectors])
    parameters = [("variablemapping", [("variable", "SIGN"), ("input", "${WHO}!")]), ("inherit_all_vars", "Y")]
    inner = [("input", [into]), ("output", [("mapping", [("main_path", "Y")])]), ("parameters", parameters)]
    return [("specification_method", "filename"), ("filename", file), ("mappings", inner)]


def child(folder: Path) -> Path:
    fields = [("fields", [("field", [("name", "value"), ("type", "Integer")]), ("select_unspecified", "N")])]
    flow = Flow([Parameter("SIGN", "none")]).step("into", "MappingInput", fields)
    flow.step("add", "GetVariable", variable("mark", "${SIGN}")).step("out", "MappingOutput").hop("into", "add", "out")
    return save(folder, "child.ktr", flow)


def test_a_mapping_renames_in_and_back_and_takes_parameters(tmp_path: Path) -> None:
    child(tmp_path)
    flow = Flow().step("in", "DataGrid", NUMBERS)
    flow.step(
        "map", "Mapping", mapping("${Internal.Entry.Current.Directory}/child.ktr", renames=(("n", "value"),), back="Y")
    )
    done = flow.hop("in", "map").run(path=tmp_path / "parent.ktr", variables={"WHO": "me"})
    assert done.layouts["map"] == ["n", "mark"]
    assert done.rows("map") == [(1, "me!"), (2, "me!"), (3, "me!")]


def test_a_mapping_that_lacks_a_field_or_its_file_is_told(tmp_path: Path) -> None:
    child(tmp_path)
    flow = (
        Flow()
        .step("in", "DataGrid", NUMBERS)
        .step("map", "Mapping", mapping(str(tmp_path / "child.ktr")))
        .hop("in", "map")
    )
    with pytest.raises(StepError, match=r"the mapping is not given the fields \['value'\]"):
        flow.run(path=tmp_path / "parent.ktr")
    flow = Flow().step("in", "DataGrid", NUMBERS).step("map", "Mapping", mapping("gone.ktr")).hop("in", "map")
    with pytest.raises(StepError, match=r"step 'map': .*gone.ktr.* is not there"):
        flow.run(path=tmp_path / "parent.ktr")


def test_a_transformation_that_calls_itself_ends_with_an_error(tmp_path: Path) -> None:
    flow = Flow().step("into", "MappingInput").step("map", "Mapping", mapping("self.ktr")).step("out", "MappingOutput")
    path = save(tmp_path, "self.ktr", flow.hop("into", "map", "out"))
    with pytest.raises(KettleError, match="calls itself"):
        flow.run(path=path, settings=EngineSettings(max_depth=5))


def executor(file: str, **tags: str) -> list[tuple[str, object]]:
    parameters = [("variablemapping", [("variable", "SIGN"), ("field", "n"), ("input", "")]), ("inherit_all_vars", "Y")]
    fields = [
        ("result_rows_field", [("name", "n"), ("type", "Integer")]),
        ("result_rows_field", [("name", "mark"), ("type", "String")]),
    ]
    return [
        ("specification_method", "filename"),
        ("filename", file),
        ("parameters", parameters),
        *fields,
        *tags.items(),
    ]


def test_an_executor_runs_per_group_with_parameters_from_its_first_row(tmp_path: Path) -> None:
    flow = Flow([Parameter("SIGN", "")]).step("get", "RowsFromResult", grid({"n": "Integer"}, [])[:1])
    flow.step("add", "GetVariable", variable("mark", "from ${SIGN}")).step("put", "RowsToResult").hop(
        "get", "add", "put"
    )
    save(tmp_path, "child.ktr", flow)
    options = executor(
        "child.ktr", group_size="2", result_rows_target_step="rows", execution_result_target_step="stats",
        execution_result_field="ok", execution_errors_field="errors", executors_output_step="copy",
    )  # fmt: skip
    flow = Flow().step("in", "DataGrid", NUMBERS).step("exec", "TransExecutor", options).hop("in", "exec")
    for name in ("rows", "stats", "copy"):
        flow.step(name, "Dummy").hop("exec", name)
    done = flow.run(path=tmp_path / "parent.ktr")
    assert done.rows("rows") == [(1, "from 1"), (2, "from 1"), (3, "from 3")]
    assert done.rows("stats") == [(True, 0), (True, 0)] and done.column("copy", "n") == [1, 2, 3]


def test_an_executor_reports_a_failure_or_fails_itself(tmp_path: Path) -> None:
    save(tmp_path, "child.ktr", Flow().step("x", "NoSuchStep"))
    told = executor("child.ktr", group_size="0", execution_result_target_step="stats", execution_result_field="ok")
    flow = Flow().step("in", "DataGrid", NUMBERS).step("exec", "TransExecutor", told).step("stats", "Dummy")
    assert flow.hop("in", "exec", "stats").run(path=tmp_path / "p.ktr").rows("stats") == [(False,)]
    flow = Flow().step("in", "DataGrid", NUMBERS).step("exec", "TransExecutor", executor("child.ktr")).hop("in", "exec")
    with pytest.raises(StepError, match=r"step 'exec': .*NoSuchStep"):
        flow.run(path=tmp_path / "p.ktr")


def test_result_rows_come_in_with_their_own_layout() -> None:
    import polars as pl

    layout = Layout([Field("k", ValueType.STRING), Field("v", ValueType.INTEGER)])
    previous = Result(rows=Rows(layout, pl.DataFrame({"k": ["a"], "v": [1]})))
    flow = Flow().step("get", "RowsFromResult", grid({"other": "String"}, [])[:1])
    assert flow.run(previous=previous).rows("get") == [("a", 1)]
    assert flow.run().layouts["get"] == ["other"]


def test_variables_become_fields_and_are_set_for_the_caller_only() -> None:
    fields = [("field", [("name", "v"), ("variable", "${A}-%%B%%"), ("type", "String"), ("length", "-1")])]
    done = Flow().step("get", "GetVariable", [("fields", fields)]).run(variables={"A": "1", "B": "2"})
    assert done.rows("get") == [("1-2",)]
    wanted = [("fields", [("field", [("field_name", "w"), ("variable_name", "NEW"), ("variable_type", "ROOT_JOB")])])]
    flow = (
        Flow()
        .step("in", "DataGrid", grid({"w": "String"}, [("x",)]))
        .step("set", "SetVariable", wanted)
        .hop("in", "set")
    )
    assert flow.run().variables.get("NEW") == "x"
    flow = Flow().step("in", "DataGrid", grid({"w": "String"}, [("x",), ("y",)])).step("set", "SetVariable", wanted)
    with pytest.raises(StepError, match="more than one row"):
        flow.hop("in", "set").run()


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("yesterday start", datetime(2024, 2, 28)),
        ("today end", datetime(2024, 2, 29, 23, 59, 59, 999000)),
        ("last month end", datetime(2024, 1, 31, 23, 59, 59, 999000)),
        ("next month start", datetime(2024, 3, 1)),
        ("this week start", datetime(2024, 2, 26)),
        ("this week start us", datetime(2024, 2, 25)),
        ("this week open end", datetime(2024, 3, 1, 23, 59, 59, 999000)),
        ("prev quarter start", datetime(2023, 10, 1)),
        ("this year end", datetime(2024, 12, 31, 23, 59, 59, 999000)),
        ("hostname", None),
    ],
)
def test_dates_around_a_moment(code: str, expected: datetime | None) -> None:
    assert range_date(code, datetime(2024, 2, 29, 13, 14)) == expected
