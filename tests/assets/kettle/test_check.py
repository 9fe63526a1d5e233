"""Checks of files: what parses, round-trips, is supported, and what misses around them."""

from pathlib import Path

import pytest

from assets.kettle.check import Kind, check_file, check_folder
from assets.kettle.files.write import write
from assets.kettle.model import Connection
from tests.assets.kettle.flow import Flow, grid

NUMBERS = grid({"n": "Integer"}, [(1,)])


def save(folder: Path, name: str, flow: Flow) -> Path:
    write(flow.model, folder / name)
    return folder / name


def test_a_plain_transformation_is_ready(tmp_path: Path) -> None:
    path = save(tmp_path, "plain.ktr", Flow().step("in", "DataGrid", NUMBERS).step("out", "Dummy").hop("in", "out"))
    report = check_file(path)
    assert report.findings == []
    assert (report.steps, report.ready, report.is_job) == ({"in": "DataGrid", "out": "Dummy"}, True, False)


@pytest.mark.parametrize("content", [b"", b"<transformation><step>", b"\xff\xfe\x00", b"<other/>", b"plain text"])
def test_a_broken_file_is_a_finding_and_never_an_error(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "broken.ktr").write_bytes(content)
    report = check_file(tmp_path / "broken.ktr")
    assert [f.kind for f in report.findings] == [Kind.FORMAT]
    assert not report.parsed
    assert not report.round_trip
    assert not report.supported


def test_an_unknown_type_counts_only_where_its_step_would_run(tmp_path: Path) -> None:
    flow = Flow().step("in", "DataGrid", NUMBERS).step("odd", "NoSuchStep").step("out", "Dummy")
    path = save(tmp_path, "odd.ktr", flow.hop("in", "out"))
    assert [(f.kind, f.step, f.type) for f in check_file(path).findings] == [(Kind.TYPE, "odd", "NoSuchStep")]
    text = path.read_text().replace("</order>", "<hop><from>odd</from><to>out</to><enabled>N</enabled></hop></order>")
    path.write_text(text)
    assert check_file(path).supported


def test_what_misses_around_a_file_does_not_make_it_unsupported(tmp_path: Path) -> None:
    flow = Flow().database(Connection("far", "NOSUCHDB")).step("t", "TableInput", connection="far", sql="select 1 as a")
    flow.step("map", "SimpleMapping", filename="gone.ktr").hop("t", "map")
    flow.step("file", "TextFileOutput", [("file", [("name", "${WHERE}/${Internal.Transformation.Name}")])])
    report = check_file(save(tmp_path, "around.ktr", flow.hop("map", "file")))
    told = {(f.kind, f.step) for f in report.findings}
    assert {(Kind.CALL, "map"), (Kind.VARIABLE, "file"), (Kind.CONNECTION, "t")} <= told
    assert [f.reason for f in report.findings if f.kind is Kind.VARIABLE] == ["WHERE"]
    assert report.supported
    assert not report.ready


def test_a_variable_that_the_file_sets_is_not_missing(tmp_path: Path) -> None:
    fields = [("field", [("field_name", "n"), ("variable_name", "N"), ("variable_type", "JVM")])]
    flow = Flow().step("in", "DataGrid", NUMBERS).step("set", "SetVariable", [("fields", fields)]).hop("in", "set")
    flow.step("say", "Constant", [("fields", [("field", [("name", "x"), ("type", "String"), ("nullif", "${N}")])])])
    assert not check_file(save(tmp_path, "sets.ktr", flow)).has(Kind.VARIABLE)


JOB = """<job><name>j</name><entries>
<entry><name>START</name><type>SPECIAL</type><start>Y</start></entry>
<entry><name>odd</name><type>NO_SUCH_ENTRY</type></entry>
<entry><name>run</name><type>TRANS</type><filename>${{Internal.Entry.Current.Directory}}/{name}</filename></entry>
</entries><hops>
<hop><from>START</from><to>odd</to><enabled>Y</enabled></hop><hop><from>odd</from><to>run</to><enabled>Y</enabled></hop>
</hops></job>"""


def test_a_folder_is_counted_by_type_and_reason(tmp_path: Path) -> None:
    save(tmp_path, "plain.ktr", Flow().step("in", "DataGrid", NUMBERS))
    (tmp_path / "sub").mkdir()
    save(tmp_path / "sub", "odd.ktr", Flow().step("in", "DataGrid", NUMBERS).step("odd", "NoSuchStep").hop("in", "odd"))
    (tmp_path / "calls.kjb").write_text(JOB.format(name="plain.ktr"))
    (tmp_path / "lost.kjb").write_text(JOB.format(name="gone.ktr"))
    (tmp_path / "notes.txt").write_text("not one of these")
    found = check_folder(tmp_path)
    assert [r.path.name for r in found.reports] == ["calls.kjb", "lost.kjb", "plain.ktr", "odd.ktr"]
    assert [r.supported for r in found.of(jobs=False)] == [True, False]
    assert [r.has(Kind.CALL) for r in found.of(jobs=True)] == [False, True]
    assert found.types()["DataGrid"] == 2
    assert found.unsupported() == {
        ("NO_SUCH_ENTRY", "type not supported"): 2,
        ("NoSuchStep", "type not supported"): 1,
    }
    assert found.kinds()[Kind.TYPE] == 3
