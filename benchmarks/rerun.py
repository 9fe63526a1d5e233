"""What runs again after one changed week and one changed document, counted; beside the first full run.

Run: python benchmarks/rerun.py. The peer is the straight script, which does everything again.
"""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from orchestration.runner import Outcome
    from orchestration.session import Session

WEEK = "2017-06-05"


def main() -> None:
    home = Path(tempfile.mkdtemp(prefix="heddle-bench-"))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    handbook = shutil.copytree(Path(__file__).parents[1] / "examples" / "handbook", home / "handbook")
    for questions in (Path(__file__).parents[1] / "examples").glob("handbook_questions*"):
        shutil.copy(questions, home)
    os.environ |= {
        "HEDDLE_HOME": str(home / "state"),
        "HEDDLE_HANDBOOK": str(handbook),
        "HEDDLE_ENDPOINTS": f"http://127.0.0.1:{port}",
    }
    try:
        measure(handbook)
    finally:
        subprocess.run([Path(sys.executable).with_name("heddle"), "serve", "stop"], stdout=subprocess.DEVNULL)
        shutil.rmtree(home, ignore_errors=True)


def measure(handbook: Path) -> None:
    import dagster as dg
    import polars as pl

    from assets.sources.retail_files import base_file, week_number
    from core.settings import load
    from orchestration.session import open_session

    settings = load()
    session = open_session(settings)
    full, _ = timed(session)
    transactions = pl.scan_parquet(base_file(settings, "transactions")).filter(week=week_number(WEEK))
    drop = settings.drops / "retail" / "transactions" / f"{WEEK}.parquet"
    drop.parent.mkdir(parents=True)
    transactions.with_columns(pl.col("sales_value") * 1.1).collect().write_parquet(drop)
    document = min(handbook.glob("*.md"))
    document.write_text(document.read_text(encoding="utf-8") + "\n\nThe help desk opens at 06:45.\n", encoding="utf-8")

    again, outcome = timed(session)
    nothing, idle = timed(session)
    ran = Counter(key.to_user_string() for key, _ in outcome.ran)
    for name, partitions in sorted(ran.items()):
        print(f"  {name:<36} {partitions} partition(s)")
    for name, wanted in (
        ("doc/retail/handbook", ("parsed", "reused")),
        ("index/retail/handbook", ("embedded", "reused")),
    ):
        event = session.instance.get_latest_materialization_event(dg.AssetKey(name.split("/")))
        assert event is not None and event.asset_materialization is not None
        values = {k: event.asset_materialization.metadata[k].value for k in wanted}
        print(f"  {name}: {values}")
    print(
        f"first run {full:.1f} s; after one week and one document {again:.1f} s (ratio {again / full:.2f}); "
        f"nothing changed {nothing:.1f} s, {len(idle.ran)} assets ran"
    )


def timed(session: "Session") -> "tuple[float, Outcome]":
    begun = time.perf_counter()
    outcome = session.runner.update(None, lambda event, at: None)
    assert not outcome.failed, outcome.failed
    return time.perf_counter() - begun, outcome


if __name__ == "__main__":
    main()
