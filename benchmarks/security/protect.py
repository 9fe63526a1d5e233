"""Rows a second of each method of protection, and of a whole masked table with its checks.

Run: POLARS_MAX_THREADS=1 python -m benchmarks.security.protect [--rows 1000000] [--table 500000]

Methods: one column, of which every value is different (so that nothing is saved by doing distinct values once), and of
1,000 different values. CPU seconds of this process, keys and vault (SQLite) included. `redact` searches
texts of 40 signs, a tenth of the rows.
Table: the 20 columns of benchmarks/security/sensitive_scan.py with the shipped policy: plan, protection, the search for
raw values in each row, detector on the result, Parquet.
"""

import argparse
import os
import resource
import tempfile
import time
from pathlib import Path
from typing import Any

import polars as pl

from assets.security.protect.apply import Tools, apply, planned
from assets.security.protect.base import Scope
from assets.security.protect.keys import Keyring
from assets.security.protect.policy import read
from assets.security.protect.registry import method
from assets.security.protect.vault import Vault
from benchmarks.security.sensitive_scan import table
from core.settings import PROJECT

BATCH = 100_000
METHODS: list[tuple[str, str, dict[str, Any], int]] = [
    ("pass", "", {"why": "benchmark"}, 1),
    ("suppress", "", {}, 1),
    ("mask", "mobile", {}, 1),
    ("mask", "email", {}, 1),
    ("generalise", "", {"prefix": 3}, 1),
    ("generalise", "birth_date", {}, 1),
    ("generalise", "address", {}, 1),
    ("noise", "", {"amount": 10}, 1),
    ("hash", "", {"algorithm": "hmac"}, 1),
    ("hash", "", {"algorithm": "blake2b"}, 1),
    ("hash", "", {"algorithm": "kettle"}, 1),
    ("encrypt", "", {}, 1),
    ("encrypt", "", {"equal": True}, 1),
    ("fpe", "mobile", {}, 2),
    ("fpe", "id_card", {}, 2),
    ("token", "", {}, 2),
    ("redact", "text", {}, 10),
]


def values(class_: str, rows: int, different: int) -> pl.Series:
    """Texts of a class."""
    number = pl.int_range(rows, dtype=pl.Int64, eager=True) % different
    form = {
        "email": pl.format("user.{}@example.org", number),
        "birth_date": (pl.date(1950, 1, 1) + pl.duration(days=number % 20_000)).cast(pl.String),
        "address": pl.format("浙江省杭州市西湖区文三路{}号", number),
        "text": pl.format("客户请打138{}联系，周末在家等候送货上门，谢谢。", (10_000_000 + number).cast(pl.String)),
        "id_card": pl.format("1101011990{}X", (1_000_000 + number).cast(pl.String)),
    }.get(class_, pl.format("138{}", (10_000_000 + number).cast(pl.String)))
    return pl.select(form.alias("v"))["v"]


def method_speed(name: str, class_: str, params: dict[str, Any], rows: int, different: int) -> float:
    """Rows per CPU second, in batches."""
    how = method(name)
    with tempfile.TemporaryDirectory() as folder:
        at = Scope("bench", "bench", class_, Keyring({"k1": os.urandom(32)}), Vault(f"sqlite:///{folder}/vault.db"))
        read_ = how.params.read(params, "benchmark")
        column = values(class_, rows, different)
        column = column.cast(pl.Int64) if name == "noise" else column
        began = time.process_time()
        for start in range(0, len(column), BATCH):
            how.protect(column[start : start + BATCH], read_, at)
        return len(column) / (time.process_time() - began)


def whole_table(rows: int) -> dict[str, float]:
    """Rows per CPU second of planning and of protecting, and the peak memory in MB."""
    frame, _ = table(rows)
    policy = read(PROJECT / "examples" / "protection" / "policies" / "analytics.yaml")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table.parquet"
        frame.write_parquet(path)
        del frame
        from assets.security.protect.sources import of_file

        batches = of_file(path)
        began = time.process_time()
        decisions = planned(policy, "bench.parquet", batches)
        plan = time.process_time() - began
        tools = Tools(Keyring({"k1": os.urandom(32)}), Vault(f"sqlite:///{folder}/vault.db"))
        began = time.process_time()
        apply(batches, policy, decisions, tools, Path(folder) / "masked.parquet")
        spent = time.process_time() - began
    protected = sum(d.protected for d in decisions)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"columns protected": protected, "plan s": plan, "apply s": spent, "rows/s": rows / spent, "peak MB": peak}


def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--table", type=int, default=500_000)
    given = parser.parse_args()
    print(f"{'method':12} {'of':12} {'all different':>14} {'1,000 different':>15}  rows per CPU second")
    for name, class_, params, less in METHODS:
        rows = given.rows // less
        speeds = [method_speed(name, class_, params, rows, different) for different in (rows, 1_000)]
        what = class_ or next((str(v) for v in params.values()), "")
        print(f"{name:12} {what:12} {speeds[0]:14,.0f} {speeds[1]:15,.0f}")
    for what, value in whole_table(given.table).items():
        print(f"{what}: {value:,.1f}")


if __name__ == "__main__":
    main()
