"""Steps about files: names, folders, counts, existence, content, properties, YAML, dBase, programs."""

import struct
import sys
from pathlib import Path
from typing import Any

import pytest

from assets.kettle.engine.run import EngineSettings
from assets.kettle.errors import StepError
from tests.assets.kettle.flow import Flow, grid


def file(path: Path | str, mask: str = "") -> tuple[str, Any]:
    return "file", [("name", str(path)), ("filemask", mask)]


def fields(*columns: dict[str, str]) -> tuple[str, Any]:
    return "fields", [("field", list(({"type": "String"} | c).items())) for c in columns]


def test_file_names_by_wildcard(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("abc")
    (tmp_path / "b.csv").write_text("")
    (tmp_path / "sub").mkdir()
    options = [file(tmp_path, r".*\.txt"), ("rownum", "Y"), ("rownum_field", "n")]
    outcome = Flow().step("in", "GetFileNames", options).run()
    row = dict(zip(outcome.layouts["in"], outcome.rows("in")[0], strict=True))
    assert len(outcome.rows("in")) == 1
    assert (row["short_filename"], row["type"], row["size"], row["extension"], row["n"]) == (
        "a.txt",
        "file",
        3,
        "txt",
        1,
    )
    assert row["uri"] == f"file://{tmp_path}/a.txt"
    only = [file(tmp_path), ("filter", [("filterfiletype", "only_folders")])]
    assert Flow().step("in", "GetFileNames", only).run().column("in", "short_filename") == ["sub"]


def test_file_names_from_fields_and_missing_files(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("abc")
    options = [("filefield", "Y"), ("filename_Field", "d"), ("wildcard_Field", "w")]
    flow = Flow().step(
        "g", "DataGrid", grid({"d": "String", "w": "String"}, [(str(tmp_path), ".*"), (str(tmp_path), "no")])
    )
    assert flow.step("in", "GetFileNames", options).hop("g", "in").run().column("in", "short_filename") == ["a.txt"]
    options = [file(tmp_path / "none"), ("doNotFailIfNoFile", "N")]
    assert Flow().step("in", "GetFileNames", options).run().rows("in") == []
    with pytest.raises(StepError, match="none"):
        Flow().step("in", "GetFileNames", [*options, ("raiseAnExceptionIfNoFile", "Y")]).run()


def test_sub_folders_and_row_counts(tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "a.txt").write_text("1\n2\n3")
    found = Flow().step("in", "GetSubFolders", [file(tmp_path)]).run()
    assert (found.column("in", "short_folderName"), found.column("in", "childrens")) == (["x"], [1])
    options = [file(tmp_path / "x", ".*"), ("rows_count_fieldname", "n"), ("rowseparator_format", "CR")]
    assert Flow().step("in", "GetFilesRowsCount", options).run().rows("in") == [(2,)]
    assert Flow().step("in", "GetFilesRowsCount", [*options, ("isSmartCount", "Y")]).run().rows("in") == [(3,)]


def test_existence_and_type(tmp_path: Path) -> None:
    options = [
        ("filenamefield", "f"),
        ("resultfieldname", "there"),
        ("includefiletype", "Y"),
        ("filetypefieldname", "t"),
    ]
    names = [(str(tmp_path),), (str(tmp_path / "no"),), ("ftp://127.0.0.1:9/x",)]
    flow = Flow().step("g", "DataGrid", grid({"f": "String"}, names)).step("e", "FileExists", options).hop("g", "e")
    assert [row[1:] for row in flow.run().rows("e")] == [(True, "folder"), (False, None), (False, None)]


def test_files_are_copied_moved_and_rejected(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("x")
    options = [("operation_type", "move"), ("sourcefilenamefield", "s"), ("targetfilenamefield", "t")]
    options += [("createparentfolder", "Y")]
    rows = [(str(tmp_path / "a"), str(tmp_path / "new" / "b")), (str(tmp_path / "no"), "x")]
    flow = Flow().step("g", "DataGrid", grid({"s": "String", "t": "String"}, rows)).step("p", "ProcessFiles", options)
    outcome = flow.step("bad", "Dummy").hop("g", "p").errors("p", "bad", codes_valuename="c").run()
    assert (tmp_path / "new" / "b").read_text() == "x"
    assert outcome.rows("bad") == [(rows[1][0], "x", "ProcessFiles01")]


def test_content_and_size(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes("é\n".encode("cp1252"))
    columns = fields({"name": "c", "element_type": "content"}, {"name": "s", "element_type": "size", "type": "Integer"})
    options = [file(tmp_path / "a"), ("encoding", "windows-1252"), columns]
    assert Flow().step("in", "LoadFileInput", options).run().rows("in") == [("é\n", 2)]


def test_properties_and_ini(tmp_path: Path) -> None:
    columns = fields({"name": "k", "column": "key"}, {"name": "v", "column": "value"})
    (tmp_path / "a.properties").write_text("# c\nPROPERTY1=foo\nPROPERTY2 = b\\u0061r\n")
    rows = Flow().step("in", "PropertyInput", [file(tmp_path / "a.properties"), columns]).run().rows("in")
    assert rows == [("PROPERTY2", "bar"), ("PROPERTY1", "foo")]
    (tmp_path / "a.ini").write_text("[one]\na=1\n[two]\nb=2\n")
    options = [file(tmp_path / "a.ini"), ("file_type", "ini"), ("section", "two"), columns]
    assert Flow().step("in", "PropertyInput", options).run().rows("in") == [("b", "2")]


def test_properties_are_written_with_escapes(tmp_path: Path) -> None:
    options = [
        ("keyfield", "k"),
        ("valuefield", "v"),
        ("file", [("name", str(tmp_path / "o")), ("extention", "properties")]),
    ]
    rows = [("a b", " x=1"), ("c", "é"), ("c", "2")]
    flow = (
        Flow().step("g", "DataGrid", grid({"k": "String", "v": "String"}, rows)).step("out", "PropertyOutput", options)
    )
    flow.hop("g", "out").run()
    assert (tmp_path / "o.properties").read_text() == "a\\ b=\\ x\\=1\nc=2\n"


def test_yaml_maps_lists_and_nested_text(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("n: 1\nd: 2010-01-20\nm: {a: x, b: {c: 1.50}}\nl:\n- {q: 1}\n")
    names = {"n": "Integer", "d": "Date", "m": "String", "l": "String"}
    columns = fields(*({"name": n, "path": n, "type": t} for n, t in names.items()))
    outcome = Flow().step("in", "YamlInput", [file(tmp_path / "a.yaml"), columns]).run()
    number, day, nested, listed = outcome.rows("in")[0]
    assert (number, str(day), nested, listed) == (1, "2010-01-20 00:00:00", "{a:  x,b:  {c:  1.5}}", "- {q: 1}\n")
    assert outcome.counters["in"].output == 1
    (tmp_path / "b.yaml").write_text("- {name: x}\n- {name: y}\n")
    columns = fields({"name": "name", "path": "name"})
    assert Flow().step("in", "YamlInput", [file(tmp_path / "b.yaml"), columns]).run().rows("in") == [("x",), ("y",)]


def test_dbase_table(tmp_path: Path) -> None:
    """A table of one text and one number, written by hand."""
    columns = [(b"NAME", b"C", 5, 0), (b"N", b"N", 6, 2)]
    head = struct.pack("<BBBBLHH20x", 3, 24, 1, 31, 2, 32 + 32 * 2 + 1, 1 + 5 + 6)
    described = b"".join(struct.pack("<11sc4xBB14x", n, t, size, digits) for n, t, size, digits in columns)
    (tmp_path / "a.dbf").write_bytes(head + described + b"\r" + b" Ann    1.50" + b" B\x81         " + b"\x1a")
    options = [("file_dbf", str(tmp_path / "a.dbf")), ("add_rownr", "Y"), ("field_rownr", "r")]
    assert Flow().step("in", "XBaseInput", options).run().rows("in") == [("Ann", 1.5, 1), ("B\x81", None, 2)]


def test_programs_start_only_where_allowed() -> None:
    options = [("processfield", "p"), ("resultfieldname", "out"), ("exitvaluefieldname", "exit")]
    options += [("argumentsInFields", "Y")]
    options += [("argumentFields", [("argumentField", [("argumentFieldName", n)]) for n in ("a", "b")])]
    data = grid({"p": "String", "a": "String", "b": "String"}, [(sys.executable, "-c", "print('$HOME');exit(3)")])
    flow = Flow().step("g", "DataGrid", data).step("x", "ExecProcess", options).hop("g", "x")
    with pytest.raises(StepError, match="not allowed"):
        flow.run()
    row = flow.run(settings=EngineSettings(allow_shell=True)).rows("x")[0]
    assert row[3:] == ("$HOME", 3)


def test_hop_writes_a_file_element_for_each_name(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / name).write_text(name, encoding="utf-8")
    one, two = ([("name", str(tmp_path / name)), ("include_subfolders", "N")] for name in "ab")
    options = [("file", one), ("files", [("file", two)]), ("rows_count_fieldname", "n"), ("files_count", "Y")]
    options += [("files_count_fieldname", "f"), ("smartCount", "Y")]
    assert Flow().step("x", "GetFilesRowsCount", options).run().rows("x") == [(2, 2)]
