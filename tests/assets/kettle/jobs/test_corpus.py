"""Real jobs and measured walks, where the data is at hand."""

import os
from pathlib import Path

import pytest

from assets.kettle.errors import KettleError
from assets.kettle.files.read import read_job
from assets.kettle.jobs.registry import entry_classes

DATA = os.environ.get("HEDDLE_BENCH_DATA", "")
ELSEWHERE = {"SparkSubmit", "MissingPlugin"}  # a Spark cluster; a plugin that nobody has


@pytest.mark.skipif(not DATA, reason="needs HEDDLE_BENCH_DATA")
def test_every_entry_of_real_jobs_is_known() -> None:
    known, seen, unreadable = entry_classes(), set[str](), 0
    for path in sorted(Path(DATA, "kettle", "corpus").rglob("*.kjb")):
        try:
            seen |= {entry.type for entry in read_job(path).entries}
        except KettleError:
            unreadable += 1
    assert len(seen) > 10 and unreadable <= 1  # one is broken on purpose
    assert seen - set(known) <= ELSEWHERE
