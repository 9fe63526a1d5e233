"""Fixed file input."""

from pathlib import Path

import pytest

from assets.kettle.errors import StepError
from tests.assets.kettle.flow import Flow


def flow(path: Path, **tags: str) -> Flow:
    columns = [
        ("field", [("name", n), ("type", t), ("width", w)]) for n, t, w in (("i", "Integer", "3"), ("s", "String", "4"))
    ]
    options = [("filename", str(path)), ("line_width", "7"), ("encoding", "UTF-8"), *tags.items(), ("fields", columns)]
    return Flow().step("in", "FixedInput", options)


def test_records_with_and_without_line_ends(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_text("header!001Ann 002Bo  ")
    outcome = flow(file, header="Y", file_type="NONE").run()
    assert outcome.rows("in") == [(1, "Ann "), (2, "Bo  ")]
    assert outcome.counters["in"].input == 2
    file.write_bytes(b"001Ann \r\n002Bo  \r\n")
    assert flow(file, file_type="DOS").run().rows("in") == [(1, "Ann "), (2, "Bo  ")]


def test_bad_number_names_file_and_field(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("x01Ann ")
    with pytest.raises(StepError, match=r"a, field 'i'"):
        flow(tmp_path / "a").run()
