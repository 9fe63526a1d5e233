"""Templates of log messages: lines a second, and whether the lines are grouped as they were made.

Run: POLARS_MAX_THREADS=1 python -m benchmarks.catalog.log_templates [--lines 1000000]

The log is made here: 14 statements of services with typed and untyped values, as often as 1/1, 1/2, 1/3, …, with a
timestamp, a level and a logger. A template counts as right if it has exactly as many lines as a statement made.
Mining is timed alone and within a scan of the folder.
"""

import argparse
import random
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa

from assets.catalog.scan.scanner import scan
from assets.catalog.scan.sources import Source
from assets.catalog.scan.templates.miner import Miner

Chance = random.Random
NAMES = ("root", "admin", "oracle", "test", "git", "ubuntu", "ann", "bob")


def _ip(r: Chance) -> str:
    return ".".join(str(r.randint(1, 254)) for _ in range(4))


STATEMENTS: tuple[Callable[[Chance], str], ...] = (
    lambda r: f"PacketResponder {r.randint(0, 2)} for block blk_{r.randint(-(10**18), 10**18)} terminating",
    lambda r: f"blockMap updated: {_ip(r)}:50010 is added to blk_{r.randint(1, 10**18)} size {r.randint(1, 10**8)}",
    lambda r: f"Receiving block blk_{r.randint(1, 10**18)} src: /{_ip(r)}:{r.randint(1, 65535)} dest: /{_ip(r)}:50010",
    lambda r: f"Failed password for invalid user {r.choice(NAMES)} from {_ip(r)} port {r.randint(1, 65535)} ssh2",
    lambda r: f"Accepted password for {r.choice(NAMES)} from {_ip(r)} port {r.randint(1, 65535)} ssh2",
    lambda r: f"Payment of order {r.randint(1, 10**7)} refused: card expired after {r.random() * 100:.2f}ms",
    lambda r: f"GET /api/v1/items/{r.randint(1, 9999)} took {r.randint(1, 900)} ms session={r.getrandbits(64):016x}",
    lambda r: f"Finished task {r.randint(0, 99)}.0 in stage {r.randint(0, 9)}.0 (TID {r.randint(0, 9999)})",
    lambda r: f"session opened for user {r.choice(NAMES)} by (uid={r.randint(0, 1000)})",
    lambda r: f"session closed for user {r.choice(NAMES)}",
    lambda r: f"Cache of {r.choice(('items', 'users', 'carts'))} holds {r.randint(0, 10**6)} entries",
    lambda r: f"Connection to {_ip(r)}:{r.randint(1, 65535)} lost, retry {r.randint(1, 9)} in {r.randint(1, 60)} s",
    lambda _: "Shutting down",
    lambda r: f"Loaded /etc/service/{r.choice(NAMES)}.conf at 2026-01-0{r.randint(1, 9)} 10:00:00",
)


def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--lines", type=int, default=1_000_000)
    count = parser.parse_args().lines
    chance = Chance(7)
    chosen = chance.choices(range(len(STATEMENTS)), [1 / (n + 1) for n in range(len(STATEMENTS))], k=count)
    messages = [STATEMENTS[n](chance) for n in chosen]
    miner, began = Miner(0), time.process_time()
    for start in range(0, count, 50_000):
        miner.add(pa.record_batch([pa.array(messages[start : start + 50_000])], names=["0"]))
    templates, spent = miner.finish(), time.process_time() - began
    print(f"mining alone: {count:,} messages in {spent:.2f} CPU s, {count / spent:,.0f} a second")
    made = sorted((chosen.count(n) for n in set(chosen)), reverse=True)
    right = sum(t.count for t in templates if t.count in made)
    print(f"{len(templates)} templates of {len(made)} statements, {right / count:.2%} of the lines in right ones")
    with tempfile.TemporaryDirectory() as folder:
        _scanned(Path(folder), messages)


def _scanned(folder: Path, messages: list[str]) -> None:
    log = folder / "app.log"
    with log.open("w") as file:
        for n, message in enumerate(messages):
            file.write(f"2026-01-01 {n // 3600 % 24:02}:{n // 60 % 60:02}:{n % 60:02} INFO shop.web - {message}\n")
    began = time.process_time()
    found = scan(Source(name="logs", url=f"logs://{folder}", sample_rows=0, max_bytes=0))
    spent = time.process_time() - began
    size, peak = log.stat().st_size / 2**20, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"scan of {size:.0f} MiB with profiles: {spent:.2f} CPU s, {len(messages) / spent:,.0f} lines a second")
    print(f"{len(found.tables[0].templates)} templates; peak memory {peak:.0f} MiB, the made messages included")


if __name__ == "__main__":
    main()
