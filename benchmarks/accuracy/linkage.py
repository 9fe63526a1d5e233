"""Entity resolution on public sets with known truth, with and without labels, beside a random forest and splink.

Run: HEDDLE_BENCH_DATA=<folder of public data> python -m benchmarks.accuracy.linkage [--no-peer]

The folder holds governance/3_entity_resolution. Three sets give labelled pairs split into train, valid and test: the
model learns from train and valid, the test pairs are judged once; without labels it sees the pairs of all three parts
but none of their labels. Fodors-Zagats is printed twice, since its column `class` is the truth in disguise. Two sets
give records: pairs of records within one cluster are counted over the whole set, no label is seen.
"""

import argparse
import gzip
import os
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from assets.quality.linkage import forest
from assets.quality.linkage.compare import Comparer
from assets.quality.linkage.kinds import kinds_of
from assets.quality.linkage.link import link, probabilistic, weighed
from assets.quality.linkage.measure import Score, clusters_score, pairs_score
from assets.quality.linkage.prepare import prepare

PAIRS = {"Fodors-Zagats": 1.0, "Beer": 0.875, "iTunes-Amazon": 0.982}  # a random forest on string similarities
PARTS = ("train", "valid", "test")
_FIELD = re.compile(r"COL (\S+) VAL (.*?)(?=\s*COL \S+ VAL |$)")


@dataclass(frozen=True, slots=True)
class Pairs:
    """Labelled pairs of two sources: int64 [pairs, 3] left, right, match per part."""

    left: pl.DataFrame
    right: pl.DataFrame
    parts: dict[str, npt.NDArray[np.int64]]


def read_pairs(folder: Path) -> Pairs:
    """One set of pairs; the same text is the same record."""
    left: dict[str, int] = {}
    right: dict[str, int] = {}
    parts = {}
    for part in PARTS:
        with gzip.open(folder / f"{part}.txt.gz", "rt", encoding="utf-8") as file:
            rows = [line.rstrip("\n").split("\t") for line in file]
        found = [(left.setdefault(a, len(left)), right.setdefault(b, len(right)), int(y)) for a, b, y in rows]
        parts[part] = np.array(found, dtype=np.int64)
    return Pairs(_frame(left), _frame(right), parts)


def _frame(texts: dict[str, int]) -> pl.DataFrame:
    return pl.DataFrame([{m[0]: m[1].strip() or None for m in _FIELD.findall(t.strip())} for t in texts])


def read_records(folder: Path) -> Iterator[tuple[str, pl.DataFrame, npt.NDArray[np.int64]]]:
    """Sets of records: name, frame with `unique_id`, truth."""
    fake = pl.read_csv(folder / "fake_1000.csv", infer_schema=False)
    yield "fake_1000", fake.drop("cluster"), fake["cluster"].cast(pl.Int64).to_numpy()
    febrl = pl.read_csv(folder / "febrl" / "dataset3.csv", infer_schema=False)
    febrl = febrl.rename({c: c.strip() for c in febrl.columns}).rename({"rec_id": "unique_id"})
    febrl = febrl.with_columns(pl.all().str.strip_chars()).with_columns(pl.all().replace("", None))
    yield "FEBRL3", febrl, febrl["unique_id"].str.extract(r"rec-(\d+)-").cast(pl.Int64).to_numpy()


def judge_pairs(found: Pairs) -> tuple[Score, Score, float]:
    """Test pairs judged by a model of the labels, and by one without any; CPU seconds of both together."""
    start = time.process_time()
    kinds = kinds_of([found.left, found.right], found.left.columns)
    comparer = Comparer(prepare({"left": found.left, "right": found.right}, kinds))
    every = np.concatenate([found.parts[p] for p in PARTS])
    left, right, match = every[:, 0], every[:, 1] + found.left.height, every[:, 2] == 1
    test = np.arange(len(every)) >= len(every) - len(found.parts["test"])
    features = comparer.features(left, right)
    learned = forest.learn(features[~test], match[~test], comparer.names)
    _, judge = probabilistic(comparer, left, right)
    plain = judge(left, right)
    share = weighed(learned.probabilities(features[test]), plain[test], int((~test).sum()))
    supervised = pairs_score(share > 0.5, match[test])
    odds = forest.refined(features, plain)
    return supervised, pairs_score(odds[test] > 0, match[test]), time.process_time() - start


def told(name: str, score: Score, peer: str, seconds: float) -> None:
    """One line of the table."""
    print(
        f"{name:44} F1 {score.f1:.3f}  P {score.precision:.3f}  R {score.recall:.3f}  {seconds:6.1f} CPU s  {peer}",
        flush=True,
    )


def main() -> None:
    """Print everything."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--no-peer", action="store_true", help="leave splink out")
    asked = parser.parse_args()
    folder = Path(os.environ["HEDDLE_BENCH_DATA"]) / "governance" / "3_entity_resolution"
    for name, peer in PAIRS.items():
        found = read_pairs(folder / "er_magellan" / "Structured" / name)
        _pairs(name, found, peer)
        if name == "Fodors-Zagats":
            _pairs(f"{name}, no class", Pairs(found.left.drop("class"), found.right.drop("class"), found.parts), peer)
    for name, frame, truth in read_records(folder / "splink"):
        _records(name, frame, truth, not asked.no_peer)


def _pairs(name: str, found: Pairs, peer: float) -> None:
    supervised, without, seconds = judge_pairs(found)
    told(f"{name}, learned from train and valid", supervised, f"random forest {peer}", seconds)
    told(f"{name}, no labels", without, f"aim {peer - 0.03:.3f}", seconds)


def _records(name: str, frame: pl.DataFrame, truth: npt.NDArray[Any], peer: bool) -> None:
    columns = dict.fromkeys(c for c in frame.columns if c != "unique_id")
    start = time.process_time()
    linked = link({name: frame}, columns)
    seconds = time.process_time() - start
    guess = f"estimated by the model: P {linked.estimate.precision:.3f} R {linked.estimate.recall:.3f}"
    told(f"{name}, no labels ({linked.candidates:,} pairs)", clusters_score(linked.cluster, truth), guess, seconds)
    if peer:
        from benchmarks.accuracy.linkage_peer import splink_clusters

        start = time.process_time()
        clusters = splink_clusters(name, frame)
        told(f"{name}, splink", clusters_score(clusters, truth), "", time.process_time() - start)


if __name__ == "__main__":
    main()
