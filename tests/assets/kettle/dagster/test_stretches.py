"""Steps that run together in one process: each op reports its own figures, the failing one is red, a retry goes on."""

import os
import signal
import sqlite3
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from assets.kettle.files.new import Settings
from assets.kettle.handover import Sent, Stretch, ahead
from assets.kettle.op_defs import HANDED
from assets.kettle.pieces import Op, together, with_sources, without
from assets.kettle.rows_defs import STORED
from core.settings import variables
from tests.assets.kettle.dagster.conftest import Site, loading, orders
from tests.assets.kettle.dagster.test_defs import sales, text_output
from tests.assets.kettle.flow import Flow
from tests.fakes import kettle_job

Job = Callable[[], dg.JobDefinition]
LOOKUP: Settings = [
    ("table", "cities"),
    ("key", [("name", "city"), ("field", "city"), ("condition", "=")]),
    ("value", [("name", "country"), ("rename", "country"), ("default", "?"), ("type", "String")]),
]


@pytest.fixture
def stored(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    (tmp_path / "instance").mkdir()
    with dg.instance_for_test(temp_dir=str(tmp_path / "instance")) as instance:
        yield instance


@pytest.fixture
def environment(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    put(site, monkeypatch)


def put(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes the site that of jobs that are made again from their names."""
    for name, value in variables(site.settings).items():
        monkeypatch.setenv(name, value)
    dg.reconstructable(
        kettle_job.nothing
    ).get_definition()  # Dagster keeps the last one made: not that of a test before


def run(job: Job, instance: dg.DagsterInstance, parent: str = "") -> tuple[str, dict[str, dict[str, Any]], set[str]]:
    """The run, the metadata of each op's output, the ops that failed; from the failure of the parent, if there is."""
    options = dg.ReexecutionOptions.from_failure(parent, instance) if parent else None
    tags = {"dagster/is_resume_retry": "true"} if parent else None
    done = dg.execute_job(dg.reconstructable(job), instance, reexecution_options=options, tags=tags)
    with done:
        found: dict[str, dict[str, Any]] = {}
        for event in done.all_events:
            if event.event_type_value in ("STEP_OUTPUT", "HANDLED_OUTPUT"):
                metadata = getattr(event.event_specific_data, "metadata", {})
                op = str(event.step_key).rpartition(".")[2]
                found.setdefault(op, {}).update({name: value.value for name, value in metadata.items()})
        failed = {str(e.step_key).rpartition(".")[2] for e in done.all_events if e.is_step_failure}
        return done.run_id, found, failed


def looking_up(site: Site) -> None:
    """Orders -> Read amounts -> Look up (a table that is not there yet) -> More -> Load."""
    flow = loading(site, orders(20, bad=2))
    flow.step("Look up", "DBLookup", [("lookup", LOOKUP)], connection="shop").step("More", "Dummy")
    flow.step("Keep", "SelectValues", [("fields", [("remove", [("name", "country")]), ("select_unspecified", "N")])])
    hops = flow.model.document.root.find("order")
    for hop in list(hops):
        if (hop.findtext("from"), hop.findtext("to")) == ("Read amounts", "Load"):
            hops.remove(hop)
    site.add("load.ktr", flow.hop("Read amounts", "Look up", "More", "Keep", "Load"))


def make_cities(site: Site) -> None:
    with sqlite3.connect(site.database) as connection:
        connection.execute("create table cities (city varchar(30), country varchar(30))")


def test_rows_between_steps_that_run_together_are_not_kept(
    site: Site, environment: None, stored: dg.DagsterInstance
) -> None:
    looking_up(site)
    make_cities(site)
    _, found, failed = run(kettle_job.in_process, stored)
    assert not failed
    counted = {op: (found[op]["read"], found[op]["written"]) for op in ("orders", "read_amounts", "look_up", "more")}
    assert counted == {"orders": (0, 22), "read_amounts": (22, 20), "look_up": (20, 20), "more": (20, 20)}
    assert [found[op][HANDED] for op in counted] == [0, 0, 0, 0]
    assert found["keep"][HANDED] > 0
    assert found["orders"][STORED] > 0  # the rows into the last op, once for the whole stretch
    assert [found[op][STORED] for op in ("read_amounts", "look_up", "more", "keep", "bad_amounts")] == [0] * 5
    assert [row[1] for row in sales(site)] == list(range(20))
    assert not list((site.settings.home / "kettle" / "rows").rglob("*.arrow"))


@pytest.mark.parametrize("job", [kettle_job.in_process, kettle_job.bundled, kettle_job.bundled_in_memory])
def test_the_failing_step_is_red_and_a_retry_goes_on_from_it(
    site: Site, environment: None, stored: dg.DagsterInstance, job: Job
) -> None:
    looking_up(site)
    first, found, failed = run(job, stored)
    assert failed == {"look_up"}
    assert {op: found[op]["written"] for op in found} == {"orders": 22, "read_amounts": 20, "bad_amounts": 2}
    assert found["read_amounts"]["rejected"] == 2
    assert sales_or_none(site) is None
    make_cities(site)
    _, again, failed = run(job, stored, first)
    assert not failed and {"look_up", "more", "keep", "write"} <= set(again)
    assert again.keys().isdisjoint({"orders", "read_amounts", "bad_amounts"})
    assert {again[op]["read"] for op in ("look_up", "more", "keep")} == {20}
    assert [row[1] for row in sales(site)] == list(range(20))
    event = stored.get_latest_materialization_event(dg.AssetKey(["table", "shop", "sales"]))
    assert event is not None and event.asset_materialization is not None
    assert event.asset_materialization.metadata["kettle/rejected"].value == {"Read amounts": 2}
    assert not list((site.settings.home / "kettle" / "rows").rglob("*.arrow"))


def sales_or_none(site: Site) -> list[Any] | None:
    try:
        return sales(site)
    except sqlite3.OperationalError:
        return None


def test_a_step_whose_process_is_killed_is_red_and_a_retry_goes_on_from_it(
    site: Site, environment: None, stored: dg.DagsterInstance
) -> None:
    pipe = site.settings.home / "more.csv"
    os.mkfifo(pipe)
    flow = loading(site, orders(5))
    types = {"id": "Integer", "amount": "Integer", "city": "String"}
    fields: Settings = [("field", [("name", name), ("type", kind)]) for name, kind in types.items()]
    options: Settings = [("filename", str(pipe)), ("separator", ","), ("header", "N"), ("fields", fields)]
    flow.step("More orders", "CsvInput", options)
    flow.step("All", "Append", head_name="Read amounts", tail_name="More orders")
    hops = flow.model.document.root.find("order")
    for hop in list(hops):
        if (hop.findtext("from"), hop.findtext("to")) == ("Read amounts", "Load"):
            hops.remove(hop)
    site.add("load.ktr", flow.hop("Read amounts", "All", "Load").hop("More orders", "All"))
    killer = threading.Thread(target=kill_reader, args=(pipe,))
    killer.start()
    first, found, failed = run(kettle_job.bundled, stored)
    killer.join()
    assert failed == {"more_orders"} and "all" not in found and sales_or_none(site) is None
    pipe.unlink()
    pipe.write_text("7,7,Ulm\n8,8,Bonn\n")
    _, again, failed = run(kettle_job.bundled, stored, first)
    assert not failed and "orders" not in again and "read_amounts" not in again
    assert [row[1] for row in sales(site)] == [0, 1, 2, 3, 4, 7, 8]


def kill_reader(pipe: Path) -> None:
    """Kills the process that reads the pipe, once there is one."""
    with pipe.open("w"):  # waits for a reader
        for folder in Path("/proc").iterdir():
            if not folder.name.isdigit() or int(folder.name) == os.getpid():
                continue
            try:
                if any(str(link.readlink()) == str(pipe) for link in (folder / "fd").iterdir()):
                    os.kill(int(folder.name), signal.SIGKILL)
            except OSError:
                continue  # ended meanwhile, or not ours


def test_little_memory_only_means_more_disk(
    site_with: Callable[..., Site], stored: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = site_with(kettle_memory="1MB")
    put(site, monkeypatch)
    numbers = [("fields", [("field", [("name", "n"), ("type", "Integer"), ("nullif", "7")])])]
    total = [("fields", [("field", [("aggregate", "total"), ("subject", "n"), ("type", "SUM")])])]
    flow = Flow().step("many", "RowGenerator", numbers, limit="700000").step("same", "Dummy")
    flow.step("write", "WriteToLog", displayHeader="N", limitRows="Y", limitRowsNumber="1").hop("many", "same", "write")
    flow.step("sum", "MemoryGroupBy", total).step("out", "TextFileOutput", text_output(site, "total"))
    site.add("many.ktr", flow.hop("write", "sum", "out"))
    _, found, failed = run(kettle_job.in_process, stored)
    assert not failed and found["same"]["written"] == 700_000
    assert found["same"][HANDED] > 5_000_000  # of which 1 MB stays in memory
    assert (site.settings.home / "total.txt").read_text().split() == ["total", "4900000"]


def ops(*sources: tuple[str, ...]) -> list[Op]:
    """Ops a, b, c, ... with their sources; the last is the final one."""
    names = [chr(ord("a") + n) for n in range(len(sources))]
    return [Op(n, (n.upper(),), given, (), n == names[-1]) for n, given in zip(names, sources, strict=True)]


def test_what_runs_together_needs_no_rows_from_elsewhere() -> None:
    chain = ops((), ("a",), ("b",), ("c",))
    free: dict[str, set[str]] = {name: set() for name in "abcde"}
    assert together(chain, chain[0], free) == ("A", "B", "C")
    assert together(chain, chain[1], free) == ("B", "C")
    assert together(chain, chain[0], {"a": set()}) == ("A",)  # each op a process of its own
    joined = ops((), (), ("a", "b"), ("c",), ("d",))
    assert together(joined, joined[0], free) == ("A",)
    assert together(joined, joined[2], free) == ("C", "D")
    waiting = free | {"b": {"load_x"}}
    assert together(chain, chain[0], waiting) == ("A",)  # what B reads may not be there yet
    assert together(chain, chain[0], waiting | {"a": {"load_x"}}) == ("A", "B", "C")


def test_a_failed_step_takes_along_what_needs_it_and_no_more() -> None:
    hops = [("a", "b"), ("b", "c"), ("a", "d"), ("c", "e"), ("d", "e")]
    assert without(("a", "b", "c", "d", "e"), "b", hops) == ("a", "d")
    assert with_sources(["c"], "abcde", hops) == ("a", "b", "c")


def test_rows_made_with_other_parameters_do_not_count(tmp_path: Path) -> None:
    stretch = Stretch(("a", "b"), "made with 1", tmp_path / "a.rows")
    given = {"a": Sent("a", stretch)}
    assert ahead(given, "b", "made with 1") is stretch
    assert ahead(given, "b", "made with 2") is None
    assert ahead(given, "c", "made with 1") is None
