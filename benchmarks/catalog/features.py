"""Features: the point-in-time join beside pandas' merge_asof, and the latency of online values.

Run: python -m benchmarks.catalog.features [--entities 1000000] [--rows 1000000] [--redis URL]

The join asks for six features of three views for a million entity rows; each view has a million rows over 50,000
entities, two of them with a ttl. Both results are compared. The online part pushes one view, asks the endpoint server's
application over real HTTP on loopback, one and a hundred entities at a time, and compares with the offline values.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pandas as pd
import polars as pl

from assets.features.registry.model import Feature, FeatureView, JoinKey
from assets.features.registry.offline import historical
from assets.features.registry.push import push
from core.address import address
from core.naming import Key, table_name
from core.settings import Settings, load, variables
from resources.open import online, warehouse

START, DAYS, ENTITIES = datetime(2025, 1, 1), 400, 50_000
REFS = [f"v{n}:{name}" for n in range(3) for name in ("a", "b")]
VIEWS = {
    f"v{n}": FeatureView(
        name=f"v{n}",
        entity="user",
        keys=(JoinKey(name="user_id"),),
        source=f"feature/bench/v{n}",
        timestamp="known_at",
        ttl=("", "30d", "400d")[n],
        online=True,
        features=(Feature(name="a", type="double"), Feature(name="b", type="bigint")),
    )
    for n in range(3)
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--entities", type=int, default=1_000_000)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--redis", default="", help="measure this Redis too")
    options = parser.parse_args()
    rng = np.random.default_rng(11)
    with tempfile.TemporaryDirectory() as folder:
        settings = load({"HEDDLE_HOME": folder, "HEDDLE_MEMORY": "4GB"}, Path("nowhere"))
        tables = [_table(rng, options.rows) for _ in VIEWS]
        store = warehouse(settings)
        for view, table in zip(VIEWS.values(), tables, strict=True):
            store.write(table_name(Key.parse(view.source)), table)
        _offline(settings, _entities(rng, options.entities), tables)
        _online(settings, "sqlite")
        if options.redis:
            _online(settings.model_copy(update={"online": options.redis}), "redis")


def _offline(settings: Settings, asked: pl.DataFrame, tables: list[pl.DataFrame]) -> None:
    ours, mine = _measured(
        "point-in-time join", lambda: historical(warehouse(settings), VIEWS, asked, REFS, full_names=True)
    )
    frames = [t.to_pandas() for t in tables]
    entities = asked.to_pandas()
    theirs, peer = _measured("pandas merge_asof", lambda: _merge_asof(entities, frames))
    print(f"{'ratio':24} CPU {peer[1] / mine[1]:.2f}, wall {peer[0] / mine[0]:.2f}")
    for ref in REFS:
        column = ref.replace(":", "__")
        assert np.array_equal(ours[column].cast(pl.Float64).to_numpy(), theirs[column].to_numpy(float), equal_nan=True)
    print(f"{'equal values':24} {len(REFS)} columns x {len(asked):,} rows")


def _merge_asof(entities: pd.DataFrame, frames: list[pd.DataFrame]) -> pd.DataFrame:
    """What a person writes with pandas: sort both sides, one merge_asof a view, back to the order of the rows."""
    found = entities.reset_index().sort_values("event_timestamp", kind="stable")
    for view, frame in zip(VIEWS.values(), frames, strict=True):
        ttl = view.ttl.removesuffix("d")
        right = frame.rename(columns={f.name: f"{view.name}__{f.name}" for f in view.features})
        found = pd.merge_asof(
            found,
            right.sort_values("known_at", kind="stable"),
            left_on="event_timestamp",
            right_on="known_at",
            by="user_id",
            tolerance=pd.Timedelta(days=int(ttl)) if ttl else None,
        ).drop(columns="known_at")
    return found.sort_values("index")


def _online(settings: Settings, name: str) -> None:
    view, store = VIEWS["v0"], online(settings)
    now = datetime.now(UTC)
    done, took = _measured(f"push to {name}", lambda: push(warehouse(settings), store, view, now=now))
    print(f"{'':24} {done.written:,} entities, {done.written / took[0]:,.0f} a second")
    # a home of its own keeps the server of this machine's user out of it
    free = settings.model_copy(update={"endpoints": f"http://127.0.0.1:{_port()}"})
    server = subprocess.Popen([sys.executable, "-m", "serving.endpoint"], env=os.environ | variables(free))
    try:
        _wait(free)
        with httpx.Client(base_url=free.endpoints) as client:
            for size in (1, 100):
                _latency(client, size, f"{name}, {size} entities")
            _skew(client, settings, now)
    finally:
        server.terminate()
        server.wait()
        store.close()


def _latency(client: httpx.Client, size: int, label: str) -> None:
    rng, seconds = np.random.default_rng(5), []
    for _ in range(2_000):
        body = {"features": ["v0:a", "v0:b"], "entities": {"user_id": rng.integers(0, ENTITIES, size).tolist()}}
        start = time.perf_counter()
        client.post("/features/online", json=body).raise_for_status()
        seconds.append(time.perf_counter() - start)
    p50, p99 = np.quantile(seconds, [0.5, 0.99]) * 1000
    print(f"{label:24} p50 {p50:.2f} ms, p99 {p99:.2f} ms (the client's time in it)")


def _skew(client: httpx.Client, settings: Settings, now: datetime) -> None:
    users = list(range(0, ENTITIES, 10))
    asked = pl.DataFrame({"user_id": users, "event_timestamp": now.replace(tzinfo=None)})
    offline = historical(warehouse(settings), VIEWS, asked, ["v0"])
    body: Any = {"features": ["v0"], "entities": {"user_id": users}}
    served = client.post("/features/online", json=body).json()["results"]
    differing = sum(
        one != other
        for result, column in zip(served, ("a", "b"), strict=True)
        for one, other in zip(result["values"], offline[column].to_list(), strict=True)
    )
    print(f"{'online against offline':24} {differing} of {2 * len(users):,} values differ")


def _table(rng: np.random.Generator, rows: int) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "user_id": rng.integers(0, ENTITIES, rows),
            "known_at": _moments(rng, rows),
            "a": rng.normal(size=rows),
            "b": rng.integers(0, 1000, rows),
        }
    ).unique(["user_id", "known_at"], maintain_order=True)


def _entities(rng: np.random.Generator, rows: int) -> pl.DataFrame:
    return pl.DataFrame({"user_id": rng.integers(0, ENTITIES, rows), "event_timestamp": _moments(rng, rows)})


def _moments(rng: np.random.Generator, rows: int) -> pl.Series:
    seconds = pl.Series(rng.integers(0, DAYS * 86_400, rows)) * 1_000_000
    return pl.select(pl.lit(START) + seconds.cast(pl.Duration("us"))).to_series()


def _measured(label: str, work: Callable[[], Any]) -> tuple[Any, tuple[float, float]]:
    wall, cpu = time.perf_counter(), time.process_time()
    found = work()
    took = time.perf_counter() - wall, time.process_time() - cpu
    print(f"{label:24} {took[0]:.2f} s wall, {took[1]:.2f} s CPU")
    return found, took


def _port() -> int:
    import socket

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _wait(settings: Settings) -> None:
    deadline = time.monotonic() + 30
    while address(settings.endpoints, "HEDDLE_ENDPOINTS").held() is None:
        if time.monotonic() > deadline:
            raise SystemExit("the endpoint server did not start")
        time.sleep(0.1)
    time.sleep(timedelta(seconds=1).total_seconds())


if __name__ == "__main__":
    main()
