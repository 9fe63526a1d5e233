"""Wrong cells found and repaired in hospital and beers, beside Raha and Baran; with --made in tables made with errors.

Run: HEDDLE_BENCH_DATA=<folder of public data> python -m benchmarks.accuracy.cleaning [--made] [--seeds 5]

The folder holds governance/2_cleaning/<set>/dirty.csv and clean.csv. CPU seconds are those of this process. With 20
labels the review loop asks four times for 5 rows and answers from the clean table; beside it the same number of rows
drawn by chance, over several seeds. Figures of "other rows" leave the labelled rows out.
"""

import argparse
import os
import tempfile
import time
from pathlib import Path
from statistics import mean

import numpy as np
import polars as pl

from assets.quality.detect.find import find
from assets.quality.repair.known import Labels, learn
from assets.quality.repair.model import Repairs
from assets.quality.repair.review import ask
from assets.quality.repair.table import repair
from assets.quality.rules.apply import Targets, apply
from benchmarks.accuracy.cleaning.made import MAKERS
from benchmarks.accuracy.cleaning.score import Score, Table, pair, scores

SETS = ("hospital", "beers")
LABELS, TURNS = 20, 4
PEERS = {
    "hospital": "Raha, 20 labelled rows: detection F1 .784 (534 s); Raha then Baran: repair F1 .618",
    "beers": "Raha, 20 labelled rows: detection F1 .999 (379 s); Raha then Baran: repair F1 .880",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--made", action="store_true", help="tables made with known errors instead")
    parser.add_argument("--seeds", type=int, default=5)
    options = parser.parse_args()
    if options.made:
        _made(options.seeds)
        return
    if "HEDDLE_BENCH_DATA" not in os.environ:
        raise SystemExit("HEDDLE_BENCH_DATA is not set: give the folder that holds governance/")
    for name in SETS:
        dirty, clean = pair(Path(os.environ["HEDDLE_BENCH_DATA"]) / "governance" / "2_cleaning" / name)
        print(f"{name}: {PEERS[name]}")
        _public(dirty, clean, options.seeds)


def _public(dirty: Table, clean: Table, seeds: int) -> None:
    frame = pl.DataFrame(dirty)
    start = time.process_time()
    first = repair(frame)
    _line("  no labels", dirty, clean, first, time.process_time() - start)
    start = time.process_time()
    planned = through_plan(dirty, clean)
    print(
        f"  no labels, the repairing rules run by the plan: repair {planned} | {time.process_time() - start:.2f} CPU s"
    )
    start = time.process_time()
    labels: dict[int, dict[str, str]] = {}
    made = first
    for _ in range(TURNS):
        labels |= answers(clean, ask(made, LABELS // TURNS, labels))
        made = repair(frame, learn(first, labels))
    _line(f"  {LABELS} labels, asked for", dirty, clean, made, time.process_time() - start, labels)
    found = []
    for seed in range(seeds):
        rows = np.random.default_rng(seed).choice(frame.height, LABELS, replace=False).tolist()
        found.append(scores(dirty, clean, repair(frame, learn(first, answers(clean, rows)))))
    detection, repaired = mean(d.f1 for d, _ in found), [r.f1 for _, r in found]
    spread = f"{min(repaired):.3f} to {max(repaired):.3f}"
    title = f"  {LABELS} labels, by chance ({seeds} seeds)"
    print(f"{title}: detection F1 {detection:.3f}, repair F1 {mean(repaired):.3f} ({spread})")


def through_plan(dirty: Table, clean: Table) -> Score:
    """Repair when every proposed rule that repairs is accepted and the plan runs them."""
    frame = pl.DataFrame(dirty)
    rules = [
        f.rule.model_copy(update={"status": "accepted"}) for f in find(frame, "raw/a/b") if f.rule.action == "repair"
    ]
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "in.parquet", Path(folder) / "out.parquet"
        frame.write_parquet(source)
        apply(pl.scan_parquet(source), rules, Targets.beside(target))
        made = pl.read_parquet(target).select(pl.all().cast(pl.String).fill_null(""))
    wrong = changed = right = 0
    for name in dirty:
        for before, wished, after in zip(dirty[name], clean[name], made[name].to_list(), strict=True):
            wrong += before != wished
            changed += after != before
            right += before != after == wished
    return Score(right / max(1, changed), right / max(1, wrong))


def answers(clean: Table, rows: list[int]) -> dict[int, dict[str, str]]:
    """The clean table's word for some rows."""
    return {row: {name: clean[name][row] for name in clean} for row in rows}


def _line(
    title: str, dirty: Table, clean: Table, repairs: Repairs, seconds: float, labels: Labels | None = None
) -> None:
    detection, repaired = scores(dirty, clean, repairs)
    print(f"{title}: detection {detection} | repair {repaired} | {seconds:.2f} CPU s")
    if labels:
        _, rest = scores(dirty, clean, repairs, frozenset(labels))
        print(f"{title}, other rows alone: repair {rest}")


def _made(seeds: int) -> None:
    for maker in MAKERS:
        found, start = [], time.process_time()
        for seed in range(1000, 1000 + seeds):
            table = maker(seed)
            found.append(scores(table.dirty, table.clean, repair(pl.DataFrame(table.dirty))))
        seconds = (time.process_time() - start) / seeds
        alarms = sum(len(find(pl.DataFrame(maker(seed).clean), "raw/a/b")) for seed in range(1000, 1000 + seeds))
        detection, repaired = mean(d.f1 for d, _ in found), mean(r.f1 for _, r in found)
        print(f"{maker.__name__}: detection F1 {detection:.3f}, repair F1 {repaired:.3f}, {seconds:.2f} CPU s a table")
        print(f"  {alarms} findings in {seeds} clean tables")


if __name__ == "__main__":
    main()
