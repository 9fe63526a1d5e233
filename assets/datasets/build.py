"""A versioned dataset folder: data.parquet and dataset.json."""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import polars as pl

from assets.content import rows_version
from assets.datasets.coupon_propensity import KEYS, LABEL, TIME, Feature
from assets.datasets.split import Excluded, cuts, split, usable
from core.errors import StoreError
from core.hashing import digest

DATA, ABOUT = "data.parquet", "dataset.json"
SPLITS = ("train", "valid", "test")


@dataclass(frozen=True)
class Dataset:
    """A dataset in memory.

    Attributes:
        data: keys, as_of, feature_week, split, label (Int8), numbers as Float64, categories as String; sorted.
        about: what dataset.json holds.
        version: digest of rows and of what the columns mean.
    """

    data: pl.DataFrame
    about: dict[str, Any]
    version: str
    excluded: list[Excluded]


def build(frame: pl.DataFrame, features: Sequence[Feature]) -> Dataset:
    """Filter, split and type the rows of the dataset's SQL.

    Raises:
        SourceError: too few positives for a split by time.
    """
    rows, excluded = usable(frame)
    valid, test = cuts(rows)
    kinds = {"number": pl.Float64, "category": pl.String}
    data = split(rows, valid, test).select(
        *KEYS,
        TIME,
        "feature_week",
        "split",
        pl.col(LABEL).cast(pl.Int8),
        *(pl.col(f.name).cast(kinds[f.kind]) for f in features),
    )
    data = data.sort(TIME, *KEYS)
    train = data.filter(pl.col("split") == "train")
    by_split = {name: data.filter(pl.col("split") == name) for name in SPLITS}
    about = {
        "label": LABEL,
        "time": TIME,
        "keys": list(KEYS),
        "features": [f._asdict() | _categories(train, f) for f in features],
        "rows": {name: part.height for name, part in by_split.items()},
        "positives": {name: int(part[LABEL].sum()) for name, part in by_split.items()},
        "valid_from": valid.isoformat(),
        "test_from": test.isoformat(),
        "excluded": [asdict(e) for e in excluded],
    }
    return Dataset(data, about, digest([rows_version([data]), json.dumps(about, sort_keys=True)]), excluded)


def writer(dataset: Dataset) -> Callable[[Path], None]:
    """What Objects.write calls to fill a version's folder."""

    def write(folder: Path) -> None:
        try:
            dataset.data.write_parquet(folder / DATA)
        except pl.exceptions.ComputeError as error:  # what polars makes of an operating system error
            raise StoreError(
                f"cannot write {DATA} of version {dataset.version}: {error}", "free space or check the folder"
            ) from error
        (folder / ABOUT).write_text(json.dumps(dataset.about, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")

    return write


def _categories(train: pl.DataFrame, feature: Feature) -> dict[str, list[str]]:
    """The values seen in training, bands in the order of their numbers."""
    if feature.kind == "number":
        return {}
    return {"categories": sorted(train[feature.name].drop_nulls().unique().to_list(), key=_band)}


def _band(value: str) -> tuple[float, str]:
    """`Under 15K` before `15-24K` before `100-124K`; text without a number sorts by its letters."""
    number = re.search(r"\d+", value)
    if number is None:
        return 0.0, value
    return float(number.group()) - 0.5 * value.startswith("Under"), value
