"""Ten typical transformations against the same by hand in polars, pandas and row by row.

Run: python -m benchmarks.kettle.throughput [--rows 1000000] [--only name] [--memory 1024] [--rounds 3] [--no-rows]
     python -m benchmarks.kettle.throughput --rows 10000000 --patience 20     (about 15 minutes, 3 GB of disk)

Each run is a process of its own, so that its peak memory is its own; the seconds are those of the work without the
start of Python and imports (for us the planning too is done once before). Peers alternate with us; the fastest round
counts; who has taken longer than the patience is not run again. Results are compared: the number of rows and the sum
of the numbers of every output. On a busy machine `--cpu` compares CPU seconds, which others disturb less.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.kettle.data import make
from benchmarks.kettle.flows import flows, write_flow
from benchmarks.kettle.peers import PEERS, ROW_FLOWS


def work(who: str, folder: Path, name: str, memory: int) -> None:
    """The measured work, in a child process; prints seconds and peak memory."""
    if who == "heddle":
        from assets.kettle.engine.run import EngineSettings
        from assets.kettle.engine.start import prepare, run_transformation
        from assets.kettle.files.read import read_transformation

        with prepare(read_transformation(folder / f"{name}.ktr")):  # imports what the steps need, runs nothing
            pass
        settings = EngineSettings(memory_bytes=memory << 20, temp_dir=folder)
        since, cpu = time.perf_counter(), time.process_time()
        run_transformation(read_transformation(folder / f"{name}.ktr"), settings=settings)
    else:
        __import__("pandas" if who == "pandas" else "polars")
        since, cpu = time.perf_counter(), time.process_time()
        PEERS[who](folder, name)
    taken = {"wall": time.perf_counter() - since, "cpu": time.process_time() - cpu}
    print(json.dumps(taken | {"mb": peak_memory()}))


def peak_memory() -> float:
    """This process's own peak in MB; what getrusage tells of a child may be its parent's, from before the exec."""
    status = Path("/proc/self/status")
    if status.exists():
        return int(status.read_text().split("VmHWM:")[1].split()[0]) / 1024
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measure(who: str, folder: Path, name: str, memory: int) -> dict[str, float]:
    forget(folder, who, name)
    command = [sys.executable, "-m", "benchmarks.kettle.throughput", "--work", who, str(folder), name, str(memory)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{who} {name} failed:\n{done.stderr[-2000:]}")
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def forget(folder: Path, who: str, name: str) -> None:
    """Removes what a run wrote."""
    for left in (*folder.glob(f"{name}-{who}.csv"), *folder.glob(f"{who}.duckdb*")):
        left.unlink()


def digest(folder: Path, who: str, name: str) -> tuple[int, float]:
    """Rows and the sum of all numeric columns."""
    import polars as pl

    if name == "table":
        import duckdb

        with duckdb.connect(str(folder / f"{who}.duckdb"), read_only=True) as connection:
            rows, total = connection.execute("select count(*), sum(id + amount) from big").fetchone() or (0, 0)
            return int(rows), float(f"{total:.9g}")
    frame = pl.scan_csv(folder / f"{name}-{who}.csv", separator=";")
    numbers = pl.selectors.numeric().cast(pl.Float64).sum().name.prefix("sum ")
    found = frame.select(pl.len(), numbers).collect(engine="streaming").row(0)
    return found[0], float(f"{sum(found[1:]):.9g}")  # Kettle prints ten decimals of a Number, the peers all


def main() -> None:
    if len(sys.argv) > 1 and sys.argv[1] == "--work":
        work(sys.argv[2], Path(sys.argv[3]), sys.argv[4], int(sys.argv[5]))
        return
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--only", default="")
    parser.add_argument("--memory", type=int, default=1024, help="memory limit of our buffers, MiB")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--patience", type=float, default=60.0, help="seconds after which one is not run again")
    parser.add_argument("--cpu", action="store_true", help="CPU seconds instead of those of the clock")
    parser.add_argument("--no-rows", action="store_true", help="without the row-by-row peer")
    parser.add_argument("--no-pandas", action="store_true", help="without pandas")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="kettle-bench-") as scratch:
        folder = Path(scratch)
        make(folder, arguments.rows)
        kind = "CPU seconds" if arguments.cpu else "seconds"
        print(f"{arguments.rows} rows; {kind} (MB at peak); ratio = peer / heddle, so above 1 heddle is faster")
        for name in flows(folder):
            if arguments.only in name:
                write_flow(folder, name)
                print(line(folder, name, arguments), flush=True)


def line(folder: Path, name: str, arguments: argparse.Namespace) -> str:
    """One flow's line, for us and all peers."""
    peers = ["polars"] + ([] if arguments.no_pandas else ["pandas"])
    if name in ROW_FLOWS and not arguments.no_rows:
        peers.append("rows")
    unit = "cpu" if arguments.cpu else "wall"
    best = fastest(folder, name, ["heddle", *peers], arguments, unit)
    ours = digest(folder, "heddle", name)
    notes = [f"{p} DIFFERS {digest(folder, p, name)} ours {ours}" for p in peers if digest(folder, p, name) != ours]
    own = best["heddle"]
    cells = [f"{name:10} heddle {own[unit]:.2f} s ({own['mb']:.0f} MB)"]
    for who in peers:
        ratio = best[who][unit] / own[unit]
        cells.append(f"{who} {best[who][unit]:.2f} s ({best[who]['mb']:.0f} MB) {ratio:.2f}x")
    for who in ("heddle", *peers):
        forget(folder, who, name)
    return " | ".join([*cells, *notes])


def fastest(
    folder: Path, name: str, everyone: list[str], arguments: argparse.Namespace, unit: str
) -> dict[str, dict[str, float]]:
    """Each one's fastest round, as long as its rounds together took less than the patience."""
    best: dict[str, dict[str, float]] = {}
    spent = dict.fromkeys(everyone, 0.0)
    for _ in range(arguments.rounds):
        for who in everyone:
            if spent[who] > arguments.patience:
                continue
            taken = measure(who, folder, name, arguments.memory)
            spent[who] += taken["wall"]
            if who not in best or taken[unit] < best[who][unit]:
                best[who] = taken
    return best


if __name__ == "__main__":
    main()
