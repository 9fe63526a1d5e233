"""The walk through jobs, as measured on PDI 9.3."""

from pathlib import Path

import pytest
from lxml import etree

from assets.kettle.engine.result import Result
from assets.kettle.errors import KettleError, UnsupportedStepError
from assets.kettle.files.read import read_job
from assets.kettle.files.variables import Variables
from assets.kettle.files.write import write
from assets.kettle.jobs.run import Event
from assets.kettle.jobs.start import run_job
from tests.assets.kettle.flow import Flow, grid

START = ("START", "SPECIAL", {"start": "Y"})


def job(
    entries: list[tuple[str, str, dict[str, str]]], hops: list[tuple[str, str, str]], path: Path | None = None
) -> bytes:
    """A job file; a hop's third part is "", "ok" or "bad"."""
    root = etree.Element("job")
    etree.SubElement(root, "name").text = "test"
    holder = etree.SubElement(root, "entries")
    for name, kind, tags in entries:
        entry = etree.SubElement(holder, "entry")
        for tag, text in {"name": name, "type": kind, "nr": "0", **tags}.items():
            etree.SubElement(entry, tag).text = text
    arrows = etree.SubElement(root, "hops")
    for source, target, kind in hops:
        hop = etree.SubElement(arrows, "hop")
        flags = {"evaluation": "N" if kind == "bad" else "Y", "unconditional": "N" if kind else "Y", "enabled": "Y"}
        for tag, text in {"from": source, "to": target, "from_nr": "0", "to_nr": "0", **flags}.items():
            etree.SubElement(hop, tag).text = text
    content = etree.tostring(root)
    if path is not None:
        path.write_bytes(content)
    return content


def walked(content: bytes, **variables: str) -> tuple[Result, list[str]]:
    result, events = run_job(read_job(content), variables=Variables(values=variables))
    return result, [e.entry for e in events]


def log(name: str) -> tuple[str, str, dict[str, str]]:
    return (name, "WRITE_TO_LOG", {"logmessage": name})


def evaluate(name: str, script: str) -> tuple[str, str, dict[str, str]]:
    return (name, "EVAL", {"script": script})


def test_depth_first_in_the_files_order_and_twice_where_two_paths_meet() -> None:
    hops = [("START", "a", ""), ("a", "b", "ok"), ("a", "c", "ok"), ("b", "d", "ok"), ("c", "d", "ok")]
    result, order = walked(job([START, log("a"), log("b"), log("c"), log("d")], hops))
    assert order == ["START", "a", "b", "d", "c", "d"] and result.ok


def test_hops_follow_the_result_and_the_last_entry_decides() -> None:
    entries = [START, evaluate("no", "false"), log("failed"), log("fine"), ("end", "SUCCESS", {})]
    hops = [("START", "no", ""), ("no", "failed", "bad"), ("no", "fine", "ok"), ("failed", "end", "ok")]
    result, order = walked(job(entries, hops))
    assert order == ["START", "no", "failed", "end"] and result.ok
    result, _ = walked(job([START, evaluate("no", "false")], [("START", "no", "")]))
    assert not result.ok and result.errors == 0


def test_a_loop_ends_by_its_condition_and_may_be_long() -> None:
    script = "var n = parseInt(parent_job.getVariable('N', '0')); parent_job.setVariable('N', '' + (n + 1)); n < 1500"
    entries = [START, evaluate("count", script), log("again"), ("end", "SUCCESS", {})]
    hops = [("START", "count", ""), ("count", "again", "ok"), ("again", "count", ""), ("count", "end", "bad")]
    result, order = walked(job(entries, hops), N="1490")
    assert order.count("count") == 11 and order[-1] == "end" and result.ok


def test_abort_ends_everything() -> None:
    entries = [START, ("stop", "ABORT", {"message": "enough"}), log("never")]
    result, order = walked(job(entries, [("START", "stop", ""), ("START", "never", "")]))
    assert order == ["START", "stop"] and not result.ok and result.errors == 1


def test_parallel_entries_all_run_and_one_failure_fails_the_whole() -> None:
    entries = [("START", "SPECIAL", {"start": "Y", "parallel": "Y"}), log("a"), log("b"), evaluate("no", "false")]
    result, order = walked(job(entries, [("START", "a", ""), ("START", "b", ""), ("START", "no", "")]))
    assert sorted(order) == ["START", "a", "b", "no"] and not result.ok


def test_comparisons_with_variables() -> None:
    def simple(**tags: str) -> tuple[str, str, dict[str, str]]:
        return ("if", "SIMPLE_EVAL", {"valuetype": "variable", "variablename": "${V}", "fieldtype": "string"} | tags)

    def holds(entry: tuple[str, str, dict[str, str]], **variables: str) -> bool:
        return walked(job([START, entry], [("START", "if", "")]), **variables)[0].ok

    assert holds(simple(successcondition="equal", comparevalue=""))  # undefined equals ''
    assert holds(simple(successcondition="inlist", comparevalue="a,b"), V="b")
    assert not holds(simple(successcondition="startswith", comparevalue="x"), V="b")
    number = simple(fieldtype="number", successnumbercondition="between", minvalue="1", maxvalue="3")
    assert holds(number, V="2") and not holds(number, V="4")
    assert not holds(number, V="two")  # an error counts as false
    assert holds(simple(successwhenvarset="Y"), V="x") and not holds(simple(successwhenvarset="Y"))


def test_transformations_get_rows_parameters_and_variables_of_their_own(tmp_path: Path) -> None:
    source = Flow().step("in", "DataGrid", grid({"n": "Integer"}, [(1,), (2,)])).step("put", "RowsToResult")
    write(source.hop("in", "put").model, tmp_path / "first.ktr")
    each = Flow().step("get", "RowsFromResult", grid({"n": "Integer"}, [])[:1])
    wanted = [("fields", [("field", [("field_name", "n"), ("variable_name", "LAST"), ("variable_type", "ROOT_JOB")])])]
    write(each.step("set", "SetVariable", wanted).hop("get", "set").model, tmp_path / "each.ktr")
    entries = [
        START,
        ("first", "TRANS", {"filename": "${Internal.Entry.Current.Directory}/first.ktr"}),
        ("each", "TRANS", {"filename": "${Internal.Entry.Current.Directory}/each.ktr", "exec_per_row": "Y"}),
        ("if", "SIMPLE_EVAL", {"variablename": "${LAST}", "comparevalue": "2", "successcondition": "equal"}),
    ]
    path = tmp_path / "main.kjb"
    job(entries, [("START", "first", ""), ("first", "each", "ok"), ("each", "if", "ok")], path)
    seen: list[Event] = []
    result, events = run_job(read_job(path), listener=seen.append)
    assert [e.entry for e in events] == ["START", "first", "each", "if"] and result.ok and seen == events


def test_a_failing_transformation_takes_the_failure_hop_and_is_named_in_the_log(tmp_path: Path) -> None:
    entries = [START, ("gone", "TRANS", {"filename": str(tmp_path / "gone.ktr")}), log("told")]
    result, order = walked(job(entries, [("START", "gone", ""), ("gone", "told", "bad")]))
    assert order == ["START", "gone", "told"] and "gone.ktr" in result.log_text


def test_a_job_that_calls_itself_and_one_that_cannot_be_walked_are_told(tmp_path: Path) -> None:
    path = tmp_path / "self.kjb"
    job([START, ("me", "JOB", {"filename": str(path)})], [("START", "me", "")], path)
    result, _ = run_job(read_job(path))
    assert not result.ok and "calls itself" in result.log_text
    with pytest.raises(KettleError, match="no START entry"):
        run_job(read_job(job([log("a")], [])))
    with pytest.raises(UnsupportedStepError, match="entry 'x' is of type NOTHING"):
        run_job(read_job(job([START, ("x", "NOTHING", {})], [])))
