"""CSV file input: the fast and the exact reader, headers, rejects, lazy conversion."""

from pathlib import Path
from typing import Any

import pytest

from assets.kettle.errors import StepError
from assets.kettle.formats.csv_exact import CsvScanner
from assets.kettle.formats.fast_csv import Dialect, fast_rows
from assets.kettle.steps.text_csv_input import header_mapping
from tests.assets.kettle.flow import Flow

FIELDS = {"id": "Integer", "name": "String", "amount": "Number"}


def declared(fields: dict[str, str]) -> tuple[str, Any]:
    return "fields", [("field", [("name", n), ("type", t)]) for n, t in fields.items()]


def csv(path: Path, fields: dict[str, str] | None = None, **tags: Any) -> list[tuple[str, Any]]:
    options = {"filename": str(path), "separator": ";", "enclosure": '"', "header": "Y", "encoding": "UTF-8"} | tags
    return [*options.items(), declared(fields or FIELDS)]


def read(path: Path, content: str | bytes, **tags: Any) -> list[tuple[Any, ...]]:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    outcome = Flow().step("in", "CsvInput", csv(path, **tags)).run()
    return outcome.rows("in")


def test_plain_lines_and_counters(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("id;name;amount\n1;a;1.5\n2;;\n")
    outcome = Flow().step("in", "CsvInput", csv(file, rownum_field="n")).run()
    assert outcome.rows("in") == [(1, "a", 1.5, 1), (2, None, None, 2)]
    assert (outcome.counters["in"].input, outcome.counters["in"].written) == (3, 2)


def test_enclosures_with_separator_newline_and_doubling(tmp_path: Path) -> None:
    rows = read(tmp_path / "a.csv", 'id;name;amount\n1;"a;b";1\n2;"say ""hi""";2\n3;"two\nlines";3\n4;5" pipe;4\n')
    assert [row[1] for row in rows] == ["a;b", 'say "hi"', "two\nlines", '5" pipe']


def test_blank_line_is_nulls_after_crlf_and_swallowed_after_lf(tmp_path: Path) -> None:
    assert len(read(tmp_path / "a.csv", "id;name;amount\r\n1;a;1\r\n\r\n2;b;2\r\n")) == 3
    assert len(read(tmp_path / "b.csv", "id;name;amount\n1;a;1\n\n2;b;2\n")) == 2


def test_short_line_swallows_the_next_when_newlines_may_be_in_fields(tmp_path: Path) -> None:
    content = "id;name;amount\n1;short\n2;b;2\n"
    assert [r[0] for r in read(tmp_path / "a.csv", content)] == [1, 2]
    with pytest.raises(StepError, match=r"amount|2;b"):
        read(tmp_path / "b.csv", "id;name;amount\n1;a;1\n2;short\n3;b;x\n", newline_possible="Y")


def test_header_names_place_the_columns(tmp_path: Path) -> None:
    assert read(tmp_path / "a.csv", "amount;extra;id\n1.5;x;7\n") == [(7, "x", 1.5)]
    assert header_mapping(["b", "zz", "a"], ["a", "b", "c"]) == [1, 2, 0]


def test_other_encoding_and_byte_order_mark(tmp_path: Path) -> None:
    assert read(tmp_path / "a.csv", "1;é;2\n".encode("cp1252"), encoding="windows-1252", header="N")[0][1] == "é"
    assert read(tmp_path / "b.csv", b"\xef\xbb\xbfid;name;amount\n1;a;2\n")[0][0] == 1
    assert read(tmp_path / "c.csv", b"1;a\xff;2\n", header="N")[0][1] == "a\ufffd"


def test_bad_values_go_to_the_error_hop_with_the_whole_row(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("id;name;amount\n1;a;1\nx;b;y\n3;c;3\n")
    flow = Flow().step("in", "CsvInput", csv(file)).step("ok", "Dummy").step("bad", "Dummy").hop("in", "ok")
    outcome = flow.errors("in", "bad", nr_valuename="n", codes_valuename="code").run()
    assert [r[0] for r in outcome.rows("ok")] == [1, 3]
    assert outcome.rows("bad") == [(None, "b", None, 2, "CSVINPUT001")]


def test_rows_with_different_bad_fields_leave_in_their_order(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("id;name;amount\nx;a;1\n2;b;y\n3;c;3\nx;d;y\nx;e;4\n")
    flow = Flow().step("in", "CsvInput", csv(file)).step("ok", "Dummy").step("bad", "Dummy").hop("in", "ok")
    outcome = flow.errors("in", "bad", nr_valuename="n", fields_valuename="f").run()
    one, other = "Integer<binary-string>", "Number<binary-string>"
    said = [("a", 1, one), ("b", 1, other), ("d", 2, f"{one}, {other}"), ("e", 1, one)]
    assert [(row[1], *row[3:]) for row in outcome.rows("bad")] == said


def test_bad_value_without_error_hop_names_step_and_value(tmp_path: Path) -> None:
    with pytest.raises(StepError, match=r"'in'.*\[x\]"):
        read(tmp_path / "a.csv", "id;name;amount\nx;b;1\n")


def test_missing_file_names_step_and_path(tmp_path: Path) -> None:
    with pytest.raises(StepError, match=r"'in'.*none\.csv"):
        Flow().step("in", "CsvInput", csv(tmp_path / "none.csv")).run()


def test_lazy_values_go_out_as_they_came(tmp_path: Path) -> None:
    file, out = tmp_path / "a.csv", tmp_path / "out"
    file.write_text("id;name;amount\n007;a;1.50\nbad;b;2\n")
    text: list[tuple[str, Any]] = [
        ("separator", ";"),
        ("header", "Y"),
        ("format", "UNIX"),
        ("file", [("name", str(out)), ("extention", "txt")]),
    ]
    Flow().step("in", "CsvInput", csv(file, lazy_conversion="Y")).step("out", "TextFileOutput", text).hop(
        "in", "out"
    ).run()
    assert out.with_suffix(".txt").read_text() == file.read_text()


def test_parallel_copies_read_the_file_once(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("id;name;amount\n1;a;1\n2;b;2\n")
    flow = Flow().step("in", "CsvInput", csv(file, parallel="Y")).step("end", "Dummy").hop("in", "end")
    assert len(flow.copies("in", "3").run().rows("in")) == 2


@pytest.mark.parametrize(
    "text",
    ["a;b;c\n1;2;3\n", 'a;"b;""x""";c\n"";"y";z;more\n', "a;b\n1;2;3;4;5\n", '"a";b;"c"\n;;\n'],
)
def test_fast_reader_gives_what_the_exact_one_gives(text: str) -> None:
    dialect = Dialect(";", '"')
    fast = fast_rows(text.encode(), 3, dialect, collapsing=False, full=False)
    exact, used = CsvScanner(dialect, 3, newlines=False, line_format="MIXED").records(text, final=True)
    assert fast is not None
    assert used == len(text)
    assert fast.rows() == [tuple((row[i] or None) if i < len(row) else None for i in range(3)) for row in exact]


@pytest.mark.parametrize("text", ['a"b;c;d\n', 'a;b"";c\n', 'a;"b"c;d\n', 'a;"b;c\n', "a\r\nb\n", "a\n\nb\n"])
def test_fast_reader_refuses_what_it_would_read_differently(text: str) -> None:
    assert fast_rows(text.encode(), 3, Dialect(";", '"'), collapsing=False, full=False) is None
