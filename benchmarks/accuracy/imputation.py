"""Filling of masked cells whose truth is known, beside single-model peers.

Run: HEDDLE_BENCH_DATA=… python -m benchmarks.accuracy.imputation [--share 30] [--columns]

The four OpenML tables of the set (1,000 rows), masked completely at random (MCAR), by another column (MAR) and by the
value itself (MNAR). Numbers: root mean squared error over the standard deviation of the column's truth (nRMSE), the
mean over columns; constant columns are left out. Categories, and integers with at most ten values: the share of right
labels. The set hides integers as -9999999: our own imputation has to notice, the peers get them as nulls. Columns that
ours refuses count with the constant that the others would use.

Peers: the mean or mode; scikit-learn's HistGradientBoosting, one model a column; KNNImputer and IterativeImputer
(Bayesian ridge) as they come, over ordinal codes.
"""

import argparse
import os
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from assets.quality.impute.fill import fill
from assets.quality.impute.model import fit

STAND_IN = -9999999
PATTERNS = ("mcar", "mar", "mnar")
Filler = Callable[[pl.DataFrame], pl.DataFrame]


def codes(column: pl.Series) -> bool:
    return not column.dtype.is_numeric() or (column.dtype.is_integer() and column.drop_nulls().n_unique() <= 10)


def ours(frame: pl.DataFrame) -> pl.DataFrame:
    return fill(frame, fit(frame), refused="baseline").frame


def cleared(frame: pl.DataFrame) -> pl.DataFrame:
    whole = [name for name in frame.columns if frame[name].dtype.is_integer()]
    return frame.with_columns(pl.when(pl.col(n) != STAND_IN).then(pl.col(n)).alias(n) for n in whole)


def constant(frame: pl.DataFrame) -> pl.DataFrame:
    frame = cleared(frame)
    values = [
        pl.col(n).fill_null(frame[n].drop_nulls().mode().sort()[0] if codes(frame[n]) else frame[n].mean())
        for n in frame.columns
    ]
    return frame.with_columns(values)


def matrix(frame: pl.DataFrame) -> tuple[npt.NDArray[np.float64], list[list[object]]]:
    labels = [frame[n].drop_nulls().unique().sort().to_list() if codes(frame[n]) else [] for n in frame.columns]
    columns = [
        frame[n].replace_strict(known, list(range(len(known))), default=None, return_dtype=pl.Float64)
        if known
        else frame[n].cast(pl.Float64)
        for n, known in zip(frame.columns, labels, strict=True)
    ]
    return np.column_stack([c.to_numpy() for c in columns]), labels


def back(frame: pl.DataFrame, filled: npt.NDArray[np.float64], labels: list[list[object]]) -> pl.DataFrame:
    out = []
    for place, name in enumerate(frame.columns):
        known, values = labels[place], filled[:, place]
        if known:
            values = [known[int(np.clip(np.rint(v), 0, len(known) - 1))] for v in values]
        out.append(pl.Series(name, values, strict=False))
    return pl.DataFrame(out)


def boosting(frame: pl.DataFrame) -> pl.DataFrame:
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    frame = cleared(frame)
    inputs, labels = matrix(frame)
    filled = inputs.copy()
    for place in range(len(labels)):
        gone = np.isnan(inputs[:, place])
        if not gone.any():
            continue
        known = inputs[~gone, place]
        if len(np.unique(known)) < 2:
            filled[gone, place] = known[0]
            continue
        model = HistGradientBoostingClassifier if labels[place] else HistGradientBoostingRegressor
        others = np.delete(inputs, place, 1)
        filled[gone, place] = model(random_state=0).fit(others[~gone], known).predict(others[gone])
    return back(frame, filled, labels)


def nearest(frame: pl.DataFrame) -> pl.DataFrame:
    from sklearn.impute import KNNImputer
    from sklearn.preprocessing import StandardScaler

    frame = cleared(frame)
    inputs, labels = matrix(frame)
    scale = StandardScaler().fit(inputs)
    filled = scale.inverse_transform(KNNImputer(keep_empty_features=True).fit_transform(scale.transform(inputs)))
    return back(frame, filled, labels)


def iterative(frame: pl.DataFrame) -> pl.DataFrame:
    from sklearn.experimental import enable_iterative_imputer  # noqa: F401
    from sklearn.impute import IterativeImputer

    frame = cleared(frame)
    inputs, labels = matrix(frame)
    return back(frame, IterativeImputer(random_state=0, max_iter=20, tol=0.01).fit_transform(inputs), labels)


FILLERS: dict[str, Filler] = {
    "Heddle": ours,
    "boosting": boosting,
    "iterative ridge": iterative,
    "nearest": nearest,
    "mean or mode": constant,
}


def scores(truth: pl.DataFrame, holes: pl.DataFrame, filled: pl.DataFrame) -> dict[str, tuple[str, float]]:
    out = {}
    for name in truth.columns:
        gone = cleared(holes)[name].is_null().to_numpy()
        right, said = truth[name].to_numpy(), filled[name].to_numpy()
        if not gone.any():
            continue
        if codes(truth[name]):
            out[name] = ("accuracy", float((right[gone] == said[gone]).mean()))
        elif right.std() > 1e-9:
            out[name] = ("nRMSE", float(np.sqrt(np.mean((right[gone] - said[gone].astype(float)) ** 2)) / right.std()))
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--share", type=int, default=30, choices=(10, 30))
    parser.add_argument("--columns", action="store_true", help="print every column")
    args = parser.parse_args()
    folder = Path(os.environ["HEDDLE_BENCH_DATA"]) / "governance" / "2_imputation"
    print(f"{'':18}" + "".join(f"{p.upper() + ' nRMSE':>14}{'accuracy':>10}" for p in PATTERNS) + f"{'CPU s':>8}")
    worse: list[str] = []
    base: dict[tuple[str, str, str], float] = {}
    for who, filler in reversed(FILLERS.items()):
        line, start = f"{who:18}", time.process_time()
        for pattern in PATTERNS:
            found: dict[str, list[float]] = {"nRMSE": [], "accuracy": []}
            for path in sorted(folder.iterdir()):
                truth = pl.read_csv(path / "clean.csv", infer_schema_length=None)
                holes = pl.read_csv(path / f"simple_{pattern}_{args.share}.csv", infer_schema_length=None)
                for name, (measure, score) in scores(truth, holes, filler(holes)).items():
                    found[measure].append(score)
                    place = (path.name, pattern, name)
                    sign = 1 if measure == "nRMSE" else -1
                    if who == "mean or mode":
                        base[place] = score
                    elif who == "Heddle" and sign * (score - base[place]) > 1e-9:
                        worse.append(f"{' '.join(place)}: {measure} {score:.3f} against {base[place]:.3f}")
                    if args.columns:
                        print(f"  {who} {' '.join(place)}: {measure} {score:.3f}")
            line += f"{np.mean(found['nRMSE']):14.3f}{np.mean(found['accuracy']):10.3f}"
        print(line + f"{time.process_time() - start:8.1f}", flush=True)
    print(f"columns that Heddle fills worse than the mean or mode: {len(worse)} of {len(base)}")
    for text in worse:
        print(f"  {text}")


if __name__ == "__main__":
    main()
