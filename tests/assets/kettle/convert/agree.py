"""Compares what the engine, the polars script and the SQL of a flow give."""

import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from assets.kettle.convert.generators.registry import all_generators
from assets.kettle.convert.plan import plan
from assets.kettle.convert.polars_script import script
from assets.kettle.convert.sql_script import statements
from tests.assets.kettle.flow import Flow

Rows = list[tuple[Any, ...]]


def run_script(text: str, folder: Path, *arguments: str) -> list[pl.DataFrame]:
    """Runs a script in a process of its own; the rows of its last steps."""
    file = folder / "flow.py"
    file.write_text(text, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, str(file), "--rows", str(folder), *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{text}\n{done.stderr}"
    return [pl.read_parquet(folder / f"{n}.parquet") for n in range(len(done.stdout.splitlines()))]


def written(rows: Rows) -> Counter[str]:
    """Rows as a bag."""
    return Counter(str(tuple(repr(round(v, 9)) if isinstance(v, float) else repr(v) for v in row)) for row in rows)


def agree(flow: Flow, folder: Path, *arguments: str, sql: bool = True, ordered: bool = True, **run: Any) -> str:
    """The engine's rows at every last step are those of the script and, as a set, those of the SQL. The script."""
    outcome = flow.run(**run)
    with plan(flow.model, all_generators()) as found:
        text = script(found)
        ends = list(dict.fromkeys([*found.ends, *(b.step.name for b in found.blocks if b.write)]))
        queries = {s.step: s.query.sql("duckdb") for s in statements(found)} if sql else {}
    frames = dict(zip(ends, run_script(text, folder, *arguments), strict=True))
    for name, frame in frames.items():
        expected = outcome.rows(name)
        assert frame.columns == outcome.layouts[name], text
        if ordered:
            assert [str(r) for r in frame.rows()] == [str(r) for r in expected], f"{frame.rows()} {expected}\n{text}"
        assert written(frame.rows()) == written(expected), text
    for name, query in queries.items():
        rows = duckdb.connect().execute(query).fetchall()
        assert written(rows) == written(outcome.rows(name)), query
    assert frames
    return text
