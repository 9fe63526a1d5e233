"""Text file output: what is written, byte by byte."""

import gzip
import zipfile
from pathlib import Path
from typing import Any

import pytest

from assets.kettle.errors import StepError
from tests.assets.kettle.flow import Flow, Outcome, grid

FIELDS = {"i": "Integer", "s": "String", "d": "Date"}
ROWS = [("1", "plain", "2024/01/31"), ("-22", "with;sep", None), (None, 'q"uote', "2000/01/01")]


def write(
    path: Path, file: dict[str, str] | None = None, fields: list[dict[str, str]] | None = None, **tags: str
) -> Outcome:
    options: list[tuple[str, Any]] = list(
        ({"separator": ";", "enclosure": '"', "header": "Y", "format": "UNIX"} | tags).items()
    )
    options.append(("file", list(({"name": str(path), "extention": "txt"} | (file or {})).items())))
    options.append(("fields", [("field", list(f.items())) for f in fields or []]))
    flow = Flow().step("g", "DataGrid", grid(FIELDS, ROWS, d="yyyy/MM/dd")).step("out", "TextFileOutput", options)
    return flow.hop("g", "out").run()


def test_only_strings_that_need_it_are_enclosed(tmp_path: Path) -> None:
    outcome = write(tmp_path / "o")
    expected = 'i;s;d\n1;plain;2024/01/31\n-22;"with;sep";\n;"q""uote";2000/01/01\n'
    assert (tmp_path / "o.txt").read_text() == expected
    assert (outcome.counters["out"].output, outcome.counters["out"].written) == (4, 3)


def test_forced_enclosures_footer_and_ending_line(tmp_path: Path) -> None:
    outcome = write(tmp_path / "o", enclosure_forced="Y", footer="Y", endedLine="END")
    lines = (tmp_path / "o.txt").read_text().splitlines()
    assert lines == ['i;"s";d', '1;"plain";2024/01/31', '-22;"with;sep";', ';"q""uote";2000/01/01', 'i;"s";d', "END"]
    assert outcome.counters["out"].output == 6


def test_masks_lengths_and_null_text(tmp_path: Path) -> None:
    fields = [
        {"name": "i", "type": "Integer", "format": "000", "nullif": "NULL", "length": "-1", "precision": "-1"},
        {"name": "s", "type": "String", "length": "6", "precision": "-1"},
        {"name": "d", "type": "Date", "format": "dd.MM.yy", "length": "-1", "precision": "-1"},
    ]
    write(tmp_path / "o", fields=fields, header="N")
    assert (tmp_path / "o.txt").read_text() == '001;plain ;31.01.24\n-022;"with;s";\nNULL;"q""uote";01.01.00\n'


def test_fast_data_dump_tells_zeros_apart_and_writes_what_is_no_number(tmp_path: Path) -> None:
    ratio = [("field_name", "r"), ("calc_type", "DIVIDE"), ("field_a", "a"), ("field_b", "b"), ("value_type", "Number")]
    rows = grid({"a": "Number", "b": "Number"}, [(0, 0), (0, 1), ("-0", 1), (0, 1), (-1, 0), (None, 1), (20000000, 1)])
    flow = Flow().step("g", "DataGrid", rows).step("c", "Calculator", [("calculation", ratio)]).hop("g", "c")
    file = [("name", str(tmp_path / "o")), ("extention", "txt"), ("fast_dump", "Y")]
    field = ("field", [("name", "r"), ("type", "Number"), ("length", "-1"), ("precision", "-1")])
    options: Any = [("separator", ";"), ("format", "UNIX"), ("file", file), ("fields", [field])]
    flow.step("out", "TextFileOutput", options).hop("c", "out").run()
    assert (tmp_path / "o.txt").read_text().split("\n") == ["NaN", "0.0", "-0.0", "0.0", "-Infinity", "", "2.0E7", ""]


def test_parts_are_numbered_and_have_their_headers(tmp_path: Path) -> None:
    write(tmp_path / "o", {"splitevery": "2"})
    parts = [p.read_text().count("\n") for p in sorted(tmp_path.glob("o_*.txt"))]
    assert sum(parts) == 3 + len(parts)
    assert len(parts) > 1


def test_append_writes_no_second_header(tmp_path: Path) -> None:
    write(tmp_path / "o")
    write(tmp_path / "o", {"append": "Y"})
    assert (tmp_path / "o.txt").read_text().count("i;s;d") == 1
    assert len((tmp_path / "o.txt").read_text().splitlines()) == 7


def test_compression(tmp_path: Path) -> None:
    write(tmp_path / "o", compression="GZip")
    assert gzip.decompress((tmp_path / "o.txt.gz").read_bytes()).startswith(b"i;s;d\n")
    write(tmp_path / "z", compression="Zip")
    with zipfile.ZipFile(tmp_path / "z.zip") as archive:
        assert archive.read("z.txt").startswith(b"i;s;d\n")


def test_multi_character_separator_and_encoding(tmp_path: Path) -> None:
    write(tmp_path / "o", separator="||", encoding="UTF-16LE", format="DOS")
    assert (tmp_path / "o.txt").read_bytes().decode("utf-16-le").startswith("i||s||d\r\n1||plain||")


def test_names_from_a_field(tmp_path: Path) -> None:
    options = [("separator", ";"), ("format", "UNIX"), ("fileNameInField", "Y"), ("fileNameField", "f")]
    options.append(("file", [("extention", "txt")]))  # type: ignore[arg-type]
    rows = [(str(tmp_path / "a"), "1"), (str(tmp_path / "b"), "2"), (str(tmp_path / "a"), "3")]
    flow = (
        Flow().step("g", "DataGrid", grid({"f": "String", "v": "String"}, rows)).step("out", "TextFileOutput", options)
    )
    flow.hop("g", "out").run()
    assert [len((tmp_path / f"{n}.txt").read_text().splitlines()) for n in "ab"] == [2, 1]


def test_a_failing_run_leaves_the_old_file(tmp_path: Path) -> None:
    (tmp_path / "o.txt").write_text("old")
    with pytest.raises(StepError, match="nothere"):
        write(tmp_path / "o", fields=[{"name": "nothere", "type": "String"}])
    assert (tmp_path / "o.txt").read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["o.txt"]


def test_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(StepError, match="folder"):
        write(tmp_path / "no" / "o", create_parent_folder="N")
