"""The same ops under executors that run them in other processes, and under a real engine's program."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from core.settings import variables
from tests.assets.kettle.dagster.conftest import Site, loading, orders
from tests.assets.kettle.dagster.test_defs import SALES, outputs, sales
from tests.fakes import kettle_job


@pytest.fixture
def stored(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    (tmp_path / "instance").mkdir()
    with dg.instance_for_test(temp_dir=str(tmp_path / "instance")) as instance:
        yield instance


@pytest.mark.parametrize("make", [kettle_job.multiprocess, kettle_job.bundled])
def test_rows_cross_processes_and_the_outputs_are_the_same(
    site: Site, stored: dg.DagsterInstance, make: Callable[[], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in variables(site.settings).items():
        monkeypatch.setenv(name, value)
    site.add("load.ktr", loading(site, orders(30, bad=3)))
    with dg.execute_job(dg.reconstructable(make), instance=stored) as result:
        assert result.success
        done = {str(e.step_key).rpartition(".")[2] for e in result.all_events if e.is_step_success}
    assert {"orders", "read_amounts", "bad_amounts", "write"} <= done
    assert [row[1] for row in sales(site)] == list(range(30))
    event = stored.get_latest_materialization_event(dg.AssetKey(SALES.split("/")))
    assert event is not None and event.asset_materialization is not None
    metadata = event.asset_materialization.metadata
    assert metadata["kettle/rejected"].value == {"Read amounts": 3}
    assert "| Read amounts | SelectValues | 33 | 30 |" in str(metadata["kettle/steps"].value)


PAN = """#!/bin/sh
echo "2026/01/02 03:04:05 - Orders.0 - Finished processing (I=0, O=0, R=0, W=7, U=0, E=0)"
echo "2026/01/02 03:04:05 - Load.0 - Finished processing (I=0, O=7, R=7, W=7, U=0, E=0)"
exit {status}
"""


@pytest.mark.parametrize("status", [0, 1])
def test_a_real_engines_figures_are_those_of_its_log(
    site_with: Callable[..., Site], tmp_path: Path, status: int
) -> None:
    pdi = tmp_path / "pdi"
    pdi.mkdir()
    (pdi / "pan.sh").write_text(PAN.format(status=status))
    (pdi / "pan.sh").chmod(0o755)
    site = site_with(kettle=f"pan://{pdi}")
    site.add("load.ktr", loading(site, orders(7)).step("Odd", "NoSuchStep").hop("Load", "Odd"))
    result = site.run()
    assert result.success == (status == 0)
    if status == 0:
        assert set(outputs(result)) == {"write"}
        assert "| Load | TableOutput | 7 | 7 | 0 | 7 |" in site.metadata(SALES)["kettle/steps"]
        assert all(c.passed for c in result.get_asset_check_evaluations() if c.check_name == "kettle_file")
