"""Text file input: layouts, line ends, enclosures, errors, files from fields."""

import gzip
import zipfile
from pathlib import Path
from typing import Any

import pytest

from assets.kettle.errors import StepError
from assets.kettle.formats.fast_csv import Dialect
from assets.kettle.formats.text_lines import split_line
from tests.assets.kettle.flow import Flow, grid


def text(
    path: Path | str, fields: list[dict[str, str]], kind: str = "CSV", compression: str = "None", **tags: Any
) -> Any:
    defaults = {
        "separator": ";",
        "enclosure": '"',
        "header": "N",
        "noempty": "Y",
        "format": "mixed",
        "encoding": "UTF-8",
    }
    file = [("name", str(path)), ("type", kind), ("compression", compression), ("file_required", "N")]
    columns = [("field", list(({"type": "String"} | f).items())) for f in fields]
    return [*(defaults | tags).items(), ("file", file), ("fields", columns)]


TWO = [{"name": "a"}, {"name": "b"}]


def read(
    path: Path, content: str | bytes, fields: list[dict[str, str]] | None = None, **tags: Any
) -> list[tuple[Any, ...]]:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return Flow().step("in", "TextFileInput", text(path, fields or TWO, **tags)).run().rows("in")


def test_header_counts_as_input_and_a_file_as_updated(tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    file.write_text("a;b\n1;2\n\n3;4\n")
    outcome = Flow().step("in", "TextFileInput", text(file, TWO, header="Y", nr_headerlines="1")).run()
    counters = outcome.counters["in"]
    assert outcome.rows("in") == [("1", "2"), ("3", "4")]
    assert (counters.input, counters.written, counters.updated) == (3, 2, 1)


def test_line_with_open_enclosure_goes_on_and_short_lines_are_filled(tmp_path: Path) -> None:
    rows = read(tmp_path / "a.txt", '1;"two\r\nlines"\r\nshort\r\n1;2;3\r\n')
    assert rows == [("1", "two\nlines"), ("short", None), ("1", "2")]


def test_default_null_text_and_repeat(tmp_path: Path) -> None:
    fields = [{"name": "a", "type": "Integer", "ifnull": "0"}, {"name": "b", "nullif": "NONE", "repeat": "Y"}]
    assert read(tmp_path / "a.txt", "1;x\n;NONE\n3;\n4;y\n", fields) == [(1, "x"), (0, "x"), (3, "x"), (4, "y")]


def test_dos_format_refuses_single_newlines(tmp_path: Path) -> None:
    assert read(tmp_path / "a.txt", "1;2\r\n", format="DOS") == [("1", "2")]
    with pytest.raises(StepError, match="DOS"):
        read(tmp_path / "b.txt", "1;2\n3;4\n", format="DOS")


def test_fixed_width(tmp_path: Path) -> None:
    fields = [
        {"name": "id", "type": "Integer", "format": "000", "position": "0", "length": "3"},
        {"name": "name", "position": "3", "length": "5", "trim_type": "both"},
        {"name": "late", "position": "20", "length": "2"},
    ]
    assert read(tmp_path / "a.txt", "001Ann  x\n002Bo\n", fields, kind="Fixed") == [(1, "Ann", None), (2, "Bo", None)]


def test_footer_wraps_and_pages(tmp_path: Path) -> None:
    lines = "h;h\n1;a\n2;b\nf;f\n"
    tags = {"header": "Y", "nr_headerlines": "1", "footer": "Y", "nr_footerlines": "1"}
    assert read(tmp_path / "a.txt", lines, **tags) == [("1", "a"), ("2", "b")]
    assert read(tmp_path / "b.txt", "1;\na\n2;\nb\n", line_wrapped="Y", nr_wraps="1") == [("1", "a"), ("2", "b")]
    paged = tags | {"layout_paged": "Y", "nr_lines_per_page": "2", "nr_lines_doc_header": "1"}
    assert len(read(tmp_path / "c.txt", "title\n" + lines * 2, **paged)) == 4


def test_line_filters(tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    file.write_text("#c;x\n1;a\nSTOP;x\n2;b\n")
    rules = [
        ("filter", [("filter_string", "#"), ("filter_position", "0")]),
        ("filter", [("filter_string", "STOP"), ("filter_position", "-1"), ("filter_is_last_line", "Y")]),
    ]
    options = [*text(file, TWO), ("filters", rules)]
    assert Flow().step("in", "TextFileInput", options).run().rows("in") == [("1", "a")]


def test_errors_ignored_leave_null_and_are_described(tmp_path: Path) -> None:
    fields = [{"name": "a", "type": "Integer", "length": "5", "format": "#"}, {"name": "b"}]
    tags = {"error_ignored": "Y", "error_count_field": "n", "error_fields_field": "f", "error_text_field": "t"}
    rows = read(tmp_path / "a.txt", "1;x\nbad;y\n", fields, **tags)
    said = "Couldn't parse field [Integer(5)] with value [bad], format [#] on data row [2]."
    assert rows == [(1, "x", 0, "", ""), (None, "y", 1, "a", said)]
    assert len(read(tmp_path / "b.txt", "1;x\nbad;y\n", fields, error_line_skipped="Y", **tags)) == 1
    with pytest.raises(StepError, match="bad"):
        read(tmp_path / "c.txt", "bad;y\n", fields)


def test_compressed_files(tmp_path: Path) -> None:
    packed = tmp_path / "a.gz"
    packed.write_bytes(gzip.compress(b"1;2\n"))
    archive = tmp_path / "a.zip"
    with zipfile.ZipFile(archive, "w") as handle:
        handle.writestr("inner.txt", "3;4\n")
    steps = [
        ("TextFileInput", text(packed, TWO, compression="GZip")),
        ("TextFileInput", text(archive, TWO, compression="Zip")),
    ]
    steps.append(("TextFileInput", text(f"zip:file://{archive}!/inner.txt", TWO)))
    found = [Flow().step("in", kind, options).run().rows("in") for kind, options in steps]
    assert found == [[("1", "2")], [("3", "4")], [("3", "4")]]


def test_names_from_a_field_and_fields_passed_through(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "x.txt").write_text("1;2\n")
    (folder / "y.txt").write_text("3;4\n")
    tags = {"accept_filenames": "Y", "passing_through_fields": "Y", "accept_field": "path", "include": "Y"}
    options = text("", TWO, **tags, include_field="file", rownum="Y", rownum_field="n")
    flow = Flow().step("g", "DataGrid", grid({"path": "String"}, [(str(folder),)])).step("in", "TextFileInput", options)
    rows = flow.hop("g", "in").run().rows("in")
    names = [str(folder / "x.txt"), str(folder / "y.txt")]
    assert rows == [(str(folder), "1", "2", names[0], 1), (str(folder), "3", "4", names[1], 2)]


def test_wildcards_and_facts_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("1;2\n")
    (tmp_path / "b.txt").write_text("3;4\n")
    options = text(tmp_path, TWO, shortFileFieldName="short", sizeFieldName="size")
    options = [(n, [*v, ("filemask", r".*\.csv$")]) if n == "file" else (n, v) for n, v in options]
    assert Flow().step("in", "TextFileInput", options).run().rows("in") == [("1", "2", "a.csv", 4)]


@pytest.mark.parametrize(
    ("line", "escape", "fields"),
    [
        ('a;"b;c";d', "", ["a", "b;c", "d"]),
        ('"a""b";c', "", ['a"b', "c"]),
        ('"a""""b";c', "", ['a"b', "c"]),
        ("a\\;b;c", "\\", ["a;b", "c"]),
        ("a;b;", "", ["a", "b", ""]),
        ('"open;x', "", ["open;"]),
    ],
)
def test_lines_are_split_as_measured(line: str, escape: str, fields: list[str]) -> None:
    assert split_line(line, Dialect(";", '"', escape)) == fields
