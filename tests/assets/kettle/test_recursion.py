"""Files that call themselves: told by the check, ended with the chain's names by a run."""

import time
from pathlib import Path

import pytest

from assets.kettle.check import Kind, check_file
from assets.kettle.engine.start import run_transformation
from assets.kettle.errors import KettleError
from assets.kettle.files.read import read_job, read_transformation
from assets.kettle.files.write import write
from assets.kettle.jobs.start import run_job
from tests.assets.kettle.flow import Flow, grid

NUMBERS = grid({"n": "Integer"}, [(1,)])
HERE = "${Internal.Entry.Current.Directory}"


def save(folder: Path, name: str, flow: Flow) -> Path:
    write(flow.model, folder / name)
    return folder / name


def job(path: Path, entries: dict[str, tuple[str, str]], hops: list[tuple[str, str, str]]) -> Path:
    """Entries: name -> type and file; hops: from, to, "always", "good" or "bad"."""
    drawn = [
        f"<entry><name>{n}</name><type>{t}</type><filename>{HERE}/{f}</filename></entry>"
        for n, (t, f) in entries.items()
    ]
    arrows = [
        f"<hop><from>{a}</from><to>{b}</to><enabled>Y</enabled><unconditional>{'Y' if how == 'always' else 'N'}"
        f"</unconditional><evaluation>{'N' if how == 'bad' else 'Y'}</evaluation></hop>"
        for a, b, how in hops
    ]
    start = "<entry><name>START</name><type>SPECIAL</type><start>Y</start></entry>"
    text = f"<entries>{start}{''.join(drawn)}</entries><hops>{''.join(arrows)}</hops>"
    path.write_text(f"<job><name>{path.stem}</name>{text}</job>")
    return path


def told(path: Path) -> list[tuple[Kind, str, str]]:
    kinds = (Kind.ENDLESS, Kind.RECURSION)
    return [(f.kind, f.step, f.reason) for f in check_file(path).findings if f.kind in kinds]


def test_a_job_that_always_calls_itself_never_ends(tmp_path: Path) -> None:
    path = job(tmp_path / "a.kjb", {"again": ("JOB", "a.kjb")}, [("START", "again", "always")])
    assert told(path) == [(Kind.ENDLESS, "again", "a.kjb [again] -> a.kjb: always, so that it never ends")]
    assert not check_file(path).ready and check_file(path).endless
    result, _ = run_job(read_job(path))
    assert not result.ok and "a.kjb -> a.kjb -> a.kjb -> ... -> a.kjb" in result.log_text


def test_a_way_under_a_condition_is_a_warning_that_names_it(tmp_path: Path) -> None:
    entries = {"more?": ("SIMPLE_EVAL", ""), "work": ("JOB", "b.kjb"), "done": ("SUCCESS", "")}
    path = job(tmp_path / "a.kjb", entries, [("START", "more?", "always"), ("more?", "work", "bad")])
    job(tmp_path / "b.kjb", {"back": ("JOB", "a.kjb")}, [("START", "back", "good")])
    assert told(path) == [
        (Kind.RECURSION, "work", "a.kjb [work] -> b.kjb [back] -> a.kjb: only when 'more?' fails"),
    ]
    assert told(tmp_path / "b.kjb")[0][2].endswith("-> b.kjb: only when 'more?' fails")
    assert not check_file(path).endless


def test_entries_that_start_never_reaches_call_nothing(tmp_path: Path) -> None:
    path = job(tmp_path / "a.kjb", {"again": ("JOB", "a.kjb")}, [])
    assert told(path) == []


def test_a_mapping_of_itself_never_ends_and_the_run_names_the_chain(tmp_path: Path) -> None:
    for name, other in (("x.ktr", "y.ktr"), ("y.ktr", "x.ktr")):
        flow = Flow().step("in", "MappingInput").step("sub", "SimpleMapping", filename=f"{HERE}/{other}")
        save(tmp_path, name, flow.step("out", "MappingOutput").hop("in", "sub", "out"))
    path = tmp_path / "x.ktr"
    assert told(path) == [
        (Kind.ENDLESS, "sub", "x.ktr [sub] -> y.ktr [sub] -> x.ktr: always, so that it never ends"),
    ]
    flow = Flow().step("in", "DataGrid", NUMBERS).step("map", "SimpleMapping", filename=f"{HERE}/x.ktr")
    caller = save(tmp_path, "caller.ktr", flow.hop("in", "map"))
    assert told(caller) == []
    with pytest.raises(KettleError, match=r"caller.ktr -> x.ktr -> y.ktr -> \.\.\. ->.* a file calls itself"):
        run_transformation(read_transformation(caller))


@pytest.mark.parametrize(("kind", "file"), [("TransExecutor", "a.ktr"), ("JobExecutor", "b.kjb")])
def test_executors_of_themselves_depend_on_rows_and_end_at_the_limit(tmp_path: Path, kind: str, file: str) -> None:
    target = [("result_rows_target_step", "rows")]
    flow = Flow().step("in", "DataGrid", NUMBERS).step("again", kind, target, filename=f"{HERE}/{file}")
    path = save(tmp_path, "a.ktr", flow.step("rows", "Dummy").hop("in", "again", "rows"))
    job(tmp_path / "b.kjb", {"run": ("TRANS", "a.ktr")}, [("START", "run", "always")])
    ((found, step, reason),) = told(path)
    assert (found, step) == (Kind.RECURSION, "again") and reason.endswith("only when rows reach 'again'")
    begun = time.process_time()
    with pytest.raises(KettleError, match="calls itself"):
        run_transformation(read_transformation(path))
    assert time.process_time() - begun < 8
