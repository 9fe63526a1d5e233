"""Field mapping on fabricated pairs of tables whose mapping is known (Valentine's protocol).

Run: HEDDLE_BENCH_DATA=… python -m benchmarks.accuracy.mapping [--details]

What `heddle map suggest` proposes, with its alternatives behind. Recall at ground truth: of the n pairs ranked first,
where n is the number of true pairs, the share that is true. F1: of the pairs that are proposed (confidence from 0.5).
Both are means over the 24 pairs, and over those with noisy names.
"""

import argparse
import json
import os
import time
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import polars as pl

from assets.quality.mapping.match import LEAST
from assets.quality.mapping.model import Choice
from assets.quality.mapping.suggest import suggest

# measured on the same 24 pairs: recall at ground truth, one-to-one F1
PEERS = {"COMA, names only": (0.926, 0.842), "distribution-based": (0.860, 0.840)}


def ranked(choices: Iterable[tuple[Choice, str]]) -> list[tuple[float, tuple[str, str]]]:
    """Confidence and pair of columns of the choices of one column, the surest first."""
    found = [(c.confidence, (c.sources[0], target)) for c, target in choices if len(c.sources) == 1]
    return sorted(found, reverse=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--details", action="store_true", help="print what is missed and what is wrong")
    args = parser.parse_args()
    folder = Path(os.environ["HEDDLE_BENCH_DATA"]) / "governance" / "3_schema_matching" / "fabricated"
    found: list[tuple[bool, float, float]] = []
    start = time.process_time()
    for path in sorted(folder.glob("*__mapping.json")):
        about = json.loads(path.read_text())
        source, target = (
            pl.read_csv(path.with_name(path.name.replace("mapping.json", f"{side}.csv")), ignore_errors=True)
            for side in ("source", "target")
        )
        truth = {tuple(pair) for pair in about["matches"]}
        fields = suggest("m", ("source", source), ("target", target)).fields
        chosen, others = (
            ranked((f, f.target) for f in fields),
            ranked((c, f.target) for f in fields for c in f.alternatives),
        )
        first = {pair for _, pair in (chosen + others)[: len(truth)]}
        proposed = {pair for sure, pair in chosen if sure >= LEAST}
        right = len(truth & proposed)
        f1 = 2 * right / (len(truth) + len(proposed))
        found.append((about["schema_noise"] != "same", len(truth & first) / len(truth), f1))
        if args.details and (truth - first or proposed - truth):
            print(f"{path.name.split('__')[0]}: missed {sorted(truth - first)}, wrong {sorted(proposed - truth)}")
    print(f"{'':22}{'recall at truth':>16}{'F1':>8}")
    for what, part in (("Heddle, all", found), ("Heddle, noisy names", [f for f in found if f[0]])):
        print(f"{what:22}{np.mean([f[1] for f in part]):16.3f}{np.mean([f[2] for f in part]):8.3f}")
    for peer, (recall, f1) in PEERS.items():
        print(f"{peer:22}{recall:16.3f}{f1:8.3f}")
    print(f"{time.process_time() - start:.1f} CPU seconds for {len(found)} pairs")


if __name__ == "__main__":
    main()
