"""Files from result, Repeat fields, streams of different layouts."""

from pathlib import Path

import pytest

from assets.kettle.engine.result import Result, ResultFile
from assets.kettle.engine.run import EngineSettings
from assets.kettle.errors import StepError
from tests.assets.kettle.flow import Flow, grid


def test_result_files_of_the_caller_are_rows(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("x")
    files = [ResultFile(str(tmp_path / "a.txt"), "LOG", "step", "said", "job"), ResultFile("s3://b/gone.csv")]
    done = Flow().step("files", "FilesFromResult").run(previous=Result(files=files))
    first, second = done.rows("files")
    assert first[:6] == ("Log", "a.txt", f"file://{tmp_path}/a.txt", "job", "step", "said")
    assert first[6] is not None
    assert second == ("General", "gone.csv", "s3://b/gone.csv", None, None, None, None)
    assert Flow().step("files", "FilesFromResult").run().rows("files") == []


VALUES = grid(
    {"g": "String", "v": "Integer", "mark": "String"},
    [("a", 1, "N"), ("a", None, "Y"), ("a", 3, "N"), ("b", None, "N"), ("b", 5, "Y"), ("b", 6, "N")],
)


@pytest.mark.parametrize("rows", [1, 2, 100])
@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("previous", [1, 1, 1, None, None, None]),
        ("previous_when_null", [1, 1, 3, None, 5, 6]),
        ("current_when_indicated", [1, None, None, None, 5, 5]),
    ],
)
def test_values_are_kept_on_within_their_group(kind: str, expected: list[int | None], rows: int) -> None:
    repeat = [("source_field", "v"), ("target_field", "w"), ("type", kind)]
    options = [
        ("group_fields", [("group_field", "g")]),
        ("repeats", [("field", [*repeat, ("indicator_field_name", "mark"), ("indicator_value", "Y")])]),
    ]
    flow = Flow().step("in", "DataGrid", VALUES).step("keep", "RepeatFields", options).hop("in", "keep")
    assert flow.run(settings=EngineSettings(batch_rows=rows)).column("keep", "w") == expected


def test_an_unknown_way_to_repeat_is_refused() -> None:
    options = [("repeats", [("field", [("source_field", "v"), ("target_field", "w"), ("type", "next")])])]
    flow = Flow().step("in", "DataGrid", VALUES).step("keep", "RepeatFields", options).hop("in", "keep")
    with pytest.raises(StepError, match="'next'"):
        flow.run()


def test_streams_of_different_layouts_have_all_fields() -> None:
    options = [("steps", [("step", [("name", "two")]), ("step", [("name", "one")])])]
    flow = Flow().step("one", "DataGrid", grid({"a": "Integer", "b": "String"}, [(1, "x")]))
    flow.step("two", "DataGrid", grid({"b": "String", "a": "String", "c": "Boolean"}, [("y", "two", "Y")]))
    done = flow.step("all", "StreamSchema", options).hop("one", "all").hop("two", "all").run()
    assert done.layouts["all"] == ["b", "a", "c"]
    assert sorted(done.rows("all"), key=str) == [("x", "1", None), ("y", "two", True)]
