"""What the confidence of a proposal is worth: the share of right ones by band, and the false ones of right tables.

Run: HEDDLE_BENCH_DATA=<folder of public data> python -m benchmarks.accuracy.cleaning.confidence [--held-out] [--errors]

Errors are planted in public tables (hospital and beers are not among them), each table three times: without, with few
and with many. A cell of a proposal that repairs is right where an error was planted and the text becomes what it was,
or where a number is written otherwise and is the same; a proposal is right where nine in ten of its cells are. All
others count as false, though some mend what is wrong in the public tables themselves. The confidence was developed on
one half of the tables only; --held-out judges the other.
"""

import argparse
import json
import math
import os
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import polars as pl

from assets.quality.detect.find import find
from assets.quality.detect.model import Finding
from assets.quality.rules.reading import scan
from benchmarks.accuracy.cleaning.planted import AMOUNTS, Planted, plant
from benchmarks.accuracy.cleaning.public import Public, tables

BANDS = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95)  # where they begin
RIGHT = 0.9  # share of a proposal's cells


@dataclass(frozen=True)
class Judged:
    """A proposal that repairs: how many of its cells are right, and how many planted errors it mends."""

    table: str
    amount: str
    kind: str
    columns: tuple[str, ...]
    confidence: float
    cells: int
    good: int
    mended: int
    evidence: str
    examples: tuple[tuple[str | None, str | None, str | None], ...]

    @property
    def right(self) -> bool:
        """Whether one may accept it."""
        return self.good >= RIGHT * self.cells


def main() -> None:
    """Print the table of reliability."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--held-out", action="store_true", help="the half that nothing was developed on")
    parser.add_argument("--errors", action="store_true", help="list false proposals (of the other half only)")
    parser.add_argument("--json", type=Path, help="write all proposals into this file (of the other half only)")
    options = parser.parse_args()
    if "HEDDLE_BENCH_DATA" not in os.environ:
        raise SystemExit("HEDDLE_BENCH_DATA is not set: give the folder that holds governance/")
    if options.held_out and (options.errors or options.json):
        parser.error("who looks at single proposals of the held-out half has developed on it")
    start = time.process_time()
    chosen = [t for t in tables(Path(os.environ["HEDDLE_BENCH_DATA"])) if t.held_out == options.held_out]
    judged, planted = [], Counter[str]()
    for table in chosen:
        for amount in AMOUNTS:
            errors = plant(table, amount)
            judged += _judge(table, amount, errors)
            planted[amount] += len(errors.right)
    seconds = time.process_time() - start
    half = "held out" if options.held_out else "developed on"
    rows = sum(len(next(iter(t.cells.values()))) for t in chosen)
    print(f"{len(chosen)} tables {half}, {rows:,} rows, {seconds:.0f} CPU s")
    for amount in AMOUNTS:
        report(amount, [j for j in judged if j.amount == amount], planted[amount], len(chosen))
    report("all", judged, sum(planted.values()), len(chosen) * len(AMOUNTS))
    if options.errors:
        for j in sorted(judged, key=lambda j: -j.confidence):
            if not j.right:
                where = f"{j.confidence:.2f} {j.good}/{j.cells} {j.table} {j.amount} {j.kind} {j.columns}"
                print(f"{where} {j.examples} {j.evidence}")
    if options.json:
        options.json.write_text(json.dumps([asdict(j) for j in judged], ensure_ascii=False), encoding="utf-8")


def _judge(table: Public, amount: str, errors: Planted) -> Iterator[Judged]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table.csv"
        pl.DataFrame({n: [v or None for v in values] for n, values in errors.cells.items()}).write_csv(path)
        frame = scan(path).collect()
    for finding in find(frame, "raw/a/b"):
        if finding.rule.action == "repair":
            yield _judged(table, amount, errors, finding)


def _judged(table: Public, amount: str, errors: Planted, finding: Finding) -> Judged:
    good, mended, examples = 0, 0, []
    for cell in finding.cells.iter_rows(named=True):
        wished = errors.right.get((cell["column"], cell["row"]))
        right = any(_same(o, cell["after"] or "") for o in wished or (errors.cells[cell["column"]][cell["row"]],))
        good += right
        mended += right and wished is not None
        if not right:
            examples.append((cell["before"], cell["after"], wished and wished[0]))
    rule = finding.rule
    told = (rule.kind, rule.columns, rule.confidence, len(finding.cells), good, mended, rule.evidence)
    return Judged(table.name, amount, *told, tuple(examples[:3]))


def _same(one: str, two: str) -> bool:
    """Equal, or the same number written otherwise."""
    if one == two:
        return True
    try:
        return math.isclose(float(one), float(two), rel_tol=1e-11)
    except ValueError:
        return False


def report(name: str, judged: Sequence[Judged], planted: int, tables: int) -> None:
    """By band of confidence: proposals, how many are right, and the same of cells."""
    false = [j for j in judged if not j.right]
    sure = [j for j in false if j.confidence >= 0.9]
    mended = sum(j.mended for j in judged)
    print(f"{name}: {planted:,} errors, {mended:,} mended by all proposals")
    print(f"  false proposals a table {len(false) / tables:.2f}, of them at .9 or more {len(sure) / tables:.3f}")
    for low, high in zip(BANDS, [*BANDS[1:], 1.0], strict=True):
        inside = [j for j in judged if low <= j.confidence < high or high == 1.0 <= j.confidence]
        if inside:
            cells, good = sum(j.cells for j in inside), sum(j.good for j in inside)
            right = sum(j.right for j in inside)
            shares = f"{right / len(inside):4.0%} of {len(inside):4} proposals, {good / cells:4.0%} of {cells:6,} cells"
            print(f"  {low:.2f} to {high:.2f}: right are {shares}")


if __name__ == "__main__":
    main()
