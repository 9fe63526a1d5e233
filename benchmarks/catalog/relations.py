"""Relations among many tables: CPU seconds and memory of sketching and of the search, on made-up tables.

Run: python -m benchmarks.catalog.relations [--tables 1000] [--columns 20] [--rows 2000] [--sources 4] [--parquet file]

Each table has a surrogate key from 1 up (so that every small number is in every table), a business key of text, up to
three foreign keys within its source, half of them to business keys and half of them named with a role before the other
table's name, and attributes. Nothing is trained on these tables. With a Parquet file, that file alone is sketched,
beside DuckDB's SUMMARIZE.
"""

import argparse
import resource
import time
from pathlib import Path

import numpy as np

from assets.catalog.relations.find import find
from assets.catalog.relations.model import Kind, TableSample
from assets.catalog.relations.sources import sample_duckdb, sample_frame

_TEXT = (
    "customer order product supplier invoice payment shipment warehouse region employee contract account device ticket"
    " campaign store category vehicle driver route station policy claim patient doctor course student exam booking"
    " hotel flight airport league player stadium album artist concert recipe ingredient project task budget asset"
)
WORDS = _TEXT.split()
ROLES = ("", "", "", "main", "former", "billing")
Truth = set[tuple[str, str, str]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("tables", 1000), ("columns", 20), ("rows", 2000), ("sources", 4)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--parquet", type=Path, help="sketch this file instead")
    options = parser.parse_args()
    if options.parquet:
        one_file(options.parquet)
        return
    start_memory = _memory()
    samples, truth, seconds = build(options.tables, options.columns, options.rows, options.sources)
    values = sum(s.rows * len(s.columns) for s in samples)
    kept = sum(c.hashes.nbytes + c.counts.nbytes for s in samples for c in s.columns) + sum(
        s.sample.nbytes for s in samples
    )
    print(f"{len(samples)} tables x {options.columns} columns, {values / 1e6:.0f} million values")
    print(f"sketching: {seconds:.1f} CPU seconds, {kept / 1e6:.0f} MB of sketches and sampled rows")
    start = time.process_time()
    found = find(samples)
    print(f"search: {time.process_time() - start:.1f} CPU seconds")
    print(f"peak memory: {_memory():.0f} MB, {start_memory:.0f} MB before")
    keys = {(r.child.table, r.child.columns[0], r.parent.table) for r in found if r.kind is Kind.FOREIGN_KEY}
    right = len(keys & truth)
    print(f"{len(truth)} foreign keys: precision {right / max(len(keys), 1):.3f}, recall {right / len(truth):.3f}")
    print(f"{sum(r.kind is Kind.JOINABLE for r in found)} joinable pairs of columns")


def one_file(path: Path) -> None:
    """Sketching a file through DuckDB, and SUMMARIZE of the same."""
    import duckdb

    connection = duckdb.connect()
    connection.read_parquet(str(path)).create_view("rows")
    start = time.process_time()
    sample = sample_duckdb("file", "rows", connection)
    print(f"sketching {sample.rows} rows x {len(sample.columns)}: {time.process_time() - start:.1f} CPU seconds")
    print(f"peak memory: {_memory():.0f} MB")
    start = time.process_time()
    connection.sql("SUMMARIZE rows").fetchall()
    print(f"SUMMARIZE: {time.process_time() - start:.1f} CPU seconds")


def build(tables: int, columns: int, rows: int, sources: int) -> tuple[list[TableSample], Truth, float]:
    """Samples, the true (table, column, parent table), and the CPU seconds of sketching alone."""
    import polars as pl

    rng = np.random.default_rng(7)
    names = [f"{WORDS[n % len(WORDS)]}_{WORDS[(n // len(WORDS) * 7 + n * 3 + 1) % len(WORDS)]}" for n in range(tables)]
    names = [f"{name}s" if n < len(WORDS) ** 2 else f"{name}_{n}" for n, name in enumerate(names)]
    names = [name if names.index(name) == n else f"{name}_v{n}" for n, name in enumerate(names)]
    sizes = rng.integers(rows // 4, rows * 2, tables)
    samples, truth, seconds = [], set(), 0.0
    for n, name in enumerate(names):
        size = int(sizes[n])
        base = name.removesuffix("s")
        data: dict[str, object] = {f"{base}_id": np.arange(1, size + 1)}
        data[f"{base}_code"] = [f"{base[:2].upper()}{n}-{i:06d}" for i in rng.permutation(size)]
        for target in rng.integers(max(0, n - 250), n, 3) if n >= 8 else ():
            if target % sources != n % sources:
                continue  # keys lie within a source
            other = names[target].removesuffix("s")
            role = ROLES[rng.integers(len(ROLES))]
            values = rng.integers(1, int(sizes[target]) + 1, size)
            if rng.random() < 0.5:
                column = f"{role}_{other}_id".lstrip("_")
                data[column] = values
            else:
                column = f"{role}_{other}_code".lstrip("_")
                data[column] = [f"{other[:2].upper()}{target}-{i - 1:06d}" for i in values]
            truth.add((name, column, names[target]))
        while len(data) < columns:
            data[f"attribute_{len(data)}"] = _attribute(rng, size, len(data))
        frame = pl.DataFrame(data)
        start = time.process_time()
        samples.append(sample_frame(f"source{n % sources}", name, frame))
        seconds += time.process_time() - start
    return samples, truth, seconds


def _attribute(rng: np.random.Generator, size: int, number: int) -> object:
    match number % 5:
        case 0:
            return rng.normal(100, 20, size).round(2)
        case 1:
            return rng.integers(0, 50, size)
        case 2:
            return np.array(["open", "closed", "new", "lost"])[rng.integers(0, 4, size)].tolist()
        case 3:
            return [f"text {i}" for i in rng.integers(0, 10**9, size)]
    return rng.integers(0, 10**6, size)


def _memory() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
