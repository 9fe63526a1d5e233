"""The training table: read, checked, and turned into float32 matrices by the signature's rules."""

import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from pydantic import BaseModel, Field, ValidationError

from core.errors import ModelError
from core.signature import Input, Kind

FOLDS = 3
SPLITS = ("train", "valid", "test")
Floats = NDArray[np.float32]
Labels = NDArray[np.int8]
FIX = "correct the dataset and build it again"


class Spec(BaseModel):
    """What dataset.json says: the role of each column."""

    label: str
    time: str
    keys: tuple[str, ...] = Field(min_length=1)
    features: tuple[Input, ...] = Field(min_length=1)


@dataclass(frozen=True)
class Part:
    """Rows of one purpose: features [N, F] float32, labels [N] of 0 and 1, and the rows themselves."""

    x: Floats
    y: Labels
    frame: pl.DataFrame


@dataclass(frozen=True)
class Dataset:
    """A table split for training.

    `train` fits; `tune` chooses parameters; `calibrate` fits the calibration; `test` only measures.
    `tune` and `calibrate` are the valid split's rows, each household (first key) in one of the two. `folds` [N] puts
    the train rows into blocks of time: scored by models of the other blocks, they join both the tuning and the
    calibration, because the valid split alone may hold too few positives for either.
    """

    spec: Spec
    train: Part
    tune: Part
    calibrate: Part
    test: Part
    folds: NDArray[np.int64]
    rows: int


def load(data: Path, spec_file: Path) -> Dataset:
    """Read a dataset folder's two files.

    Raises:
        ModelError: a file or column is missing or malformed, a part has no positive or no negative row, or the
            splits overlap in time.
    """
    spec = read_spec(spec_file)
    try:
        frame = pl.read_parquet(data)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise ModelError(f"cannot read {data}: {error}", FIX) from None
    return split(frame, spec)


def read_spec(path: Path) -> Spec:
    """Read dataset.json. Raises ModelError naming the file and the field."""
    try:
        spec = Spec.model_validate(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        shown = error.errors()[0] if isinstance(error, ValidationError) else error
        raise ModelError(f"cannot read {path}: {shown}", FIX) from None
    names = [f.name for f in spec.features]
    if len(set(names)) < len(names):
        raise ModelError(f"{path}: a feature is listed twice", FIX)
    for feature in spec.features:
        if len(set(feature.categories)) < len(feature.categories):
            raise ModelError(f"{path}: feature {feature.name!r} lists a category twice", FIX)
    if spec.label in names:
        raise ModelError(f"{path}: the label {spec.label!r} is also a feature", FIX)
    return spec


def split(frame: pl.DataFrame, spec: Spec) -> Dataset:
    """Check the rows and divide them. Raises ModelError as `load` does."""
    _check(frame, spec)
    named = {name: frame.filter(pl.col("split") == name) for name in SPLITS}
    _check_time(named, spec)
    half = _halves(named["valid"][spec.keys[0]])
    parts = {
        "train": named["train"],
        "tune": named["valid"].filter(half == 0),
        "calibrate": named["valid"].filter(half == 1),
        "test": named["test"],
    }
    made = {name: _part(name, rows, spec) for name, rows in parts.items()}
    return Dataset(spec=spec, rows=frame.height, folds=_folds(made["train"], spec), **made)


def encode(frame: pl.DataFrame, inputs: Sequence[Input]) -> Floats:
    """Named columns as the model's input matrix, float32 [rows, inputs]; see core.signature.Kind.

    Raises:
        ModelError: a column is missing, or a number's column cannot be read as numbers.
    """
    missing = [i.name for i in inputs if i.name not in frame.columns]
    if missing:
        raise ModelError(f"no column {missing[0]!r} among {', '.join(frame.columns)}", FIX)
    try:
        columns = frame.select(_column(i).alias(f"c{n}") for n, i in enumerate(inputs))
    except pl.exceptions.PolarsError as error:
        raise ModelError(f"a feature's values do not fit its kind: {error}", FIX) from None
    return np.ascontiguousarray(columns.to_numpy(), dtype=np.float32)


def _column(column: Input) -> pl.Expr:
    value = pl.col(column.name)
    if column.kind is Kind.NUMBER:
        return value.cast(pl.Float32).fill_null(float("nan"))
    position = {category: float(n) for n, category in enumerate(column.categories)}
    text = value.cast(pl.String)
    if not position:  # no known category: every value is unknown
        return value.is_null().cast(pl.Float32) * 0 - 1
    return text.replace_strict(position, default=-1.0, return_dtype=pl.Float32).fill_null(-1.0)


def _halves(keys: pl.Series) -> pl.Series:
    """0 or 1 per row, the same for equal keys, on every machine and library version."""
    unique = keys.unique()
    half = [zlib.crc32(str(key).encode()) & 1 for key in unique]
    return keys.replace_strict(unique, pl.Series(half, dtype=pl.Int8))


def _folds(train: Part, spec: Spec) -> NDArray[np.int64]:
    """Up to FOLDS blocks of consecutive times with about equally many positives: rows of one time stay together.

    A row is so scored by models that have not seen its campaign, as it will be in service. Rows of a single time are
    divided by their first key.
    """
    times = train.frame.select(pl.col(spec.time).rank("dense").alias("t"))["t"].to_numpy() - 1
    positives = np.bincount(times, weights=train.y)
    before = np.cumsum(positives) - positives / 2
    blocks = np.minimum((before / positives.sum() * FOLDS).astype(np.int64), FOLDS - 1)[times]
    if len(np.unique(blocks)) > 1:
        return np.unique(blocks, return_inverse=True)[1]
    return _halves(train.frame[spec.keys[0]]).to_numpy().astype(np.int64)


def _check(frame: pl.DataFrame, spec: Spec) -> None:
    wanted = [spec.label, spec.time, "split", *spec.keys, *(f.name for f in spec.features)]
    missing = [name for name in wanted if name not in frame.columns]
    if missing:
        raise ModelError(f"the dataset has no column {missing[0]!r}", FIX)
    if not frame[spec.label].is_in([0, 1]).fill_null(False).all():
        raise ModelError(f"the label column {spec.label!r} holds values other than 0 and 1", FIX)
    if frame[spec.time].null_count():
        raise ModelError(f"the time column {spec.time!r} has empty values", FIX)


def _check_time(named: dict[str, pl.DataFrame], spec: Spec) -> None:
    for name, rows in named.items():
        if rows.is_empty():
            raise ModelError(f"the {name} split has no rows", "widen the dataset's time range")
    for before, after in pairwise(SPLITS):
        last: Any = named[before][spec.time].max()
        first: Any = named[after][spec.time].min()
        if last >= first:
            raise ModelError(f"the {before} split reaches {last}, the {after} split begins {first}: they overlap", FIX)


def _part(name: str, frame: pl.DataFrame, spec: Spec) -> Part:
    x = encode(frame, spec.features)
    infinite = np.isinf(x).any(axis=0)
    if infinite.any():
        column = spec.features[int(infinite.argmax())].name
        raise ModelError(f"feature {column!r} has infinite values in the {name} rows", FIX)
    y = frame[spec.label].to_numpy().astype(np.int8)
    if not 0 < int(y.sum()) < len(y):
        only = "positive" if len(y) and y.all() else "negative"
        raise ModelError(
            f"the {name} rows ({len(y)}) are all {only}: nothing to learn or measure",
            "widen the time range, so that every split holds both outcomes",
        )
    return Part(x, y, frame)
